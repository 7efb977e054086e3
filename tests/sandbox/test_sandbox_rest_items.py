"""Items over REST: payments, unapplying, credit memo refunds; parts and what they are split into."""

import pytest
from sandbox_clients import Client, Reply


def pay(client: Client, documents: str, name: str, amount: object, *items: dict[str, object]) -> Reply:
    """Pay a document of account Q, item by item."""
    kind = "invoiceId" if documents == "invoices" else "debitMemoId"
    row = {kind: client.names[name], "amount": amount, "items": list(items)}
    given = client.rest_payment(amount, accountId=client.names["Q"], **{documents: [row]})
    return client.rest("POST", "/v1/payments", given)


def item(client: Client, field: str, name: str, amount: object) -> dict[str, object]:
    """One item of a request."""
    return {field: client.names[name], "amount": amount}


def left(client: Client, kind: str, name: str) -> dict[str, str]:
    """What the items of a document leave open, by name."""
    return {one["name"]: one["balance"] for one in client.find(kind, name)["items"]}


def test_a_payment_settles_the_items_it_names(client: Client) -> None:
    """A tax item by taxItemId, others by the id of their kind; the split is kept."""
    reply = pay(
        client,
        "invoices",
        "IQ",
        45,
        item(client, "invoiceItemId", "iq2", 40),
        item(client, "taxItemId", "itq1", 5),
    )
    assert reply.status == 200
    assert left(client, "invoices", "IQ") == {"iq1": "60", "itq1": "5", "iq2": "0"}
    paid = pay(client, "debitMemos", "DQ", 5, item(client, "taxItemId", "dtq1", 5))
    assert left(client, "debitMemos", "DQ") == {"dq1": "50", "dtq1": "0"}
    assert client.find("payments", paid.json["id"])["parts"][0]["items"] == {client.names["dtq1"]: "5"}


@pytest.mark.parametrize(
    ("field", "name", "amount", "told"),
    [
        ("taxItemId", "dq1", 5, "no tax item"),
        ("debitMemoItemId", "dtq1", 5, "a tax item"),
        ("debitMemoItemId", "iq1", 5, "not an item of DM00000020"),
        ("taxItemId", "dtq1", 6, "greater than the balance 5"),
        ("debitMemoItemId", "dq1", 4, "do not sum to the amount"),
    ],
)
def test_items_must_fit_their_document(client: Client, field: str, name: str, amount: int, told: str) -> None:
    """Of the document, of the kind the field says, within the item's balance, adding up to the document's amount."""
    total = 6 if amount == 6 else 5
    reply = pay(client, "debitMemos", "DQ", total, item(client, field, name, amount))
    assert (reply.status, reply.category) == (400, 30)
    assert told in reply.json["reasons"][0]["message"]
    assert left(client, "debitMemos", "DQ") == {"dq1": "50", "dtq1": "5"}


def test_an_item_row_names_exactly_one_item(client: Client) -> None:
    """None and two are category 22, the same twice category 20."""
    both = {**item(client, "debitMemoItemId", "dq1", 5), "taxItemId": client.names["dtq1"]}
    assert pay(client, "debitMemos", "DQ", 5, {"amount": 5}).category == 22
    assert pay(client, "debitMemos", "DQ", 5, both).category == 22
    twice = item(client, "taxItemId", "dtq1", 2)
    assert pay(client, "debitMemos", "DQ", 4, twice, twice).category == 20


def test_items_need_item_settlement(client: Client) -> None:
    """Without the feature items are refused in payments and in credit memo refunds."""
    client.control("POST", "settings", {"itemSettlement": False})
    assert pay(client, "debitMemos", "DQ", 5, item(client, "taxItemId", "dtq1", 5)).category == 30
    given = {"totalAmount": 10, "type": "External", "methodType": "Cash"}
    items = [item(client, "creditTaxItemId", "ctq1", 10)]
    assert client.rest("POST", "/v1/credit-memos/CM00000020/refund", {**given, "items": items}).category == 30


def test_apply_and_unapply_by_item_and_their_repeat(client: Client) -> None:
    """PUT has no key: a repeat of apply applies again, a repeat of unapply finds less."""
    made = client.rest("POST", "/v1/payments", client.rest_payment(50, accountId=client.names["Q"])).json["id"]
    row = {"debitMemoId": client.names["DQ"], "amount": 20, "items": [item(client, "debitMemoItemId", "dq1", 20)]}
    for _ in range(2):
        reply = client.rest("PUT", f"/v1/payments/{made}/apply", {"debitMemos": [row]}, Idempotency_Key="same")
        assert reply.status == 200
    assert left(client, "debitMemos", "DQ") == {"dq1": "10", "dtq1": "5"}
    taken = {**row, "items": [item(client, "taxItemId", "dtq1", 20)]}
    assert client.rest("PUT", f"/v1/payments/{made}/unapply", {"debitMemos": [taken]}).category == 30
    assert client.rest("PUT", f"/v1/payments/{made}/unapply", {"debitMemos": [row]}).status == 200
    everything = client.rest("PUT", f"/v1/payments/{made}/unapply").json
    assert (everything["appliedAmount"], everything["unappliedAmount"]) == (0, 50)


