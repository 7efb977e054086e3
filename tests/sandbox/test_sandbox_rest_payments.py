"""REST payments: strict bodies, business rules, parts, apply and unapply, cancel and delete."""

import pytest
from sandbox_clients import Client


def fill(client: Client, value: object) -> object:
    """Replace fixture names by ids, deeply."""
    if isinstance(value, dict):
        return {name: fill(client, one) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(client, one) for one in value]
    return client.names.get(value, value) if isinstance(value, str) else value


def pay(client: Client, amount: object = 30, **fields: object) -> tuple[int, int]:
    """Create a payment; return HTTP status and category (0 when it was made)."""
    given = client.rest_payment(amount, **{name: fill(client, value) for name, value in fields.items()})
    reply = client.rest("POST", "/v1/payments", {name: one for name, one in given.items() if one != ""})
    return reply.status, 0 if reply.json["success"] else reply.category


def test_one_payment_settles_invoices_and_debit_memos_and_keeps_the_rest(client: Client) -> None:
    """Both arrays in one request; what is left over is unapplied; the answer is the whole payment."""
    given = client.rest_payment(
        200,
        invoices=[{"invoiceId": client.names["I1"], "amount": 100}],
        debitMemos=[{"debitMemoId": client.names["D1"], "amount": 80}],
        comment="c",
        referenceId="r",
        Region__c="West",
        IntegrationId__NS="7",
    )
    reply = client.rest("POST", "/v1/payments", given)
    made = reply.json
    assert reply.status == 200
    assert (made["appliedAmount"], made["unappliedAmount"], made["status"]) == (180, 20, "Processed")
    assert (made["Region__c"], made["IntegrationId__NS"], made["referenceId"]) == ("West", "7", "r")
    assert made["createdDate"].startswith("2026-02-20 10:")
    assert client.rest("GET", f"/v1/payments/{made['number']}").json == made
    parts = client.rest("GET", f"/v1/payments/{made['id']}/parts").json["parts"]
    assert [(part["invoiceId"], part["debitMemoId"], part["amount"]) for part in parts] == [
        (client.names["I1"], None, 100),
        (None, client.names["D1"], 80),
        (None, None, 20),
    ]
    assert [item["balance"] for item in client.find("debitMemos", "D1")["items"]] == ["0", "0"]


def test_items_can_be_settled_one_by_one(client: Client) -> None:
    """A tax item and an invoice item; without names the default is proration down to the minor unit."""
    items = {"debitMemoId": "D1", "amount": 10, "items": [{"taxItemId": "dt1", "amount": 10}]}
    assert pay(client, 10, debitMemos=[items]) == (200, 0)
    assert [item["balance"] for item in client.find("debitMemos", "D1")["items"]] == ["70", "0"]
    assert pay(client, 10, invoices=[{"invoiceId": "I1", "amount": 10}]) == (200, 0)
    assert [item["balance"] for item in client.find("invoices", "I1")["items"]] == ["54", "36"]
    wrong = [{"invoiceItemId": "ii1", "amount": 60}]
    assert pay(client, 60, invoices=[{"invoiceId": "I1", "amount": 60, "items": wrong}]) == (400, 30)
    client.control("POST", "settings", {"itemSettlement": False})
    right = [{"invoiceItemId": "ii1", "amount": 5}]
    assert pay(client, 5, invoices=[{"invoiceId": "I1", "amount": 5, "items": right}]) == (400, 30)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"nonsense": 1}, (400, 21)),
        ({"status": "Processed"}, (400, 21)),
        ({"amount": None}, (400, 22)),
        ({"currency": None}, (400, 22)),
        ({"type": None}, (400, 22)),
        ({"amount": "30"}, (400, 20)),
        ({"amount": 30.001}, (400, 20)),
        ({"amount": 0}, (400, 20)),
        ({"amount": True}, (400, 20)),
        ({"accountId": 7}, (400, 20)),
        ({"accountId": "A00000001"}, (400, 20)),
        ({"type": "external"}, (400, 20)),
        ({"currency": "usd"}, (400, 20)),
        ({"effectiveDate": "2026-02-20T00:00:00"}, (400, 20)),
        ({"effectiveDate": "2026-02-30"}, (400, 20)),
        ({"comment": "x" * 256}, (400, 20)),
        ({"referenceId": "x" * 101}, (400, 20)),
        ({"gatewayOrderId": "x" * 51}, (400, 20)),
        ({"Region__c": 7}, (400, 20)),
        ({"invoices": [{"invoiceId": "I1"}]}, (400, 22)),
        ({"invoices": [{"amount": 1}]}, (400, 22)),
        ({"invoices": [{"invoiceId": "I1", "amount": 1, "note": ""}]}, (400, 21)),
        ({"accountId": "f" * 32}, (404, 40)),
        ({"paymentMethodId": "f" * 32}, (404, 40)),
        ({"debitMemos": [{"debitMemoId": "I1", "amount": 1}]}, (404, 40)),
        ({"invoices": [{"invoiceId": "D1", "amount": 1}]}, (404, 40)),
        ({"debitMemos": [{"debitMemoId": "D2", "amount": 1}]}, (400, 30)),
        ({"debitMemos": [{"debitMemoId": "D1", "amount": 81}], "amount": 81}, (400, 30)),
        ({"debitMemos": [{"debitMemoId": "D1", "amount": 31}]}, (400, 30)),
        ({"debitMemos": [{"debitMemoId": "D3", "amount": 1}]}, (400, 30)),
        ({"debitMemos": [{"debitMemoId": "D1", "amount": 1}] * 2}, (400, 30)),
        ({"debitMemos": [{"debitMemoId": "DX", "amount": 1}], "accountId": "X"}, (400, 30)),
        ({"currency": "EUR"}, (400, 30)),
        ({"paymentMethodId": "PMc"}, (400, 30)),
        ({"effectiveDate": "2025-12-31"}, (400, 30)),
        ({"prepayment": True}, (400, 30)),
        ({"number": "P7"}, (400, 30)),
        ({"accountNumber": "A00000002"}, (400, 30)),
    ],
)
def test_a_wrong_body_is_refused_by_category(
    client: Client, fields: dict[str, object], expected: tuple[int, int]
) -> None:
    """Unknown 21, missing 22, wrong value 20, unknown reference 40, business rule 30; nothing moves."""
    before = client.ledger()["entries"]
    amount = fields.get("amount", 30)
    assert pay(client, amount, **{name: value for name, value in fields.items() if name != "amount"}) == expected
    assert client.ledger()["entries"] == before


