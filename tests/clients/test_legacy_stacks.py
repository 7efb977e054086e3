"""Real SOAP stacks, each with a client made from a WSDL of its time or from the bridge's own, against a running bridge.

Every stack goes through the same scenario (README.md in this folder): what it parsed must be what happened, and the
tenant's books must hold each payment and refund exactly once. A stack that is not installed is skipped with the reason.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import provision
import pytest
from harness import ERP, SOAP11, TODAY, World
from lxml import etree
from stacks import STACKS, ZONE, BuildFailedError, Stack

WSDL = Path(__file__).parent / "wsdl"
NOWHERE = "https://zuora.invalid/apps/services/a/{}"
COMMENT = "Zahlung <A&B> \"é€\" 'q' 😀"
PAID = {"invoice": Decimal("12.5"), "memo": Decimal("7.25")}
REFUNDED = {"payment": Decimal("2.5"), "credit": Decimal(3)}
FIXTURE = ("P1", "P2", "P3")
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


@dataclass(frozen=True)
class Contract:
    """What a client was made from and where it calls. ``own``: from the bridge's ?wsdl."""

    version: str
    dates: str = "date"
    own: bool = False
    soap: str = "1.1"

    def __str__(self) -> str:
        return f"{self.version}{'-own' if self.own else ''}{'-soap12' if self.soap == '1.2' else ''}"


CONTRACTS = (
    Contract("68.0", dates="dateTime"),
    Contract("83.0"),
    Contract("107.0", own=True),
    Contract("83.0", soap="1.2"),
)
CASES = [
    pytest.param(stack, contract, id=f"{stack.name}-{contract}")
    for stack in STACKS
    for contract in CONTRACTS
    if contract.soap == "1.1" or stack.soap12
]
every_stack = pytest.mark.parametrize(("stack", "contract"), CASES)


@dataclass(frozen=True)
class Talk:
    """What a client told, and what the tenant's books and the wire to Zuora say afterwards."""

    told: Mapping[str, Any]
    problem: str
    endpoint: str
    books: Mapping[str, Any]
    names: Mapping[str, str]
    writes: tuple[str, ...]
    spoken: tuple[str, ...]
    """The envelopes' namespaces in the logins and queries, which reach Zuora as the client sent them."""

    def __getitem__(self, step: str) -> Any:
        """What was told at a step."""
        assert step in self.told, self.problem or f"nothing was told of {step}"
        return self.told[step]

    def ids(self, step: str) -> list[str]:
        """The Ids of rows that are all successes."""
        rows = self[step]["rows"]
        assert [(row["success"], row["errors"]) for row in rows] == [(True, [])] * len(rows)
        return [row["id"] for row in rows]

    def made(self, shelf: str) -> dict[str, Any]:
        """The payments or refunds that the fixture did not have, by id."""
        return {one["id"]: one for one in self.books[shelf] if one["name"] is None}

    def book(self, name: str) -> Any:
        """One object of the fixture, as it is now."""
        shelves = ("invoices", "debitMemos", "creditMemos", "payments")
        (found,) = [one for shelf in shelves for one in self.books[shelf] if one["name"] == name]
        return found


Talks = Callable[[Stack, Contract], Talk]
why_not = cache(provision.why_not)


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Talks:
    """Runs a client at most once, in a world of its own, whatever the order of the tests."""
    held: dict[tuple[str, Contract], Talk] = {}

    def talk(stack: Stack, contract: Contract) -> Talk:
        if reason := why_not(stack.name):
            pytest.skip(reason)
        key = (stack.name, contract)
        if key not in held:
            held[key] = _talk(stack, contract, tmp_path_factory.mktemp(f"{stack.name}-{contract}"))
        return held[key]

    return talk


@pytest.fixture
def talk(talks: Talks, stack: Stack, contract: Contract) -> Talk:
    """The client's run."""
    return talks(stack, contract)


