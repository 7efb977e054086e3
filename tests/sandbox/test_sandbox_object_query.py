"""Object Query: what each object may be filtered and sorted by, its field names, expansions, pages and lateness."""

import pytest
from sandbox_clients import Client

FILTERS = {
    "payments": (
        "id updateddate accountid amount effectivedate gatewayorderid gatewaystate paymentmethodid"
        " paymentmethodsnapshotid paymentnumber referenceid source sourcename status unappliedamount createddate"
    ),
    "refunds": (
        "id accountid amount paymentmethodid reasoncode refunddate refundnumber sourcetype status type updateddate"
    ),
    "payment-applications": "id updateddate effectivedate accountid paymentid",
    "refund-applications": "id updateddate effectivedate accountid paymentid creditmemoid refundid",
    "debit-memos": "id updateddate balance memodate memonumber status totalamount accountid",
    "credit-memos": "id updateddate balance memodate memonumber status totalamount accountid",
    "invoices": "id updateddate accountid amount balance duedate invoicedate invoicenumber status",
}
REFUSED = {
    "payments": "comment type currency paymentid refundamount",
    "refunds": "referenceid paymentid comment createddate methodtype",
    "payment-applications": "invoiceid debitmemoid applyamount",
    "refund-applications": "invoiceid applyamount",
    "debit-memos": "currency debitmemonumber",
    "credit-memos": "unappliedamount creditmemonumber",
    "invoices": "currency comment",
}


@pytest.mark.parametrize("kind", FILTERS)
def test_only_the_published_fields_can_be_filtered_and_sorted_by(client: Client, kind: str) -> None:
    """Each of them as EQ:null and as a sort; others are category 27."""
    for name in FILTERS[kind].split():
        assert client.query_objects(kind, f"{name}.EQ:null").status == 200, name
        assert client.query_objects(kind, **{"sort[]": f"{name}.ASC"}).status == 200, name
    for name in REFUSED[kind].split():
        assert client.query_objects(kind, f"{name}.EQ:null").category == 27, name
        assert client.query_objects(kind, **{"sort[]": f"{name}.ASC"}).category == 27, name


def test_two_filters_on_one_field_must_both_hold(client: Client) -> None:
    """Also where an index could answer one of them."""
    a, b = (f"accountid.EQ:{client.names[name]}" for name in ("A", "B"))
    assert len(client.query_objects("payments", a).json["data"]) == 3
    assert client.query_objects("payments", a, b).json["data"] == []
    assert client.query_objects("payments", b, a).json["data"] == []


@pytest.mark.parametrize("path", ["object-query/payments?filter[]=amount.GT:{}", "v1/payments?amount={}"])
@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "x"])
def test_what_is_no_number_is_refused(client: Client, path: str, text: str) -> None:
    """Also what a decimal can hold without being one."""
    reply = client.rest("GET", f"/{path.format(text)}")
    assert (reply.status, reply.category in (20, 27)) == (400, True)


@pytest.mark.parametrize(
    "path", ["object-query/payments?pageSize={}", "v1/payments?pageSize={}", "v1/payments?page={}"]
)
def test_a_page_is_a_whole_number(client: Client, path: str) -> None:
    """Signs, fractions and other digits are refused."""
    for text in ("0", "-1", "1.5", "%C2%B2", ""):
        assert client.rest("GET", f"/{path.format(text)}").status == 400, text


def test_one_field_is_sorted_by(client: Client) -> None:
    """Two are refused; direction is needed."""
    reply = client.rest("GET", "/object-query/payments?sort[]=amount.ASC&sort[]=status.ASC")
    assert (reply.status, reply.category) == (400, 27)
    assert client.query_objects("payments", **{"sort[]": "amount"}).category == 27


def test_memos_have_the_names_of_object_query(client: Client) -> None:
    """memoNumber and memoDate, not those of the v1 operations."""
    (memo,) = client.query_objects("debit-memos", "memonumber.EQ:DM00000001").json["data"]
    assert (memo["id"], memo["memoDate"], memo["totalAmount"]) == (client.names["D1"], "2026-01-10", 80)
    credit = client.rest("GET", "/object-query/credit-memos/CM00000001").json
    assert (credit["memoNumber"], credit["balance"], "unappliedAmount" in credit) == ("CM00000001", 60, False)
    assert client.rest("GET", "/v1/credit-memos/CM00000001").json["unappliedAmount"] == 60