def test_all_wrong_fields_are_named_at_once(client: Client) -> None:
    """Several reasons, in one answer, with eight-digit codes."""
    reply = client.rest("POST", "/v1/payments", {"amount": "1", "bogus": 1})
    codes = [reason["code"] for reason in reply.json["reasons"]]
    assert sorted(code % 100 for code in codes) == [20, 21, 22, 22]
    assert all(len(str(code)) == 8 for code in codes)
    assert len(reply.json["processId"]) == 16
    assert reply.json["requestId"] == reply.headers["zuora-request-id"]


def test_minor_units_are_those_of_the_currency(client: Client) -> None:
    """JPY has none, BHD three."""
    yen = {"accountId": "J", "currency": "JPY"}
    assert pay(client, 1000.5, **yen) == (400, 20)
    assert pay(client, 1000, **yen, debitMemos=[{"debitMemoNumber": "DM00000010", "amount": 1000}]) == (200, 0)
    dinar = {"accountId": "K", "currency": "BHD"}
    assert pay(client, 9.9999, **dinar) == (400, 20)
    assert pay(client, 9.999, **dinar, debitMemos=[{"debitMemoId": "DK", "amount": 9.999}]) == (200, 0)
    assert client.find("debitMemos", "DK")["balance"] == "0.001"


def test_electronic_payments_need_account_gateway_and_today(client: Client) -> None:
    """And an order id once; external ones may be dated in any open period."""
    card = {"type": "Electronic", "paymentMethodId": "PMc", "gatewayId": "G1", "effectiveDate": "2026-02-20"}
    assert pay(client, **{**card, "gatewayId": ""}) == (400, 22)
    assert pay(client, **{**card, "effectiveDate": ""}) == (400, 22)
    assert pay(client, **card, accountId="") == (400, 22)
    assert pay(client, **{**card, "effectiveDate": "2026-02-19"}) == (400, 30)
    assert pay(client, **{**card, "gatewayId": "G2"}) == (400, 30)
    assert pay(client, **{**card, "paymentMethodId": "PMx"}) == (400, 30)
    assert pay(client, **card, gatewayOrderId="ERP-7") == (200, 0)
    assert pay(client, **card, gatewayOrderId="ERP-7") == (400, 30)
    assert pay(client, effectiveDate="2026-02-10") == (200, 0)
    client.control("POST", "settings", {"externalDateMustBeToday": True})
    assert pay(client, effectiveDate="2026-02-10") == (400, 30)


def test_without_a_method_the_default_is_taken_whatever_its_kind(client: Client) -> None:
    """Account A's default is a card: an external payment without a method is refused, a typed one is not."""
    assert pay(client, paymentMethodId=None) == (400, 30)
    assert pay(client, paymentMethodId=None, paymentMethodType="Cash") == (200, 0)
    assert pay(client, paymentMethodId=None, accountId="B", currency="EUR") == (400, 22)


