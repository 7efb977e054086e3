"""Payments that are made: by SOAP, by REST, from SOAP and JSON callers, in every currency (1 to 22, 1021 to 1024)."""

from __future__ import annotations

from harness import Obj, part, payment
from scenario_objects import D1_WHOLE, PAYMENTS, electronic, memo_share, pays, pays_several, post_memo, posted
from scenario_terms import Call, Err, JsonCall, Ok, Rest, Row, Soap


def item_payment(amount: str, **items: str) -> Obj:
    """A payment of some items of D1, each named by the element that it belongs in."""
    rows = [
        Obj("DebitMemoItemPayment", {"Amount": share, ("TaxItemId" if "t" in name else "DebitMemoItemId"): f"@{name}"})
        for name, share in items.items()
    ]
    memo = Obj("DebitMemoPayment", {"Amount": amount, "DebitMemoId": "@D1", "DebitMemoItemPaymentData": rows})
    return payment(Amount=amount, DebitMemoPaymentData=[memo])


TAX_OF_D1 = Rest(
    PAYMENTS,
    posted(
        "10",
        debitMemos=[{"debitMemoId": "@D1", "amount": "10", "items": [{"taxItemId": "@dt1", "amount": "10"}]}],
    ),
)
D1_AS_JSON = (
    '{"AccountId":"@A","Amount":80,"AppliedInvoiceAmount":80,"EffectiveDate":"2026-02-20","InvoiceId":"@D1",'
    '"PaymentMethodId":"@PMx","Status":"Processed","Type":"External"}'
)

I1_AS_JSON = D1_AS_JSON.replace("80", "100").replace("@D1", "@I1")

ROWS: tuple[Row, ...] = (
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
                [Rest(PAYMENTS, posted("100", debitMemos=memo_share("@D1", "80")))],
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
                    Rest(
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
        11,
        "A single tax item of a debit memo is paid",
        [Call([item_payment("10", dt1="10")], [Ok()], "rest", [TAX_OF_D1])],
        {"D1": "70"},
        ["10 = D1 10"],
        books={"dt1": {"balance": "0"}, "di1": {"balance": "70"}},
        part="a",
    ),
    Row(
        11,
        "The same, said in a custom field that the owner has configured for it",
        [Call([pays("@D1", "10", Items__c="DM00000001/tax:@dt1=10")], [Ok()], "rest", [TAX_OF_D1])],
        {"D1": "70"},
        ["10 = D1 10"],
        given="BRIDGE_ZUORA__DIRECTIVES says that Payment.Items__c means Items.",
        zuora={"directives": {"Payment": {"Items__c": "Items"}}},
        books={"dt1": {"balance": "0"}, "di1": {"balance": "70"}},
        part="b",
    ),
    Row(
        12,
        "The tenant does not settle single items: nothing is sent",
        [Call([item_payment("10", dt1="10")], [Err("INVALID_VALUE", "DebitMemoItemPaymentData", "is off")], "-")],
        zuora={"item_settlement": False},
        given="BRIDGE_ZUORA__ITEM_SETTLEMENT is false.",
    ),
    Row(
        13,
        "A single item of an invoice is paid: over REST, as SOAP knows no items",
        [
            Call(
                [
                    payment(
                        Amount="40",
                        InvoicePaymentData=[
                            Obj(
                                "InvoicePayment",
                                {
                                    "Amount": "40",
                                    "InvoiceId": "@I1",
                                    "InvoiceItemPaymentData": [
                                        part("InvoiceItemPayment", Amount="40", InvoiceItemId="@ii2")
                                    ],
                                },
                            )
                        ],
                    )
                ],
                [Ok()],
                "rest",
                [
                    Rest(
                        PAYMENTS,
                        posted(
                            "40",
                            invoices=[
                                {
                                    "invoiceId": "@I1",
                                    "amount": "40",
                                    "items": [{"invoiceItemId": "@ii2", "amount": "40"}],
                                }
                            ],
                        ),
                    )
                ],
            )
        ],
        {"I1": "60"},
        ["40 = I1 40"],
        books={"ii1": {"balance": "60"}, "ii2": {"balance": "0"}},
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
                    Rest(
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
    Row(
        15,
        "Gateway options of a card payment become an object of names and values",
        [
            Call(
                [
                    electronic(
                        "@D1",
                        "80",
                        Gateway="TestGateway",
                        GatewayOrderId="ERP-7",
                        GatewayOptionData=[part("GatewayOption", name="SecCode", value="WEB")],
                    )
                ],
                [Ok()],
                "rest",
                [
                    Rest(
                        PAYMENTS,
                        {
                            **posted("80", debitMemos=memo_share("@D1", "80")),
                            "type": "Electronic",
                            "paymentMethodId": "@PMc",
                            "gatewayId": "@G1",
                            "gatewayOrderId": "ERP-7",
                            "gatewayOptions": {"SecCode": "WEB"},
                        },
                    )
                ],
                keep="paid",
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        books={"paid": {"gatewayOptions": {"SecCode": "WEB"}, "gatewayOrderId": "ERP-7"}},
    ),
    Row(
        16,
        "Custom and NetSuite fields stand at the top of the JSON, spelled as the caller did",
        [
            Call(
                [pays("@D1", "80", Region__c="EMEA", IntegrationId__NS="ns-4711")],
                [Ok()],
                "rest",
                [post_memo("@D1", "80", Region__c="EMEA", IntegrationId__NS="ns-4711")],
                keep="paid",
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        books={"paid": {"custom": {"Region__c": "EMEA", "IntegrationId__NS": "ns-4711"}}},
    ),
    Row(
        20,
        "The same payment by Actions",
        [
            JsonCall(
                "/v1/action/create",
                f'{{"type":"Payment","objects":[{D1_AS_JSON}]}}',
                '[{"Id":"@made","Success":true}]',
                "rest",
                [post_memo("@D1", "80")],
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        20,
        "An invoice and a debit memo by Actions: one Action under a key for what SOAP could do, then REST",
        [
            JsonCall(
                "/v1/action/create",
                f'{{"type":"Payment","objects":[{I1_AS_JSON},{D1_AS_JSON}]}}',
                '[{"Id":"*","Success":true},{"Id":"*","Success":true}]',
                "action rest",
                [
                    Rest(
                        "/v1/action/create",
                        {
                            "objects": [
                                {
                                    "AccountId": "@A",
                                    "Amount": "100",
                                    "AppliedInvoiceAmount": "100",
                                    "EffectiveDate": "2026-02-20",
                                    "InvoiceId": "@I1",
                                    "PaymentMethodId": "@PMx",
                                    "Status": "Processed",
                                    "Type": "External",
                                }
                            ],
                            "type": "Payment",
                        },
                    ),
                    post_memo("@D1", "80"),
                ],
            )
        ],
        {"I1": "0", "D1": "0"},
        ["100 = I1 100", "80 = D1 80"],
        part="b",
    ),
    Row(
        21,
        "The same payment by CRUD",
        [
            JsonCall(
                "/v1/object/payment",
                D1_AS_JSON,
                '{"Success":true,"Id":"@made"}',
                "rest",
                [post_memo("@D1", "80")],
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        22,
        "CRUD tells an error with status 400",
        [
            JsonCall(
                "/v1/object/payment",
                D1_AS_JSON.replace("@D1", "@D2"),
                '{"Success":false,"Errors":[{"Code":"INVALID_VALUE","Message":"DM00000002 is Draft*"}]}',
                "-",
                status=400,
            )
        ],
    ),
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
)
