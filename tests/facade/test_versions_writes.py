"""Callers of any WSDL version over real HTTP: every operation on every route, with the dates and amounts it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Answer, Obj, Seen, World, deleted, envelope, part, payment, post, refund, saved

OLD = ["1.0", "18.0", "29.0", "38.0", "64.0", "68.0"]
NEW = ["69.0", "83.0", "107.0", "153.0", "160.0"]
EVENING = "2026-02-20T23:30:00-08:00"
"""Already the 21st in UTC."""


def dated(version: str) -> str:
    """The 20th as a caller of the version writes it."""
    return EVENING if version in OLD else "2026-02-20"


def pays(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document."""
    return payment(**{"Amount": amount, "InvoiceId": document, "AppliedInvoiceAmount": amount, **more})


def called(world: World, version: str, body: str) -> Answer:
    """The answer to a write of the ERP at a version."""
    return post(world.endpoint(version), world.message(body))


def updated(world: World, version: str, one: Obj) -> Answer:
    """The answer to an update."""
    return called(world, version, saved("update", [world.resolve(one)]))


def only(seen: list[Seen]) -> Seen:
    """The one write that reached Zuora."""
    (one,) = seen
    return one


def same_but(one: Obj, day: str) -> Obj:
    """The object as the tenant's own version writes it."""
    return Obj(one.type, {n: day if n in ("EffectiveDate", "RefundDate") else v for n, v in one.fields.items()})


# ---------------------------------------------------------------- every version, every operation


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_a_payment_of_an_invoice_goes_in_the_tenants_version(version: str, world: World) -> None:
    """Its date is rewritten where it has to be, and nothing else is; the books have the caller's day."""
    asked = world.resolve(pays("@I1", "40", EffectiveDate=dated(version), Comment=EVENING, NewerThanAnyFile="x"))
    assert len(world.create(asked, version=version).ids) == 1
    write = only(world.writes())
    assert (write.operation, write.path) == ("create", "/apps/services/a/107.0")
    assert write.objects == [same_but(asked, "2026-02-20")]
    assert world.payments()[0]["effectiveDate"] == "2026-02-20"


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_a_payment_of_a_debit_memo_has_the_callers_day(version: str, world: World) -> None:
    """Over REST, whose effectiveDate is a date."""
    assert len(world.create(pays("@D1", "40", EffectiveDate=dated(version)), version=version).ids) == 1
    write = only(world.writes())
    assert (write.line, write.json["effectiveDate"]) == ("POST /v1/payments", "2026-02-20")
    assert world.payments()[0]["effectiveDate"] == "2026-02-20"


@pytest.mark.parametrize("version", [*OLD[1:], *NEW])
def test_refunds_on_both_routes_have_the_callers_day(version: str, world: World) -> None:
    """Of a payment over SOAP, of a credit memo over REST; Refund exists since 18."""
    of_payment = refund(PaymentId="@P1", Amount="45", RefundDate=dated(version))
    of_memo = refund(PaymentId="@C1", Amount="60", RefundDate=dated(version))
    assert len(world.create(of_payment, of_memo, version=version).ids) == 2
    soap, rest = world.writes()
    assert soap.objects == [same_but(world.resolve(of_payment), "2026-02-20")]
    assert rest.json["refundDate"] == "2026-02-20"
    assert [one["refundDate"] for one in world.refunds()] == ["2026-02-20"] * 2


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_an_update_travels_with_its_dates_rewritten(version: str, world: World) -> None:
    """A client that sends back the whole object it read sends its date too; SOAP ignores it, but must be able to."""
    asked = Obj("Payment", {"Id": "@P2", "TransferredToAccounting": "Yes", "EffectiveDate": dated(version)})
    assert updated(world, version, asked).ids == [world.id("@P2")]
    assert only(world.writes()).objects == [same_but(world.resolve(asked), "2026-02-20")]
    assert world.document("P2")["transferredToAccounting"] == "Yes"


@pytest.mark.parametrize("version", [*NEW, "31.0", "38.0", "64.0", "68.0"])
def test_a_canceled_payment_is_deleted(version: str, world: World) -> None:
    """From 31 on, as Zuora has it."""
    assert updated(world, version, Obj("Payment", {"Id": "@P2", "Status": "Canceled"})).ids == [world.id("@P2")]
    answer = called(world, version, deleted("Payment", [world.id("@P2")]))
    assert answer.ids == [world.id("@P2")]
    assert all(one["name"] != "P2" for one in world.ledger()["payments"])


