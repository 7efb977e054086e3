"""Scenarios of repeats that a table cannot hold."""

from __future__ import annotations

import json
from pathlib import Path

from harness import World, payment, post

D1_WHOLE = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80")
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
CLIENT = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"


def _key_of(world: World) -> str:
    """The key under which the payment of D1 goes out."""
    world.create(D1_WHOLE)
    (write,) = world.writes()
    return str(write.headers["idempotency-key"])


def test_a_key_that_was_used_for_another_request_is_the_bridges_own_fault(tmp_path: Path) -> None:
    """57: Zuora answers 422; nothing was changed, no other key is tried, and the text sends for the bridge's owner.

    Keys are derived from what is asked, so a first world tells the one that the second will use.
    """
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with World(tmp_path / "first") as world:
        key = _key_of(world)
    with World(tmp_path / "second") as world:
        token = json.loads(post(f"{world.sandbox.url}/oauth/token", CLIENT, FORM).body)["access_token"]
        headers = (
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        )
        body = json.dumps({"totalAmount": 1, "type": "External", "methodType": "Check"}).encode()
        assert post(f"{world.sandbox.url}/v1/credit-memos/{world.id('@C1')}/refund", body, headers).status == 200
        mark = world.mark()
        (row,) = world.create(D1_WHOLE).rows
        (error,) = row["errors"]
        assert (row["success"], error["Code"]) == ("false", "UNKNOWN_ERROR")
        assert "Nothing was changed; the owner of the bridge must act." in error["Message"]
        (write,) = world.writes(mark)
        assert (write.line, write.status, write.headers["idempotency-key"]) == ("POST /v1/payments", 422, key)
        assert world.payments() == []
