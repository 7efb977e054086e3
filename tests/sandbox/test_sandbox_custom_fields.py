"""Custom fields: which the tenant has, of what type, and how each door takes them."""

import json

import pytest
from sandbox_clients import Client

GOOD = {"Region__c": "West", "Amount__c": 12.5, "Approved__c": True, "ValueDate__c": "2026-02-01"}


def test_rest_takes_registered_fields_in_their_types(client: Client) -> None:
    """At the top level of payments and refunds, read back as they were sent; null clears one."""
    made = client.rest("POST", "/v1/payments", client.rest_payment(30, **GOOD, IntegrationId__NS="7")).json
    assert {name: made[name] for name in (*GOOD, "IntegrationId__NS")} == {**GOOD, "IntegrationId__NS": "7"}
    refund = {"totalAmount": 10, "type": "External", "methodType": "Cash", **GOOD}
    given = client.rest("POST", f"/v1/payments/{made['id']}/refunds", refund).json
    assert given["Amount__c"] == 12.5
    assert client.rest("PUT", f"/v1/payments/{made['id']}", {"Region__c": None}).json["Region__c"] is None
    assert "Region__c" not in client.find("payments", made["id"])["custom"]


def test_the_fields_of_the_netsuite_connector_are_there(client: Client) -> None:
    """On payments and refunds; one of them on refunds only."""
    fields = {
        f"{name}__NS": "x" for name in ("IntegrationId", "IntegrationStatus", "Origin", "SyncDate", "Transaction")
    }
    made = client.rest("POST", "/v1/payments", client.rest_payment(30, **fields)).json
    assert made["SyncDate__NS"] == "x"
    given = {"totalAmount": 10, "type": "External", "methodType": "Cash", "SynctoNetSuite__NS": "Yes", **fields}
    assert client.rest("POST", f"/v1/payments/{made['id']}/refunds", given).status == 200
    assert client.rest("POST", "/v1/payments", client.rest_payment(30, SynctoNetSuite__NS="Yes")).category == 21


@pytest.mark.parametrize(
    ("field", "value", "category"),
    [
        ("Nothing__c", "x", 21),
        ("region__c", "x", 21),
        ("Region__c", 7, 20),
        ("Region__c", "x" * 256, 20),
        ("Amount__c", "12.5", 20),
        ("Approved__c", "true", 20),
        ("ValueDate__c", "2026-02-30", 20),
        ("ValueDate__c", "2026-02-01T00:00:00", 20),
    ],
)
def test_rest_refuses_unknown_fields_and_wrong_types(client: Client, field: str, value: object, category: int) -> None:
    """Category 21 for what the tenant does not have, 20 for another type; nothing is made."""
    reply = client.rest("POST", "/v1/payments", client.rest_payment(30, **{field: value}))
    assert (reply.status, reply.category) == (400, category)
    assert len(client.ledger()["payments"]) == 3


def test_fields_of_documents_inside_a_request_cannot_be_custom(client: Client) -> None:
    """Custom fields belong to the top level."""
    row = {"debitMemoId": client.names["D1"], "amount": 30, "Region__c": "West"}
    assert client.rest("POST", "/v1/payments", client.rest_payment(30, debitMemos=[row])).category == 21


def test_the_tenant_chooses_its_fields(client: Client) -> None:
    """A setting replaces them all; nonsense is refused with a text."""
    client.control("POST", "settings", {"customFields": {"Payment": {"Mine__c": "text"}}})
    assert client.rest("POST", "/v1/payments", client.rest_payment(30, Mine__c="x")).status == 200
    assert client.rest("POST", "/v1/payments", client.rest_payment(30, Region__c="x")).category == 21
    for wrong in ({"Payment": {"Mine": "text"}}, {"Payment": {"Mine__c": "colour"}}, {"Contact": {}}, []):
        assert client.http("POST", "/sandbox/settings", json.dumps({"customFields": wrong}).encode()).status == 400


def test_soap_reads_the_lexical_value_and_ignores_what_it_does_not_know(client: Client) -> None:
    """Numbers, booleans in all spellings and dates; a value of another type is a row error."""
    fields = {
        "Region__c": " W ",
        "Amount__c": "12.50",
        "Approved__c": "yes",
        "ValueDate__c": "2026-02-01",
        "No__c": "x",
    }
    row = client.soap_payment(AppliedCreditBalanceAmount="30", **fields)
    reply = client.write("create", "Payment", row, {**row, "Amount__c": "many"})
    assert reply.rows[1] == "INVALID_VALUE"
    expected = {"Region__c": " W ", "Amount__c": "12.5", "Approved__c": True, "ValueDate__c": "2026-02-01"}
    assert client.find("payments", reply.rows[0])["custom"] == expected
    text = f"select Amount__c, Approved__c, Region__c from Payment where Id = '{reply.rows[0]}' and Amount__c > 12"
    record = client.query(text).records[0]
    assert (record["Amount__c"], record["Approved__c"], record["Region__c"]) == ("12.5", "true", " W ")
    fault = client.query("select No__c from Payment").fault
    assert fault == ("fns:INVALID_FIELD", "MalformedQueryFault", "invalid field for query: Payment.no__c")


def test_fields_to_null_clears_custom_fields_and_refuses_names_nobody_has(client: Client) -> None:
    """A standard field that SOAP cannot update is left alone."""
    key = client.names["P2"]
    client.rest("PUT", f"/v1/payments/{key}", {**GOOD, "comment": "stays"})
    names = "</o:fieldsToNull><o:fieldsToNull>".join(("Region__c", "Amount__c", "Comment"))
    assert client.write("update", "Payment", {"fieldsToNull": names, "Id": key}).rows == [key]
    found = client.find("payments", key)
    assert (found["custom"], found["comment"]) == ({"Approved__c": True, "ValueDate__c": "2026-02-01"}, "stays")
    assert client.write("update", "Payment", {"fieldsToNull": "Nothing__c", "Id": key}).rows == ["INVALID_FIELD"]


def test_fields_to_null_comes_before_the_id(client: Client) -> None:
    """The one order within an object that the engine holds."""
    reply = client.write("update", "Payment", {"Id": client.names["P2"], "fieldsToNull": "Region__c"})
    assert reply.fault[0] == "soapenv:Server"


def test_object_query_filters_by_indexed_custom_fields_only(client: Client) -> None:
    """IntegrationId__NS is indexed, Region__c is not."""
    client.rest("PUT", f"/v1/payments/{client.names['P2']}", {"IntegrationId__NS": "7", "Region__c": "West"})
    found = client.query_objects("payments", "integrationid__ns.EQ:7").json["data"]
    assert [(one["id"], one["Region__c"]) for one in found] == [(client.names["P2"], "West")]
    assert client.query_objects("payments", "region__c.EQ:West").category == 27
