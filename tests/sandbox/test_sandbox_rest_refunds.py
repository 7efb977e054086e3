"""REST refunds of payments and credit memos, and what can be done with memos."""

import pytest
from sandbox_clients import Client, Reply

CHECK = {"type": "External", "methodType": "Check"}


def refund(client: Client, path: str, amount: object, **fields: object) -> Reply:
    """Post an external refund."""
    given = {"totalAmount": amount, **CHECK, **fields}
    return client.rest("POST", path, {name: value for name, value in given.items() if value is not None})


def state(client: Client, name: str) -> tuple[str, str, str]:
    """Return applied, unapplied and refunded amounts of a payment or memo."""
    found = client.find("creditMemos" if name.startswith("C") else "payments", name)
    return found["appliedAmount"], found["unappliedAmount"], found["refundAmount"]


def test_only_unapplied_money_is_refunded(client: Client) -> None:
    """P2 has 30 unapplied: 30 goes, 31 does not."""
    assert refund(client, "/v1/payments/P-00000002/refunds", 31).category == 30
    reply = refund(client, "/v1/payments/P-00000002/refunds", 30, referenceId="r", comment="c")
    made = reply.json
    assert (made["paymentId"], made["creditMemoId"], made["amount"]) == (client.names["P2"], None, 30)
    assert "sourceType" not in made
    assert state(client, "P2") == ("50", "0", "30")
    assert client.rest("GET", f"/v1/refunds?paymentId={client.names['P2']}").json["refunds"][0]["id"] == made["id"]
    assert client.rest("GET", f"/v1/refunds/{made['number']}/parts").json["parts"][0]["paymentId"] == made["paymentId"]


def test_unapplying_refunds_take_the_documents_named(client: Client) -> None:
    """50 from D5 leaves the 30 unapplied alone."""
    documents = [{"debitMemoId": client.names["D5"], "amount": 50}]
    assert refund(client, "/v1/payments/P-00000002/refunds/unapply", 50, debitMemos=documents).status == 200
    assert state(client, "P2") == ("0", "30", "50")
    assert client.find("debitMemos", "D5")["balance"] == "50"


@pytest.mark.parametrize(
    ("amount", "left"), [(80, ("0", "0", "80")), (None, ("0", "0", "80")), (40, ("40", "0", "40"))]
)
def test_unapplying_refunds_choose_when_nothing_is_named(
    client: Client, amount: object, left: tuple[str, str, str]
) -> None:
    """Unapplied money first, then documents; without an amount everything."""
    assert refund(client, "/v1/payments/P-00000002/refunds/unapply", amount).status == 200
    assert state(client, "P2") == left


def test_unapplying_refunds_need_the_permission(client: Client) -> None:
    """Without enhanced write-off: category 10."""
    client.control("POST", "settings", {"enhancedWriteOff": False})
    reply = refund(client, "/v1/payments/P-00000002/refunds/unapply", 50)
    assert (reply.status, reply.category) == (403, 10)


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"methodType": None}, 22),
        ({"type": None}, 22),
        ({"totalAmount": None}, 22),
        ({"totalAmount": "30"}, 20),
        ({"methodType": "Cheque"}, 20),
        ({"type": "Electronic"}, 30),
        ({"type": "Electronic", "methodType": None}, 30),
        ({"refundDate": "2026-02-09"}, 30),
        ({"refundDate": "2025-12-01"}, 30),
        ({"paymentMethodId": "0" * 32}, 21),
        ({"customRates": []}, 30),
    ],
)
def test_wrong_refunds_of_a_payment(client: Client, fields: dict[str, object], category: int) -> None:
    """Method type for External only; dates not before the payment; P2 is External."""
    given = {"totalAmount": 30, **CHECK, **fields}
    amount = given.pop("totalAmount")
    assert refund(client, "/v1/payments/P-00000002/refunds", amount, **given).category == category


def test_electronic_refunds_carry_no_date_and_no_method_type(client: Client) -> None:
    """P3 came through the gateway and goes back through it."""
    card = {"totalAmount": 20, "type": "Electronic"}
    path = f"/v1/payments/{client.names['P3']}/refunds"
    assert client.rest("POST", path, card | {"refundDate": "2026-02-20"}).category == 30
    assert client.rest("POST", path, card).json["gatewayId"] == client.names["G1"]


