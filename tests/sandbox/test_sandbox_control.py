"""The control face: faults, records, clock, seeds and settings."""

import http.client
import time

import pytest
from sandbox_clients import Client

from bridge.sandbox import SandboxThread


def order(client: Client, kind: str, match: object = "POST /v1/payments", **more: object) -> None:
    """Order a fault."""
    client.control("POST", "faults", {"match": match, "kind": kind, **more})


def create(client: Client, key: str = "k") -> int:
    """Create a payment under a key; 0 when the connection died."""
    try:
        return client.rest("POST", "/v1/payments", client.rest_payment(), Idempotency_Key=key).status
    except (http.client.HTTPException, ConnectionError):
        return 0


def made(client: Client) -> int:
    """How many payments there are beside the fixture's."""
    return len(client.ledger()["payments"]) - 3


@pytest.mark.parametrize(
    ("kind", "first", "after_first", "second"),
    [
        ("drop_before", 0, 0, 200),
        ("drop_after", 0, 1, 200),
        ("truncated", 0, 1, 200),
        ("error_500_before", 500, 0, 500),
        ("error_500_after", 500, 1, 200),
        ("html_502", 502, 0, 200),
        ("html_503", 503, 0, 200),
        ("rate_limited", 429, 0, 200),
        ("lock", 409, 0, 409),
        ("expired_token", 401, 0, 200),
        ("in_progress_409", 409, 0, 200),
        ("success_false_200", 200, 0, 200),
        ("delay", 200, 1, 200),
    ],
)
def test_faults_bite_before_or_after_the_key_is_used_up(
    client: Client, kind: str, first: int, after_first: int, second: int
) -> None:
    """What never reached Zuora leaves the key free; what did is stored and replayed; never two payments."""
    client.token()
    order(client, kind, **({"seconds": 0} if kind == "delay" else {}))
    assert create(client) == first
    assert made(client) == after_first
    assert create(client) == second
    assert made(client) == (0 if kind in ("error_500_before", "lock", "success_false_200") else 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay_holds_the_token_endpoint_too(client: Client, when: str) -> None:
    """Whatever path it is ordered for."""
    order(client, "delay", match="POST /oauth/token", seconds=0.3, when=when)
    began = time.monotonic()
    client.token()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("kind", "first", "applied"),
    [
        ("drop_before", 0, 1),
        ("drop_after", 0, 2),
        ("truncated", 0, 2),
        ("error_500_before", 500, 1),
        ("error_500_after", 500, 2),
        ("html_502", 502, 1),
        ("rate_limited", 429, 1),
        ("lock", 409, 1),
        ("refuse", 400, 1),
        ("expired_session", 401, 1),
    ],
)
def test_faults_bite_the_operations_without_a_key_too(client: Client, kind: str, first: int, applied: int) -> None:
    """An apply that was lost after its commit applies again when it is repeated."""
    client.token()
    order(client, kind, {"method": "PUT", "path": "/v1/payments/P-00000002/apply"})
    given = {"invoices": [{"invoiceId": client.names["I1"], "amount": 10}]}
    answers = []
    for _ in range(2):
        try:
            answers.append(client.rest("PUT", "/v1/payments/P-00000002/apply", given).status)
        except (http.client.HTTPException, ConnectionError):
            answers.append(0)
    assert answers == [first, 200]
    assert client.find("invoices", "I1")["balance"] == str(100 - 10 * applied)


def test_a_stored_500_can_be_chosen_either_way(client: Client) -> None:
    """A 500 of the edge is not stored; a 500 of Zuora after its commit may be."""
    client.token()
    order(client, "error_500_before", stored=False)
    assert [create(client, "a"), create(client, "a")] == [500, 200]
    order(client, "error_500_after", stored=True, category=99, message="Gateway timed out")
    assert [create(client, "b"), create(client, "b")] == [500, 500]
    assert made(client) == 2


def test_faults_count_and_choose_their_requests(client: Client) -> None:
    """nth skips, times repeats, other requests pass."""
    client.token()
    order(client, "html_502", {"method": "post", "path": "/v1/payments", "nth": 2}, times=2)
    assert [create(client, str(n)) for n in range(4)] == [200, 502, 502, 200]
    assert client.control("GET", "faults")[0]["used"] == 2
    assert client.control("DELETE", "faults") == {"cleared": 1}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate_limited", 429, "fns:REQUEST_EXCEEDED_LIMIT"),
        ("expired_session", 500, "fns:INVALID_SESSION"),
        ("lock", 500, "fns:LOCK_COMPETITION"),
        ("error_500_before", 500, "soapenv:Server"),
        ("error_500_after", 500, "soapenv:Server"),
    ],
)
def test_faults_on_the_soap_face(client: Client, kind: str, status: int, code: str) -> None:
    """Matched by operation; only an `after` fault leaves a payment behind."""
    client.login()
    order(client, kind, {"operation": "create"})
    payment = client.soap_payment(AppliedCreditBalanceAmount="30")
    reply = client.write("create", "Payment", payment)
    assert (reply.status, reply.fault[0]) == (status, code)
    assert made(client) == (1 if kind.endswith("after") else 0)
    if kind == "rate_limited":
        assert reply.headers["retry-after"] == "120"
        order(client, kind, {"operation": "create"})
        assert client.write("create", "Payment", payment, version="50.0").fault[0] == "fns:UNKNOWN_ERROR"


