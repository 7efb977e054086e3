"""What people can find a recorded request by: account, documents, amount, currency, reference, on every route."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route
from bridge.upstream.recorded import Said, said

SOAP = b"""<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://api.zuora.com/"
 xmlns:o="http://object.api.zuora.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><a:create>
<a:zObjects xsi:type="o:Payment"><o:AccountId>A1</o:AccountId><o:Amount>1.50</o:Amount><o:InvoicePaymentData>
<o:InvoicePayment><o:Amount>1</o:Amount><o:InvoiceId>I1</o:InvoiceId></o:InvoicePayment>
<o:InvoicePayment><o:Amount>0.5</o:Amount><o:InvoiceId>I2</o:InvoiceId></o:InvoicePayment></o:InvoicePaymentData>
<o:ReferenceId>R-1</o:ReferenceId></a:zObjects>
<a:zObjects xsi:type="o:Payment"><o:AccountId>A2</o:AccountId><o:Amount>2</o:Amount></a:zObjects>
</a:create></soapenv:Body></soapenv:Envelope>"""
DELETE = b'<e xmlns:a="http://api.zuora.com/"><a:delete><a:type>Payment</a:type><a:ids>p1</a:ids><a:ids>p2</a:ids></a:delete></e>'


def request(route: Route, body: bytes, path: str = "/v1/payments", method: str = "POST") -> Dispatch:
    """A request as the journal has it."""
    return Dispatch("d", "c", route, Op.CREATE, method, path, (), body, ("i",))


@pytest.mark.parametrize(
    ("place", "dispatch", "expected"),
    [
        (0, request(Route.SOAP, SOAP), Said("A1", ("I1", "I2"), Decimal("1.5"), None, "R-1")),
        (1, request(Route.SOAP, SOAP), Said("A2", (), Decimal("2"))),
        (2, request(Route.SOAP, SOAP), Said()),
        (1, request(Route.SOAP, DELETE), Said(own_id="p2")),
        (
            0,
            request(
                Route.REST,
                b'{"accountId":"A1","amount":10.10,"currency":"EUR","referenceId":"R",'
                b'"debitMemos":[{"debitMemoId":"D1","amount":10}],"invoices":[{"invoiceId":"I1","amount":0.1}]}',
            ),
            Said("A1", ("D1", "I1"), Decimal("10.1"), "EUR", "R"),
        ),
        (
            0,
            request(Route.REST, b'{"totalAmount":3,"referenceId":"R"}', "/v1/payments/P%2F1/refunds"),
            Said(None, ("P/1",), Decimal(3), None, "R"),
        ),
        (
            0,
            request(Route.REST, b'{"amount":3}', "/v1/credit-memos/C1/refunds"),
            Said(None, ("C1",), Decimal(3)),
        ),
        (0, request(Route.REST, b"", "/v1/payments/p1", "DELETE"), Said(own_id="p1")),
        (0, request(Route.REST, b'{"comment":"x"}', "/v1/refunds/r1", "PUT"), Said(own_id="r1")),
        (
            1,
            request(
                Route.ACTION,
                b'{"objects":[{},{"AccountId":"A2","Amount":"7","InvoiceNumber":"INV-7"}],"type":"Payment"}',
                "/v1/action/create",
            ),
            Said("A2", ("INV-7",), Decimal(7)),
        ),
        (1, request(Route.ACTION, b'{"ids":["p1","p2"],"type":"Payment"}', "/v1/action/delete"), Said(own_id="p2")),
        (0, request(Route.REST, b"{", "/v1/payments"), Said()),
        (0, request(Route.SOAP, b"<a"), Said()),
        (0, request(Route.REST, b"[1]"), Said()),
    ],
)
def test_a_request_says_what_it_is_about(place: int, dispatch: Dispatch, expected: Said) -> None:
    """By the route it went, of the object in its place; what cannot be read says nothing."""
    assert said([(place, dispatch)]) == expected


def test_steps_speak_together_and_the_first_counts() -> None:
    """A saga unapplies, then refunds: together they say what of what."""
    steps = [
        request(Route.REST, b'{"invoices":[{"invoiceId":"I1","amount":2}]}', "/v1/payments/P1/unapply", "PUT"),
        request(Route.REST, b'{"totalAmount":5,"referenceId":"R"}', "/v1/payments/P1/refunds"),
    ]
    whole = said((0, each) for each in steps)
    assert (whole.documents, whole.reference, whole.names("i1"), whole.names("I9")) == (("P1", "I1"), "R", True, False)
