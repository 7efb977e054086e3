"""What the gateway says, and what Zuora leaves behind and answers, on every door."""

import pytest
from sandbox_clients import Client


def card(client: Client, **fields: object) -> dict[str, object]:
    """An electronic payment of account A."""
    names = client.names
    electronic = {"type": "Electronic", "paymentMethodId": names["PMc"], "gatewayId": names["G1"]}
    return client.rest_payment(30, **electronic, effectiveDate="2026-02-20", gatewayOrderId="ERP-7", **fields)


def left_behind(client: Client) -> list[str]:
    """The statuses of payments beyond the fixture, as a look-up by gatewayOrderId finds them."""
    return [one["status"] for one in client.query_objects("payments", "gatewayorderid.EQ:ERP-7").json["data"]]


@pytest.mark.parametrize(
    ("kind", "rest", "kept", "soap"),
    [
        ("decline", 500, ["Error"], ""),
        ("decline_200", 200, ["Error"], ""),
        ("decline_unkept", 500, [], "TRANSACTION_FAILED"),
        ("gateway_timeout", 500, [], "TRANSACTION_TIMEOUT"),
        ("gateway_timeout_kept", 500, ["Processed"], "TRANSACTION_TIMEOUT"),
    ],
)
def test_each_verdict_leaves_what_its_table_says(
    client: Client, kind: str, rest: int, kept: list[str], soap: str
) -> None:
    """REST answers category 99 or the object, SOAP and Actions a row; a look-up tells what is there."""
    client.control("POST", "faults", {"match": "POST /v1/payments", "kind": kind})
    reply = client.rest("POST", "/v1/payments", card(client))
    assert reply.status == rest
    assert reply.json["status"] == "Error" if rest == 200 else reply.category == 99
    assert left_behind(client) == kept
    client.control("POST", "seed", {"name": "demo"})
    fresh = client.other()
    fresh.control("POST", "faults", {"match": "create", "kind": kind, "times": 2})
    names = client.names
    fields = fresh.soap_payment(
        Type="Electronic", PaymentMethodId=names["PMc"], GatewayOrderId="ERP-7", AppliedCreditBalanceAmount="30"
    )
    (row,) = fresh.write("create", "Payment", fields).rows
    assert row == soap if soap else len(row) == 32
    assert left_behind(fresh) == kept
    (told,) = fresh.rest(
        "POST", "/v1/action/create", {"type": "Payment", "objects": [{**fields, "GatewayOrderId": "ERP-8"}]}
    ).json
    assert told["Errors"][0]["Code"] == soap if soap else told["Success"] is True


def test_a_code_younger_than_the_caller_is_unknown_error(client: Client) -> None:
    """TRANSACTION_TIMEOUT exists from 60."""
    client.control("POST", "faults", {"match": "create", "kind": "gateway_timeout", "times": 2})
    fields = client.soap_payment(
        Type="Electronic", PaymentMethodId=client.names["PMc"], AppliedCreditBalanceAmount="30"
    )
    old = {**fields, "EffectiveDate": "2026-02-20T00:00:00"}
    assert client.write("create", "Payment", old, version="59.0").rows == ["UNKNOWN_ERROR"]
    assert client.write("create", "Payment", fields, version="69.0").rows == ["TRANSACTION_TIMEOUT"]


def test_external_payments_never_meet_the_gateway(client: Client) -> None:
    """The fault is used up, the payment is made."""
    client.control("POST", "faults", {"match": "POST /v1/payments", "kind": "decline_unkept"})
    assert client.rest("POST", "/v1/payments", client.rest_payment(30)).status == 200


def test_refunds_meet_it_too(client: Client) -> None:
    """Kept in Error, or not at all; the payment has its money either way."""
    path = "/v1/payments/P-00000003/refunds"
    for kind in ("decline", "decline_unkept", "gateway_timeout"):
        client.control("POST", "faults", {"match": "refunds", "kind": kind})
        assert client.rest("POST", path, {"totalAmount": 20, "type": "Electronic"}).category == 99
    assert [one["status"] for one in client.ledger()["refunds"]] == ["Error"]
    client.control("POST", "faults", {"match": "refunds", "kind": "gateway_timeout_kept"})
    assert client.rest("POST", path, {"totalAmount": 20, "type": "Electronic"}).category == 99
    listed = client.rest("GET", f"/v1/refunds?paymentId={client.names['P3']}").json["refunds"]
    assert sorted(one["status"] for one in listed) == ["Error", "Processed"]


def test_gateway_options_reach_the_gateway_by_both_faces(client: Client) -> None:
    """A map over REST, a list of names and values over SOAP."""
    made = client.rest("POST", "/v1/payments", card(client, gatewayOptions={"SecCode": "WEB"})).json["id"]
    option = "<a:GatewayOption><o:name>SecCode</o:name><o:value>WEB</o:value></a:GatewayOption>"
    fields = client.soap_payment(
        Type="Electronic", PaymentMethodId=client.names["PMc"], AppliedCreditBalanceAmount="30"
    )
    other = client.write("create", "Payment", {**fields, "GatewayOptionData": option}).rows[0]
    assert [client.find("payments", key)["gatewayOptions"] for key in (made, other)] == [{"SecCode": "WEB"}] * 2
