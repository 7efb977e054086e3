"""Scenarios of callers on old WSDLs: their dates, their missing amounts, their error codes."""

from __future__ import annotations

from typing import Any

from harness import Obj, World, payment

EVENING = "2026-02-20T23:30:00-08:00"
"""In UTC it is the 21st."""


def pays(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document, dated in the evening."""
    return payment(**{"InvoiceId": document, "AppliedInvoiceAmount": amount, "EffectiveDate": EVENING, **more})


def test_a_datetime_of_wsdl_60_pays_a_debit_memo_on_its_own_day(world: World) -> None:
    """17: REST gets the 20th, not the 21st."""
    answer = world.create(pays("@D1", "80", Amount="80"), version="60.0")
    assert answer.ids == [one["id"] for one in world.payments()]
    (write,) = world.writes()
    assert (write.line, write.json["effectiveDate"]) == ("POST /v1/payments", "2026-02-20")
    assert world.document("D1")["balance"] == "0"


def test_a_datetime_of_wsdl_60_pays_an_invoice_as_a_date(world: World) -> None:
    """18: in the tenant's 107.0 a dateTime would be INVALID_VALUE, so the body is rewritten."""
    answer = world.create(pays("@I1", "100", Amount="100"), version="60.0")
    assert answer.ids == [one["id"] for one in world.payments()]
    (write,) = world.writes()
    assert (write.path, write.objects[0].fields["EffectiveDate"]) == ("/apps/services/a/107.0", "2026-02-20")
    assert world.document("I1")["balance"] == "0"


def test_a_caller_of_wsdl_50_need_not_send_amount(world: World) -> None:
    """19: settlement needs it, so the documented sum is filled in."""
    answer = world.create(pays("@D1", "80"), version="50.0")
    assert answer.ids == [one["id"] for one in world.payments()]
    (write,) = world.writes()
    assert write.json["amount"] == "80"
    assert world.document("D1")["balance"] == "0"


def test_a_caller_of_wsdl_45_meets_the_request_limit(world: World) -> None:
    """66: its enumeration lacks REQUEST_EXCEEDED_LIMIT, so the fault is UNKNOWN_ERROR and the text keeps the code."""
    world.fault("rate_limited", operation="create")
    answer = world.create(pays("@I1", "100", Amount="100"), version="45.0")
    assert (answer.status, answer.header("Retry-After")) == (429, "120")
    assert (answer.fault["faultcode"], answer.fault["code"]) == ("fns:UNKNOWN_ERROR", "UNKNOWN_ERROR")
    assert answer.fault["message"].endswith("(REQUEST_EXCEEDED_LIMIT)")
    assert world.payments() == []
