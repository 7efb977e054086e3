"""The acceptance catalogue. Numbers are stable; those from 1001 on are about authority, doubt and restarts.

Fixture: today is 2026-02-20 in Los Angeles. Account A (USD) owes invoice I1 (100), I2 (20 of 50) and debit memo D1
(80), has drafts I3, D2 and C3, credit memo C1 (60 unapplied) and C2 (all applied to I2), and payments P1 (45, paid
I4), P2 (80, of which 50 paid D5) and P3 (20, electronic, unapplied). Account B (EUR) owes D3 (30), J (JPY) DJ (1000),
K (BHD) DK (10), and X, which is canceled, DX (15). Invoice IA1 and debit memo DA1 share the number 2310000300.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness import Obj, part, payment, refund
from scenario_terms import (
    Advance,
    Call,
    Err,
    Fault,
    Gone,
    Json,
    ManyPayments,
    Ok,
    Order,
    Post,
    Relayed,
    Restart,
    Row,
    Silence,
    Soap,
    Story,
    Switch,
)

PAYMENTS = "/v1/payments"
NOTHING = "0" * 32


def pays(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document, all of it applied."""
    return payment(**{"Amount": amount, "InvoiceId": document, "AppliedInvoiceAmount": amount, **more})


def pays_several(amount: str, *parts: tuple[str, str], **more: Any) -> Obj:
    """A payment of several documents."""
    rows = [part("InvoicePayment", InvoiceId=document, Amount=share) for document, share in parts]
    return payment(Amount=amount, InvoicePaymentData=rows, **more)


def posted(amount: str, *, currency: str = "USD", account: str = "@A", **more: Json) -> Mapping[str, Json]:
    """The JSON of an external payment."""
    return {
        "amount": amount,
        "currency": currency,
        "type": "External",
        "accountId": account,
        "paymentMethodId": "@PMx",
        "effectiveDate": "2026-02-20",
        **more,
    }


def memo_share(memo: str, amount: str) -> Json:
    """``debitMemos`` with one debit memo."""
    return [{"debitMemoId": memo, "amount": amount}]


def post_memo(memo: str, amount: str, key: str = "", **more: Any) -> Post:
    """The payment of one debit memo over REST, all of it applied."""
    return Post(PAYMENTS, posted(amount, debitMemos=memo_share(memo, amount), **more), key=key)


def electronic(document: str, amount: str, **more: Any) -> Obj:
    """A card payment of one document."""
    return pays(document, amount, **{"PaymentMethodId": "@PMc", "Type": "Electronic", **more})


def refunds(source: str, amount: str, **more: Any) -> Obj:
    """An external refund of a payment or credit memo."""
    return refund(**{"PaymentId": source, "Amount": amount, **more})


MEMO_REFUND_OF_60 = {
    "totalAmount": "60",
    "type": "External",
    "methodType": "Check",
    "refundDate": "2026-02-20",
    "referenceId": "@intent",
}
C1_REFUND = "/v1/credit-memos/@C1/refund"
P2_REFUND = "/v1/payments/@P2/refunds/unapply"

D1_WHOLE = pays("@D1", "80")
POSTS = {"method": "POST", "path": PAYMENTS}
SOAP_CREATE = {"operation": "create"}

FIFTY = [pays("@I1" if place % 2 == 0 else "@D1", "1.00") for place in range(50)]
"""25 of 1.00 on the invoice and 25 on the debit memo, one by one in turn."""

ONE_ON_D1 = post_memo("@D1", "1.00")
EVEN = tuple(range(0, 50, 2))

BROKEN_FIFTY = [*FIFTY]
BROKEN_FIFTY[2] = pays("@I1", "200")
BROKEN_FIFTY[7] = pays("@D2", "1.00")

SELECT_PAYMENTS = (
    "<ns1:query><ns1:queryString>select Id, Amount, AppliedAmount, UnappliedAmount from Payment "
    "where AccountId = '@A'</ns1:queryString></ns1:query>"
)
SELECT_ALL = "<ns1:query><ns1:queryString>select Id, Amount from Payment</ns1:queryString></ns1:query>"
QUERY_MORE = "<ns1:queryMore><ns1:queryLocator>@locator</ns1:queryLocator></ns1:queryMore>"
PAGES_OF_2000 = "<ns1:QueryOptions><ns1:batchSize>2000</ns1:batchSize></ns1:QueryOptions>"
PAGES_OF_2 = "<ns1:QueryOptions><ns1:batchSize>2</ns1:batchSize></ns1:QueryOptions>"

