"""Expired sessions, Zuora's limits, answers of the edge and refusals in old clothes (61 to 68)."""

from __future__ import annotations

from scenario_objects import (
    D1_WHOLE,
    EVEN,
    FIFTY,
    IN_DOUBT,
    ONE_ON_D1,
    POSTS,
    SELECT_PAYMENTS,
    SOAP_CREATE,
    pays,
    post_memo,
)
from scenario_terms import Call, Err, Fault, Ok, Order, Relayed, Row, Soap

ROWS: tuple[Row, ...] = (
    Row(
        61,
        "The session expires between the proof and the write: Zuora's fault is relayed, nobody logs in again",
        [
            Order("expired_session", SOAP_CREATE),
            Call(
                [pays("@I1", "100")],
                Fault("INVALID_SESSION", says="invalid session"),
                sent=[Soap([0])],
                reads=["getUserInfo", "GET /v1/invoices/@I1"],
            ),
        ],
    ),
    Row(
        62,
        "The bridge's own token has expired: it is renewed once and the request repeated under the same key",
        [
            Order("expired_token", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        63,
        "A session that Zuora does not know: asked once, its fault relayed, nothing written",
        [Call([D1_WHOLE], Fault("INVALID_SESSION"), session="unknown", reads=["getUserInfo"])],
    ),
    Row(
        64,
        "Zuora's request limit on a call of one: the fault, the status and when to come again",
        [
            Order("rate_limited", POSTS, {"retry_after": 120}),
            Call(
                [D1_WHOLE],
                Fault("REQUEST_EXCEEDED_LIMIT", status=429, retry_after="120"),
                sent=[post_memo("@D1", "80")],
            ),
        ],
    ),
    Row(
        65,
        "Zuora's limit is met in the middle of fifty for a second: the rest goes on after it",
        [
            Order("rate_limited", {**POSTS, "nth": 10}, {"retry_after": 1}),
            Call(FIFTY, [Ok()] * 50, "soap rest " * 25, [Soap(EVEN), *[ONE_ON_D1] * 26]),
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
        part="a",
    ),
    Row(
        65,
        "Zuora's limit is met for longer than the caller waits: what was done stands, the rest is refused",
        [
            Order("rate_limited", {**POSTS, "nth": 10}, {"retry_after": 120, "times": 99}),
            Call(
                FIFTY,
                [Ok()] * 19 + [Err("REQUEST_EXCEEDED_LIMIT") if place % 2 else Ok() for place in range(19, 50)],
                "soap rest " * 25,
                [Soap(EVEN), *[ONE_ON_D1] * 10],
            ),
        ],
        {"I1": "75", "D1": "71"},
        [*["1 = I1 1"] * 25, *["1 = D1 1"] * 9],
        part="b",
    ),
    Row(
        67,
        "HTML with status 503 from the edge: on pass-through it is relayed as it is",
        [
            Order("html_503", {"operation": "query"}, {"times": 2}),
            Call(op="query", body=SELECT_PAYMENTS, told=Relayed(503, ["503 Service Temporarily Unavailable"])),
        ],
        part="a",
    ),
    Row(
        67,
        "HTML with status 503 from the edge: a write over SOAP is in doubt, never 'unavailable'",
        [
            Order("html_503", SOAP_CREATE),
            Call([pays("@I1", "100")], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
        ],
        part="b",
    ),
    Row(
        67,
        "HTML with status 503 from the edge: a write over REST is repeated under its key",
        [
            Order("html_503", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        part="c",
    ),
    Row(
        68,
        "A refusal with status 200, as tenants on an old Zuora-Version see it, is a refusal",
        [
            Order("success_false_200", POSTS, {"category": 30, "message": "The debit memo is not posted."}),
            Call([D1_WHOLE], [Err("INVALID_VALUE", "InvoiceId", "not posted")], "rest", [post_memo("@D1", "80")]),
        ],
    ),
)
