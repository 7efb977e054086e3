"""The larger seed, what no API can do, and the switches for what nobody documents."""

import json

import pytest
from sandbox_clients import API, Client, written, zobject


def test_a_large_account_pages_on_both_faces(client: Client) -> None:
    """4,100 payments: three SOAP pages, forty-two of Object Query, every payment once."""
    names = client.control("POST", "seed", {"name": "many"})["names"]
    many = client.other("erp@example.com")
    where = f"where AccountId = '{names['M']}'"
    page = many.query(f"select Id from Payment {where}")
    sizes, seen = [], set()
    while True:
        sizes.append(len(page.records))
        seen |= {row["Id"] for row in page.records}
        locator = page.xml.findtext(f".//{API}queryLocator")
        if not locator:
            break
        page = many.query_more(locator)
    assert (sizes, len(seen)) == ([2000, 2000, 100], 4100)
    cursor: dict[str, str] = {}
    found = []
    while True:
        reply = many.query_objects("payments", f"accountid.EQ:{names['M']}", pageSize="99", **cursor).json
        found += [row["id"] for row in reply["data"]]
        if "nextPage" not in reply:
            break
        cursor = {"cursor": reply["nextPage"]}
    assert set(found) == seen
    assert len(found) == 4100
    assert len(many.query("select Id from Refund").records) == 150
    assert len(many.query("select Id from Payment where ReferenceId like 'M-40%'").records) == 100
    assert many.ledger()["violations"] == []


def test_up_to_wsdl_5_a_page_has_a_hundred_rows(client: Client) -> None:
    """Later 2000."""
    names = client.control("POST", "seed", {"name": "many"})["names"]
    many = client.other("erp@example.com")
    text = f"select Id from Payment where AccountId = '{names['M']}'"
    assert len(many.query(text, version="5.0").records) == 100
    assert len(many.query(text, version="6.0").records) == 2000


def test_edits_do_what_no_api_can(client: Client) -> None:
    """An account is canceled, a payment settled, a refund transferred; each has its refusal."""
    row = {"debitMemoId": client.names["D1"], "amount": 30}
    client.control("POST", "edit", {"key": "P3", "gatewayState": "Settled"})
    assert client.write("update", "Payment", {"Id": client.names["P3"], "Status": "Voided"}).rows == ["INVALID_VALUE"]
    assert client.rest("PUT", "/v1/payments/P-00000003/cancel").category == 30
    assert client.rest("GET", "/v1/payments/P-00000003").json["settledOn"].startswith("2026-02-20 10:0")
    client.control("POST", "edit", {"key": "P-00000002", "transferredToAccounting": "Yes"})
    assert client.rest("PUT", "/v1/payments/P-00000002/cancel").category == 30
    client.control("POST", "edit", {"key": "A", "status": "Canceled"})
    refused = client.rest("POST", "/v1/payments", client.rest_payment(30, debitMemos=[row]))
    assert (refused.category, "canceled" in refused.json["reasons"][0]["message"]) == (30, True)
    for wrong in ({}, {"key": "A"}, {"key": "A", "status": "Gone"}, {"key": "nobody", "status": "Active"}):
        assert client.http("POST", "/sandbox/edit", json.dumps(wrong).encode()).status == 400


def test_a_closed_period_can_be_set(client: Client) -> None:
    """The text names the accounting period; on SOAP the code does."""
    client.control("POST", "settings", {"closedBefore": "2026-02-15"})
    row = {"debitMemoId": client.names["D1"], "amount": 30}
    given = client.rest_payment(30, debitMemos=[row], effectiveDate="2026-02-14")
    refused = client.rest("POST", "/v1/payments", given)
    assert (refused.status, refused.category) == (400, 30)
    assert "accounting period" in refused.json["reasons"][0]["message"].lower()
    assert client.rest("POST", "/v1/payments", {**given, "effectiveDate": "2026-02-15"}).status == 200
    fields = client.soap_payment(AppliedCreditBalanceAmount="30", EffectiveDate="2026-02-14")
    assert client.write("create", "Payment", fields).rows == ["ACCOUNTING_PERIOD_CLOSED"]


def cancel(client: Client, name: str) -> list[str]:
    """Cancel a payment by SOAP."""
    return client.write("update", "Payment", {"Id": client.names[name], "Status": "Canceled"}).rows


