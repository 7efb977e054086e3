"""REST around the operations: tokens, versions, media types, idempotency, Object Query, Actions and CRUD."""

import threading
import urllib.parse

import pytest
from sandbox_clients import Client, Reply

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_tokens_are_form_encoded_and_end_with_the_clock(client: Client) -> None:
    """3599 seconds; wrong credentials, wrong media type and an expired token are refused."""
    good = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
    reply = client.http("POST", "/oauth/token", good, FORM)
    assert (reply.json["expires_in"], reply.json["token_type"]) == (3599, "bearer")
    assert client.http("POST", "/oauth/token", good.replace(b"demo-secret", b"no"), FORM).status == 401
    assert client.http("POST", "/oauth/token", b"{}", {"Content-Type": "application/json"}).status == 415
    assert client.rest("GET", "/v1/payments").status == 200
    client.control("POST", "clock", {"advance_seconds": 3600})
    expired = client.rest("GET", "/v1/payments")
    assert (expired.status, expired.category) == (401, 11)
    assert client.rest("GET", "/v1/payments", Authorization="").status == 401


def test_below_2024_05_20_errors_are_200_with_success_false(client: Client) -> None:
    """Unversioned and numeric versions too; the setting forces it for all."""
    for version in ("", "186.0", "2024-05-19"):
        reply = client.rest("POST", "/v1/payments", {}, Zuora_Version=version)
        assert (reply.status, reply.json["success"]) == (200, False)
    assert client.rest("POST", "/v1/payments", {}, Zuora_Version="2024-05-20").status == 400
    client.control("POST", "settings", {"legacyHttpStatus": True})
    assert client.rest("POST", "/v1/payments", {}).status == 200


def test_media_types_methods_and_paths(client: Client) -> None:
    """415, 405, 404 and malformed JSON."""
    wrong = client.rest("POST", "/v1/payments", "amount=1", Content_Type="text/plain")
    assert (wrong.status, wrong.category) == (415, 45)
    wrong = client.rest("POST", "/v1/invoices/INV00000001", {})
    assert (wrong.status, wrong.category) == (405, 45)
    wrong = client.rest("GET", "/v1/nonsense")
    assert (wrong.status, wrong.category) == (404, 40)
    for body in ("{", "[]", '{"amount": NaN}', "[" * 100_000):
        assert client.rest("POST", "/v1/payments", body).category == 90


def test_tracing_headers(client: Client) -> None:
    """The track id comes back, a request id is given, entity ids are recorded."""
    reply = client.rest("GET", "/v1/payments", Zuora_Track_Id="abc", Zuora_Entity_Ids="e2")
    assert reply.headers["zuora-track-id"] == "abc"
    assert len(reply.headers["zuora-request-id"]) == 32
    assert client.control("GET", "requests")[-1]["headers"]["zuora-entity-ids"] == "e2"


def create(client: Client, key: str, given: object = None, **headers: str) -> Reply:
    """Create a payment under an idempotency key."""
    return client.rest("POST", "/v1/payments", given or client.rest_payment(), Idempotency_Key=key, **headers)


def same(one: Reply, other: Reply) -> bool:
    """Compare two answers as a client sees them, the server's own clock apart."""
    return (one.status, one.body, _stored(one)) == (other.status, other.body, _stored(other))


def _stored(reply: Reply) -> dict[str, str]:
    """The headers but for those of this very answer: its time, and what is left of the limits."""
    fleeting = ("date", "ratelimit-", "concurrency-limit-")
    return {name: value for name, value in reply.headers.items() if not name.startswith(fleeting)}


def test_a_key_replays_success_byte_for_byte(client: Client) -> None:
    """Whatever the payload is the second time: the documents do not compare it."""
    first = create(client, "k", Zuora_Track_Id="one")
    again = create(client, "k", client.rest_payment(7), Zuora_Track_Id="two")
    assert same(first, again)
    assert len(client.ledger()["payments"]) == 4
    assert [one["replayed"] for one in client.writes()] == [False, True]


def test_a_key_replays_failure_too_for_a_day(client: Client) -> None:
    """The stored refusal comes back although the request would succeed by now."""
    big = client.rest_payment(101, invoices=[{"invoiceId": client.names["I1"], "amount": 101}])
    first = create(client, "k", big)
    assert first.status == 400
    assert same(first, create(client, "k"))
    client.control("POST", "settings", {"tokenSeconds": 999_999})
    client._token = ""
    client.control("POST", "clock", {"advance_seconds": 86_401})
    client._token = ""
    assert create(client, "k").status == 200