def test_a_credit_memo_refund_takes_the_items_it_names(client: Client) -> None:
    """Items by creditMemoItemId, taxes by creditTaxItemId; canceling gives them back."""
    given = {"totalAmount": 15, "type": "External", "methodType": "Cash"}
    wrong = [item(client, "creditMemoItemId", "ctq1", 15)]
    assert client.rest("POST", "/v1/credit-memos/CM00000020/refund", {**given, "items": wrong}).category == 30
    short = [item(client, "creditMemoItemId", "cq1", 10)]
    assert client.rest("POST", "/v1/credit-memos/CM00000020/refund", {**given, "items": short}).category == 30
    good = [item(client, "creditMemoItemId", "cq1", 10), item(client, "creditTaxItemId", "ctq1", 5)]
    made = client.rest("POST", "/v1/credit-memos/CM00000020/refund", {**given, "items": good}).json
    assert left(client, "creditMemos", "CQ") == {"cq1": "40", "ctq1": "5"}
    part = client.rest("GET", f"/v1/refunds/{made['id']}/parts").json["parts"][0]
    assert client.rest("GET", f"/v1/refunds/{made['id']}/parts/{part['id']}").json["amount"] == 15
    rows = client.rest("GET", f"/v1/refunds/{made['id']}/parts/{part['id']}/item-parts").json["itemParts"]
    assert [(row["creditMemoItemId"], row["creditTaxItemId"], row["amount"]) for row in rows] == [
        (client.names["cq1"], None, 10),
        (None, client.names["ctq1"], 5),
    ]
    assert client.rest("PUT", f"/v1/refunds/{made['id']}/cancel").status == 200
    assert left(client, "creditMemos", "CQ") == {"cq1": "50", "ctq1": "10"}


def test_parts_can_be_read_one_by_one_and_item_by_item(client: Client) -> None:
    """A part that settles a document has item parts, the unapplied part has none, others are 404."""
    parts = client.rest("GET", "/v1/payments/P-00000002/parts").json["parts"]
    settled, loose = (next(one for one in parts if bool(one["debitMemoId"]) is kind) for kind in (True, False))
    assert client.rest("GET", f"/v1/payments/P-00000002/parts/{settled['id']}").json["amount"] == 50
    rows = client.rest("GET", f"/v1/payments/P-00000002/parts/{settled['id']}/item-parts").json["itemParts"]
    assert [(row["debitMemoItemId"], row["amount"]) for row in rows] == [(client.names["D5-item"], 50)]
    path = f"/v1/payments/P-00000002/parts/{loose['id']}"
    assert client.rest("GET", path).json["amount"] == 30
    assert client.rest("GET", f"{path}/item-parts").json["itemParts"] == []
    assert client.rest("GET", f"/v1/payments/P-00000001/parts/{settled['id']}").status == 404


def test_a_document_tells_what_settles_it(client: Client) -> None:
    """Payments and credit memos alike."""
    rows = client.rest("GET", "/v1/debit-memos/DM00000005/application-parts").json["applicationParts"]
    assert [(row["paymentId"], row["creditMemoId"], row["appliedAmount"]) for row in rows] == [
        (client.names["P2"], None, 50)
    ]
    rows = client.rest("GET", "/v1/invoices/INV00000002/application-parts").json["applicationParts"]
    assert [(row["paymentId"], row["creditMemoId"], row["appliedAmount"]) for row in rows] == [
        (None, client.names["C2"], 30)
    ]


def test_items_are_listed_with_their_taxes_inside(client: Client) -> None:
    """Debit memos under items, invoices under invoiceItems, taxes under taxationItems.data."""
    names = client.names
    invoice = client.rest("GET", "/v1/invoices/INV00000020/items").json["invoiceItems"]
    assert [row["id"] for row in invoice] == [names["iq1"], names["iq2"]]
    assert (invoice[0]["chargeAmount"], "amount" in invoice[0]) == (60, False)
    assert [(tax["id"], tax["taxAmount"]) for tax in invoice[0]["taxationItems"]["data"]] == [(names["itq1"], 10)]
    memo = client.rest("GET", "/v1/credit-memos/CM00000020/items").json["items"]
    assert (memo[0]["unappliedAmount"], memo[0]["taxationItems"]["data"][0]["unappliedAmount"]) == (50, 10)
    assert [
        row["id"] for row in client.query_objects("debit-memo-items", f"debitmemoid.EQ:{names['DQ']}").json["data"]
    ] == [names["dq1"]]


def test_only_unapplied_payments_are_transferred(client: Client) -> None:
    """To another account of the currency, to none, and back; an applied one is refused."""
    a, q = client.names["A"], client.names["Q"]
    before = client.rest("GET", "/v1/accounts/A00000001").json["metrics"]["balance"]
    made = client.rest("POST", "/v1/payments", client.rest_payment(30)).json["id"]
    assert client.rest("PUT", f"/v1/payments/{made}/transfer", {"accountId": q}).json["accountId"] == q
    assert client.rest("GET", "/v1/accounts/A00000001").json["metrics"]["balance"] == before
    assert client.rest("PUT", f"/v1/payments/{made}/transfer", {"accountId": ""}).json["accountId"] is None
    assert client.rest("PUT", f"/v1/payments/{made}/transfer", {"accountId": a}).json["accountId"] == a
    assert [one["id"] for one in client.rest("GET", f"/v1/payments?accountId={q}").json["payments"]] == []
    for wrong, category in (({"accountId": client.names["B"]}, 30), ({}, 22), ({"accountId": "f" * 32}, 40)):
        assert client.rest("PUT", f"/v1/payments/{made}/transfer", wrong).category == category
    assert client.rest("PUT", "/v1/payments/P-00000002/transfer", {"accountId": q}).category == 30
    assert client.rest("PUT", "/v1/payments/P-00000003/transfer", {"accountId": ""}).category == 30
