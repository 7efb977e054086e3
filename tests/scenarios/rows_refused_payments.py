"""Payments that Zuora or the bridge refuses, and what a gateway does not say clearly (23 to 40)."""

from __future__ import annotations

from dataclasses import replace

from scenario_objects import (
    D1_WHOLE,
    IMPATIENT,
    IN_DOUBT,
    NOTHING,
    PAYMENTS,
    POSTS,
    electronic,
    memo_share,
    pays,
    post_memo,
    posted,
    waiting,
)
from scenario_terms import Advance, Call, Err, Ok, Order, Rest, Row, Silence, Soap, Switch

CARD_ON_D1 = electronic("@D1", "80", Gateway="TestGateway", GatewayOrderId="ERP-7")
CARD_POST = Rest(
    PAYMENTS,
    {
        **posted("80", debitMemos=memo_share("@D1", "80")),
        "type": "Electronic",
        "paymentMethodId": "@PMc",
        "gatewayId": "@G1",
        "gatewayOrderId": "ERP-7",
    },
    "one key",
)
TEMPORARY_NUMBER = [
    "GET /v1/invoices/TMP-DM-00001",
    "GET /v1/debit-memos/TMP-DM-00001",
    "GET /v1/credit-memos/TMP-DM-00001",
]
LONG_ENOUGH = 900
"""Seconds after which Zuora has certainly ended with a request and shows what came of it."""

ROWS: tuple[Row, ...] = (
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
                [Rest(PAYMENTS, posted("100", debitMemos=memo_share("@D1", "80")))],
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
        29,
        "A closed accounting period: Zuora's refusal, with the code that says so",
        [
            Call(
                [pays("@D1", "80", EffectiveDate="2025-12-15")],
                [Err("ACCOUNTING_PERIOD_CLOSED", "EffectiveDate", "Accounting Period")],
                "rest",
                [post_memo("@D1", "80", effectiveDate="2025-12-15")],
            )
        ],
        part="a",
    ),
    Row(
        29,
        "A closed accounting period, told to a caller whose version lacks that code",
        [
            Call(
                [pays("@D1", "80", EffectiveDate="2025-12-15T00:00:00-08:00")],
                [Err("INVALID_VALUE", "EffectiveDate", "Accounting Period")],
                "rest",
                [post_memo("@D1", "80", effectiveDate="2025-12-15")],
                version="28.0",
            )
        ],
        part="b",
    ),
    Row(
        30,
        "A back-dated payment in an open period keeps its date",
        [
            Call(
                [pays("@D1", "80", EffectiveDate="2026-02-10")],
                [Ok()],
                "rest",
                [post_memo("@D1", "80", effectiveDate="2026-02-10")],
                keep="paid",
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        books={"paid": {"effectiveDate": "2026-02-10"}},
        part="a",
    ),
    Row(
        30,
        "Where the tenant takes no other day than today, a back-dated payment is refused, never moved to today",
        [
            Switch("externalDateMustBeToday", True),
            Call(
                [pays("@D1", "80", EffectiveDate="2026-02-10")],
                [Err("INVALID_VALUE", "EffectiveDate")],
                "rest",
                [post_memo("@D1", "80", effectiveDate="2026-02-10")],
            ),
        ],
        part="b",
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
        36,
        "The gateway declines and Zuora keeps the payment in status Error: its Id is told, the ERP reads the status",
        [
            Order("decline", POSTS),
            Call([CARD_ON_D1], [Ok()], "rest", [CARD_POST], keep="paid"),
        ],
        payments=["80 = error"],
        books={"paid": {"status": "Error", "gatewayOrderId": "ERP-7"}},
        part="a",
    ),
    Row(
        36,
        "The gateway declines and Zuora answers as for a success: its Id is told likewise",
        [
            Order("decline_200", POSTS),
            Call([CARD_ON_D1], [Ok()], "rest", [CARD_POST]),
        ],
        payments=["80 = error"],
        part="b",
    ),
    Row(
        36,
        "The gateway declines and Zuora keeps nothing: unknown at first, and after proved absence a new attempt",
        [
            Order("decline_unkept", POSTS),
            Call([CARD_ON_D1], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "rest", [CARD_POST] * 3),
            Advance(LONG_ENOUGH),
            Call([CARD_ON_D1], [Ok()], "rest", [replace(CARD_POST, key="another key")]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=waiting(4),
        given="The caller waits four seconds.",
        part="c",
    ),
    Row(
        37,
        "The gateway does not answer but the payment is there: found by its gateway order id",
        [
            Order("gateway_timeout_kept", POSTS),
            Call([CARD_ON_D1], [Ok()], "rest", [CARD_POST]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        part="a",
    ),
    Row(
        37,
        "The gateway does not answer and nothing is found: unknown",
        [
            Order("gateway_timeout", POSTS),
            Call([CARD_ON_D1], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "rest", [CARD_POST]),
        ],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="b",
    ),
    Row(
        37,
        "The same below 60: HTTP 504 without an envelope",
        [
            Order("gateway_timeout", POSTS),
            Call(
                [CARD_ON_D1.but(EffectiveDate="2026-02-20T00:00:00-08:00")],
                Silence(),
                "rest",
                [CARD_POST],
                version="50.0",
            ),
        ],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="c",
    ),
    Row(
        38,
        "The bridge's own user may not create payments in Zuora",
        [Call([D1_WHOLE], [Err("NO_PERMISSION")], "rest", [post_memo("@D1", "80")])],
        zuora={"client_id": "viewer-client", "client_secret": "viewer-secret"},
        given="The bridge's OAuth client may only read.",
        part="a",
    ),
    Row(
        38,
        "The same for a caller whose version lacks the code",
        [
            Call(
                [D1_WHOLE.but(EffectiveDate="2026-02-20T00:00:00-08:00")],
                [Err("UNKNOWN_ERROR", None, "NO_PERMISSION")],
                "rest",
                [post_memo("@D1", "80")],
                version="20.0",
            )
        ],
        zuora={"client_id": "viewer-client", "client_secret": "viewer-secret"},
        given="The bridge's OAuth client may only read.",
        part="b",
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
    Row(
        40,
        "A temporary number is not found, so the payment is forwarded; nothing is remembered of it",
        [
            Call(
                [pays("", "10", InvoiceId=None, InvoiceNumber="TMP-DM-00001")],
                [Err("INVALID_VALUE", None, "invoice")],
                "soap",
                [Soap([0])],
                reads=["getUserInfo", "GET /v1/sequence-sets", *TEMPORARY_NUMBER],
            ),
            Call(
                [pays("", "10", InvoiceId=None, InvoiceNumber="TMP-DM-00001")],
                [Err("INVALID_VALUE", None, "invoice")],
                "soap",
                [Soap([0])],
                reads=TEMPORARY_NUMBER,
            ),
        ],
    ),
)