def test_a_declined_refund_stays_in_error_and_moves_nothing(client: Client) -> None:
    """Category 99; the payment's money stays unapplied."""
    given = {"totalAmount": 20, "type": "Electronic", "gatewayOptions": {"decline": "true"}}
    assert client.rest("POST", f"/v1/payments/{client.names['P3']}/refunds", given).category == 99
    assert state(client, "P3") == ("0", "20", "0")
    assert client.ledger()["refunds"][0]["status"] == "Error"


def test_credit_memo_refunds_differ_by_type(client: Client) -> None:
    """External: method type, no method. Electronic: method, no method type, no date."""
    path = "/v1/credit-memos/CM00000001/refund"
    method = client.names["PMc"]
    assert refund(client, path, 10, paymentMethodId=method).category == 30
    assert refund(client, path, 10, methodType=None).category == 22
    assert client.rest("POST", path, {"totalAmount": 10, "type": "Electronic"}).category == 22
    given = {"totalAmount": 10, "type": "Electronic", "paymentMethodId": method}
    assert client.rest("POST", path, given | {"methodType": "CreditCard"}).category == 30
    made = client.rest("POST", path, given).json
    assert (made["paymentId"], made["creditMemoId"]) == (None, client.names["C1"])
    assert refund(client, path, 50, refundDate="2026-02-20").status == 200
    assert state(client, "C1") == ("0", "0", "60")


@pytest.mark.parametrize(
    ("key", "amount", "fields", "category"),
    [
        ("CM00000001", 61, {}, 30),
        ("CM00000002", 30, {}, 30),
        ("CM00000003", 10, {}, 30),
        ("CM00000001", 60, {"refundDate": "2026-01-31"}, 30),
        ("CM00000009", 60, {}, 40),
    ],
)
def test_wrong_refunds_of_a_credit_memo(
    client: Client, key: str, amount: int, fields: dict[str, object], category: int
) -> None:
    """Over the unapplied amount, applied, draft, before the memo's date, unknown."""
    assert refund(client, f"/v1/credit-memos/{key}/refund", amount, **fields).category == category


def test_canceling_a_refund_gives_the_money_back(client: Client) -> None:
    """Of a memo and its item, and of a payment; then the refund can be deleted."""
    items = [{"creditMemoItemId": client.names["C1-item"], "amount": 60}]
    made = refund(client, "/v1/credit-memos/CM00000001/refund", 60, items=items).json
    assert client.rest("DELETE", f"/v1/refunds/{made['id']}").category == 30
    assert client.rest("PUT", f"/v1/refunds/{made['number']}/cancel").json["status"] == "Canceled"
    assert client.rest("PUT", f"/v1/refunds/{made['number']}/cancel").category == 30
    assert state(client, "C1") == ("0", "60", "0")
    assert client.find("creditMemos", "C1")["items"][0]["balance"] == "60"
    assert client.rest("DELETE", f"/v1/refunds/{made['id']}").json == {"success": True}


def test_soap_sees_rest_refunds_and_may_not_cancel_memo_ones(client: Client) -> None:
    """SourceType says CreditMemo; canceling by SOAP is refused unless switched on."""
    made = refund(client, "/v1/credit-memos/CM00000001/refund", 60).json
    row = client.query(f"select SourceType, Amount, RefundNumber from Refund where Id = '{made['id']}'").records[0]
    assert (row["SourceType"], row["Amount"], row["RefundNumber"]) == ("CreditMemo", "60", made["number"])
    cancel = {"Id": made["id"], "Status": "Canceled"}
    assert client.write("update", "Refund", cancel).rows == ["INVALID_VALUE"]
    client.control("POST", "settings", {"soapCancelsCreditMemoRefunds": True})
    assert client.write("update", "Refund", cancel).rows == [made["id"]]


def test_refund_lists_filter_by_account_amount_and_day(client: Client) -> None:
    """What a look-up without a marker needs."""
    refund(client, "/v1/payments/P-00000002/refunds", 30)
    query = f"?accountId={client.names['A']}&amount=30.0&createdDate=2026-02-20"
    assert len(client.rest("GET", f"/v1/refunds{query}").json["refunds"]) == 1
    assert client.rest("GET", f"/v1/refunds{query}&methodType=Cash").json["refunds"] == []
    assert client.rest("GET", "/v1/refunds?amount=many").category == 20


