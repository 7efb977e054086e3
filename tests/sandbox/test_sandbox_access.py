"""Who may ask: the credentials of each door, permissions, entities."""

import base64

import pytest
from sandbox_clients import Client, Reply

KEYS = {"apiAccessKeyId": "erp@example.com", "apiSecretAccessKey": "demo"}


def connect(client: Client, **headers: str) -> Reply:
    """Ask for a ZSession cookie."""
    return client.http("POST", "/v1/connections", b"", {**KEYS, **headers})


def count(client: Client, headers: dict[str, str]) -> Reply:
    """A query through the Actions under given credentials."""
    text = b'{"queryString": "select Id from Payment"}'
    return client.http("POST", "/v1/action/query", text, {"Content-Type": "application/json", **headers})


def test_the_json_doors_take_every_kind_of_credentials(client: Client) -> None:
    """Bearer token, keys in headers, a ZSession cookie or header, and a SOAP session as ZSession."""
    cookie = connect(client).headers["set-cookie"].partition(";")[0]
    client.login()
    for headers in (
        {"Authorization": f"Bearer {client.token()}"},
        KEYS,
        {"Cookie": f"other=1; {cookie}"},
        {"Authorization": "ZSession " + cookie.removeprefix("ZSession=")},
        {"Authorization": f"ZSession {client.session}"},
    ):
        assert count(client, headers).json["size"] == 3, headers
        paid = client.http("GET", f"/v1/object/payment/{client.names['P1']}", b"", headers)
        assert paid.json["Amount"] == 45


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**KEYS, "apiSecretAccessKey": "wrong"},
        {"Authorization": "Bearer nobody"},
        {"Authorization": "ZSession nobody"},
        {"Authorization": "Basic " + base64.b64encode(b"erp@example.com:demo").decode()},
        {"Cookie": "ZSession=nobody"},
    ],
)
def test_bad_credentials_are_401_in_the_shape_of_the_door(client: Client, headers: dict[str, str]) -> None:
    """The JSON doors have a bare message, v1 has category 11."""
    refused = count(client, headers)
    assert (refused.status, refused.json) == (401, {"message": "Authentication error"})
    refused = client.http("GET", "/v1/payments", b"", headers)
    assert (refused.status, refused.category) == (401, 11)


def test_connections_refuse_wrong_keys_and_are_no_write(client: Client) -> None:
    """401 with the known text; nothing state-changing was recorded, and no password."""
    refused = connect(client, apiSecretAccessKey="wrong")
    assert (refused.status, refused.json["reasons"][0]["code"]) == (401, 90000011)
    made = connect(client)
    assert made.json == {"success": True}
    cookie = made.headers["set-cookie"].partition(";")[0]
    assert count(client, {"Cookie": f"{cookie}; other=1"}).status == 200
    assert client.writes() == []
    assert cookie.removeprefix("ZSession=") not in client.http("GET", "/sandbox/requests").body.decode()
    assert "demo" not in str([one["headers"] for one in client.control("GET", "requests")])


def test_sessions_end_with_the_clock(client: Client) -> None:
    """A ZSession lives as long as a SOAP session."""
    cookie = connect(client).headers["set-cookie"].partition(";")[0]
    client.control("POST", "clock", {"advance_seconds": 901})
    assert count(client, {"Cookie": cookie}).status == 401


@pytest.mark.parametrize("kind", ["expired_token", "expired_session"])
def test_ordered_expiry_reaches_the_json_doors(client: Client, kind: str) -> None:
    """Once, then the credentials are good again."""
    client.control("POST", "faults", {"match": "/v1/action/query", "kind": kind})
    refused = count(client, KEYS)
    assert (refused.status, refused.json) == (401, {"message": "Authentication error"})
    assert count(client, KEYS).status == 200


def test_a_viewer_reads_and_does_not_write(client: Client) -> None:
    """403 category 10 over REST, 403 at the JSON doors, a row over SOAP."""
    viewer = client.other("viewer@example.com", ("viewer-client", "viewer-secret"))
    assert viewer.rest("GET", "/v1/payments/P-00000001").status == 200
    assert len(viewer.query("select Id from Payment").records) == 3
    refused = viewer.rest("POST", "/v1/payments", viewer.rest_payment())
    assert (refused.status, refused.category) == (403, 10)
    fields = viewer.soap_payment(AppliedCreditBalanceAmount="30")
    assert viewer.write("create", "Payment", fields).rows == ["NO_PERMISSION"]
    for path, given in (("action/create", {"type": "Payment", "objects": [fields]}), ("object/payment", fields)):
        refused = viewer.rest("POST", f"/v1/{path}", given)
        assert (refused.status, sorted(refused.json)) == (403, ["code", "message"])
    assert viewer.delete("Payment", viewer.names["P1"]).rows == ["NO_PERMISSION"]
    assert len(client.ledger()["payments"]) == 3


