"""What SOAP create, update and delete do to the books, and what they refuse."""

import pytest
from sandbox_clients import Client, written, zobject

from bridge.sandbox import SandboxThread


def amounts(client: Client, kind: str, name: str, *fields: str) -> tuple[str, ...]:
    """Read fields of one object of the books."""
    found = client.find(kind, name)
    return tuple(found[field] for field in fields)


PAID = ("status", "amount", "appliedAmount", "unappliedAmount", "refundAmount")


def test_a_payment_settles_an_invoice_by_id_or_by_number(client: Client) -> None:
    """Both ways to name one invoice reach the same balance."""
    by_id = client.soap_payment(Amount="60", InvoiceId=client.names["I1"], AppliedInvoiceAmount="60")
    by_number = client.soap_payment(Amount="40", InvoiceNumber="INV00000001", AppliedInvoiceAmount="40")
    reply = client.write("create", "Payment", by_id, by_number)
    assert amounts(client, "payments", reply.rows[0], *PAID) == ("Processed", "60", "60", "0", "0")
    assert amounts(client, "invoices", "I1", "balance") == ("0",)


def test_several_invoices_in_one_payment(client: Client) -> None:
    """InvoicePaymentData splits one payment over invoices; other children are ignored."""
    names = client.names
    data = "".join(
        f"<a:InvoicePayment><o:Amount>{amount}</o:Amount><o:InvoiceId>{names[name]}</o:InvoiceId></a:InvoicePayment>"
        for name, amount in (("I1", 100), ("I2", 20))
    )
    payment = client.soap_payment(Amount="120", InvoicePaymentData=f"{data}<a:Other/>")
    old = client.write("create", "Payment", payment, version="63.0")
    assert old.fault[0] == "soapenv:Server"
    payment["EffectiveDate"] = "2026-02-20T12:00:00"
    assert client.write("create", "Payment", payment, version="63.0").rows == ["MISSING_REQUIRED_VALUE"]
    reply = client.write("create", "Payment", payment, version="64.0")
    assert amounts(client, "payments", reply.rows[0], *PAID) == ("Processed", "120", "120", "0", "0")
    assert amounts(client, "invoices", "I2", "balance") == ("0",)


def test_the_credit_balance_amount_is_the_unapplied_amount(client: Client) -> None:
    """With Invoice Settlement AppliedCreditBalanceAmount says what stays unapplied."""
    over = client.soap_payment(
        Amount="120", InvoiceId=client.names["I1"], AppliedInvoiceAmount="100", AppliedCreditBalanceAmount="20"
    )
    reply = client.write("create", "Payment", over)
    assert amounts(client, "payments", reply.rows[0], *PAID) == ("Processed", "120", "100", "20", "0")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Type": ""}, "MISSING_REQUIRED_VALUE", "Missing required value: Type"),
        ({"AccountId": ""}, "MISSING_REQUIRED_VALUE", "Missing required value: AccountId"),
        ({"Amount": ""}, "MISSING_REQUIRED_VALUE", "Missing required value: Amount"),
        ({"EffectiveDate": ""}, "MISSING_REQUIRED_VALUE", "Missing required value: EffectiveDate"),
        ({"Status": ""}, "MISSING_REQUIRED_VALUE", "Missing required value: Status"),
        ({"Status": "Draft"}, "INVALID_VALUE", "status Draft"),
        ({"Type": "external"}, "INVALID_VALUE", "type external"),
        ({"Amount": "0"}, "INVALID_VALUE", "Amount"),
        ({"Amount": "-5"}, "INVALID_VALUE", "Amount"),
        ({"Amount": "30.001"}, "INVALID_VALUE", "Amount"),
        ({"InvoiceId": "D1"}, "INVALID_VALUE", "The invoice id is invalid."),
        ({"InvoiceId": "C1"}, "INVALID_VALUE", "The invoice id is invalid."),
        ({"InvoiceId": "f" * 32}, "INVALID_VALUE", "The invoice id is invalid."),
        ({"InvoiceId": "I3"}, "INVALID_VALUE", "not posted"),
        ({"InvoiceNumber": "DM00000001"}, "INVALID_VALUE", "invoice number DM00000001"),
        ({"InvoiceId": "I1", "AppliedInvoiceAmount": ""}, "MISSING_REQUIRED_VALUE", "AppliedInvoiceAmount"),
        ({"InvoiceId": "I2"}, "INVALID_VALUE", "greater than the balance 20"),
        ({"AccountId": "B"}, "INVALID_VALUE", "does not belong to the account"),
        ({"AccountId": "X"}, "INVALID_VALUE", "canceled"),
        ({"AccountId": "f" * 32}, "INVALID_ID", "The account id is invalid."),
        ({"PaymentMethodId": "f" * 32}, "INVALID_ID", "The payment method id is invalid."),
        ({"PaymentMethodId": "PMc"}, "INVALID_VALUE", "cannot be used for External"),
        ({"EffectiveDate": "2025-12-31"}, "ACCOUNTING_PERIOD_CLOSED", "The Accounting Period is closed and no changes"),
        ({"EffectiveDate": "2026-02-20T00:00:00"}, "INVALID_VALUE", "EffectiveDate must be a date"),
        ({"AppliedInvoiceAmount": "31"}, "INVALID_VALUE", "not the sum"),
        ({"AppliedCreditBalanceAmount": "1"}, "INVALID_VALUE", "not the sum"),
        ({"AppliedCreditBalanceAmount": "-1"}, "INVALID_VALUE", "AppliedCreditBalanceAmount"),
        ({"InvoiceId": ""}, "MISSING_REQUIRED_VALUE", "InvoiceId"),
        ({"Comment": "x" * 256}, "INVALID_VALUE", "Comment"),
    ],
)
def test_a_wrong_payment_is_refused_as_a_row(client: Client, change: dict[str, str], code: str, message: str) -> None:
    """Each demand of the object reference has its row error, and nothing moves."""
    before = client.ledger()
    fields = client.soap_payment(Amount="30", AppliedInvoiceAmount="30", InvoiceId=client.names["I1"])
    if "InvoiceNumber" in change:
        del fields["InvoiceId"]
    fields |= {name: client.names.get(value, value) for name, value in change.items()}
    reply = client.write("create", "Payment", {name: value for name, value in fields.items() if value})
    assert reply.rows == [code]
    assert message in reply.messages[0]
    after = client.ledger()
    assert {**after, "now": ""} == {**before, "now": ""}