def test_a_key_is_bound_to_url_and_method(client: Client) -> None:
    """Another URL is 422; a key of 255 characters is refused; GET ignores keys."""
    create(client, "k")
    other = client.rest("POST", "/v1/payments/P-00000002/refunds", {}, Idempotency_Key="k")
    assert (other.status, "reasons" in other.json) == (422, False)
    assert create(client, "x" * 255).category == 20
    assert create(client, "x" * 254).status == 200
    assert client.rest("GET", "/v1/payments", Idempotency_Key="k").status == 200


def test_a_key_in_progress_is_409_without_a_category(client: Client) -> None:
    """While the first request is delayed the second is told so; afterwards it gets the stored answer."""
    client.token()
    client.control("POST", "faults", {"match": "POST /v1/payments", "kind": "delay", "seconds": 1})
    first: list[Reply] = []
    thread = threading.Thread(target=lambda: first.append(create(client, "k")))
    thread.start()
    try:
        deadline = 200
        while not client.writes() and deadline:
            deadline -= 1
        second = create(client, "k")
    finally:
        thread.join()
    assert (second.status, "reasons" in second.json) == (409, False)
    assert same(first[0], create(client, "k"))
    assert len(client.ledger()["payments"]) == 4


def query(client: Client, kind: str, *filters: str, **more: str) -> Reply:
    """Run an Object Query list."""
    pairs = [("filter[]", one) for one in filters] + list(more.items())
    return client.rest("GET", f"/object-query/{kind}?{urllib.parse.urlencode(pairs)}")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["amount.EQ:45.00"], ["P1"]),
        (["amount.GT:20", "amount.LE:80"], ["P1", "P2"]),
        (["amount.NE:80"], ["P1", "P3"]),
        (["paymentNumber.IN:[P-00000001, P-00000003]"], ["P1", "P3"]),
        (["paymentnumber.SW:p-0000000"], ["P1", "P2", "P3"]),
        (["gatewayorderid.EQ:null"], ["P1", "P2"]),
        (["referenceid.NE:null"], []),
        (["effectivedate.GE:2026-02-10"], ["P2", "P3"]),
        (["createddate.LT:2026-02-10T09:00:00-08:00"], ["P1"]),
        (["status.EQ:processed", "unappliedamount.EQ:20"], ["P3"]),
    ],
)
def test_object_query_filters(client: Client, filters: list[str], found: list[str]) -> None:
    """Several filters are AND; names and texts ignore case; null is testable."""
    names = {key: name for name, key in client.names.items()}
    data = query(client, "payments", *filters).json["data"]
    assert sorted(names[one["id"]] for one in data) == found


def test_object_query_pages_shapes_and_errors(client: Client) -> None:
    """Cursor pages, ISO timestamps, source shown, nulls left out; wrong parameters are category 27."""
    page = query(client, "payments", pageSize="2", **{"sort[]": "amount.DESC"}).json
    assert [one["amount"] for one in page["data"]] == [80, 45]
    assert "gatewayOrderId" not in page["data"][0]
    assert page["data"][0]["createdDate"] == "2026-02-10T09:00:00-08:00"
    assert page["data"][0]["source"] == "API"
    last = query(client, "payments", pageSize="2", cursor=page["nextPage"], **{"sort[]": "amount.DESC"}).json
    assert ([one["amount"] for one in last["data"]], "nextPage" in last) == ([20], False)
    for wrong in ({"pageSize": "100"}, {"nonsense": "1"}, {"cursor": "?"}, {"filter[]": "comment.EQ:x"}):
        reply = query(client, "payments", **wrong)
        assert (reply.status, reply.category, "success" in reply.json) == (400, 27, False)
    assert client.rest("GET", "/object-query/payments?pageSize=0", Zuora_Version="2025-01-01").category == 20


