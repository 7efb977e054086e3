"""What legacy callers ask of Zuora that Zuora itself can answer: good calls, refused rows, faults, batches.

Each case is the requests of one story, in neutral terms, so that every door can carry it. Amounts are small: all cases
of a version run on the same books. Must not know an answer: Zuora gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from differential_objects import (
    CUSTOM,
    EVERY_NIL,
    SPECIAL,
    back,
    card,
    create,
    delete,
    invoice,
    options,
    pay,
    raw,
    refunds,
    rows,
    splits,
    unapplied,
    update,
)
from differential_steps import NIL, Step

PAYMENTS: Final[Mapping[str, list[Step]]] = {
    "one invoice by id": [create(invoice())],
    "one invoice by number": [create(invoice(InvoiceId=None, InvoiceNumber="INV00000001"))],
    "one invoice by both": [create(invoice(InvoiceNumber="INV00000001"))],
    "an invoice and a rest": [create(invoice(Amount="2", AppliedCreditBalanceAmount="1"))],
    "an invoice and a rest nobody names": [create(invoice(Amount="2"))],
    "several invoices": [create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1"))))],
    "several invoices and their sum": [
        create(pay(Amount="2", AppliedInvoiceAmount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1"))))
    ],
    "several invoices and a rest": [
        create(pay(Amount="3", AppliedCreditBalanceAmount="1", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1"))))
    ],
    "one row": [create(pay(InvoicePaymentData=rows(("@I1", "1"))))],
    "no document": [create(unapplied())],
    "two decimals": [create(unapplied("1.25"))],
    "trailing zeros": [create(unapplied("1.50"))],
    "a plus and zeros": [create(unapplied("+01.50"))],
    "spaces around an amount": [create(unapplied(" 1 "))],
    "no leading zero": [create(unapplied(".5"))],
    "yen": [create(unapplied("10", AccountId="@J"))],
    "dinars": [create(unapplied("1.125", AccountId="@K"))],
    "every text": [
        create(
            unapplied(
                AccountingCode="1000",
                AuthTransactionId="auth",
                Comment=SPECIAL,
                GatewayOrderId="order",
                ReferenceId=SPECIAL[:20],
                SoftDescriptor="soft",
                SoftDescriptorPhone="123",
            )
        )
    ],
    "spaces in texts": [create(unapplied(Comment="  two  spaces  ", ReferenceId=" r "))],
    "longest reference": [create(unapplied(ReferenceId="R" * 60))],
    "longest order id": [create(unapplied(GatewayOrderId="G" * 70))],
    "longest comment": [create(unapplied(Comment="C" * 255))],
    "custom fields": [create(unapplied(**CUSTOM))],
    "custom fields Zuora lacks": [create(unapplied(Nothing__c="x", Nothing__NS="y"))],
    "fields that are read only": [
        create(unapplied(CreatedById="@A", PaymentNumber="P-9", RefundAmount="5", Source="API", GatewayState="Settled"))
    ],
    "second reference": [create(unapplied(SecondPaymentReferenceId="second"))],
    "every field nil": [create({**EVERY_NIL, **unapplied()})],
    "empty texts": [create(unapplied(ReferenceId="", Gateway="", InvoiceId="", Comment="given"))],
    "unknown fields": [create(unapplied(Nonsense="x", accountId="y", amount="9"))],
    "a name in the wrong case": [create(unapplied(Amount=None, amount="1"))],
    "fields to null on create": [create(unapplied(fieldsToNull=["Comment", "Region__c"]))],
    "currency of the account": [create(unapplied(Currency="USD"))],
    "another currency": [create(unapplied(Currency="EUR"))],
    "electronic": [create(card())],
    "electronic on an invoice": [create(invoice(Type="Electronic", PaymentMethodId="@PMc"))],
    "electronic by a gateway": [create(card(Gateway="TestGateway"))],
    "electronic with options": [create(card(GatewayOptionData=options(CVV="123", Order="x")))],
    "a declined card": [create(card(GatewayOptionData=options(decline="true")))],
    "an inactive gateway": [create(card(Gateway="RetiredGateway"))],
    "an unknown gateway": [create(card(Gateway="Nowhere"))],
    "a check by an inactive gateway": [create(invoice(Gateway="RetiredGateway"))],
    "an invoice for which nothing is applied": [create(unapplied(InvoiceId="@I1"))],
    "an order id twice": [create(card(GatewayOrderId="twice")), create(card(GatewayOrderId="twice", Comment="again"))],
    "yesterday": [create(unapplied(EffectiveDate="2026-02-19"))],
    "tomorrow": [create(unapplied(EffectiveDate="2026-02-21"))],
    "a closed period": [create(unapplied(EffectiveDate="2020-01-01"))],
    "a date with an offset": [create(unapplied(EffectiveDate="2026-02-20Z"))],
    "a closed account": [create(unapplied(AccountId="@X"))],
    "a card of another account": [create(card(AccountId="@Q"))],
    "a check for a card": [create(card(PaymentMethodId="@PMx"))],
    "a draft": [create(unapplied(Status="Draft"))],
    "an unknown status": [create(unapplied(Status="processed"))],
    "an unknown type": [create(unapplied(Type="external"))],
    "an unknown account": [create(unapplied(AccountId="0" * 32))],
    "an id that is none": [create(unapplied(AccountId="not an id"))],
    "an invoice id that is none": [create(invoice("INV00000001"))],
    "an id in digits": [create(unapplied(AccountId="12345"))],
    "an unknown method": [create(unapplied(PaymentMethodId="0" * 32))],
    "an amount of zero": [create(unapplied("0"))],
    "a negative amount": [create(unapplied("-1"))],
    "an amount that is none": [create(unapplied("one"))],
    "an amount of many decimals": [create(unapplied("1.005"))],
    "half a yen": [create(unapplied("1.5", AccountId="@J"))],
    "a huge amount": [create(unapplied("99999999999999999999"))],
    "a sum that is wrong": [create(invoice(Amount="3", AppliedCreditBalanceAmount="1"))],
    "more applied than paid": [create(invoice(AppliedInvoiceAmount="2"))],
    "an applied amount without an invoice": [create(unapplied(AppliedInvoiceAmount="1"))],
    "an invoice without an applied amount": [create(invoice(AppliedInvoiceAmount=None))],
    "neither an invoice nor a rest": [create(pay())],
    "a negative rest": [create(pay(AppliedCreditBalanceAmount="-1"))],
    "a draft invoice": [create(invoice("@I3"))],
    "a settled invoice": [create(invoice("@I4"))],
    "more than the balance": [create(invoice(Amount="5000", AppliedInvoiceAmount="5000"))],
    "an invoice of another account": [create(invoice("@IQ"))],
    "an unknown invoice": [create(invoice("0" * 32))],
    "an unknown number": [create(invoice(InvoiceId=None, InvoiceNumber="INV99999999"))],
    "id and number of two invoices": [create(invoice(InvoiceNumber="INV00000002"))],
    "an invoice and rows": [create(invoice(InvoicePaymentData=rows(("@I1", "1"))))],
    "a row without an invoice": [create(pay(InvoicePaymentData=[{"Amount": "1"}]))],
    "a row without an amount": [create(pay(InvoicePaymentData=[{"InvoiceId": "@I1"}]))],
    "rows of one invoice": [create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I1", "1"))))],
    "rows that are too much": [create(pay(InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1"))))],
    "rows and another sum": [
        create(pay(Amount="2", AppliedInvoiceAmount="1", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1"))))
    ],
    "an unknown invoice in a row": [create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("0" * 32, "1"))))],
    "201 rows": [create(pay(Amount="201", InvoicePaymentData=rows(*[("@I1", "1")] * 201)))],
    "no rows": [create(unapplied(InvoicePaymentData=[]))],
    "a long comment": [create(unapplied(Comment="C" * 256))],
    "a long reference": [create(unapplied(ReferenceId="R" * 61))],
    "a long order id": [create(unapplied(GatewayOrderId="G" * 71))],
    "a long auth id": [create(unapplied(AuthTransactionId="A" * 51))],
    "a long descriptor": [create(unapplied(SoftDescriptor="S" * 36))],
    "a custom number that is none": [create(unapplied(Amount__c="much"))],
    "a custom boolean that is none": [create(unapplied(Approved__c="maybe"))],
    "a long custom text": [create(unapplied(Region__c="R" * 256))],
    **{
        f"no {name}": [create({each: value for each, value in unapplied().items() if each != name})]
        for name in ("AccountId", "Amount", "EffectiveDate", "PaymentMethodId", "Status", "Type")
    },
    "nothing at all": [create({})],
    "a date that is none": [create(unapplied(EffectiveDate="soon"))],
    "the 30th of February": [create(unapplied(EffectiveDate="2026-02-30"))],
}

REFUNDS: Final[Mapping[str, list[Step]]] = {
    "of an invoice payment, in part": [create(invoice(amount="3")), refunds(back())],
    "of an invoice payment, whole": [create(invoice(amount="3")), refunds(back(amount="3"))],
    "of an unapplied payment": [create(unapplied("3")), refunds(back(amount="2")), refunds(back(Comment="the rest"))],
    "of two invoices, split": [
        create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1")))),
        refunds(back(RefundInvoicePaymentData=splits(("@I2", "1")))),
    ],
    "of two invoices, unsplit": [
        create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1")))),
        refunds(back()),
    ],
    "of two invoices, whole": [
        create(pay(Amount="2", InvoicePaymentData=rows(("@I1", "1"), ("@I2", "1")))),
        refunds(back(amount="2")),
    ],
    "of a rest first": [
        create(invoice(Amount="3", AppliedInvoiceAmount="1", AppliedCreditBalanceAmount="2")),
        refunds(back(amount="2")),
    ],
    "too much": [create(unapplied("1")), refunds(back(amount="2"))],
    "twice": [create(unapplied("1")), refunds(back()), refunds(back(Comment="again"))],
    "electronic": [create(card()), refunds(back(Type="Electronic", MethodType=None, RefundDate=None))],
    "electronic with a date": [create(card()), refunds(back(Type="Electronic", MethodType=None))],
    "electronic with a method type": [create(card()), refunds(back(Type="Electronic", RefundDate=None))],
    "electronic of a check": [create(unapplied()), refunds(back(Type="Electronic", MethodType=None))],
    "external of a card": [create(card()), refunds(back())],
    "declined": [
        create(card()),
        refunds(back(Type="Electronic", MethodType=None, GatewayOptionData=options(decline="true"))),
    ],
    "every text": [
        create(unapplied("1")),
        refunds(
            back(
                Comment=SPECIAL,
                ReasonCode="Standard Refund",
                SoftDescriptor="soft",
                SoftDescriptorPhone="123",
                SourceType="Payment",
            )
        ),
    ],
    "custom fields": [create(unapplied()), refunds(back(**CUSTOM, SynctoNetSuite__NS="Yes"))],
    "references": [create(unapplied()), refunds(back(ReferenceID="ref-1", SecondRefundReferenceId="ref-2"))],
    "references of one field": [create(unapplied()), refunds(back(ReferenceID="ref-3"))],
    "with an account": [create(unapplied()), refunds(back(AccountId="@A"))],
    "with another account": [create(unapplied()), refunds(back(AccountId="@B"))],
    "with a method": [create(unapplied()), refunds(back(PaymentMethodId="@PMx"))],
    "before the payment": [create(unapplied()), refunds(back(RefundDate="2026-02-19"))],
    "in a closed period": [create(unapplied()), refunds(back(RefundDate="2020-01-01"))],
    "without a date": [create(unapplied()), refunds(back(RefundDate=None))],
    "fields nil": [
        create(unapplied()),
        refunds({**dict.fromkeys(("AccountId", "Gateway", "Id", "ReasonCode", "CancelledOn"), NIL), **back()}),
    ],
    "unknown fields": [create(unapplied()), refunds(back(Nonsense="x", amount="9", ReferenceId="r"))],
    "of nothing": [refunds(back("0" * 32))],
    "of an id that is none": [refunds(back("P-00000001"))],
    "of a payment by a wrong method": [create(unapplied()), refunds(back(MethodType="Cheque"))],
    "of an unknown type": [create(unapplied()), refunds(back(Type="external"))],
    "of an unknown source": [create(unapplied()), refunds(back(SourceType="Whatever"))],
    "of zero": [create(unapplied()), refunds(back(amount="0"))],
    "of less than nothing": [create(unapplied()), refunds(back(amount="-1"))],
    "of an amount that is none": [create(unapplied()), refunds(back(amount="one"))],
    "an unknown reason": [create(unapplied()), refunds(back(ReasonCode="Because"))],
    "a long comment": [create(unapplied()), refunds(back(Comment="C" * 256))],
    "a split that is wrong": [
        create(invoice(amount="2")),
        refunds(back(amount="2", RefundInvoicePaymentData=splits(("@I1", "1")))),
    ],
    "a split of another invoice": [
        create(invoice(amount="2")),
        refunds(back(RefundInvoicePaymentData=splits(("@I2", "1")))),
    ],
    "a split without an amount": [
        create(invoice(amount="2")),
        refunds(back(RefundInvoicePaymentData=[{"InvoiceId": "@I1"}])),
    ],
    "a split without an invoice": [
        create(invoice(amount="2")),
        refunds(back(RefundInvoicePaymentData=[{"RefundAmount": "1"}])),
    ],
    **{
        f"no {name}": [
            create(unapplied()),
            refunds({each: value for each, value in back().items() if each != name}),
        ]
        for name in ("Amount", "MethodType", "PaymentId", "Type")
    },
    "nothing at all": [refunds({})],
    "a date that is none": [create(unapplied()), refunds(back(RefundDate="soon"))],
}

CHANGES: Final[Mapping[str, list[Step]]] = {
    "an accounting code": [create(unapplied()), update(AccountingCode="2000")],
    "transferred": [create(unapplied()), update(TransferredToAccounting="Yes")],
    "transferred to nowhere": [create(unapplied()), update(TransferredToAccounting="No")],
    "custom fields": [create(unapplied()), update(**CUSTOM), update(Region__c="US")],
    "custom fields Zuora lacks": [create(unapplied()), update(Nothing__c="x")],
    "a custom number that is none": [create(unapplied()), update(Amount__c="much")],
    "custom fields to null": [
        create(unapplied(**CUSTOM)),
        update(fieldsToNull=["Region__c", "Amount__c"], Approved__c="false"),
    ],
    "an accounting code to null": [create(unapplied(AccountingCode="1000")), update(fieldsToNull=["AccountingCode"])],
    "an unknown field to null": [create(unapplied()), update(fieldsToNull=["Nonsense"])],
    "a field to null that cannot be": [create(unapplied()), update(fieldsToNull=["Amount"])],
    "what cannot be changed": [create(unapplied()), update(Comment="new", Amount="9", ReferenceId="new")],
    "nothing": [create(unapplied()), update()],
    "fields nil": [create(unapplied()), update(AccountingCode=NIL, Comment=NIL, Status=NIL, Region__c="EU")],
    "canceled": [create(unapplied()), update(Status="Canceled")],
    "an invoice payment canceled": [create(invoice()), update(Status="Canceled")],
    "canceled twice": [create(unapplied()), update(Status="Canceled"), update(Status="Canceled")],
    "canceled and booked": [create(unapplied()), update(Status="Canceled", AccountingCode="2000")],
    "canceled after a refund": [create(unapplied("2")), refunds(back()), update(Status="Canceled")],
    "canceled after a transfer": [
        create(unapplied()),
        update(TransferredToAccounting="Yes"),
        update(Status="Canceled"),
    ],
    "voided": [create(card()), update(Status="Voided")],
    "a card canceled": [create(card()), update(Status="Canceled")],
    "a check voided": [create(unapplied()), update(Status="Voided")],
    "a status that is none": [create(unapplied()), update(Status="Gone")],
    "the status it has": [create(unapplied()), update(Status="Processed", AccountingCode="2000")],
    "an unknown payment": [update("0" * 32, AccountingCode="2000")],
    "an unknown payment canceled": [update("0" * 32, Status="Canceled")],
    "an id that is none": [update("P-00000001", AccountingCode="2000")],
    "no id": [Step("update", "Payment", ({"AccountingCode": "2000"},))],
    "deleted": [create(unapplied()), update(Status="Canceled"), delete("$1")],
    "deleted while it stands": [create(unapplied()), delete("$1")],
    "deleted twice": [create(unapplied()), update(Status="Canceled"), delete("$1"), delete("$1")],
    "an unknown payment deleted": [delete("0" * 32)],
    "some deleted": [
        create(unapplied(), unapplied("2")),
        update("$2", Status="Canceled"),
        delete("$1", "$2", "0" * 32),
    ],
    "an id twice in a delete": [create(unapplied()), update(Status="Canceled"), delete("$1", "$1")],
    "an id that is none deleted": [delete("P-00000001")],
    "a refund's reason": [create(unapplied()), refunds(back()), update("$2", "Refund", ReasonCode="Chargeback")],
    "a refund's reason to null": [
        create(unapplied()),
        refunds(back(ReasonCode="Chargeback")),
        update("$2", "Refund", fieldsToNull=["ReasonCode"]),
    ],
    "a refund booked": [create(unapplied()), refunds(back()), update("$2", "Refund", TransferredToAccounting="Yes")],
    "a refund's custom fields": [create(unapplied()), refunds(back()), update("$2", "Refund", **CUSTOM)],
    "a refund canceled": [create(unapplied()), refunds(back()), update("$2", "Refund", Status="Canceled")],
    "a refund canceled twice": [
        create(unapplied()),
        refunds(back()),
        update("$2", "Refund", Status="Canceled"),
        update("$2", "Refund", Status="Canceled"),
    ],
    "a refund's status that is none": [
        create(unapplied()),
        refunds(back()),
        update("$2", "Refund", Status="Error"),
    ],
    "a refund deleted": [
        create(unapplied()),
        refunds(back()),
        update("$2", "Refund", Status="Canceled"),
        delete("$2", kind="Refund"),
    ],
    "a refund deleted while it stands": [create(unapplied()), refunds(back()), delete("$2", kind="Refund")],
    "an unknown refund": [update("0" * 32, "Refund", ReasonCode="Chargeback")],
    "an unknown refund deleted": [delete("0" * 32, kind="Refund")],
}

BATCHES: Final[Mapping[str, list[Step]]] = {
    "some fail": [
        create(invoice(), unapplied("0"), unapplied(), invoice("0" * 32), unapplied(Type="x"), unapplied("2")),
    ],
    "all fail": [create(unapplied("0"), unapplied(Type="x"), invoice("@I3"))],
    "equal objects": [create(unapplied(), unapplied(), unapplied())],
    "one invoice, several payments": [create(invoice(), invoice(), invoice(Amount="2", AppliedInvoiceAmount="2"))],
    "the last does not fit": [create(invoice("@I2"), invoice("@I2", "5000"), invoice("@I2"))],
    "fifty": [create(*[unapplied(ReferenceId=f"R-{place}") for place in range(50)])],
    "fifty, some fail": [create(*[unapplied("0" if place % 7 == 3 else "1") for place in range(50)])],
    "fifty-one": [create(*[unapplied()] * 51)],
    "fifty-one ids": [delete(*["0" * 32] * 51)],
    "none": [create()],
    "none to update": [Step("update", "Payment")],
    "none to delete": [delete()],
    "updates": [
        create(unapplied(), card()),
        Step(
            "update",
            "Payment",
            (
                {"Id": "$1", "Status": "Canceled"},
                {"Id": "$2", "Region__c": "EU"},
                {"Id": "0" * 32, "Region__c": "EU"},
                {"Id": "$1", "AccountingCode": "3"},
                {"Region__c": "EU"},
            ),
        ),
    ],
    "refunds": [
        create(unapplied("5")),
        refunds(back(), back(amount="9"), back(Type="x"), back(amount="2"), back("0" * 32)),
    ],
    "one transaction": [create(unapplied(), unapplied("2"), single=True)],
    "one transaction that fails": [create(unapplied(), unapplied("0"), unapplied(), single=True)],
    "an amount that is none among others": [create(unapplied(), unapplied("one"))],
    "an id that is none among others": [create(unapplied(), unapplied(AccountId="none"))],
    "a date that is none among others": [create(unapplied(), unapplied(EffectiveDate="2026-02-20T09:30:00-08:00"))],
}

FAULTS: Final[Mapping[str, list[Step]]] = {
    "no session": [create(unapplied(), session="")],
    "another session": [create(unapplied(), session="nobody's")],
    "another type": [create({"Name": "x"}, kind="Nothing")],
    "an invoice created": [create({"AccountId": "@A"}, kind="Invoice")],
    "an account created": [create({"Name": "x", "AccountNumber": "N-1", "Currency": "USD"}, kind="Account")],
    "an account changed": [Step("update", "Account", ({"Id": "@A", "Notes": "new"},))],
    "an account deleted": [delete("@A", kind="Account")],
    "mixed types": [
        raw(
            '<ns1:create><ns1:zObjects xsi:type="ns2:Payment"><ns2:Amount>1</ns2:Amount></ns1:zObjects>'
            '<ns1:zObjects xsi:type="ns2:Refund"><ns2:Amount>1</ns2:Amount></ns1:zObjects></ns1:create>'
        )
    ],
    "no type": [raw("<ns1:create><ns1:zObjects><ns2:Amount>1</ns2:Amount></ns1:zObjects></ns1:create>")],
    "a nil object": [raw('<ns1:create><ns1:zObjects xsi:type="ns2:Payment" xsi:nil="true"/></ns1:create>')],
    "a nil object without a type": [raw('<ns1:create><ns1:zObjects xsi:nil="1"/></ns1:create>')],
    "an undeclared prefix": [raw('<ns1:create><ns1:zObjects xsi:type="ns9:Payment"/></ns1:create>')],
    "fields to null behind the id": [
        raw(
            '<ns1:update><ns1:zObjects xsi:type="ns2:Payment"><ns2:Id>@P1</ns2:Id>'
            "<ns2:fieldsToNull>Comment</ns2:fieldsToNull></ns1:zObjects></ns1:update>"
        )
    ],
    "an unknown operation": [raw("<ns1:frobnicate/>")],
    "nothing in the body": [raw("")],
    "who am I": [raw("<ns1:getUserInfo/>")],
    "a wrong login": [
        raw("<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>x</ns1:password></ns1:login>")
    ],
    "a login in the wrong order": [
        raw("<ns1:login><ns1:password>demo</ns1:password><ns1:username>x</ns1:username></ns1:login>")
    ],
}

CASES: Final[Mapping[str, list[Step]]] = {
    f"{word}: {name}": steps
    for word, group in (
        ("payment", PAYMENTS),
        ("refund", REFUNDS),
        ("change", CHANGES),
        ("batch", BATCHES),
        ("fault", FAULTS),
    )
    for name, steps in group.items()
}
