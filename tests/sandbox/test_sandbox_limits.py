"""Zuora's limits: what REST answers tell of them, and what happens to the request that is one too many."""

from __future__ import annotations

import threading
import time

import pytest
from sandbox_clients import Client

RATE = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
CONCURRENCY = ("concurrency-limit-type", "concurrency-limit-limit", "concurrency-limit-remaining")


def payment(client: Client) -> str:
    """The path of a payment to read."""
    return f"/v1/payments/{client.names['P1']}"


def test_each_rest_answer_tells_what_is_left(client: Client) -> None:
    """Of the requests at once, this one among them, and of those in this minute; the failed ones count too."""
    client.token()
    first = client.rest("GET", payment(client))
    assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("50000", "49999")
    assert 0 < int(first.headers["ratelimit-reset"]) <= 60
    assert [first.headers[name] for name in CONCURRENCY] == ["default", "40", "40"]
    assert client.rest("GET", "/v1/payments/none").headers["ratelimit-remaining"] == "49998"


def test_logins_and_tokens_have_a_limit_of_their_own(client: Client) -> None:
    """2,000 a minute, by whichever door, and no concurrency limit for tokens."""
    client.token()
    client.login()
    client._token = ""
    token = client.http("POST", "/oauth/token", b"grant_type=client_credentials")
    assert [token.headers[name] for name in RATE[:2]] == ["2000", "1997"]
    assert CONCURRENCY[0] not in token.headers


def test_neither_soap_nor_a_failing_server_tells_of_limits(client: Client) -> None:
    """SOAP never does; REST may leave it out with a 500, and so may the edge."""
    soap = client.login()
    client.control("POST", "faults", {"match": f"GET {payment(client)}", "kind": "error_500_before"})
    failed = client.rest("GET", payment(client))
    assert (soap.status, failed.status) == (200, 500)
    assert not set(RATE + CONCURRENCY) & (set(soap.headers) | set(failed.headers))


def held(client: Client, path: str) -> threading.Thread:
    """Keep one request under way for a while."""
    client.control("POST", "faults", {"match": f"GET {path}", "kind": "delay", "seconds": 3, "when": "before"})
    seen = len(client.control("GET", "requests"))
    thread = threading.Thread(target=client.rest, args=("GET", path))
    thread.start()
    until = time.monotonic() + 10
    while len(client.control("GET", "requests")) == seen:
        assert time.monotonic() < until
    return thread


def test_one_request_too_many_at_once_is_turned_away_by_both_doors(client: Client) -> None:
    """HTTP 429 with Retry-After: category 70 by REST, a typed fault by SOAP, UNKNOWN_ERROR for old callers."""
    client.login()
    client.token()
    client.control("POST", "settings", {"concurrentRequests": 1})
    thread = held(client, payment(client))
    refused = client.rest("POST", "/v1/payments", client.rest_payment())
    faults = [client.query("select Id from Payment", version=version) for version in ("107.0", "50.0")]
    tokens = client.http("POST", "/oauth/token", b"grant_type=client_credentials")
    thread.join()
    assert (refused.status, refused.category, refused.headers["retry-after"]) == (429, 70, "120")
    assert refused.headers[CONCURRENCY[2]] == "0"
    assert [(each.status, each.headers["retry-after"]) for each in faults] == [(429, "120")] * 2
    assert [each.fault[0] for each in faults] == ["fns:REQUEST_EXCEEDED_LIMIT", "fns:UNKNOWN_ERROR"]
    assert tokens.status != 429
    assert client.rest("GET", payment(client)).status == 200


@pytest.mark.parametrize("by_soap", [False, True])
def test_one_request_too_many_in_a_minute_waits_for_the_next(client: Client, by_soap: bool) -> None:
    """What was turned away has counted as well, and nothing was done."""
    client.login()
    client.token()
    client.control("POST", "settings", {"requestsPerMinute": 2})
    before = len(client.ledger()["payments"])

    def pays() -> tuple[int, int]:
        if by_soap:
            reply = client.write("create", "Payment", client.soap_payment(AppliedCreditBalanceAmount="30"))
        else:
            reply = client.rest("POST", "/v1/payments", client.rest_payment())
        return reply.status, int(reply.headers.get("retry-after", 0))

    assert [pays()[0] for _ in range(2)] == [200, 200]
    status, after = pays()
    assert (status, 0 < after <= 60) == (429, True)
    assert len(client.ledger()["payments"]) == before + 2
    client.control("POST", "clock", {"advance_seconds": 60})
    assert pays()[0] == 200


def test_a_reset_forgets_what_was_under_way(client: Client) -> None:
    """What had entered before leaves the limits of before."""
    client.token()
    thread = held(client, payment(client))
    client.control("POST", "seed", {"name": "demo"})
    client._token = ""
    assert client.rest("GET", "/v1/payments/none").headers[CONCURRENCY[2]] == "40"
    thread.join()
    assert client.rest("GET", "/v1/payments/none").headers[CONCURRENCY[2]] == "40"
