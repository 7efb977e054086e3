"""Scenarios of repeats that a table cannot hold."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
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


def test_two_systems_paying_the_same_at_once_pay_once(tmp_path: Path) -> None:
    """59: all but equal, at two bridges with one journal, by two users: one is paid, the other hears of it.

    Once that one was told, its content is a payment of its own.
    """
    callers = {name: {"usernames": [f"{name}@example.com"], "allow": ["*"]} for name in ("erp", "viewer")}
    with World(tmp_path, bridges=2, callers=callers) as world:
        world.fault("delay", method="POST", path="/v1/payments", seconds=0.3)
        users = [world.login(f"{name}@example.com") for name in callers]
        forty = payment(Amount="40", InvoiceId="@D1", AppliedInvoiceAmount="40")
        calls = [(forty.but(ReferenceId=name), each) for name, each in zip("ab", users, strict=True)]
        with ThreadPoolExecutor(2) as threads:
            asked = [
                threads.submit(world.create, one, session=session, at=bridge.url)
                for (one, session), bridge in zip(calls, world.bridges, strict=True)
            ]
            rows = [each.result().rows[0] for each in asked]
        (made,) = world.payments()
        (late,) = [place for place, row in enumerate(rows) if row["success"] == "false"]
        (error,) = rows[late]["errors"]
        assert rows[1 - late]["id"] == made["id"]
        assert error["Code"] == "DUPLICATE_VALUE"
        assert error["Message"].startswith(f"Equal to {made['id']} of 2026-02-20; another ReferenceId makes it")
        one, session = calls[late]
        assert world.create(one, session=session).rows[0]["success"] == "true"
        assert len(world.payments()) == 2