def test_the_code_for_a_missing_payment_method_changed_with_version_121(client: Client) -> None:
    """Below 121 UNKNOWN_ERROR, from 121 INVALID_VALUE."""
    fields = client.soap_payment(AppliedCreditBalanceAmount="30", PaymentMethodId="")
    assert client.write("create", "Payment", fields, version="120.0").rows == ["UNKNOWN_ERROR"]
    assert client.write("create", "Payment", fields, version="121.0").rows == ["INVALID_VALUE"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("Amount", "abc", "Invalid value abc for type decimal"),
        ("Amount", "NaN", "Invalid value NaN for type decimal"),
        ("InvoiceId", "DM00000001", "Id is invalid"),
        ("EffectiveDate", "tomorrow", "Invalid value tomorrow for type date"),
    ],
)
def test_a_value_that_is_not_lexical_faults_the_whole_call(
    client: Client, field: str, value: str, message: str
) -> None:
    """The engine fails before any object is looked at."""
    good = client.soap_payment(AppliedCreditBalanceAmount="30")
    reply = client.write("create", "Payment", good, good | {field: value})
    assert (reply.status, reply.fault) == (500, ("soapenv:Server", "", message))
    assert len(client.ledger()["payments"]) == 3


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-02-20T23:30:00-08:00", "2026-02-20"),
        ("2026-02-21T07:30:00Z", "2026-02-20"),
        ("2026-02-20T23:30:00", "2026-02-20"),
        ("2026-02-20T08:30:00.123+00:00", "2026-02-20"),
    ],
)
def test_below_69_a_date_field_takes_a_date_time_in_the_tenant_zone(client: Client, sent: str, day: str) -> None:
    """The calendar day is that of the tenant's zone."""
    fields = client.soap_payment(AppliedCreditBalanceAmount="30", EffectiveDate=sent)
    reply = client.write("create", "Payment", fields, version="60.0")
    assert client.find("payments", reply.rows[0])["effectiveDate"] == day


def test_below_69_a_bare_date_trips_the_engine(client: Client) -> None:
    """The recorded text, misspelt as recorded."""
    reply = client.write("create", "Payment", client.soap_payment(), version="60.0")
    assert reply.fault[2] == "date string can not be less than 19 charactors"


