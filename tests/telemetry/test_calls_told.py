"""What a running bridge tells of its calls: lines, numbers and traces, through every door, before a real sandbox."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from harness import World, envelope, payment, post, saved
from telemetry_scene import Eventually, ask, heard, lines, scraped, total

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

pytestmark = pytest.mark.xdist_group("calls told")


def paid(amount: str, **fields: Any) -> Any:
    """A payment on account of an amount that no other test has."""
    return payment(Amount=amount, AppliedCreditBalanceAmount=amount, **fields)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, io.StringIO]]:
    """One bridge, and its log from the start."""
    with heard() as out, World(tmp_path_factory.mktemp("told")) as world:
        yield world, out


class Calls:
    """The lines of what is done from here on."""

    def __init__(self, world: World, out: io.StringIO) -> None:
        scraped(world)
        self._out = out
        self._from = len(out.getvalue())

    def of(self, event: str, count: int) -> list[dict[str, Any]]:
        """The lines of one event since then, when there are so many; a line may come after its answer."""
        Eventually.true(lambda: len(self._all(event)) >= count)
        found = self._all(event)
        assert len(found) == count
        return found

    def _all(self, event: str) -> list[dict[str, Any]]:
        return lines(io.StringIO(self._out.getvalue()[self._from :]), event)


def bearer(world: World) -> str:
    """The Authorization header of a JSON caller."""
    form = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
    _, body = ask(f"{world.sandbox.url}/oauth/token", form, Content_Type="application/x-www-form-urlencoded")
    return f"Bearer {json.loads(body)['access_token']}"


def test_a_soap_create_has_one_line_and_each_dispatch_has_one(told: tuple[World, io.StringIO]) -> None:
    """The call says whose it is, what it came to and whether money moved; the dispatch under which request."""
    world, out = told
    session = world.session
    since = Calls(world, out)
    answer = world.create(paid("3.01", ReferenceId="TELL-1"), version="91.0", session=session)
    assert answer.ids == [world.payments()[-1]["id"]]
    (call,) = since.of("call", 1)
    (dispatch,) = since.of("dispatch", 1)
    assert {name: call[name] for name in ("door", "operation", "object", "version", "caller", "route", "outcome")} == {
        "door": "soap", "operation": "create", "object": "Payment", "version": "91.0", "caller": "erp",
        "route": dispatch["route"], "outcome": "applied",
    }  # fmt: skip
    assert call["money"] == dispatch["money"] == "moved"
    assert call["status"] == dispatch["status"] == 200
    assert call["call"] == dispatch["call"]
    assert call["trace_id"] == dispatch["trace_id"]
    assert call["span_id"] != dispatch["span_id"]
    assert call["intents"] == dispatch["intents"]
    assert (dispatch["verdict"], dispatch["attempt"], dispatch["method"]) == ("done", 0, "POST")
    assert call["milliseconds"] >= dispatch["milliseconds"] > 0
    assert session not in out.getvalue()


def test_a_rest_dispatch_bears_its_track_id(told: tuple[World, io.StringIO]) -> None:
    """What Zuora's support asks for stands in the line, as it was sent."""
    world, out = told
    since = Calls(world, out)
    mark = world.mark()
    answer = world.create(payment(Amount="1.07", InvoiceId="@D1", AppliedInvoiceAmount="1.07"))
    assert len(answer.ids) == 1
    (dispatch,) = since.of("dispatch", 1)
    (sent,) = world.writes(mark)
    assert dispatch["route"] == "rest"
    track = {name.lower(): value for name, value in sent.headers.items()}["zuora-track-id"]
    assert dispatch["zuora_track_id"] == track == dispatch["intents"][0]