IMPATIENT = {"callers": {"erp": {"usernames": ["erp@example.com"], "allow": ["*"], "wait_seconds": 1}}}
IN_DOUBT = "OUTCOME UNKNOWN, repeat unchanged"


ROWS: tuple[Row, ...] = (
    # ------------------------------------------------------------ payments
    Row(
        1,
        "An invoice, named by its id, is paid over SOAP",
        [Call([pays("@I1", "100")], [Ok()], "soap", [Soap([0])])],
        {"I1": "0"},
        ["100 = I1 100"],
    ),
    Row(
        2,
        "An invoice, named by its number, is paid over SOAP",
        [Call([pays("", "100", InvoiceId=None, InvoiceNumber="INV00000001")], [Ok()], "soap", [Soap([0])])],
        {"I1": "0"},
        ["100 = I1 100"],
    ),
    Row(
        3,
        "One payment of two invoices stays one SOAP payment",
        [Call([pays_several("120", ("@I1", "100"), ("@I2", "20"))], [Ok()], "soap", [Soap([0])])],
        {"I1": "0", "I2": "0"},
        ["120 = I1 100 + I2 20"],
    ),
    Row(
        4,
        "A payment that names no document goes by SOAP and stays unapplied",
        [Call([payment(Amount="30", AppliedCreditBalanceAmount="30")], [Ok()], "soap", [Soap([0])])],
        payments=["30 = unapplied 30"],
    ),
    Row(
        5,
        "More than the invoice is paid: the rest stays unapplied",
        [
            Call(
                [pays("@I1", "120", AppliedInvoiceAmount="100", AppliedCreditBalanceAmount="20")],
                [Ok()],
                "soap",
                [Soap([0])],
            )
        ],
        {"I1": "0"},
        ["120 = I1 100 + unapplied 20"],
    ),
    Row(
        6,
        "A debit memo, named by its id where an invoice's is expected, is paid over REST",
        [Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80")])],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        7,
        "A debit memo, named by its number, is resolved to its id and paid over REST",
        [
            Call(
                [pays("", "80", InvoiceId=None, InvoiceNumber="DM00000001")],
                [Ok()],
                "rest",
                [post_memo("@D1", "80")],
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        8,
        "A part of a debit memo is paid",
        [Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")])],
        {"D1": "50"},
        ["30 = D1 30"],
    ),
    Row(
        9,
        "More than the debit memo is paid: the rest stays unapplied",
        [
            Call(
                [pays("@D1", "100", AppliedInvoiceAmount="80", AppliedCreditBalanceAmount="20")],
                [Ok()],
                "rest",
                [Post(PAYMENTS, posted("100", debitMemos=memo_share("@D1", "80")))],
            )
        ],
        {"D1": "0"},
        ["100 = D1 80 + unapplied 20"],
    ),
    Row(
        10,
        "An invoice and a debit memo in one payment are one REST payment, not two",
        [
            Call(
                [pays_several("180", ("@I1", "100"), ("@D1", "80"))],
                [Ok()],
                "rest",
                [
                    Post(
                        PAYMENTS,
                        posted(
                            "180",
                            invoices=[{"invoiceId": "@I1", "amount": "100"}],
                            debitMemos=memo_share("@D1", "80"),
                        ),
                    )
                ],
            )
        ],
        {"I1": "0", "D1": "0"},
        ["180 = I1 100 + D1 80"],
    ),
    Row(
        14,
        "A card payment of a debit memo: the gateway's name becomes its id",
        [
            Call(
                [electronic("@D1", "80", Gateway="TestGateway", GatewayOrderId="ERP-7")],
                [Ok()],
                "rest",
                [
                    Post(
                        PAYMENTS,
                        {
                            **posted("80", debitMemos=memo_share("@D1", "80")),
                            "type": "Electronic",
                            "paymentMethodId": "@PMc",
                            "gatewayId": "@G1",
                            "gatewayOrderId": "ERP-7",
                        },
                    )
                ],
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    # ------------------------------------------------------------ payments refused
    Row(
        23,
        "A draft debit memo cannot be paid",
        [Call([pays("@D2", "40")], [Err("INVALID_VALUE", "InvoiceId", "Draft")], "-")],
    ),
    Row(
        24,
        "More than a debit memo's balance cannot be applied to it",
        [Call([pays("@D1", "90")], [Err("INVALID_VALUE", "AppliedInvoiceAmount", "80")], "-")],
    ),
    Row(
        25,
        "Amount below what is applied",
        [Call([pays("@D1", "70", AppliedInvoiceAmount="80")], [Err("INVALID_VALUE", "Amount")], "-")],
    ),
    Row(
        26,
        "Amount above what is applied, nothing said of the rest: accepted, the rest stays unapplied",
        [
            Call(
                [pays("@D1", "100", AppliedInvoiceAmount="80")],
                [Ok()],
                "rest",
                [Post(PAYMENTS, posted("100", debitMemos=memo_share("@D1", "80")))],
            )
        ],
        {"D1": "0"},
        ["100 = D1 80 + unapplied 20"],
    ),
    Row(
        27,
        "A debit memo of another account",
        [Call([pays("@D3", "30")], [Err("INVALID_VALUE", "InvoiceId", "another account")], "-")],
    ),
    Row(
        28,
        "A document that nobody knows is proved unknown, then forwarded: Zuora's own error comes back",
        [
            Call(
                [pays(NOTHING, "10")],
                [Err("INVALID_VALUE", None, "invoice")],
                "soap",
                [Soap([0])],
                reads=[
                    "getUserInfo",
                    f"GET /v1/invoices/{NOTHING}",
                    f"GET /v1/debit-memos/{NOTHING}",
                    f"GET /v1/credit-memos/{NOTHING}",
                ],
            )
        ],
    ),
    Row(
        31,
        "No payment method, caller below 121",
        [Call([D1_WHOLE.but(PaymentMethodId=None)], [Err("MISSING_REQUIRED_VALUE", "PaymentMethodId")], "-")],
    ),
    Row(
        31,
        "No payment method, caller from 121 on",
        [
            Call(
                [D1_WHOLE.but(PaymentMethodId=None)],
                [Err("INVALID_VALUE", "PaymentMethodId")],
                "-",
                version="121.0",
            )
        ],
        part="b",
    ),
    Row(
        32,
        "A gateway order id longer than REST takes is refused, never cut",
        [
            Call(
                [electronic("@D1", "80", Gateway="TestGateway", GatewayOrderId="E" * 60)],
                [Err("INVALID_VALUE", "GatewayOrderId", "60 characters")],
                "-",
            )
        ],
    ),
    Row(
        33,
        "A gateway that the tenant does not have",
        [Call([electronic("@D1", "80", Gateway="Nope")], [Err("INVALID_VALUE", "Gateway")], "-")],
    ),
    Row(
        34,
        "A credit memo where a document to pay is expected",
        [Call([pays("@C1", "10")], [Err("INVALID_VALUE", "InvoiceId", "credit memo CM00000001")], "-")],
    ),
    Row(
        35,
        "The account is canceled: Zuora's refusal is told",
        [
            Call(
                [pays("@DX", "15", AccountId="@X")],
                [Err("INVALID_VALUE", None, "canceled")],
                "rest",
                [post_memo("@DX", "15", account="@X")],
            )
        ],
    ),
    Row(
        39,
        "A number that an invoice and a debit memo share",
        [
            Call(
                [pays("", "5", InvoiceId=None, InvoiceNumber="2310000300")],
                [Err("INVALID_VALUE", "InvoiceNumber", "ambiguous")],
                "-",
            )
        ],
    ),
    # ------------------------------------------------------------ batches
    Row(
        41,
        "A mixed batch of fifty: one SOAP create, then REST one after another, answered in the caller's order",
        [
            Call(
                FIFTY,
                [Ok()] * 50,
                "soap rest " * 25,
                [Soap(EVEN), *[ONE_ON_D1] * 25],
            )
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
    ),
    Row(
        42,
        "Two of fifty fail, the others do not",
        [
            Call(
                BROKEN_FIFTY,
                [
                    {2: Err("INVALID_VALUE", None, "balance"), 7: Err("INVALID_VALUE", "InvoiceId", "Draft")}.get(
                        i, Ok()
                    )
                    for i in range(50)
                ],
                "soap rest " * 3 + "soap - " + "soap rest " * 21,
                [Soap(EVEN), *[ONE_ON_D1] * 24],
            )
        ],
        {"I1": "76", "D1": "56"},
        ["1 = I1 1", "1 = D1 1"] * 24,
    ),
    Row(
        43,
        "Two payments of one debit memo run in order; the second finds too little left",
        [
            Call(
                [pays("@D1", "50"), pays("@D1", "50.00", ReferenceId="second")],
                [Ok(), Err("INVALID_VALUE", "AppliedInvoiceAmount")],
                "rest rest",
                [
                    post_memo("@D1", "50"),
                    Post(
                        PAYMENTS,
                        posted("50.00", referenceId="second", debitMemos=memo_share("@D1", "50.00")),
                    ),
                ],
            )
        ],
        {"D1": "30"},
        ["50 = D1 50"],
    ),
    Row(
        45,
        "Fifty-one objects: a fault, nothing done",
        [Call([*FIFTY, D1_WHOLE], Fault("MAX_RECORDS_EXCEEDED", says="50"))],
    ),
    Row(
        47,
        "One transaction over SOAP and REST is impossible: every row refused, nothing done",
        [
            Call(
                [pays("@I1", "10"), pays("@D1", "10")],
                [Err("INVALID_VALUE", None, "useSingleTransaction")] * 2,
                "- -",
                single=True,
            )
        ],
    ),
    Row(
        48,
        "Payments and accounts in one create: a fault, nothing passes",
        [
            Call(
                [pays("@I1", "10"), Obj("Account", {"Name": "New", "Currency": "USD"})],
                Fault("INVALID_TYPE", "InvalidTypeFault"),
            )
        ],
    ),
    Row(
        52,
        "The caller hangs up in the middle of fifty: what was sent settles, the rest is not sent, the repeat does it",
        [
            Order("delay", {**POSTS, "nth": 3}, {"seconds": 0.4}),
            Call(FIFTY, Gone(3), sent=[Soap(EVEN), *[ONE_ON_D1] * 3]),
            Call(
                FIFTY,
                [Ok()] * 50,
                "soap rest " * 25,
                [ONE_ON_D1] * 22,
                joined=True,
            ),
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
    ),
    # ------------------------------------------------------------ duplicates, load, sessions
    Row(
        53,
        "Zuora's answer is lost and the caller gives up; its repeat gets the payment that was made",
        [
            Order("drop_after", POSTS),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key")],
            ),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")], joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
    ),
    Row(
        53,
        "Zuora is slower than the caller is patient; the POST goes on, and the repeat gets its payment",
        [
            Order("delay", POSTS, {"seconds": 1.5}),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80")],
            ),
            Call([D1_WHOLE], [Ok()], "rest", joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="b",
    ),
    Row(
        54,
        "The connection breaks in the first POST: the bridge repeats the same bytes under the same key",
        [
            Order("drop_before", POSTS, {"reset": True}),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        61,
        "The session expires between the proof and the write: Zuora's fault is relayed, nobody logs in again",
        [
            Order("expired_session", SOAP_CREATE),
            Call(
                [pays("@I1", "100")],
                Fault("INVALID_SESSION", says="invalid session"),
                sent=[Soap([0])],
                reads=["getUserInfo", "GET /v1/invoices/@I1"],
            ),
        ],
    ),
    Row(
        62,
        "The bridge's own token has expired: it is renewed once and the request repeated under the same key",
        [
            Order("expired_token", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        63,
        "A session that Zuora does not know: asked once, its fault relayed, nothing written",
        [Call([D1_WHOLE], Fault("INVALID_SESSION"), session="unknown", reads=["getUserInfo"])],
    ),
    Row(
        64,
        "Zuora's request limit on a call of one: the fault, the status and when to come again",
        [
            Order("rate_limited", POSTS, {"retry_after": 120}),
            Call(
                [D1_WHOLE],
                Fault("REQUEST_EXCEEDED_LIMIT", status=429, retry_after="120"),
                sent=[post_memo("@D1", "80")],
            ),
        ],
    ),
    Row(
        67,
        "HTML with status 503 from the edge: on pass-through it is relayed as it is",
        [
            Order("html_503", {"operation": "query"}, {"times": 2}),
            Call(op="query", body=SELECT_PAYMENTS, told=Relayed(503, ["503 Service Temporarily Unavailable"])),
        ],
        part="a",
    ),
    Row(
        67,
        "HTML with status 503 from the edge: a write over SOAP is in doubt, never 'unavailable'",
        [
            Order("html_503", SOAP_CREATE),
            Call([pays("@I1", "100")], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
        ],
        part="b",
    ),
    Row(
        67,
        "HTML with status 503 from the edge: a write over REST is repeated under its key",
        [
            Order("html_503", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        part="c",
    ),
    # ------------------------------------------------------------ queries pass through
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
    # ------------------------------------------------------------ refunds
    Row(
        83,
        "The refund of a payment to an invoice goes by SOAP",
        [Call([refunds("@P1", "45")], [Ok()], "soap", [Soap([0])])],
        {"I4": "45", "P1": "0/0/45"},
        refunds=["45 of P1"],
    ),
    Row(
        84,
        "A part of a payment to two invoices is refunded, split by the caller",
        [
            Call([pays_several("120", ("@I1", "100"), ("@I2", "20"))], [Ok()], "soap", [Soap([0])], keep="paid"),
            Call(
                [
                    refunds(
                        "@paid",
                        "30",
                        RefundInvoicePaymentData=[
                            part("RefundInvoicePayment", InvoiceId="@I1", RefundAmount="20"),
                            part("RefundInvoicePayment", InvoiceId="@I2", RefundAmount="10"),
                        ],
                    )
                ],
                [Ok()],
                "soap",
                [Soap([0])],
            ),
        ],
        {"I1": "20", "I2": "10"},
        ["120 = I1 80 + I2 10 + refunded 30"],
        ["30 of paid"],
    ),
    Row(
        85,
        "The refund of an unapplied card payment goes by SOAP",
        [
            Call(
                [refunds("@P3", "20", Type="Electronic", MethodType=None, RefundDate=None)],
                [Ok()],
                "soap",
                [Soap([0])],
            )
        ],
        {"P3": "0/0/20"},
        refunds=["20 of P3"],
    ),
    Row(
        86,
        "The part of a payment that paid a debit memo is refunded: unapplied and refunded in one REST request",
        [
            Call(
                [
                    refunds(
                        "@P2",
                        "50",
                        RefundInvoicePaymentData=[
                            part("RefundInvoicePayment", InvoiceId="@D5", RefundAmount="50"),
                        ],
                    )
                ],
                [Ok()],
                "rest",
                [
                    Post(
                        P2_REFUND,
                        {**MEMO_REFUND_OF_60, "totalAmount": "50", "debitMemos": memo_share("@D5", "50")},
                    )
                ],
            )
        ],
        {"D5": "50", "P2": "0/30/50"},
        refunds=["50 of P2"],
    ),
    Row(
        91,
        "All of such a payment is refunded, no split given: the request names no documents",
        [Call([refunds("@P2", "80")], [Ok()], "rest", [Post(P2_REFUND, {**MEMO_REFUND_OF_60, "totalAmount": "80"})])],
        {"D5": "50", "P2": "0/0/80"},
        refunds=["80 of P2"],
    ),
    Row(
        92,
        "More than the payment is refunded",
        [Call([refunds("@P2", "90")], [Err("INVALID_VALUE", "Amount", "80")], "-")],
    ),
    Row(
        93,
        "A credit memo, named where a payment is expected, is refunded over REST",
        [Call([refunds("@C1", "60")], [Ok()], "rest", [Post(C1_REFUND, MEMO_REFUND_OF_60)])],
        {"C1": "0"},
        refunds=["60 of C1"],
    ),
    Row(
        93,
        "The account's credit balance is refunded from the one memo that covers it",
        [
            Call(
                [refund(SourceType="CreditBalance", AccountId="@A", Amount="60")],
                [Ok()],
                "rest",
                [Post(C1_REFUND, MEMO_REFUND_OF_60)],
            )
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
        part="b",
    ),
    Row(
        94,
        "A credit memo is refunded to a card: with the method and gateway, without method type and date",
        [
            Call(
                [refunds("@C1", "60", Type="Electronic", MethodType=None, RefundDate=None, PaymentMethodId="@PMc")],
                [Ok()],
                "rest",
                [
                    Post(
                        C1_REFUND,
                        {
                            "totalAmount": "60",
                            "type": "Electronic",
                            "paymentMethodId": "@PMc",
                            "gatewayId": "@G1",
                            "referenceId": "@intent",
                        },
                    )
                ],
            )
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
    ),
    Row(
        95,
        "A credit memo to a card, but no card is named",
        [
            Call(
                [refunds("@C1", "60", Type="Electronic", MethodType=None, RefundDate=None)],
                [Err("MISSING_REQUIRED_VALUE", "PaymentMethodId")],
                "-",
            )
        ],
    ),
    Row(
        96,
        "More than is unapplied of the credit memo",
        [Call([refunds("@C1", "70")], [Err("INVALID_VALUE", "Amount", "60")], "-")],
    ),
    Row(
        97,
        "A credit memo that is applied is not unapplied for the caller",
        [Call([refunds("@C2", "30")], [Err("INVALID_VALUE", "Amount")], "-")],
    ),
    Row(
        98,
        "A draft credit memo",
        [Call([refunds("@C3", "10")], [Err("INVALID_VALUE", "PaymentId", "Draft")], "-")],
    ),
    Row(
        99,
        "Credit balance that only several memos together cover",
        [
            Call(
                [refund(SourceType="CreditBalance", AccountId="@A", Amount="65")],
                [Err("INVALID_VALUE", "Amount", "No single posted credit memo")],
                "-",
            )
        ],
    ),
    Row(
        101,
        "A refund dated before its credit memo",
        [
            Call(
                [refunds("@C1", "60", RefundDate="2026-01-31")], [Err("INVALID_VALUE", "RefundDate", "2026-02-01")], "-"
            )
        ],
    ),
    Row(
        102,
        "A batch of refunds over both routes, answered in the caller's order",
        [
            Call(
                [refunds("@C1", "60"), refunds("@P1", "45"), refunds("@P2", "80")],
                [Ok(), Ok(), Ok()],
                "rest soap rest",
                [
                    Soap([1]),
                    Post(C1_REFUND, MEMO_REFUND_OF_60),
                    Post(P2_REFUND, {**MEMO_REFUND_OF_60, "totalAmount": "80"}, place=2),
                ],
            )
        ],
        {"C1": "0", "I4": "45", "P1": "0/0/45", "D5": "50", "P2": "0/0/80"},
        refunds=["60 of C1", "45 of P1", "80 of P2"],
    ),
    Row(
        106,
        "The same refund again: the first one is read and its Id told",
        [
            Call([refunds("@C1", "60")], [Ok()], "rest", [Post(C1_REFUND, MEMO_REFUND_OF_60)], keep="first"),
            Call(
                [refunds("@C1", "60")],
                [Ok(same_as="first")],
                "rest",
                joined=True,
                reads=["GET /v1/refunds/@first"],
            ),
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
    ),
    # ------------------------------------------------------------ authority
    Row(
        1001,
        "A session of another tenant on the same host proves nothing here",
        [
            Call(
                [D1_WHOLE],
                Fault("NO_PERMISSION", says="another Zuora tenant"),
                user="other@example.com",
                reads=["getUserInfo"],
            )
        ],
    ),
    Row(
        1002,
        "The owner has not said which tenant this is: no journaled write",
        [Call([D1_WHOLE], Fault("NO_PERMISSION", says="has not said"), reads=[])],
        zuora={"tenant_id": None},
        given="BRIDGE_ZUORA__TENANT_ID is not set.",
    ),
    Row(
        1003,
        "A user whom nobody allowed: REST rows are refused, the SOAP rows of the same call go on",
        [
            Call(
                [pays("@D1", "80"), pays("@I1", "100")],
                [Err("NO_PERMISSION", None, "owner of the bridge"), Ok()],
                "- soap",
                [Soap([1])],
            )
        ],
        {"I1": "0"},
        ["100 = I1 100"],
        settings={"callers": {}},
        given="BRIDGE_CALLERS is empty.",
    ),
    Row(
        1004,
        "A caller below 69 with a date: not read yet, so nothing is sent",
        [
            Call(
                [pays("@I1", "100", EffectiveDate="2026-02-20T00:00:00-08:00")],
                Fault("INVALID_VERSION", says="nothing was processed"),
                version="68.0",
            )
        ],
    ),
    # ------------------------------------------------------------ doubt
    Row(
        1005,
        "The answer to a SOAP create is lost: told at once as unknown, and not sent again",
        [
            Order("drop_after", SOAP_CREATE),
            Call([pays("@I1", "100")], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
        ],
        {"I1": "0"},
        ["100 = I1 100"],
    ),
    Row(
        1006,
        "The same for a caller below 60, whose version has no word for it: HTTP 504 without an envelope",
        [
            Order("drop_after", SOAP_CREATE),
            Call([refunds("@P1", "45", RefundDate=None)], Silence(), "soap", [Soap([0])], version="50.0"),
        ],
        {"I4": "45", "P1": "0/0/45"},
        refunds=["45 of P1"],
    ),
    Row(
        1007,
        "One row in doubt beside one that is not, below 60: the row says so in words",
        [
            Order("drop_after", SOAP_CREATE),
            Call(
                [refunds("@P1", "45", RefundDate=None), refunds("@C1", "60", RefundDate=None)],
                [Err("UNKNOWN_ERROR", None, IN_DOUBT), Ok()],
                "soap rest",
                [
                    Soap([0]),
                    Post(
                        C1_REFUND,
                        {
                            "totalAmount": "60",
                            "type": "External",
                            "methodType": "Check",
                            "referenceId": "@intent",
                        },
                        place=1,
                    ),
                ],
                version="50.0",
            ),
        ],
        {"I4": "45", "P1": "0/0/45", "C1": "0"},
        refunds=["45 of P1", "60 of C1"],
    ),
    Row(
        1008,
        "The journal cannot be written: nothing is sent",
        [
            Call(
                [D1_WHOLE],
                Fault("SERVER_UNAVAILABLE", says="nothing was sent"),
                journal_locked=True,
            )
        ],
    ),
    Row(
        1009,
        "The bridge restarts between the lost answer and the repeat: the same key, the same payment",
        [
            Order("drop_after", POSTS),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key")],
            ),
            Restart(),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")], joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
    ),
    Row(
        1010,
        "A repeat after the answer was delivered, within fifteen minutes: joined",
        [
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], keep="first"),
            Call([pays("@D1", "30")], [Ok(same_as="first")], "rest", joined=True, reads=["GET /v1/payments/@first"]),
        ],
        {"D1": "50"},
        ["30 = D1 30"],
    ),
    Row(
        1011,
        "The same content sixteen minutes after the answer was delivered: a new payment",
        [
            Switch("sessionSeconds", 28800),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")]),
            Advance(16 * 60),
            # Any other call: by its look-ups the bridge hears Zuora's clock.
            Call([pays("@D2", "40")], [Err("INVALID_VALUE", "InvoiceId", "Draft")], "-"),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")]),
        ],
        {"D1": "20"},
        ["30 = D1 30", "30 = D1 30"],
    ),
    Row(
        1012,
        "A joined payment that was canceled in the meantime stands no more: a new one is made",
        [
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], keep="first"),
            Call(
                [Obj("Payment", {"Id": "@first", "Status": "Canceled"})],
                [Ok(same_as="first")],
                "soap",
                [Soap([0], "update")],
                op="update",
            ),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")]),
        ],
        {"D1": "50"},
        ["30 = canceled", "30 = D1 30"],
    ),
    # ------------------------------------------------------------ currencies
    Row(
        1021,
        "Yen have no decimals",
        [
            Call(
                [pays("@DJ", "999.5", AccountId="@J")],
                [Err("INVALID_VALUE", "AppliedInvoiceAmount", "0 decimals")],
                "-",
            )
        ],
    ),
    Row(
        1022,
        "Dinars of Bahrain have three decimals, not four",
        [
            Call(
                [pays("@DK", "1.2345", AccountId="@K")],
                [Err("INVALID_VALUE", "AppliedInvoiceAmount", "3 decimals")],
                "-",
            )
        ],
    ),
    Row(
        1023,
        "Whole yen are paid exactly",
        [
            Call(
                [pays("@DJ", "1000", AccountId="@J")],
                [Ok()],
                "rest",
                [post_memo("@DJ", "1000", account="@J", currency="JPY")],
            )
        ],
        {"DJ": "0"},
        ["1000 = DJ 1000"],
    ),
    Row(
        1024,
        "Fils of Bahrain are paid exactly",
        [
            Call(
                [pays("@DK", "1.234", AccountId="@K")],
                [Ok()],
                "rest",
                [post_memo("@DK", "1.234", account="@K", currency="BHD")],
            )
        ],
        {"DK": "8.766"},
        ["1.234 = DK 1.234"],
    ),
    # ------------------------------------------------------------ other tenants
    Row(
        1031,
        "Invoice Settlement is off: everything is forwarded, the tenant has no debit memos to look for",
        [
            Call(
                [D1_WHOLE],
                [Err("INVALID_VALUE", None, "invoice")],
                "soap",
                [Soap([0])],
                reads=["getUserInfo"],
            )
        ],
        zuora={"settlement": "off"},
        given="BRIDGE_ZUORA__SETTLEMENT is off.",
    ),
)

STORIES: tuple[Story, ...] = (
    Story(
        17,
        "A dateTime of an old WSDL pays a debit memo on the caller's day",
        "The caller is on WSDL 60; in UTC its evening is the next day.",
        "A payment of D1 with EffectiveDate 2026-02-20T23:30:00-08:00",
        "Success, over REST with effectiveDate 2026-02-20",
        "D1 0",
        "test_a_datetime_of_wsdl_60_pays_a_debit_memo_on_its_own_day",
    ),
    Story(
        18,
        "A dateTime of an old WSDL pays an invoice as a date",
        "The caller is on WSDL 60, the tenant's file of 107 takes no dateTime there.",
        "A payment of I1 with EffectiveDate 2026-02-20T23:30:00-08:00",
        "Success, over SOAP with EffectiveDate 2026-02-20",
        "I1 0",
        "test_a_datetime_of_wsdl_60_pays_an_invoice_as_a_date",
    ),
    Story(
        19,
        "An old caller need not send Amount",
        "The caller is on WSDL 50.",
        "A payment of D1 with AppliedInvoiceAmount 80 and no Amount",
        "Success, over REST with amount 80",
        "D1 0",
        "test_a_caller_of_wsdl_50_need_not_send_amount",
    ),
    Story(
        66,
        "An old caller meets the request limit",
        "The caller is on WSDL 45, whose ErrorCode lacks REQUEST_EXCEEDED_LIMIT.",
        "A payment of I1; Zuora answers 429",
        "HTTP 429 with the fault UNKNOWN_ERROR, whose text keeps REQUEST_EXCEEDED_LIMIT, and Retry-After",
        "Nothing",
        "test_a_caller_of_wsdl_45_meets_the_request_limit",
    ),
    Story(
        1041,
        "Two bridges on one journal get the same call at once",
        "Two processes' worth of bridge share a SQLite file.",
        "The same payment of D1, posted to both at the same moment",
        "Both callers get the same Id",
        "One payment",
        "test_two_bridges_with_one_journal_pay_once",
    ),
    Story(
        1042,
        "The bridge is killed while a POST is on its way",
        "`bridge serve` as a process; Zuora is slow; SIGKILL after the POST arrived; started again.",
        "The payment of D1, then the same once more",
        "The repeat gets the Id",
        "One payment",
        "test_a_bridge_killed_in_the_middle_of_a_post_pays_once",
    ),
    Story(
        1043,
        "The bridge is asked to stop while a POST is on its way",
        "`bridge serve` as a process; Zuora is slow; SIGTERM after the POST arrived.",
        "The payment of D1; another payment while it stops",
        "The first gets its Id, the second the fault SERVER_UNAVAILABLE; exit code 0",
        "One payment",
        "test_a_bridge_told_to_stop_settles_what_it_began",
    ),
    Story(
        1044,
        "Many callers repeat one call at the same moment",
        "One bridge, eight connections.",
        "The same payment of D1 eight times at once",
        "All get the same Id",
        "One payment",
        "test_equal_calls_at_the_same_moment_pay_once",
    ),
)