def test_more_than_fifty_objects_are_refused_as_a_whole(client: Client) -> None:
    """51 objects: a fault and nothing done; 50 are fine."""
    good = client.soap_payment(Amount="1", AppliedCreditBalanceAmount="1")
    reply = client.write("create", "Payment", *[good] * 51)
    assert reply.fault[:2] == ("fns:MAX_RECORDS_EXCEEDED", "UnexpectedErrorFault")
    assert len(client.write("create", "Payment", *[good] * 50).rows) == 50
    assert len(client.ledger()["payments"]) == 53


def test_mixed_and_unknown_types_are_type_faults(client: Client) -> None:
    """InvalidTypeFault is declared for create."""
    mixed = written("create", zobject("Payment", client.soap_payment()), zobject("Account", {"Name": "x"}))
    assert client.envelope(mixed).fault[:2] == ("fns:INVALID_TYPE", "InvalidTypeFault")
    assert client.write("create", "Nonsense", {}).fault[:2] == ("fns:INVALID_TYPE", "InvalidTypeFault")


def test_each_object_is_its_own_transaction(client: Client) -> None:
    """The second of two payments over one balance fails, the first stands."""
    pay = client.soap_payment(Amount="60", InvoiceId=client.names["I1"], AppliedInvoiceAmount="60")
    reply = client.write("create", "Payment", pay, pay)
    assert reply.rows[1] == "INVALID_VALUE"
    assert amounts(client, "invoices", "I1", "balance") == ("40",)


def test_a_single_transaction_is_all_or_nothing(client: Client) -> None:
    """CallOptions.useSingleTransaction undoes the good rows too."""
    pay = client.soap_payment(Amount="60", InvoiceId=client.names["I1"], AppliedInvoiceAmount="60")
    more = (
        '<a:CallOptions xmlns:a="http://api.zuora.com/"><a:useSingleTransaction>true</a:useSingleTransaction>'
        "</a:CallOptions>"
    )
    reply = client.write("create", "Payment", pay, pay, pay, more=more)
    assert reply.rows == ["TRANSACTION_FAILED", "INVALID_VALUE", "TRANSACTION_FAILED"]
    assert amounts(client, "invoices", "I1", "balance") == ("100",)
    assert len(client.ledger()["payments"]) == 3


def test_canceling_an_external_payment_restores_what_it_settled(client: Client) -> None:
    """P1 and P2 canceled: I4 and D5 are owed again; a second cancel is ignored as no change."""
    client.control("POST", "settings", {"soapCancelsDebitMemoPayments": True})
    rows = [{"Id": client.names[name], "Status": "Canceled"} for name in ("P1", "P2")]
    reply = client.write("update", "Payment", *rows, rows[0])
    assert reply.rows == [client.names["P1"], client.names["P2"], client.names["P1"]]
    assert amounts(client, "invoices", "I4", "balance") == ("45",)
    assert amounts(client, "debitMemos", "D5", "balance") == ("50",)
    assert amounts(client, "payments", "P2", *PAID) == ("Canceled", "80", "0", "0", "0")
    assert client.delete("Payment", client.names["P1"]).rows == [client.names["P1"]]
    assert client.delete("Payment", client.names["P1"]).rows == ["INVALID_ID"]


def test_status_words_depend_on_the_type(client: Client) -> None:
    """External payments are Canceled, electronic ones Voided; the other way round is refused."""
    wrong = client.write(
        "update",
        "Payment",
        {"Id": client.names["P1"], "Status": "Voided"},
        {"Id": client.names["P3"], "Status": "Canceled"},
        {"Id": client.names["P3"], "Status": "Voided"},
    )
    assert wrong.rows == ["INVALID_VALUE", "INVALID_VALUE", client.names["P3"]]
    assert amounts(client, "payments", "P3", "status", "unappliedAmount") == ("Voided", "0")


def test_tenant_rules_can_forbid_canceling(client: Client) -> None:
    """The payment rule, and the undocumented case of debit memo payments, can be switched."""
    client.control("POST", "settings", {"unapplyWhenCancel": False})
    assert client.write("update", "Payment", {"Id": client.names["P1"], "Status": "Canceled"}).rows == ["INVALID_VALUE"]
    client.control("POST", "settings", {"unapplyWhenCancel": True})
    assert client.write("update", "Payment", {"Id": client.names["P2"], "Status": "Canceled"}).rows == ["INVALID_VALUE"]