@pytest.mark.parametrize("version", ["1.0", "29.0", "63.0"])
def test_what_is_newer_than_the_caller_travels(version: str, world: World) -> None:
    """InvoicePaymentData is of 64 and Currency of 77; unknown never means dropped."""
    rows = [part("InvoicePayment", InvoiceId="@I1", Amount="30"), part("InvoicePayment", InvoiceId="@I2", Amount="5")]
    asked = world.resolve(payment(Amount="35", Currency="USD", InvoicePaymentData=rows, EffectiveDate=EVENING))
    assert len(world.create(asked, version=version).ids) == 1
    assert only(world.writes()).objects == [same_but(asked, "2026-02-20")]
    assert len(world.payments()[0]["parts"]) == 2


def test_a_split_refund_of_a_caller_below_64_travels(world: World) -> None:
    """RefundInvoicePaymentData names a debit memo here, so it is read."""
    rows = [part("RefundInvoicePayment", InvoiceId="@D5", RefundAmount="50")]
    asked = refund(PaymentId="@P2", Amount="50", RefundDate=EVENING, RefundInvoicePaymentData=rows)
    assert len(world.create(asked, version="38.0").ids) == 1
    assert only(world.writes()).json["debitMemos"] == [{"debitMemoId": world.id("@D5"), "amount": "50"}]
    assert world.document("D5")["balance"] == "50"


@pytest.mark.parametrize("version", ["1.0", "11.0", "18.0"])
@pytest.mark.parametrize(("document", "route"), [("@I1", "soap"), ("@D1", "rest")])
def test_doubles_become_exact_decimals(version: str, document: str, route: str, world: World) -> None:
    """Java writes an xs:double of forty as 4.0E1; no digit is lost and no exponent travels."""
    answer = world.create(pays(document, "4.05E1", EffectiveDate=EVENING), version=version)
    assert len(answer.ids) == 1
    assert answer.header("Bridge-Route") == route
    write = only(world.writes())
    assert (write.objects[0].fields["Amount"] if route == "soap" else write.json["amount"]) == "40.5"
    assert world.payments()[0]["amount"] == "40.5"


def test_an_exponent_is_no_decimal_from_19_on(world: World) -> None:
    """The type changed, so the text is a mistake; nothing is sent."""
    answer = world.create(pays("@I1", "4.0E1", EffectiveDate=EVENING), version="19.0")
    assert answer.status == 500
    assert answer.fault["faultstring"] == "Invalid value '4.0E1' for type decimal in Amount"
    assert world.writes() == []


# ---------------------------------------------------------------- the day


@pytest.mark.parametrize(
    ("text", "zone", "literal", "pacific"),
    [
        (EVENING, "2026-02-21", "2026-02-20", "2026-02-20"),
        ("2026-02-21T07:30:00Z", "2026-02-21", "2026-02-21", "2026-02-20"),
        ("2026-02-20T00:00:00.000+14:00", "2026-02-20", "2026-02-20", "2026-02-20"),
        ("2026-02-20T00:00:00", "2026-02-20", "2026-02-20", "2026-02-20"),
        ("2026-02-20", "2026-02-20", "2026-02-20", "2026-02-20"),
    ],
)
def test_the_owner_says_whose_day_it_is(text: str, zone: str, literal: str, pacific: str, tmp_path: Path) -> None:
    """`BRIDGE_ZUORA__OLD_DATES`, for a tenant in Berlin; an exact midnight is a date under every setting."""
    for setting, meant in (("zone", zone), ("literal", literal), ("pacific", pacific)):
        folder = tmp_path / setting
        folder.mkdir()
        with World(folder, zuora={"old_dates": setting, "time_zone": "Europe/Berlin"}) as world:
            world.create(pays("@D1", "1", EffectiveDate=text), pays("@I1", "1", EffectiveDate=text), version="68.0")
            soap, rest = world.writes()
            assert soap.objects[0].fields["EffectiveDate"] == rest.json["effectiveDate"] == meant