def test_single_operations_can_be_denied(client: Client) -> None:
    """A client that may unapply but not refund, as the second step of two finds out."""
    client.control("POST", "settings", {"denied": {"demo-client": ["Refund.create"], "erp@example.com": ["*.cancel"]}})
    assert client.rest("PUT", "/v1/payments/P-00000002/unapply").status == 200
    given = {"totalAmount": 50, "type": "External", "methodType": "Cash"}
    assert client.rest("POST", "/v1/payments/P-00000002/refunds", given).category == 10
    cancel = {"Id": client.names["P1"], "Status": "Canceled"}
    assert client.write("update", "Payment", cancel).rows == ["NO_PERMISSION"]
    assert client.write("update", "Payment", {"Id": client.names["P1"], "Region__c": "x"}).rows == [client.names["P1"]]
    assert client.http("POST", "/sandbox/settings", b'{"denied": {"x": "y"}}').status == 400


def test_without_the_write_off_permission_there_is_no_refund_with_unapplying(client: Client) -> None:
    """Category 10; the two steps apart are allowed."""
    client.control("POST", "settings", {"enhancedWriteOff": False})
    given = {"totalAmount": 50, "type": "External", "methodType": "Cash"}
    assert client.rest("POST", "/v1/payments/P-00000002/refunds/unapply", given).category == 10
    row = {"debitMemos": [{"debitMemoId": client.names["D5"], "amount": 50}]}
    assert client.rest("PUT", "/v1/payments/P-00000002/unapply", row).status == 200
    assert client.rest("POST", "/v1/payments/P-00000002/refunds", given).status == 200


def login(client: Client, more: str) -> Reply:
    """Log in with an entity."""
    fields = f"<a:username>erp@example.com</a:username><a:password>demo</a:password>{more}"
    return client.envelope(f'<a:login xmlns:a="http://api.zuora.com/">{fields}</a:login>', header="")


def test_an_entity_has_books_of_its_own(client: Client) -> None:
    """The same number is another debit memo in E2; what is paid there is not paid here."""
    names = client.names
    given = client.rest_payment(
        80,
        accountId=names["E2.A"],
        paymentMethodId=names["E2.PMx"],
        debitMemos=[{"debitMemoNumber": "DM00000001", "amount": 80}],
    )
    assert client.rest("POST", "/v1/payments", given).status == 404
    reply = client.rest("POST", "/v1/payments", given, Zuora_Entity_Ids=names["E2"])
    assert reply.status == 200
    assert client.find("debitMemos", "D1")["balance"] == "80"
    books = client.control("GET", "ledger?entity=E2")
    assert next(one["balance"] for one in books["debitMemos"] if one["id"] == names["E2.D1"]) == "0"
    assert (books["entityId"], books["tenantId"], client.ledger()["entityId"]) == (names["E2"], "10000", names["E1"])
    assert books["violations"] == []


@pytest.mark.parametrize("kind", ["entityId", "entityName"])
def test_a_login_names_its_entity(client: Client, kind: str) -> None:
    """By id or by name; both, and an unknown one, are refused; the session sees that entity only."""
    value = client.names["E2"] if kind == "entityId" else "E2"
    found = login(client, f"<a:{kind}>{value}</a:{kind}>").xml.find(".//{http://api.zuora.com/}Session")
    client.session = found.text
    assert client.query(f"select Id from Payment where Id = '{client.names['P1']}'").records == []
    assert client.query("select Id from Payment where PaymentNumber = 'P-00000001'").records == [
        {"Id": client.names["E2.P1"]}
    ]
    assert login(client, f"<a:{kind}>nowhere</a:{kind}>").fault[:2] == ("fns:INVALID_VALUE", "LoginFault")


def test_an_unknown_entity_is_no_access(client: Client) -> None:
    """403 category 10, and at connections a refusal."""
    refused = client.rest("GET", "/v1/payments", Zuora_Entity_Ids="nowhere")
    assert (refused.status, refused.category) == (403, 10)
    assert connect(client, entityName="nowhere").json["success"] is False
    cookie = connect(client, entityName="E2").headers["set-cookie"].partition(";")[0]
    assert count(client, {"Cookie": cookie}).json["size"] == 2
