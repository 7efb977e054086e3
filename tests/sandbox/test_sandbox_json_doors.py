"""The JSON Actions and CRUD objects: shapes, statuses, versions, and SOAP's semantics behind them."""

import pytest
from sandbox_clients import Client, Reply


def action(client: Client, name: str, given: object, *, version: str = "", query: str = "") -> Reply:
    """Call an action."""
    return client.rest("POST", f"/v1/action/{name}{query}", given, X_Zuora_WSDL_Version=version)


def fields(client: Client, **more: object) -> dict[str, object]:
    """A good payment in JSON."""
    return {**client.soap_payment(AppliedCreditBalanceAmount="30"), "Amount": 30, **more}


def test_fifty_objects_of_one_type_each_a_transaction(client: Client) -> None:
    """Rows in order; 51 are a fault and nothing is done."""
    good, bad = fields(client), fields(client, Status="Draft")
    rows = action(client, "create", {"type": "Payment", "objects": [good, bad] * 25}).json
    assert [row["Success"] for row in rows] == [True, False] * 25
    assert rows[1] == {"Success": False, "Errors": [rows[1]["Errors"][0]]}
    assert sorted(rows[1]["Errors"][0]) == ["Code", "Message"]
    over = action(client, "create", {"type": "Payment", "objects": [good] * 51})
    assert (over.status, over.json["FaultCode"]) == (400, "MAX_RECORDS_EXCEEDED")
    assert len(client.ledger()["payments"]) == 28


def test_calls_that_make_no_sense_are_400(client: Client) -> None:
    """Faults have FaultCode and FaultMessage, the rest a bare message."""
    unknown = action(client, "create", {"type": "Nonsense", "objects": [{}]})
    assert (unknown.status, unknown.json["FaultCode"]) == (400, "INVALID_TYPE")
    assert sorted(unknown.json) == ["FaultCode", "FaultMessage"]
    for name, given in (
        ("create", {"type": "Payment", "objects": "x"}),
        ("create", {"type": "Payment", "objects": [1]}),
        ("delete", {"type": "Payment", "ids": "x"}),
        ("query", {"queryString": "select Id from Payment", "conf": {"batchSize": "many"}}),
        ("amend", {"requests": [{}, {}]}),
        ("queryy", {}),
        ("create", "{"),
    ):
        refused = action(client, name, given)
        assert (refused.status, list(refused.json)) == (400, ["message"]), name
        assert refused.json["message"].startswith("Error - ")
    assert action(client, "queryy", {}).json == {"message": "Error - invalid action: queryy"}


def test_unknown_fields_are_ignored_unless_they_are_to_be_refused(client: Client) -> None:
    """Also fields of a later version and custom fields the tenant does not have."""
    for extra in ({"Bogus": 1}, {"Nothing__c": "x"}, {"bogus": {"a": [1]}}):
        given = {"type": "Payment", "objects": [fields(client, **extra)]}
        refused = action(client, "create", given, query="?rejectUnknownFields=true")
        assert (refused.status, refused.json) == (400, {"message": "Error - unrecognised fields"})
        assert action(client, "create", given).json[0]["Success"] is True
    given = {"type": "Payment", "objects": [fields(client, Region__c="West", Approved__c=True, Amount__c=1.5)]}
    made = action(client, "create", given, query="?rejectUnknownFields=true").json[0]["Id"]
    custom = client.find("payments", made)["custom"]
    assert custom == {"Region__c": "West", "Approved__c": True, "Amount__c": "1.5"}