def test_a_lost_soap_answer_leaves_the_payment(client: Client) -> None:
    """SOAP has no key: the commit stands and nobody was told."""
    client.login()
    order(client, "drop_after", "create", reset=True)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.write("create", "Payment", client.soap_payment(AppliedCreditBalanceAmount="30"))
    assert made(client) == 1


def test_declines_can_be_ordered_on_both_faces(client: Client) -> None:
    """The decline fault makes an electronic payment end in Error."""
    names = client.names
    order(client, "decline", {"body": "Electronic"}, times=2)
    card = {"type": "Electronic", "paymentMethodId": names["PMc"], "gatewayId": names["G1"]}
    given = client.rest_payment(30, **card, effectiveDate="2026-02-20")
    assert client.rest("POST", "/v1/payments", given).category == 99
    fields = client.soap_payment(Type="Electronic", PaymentMethodId=names["PMc"], AppliedCreditBalanceAmount="30")
    assert len(client.write("create", "Payment", fields).rows[0]) == 32
    assert [one["status"] for one in client.ledger()["payments"][3:]] == ["Error", "Error"]


def test_records_mask_secrets(client: Client) -> None:
    """Passwords, sessions, tokens and client secrets never come back; operations and order do."""
    client.login()
    client.query("select Id from Payment")
    token = client.token()
    client.rest("GET", "/v1/payments?status=Processed")
    reply = client.http("GET", "/sandbox/requests")
    for secret in (client.session, token, "demo-secret", ">demo<"):
        assert secret not in reply.body.decode()
    kinds = [(one["face"], one["operation"], one["path"], one["status"]) for one in reply.json]
    assert kinds == [
        ("soap", "login", "/apps/services/a/107.0", 200),
        ("soap", "query", "/apps/services/a/107.0", 200),
        ("oauth", "", "/oauth/token", 200),
        ("rest", "", "/v1/payments?status=Processed", 200),
    ]
    assert [one["seq"] for one in client.control("GET", "requests?after=2")] == [3, 4]
    assert client.control("DELETE", "requests") == {"cleared": 4}


def test_the_clock_is_told_in_the_date_header(client: Client) -> None:
    """Set and advanced; the day is the tenant's."""
    client.control("POST", "clock", {"now": "2026-03-01T23:59:58-08:00"})
    assert client.http("POST", "/oauth/token").headers["date"].startswith("Mon, 02 Mar 2026 07:59:5")
    assert client.control("POST", "clock", {"advance_seconds": 3600})["now"].startswith("2026-03-02T00:59:5")


def test_seeding_starts_again_from_nothing(client: Client) -> None:
    """Objects, sessions, tokens, keys, faults and records are gone; ids of names stay the same."""
    create(client)
    order(client, "html_502")
    names = client.control("POST", "seed", {"name": "demo"})["names"]
    assert names == client.names
    assert made(client) == 0
    assert client.control("GET", "faults") == []
    assert client.rest("GET", "/v1/payments").status == 401
    other = client.control("POST", "seed", {"name": "other-tenant"})["names"]
    assert client.ledger()["tenantId"] == "20000"
    assert other["A"] != names["A"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", "{}"),
        ("clock", '{"now": "tomorrow"}'),
        ("clock", '{"now": "2026-02-20T10:00:00"}'),
        ("clock", "{"),
        ("seed", '{"name": "nope"}'),
        ("settings", '{"nope": true}'),
        ("settings", '{"itemSettlement": "yes"}'),
        ("settings", '{"closedBefore": "soon"}'),
        ("faults", '{"match": "x", "kind": "explode"}'),
        ("faults", '{"match": {"colour": "red"}, "kind": "delay"}'),
        ("faults", '{"match": "x", "kind": "delay", "seconds": "1"}'),
        ("faults", '{"match": "x", "kind": "delay", "times": 0}'),
        ("faults", '{"match": "x", "kind": "delay", "when": "later"}'),
        ("faults", "[]"),
    ],
)
def test_bad_control_input_is_400_with_a_text(client: Client, path: str, body: str) -> None:
    """And nothing is changed."""
    reply = client.http("POST", f"/sandbox/{path}", body.encode())
    assert reply.status == 400
    assert len(reply.json["error"]) > 10
    assert client.control("GET", "faults") == []


def test_unknown_control_paths_are_404(client: Client) -> None:
    """The control face answers nothing it does not know."""
    assert client.http("GET", "/sandbox/nonsense").status == 404


def test_two_sandboxes_run_side_by_side() -> None:
    """Each has its own port and its own books."""
    with SandboxThread() as one, SandboxThread("other-tenant") as other:
        assert one.url != other.url
        assert (one.tenant.tenant_id, other.tenant.tenant_id) == ("10000", "20000")
