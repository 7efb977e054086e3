"""Traces by OpenTelemetry: spans of a call at a real OTLP/HTTP collector, and nothing at all where nobody asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import World, payment, post, saved
from otel_collector import Collector
from telemetry_scene import Eventually, heard, lines

from bridge.telemetry import otel

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

pytestmark = pytest.mark.xdist_group("otel")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """One that the environment names."""
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    yield made
    made.close()


def facts(span: Any) -> dict[str, Any]:
    """Its attributes."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_call_is_one_trace_from_its_door_to_zuora(tmp_path: Path, collector: Collector) -> None:
    """Call, stages, look-ups, commit and dispatch under the caller's trace; Zuora is told the dispatch's own span."""
    with heard() as out, World(tmp_path) as world:
        session, mark = world.session, world.mark()
        one = payment(Amount="1.37", InvoiceId="@D1", AppliedInvoiceAmount="1.37", Comment="card 4111111111111111")
        body = world.message(saved("create", [world.resolve(one)]))
        parent = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")
        assert post(world.endpoint(), body, (("Content-Type", "text/xml"), parent)).status == 200
        (dispatch,) = lines(out, "dispatch")
        (sent,) = world.writes(mark)
    spans = {each.name: each for each in collector.spans if each.trace_id.hex() == TRACE}
    assert {"soap create", "guard", "session", "decode", "lookup", "journal", "dispatch", "render"} <= spans.keys()
    call = spans["soap create"]
    assert call.parent_span_id.hex() == "00f067aa0ba902b7"
    assert all(each.parent_span_id == call.span_id for name, each in spans.items() if name != "soap create")
    assert (facts(call)["bridge.outcome"], facts(call)["bridge.caller"]) == ("applied", "erp")
    told = {name.lower(): value for name, value in sent.headers.items()}["traceparent"]
    assert told == f"00-{TRACE}-{spans['dispatch'].span_id.hex()}-01"
    assert dispatch["span_id"] == spans["dispatch"].span_id.hex()
    assert facts(spans["dispatch"])["bridge.verdict"] == "done"
    assert collector.services == {"bridge"}
    assert collector.paths == {"/v1/traces"}
    everything = b"".join(each.SerializeToString() for each in collector.requests)
    assert session.encode() not in everything
    assert b"4111111111111111" not in everything


def test_without_a_caller_s_trace_a_call_begins_one(tmp_path: Path, collector: Collector) -> None:
    """A root span, sampled, whose trace Zuora is told."""
    with World(tmp_path) as world:
        world.create(payment(Amount="1.41", AppliedCreditBalanceAmount="1.41"))
        mark = world.mark()
        world.create(payment(Amount="1.43", AppliedCreditBalanceAmount="1.43"))
        (sent,) = world.writes(mark)
    calls = [each for each in collector.spans if each.name == "soap create"]
    assert [each.parent_span_id for each in calls] == [b"", b""]
    assert len({each.trace_id for each in calls}) == 2
    told = {name.lower(): value for name, value in sent.headers.items()}["traceparent"]
    assert told.split("-")[1] in {each.trace_id.hex() for each in calls}


def test_a_caller_s_word_not_to_sample_is_kept(tmp_path: Path, collector: Collector) -> None:
    """The SDK's default sampler follows its parent; the trace goes on all the same."""
    with World(tmp_path) as world:
        body = world.message(
            saved("create", [world.resolve(payment(Amount="1.47", AppliedCreditBalanceAmount="1.47"))])
        )
        mark = world.mark()
        parent = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-00")
        post(world.endpoint(), body, (("Content-Type", "text/xml"), parent))
        (sent,) = world.writes(mark)
    assert not [each for each in collector.spans if each.trace_id.hex() == TRACE]
    assert {name.lower(): value for name, value in sent.headers.items()}["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_SERVICE_NAME": "erp-bridge"}, False),
    ],
)
def test_only_the_standard_variables_turn_it_on(environment: dict[str, str], wanted: bool) -> None:
    """OpenTelemetry: environment variable specification."""
    assert otel.wanted(environment) is wanted


_OFF = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from bridge.telemetry import log, otel, stages
log.configure(terminal=False)
otel.start(log.get_logger("app"))
otel.stop()
assert stages._recorder is None
assert not any(name.startswith("opentelemetry") for name in sys.modules)
"""


@pytest.mark.parametrize(("asked", "said"), [(False, ""), (True, "install bridge[otel]")])
def test_without_the_extra_the_bridge_runs_and_says_what_is_missing(asked: bool, said: str) -> None:
    """Where nobody asked for traces, nothing is imported and nothing said."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"} if asked else {}
    done = subprocess.run([sys.executable, "-c", _OFF], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    assert bool(done.stderr) == asked


def test_another_protocol_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bridge that cannot send its traces still pays."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with heard() as out, World(tmp_path) as world:
        assert len(world.create(payment(Amount="1.53", AppliedCreditBalanceAmount="1.53")).ids) == 1
        Eventually.true(lambda: "only http/protobuf" in out.getvalue())
