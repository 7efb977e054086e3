"""What Zuora's answers say of its limits, as an operator's headroom."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict
from upstream_servers import Request, as_json, serving, transporting

from bridge.telemetry import trace
from bridge.telemetry.metrics import METRICS
from bridge.upstream.budget import Budget, Spare
from bridge.upstream.rest import ZuoraRest


@pytest.mark.parametrize(
    ("told", "limit", "most", "left"),
    [
        ("Default 41 7", "concurrency", 41, 7),
        ("High-Volume-Transactions 200 198", "concurrency_high_volume", 200, 198),
        ("Whatever 50 49", "concurrency", 50, 49),
    ],
)
def test_the_newest_answer_tells_what_may_be_under_way(told: str, limit: str, most: int, left: int) -> None:
    """Zuora: Rate and concurrency limits, by the type that she names."""
    names = (f"Concurrency-Limit-{each}" for each in ("Type", "Limit", "Remaining"))
    Budget().heard(200, CIMultiDict(zip(names, told.split(), strict=True)))
    assert METRICS.upstream_limit.value(limit=limit) == most
    assert METRICS.upstream_remaining.value(limit=limit) == left


@pytest.mark.parametrize(
    ("told", "limit", "most", "left"),
    [
        ("50000/49001/42", "rate_minute", 50000, 49001),
        ("50000, 50000;w=86400/3/4000", "rate_day", 50000, 3),
        ("2250000/5/30", "rate_hour", 2250000, 5),
        ("777/9/600", "rate_hour", 777, 9),
        ("27000000/8/9", "rate_day", 27000000, 8),
    ],
)
def test_the_newest_answer_tells_the_nearest_window(told: str, limit: str, most: int, left: int) -> None:
    """Zuora: Rate and concurrency limits: which window it is, only its quota and its reset say."""
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    Budget().heard(200, CIMultiDict(zip(names, told.split("/"), strict=True)))
    assert METRICS.upstream_limit.value(limit=limit) == most
    assert METRICS.upstream_remaining.value(limit=limit) == left


@pytest.mark.parametrize("text", ["", "-1", "many", "9" * 40, "\u0661"])
def test_what_is_no_number_is_not_told(text: str) -> None:
    """A header is whatever some machine on the way has made of it."""
    METRICS.upstream_limit.set(40, limit="concurrency")
    Budget().heard(200, CIMultiDict({"Concurrency-Limit-Limit": text, "ratelimit-limit": text}))
    assert METRICS.upstream_limit.value(limit="concurrency") == 40


def test_a_429_counts_and_gives_zuora_rest() -> None:
    """Shadows stay away for as long as she says."""
    budget, before = Budget(), METRICS.throttled.value()
    assert budget.roomy
    budget.heard(429, CIMultiDict({"Retry-After": "5"}))
    assert METRICS.throttled.value() == before + 1
    assert not budget.roomy


def test_each_limit_is_told_as_the_last_answer_had_it() -> None:
    """For the console: what is left of what, and since when; also of what was heard by who takes spare slots."""
    whole = Budget()
    assert whole.headroom == []
    Spare(whole, 2).heard(200, CIMultiDict({"Concurrency-Limit-Limit": "40", "Concurrency-Limit-Remaining": "39"}))
    whole.heard(200, CIMultiDict({"Concurrency-Limit-Limit": "40", "Concurrency-Limit-Remaining": "12"}))
    whole.heard(200, CIMultiDict({"ratelimit-limit": "50000"}))
    (told,) = whole.headroom
    assert (told.limit, told.of, told.remaining, told.at > 0) == ("concurrency", 40, 12, True)


def test_an_answer_s_limits_are_seen_and_a_send_bears_the_trace_it_is_made_for() -> None:
    """Both stand beside what was recorded: the dispatch's own headers and bytes are what they were."""
    limits = (("Concurrency-Limit-Type", "default"), ("Concurrency-Limit-Limit", "43"))
    raw = as_json(200, "{}", *limits, ("Concurrency-Limit-Remaining", "11"), ("ratelimit-limit", "12500"))

    async def answers(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    async def go() -> Request:
        async with serving(answers) as server, transporting() as transport:
            here = trace.begun()
            token = trace.current.set(here)
            try:
                rest = ZuoraRest(transport, server.origin, None, Budget())
                await rest.get("/v1/payments/x", credential=(("Authorization", "Bearer mine"),))
            finally:
                trace.current.reset(token)
            (request,) = server.requests
            assert request.header("traceparent") == here.headers[0][1]
            await rest.get("/v1/payments/x", credential=(("Authorization", "Bearer mine"),))
            return server.requests[1]

    request = asyncio.run(go())
    assert request.header("traceparent") is None
    assert METRICS.upstream_limit.value(limit="concurrency") == 43
    assert METRICS.upstream_remaining.value(limit="concurrency") == 11
    assert METRICS.upstream_limit.value(limit="rate_minute") == 12500