def test_every_door_has_its_line_and_its_numbers(told: tuple[World, io.StringIO]) -> None:
    """Passed bytes too, one line each."""
    world, out = told
    token, session = bearer(world), world.session
    earlier = scraped(world)
    before = earlier.get("bridge_calls_total", {})
    since = Calls(world, out)
    one = dict(world.resolve(paid("4.03")).fields) | {"Amount": 4.03, "AppliedCreditBalanceAmount": 4.03}
    status, _ = ask(
        f"{world.url}/v1/action/create", {"type": "Payment", "objects": [one]}, Authorization=token,
        Zuora_Track_Id="SUPPORT-7",
    )  # fmt: skip
    assert status == 200
    ask(f"{world.url}/v1/object/payment/{world.id('@P1')}", Authorization=token)
    ask(f"{world.url}/v1/accounts/{world.id('@A')}", Authorization=token)
    ask(f"{world.url}/apps/services/a/107.0?wsdl")
    query = "<ns1:query><ns1:queryString>select Id from Account</ns1:queryString></ns1:query>"
    post(world.endpoint("88.0"), envelope(query, session))
    post(world.endpoint(), b"<?xml version='1.0'?><!DOCTYPE x><x/>")
    world.login(version="90.0")
    found = since.of("call", 7)
    assert [(each["door"], each["operation"], each["route"], each["outcome"]) for each in found] == [
        ("action", "create", found[0]["route"], "applied"),
        ("crud", "query", "pass", "passed"),
        ("pass", "read", "pass", "passed"),
        ("soap", "wsdl", "none", "page"),
        ("soap", "query", "pass", "passed"),
        ("soap", "other", "none", "fault"),
        ("soap", "login", "pass", "passed"),
    ]
    assert found[0]["zuora_track_id"] == "SUPPORT-7"
    assert found[5]["reason"] == "doctype"
    assert [found[place]["version"] for place in (4, 6)] == ["88.0", "90.0"]
    after = scraped(world)
    assert total(after["bridge_calls_total"]) == total(before) + 7
    doctypes = total(earlier.get("bridge_guard_refusals_total", {}), reason="doctype")
    assert total(after["bridge_guard_refusals_total"], reason="doctype") == doctypes + 1
    assert total(after["bridge_calls_in_flight"]) == 0
    for door in ("soap", "action", "crud", "pass"):
        assert total(after["bridge_call_seconds_count"], door=door) >= 1
    labels = {word for family in after.values() for key in family for _, word in key}
    assert not any(secret in labels for secret in (token, world.session, "erp@example.com"))


def test_a_scrape_tells_of_journal_zuora_cutover_and_stages(told: tuple[World, io.StringIO]) -> None:
    """Everything that an alert or a dashboard of ours asks for."""
    world, _ = told
    world.create(paid("3.19"))
    world.create(payment(Amount="1.19", InvoiceId="@D1", AppliedInvoiceAmount="1.19"))
    Eventually.true(lambda: "bridge_unsettled" in scraped(world) and "bridge_reconciliation_open" in scraped(world))
    found = scraped(world)
    assert found["bridge_ready"] == {(): 1}
    ((build, one),) = found["bridge_build_info"].items()
    assert one == 1
    assert dict(build)["wsdl"] == "107.0"
    for stage in ("guard", "session", "decode", "lookup", "journal", "send", "render"):
        assert total(found["bridge_stage_seconds_count"], stage=stage) >= 1, stage
    assert total(found["bridge_dispatches_total"], verdict="done") >= 2
    assert total(found["bridge_dispatch_seconds_count"]) >= 2
    assert total(found["bridge_objects_total"], outcome="applied") >= 2
    assert total(found["bridge_lookups_total"]) >= 1
    assert total(found["bridge_journal_commits_total"], outcome="done") >= 2
    assert total(found["bridge_journal_commit_seconds_count"]) >= 2
    assert total(found["bridge_journal_batch_changes_count"]) >= 2
    assert found["bridge_journal_up"] == {(): 1}
    assert found["bridge_cutover_revision"] == {(): 0}
    assert found["bridge_cutover_stopped"] == {(): 0}
    assert found["bridge_upstream_in_flight"] == {(): 0}
    assert total(found["bridge_upstream_limit"], limit="concurrency") == 40
    assert total(found["bridge_upstream_limit"], limit="rate_minute") == 50_000
    assert 0 < total(found["bridge_upstream_remaining"], limit="concurrency") <= 40
    assert 49_000 < total(found["bridge_upstream_remaining"], limit="rate_minute") < 50_000
    assert total(found["bridge_unsettled"], state="in_doubt", route="rest") == 0
    assert found["bridge_reconciliation_open"] == {(): 0}