def test_fields_can_be_chosen(client: Client) -> None:
    """As fields[] or behind the object's name; case does not matter."""
    for name in ("fields[]", "payment.fields[]"):
        (row,) = client.query_objects("payments", "paymentnumber.EQ:P-00000002", **{name: "ID,amount"}).json["data"]
        assert row == {"id": client.names["P2"], "amount": 80}


def test_related_objects_can_be_expanded(client: Client) -> None:
    """Account, applications and the payment of a refund's application; unknown ones are refused."""
    row = client.rest("GET", "/object-query/payments/P-00000002?expand[]=account&expand[]=paymentapplications").json
    assert (row["account"]["accountNumber"], row["paymentApplications"][0]["applyAmount"]) == ("A00000001", 50)
    given = {"totalAmount": 5, "type": "External", "methodType": "Cash"}
    made = client.rest("POST", "/v1/payments/P-00000002/refunds", given).json["id"]
    one = client.rest("GET", f"/object-query/refunds/{made}?expand[]=refundapplications.payment").json
    assert one["refundApplications"][0]["payment"]["paymentNumber"] == "P-00000002"
    items = client.rest("GET", "/object-query/invoices/INV00000020?expand[]=invoiceitems").json["invoiceItems"]
    assert [item["id"] for item in items] == [client.names["iq1"], client.names["iq2"]]
    assert client.query_objects("payments", **{"expand[]": "nonsense"}).category == 27


def test_refunds_spell_their_reference_with_a_capital_d(client: Client) -> None:
    """referenceID here, referenceId in v1; the source is told here only."""
    given = {"totalAmount": 5, "type": "External", "methodType": "Cash", "referenceId": "r1"}
    made = client.rest("POST", "/v1/payments/P-00000002/refunds", given).json
    assert made["referenceId"] == "r1"
    assert not {"sourceType", "currency", "accountNumber"} & set(made)
    row = client.rest("GET", f"/object-query/refunds/{made['id']}").json
    assert (row["referenceID"], row["sourceType"], "referenceId" in row) == ("r1", "Payment", False)


def test_payment_parts_include_what_is_unapplied(client: Client) -> None:
    """By payment; applications show documents only."""
    parts = client.query_objects("payment-parts", f"paymentid.EQ:{client.names['P2']}").json["data"]
    assert sorted((part["amount"], part.get("debitMemoId")) for part in parts) == [
        (30, None),
        (50, client.names["D5"]),
    ]
    rows = client.query_objects("payment-applications", f"paymentid.EQ:{client.names['P2']}").json["data"]
    assert [(row["applyAmount"], row["debitMemoId"]) for row in rows] == [(50, client.names["D5"])]


def test_a_made_object_can_be_late_in_lists_but_not_by_its_key(client: Client) -> None:
    """Object Query and v1 lists follow after the lag of the tenant's clock; GET by key and ZOQL do not wait."""
    client.control("POST", "settings", {"visibilitySeconds": 60})
    made = client.rest("POST", "/v1/payments", client.rest_payment(30, referenceId="late")).json["id"]
    given = {"totalAmount": 5, "type": "External", "methodType": "Cash"}
    assert client.rest("POST", f"/v1/payments/{made}/refunds", given).status == 200

    def seen() -> list[int]:
        return [
            len(client.query_objects("payments", "referenceid.EQ:late").json["data"]),
            len(client.query_objects("refunds").json["data"]),
            len(client.rest("GET", f"/v1/refunds?paymentId={made}").json["refunds"]),
            len(client.rest("GET", "/v1/payments?amount=30").json["payments"]),
        ]

    assert seen() == [0, 0, 0, 0]
    assert client.rest("GET", f"/object-query/payments/{made}").status == 404
    assert client.rest("GET", f"/v1/payments/{made}").status == 200
    assert len(client.query("select Id from Payment where ReferenceId = 'late'").records) == 1
    client.control("POST", "clock", {"advance_seconds": 61})
    assert seen() == [1, 1, 1, 1]