def _talk(stack: Stack, contract: Contract, folder: Path) -> Talk:
    with World(folder) as world:
        endpoint = world.endpoint(contract.version)
        (folder / "zuora.wsdl").write_bytes(_wsdl(contract, endpoint, endpoint))
        arguments = {
            "wsdl": f"{endpoint}?wsdl" if contract.own else str(folder / "zuora.wsdl"),
            "endpoint": endpoint,
            "soap": contract.soap,
            "dates": contract.dates,
            "day": TODAY,
            "comment": COMMENT,
            "user": ERP,
            "password": "demo",
            "account": world.id("@A"),
            "method": world.id("@PMx"),
            "invoice": world.id("@I1"),
            "memo": world.id("@D1"),
            "credit": world.id("@C1"),
            "draft": world.id("@D2"),
        }
        try:
            built = stack.client(_wsdl(contract, endpoint, NOWHERE.format(contract.version)), contract.soap)
            told, problem = stack.speak(built, arguments)
        except BuildFailedError as error:
            told, problem = {}, str(error)
        writes = tuple(seen.line for seen in world.writes())
        passed = [seen for seen in world.requests() if seen.operation in ("login", "query", "queryMore")]
        spoken = tuple(etree.QName(etree.fromstring(seen.body.encode())).namespace or "" for seen in passed)
        return Talk(told, problem, endpoint, world.ledger(), world.names, writes, spoken)


def _wsdl(contract: Contract, endpoint: str, address: str) -> bytes:
    """The file with this address. Builds get one that leads nowhere, so that their key is the same for every port."""
    if contract.own:
        with urllib.request.urlopen(f"{endpoint}?wsdl", timeout=10) as came:
            text = came.read().decode()
    else:
        text = (WSDL / f"zuora.{contract.version}.wsdl").read_text(encoding="utf-8")
    changed, count = re.subn(r'(<soap:address location=)"[^"]*"', rf'\1"{address}"', text)
    assert count == 1
    return changed.encode()