def test_a_repeat_is_counted_as_joined_and_a_doubt_as_may_have_moved(told: tuple[World, io.StringIO]) -> None:
    """The line of a lost answer is the one that a person is woken for."""
    world, out = told
    one = paid("3.23", ReferenceId="TELL-23")
    world.create(one)
    joins = total(scraped(world).get("bridge_joins_total", {}), state="applied")
    world.create(one)
    assert total(scraped(world)["bridge_joins_total"], state="applied") == joins + 1
    since = Calls(world, out)
    world.fault("drop_after", operation="create")
    world.create(paid("3.29"))
    (dispatch,) = since.of("dispatch", 1)
    assert (dispatch["verdict"], dispatch["money"], dispatch["level"]) == ("doubt", "may have moved", "warning")


def test_the_caller_s_trace_goes_on_to_zuora(told: tuple[World, io.StringIO]) -> None:
    """Its trace-id and tracestate, with a parent-id of our own; a resend's recorded bytes are not touched by it."""
    world, out = told
    mark, since = world.mark(), Calls(world, out)
    body = world.message(saved("create", [world.resolve(paid("3.31"))]))
    headers = (("Content-Type", "text/xml"), ("SOAPAction", '""'), ("traceparent", PARENT), ("tracestate", "v=1, w=2"))
    assert post(world.endpoint(), body, headers).status == 200
    (call,) = since.of("call", 1)
    (dispatch,) = since.of("dispatch", 1)
    assert call["trace_id"] == dispatch["trace_id"] == TRACE
    (sent,) = world.writes(mark)
    named = {name.lower(): value for name, value in sent.headers.items()}
    assert named["traceparent"] == f"00-{TRACE}-{dispatch['span_id']}-01"
    assert named["tracestate"] == "v=1,w=2"


@pytest.mark.parametrize("given", ["", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", PARENT + "-more", "ff" + PARENT[2:]])
def test_without_a_valid_trace_one_is_begun(told: tuple[World, io.StringIO], given: str) -> None:
    """A malformed header is nobody's (W3C Trace Context, 3.2.2.3), and its tracestate goes with it."""
    world, _ = told
    mark = world.mark()
    amount = f"3.{41 + len(given) % 50}"
    body = world.message(saved("create", [world.resolve(paid(amount, ReferenceId=f"TRACE-{len(given)}-{given[:2]}"))]))
    more = (("traceparent", given), ("tracestate", "v=1")) if given else ()
    assert post(world.endpoint(), body, (("Content-Type", "text/xml"), *more)).status == 200
    (sent,) = world.writes(mark)
    named = {name.lower(): value for name, value in sent.headers.items()}
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-02", named["traceparent"])
    assert TRACE not in named["traceparent"]
    assert "tracestate" not in named


def test_pass_through_neither_adds_nor_changes_a_trace(told: tuple[World, io.StringIO]) -> None:
    """I10: the caller's header as it is, malformed or not, and none where there was none."""
    world, _ = told
    for given in (PARENT, "not-a-trace", None):
        mark = world.mark()
        query = "<ns1:query><ns1:queryString>select Id from Account</ns1:queryString></ns1:query>"
        more = (("traceparent", given),) if given is not None else ()
        post(world.endpoint(), envelope(query, world.session), (("Content-Type", "text/xml"), *more))
        (sent,) = [each for each in world.requests(mark) if each.operation == "query"]
        assert {name.lower(): value for name, value in sent.headers.items()}.get("traceparent") == given


def test_what_only_passes_and_is_lost_may_have_been_done(told: tuple[World, io.StringIO]) -> None:
    """A write that the bridge does not read: nobody can say what became of it, so a person must hear of it."""
    world, out = told
    since = Calls(world, out)
    world.fault("drop_after", method="PUT")
    status, _ = ask(
        f"{world.url}/v1/accounts/{world.id('@A')}", {"notes": "x"}, method="PUT", Authorization=bearer(world)
    )
    assert status == 504
    (call,) = since.of("call", 1)
    assert (call["operation"], call["route"], call["outcome"], call["level"]) == ("write", "pass", "unknown", "warning")
    assert call["money"] == "may have moved"
