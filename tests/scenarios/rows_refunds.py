"""Refunds of payments and of credit memos (83 to 106; those of two steps stand apart)."""

from __future__ import annotations

from harness import Obj, part, refund
from scenario_objects import (
    C1_REFUND,
    MEMO_REFUND_OF_60,
    P2_REFUND,
    memo_share,
    pays_several,
    refunds,
    waiting,
)
from scenario_terms import Call, Err, JsonCall, Ok, Page, Relayed, Rest, Row, Soap, Switch

CANCEL_REFUND = Obj("Refund", {"Id": "@refunded", "Status": "Canceled"})
C1_POST = Rest(C1_REFUND, MEMO_REFUND_OF_60)
SELECT_SOURCE = (
    "<ns1:query><ns1:queryString>select Id, SourceType from Refund where Id = '@refunded'</ns1:queryString></ns1:query>"
)

ROWS: tuple[Row, ...] = (
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
                    Rest(
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
        [Call([refunds("@P2", "80")], [Ok()], "rest", [Rest(P2_REFUND, {**MEMO_REFUND_OF_60, "totalAmount": "80"})])],
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
        [Call([refunds("@C1", "60")], [Ok()], "rest", [Rest(C1_REFUND, MEMO_REFUND_OF_60)])],
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
                [Rest(C1_REFUND, MEMO_REFUND_OF_60)],
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
                    Rest(
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
        100,
        "Single items of a credit memo are refunded",
        [
            Call(
                [
                    refunds(
                        "@CQ",
                        "30",
                        CreditMemoItemRefundData=[
                            part("CreditMemoItemRefund", Amount="25", CreditMemoItemId="@cq1"),
                            part("CreditMemoItemRefund", Amount="5", CreditTaxItemId="@ctq1"),
                        ],
                    )
                ],
                [Ok()],
                "rest",
                [
                    Rest(
                        "/v1/credit-memos/@CQ/refund",
                        {
                            **MEMO_REFUND_OF_60,
                            "totalAmount": "30",
                            "items": [
                                {"creditMemoItemId": "@cq1", "amount": "25"},
                                {"creditTaxItemId": "@ctq1", "amount": "5"},
                            ],
                        },
                    )
                ],
            )
        ],
        {"CQ": "30"},
        refunds=["30 of CQ"],
        books={"cq1": {"balance": "25"}, "ctq1": {"balance": "5"}},
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
                    Rest(C1_REFUND, MEMO_REFUND_OF_60),
                    Rest(P2_REFUND, {**MEMO_REFUND_OF_60, "totalAmount": "80"}, place=2),
                ],
            )
        ],
        {"C1": "0", "I4": "45", "P1": "0/0/45", "D5": "50", "P2": "0/0/80"},
        refunds=["60 of C1", "45 of P1", "80 of P2"],
    ),
    Row(
        103,
        "A refund of a credit memo is canceled by SOAP where Zuora's SOAP can",
        [
            Switch("soapCancelsCreditMemoRefunds", True),
            Call([refunds("@C1", "60")], [Ok()], "rest", [C1_POST], keep="refunded"),
            Call([CANCEL_REFUND], [Ok()], "soap", [Soap([0], "update")], op="update"),
        ],
        refunds=["60 of C1, canceled"],
        part="a",
    ),
    Row(
        103,
        "Zuora's SOAP refuses to cancel it: canceled by REST",
        [
            Call([refunds("@C1", "60")], [Ok()], "rest", [C1_POST], keep="refunded"),
            Call(
                [CANCEL_REFUND],
                [Ok()],
                "soap",
                [Soap([0], "update"), Rest("/v1/refunds/@refunded/cancel", method="PUT")],
                op="update",
            ),
        ],
        refunds=["60 of C1, canceled"],
        part="b",
    ),
    Row(
        104,
        "The source of such a refund is read back by SOAP",
        [
            Call([refunds("@C1", "60")], [Ok()], "rest", [C1_POST], keep="refunded"),
            Call(op="query", body=SELECT_SOURCE, told=Relayed(200, ["SourceType>CreditMemo<"])),
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
        part="a",
    ),
    Row(
        104,
        "Answered by REST, the source has the word that the caller's configuration wants",
        [
            Call([refunds("@C1", "60")], [Ok()], "rest", [C1_POST], keep="refunded"),
            Call(op="query", body=SELECT_SOURCE, told=Page([{"Id": "@refunded", "SourceType": "CreditBalance"}])),
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
        settings={**waiting(50, credit_memo_as="CreditBalance"), "routes": {"*.query": "rest"}},
        given="BRIDGE_ROUTES says that queries go by REST; the caller has credit_memo_as CreditBalance.",
        part="b",
    ),
    Row(
        105,
        "A credit memo is refunded by Actions",
        [
            JsonCall(
                "/v1/action/create",
                '{"type":"Refund","objects":[{"Amount":60,"MethodType":"Check","PaymentId":"@C1",'
                '"RefundDate":"2026-02-20","Type":"External"}]}',
                '[{"Id":"@made","Success":true}]',
                "rest",
                [C1_POST],
            )
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
    ),
    Row(
        105,
        "A credit memo is refunded by CRUD",
        [
            JsonCall(
                "/v1/object/refund",
                '{"Amount":60,"MethodType":"Check","PaymentId":"@C1","RefundDate":"2026-02-20","Type":"External"}',
                '{"Success":true,"Id":"@made"}',
                "rest",
                [C1_POST],
            )
        ],
        {"C1": "0"},
        refunds=["60 of C1"],
        part="b",
    ),
    Row(
        106,
        "The same refund again: the first one is read and its Id told",
        [
            Call([refunds("@C1", "60")], [Ok()], "rest", [Rest(C1_REFUND, MEMO_REFUND_OF_60)], keep="first"),
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
)
