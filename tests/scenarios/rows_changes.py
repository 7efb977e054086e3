"""Updates, cancels, deletes and queries (69 to 82)."""

from __future__ import annotations

from harness import Obj
from scenario_objects import (
    D1_WHOLE,
    IN_DOUBT,
    PAGES_OF_2,
    PAGES_OF_2000,
    QUERY_MORE,
    SELECT_ALL,
    SELECT_PAYMENTS,
    post_memo,
)
from scenario_terms import Advance, Call, Err, ManyPayments, Ok, Order, Page, Relayed, Rest, Row, Soap, Switch

CANCELS = {"Status": "Canceled"}


def updates(kind: str, key: str, **fields: str) -> Obj:
    """What an update says of one object."""
    return Obj(kind, {"Id": key, **fields})


CANCEL_P1 = updates("Payment", "@P1", Status="Canceled")
CANCEL_P2 = updates("Payment", "@P2", Status="Canceled")
SOAP_UPDATE = Soap([0], "update")
REST_CANCEL = Rest("/v1/payments/@P2/cancel", method="PUT")
SELECT_PARTS = (
    "<ns1:query><ns1:queryString>select Id, Amount, InvoiceId from InvoicePayment where PaymentId = '@P2'"
    "</ns1:queryString></ns1:query>"
)
SELECT_STATUS = (
    "<ns1:query><ns1:queryString>select Status from Payment where Id = '@paid'</ns1:queryString></ns1:query>"
)