def _day(shown: str) -> str:
    """The day in the tenant's zone, of a date or of a moment in any zone."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", shown):
        return shown
    moment = datetime.fromisoformat(shown)
    assert moment.tzinfo is not None, f"{shown} has no zone"
    return moment.astimezone(ZoneInfo(ZONE)).date().isoformat()


# ------------------------------------------------------------------ the scenario


@every_stack
def test_the_program_ends_well(talk: Talk) -> None:
    """Nothing that the bridge answered made the stack give up."""
    assert talk.problem == ""


@every_stack
def test_the_stack_spoke_the_soap_version_meant(talk: Talk, contract: Contract) -> None:
    """Logins and queries pass as they are: seven envelopes, all of one version of SOAP."""
    assert talk.spoken == ({"1.1": SOAP11, "1.2": SOAP12}[contract.soap],) * 7


@every_stack
def test_a_login_leads_to_the_bridge(talk: Talk) -> None:
    """The stack reads a session, and a ServerUrl that is the bridge's address of the caller's version."""
    assert talk["login"]["server_url"] == talk.endpoint
    assert len(talk["login"]["session"]) > 20


@every_stack
def test_each_payment_is_made_once(talk: Talk) -> None:
    """An invoice is paid by SOAP and a debit memo by REST; the Ids read are those in the books, with what was said."""
    invoice, memo = talk.ids("pay")
    made = talk.made("payments")
    assert {key: Decimal(one["amount"]) for key, one in made.items()} == {invoice: PAID["invoice"], memo: PAID["memo"]}
    assert {(one["effectiveDate"], one["comment"]) for one in made.values()} == {(TODAY, COMMENT)}
    assert Decimal(talk.book("D1")["balance"]) == 80 - PAID["memo"]
    assert Decimal(talk.book("I1")["balance"]) == 100 - PAID["invoice"] + REFUNDED["payment"]


@every_stack
def test_each_refund_is_made_once(talk: Talk) -> None:
    """A payment and a credit memo, both named in PaymentId, are refunded; the Ids read are those in the books."""
    payment, credit = talk.ids("refund")
    made = talk.made("refunds")
    assert {key: Decimal(one["amount"]) for key, one in made.items()} == {
        payment: REFUNDED["payment"],
        credit: REFUNDED["credit"],
    }
    assert {one["refundDate"] for one in made.values()} == {TODAY}
    assert made[payment]["paymentId"] == talk.ids("pay")[0]
    assert made[credit]["creditMemoId"] == talk.names["C1"]
    assert Decimal(talk.book("C1")["unappliedAmount"]) == 60 - REFUNDED["credit"]


@every_stack
def test_nothing_else_was_written(talk: Talk) -> None:
    """Zuora got one request for each act of each route, and the delete that it refused; its books are in order."""
    refund = f"POST /v1/credit-memos/{talk.names['C1']}/refund"
    assert sorted(talk.writes) == sorted(["create", "POST /v1/payments", "create", refund, "delete"])
    assert talk.books["violations"] == []


@every_stack
def test_a_query_gives_a_typed_row(talk: Talk, stack: Stack) -> None:
    """A row has its type, and the values of the payment; a field without a value is not given."""
    page = talk["query"]
    assert (page["done"], page["size"], page["locator"]) == (True, 1, None)
    (row,) = page["records"]
    payment = talk.made("payments")[talk.ids("pay")[0]]
    assert (row["type"], row["Id"], row["PaymentNumber"]) == (stack.row, payment["id"], payment["number"])
    assert (Decimal(row["Amount"]), row["Status"]) == (PAID["invoice"], "Processed")
    assert (row["Comment"], row["ReferenceId"]) == (COMMENT, None)
    assert (_day(row["EffectiveDate"]), _day(row["CreatedDate"])) == (TODAY, TODAY)


@every_stack
def test_pages_lead_through_the_whole_result(talk: Talk) -> None:
    """Pages of two: each says whether it is the last and how many there are in all; every payment comes once."""
    pages = talk["page"]["pages"]
    everything = sorted([*talk.made("payments"), *(talk.names[name] for name in FIXTURE)])
    assert [len(page["records"]) for page in pages] == [2, 2, 1]
    assert [page["done"] for page in pages] == [False, False, True]
    assert {page["size"] for page in pages} == {len(everything)}
    assert [page["locator"] is None for page in pages] == [False, False, True]
    assert sorted(row["Id"] for page in pages for row in page["records"]) == everything


@every_stack
def test_an_empty_result_is_shown_as_zuora_s_own(talk: Talk, stack: Stack) -> None:
    """Zuora writes one nil record; what a stack makes of it is what its programs expect."""
    page = talk["empty"]
    assert (page["done"], page["size"], page["locator"]) == (True, 0, None)
    assert tuple(row["type"] for row in page["records"]) == stack.empty


@every_stack
def test_a_row_error_is_read(talk: Talk) -> None:
    """A draft debit memo cannot be paid: no Id; code, message and field say so in the caller's terms."""
    (row,) = talk["row_error"]["rows"]
    assert (row["success"], row["id"]) == (False, None)
    ((code, message, at),) = [(error["code"], error["message"], error["field"]) for error in row["errors"]]
    assert (code, at) == ("INVALID_VALUE", "InvoiceId")
    assert "Draft" in message


@every_stack
def test_a_refused_delete_is_read(talk: Talk) -> None:
    """DeleteResult is in lower case; a processed payment cannot be deleted."""
    (row,) = talk["delete"]["rows"]
    assert row["success"] is False
    assert [error["code"] for error in row["errors"]] == ["CANNOT_DELETE"]
    assert "deleted" in row["errors"][0]["message"]


@every_stack
@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [
        pytest.param("malformed", "MalformedQueryFault", "MALFORMED_QUERY", id="relayed"),
        pytest.param("bad_session", "UnexpectedErrorFault", "INVALID_SESSION", id="own"),
    ],
)
def test_a_fault_is_typed(talk: Talk, stack: Stack, contract: Contract, step: str, kind: str, code: str) -> None:
    """Relayed from Zuora or the bridge's own, a fault has the type that the WSDL declares, its code and its message."""
    fault = talk[step]
    assert fault["code"] == stack.code.format(code)
    assert (fault["kind"], fault["detail_code"]) == (kind, code)
    assert fault["message"] == fault["detail_message"]
    assert fault["message"] != ""