def test_soap_leaves_the_cancel_of_a_debit_memo_payment_to_rest(client: Client) -> None:
    """Refused by default, done by REST, and then deleted by SOAP unless the tenant refuses that too."""
    assert cancel(client, "P2") == ["INVALID_VALUE"]
    assert client.write("update", "Payment", {"Id": client.names["P2"], "TransferredToAccounting": "Ignore"}).rows == [
        client.names["P2"]
    ]
    assert client.rest("PUT", "/v1/payments/P-00000002/cancel").status == 200
    assert cancel(client, "P2") == [client.names["P2"]]
    client.control("POST", "settings", {"soapDeletes": False})
    assert client.delete("Payment", client.names["P2"]).rows == ["CANNOT_DELETE"]
    client.control("POST", "settings", {"soapDeletes": True})
    assert client.delete("Payment", client.names["P2"]).rows == [client.names["P2"]]


@pytest.mark.parametrize(
    ("setting", "value", "rows"),
    [
        ("soapCancelsDebitMemoPayments", True, "P2"),
        ("soapUpdatesDebitMemoPayments", False, "INVALID_VALUE"),
        ("unapplyWhenCancel", False, "INVALID_VALUE"),
    ],
)
def test_what_soap_does_with_debit_memo_payments_can_be_switched(
    client: Client, setting: str, value: bool, rows: str
) -> None:
    """Both answers of what nobody documents, and the payment rule."""
    client.control("POST", "settings", {"soapCancelsDebitMemoPayments": True, setting: value})
    assert cancel(client, "P2") == [client.names.get(rows, rows)]


def test_soap_refunds_of_debit_memo_payments_can_be_switched_on(client: Client) -> None:
    """Refused by default; then the part of a debit memo is given back like an invoice's."""
    split = (
        f"<a:RefundInvoicePayment><o:InvoiceId>{client.names['D5']}</o:InvoiceId><o:RefundAmount>50</o:RefundAmount>"
        "</a:RefundInvoicePayment>"
    )
    fields = {"Amount": "50", "PaymentId": client.names["P2"], "Type": "External", "MethodType": "Check"}
    body = written("create", zobject("Refund", {**fields, "RefundInvoicePaymentData": split}))
    assert client.envelope(body).rows == ["INVALID_VALUE"]
    client.control("POST", "settings", {"soapRefundsDebitMemoPayments": True})
    assert len(client.envelope(body).rows[0]) == 32
    assert client.find("debitMemos", "D5")["balance"] == "50"


def test_two_hundred_invoice_payments_are_the_end(client: Client) -> None:
    """201 in one InvoicePaymentData are refused."""
    row = f"<a:InvoicePayment><o:Amount>1</o:Amount><o:InvoiceId>{client.names['I1']}</o:InvoiceId></a:InvoicePayment>"
    reply = client.write("create", "Payment", client.soap_payment(Amount="201", InvoicePaymentData=row * 201))
    assert (reply.rows, "200" in reply.messages[0]) == (["INVALID_VALUE"], True)


def test_what_settles_a_document_comes_in_pages(client: Client) -> None:
    """2,050 payments on one invoice: v1 pages of at most forty, each with the address of the next."""
    client.control("POST", "seed", {"name": "many"})
    many = client.other()
    path = "/v1/invoices/INV00000099/application-parts"
    assert len(many.rest("GET", path).json["applicationParts"]) == 20
    seen: set[str] = set()
    url = f"{path}?pageSize=40"
    while url:
        reply = many.rest("GET", url.removeprefix(many.url)).json
        seen |= {row["paymentId"] for row in reply["applicationParts"]}
        url = reply.get("nextPage", "")
    assert len(seen) == 2050
    assert many.rest("GET", f"{path}?pageSize=41").category == 20


def test_features_can_be_off(client: Client) -> None:
    """Without item settlement no item parts; without Invoice Settlement no payments, refunds and memos over REST."""
    part = client.rest("GET", "/v1/payments/P-00000001/parts").json["parts"][0]["id"]
    path = f"/v1/payments/P-00000001/parts/{part}/item-parts"
    assert client.rest("GET", path).status == 200
    client.control("POST", "settings", {"itemSettlement": False})
    assert client.rest("GET", path).category == 30
    client.control("POST", "settings", {"invoiceSettlement": False})
    for wrong in ("/v1/payments", "/v1/refunds", "/v1/credit-memos", "/v1/debit-memos/DM00000001"):
        assert client.rest("GET", wrong).category == 30
    for good in ("/v1/accounts/A00000001", "/v1/invoices/INV00000001"):
        assert client.rest("GET", good).status == 200
    fields = client.soap_payment(AppliedCreditBalanceAmount="30")
    assert len(client.write("create", "Payment", fields).rows[0]) == 32
