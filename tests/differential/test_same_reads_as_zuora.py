"""Queries and reads, passed through or answered by REST, at every version: what an ERP sees is equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from differential_objects import back, card, create, dated, invoice, options, refunds, rows, unapplied, update
from differential_steps import Request, Step, soap
from two_zuoras import DOORS, Seen, Side, Two, two_zuoras

ROUTES: Mapping[str, Mapping[str, str]] = {"passed": {}, "by rest": {"*.query": "rest"}}
STEPS = (
    create(invoice(amount="3", Region__c="EU", ReferenceId="a & 'b'")),
    create(unapplied("2.50", Comment="caf\u00e9")),
    create(card(GatewayOptionData=options(decline="true"))),
    create({**unapplied("2"), "InvoicePaymentData": rows(("@I1", "1")), "AppliedCreditBalanceAmount": "1"}),
    refunds(back("$1", ReasonCode="Chargeback")),
    update("$2", Status="Canceled"),
)
QUERIES = (
    "select Id, AccountId, Amount, Comment, EffectiveDate, GatewayState, PaymentNumber, ReferenceId, Status, Type"
    " from Payment",
    "select id, amount from payment where Amount >= 2 and Status = 'Processed'",
    "select Id from Payment where ReferenceId = 'a & \\'b\\''",
    "select Id, Region__c from Payment where Comment like 'caf%' or Amount = 3",
    "select Id, CancelledOn from Payment where CancelledOn != null and Amount = 12345",
    "select Id, Amount, RefundDate, ReasonCode, SourceType from Refund",
    "select Id from Payment where Amount = 12345",
    "select Id, InvoicePaymentData from Payment",
    "select PaymentId from Refund",
)
VERSIONS = ("38.0", "64.0", "68.0", "69.0", "83.0", "107.0", "121.0", "153.0")


@pytest.fixture(scope="module", params=ROUTES)
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Both with some payments and refunds."""
    folder = tmp_path_factory.mktemp("reads")
    with two_zuoras(folder, routes=ROUTES[request.param], zuora={"settlement_rows": True}) as pair:
        for place, step in enumerate(STEPS):
            (asked,) = dated([step], 107, f"step {place}")
            zuora, _ = pair.both(lambda side, asked=asked: DOORS["soap11"](asked, "107.0", side))  # type: ignore[misc]
            assert "true</ns1:Success>" in zuora.body
        yield pair


_MOMENT = re.compile(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?[+-]\d\d:\d\d")


def plain(seen: Seen) -> Any:
    """An answer without the moments of its objects and the order of its rows, which Zuora leaves open."""
    head, *found = _MOMENT.sub("moment", seen.body).split("<ns1:records")
    last, end, tail = found.pop().partition("<ns1:size>") if found else ("", "", "")
    return replace(seen, bridge={}, body=json.dumps([head, sorted([*found, last]), end + tail]))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("door", ["soap11", "soap12"])
def test_a_query_has_the_same_answer(door: str, version: str, two: Two) -> None:
    """Rows, dates and faults in the shape of the caller's own version."""
    for text in QUERIES:
        step = Step("query", raw=f"<ns1:query><ns1:queryString>{escape(text)}</ns1:queryString></ns1:query>")

        def make(side: Side, step: Step = step) -> Request:
            return soap(step, version, side.session, side.resolve, soap12=door == "soap12")

        zuora, bridged = two.both(make)
        assert plain(zuora) == plain(bridged), text


def _get(side: Side, method: str, path: str, version: str, body: str = "") -> Request:
    headers = (("Content-Type", "application/json"), ("X-Zuora-WSDL-Version", version))
    return Request(method, path, (*headers, ("Authorization", f"Bearer {side.token}")), body.encode())


def unordered(seen: Seen, *, custom: bool = True) -> Any:
    """A JSON answer likewise, as what it means; ``custom`` is False for one without its custom field."""
    told = json.loads(_MOMENT.sub("moment", seen.body))
    if isinstance(told, dict) and isinstance(told.get("records"), list):
        told["records"].sort(key=lambda row: str(sorted(row.items())))
    if isinstance(told, dict) and not custom:
        told.pop("Region__c", None)
    return seen.status, seen.headers, told


@pytest.mark.parametrize("version", ["64.0", "79.0", "107.0", "153.0"])
def test_json_callers_read_the_same(version: str, two: Two) -> None:
    """Actions and CRUD; in what order the names of an object stand means nothing in JSON (RFC 8259, 4)."""
    for text in QUERIES:
        body = json.dumps({"queryString": text})
        zuora, bridged = two.both(
            lambda side, body=body: _get(side, "POST", "/v1/action/query", version, body)  # type: ignore[misc]
        )
        assert unordered(zuora) == unordered(bridged), text
    for path in (
        "payment/$1",
        "payment/$3",
        "refund/$5",
        f"payment/{'0' * 32}",
        "payment/$1?fields=Id,Amount,Region__c",
    ):

        def make(side: Side, path: str = path) -> Request:
            key = re.sub(r"\$\d", lambda found: side.resolve(found[0]), path)
            return _get(side, "GET", f"/v1/object/{key}", version)

        zuora, bridged = two.both(make)
        # Which custom fields there are the tenant's own file tells, and there is none here.
        known = "fields=" in path or "bridge-route" not in bridged.bridge
        assert unordered(zuora, custom=known) == unordered(bridged), path


def test_a_whole_read_has_the_custom_fields_of_the_tenants_file(tmp_path: Path) -> None:
    """Then nothing is missing of what CRUD reads by REST."""
    file = (Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl").read_text()
    known = '<element minOccurs="0" name="SecondPaymentReferenceId" nillable="true" type="string"/>'
    assert file.count(known) == 1
    custom = known.replace("SecondPaymentReferenceId", "Region__c")
    (tmp_path / "tenant.wsdl").write_text(file.replace(known, f"{custom}{known}"))
    zuora = {"settlement_rows": True, "wsdl": tmp_path / "tenant.wsdl"}
    with two_zuoras(tmp_path, routes=ROUTES["by rest"], zuora=zuora) as pair:
        (step,) = dated([STEPS[0]], 107, "paid")
        pair.both(lambda side: DOORS["soap11"](step, "107.0", side))  # type: ignore[arg-type,return-value]
        came = pair.both(lambda side: _get(side, "GET", f"/v1/object/payment/{side.made[0]}", "107.0"))
    assert unordered(came[0]) == unordered(came[1])
    assert '"Region__c":"EU"' in came[1].body