def test_credit_memos_are_applied_and_unapplied(client: Client) -> None:
    """Ids only; a memo pays invoices and debit memos alike, with items paired where named."""
    names = client.names
    pair = {"creditMemoItemId": names["C1-item"], "invoiceItemId": names["ii2"], "amount": 40}
    given = {
        "invoices": [{"invoiceId": names["I1"], "amount": 40, "items": [pair]}],
        "debitMemos": [{"debitMemoId": names["D1"], "amount": 20}],
    }
    assert client.rest("PUT", "/v1/credit-memos/CM00000001/apply", given).json["appliedAmount"] == 60
    assert [item["balance"] for item in client.find("invoices", "I1")["items"]] == ["60", "0"]
    assert client.rest("PUT", "/v1/credit-memos/CM00000001/apply", given).category == 30
    by_number = {"invoices": [{"invoiceNumber": "INV00000001", "amount": 1}]}
    reply = client.rest("PUT", "/v1/credit-memos/CM00000001/apply", by_number)
    assert {reason["code"] % 100 for reason in reply.json["reasons"]} == {21, 22}
    assert client.rest("PUT", "/v1/credit-memos/CM00000001/unapply").json["unappliedAmount"] == 60
    assert client.rest("PUT", "/v1/credit-memos/CM00000003/unapply").category == 30


def test_reads_by_id_and_by_number(client: Client) -> None:
    """Documents, accounts, gateways and prefixes as a bridge looks them up."""
    names = client.names
    assert client.rest("GET", f"/v1/debit-memos/{names['D1']}").json["balance"] == 80
    assert client.rest("GET", f"/v1/invoices/{names['D1']}").status == 404
    assert client.rest("GET", "/v1/invoices/2310000300").json["id"] == names["IA1"]
    assert client.rest("GET", "/v1/debitmemos/2310000300").json["id"] == names["DA1"]
    assert client.rest("GET", "/v1/credit-memos?status=Posted&accountId=" + names["A"]).json["creditmemos"][0][
        "number"
    ] in ("CM00000001", "CM00000002")
    account = client.rest("GET", "/v1/accounts/A00000001").json
    assert account["basicInfo"]["id"] == names["A"]
    assert account["billingAndPayment"]["currency"] == "USD"
    assert account["billingAndPayment"]["paymentGateway"] == "TestGateway"
    assert account["billingAndPayment"]["defaultPaymentMethodId"] == names["PMc"]
    gateways = client.rest("GET", "/v1/payment-gateways").json["paymentgateways"]
    assert {(one["name"], one["isActive"], one["isDefault"]) for one in gateways} == {
        ("TestGateway", True, True),
        ("RetiredGateway", False, False),
    }
    sets = client.rest("GET", "/v1/sequence-sets").json["sequenceSets"]
    assert sets[0]["debitMemo"]["prefix"] == "DM"
    items = client.rest("GET", "/v1/debit-memos/DM00000001/items").json["items"]
    assert [item["id"] for item in items] == [names["di1"]]
    assert [tax["id"] for tax in items[0]["taxationItems"]["data"]] == [names["dt1"]]


def test_updating_a_refund(client: Client) -> None:
    """Comment, reason, reference of external refunds, booking state; one transferred cannot be canceled."""
    key = refund(client, "/v1/payments/P-00000002/refunds", 30).json["id"]
    given = {"comment": "c", "reasonCode": "Chargeback", "referenceId": "r", "Region__c": "y"}
    assert client.rest("PUT", f"/v1/refunds/{key}", given).json["reasonCode"] == "Chargeback"
    found = client.find("refunds", key)
    assert (found["comment"], found["referenceId"], found["custom"]) == ("c", "r", {"Region__c": "y"})
    client.rest("PUT", f"/v1/refunds/{key}", {"financeInformation": {"transferredToAccounting": "Yes"}})
    assert client.rest("PUT", f"/v1/refunds/{key}/cancel").category == 30
