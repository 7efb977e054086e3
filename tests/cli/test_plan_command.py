"""``bridge plan``: what a file would do, from a person's seat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import Obj, World, deleted, envelope, part, payment, refund, saved

MEMO = "8ad0bdbaa694a4fd5d6a3efda78ec0a6"
ACCOUNT = "8ad045fdb5315afd09c05d43dc940f95"
METHOD = "8ad0d4606662a885db2cfb5a256d2a11"


def run(folder: Path, body: str, *options: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command on a file with this body."""
    file = folder / "call.xml"
    file.write_bytes(envelope(body.replace("@A", ACCOUNT).replace("@PMx", METHOD), "SECRET-SESSION"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return subprocess.run(
        [sys.executable, "-m", "bridge", "plan", str(file), *options],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=clean | (env or {}),
    )


def planned(folder: Path, *objects: Obj, env: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of a plan."""
    done = run(folder, saved("create", objects), "--json", env=env)
    return done.returncode, json.loads(done.stdout)


def test_without_a_tenant_documents_are_told_by_their_number_prefixes(tmp_path: Path) -> None:
    """An invoice number goes by SOAP, a debit memo number by REST, and nothing is asked of anybody."""
    code, plan = planned(
        tmp_path,
        payment(Amount="10", AppliedInvoiceAmount="10", InvoiceNumber="INV00000001"),
        payment(Amount="10.50", AppliedInvoiceAmount="10.50", InvoiceNumber="DM00000001"),
    )
    assert code == 0
    assert [(each["index"], each["route"], each["dispatches"]) for each in plan["objects"]] == [
        (0, "soap", [0]),
        (1, "rest", [1]),
    ]
    soap, rest = plan["dispatches"]
    assert (soap["method"], soap["url"]) == ("POST", "https://www.zuora.com/apps/services/a/107.0")
    assert (rest["method"], rest["url"]) == ("POST", "https://rest.zuora.com/v1/payments")
    assert '"amount":10.50' in rest["body"]
    assert set(rest) == {"route", "method", "url", "headers", "body", "proof", "undo"}
    assert len(rest["headers"]["Idempotency-Key"]) == 64
    assert "SECRET-SESSION" not in json.dumps(plan)


def test_a_refused_object_makes_the_exit_code_1(tmp_path: Path) -> None:
    """The reason names the code and the field."""
    code, plan = planned(tmp_path, payment(Amount="5", AppliedInvoiceAmount="10", InvoiceNumber="DM00000001"))
    assert code == 1
    assert plan["dispatches"] == []
    assert plan["objects"][0]["route"] == "refused"
    assert plan["objects"][0]["reason"].startswith("INVALID_VALUE (Amount)")


def test_with_a_tenant_ids_are_looked_up_and_nothing_is_written(tmp_path: Path, world: World) -> None:
    """A debit memo's id is recognised by GETs alone."""
    env = {
        "BRIDGE_ZUORA__REST_URL": world.sandbox.url,
        "BRIDGE_ZUORA__SOAP_URL": world.sandbox.url,
        "BRIDGE_ZUORA__CLIENT_ID": "demo-client",
        "BRIDGE_ZUORA__CLIENT_SECRET": "demo-secret",
    }
    split = part("InvoicePayment", Amount="5", InvoiceId=MEMO)
    code, plan = planned(tmp_path, payment(Amount="5", InvoicePaymentData=[split]), env=env)
    assert code == 0
    assert json.loads(plan["dispatches"][0]["body"])["debitMemos"] == [{"debitMemoId": MEMO, "amount": 5}]
    assert not any(each.changing for each in world.requests())


def test_the_plain_output_shows_route_request_proof_and_undo(tmp_path: Path) -> None:
    """A person sees everything without --json."""
    done = run(tmp_path, saved("create", [refund(Amount="60", PaymentId="CM00000001")]))
    assert done.returncode == 0, done.stderr
    for words in ("rest", "POST https://rest.zuora.com/v1/credit-memos/CM00000001/refund", "proof:", "undo: PUT"):
        assert words in done.stdout


def test_a_delete_is_planned_as_one_soap_request(tmp_path: Path) -> None:
    """Deletes go by SOAP."""
    done = run(tmp_path, deleted("Payment", [MEMO]), "--json")
    assert done.returncode == 0
    assert [each["route"] for each in json.loads(done.stdout)["dispatches"]] == ["soap"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<ns1:query><ns1:queryString>select Id from Payment</ns1:queryString></ns1:query>", "would pass"),
        (saved("create", [Obj("Account", {"Name": "x"})]), "would pass"),
        ("<broken", "refused"),
    ],
)
def test_a_file_without_a_journaled_write_is_told_so(tmp_path: Path, body: str, words: str) -> None:
    """Exit 1 and one sentence on stderr, never a trace."""
    done = run(tmp_path, body)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_version_is_a_usage_error(tmp_path: Path) -> None:
    """Exit 2."""
    done = run(tmp_path, saved("create", [payment()]), "--version", "newest")
    assert done.returncode == 2
    assert "--version" in done.stderr