@pytest.mark.parametrize("document", ["@I1", "@D1"])
def test_a_retry_that_stamps_another_time_is_the_same_act(document: str, world: World) -> None:
    """A client that puts its clock into EffectiveDate sends another text each time; it means the same day."""
    times = [EVENING, "2026-02-21T07:59:59.999Z", "2026-02-20T00:00:00", "2026-02-20"]
    answers = [world.create(pays(document, "40", EffectiveDate=each), version="60.0") for each in times]
    assert len({each.ids[0] for each in answers}) == len(world.payments()) == 1
    assert [each.header("Bridge-Joined") for each in answers] == [None, "true", "true", "true"]


def test_another_day_is_another_act(world: World) -> None:
    """The same time of day, a day earlier."""
    yesterday = "2026-02-19T23:30:00-08:00"
    answers = [world.create(pays("@I1", "40", EffectiveDate=each), version="60.0") for each in (EVENING, yesterday)]
    assert len({each.ids[0] for each in answers}) == 2
    assert sorted(one["effectiveDate"] for one in world.payments()) == ["2026-02-19", "2026-02-20"]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("version", NEW)
@pytest.mark.parametrize("text", [EVENING, "2026-02-20T00:00:00"])
def test_a_datetime_is_refused_as_a_row_from_69_on(version: str, text: str, world: World) -> None:
    """INVALID_VALUE with the field's name, on both routes; the other objects of the call go on."""
    objects = [pays(each, "1", EffectiveDate=text) for each in ("@I1", "@D1")]
    answer = world.create(*objects, pays("@I1", "2"), version=version)
    told = [[(error["Code"], error["Field"]) for error in row["errors"]] for row in answer.rows]
    assert told == [[("INVALID_VALUE", "EffectiveDate")]] * 2 + [[]]
    assert [one.fields["Amount"] for one in only(world.writes()).objects] == ["2"]


@pytest.mark.parametrize(
    "text", ["2026-02-29T10:00:00", "2026-02-20T24:00:01", "10000-01-01T00:00:00", "0000-01-01T00:00:00", "20.02.2026"]
)
def test_what_is_no_datetime_is_refused_as_a_row(text: str, world: World) -> None:
    """Before anything is sent: Zuora's SOAP would answer with a fault that is no verdict."""
    (row,) = world.create(refund(PaymentId="@P1", Amount="45", RefundDate=text), version="68.0").rows
    (error,) = row["errors"]
    assert (error["Code"], error["Field"]) == ("INVALID_VALUE", "RefundDate")
    assert "2026-02-20T00:00:00" in error["Message"]
    assert world.writes() == []


@pytest.mark.parametrize("version", ["latest", "0.9", "0.0", "107.0.1", "-1.0", "107,0", "1e2", "99999.0"])
def test_what_is_no_version_is_a_fault(version: str, world: World) -> None:
    """With what to do about it; nothing is sent."""
    fault = world.create(pays("@I1", "1"), version=version).fault
    assert (fault["faultcode"], fault["kind"]) == ("fns:INVALID_VERSION", "UnexpectedErrorFault")
    assert "nothing was processed" in fault["message"]
    assert "/apps/services/a/" in fault["message"]
    assert world.writes() == []


@pytest.mark.parametrize(
    ("version", "body"),
    [
        ("17.0", saved("create", [Obj("Refund", {"PaymentId": "x", "Amount": "1"})])),
        ("17.0", saved("update", [Obj("Refund", {"Id": "x", "Status": "Canceled"})])),
        ("17.0", deleted("Refund", ["x"])),
        ("30.0", deleted("Payment", ["x"])),
        ("1.0", deleted("Payment", ["x"])),
    ],
)
def test_a_write_that_the_version_has_not_is_a_fault(version: str, body: str, world: World) -> None:
    """Refund is of 18 and delete of a payment of 31; the fault is one that the operation declares."""
    answer = called(world, version, body)
    assert answer.status == 500
    fault = answer.fault
    assert (fault["faultcode"], fault["kind"], fault["code"]) == (
        "fns:INVALID_VERSION",
        "UnexpectedErrorFault",
        "INVALID_VERSION",
    )
    assert f"came to {version}" in fault["message"]
    assert world.writes() == []


def test_a_login_at_any_version_passes(world: World) -> None:
    """Only journaled writes are judged by it here; Zuora judges the rest."""
    body = "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
    for version in ("1.0", "38.0", "153.0"):
        answer = post(world.endpoint(version), envelope(body))
        assert f"/apps/services/a/{version}</".encode() in answer.body