def test_the_version_header_chooses_dates_and_fields(client: Client) -> None:
    """79 without it; below 69 dates are dateTimes; 121 changed a code."""
    dated = fields(client, EffectiveDate="2026-02-20T00:00:00")
    assert action(client, "create", {"type": "Payment", "objects": [dated]}).json[0]["Errors"][0]["Code"] == (
        "INVALID_VALUE"
    )
    made = action(client, "create", {"type": "Payment", "objects": [dated]}, version="68.0").json[0]["Id"]
    text = {"queryString": f"select EffectiveDate from Payment where Id = '{made}'"}
    assert action(client, "query", text).json["records"][0]["EffectiveDate"] == "2026-02-20"
    old = action(client, "query", text, version="68").json["records"][0]["EffectiveDate"]
    assert old == "2026-02-20T00:00:00.000-08:00"
    bare = fields(client)
    del bare["PaymentMethodId"]
    for version, code in (("120", "UNKNOWN_ERROR"), ("121", "INVALID_VALUE")):
        row = action(client, "create", {"type": "Payment", "objects": [bare]}, version=version).json[0]
        assert row["Errors"][0]["Code"] == code
    assert action(client, "query", {"queryString": "select UnappliedAmount from Payment"}).status == 400


def test_update_and_delete_rows(client: Client) -> None:
    """fieldsToNull clears; delete rows are in lower case, failures too."""
    key = client.names["P1"]
    action(client, "update", {"type": "Payment", "objects": [{"Id": key, "Region__c": "West"}]})
    given = {"type": "Payment", "objects": [{"Id": key, "fieldsToNull": ["Region__c"], "Status": "Canceled"}]}
    assert action(client, "update", given).json == [{"Success": True, "Id": key}]
    assert client.find("payments", key)["custom"] == {}
    rows = action(client, "delete", {"type": "Payment", "ids": [key, client.names["P2"]]}).json
    assert rows[0] == {"success": True, "id": key}
    assert (rows[1]["success"], rows[1]["errors"][0]["Code"]) == (False, "CANNOT_DELETE")


def test_an_idempotency_key_replays_an_action(client: Client) -> None:
    """A POST like any other: success and failure are stored."""
    given = {"type": "Payment", "objects": [fields(client)]}
    first = client.rest("POST", "/v1/action/create", given, Idempotency_Key="k")
    again = client.rest("POST", "/v1/action/create", given, Idempotency_Key="k")
    assert first.body == again.body
    assert client.rest("POST", "/v1/object/payment", given, Idempotency_Key="k").status == 422
    assert len(client.ledger()["payments"]) == 4


def test_other_actions_answer_without_touching_the_books(client: Client) -> None:
    """Subscribe, amend, generate and execute in their shapes, over SOAP as well."""
    before = client.ledger()
    assert action(client, "subscribe", {"subscribes": [{}, {}]}).json[1]["Success"] is True
    assert action(client, "amend", {"requests": [{"Amendments": [{}]}]}).json["results"][0]["Success"] is True
    assert len(action(client, "generate", {"type": "Invoice", "objects": [{}]}).json[0]["Id"]) == 32
    assert action(client, "execute", {"type": "InvoiceSplit", "ids": ["a"]}).json[0]["Success"] is True
    reply = client.envelope('<a:amend xmlns:a="http://api.zuora.com/"><a:requests/></a:amend>')
    assert b"<ns1:results><ns1:AmendmentIds>" in reply.body
    assert {**client.ledger(), "now": ""} == {**before, "now": ""}


def test_crud_refunds_and_their_links(client: Client) -> None:
    """A refund of an invoice payment, read with chosen fields; its RefundInvoicePayment can be read too."""
    names = client.names
    split = {"RefundInvoicePayment": [{"InvoiceId": names["I4"], "RefundAmount": 45}]}
    given = {"Type": "External", "MethodType": "Check", "RefundDate": "2026-02-20", "PaymentId": names["P1"]}
    made = client.rest("POST", "/v1/object/refund", {**given, "Amount": 45, "RefundInvoicePaymentData": split}).json
    assert made == {"Success": True, "Id": made["Id"]}
    chosen = client.rest("GET", f"/v1/object/refund/{made['Id']}?fields=Amount,SourceType,Comment").json
    assert chosen == {"Amount": 45, "SourceType": "Payment", "Id": made["Id"]}
    text = {"queryString": f"select InvoiceId from RefundInvoicePayment where RefundId = '{made['Id']}'"}
    (link,) = action(client, "query", text).json["records"]
    row = client.rest("GET", f"/v1/object/refund-invoice-payment/{link['Id']}").json
    assert (row["InvoiceId"], row["RefundAmount"], row["RefundId"]) == (names["I4"], 45, made["Id"])
    refused = client.rest("DELETE", f"/v1/object/refund/{made['Id']}")
    assert (refused.status, refused.json["Success"]) == (400, False)
    assert client.rest("PUT", f"/v1/object/refund/{made['Id']}", {"Status": "Canceled"}).json["Success"] is True
    assert client.rest("DELETE", f"/v1/object/refund/{made['Id']}").json == {"success": True, "id": made["Id"]}


