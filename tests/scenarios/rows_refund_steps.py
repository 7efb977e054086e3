"""Refunds that take two steps, where the tenant lacks the enhanced write-off permission (87, 88)."""

from __future__ import annotations

from harness import part
from scenario_objects import (
    MEMO_REFUND_OF_60,
    PAYMENTS,
    memo_share,
    pays_several,
    posted,
    refunds,
)
from scenario_terms import Call, Err, Ok, Order, Rest, Row, Switch

FROM_D5 = refunds(
    "@P2", "50", RefundInvoicePaymentData=[part("RefundInvoicePayment", InvoiceId="@D5", RefundAmount="50")]
)
REFUND_OF_50 = {**MEMO_REFUND_OF_60, "totalAmount": "50"}
UNAPPLY = Rest("/v1/payments/@P2/unapply", {"debitMemos": memo_share("@D5", "50")}, method="PUT")
APPLY_AGAIN = Rest("/v1/payments/@P2/apply", {"debitMemos": memo_share("@D5", "50")}, method="PUT")
THEN_REFUND = Rest("/v1/payments/@P2/refunds", REFUND_OF_50)
REFUND_POSTS = {"method": "POST", "path": "/v1/payments/", "body": "totalAmount"}
NO_ENHANCED = Switch("enhancedWriteOff", False)
WITHOUT_ENHANCED = "BRIDGE_ZUORA__ENHANCED_WRITE_OFF is false, as the tenant's permission."

ROWS: tuple[Row, ...] = (
    Row(
        87,
        "Without the enhanced write-off permission the payment is unapplied first, then refunded",
        [NO_ENHANCED, Call([FROM_D5], [Ok()], "rest", [UNAPPLY, THEN_REFUND])],
        {"D5": "50", "P2": "0/30/50"},
        refunds=["50 of P2"],
        zuora={"enhanced_write_off": False},
        given=WITHOUT_ENHANCED,
        part="a",
    ),
    Row(
        87,
        "Without a split the unapplied part gives first, the one document the rest",
        [
            NO_ENHANCED,
            Call(
                [refunds("@P2", "60")],
                [Ok()],
                "rest",
                [
                    Rest("/v1/payments/@P2/unapply", {"debitMemos": memo_share("@D5", "30")}, method="PUT"),
                    Rest("/v1/payments/@P2/refunds", MEMO_REFUND_OF_60),
                ],
            ),
        ],
        {"D5": "30", "P2": "20/0/60"},
        refunds=["60 of P2"],
        zuora={"enhanced_write_off": False},
        given=WITHOUT_ENHANCED,
        part="b",
    ),
    Row(
        87,
        "Without a split and with several documents nobody can tell which of them gives: refused",
        [
            NO_ENHANCED,
            Call(
                [pays_several("40", ("@I1", "10"), ("@D1", "30"))],
                [Ok()],
                "rest",
                [
                    Rest(
                        PAYMENTS,
                        posted(
                            "40",
                            invoices=[{"invoiceId": "@I1", "amount": "10"}],
                            debitMemos=memo_share("@D1", "30"),
                        ),
                    )
                ],
                keep="paid",
            ),
            Call(
                [refunds("@paid", "35")], [Err("INVALID_VALUE", "RefundInvoicePaymentData", "several documents")], "-"
            ),
        ],
        {"I1": "90", "D1": "50"},
        ["40 = I1 10 + D1 30"],
        zuora={"enhanced_write_off": False},
        given=WITHOUT_ENHANCED,
        part="c",
    ),
    Row(
        88,
        "The refund is refused after the payment was unapplied: it is applied again, and the refusal is told",
        [
            NO_ENHANCED,
            Order("refuse", REFUND_POSTS, {"category": 30, "message": "The refund is not allowed by a rule."}),
            Call(
                [FROM_D5],
                [Err("TRANSACTION_FAILED", None, "not allowed by a rule")],
                "rest",
                [UNAPPLY, THEN_REFUND, APPLY_AGAIN],
            ),
        ],
        zuora={"enhanced_write_off": False},
        given=WITHOUT_ENHANCED,
    ),
)