def test_update_changes_only_what_soap_may_change(client: Client) -> None:
    """TransferredToAccounting, AccountingCode and custom fields; Comment and Amount are ignored."""
    key = client.names["P2"]
    fields = {"Id": key, "TransferredToAccounting": "Yes", "Region__c": "West", "Comment": "x", "Amount": "1"}
    assert client.write("update", "Payment", fields).rows == [key]
    found = client.find("payments", "P2")
    assert (found["transferredToAccounting"], found["custom"]) == ("Yes", {"Region__c": "West"})
    assert (found["comment"], found["amount"]) == (None, "80")
    client.write("update", "Payment", {"fieldsToNull": "Region__c", "Id": key})
    assert client.find("payments", "P2")["custom"] == {}
    assert client.write("update", "Payment", {"Id": key, "TransferredToAccounting": "No"}).rows == ["INVALID_VALUE"]
    assert client.write("update", "Payment", {}).messages == ["invalid id for update"]


def test_an_electronic_payment_answers_success_even_when_declined(client: Client) -> None:
    """The row is Success with an Id; the payment is kept in Status Error and settles nothing."""
    option = "<a:GatewayOption><o:name>decline</o:name><o:value>true</o:value></a:GatewayOption>"
    fields = client.soap_payment(
        Type="Electronic",
        PaymentMethodId=client.names["PMc"],
        Gateway="TestGateway",
        GatewayOrderId="ERP-7",
        InvoiceId=client.names["I1"],
        AppliedInvoiceAmount="30",
    )
    declined = client.write("create", "Payment", fields | {"GatewayOptionData": option})
    assert amounts(client, "payments", declined.rows[0], *PAID) == ("Error", "30", "0", "0", "0")
    again = client.write("create", "Payment", fields, fields, fields | {"Gateway": "Nope"})
    assert len(again.rows[0]) == 32
    assert again.rows[1:] == ["DUPLICATE_VALUE", "INVALID_VALUE"]
    assert amounts(client, "invoices", "I1", "balance") == ("70",)


def refund(client: Client, name: str, amount: str, **fields: str) -> dict[str, str]:
    """An external refund of a fixture payment."""
    usual = {"Amount": amount, "PaymentId": client.names.get(name, name), "Type": "External", "MethodType": "Check"}
    return {key: value for key, value in {**usual, **fields}.items() if value}


def test_a_refund_unapplies_and_refunds_in_one_go(client: Client) -> None:
    """P1 refunded: I4 is owed again; the refund can be canceled and leaves the money unapplied."""
    reply = client.write("create", "Refund", refund(client, "P1", "45", RefundDate="2026-02-20"))
    assert amounts(client, "payments", "P1", *PAID) == ("Processed", "45", "0", "0", "45")
    assert amounts(client, "invoices", "I4", "balance") == ("45",)
    assert client.find("refunds", reply.rows[0])["parts"][0]["invoiceId"] == client.names["I4"]
    assert client.delete("Refund", *reply.rows).rows == ["CANNOT_DELETE"]
    assert client.write("update", "Refund", {"Id": reply.rows[0], "Status": "Canceled"}).rows == reply.rows
    assert amounts(client, "payments", "P1", *PAID) == ("Processed", "45", "0", "45", "0")
    assert client.delete("Refund", *reply.rows).rows == reply.rows


def test_a_partial_refund_over_several_invoices_needs_a_split(client: Client) -> None:
    """Without RefundInvoicePaymentData the split is unknown; with it the sums must agree."""
    names = client.names
    data = "".join(
        f"<a:InvoicePayment><o:Amount>{amount}</o:Amount><o:InvoiceId>{names[name]}</o:InvoiceId></a:InvoicePayment>"
        for name, amount in (("I1", 100), ("I2", 20))
    )
    paid = client.write("create", "Payment", client.soap_payment(Amount="120", InvoicePaymentData=data)).rows[0]
    split = "".join(
        f"<a:RefundInvoicePayment><o:InvoiceId>{names[name]}</o:InvoiceId><o:RefundAmount>{amount}</o:RefundAmount>"
        "</a:RefundInvoicePayment>"
        for name, amount in (("I1", 20), ("I2", 10))
    )
    reply = client.write(
        "create",
        "Refund",
        refund(client, paid, "30"),
        refund(client, paid, "31", RefundInvoicePaymentData=split),
        refund(client, paid, "30", RefundInvoicePaymentData=split),
    )
    assert reply.rows[:2] == ["INVALID_VALUE", "INVALID_VALUE"]
    assert amounts(client, "invoices", "I1", "balance") == ("20",)
    assert amounts(client, "invoices", "I2", "balance") == ("10",)
    rows = client.query(f"select InvoiceId, RefundAmount from RefundInvoicePayment where RefundId = '{reply.rows[2]}'")
    assert sorted(row["RefundAmount"] for row in rows.records) == ["10", "20"]