ROWS: tuple[Row, ...] = (
    Row(
        69,
        "An external payment of an invoice is canceled by SOAP",
        [Call([CANCEL_P1], [Ok()], "soap", [SOAP_UPDATE], op="update")],
        {"P1": "canceled", "I4": "45"},
    ),
    Row(
        70,
        "A payment of a debit memo is canceled by SOAP where Zuora's SOAP can",
        [
            Switch("soapCancelsDebitMemoPayments", True),
            Call([CANCEL_P2], [Ok()], "soap", [SOAP_UPDATE], op="update"),
        ],
        {"P2": "canceled", "D5": "50"},
        part="a",
    ),
    Row(
        70,
        "Zuora's SOAP refuses to cancel what REST made: canceled by REST",
        [Call([CANCEL_P2], [Ok()], "soap", [SOAP_UPDATE, REST_CANCEL], op="update")],
        {"P2": "canceled", "D5": "50"},
        part="b",
    ),
    Row(
        71,
        "The answer to a cancel is lost: the status is read, and it is done",
        [
            Order("drop_after", {"operation": "update"}),
            Call([CANCEL_P1], [Ok()], "soap", [SOAP_UPDATE], op="update"),
        ],
        {"P1": "canceled", "I4": "45"},
        part="a",
    ),
    Row(
        71,
        "The answer is lost and the status cannot be read: unknown; the repeat reads it and sends no second cancel",
        [
            Order("drop_after", {"operation": "update"}),
            Order("html_503", {"method": "GET", "path": "/v1/payments/"}),
            Call([CANCEL_P1], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [SOAP_UPDATE], op="update"),
            Call([CANCEL_P1], [Ok()], "soap", op="update", joined=True),
        ],
        {"P1": "canceled", "I4": "45"},
        part="b",
    ),
    Row(
        71,
        "The answer to the REST cancel behind SOAP's refusal is lost: sent once, and the status is read",
        [
            Order("drop_after", {"method": "PUT", "path": "/v1/payments/"}),
            Call([CANCEL_P2], [Ok()], "soap", [SOAP_UPDATE, REST_CANCEL], op="update"),
        ],
        {"P2": "canceled", "D5": "50"},
        part="c",
    ),
    Row(
        72,
        "A card payment is voided by SOAP; whatever Zuora says is told",
        [Call([updates("Payment", "@P3", Status="Voided")], [Ok()], "soap", [SOAP_UPDATE], op="update")],
        {"P3": "voided"},
    ),
    Row(
        73,
        "A payment is marked as transferred to accounting",
        [Call([updates("Payment", "@P2", TransferredToAccounting="Yes")], [Ok()], "soap", [SOAP_UPDATE], op="update")],
        books={"P2": {"transferredToAccounting": "Yes"}},
    ),
    Row(
        74,
        "A field is cleared, which only SOAP can",
        [
            Call([updates("Payment", "@P2", Region__c="EMEA")], [Ok()], "soap", [SOAP_UPDATE], op="update"),
            Call([updates("Payment", "@P2", fieldsToNull="Region__c")], [Ok()], "soap", [SOAP_UPDATE], op="update"),
        ],
        books={"P2": {"custom": {}}},
    ),
    Row(
        75,
        "A processed payment cannot be deleted: Zuora's own refusal, in the lower-case shape of deletes",
        [
            Call(
                [Obj("Payment", {"Id": "@P1"})],
                [Err("CANNOT_DELETE", None)],
                "soap",
                [Soap([0], "delete")],
                op="delete",
            )
        ],
    ),
    Row(
        76,
        "A canceled payment of a debit memo is deleted by SOAP where Zuora's SOAP can",
        [
            Call([CANCEL_P2], [Ok()], "soap", [SOAP_UPDATE, REST_CANCEL], op="update"),
            Call([Obj("Payment", {"Id": "@P2"})], [Ok()], "soap", [Soap([0], "delete")], op="delete"),
        ],
        {"P2": "gone", "D5": "50"},
        part="a",
    ),
    Row(
        76,
        "Zuora's SOAP refuses to delete it: deleted by REST",
        [
            Switch("soapDeletes", False),
            Call([CANCEL_P2], [Ok()], "soap", [SOAP_UPDATE, REST_CANCEL], op="update"),
            Call(
                [Obj("Payment", {"Id": "@P2"})],
                [Ok()],
                "soap",
                [Soap([0], "delete"), Rest("/v1/payments/@P2", method="DELETE")],
                op="delete",
            ),
        ],
        {"P2": "gone", "D5": "50"},
        part="b",
    ),
    Row(
        77,
        "Payments are queried at 107.0: bytes to Zuora and back",
        [
            Call(
                op="query",
                body=SELECT_PAYMENTS,
                told=Relayed(200, ["<ns1:size>3</ns1:size>", "AppliedAmount>50<", "UnappliedAmount>30<"]),
            )
        ],
    ),
    Row(
        78,
        "The same query at 71.0, which lacks two of the fields: Zuora's own fault",
        [
            Call(
                op="query",
                body=SELECT_PAYMENTS,
                version="71.0",
                told=Relayed(500, ["MalformedQueryFault", "fns:INVALID_FIELD"]),
            )
        ],
    ),
    Row(
        79,
        "More than 2000 rows: Zuora's locator goes back unchanged",
        [
            ManyPayments(2001),
            Call(
                op="query",
                body=SELECT_ALL,
                headers=PAGES_OF_2000,
                keep="locator",
                told=Relayed(200, ["<ns1:done>false</ns1:done>", "<ns1:size>2004</ns1:size>"]),
            ),
            Call(
                op="queryMore",
                body=QUERY_MORE,
                headers=PAGES_OF_2000,
                told=Relayed(200, ["<ns1:done>true</ns1:done>", "<ns1:size>2004</ns1:size>"]),
            ),
        ],
        payments=["1 = unapplied 1"] * 2001,
    ),
    Row(
        80,
        "A locator that nobody used for a quarter of an hour: Zuora's own fault",
        [
            Switch("sessionSeconds", 28800),
            Call(op="query", body=SELECT_ALL, headers=PAGES_OF_2, keep="locator", told=Relayed(200)),
            Advance(16 * 60),
            Call(op="queryMore", body=QUERY_MORE, told=Relayed(500, ["InvalidQueryLocatorFault"])),
        ],
    ),
    Row(
        81,
        "What Zuora shows as invoice payments of a debit memo's payment is undocumented, so it is Zuora's to say",
        [Call(op="query", body=SELECT_PARTS, told=Relayed(200))],
        part="a",
    ),
    Row(
        81,
        "Where the owner asks for it, the bridge makes the rows of the parts that paid invoices",
        [
            Call(
                op="query",
                body=SELECT_PARTS.replace("@P2", "@P1"),
                told=Page([{"Id": "*", "Amount": "45", "InvoiceId": "@I4"}]),
            )
        ],
        settings={"routes": {"*.query": "rest"}},
        zuora={"settlement_rows": True},
        given="BRIDGE_ROUTES says that queries go by REST, BRIDGE_ZUORA__SETTLEMENT_ROWS is true.",
        part="b",
    ),
    Row(
        81,
        "A part that paid a debit memo is no such row: it has no invoice",
        [Call(op="query", body=SELECT_PARTS, told=Page([]))],
        settings={"routes": {"*.query": "rest"}},
        zuora={"settlement_rows": True},
        given="BRIDGE_ROUTES says that queries go by REST, BRIDGE_ZUORA__SETTLEMENT_ROWS is true.",
        part="c",
    ),
    Row(
        82,
        "A payment that REST made is read back by SOAP",
        [
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80")], keep="paid"),
            Call(op="query", body=SELECT_STATUS, told=Relayed(200, ["Status>Processed<"])),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
)