def test_crud_invoice_payments_where_the_tenant_still_has_them(client: Client) -> None:
    """Create applies, update applies or unapplies the difference; otherwise the field's text is told."""
    names = client.names
    given = {"Amount": 15, "InvoiceId": names["I2"], "PaymentId": names["P3"]}
    refused = client.rest("POST", "/v1/object/invoice-payment", given)
    assert (refused.status, refused.json["Errors"][0]["Code"]) == (400, "UNKNOWN_ERROR")
    client.control("POST", "settings", {"legacyInvoicePayments": True})
    key = client.rest("POST", "/v1/object/invoice-payment", given).json["Id"]
    for amount in (20, 5):
        assert client.rest("PUT", f"/v1/object/invoice-payment/{key}", {"Amount": amount}).json["Success"] is True
        assert client.find("invoices", "I2")["balance"] == str(20 - amount)
    assert client.rest("GET", f"/v1/object/invoice-payment/{key}").json["Amount"] == 5
    assert client.rest("DELETE", f"/v1/object/invoice-payment/{key}").status == 405
    assert client.rest("PUT", f"/v1/object/invoice-payment/{'f' * 32}", {"Amount": 1}).status == 400


def test_crud_differs_from_soap_in_lengths_and_the_date(client: Client) -> None:
    """A ReferenceId of 100 characters, and an external payment without a date is of today."""
    long = fields(client, ReferenceId="x" * 100)
    assert action(client, "create", {"type": "Payment", "objects": [long]}).json[0]["Success"] is False
    del long["EffectiveDate"]
    made = client.rest("POST", "/v1/object/payment", long).json
    assert made["Success"] is True
    assert client.find("payments", made["Id"])["effectiveDate"] == "2026-02-20"
    assert client.rest("POST", "/v1/object/payment", {**long, "ReferenceId": "x" * 101}).status == 400


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"kind": "refuse", "code": "TRANSACTION_FAILED", "message": "no"}, 200, "TRANSACTION_FAILED"),
        ({"kind": "soap_fault", "code": "SERVER_UNAVAILABLE"}, 400, "SERVER_UNAVAILABLE"),
        ({"kind": "lock"}, 400, "LOCK_COMPETITION"),
    ],
)
def test_ordered_refusals_on_the_actions(client: Client, order: dict[str, str], status: int, code: str) -> None:
    """Every row, or the whole call; the SOAP face tells the same."""
    client.control("POST", "faults", {"match": "create", "times": 2, **order})
    reply = action(client, "create", {"type": "Payment", "objects": [fields(client)]})
    assert reply.status == status
    assert code in reply.body.decode()
    soap = client.write("create", "Payment", client.soap_payment(AppliedCreditBalanceAmount="30"))
    assert code in soap.body.decode()
    assert len(client.ledger()["payments"]) == 3


def test_a_refusal_can_hit_the_second_step_of_two(client: Client) -> None:
    """skip counts matching requests; what was not hit goes through."""
    match = {"method": "PUT", "path": "/v1/payments/", "skip": 1}
    client.control("POST", "faults", {"match": match, "kind": "refuse", "category": 50})
    unapply = "/v1/payments/P-00000002/unapply"
    row = {"debitMemos": [{"debitMemoId": client.names["D5"], "amount": 20}]}
    answers = [client.rest("PUT", unapply, row) for _ in range(3)]
    assert [(one.status, one.status == 409 and one.category) for one in answers] == [
        (200, False),
        (409, 50),
        (200, False),
    ]
    assert client.find("debitMemos", "D5")["balance"] == "40"
    assert client.http("POST", "/sandbox/faults", b'{"match": {"skip": -1}, "kind": "lock"}').status == 400