@pytest.mark.parametrize(
    ("name", "amount", "fields", "code"),
    [
        ("P2", "50", {}, "INVALID_VALUE"),
        ("C1", "60", {}, "INVALID_VALUE"),
        ("P1", "46", {}, "INVALID_VALUE"),
        ("P1", "45", {"SourceType": "CreditBalance", "PaymentId": ""}, "INVALID_VALUE"),
        ("P1", "45", {"MethodType": ""}, "MISSING_REQUIRED_VALUE"),
        ("P1", "45", {"MethodType": "Cheque"}, "INVALID_VALUE"),
        ("P1", "45", {"Type": "Electronic"}, "INVALID_VALUE"),
        ("P1", "45", {"RefundDate": "2026-02-04"}, "INVALID_VALUE"),
        ("P1", "", {}, "MISSING_REQUIRED_VALUE"),
        ("", "45", {"PaymentId": ""}, "MISSING_REQUIRED_VALUE"),
    ],
)
def test_a_wrong_refund_is_refused_as_a_row(
    client: Client, name: str, amount: str, fields: dict[str, str], code: str
) -> None:
    """Debit memo payments, credit memos, credit balance and sums are out of reach of SOAP refunds."""
    assert client.write("create", "Refund", refund(client, name, amount, **fields)).rows == [code]
    assert client.ledger()["refunds"] == []


def test_an_electronic_refund_of_unapplied_money(client: Client) -> None:
    """P3 is refunded through the gateway it came by."""
    reply = client.write("create", "Refund", refund(client, "P3", "20", Type="Electronic", MethodType=""))
    made = client.find("refunds", reply.rows[0])
    assert (made["status"], made["gatewayId"], made["methodType"]) == ("Processed", client.names["G1"], None)
    assert amounts(client, "payments", "P3", *PAID) == ("Processed", "20", "0", "0", "20")


def test_other_objects_can_be_created_for_pass_through(client: Client) -> None:
    """An account needs a name and a currency; InvoicePayment is refused unless the tenant still has it."""
    reply = client.write("create", "Account", {"Name": "New", "Currency": "USD"}, {"Currency": "USD"})
    assert reply.rows[1] == "MISSING_REQUIRED_VALUE"
    assert client.query(f"select Name from Account where Id = '{reply.rows[0]}'").records[0]["Name"] == "New"
    link = {"Amount": "20", "InvoiceId": client.names["I2"], "PaymentId": client.names["P3"]}
    refused = client.write("create", "InvoicePayment", link)
    assert refused.rows == ["UNKNOWN_ERROR"]
    assert "ARSettlement permission" in refused.messages[0]
    client.control("POST", "settings", {"legacyInvoicePayments": True})
    made = client.write("create", "InvoicePayment", link).rows[0]
    assert client.query(f"select Amount from InvoicePayment where Id = '{made}'").records[0]["Amount"] == "20"
    assert client.delete("Account", client.names["A"]).rows == ["CANNOT_DELETE"]
    renamed = client.write("update", "Account", {"Id": client.names["B"], "Name": "Renamed"}, {"Name": "x"})
    assert renamed.rows == [client.names["B"], "INVALID_ID"]


def test_sessions_end_with_the_tenant_clock(client: Client) -> None:
    """After a quarter of an hour the session is unknown; other tenants' users log in on the same host."""
    assert client.query("select Id from Payment").status == 200
    client.control("POST", "clock", {"advance_seconds": 901})
    assert client.query("select Id from Payment").fault[0] == "fns:INVALID_SESSION"
    client.login(user="other@example.com")
    reply = client.envelope('<a:getUserInfo xmlns:a="http://api.zuora.com/"/>')
    assert b"<ns1:TenantId>20000</ns1:TenantId>" in reply.body


def test_an_unknown_operation_is_a_server_fault(client: Client, sandbox: SandboxThread) -> None:
    """The engine has no endpoint for it."""
    reply = client.envelope('<a:rasdRequest xmlns:a="http://api.zuora.com/"/>')
    assert reply.fault[0] == "soapenv:Server"
    assert client.envelope("<getUserInfo/>", version="999.0").fault[0] == "fns:INVALID_VERSION"