def test_a_decline_keeps_the_payment_in_error(client: Client) -> None:
    """HTTP 500 category 99; the payment can be found by its order id; a later one may use that again."""
    card = {
        "type": "Electronic",
        "paymentMethodId": client.names["PMc"],
        "gatewayId": client.names["G1"],
        "effectiveDate": "2026-02-20",
        "gatewayOrderId": "ERP-9",
    }
    reply = client.rest("POST", "/v1/payments", client.rest_payment(30, **card, gatewayOptions={"decline": "true"}))
    assert (reply.status, reply.category) == (500, 99)
    found = client.rest("GET", "/object-query/payments?filter[]=gatewayorderid.EQ:ERP-9").json["data"]
    assert [(one["status"], one["gatewayResponseCode"]) for one in found] == [("Error", "declined")]
    assert client.rest("POST", "/v1/payments", client.rest_payment(30, **card)).status == 200


def test_apply_and_unapply_are_incremental(client: Client) -> None:
    """A repeat applies again; an empty body unapplies everything."""
    row = {"invoices": [{"invoiceNumber": "INV00000001", "amount": 10}]}
    for _ in range(2):
        assert client.rest("PUT", "/v1/payments/P-00000002/apply", row).status == 200
    payment = client.find("payments", "P2")
    assert (payment["appliedAmount"], payment["unappliedAmount"]) == ("70", "10")
    assert client.rest("PUT", "/v1/payments/P-00000002/apply", row | {"effectiveDate": "2026-02-01"}).category == 30
    assert client.rest("PUT", "/v1/payments/P-00000002/apply", {}).category == 22
    part = {"debitMemos": [{"debitMemoId": client.names["D5"], "amount": 51}]}
    assert client.rest("PUT", "/v1/payments/P-00000002/unapply", part).category == 30
    assert client.rest("PUT", "/v1/payments/P-00000002/unapply").json["unappliedAmount"] == 80
    assert client.find("invoices", "I1")["balance"] == "100"
    assert client.find("debitMemos", "D5")["balance"] == "50"


def test_cancel_then_delete(client: Client) -> None:
    """Cancel restores what was settled; only then can the payment be deleted."""
    assert client.rest("DELETE", "/v1/payments/P-00000002").category == 30
    assert client.rest("PUT", "/v1/payments/P-00000002/cancel").json["status"] == "Canceled"
    assert client.rest("PUT", "/v1/payments/P-00000002/cancel").category == 30
    assert client.find("debitMemos", "D5")["balance"] == "50"
    assert client.rest("DELETE", "/v1/payments/P-00000002").json == {"success": True}
    gone = client.rest("GET", "/v1/payments/P-00000002")
    assert (gone.status, gone.json["reasons"][0]["code"]) == (404, 50000040)


def test_update_changes_what_rest_may_change(client: Client) -> None:
    """Comment, reference of external payments, booking state and custom fields."""
    given = {
        "comment": "c",
        "referenceId": "r",
        "financeInformation": {"transferredToAccounting": "Yes"},
        "Region__c": "y",
    }
    assert client.rest("PUT", f"/v1/payments/{client.names['P1']}", given).status == 200
    found = client.find("payments", "P1")
    assert (found["comment"], found["transferredToAccounting"], found["custom"]) == ("c", "Yes", {"Region__c": "y"})
    assert len(client.rest("GET", "/object-query/payments?filter[]=referenceid.EQ:R").json["data"]) == 1
    assert client.rest("PUT", f"/v1/payments/{client.names['P3']}", {"referenceId": "r"}).category == 30


def test_lists_filter_exactly_and_sort_upside_down(client: Client) -> None:
    """Default is number descending; `-` is ascending; pages have a nextPage address."""

    def numbers(query: str) -> list[str]:
        return [one["number"] for one in client.rest("GET", f"/v1/payments{query}").json["payments"]]

    assert numbers("") == ["P-00000003", "P-00000002", "P-00000001"]
    assert numbers("?sort=-number") == ["P-00000001", "P-00000002", "P-00000003"]
    assert numbers("?unappliedAmount=30.00&status=Processed") == ["P-00000002"]
    assert numbers(f"?accountId={client.names['B']}") == []
    page = client.rest("GET", "/v1/payments?pageSize=2&type=External&sort=%2Bamount").json
    assert [one["number"] for one in page["payments"]] == ["P-00000002", "P-00000001"]
    page = client.rest("GET", "/v1/payments?pageSize=1&type=External").json
    assert page["nextPage"] == f"{client.url}/v1/payments?page=2&pageSize=1&type=External"
    assert client.rest("GET", "/v1/payments?pageSize=41").category == 20
    assert client.rest("GET", "/v1/payments?nonsense=1").category == 27
    assert client.rest("GET", "/v1/payments?nonsense=1", Zuora_Version="2024-05-20").status == 200