def test_object_query_reads_one_object_with_its_applications(client: Client) -> None:
    """By id or number; refunds tell their source here; applications say what was settled."""
    names = client.names
    one = client.rest("GET", "/object-query/payments/P-00000002?expand[]=paymentapplications").json
    assert one["paymentApplications"][0]["debitMemoId"] == names["D5"]
    made = client.rest(
        "POST", "/v1/credit-memos/CM00000001/refund", {"totalAmount": 5, "type": "External", "methodType": "Cash"}
    ).json
    refund = client.rest("GET", f"/object-query/refunds/{made['number']}?expand[]=refundapplications").json
    assert (refund["sourceType"], refund["refundApplications"][0]["creditMemoId"]) == ("CreditMemo", names["C1"])
    assert client.rest("GET", f"/object-query/debit-memos/{names['D1']}").json["balance"] == 80
    assert client.rest("GET", f"/object-query/invoices/{names['D1']}").status == 404
    ids = f"[{names['D1']},{names['D2']},{names['I1']}]"
    assert len(query(client, "debit-memos", f"id.IN:{ids}").json["data"]) == 2
    rows = query(client, "payment-applications", f"paymentid.EQ:{names['P2']}").json["data"]
    assert [row["applyAmount"] for row in rows] == [50]
    assert len(query(client, "refund-applications", f"refundid.EQ:{made['id']}").json["data"]) == 1


def test_actions_are_soap_in_json(client: Client) -> None:
    """Rows in order, exact numbers, lower-case delete, a query that pages."""
    fields = {**client.soap_payment(AppliedCreditBalanceAmount="30"), "Amount": 30, "Bogus": 1}
    reply = client.rest("POST", "/v1/action/create", {"type": "Payment", "objects": [fields, {}]})
    rows = reply.json
    assert rows[0] == {"Success": True, "Id": rows[0]["Id"]}
    assert rows[1]["Errors"] == [{"Code": "MISSING_REQUIRED_VALUE", "Message": "Missing required value: Type"}]
    deleted = client.rest("POST", "/v1/action/delete", {"type": "Payment", "ids": [rows[0]["Id"]]}).json[0]
    assert (deleted["success"], deleted["errors"][0]["Code"]) == (False, "CANNOT_DELETE")
    text = "select Id, Amount from Payment"
    page = client.rest("POST", "/v1/action/query", {"queryString": text, "conf": {"batchSize": 3}}).json
    assert (page["size"], page["done"], len(page["records"])) == (4, False, 3)
    more = client.rest("POST", "/v1/action/queryMore", {"queryLocator": page["queryLocator"]}).json
    assert (more["done"], len(more["records"])) == (True, 1)
    fault = client.rest("POST", "/v1/action/query", {"queryString": "select UnappliedAmount from Payment"})
    assert (fault.status, fault.json["FaultCode"]) == (400, "INVALID_FIELD")
    newer = {"queryString": "select UnappliedAmount from Payment"}
    assert client.rest("POST", "/v1/action/query", newer, X_Zuora_WSDL_Version="107").status == 200
    strict = client.rest("POST", "/v1/action/create?rejectUnknownFields=true", {"type": "Payment", "objects": [fields]})
    assert (strict.status, strict.json) == (400, {"message": "Error - unrecognised fields"})
    assert client.rest("POST", "/v1/action/queryy", {}).json == {"message": "Error - invalid action: queryy"}


def test_crud_objects(client: Client) -> None:
    """Create, read, update and delete one payment, with the containers of JSON."""
    names = client.names
    data = {"InvoicePayment": [{"InvoiceId": names["I1"], "Amount": 10}]}
    fields = {**client.soap_payment(), "Amount": 10, "InvoicePaymentData": data}
    made = client.rest("POST", "/v1/object/payment", fields).json
    assert made["Success"] is True
    read = client.rest("GET", f"/v1/object/payment/{made['Id']}").json
    assert (read["Amount"], read["Status"], "Comment" in read) == (10, "Processed", False)
    assert client.rest("PUT", f"/v1/object/payment/{made['Id']}", {"Status": "Canceled"}).json["Success"] is True
    assert client.rest("DELETE", f"/v1/object/payment/{made['Id']}").json["Success"] is True
    gone = client.rest("GET", f"/v1/object/payment/{made['Id']}")
    assert (gone.status, gone.json) == (404, {"records": [], "size": 0, "done": True})
    refused = client.rest("POST", "/v1/object/payment", {**fields, "Amount": 7})
    assert (refused.status, refused.json["Errors"][0]["Code"]) == (400, "INVALID_VALUE")


def test_a_user_without_permission_gets_category_10(client: Client) -> None:
    """Reads go on, writes do not."""
    client.control("POST", "settings", {"denyWrites": True})
    reply = client.rest("POST", "/v1/payments", client.rest_payment())
    assert (reply.status, reply.category) == (403, 10)
    assert client.rest("GET", "/v1/payments").status == 200
