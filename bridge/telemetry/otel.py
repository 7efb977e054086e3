"""Traces by OpenTelemetry, where ``bridge[otel]`` is installed and a standard OTEL_... variable asks for them.

Contract: ``start`` per serving process, after it was forked; ``stop`` sends what is left, in bounded time. Which
endpoint, sampler, service name and limits is for the SDK to read (OpenTelemetry: environment variable specification);
the protocol is OTLP over HTTP. Off, nothing of it is imported. Must not raise: a bridge without traces still pays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog

from bridge import __version__
from bridge.telemetry import stages
from bridge.telemetry.trace import TraceContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ASKING: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
STOP_MS: Final = 3_000

_provider: TracerProvider | None = None
_users = 0


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter in ("", "otlp") and (exporter == "otlp" or any(environment.get(name, "") for name in _ASKING))


def start(log: structlog.typing.FilteringBoundLogger) -> None:
    """Record spans from now on, if that is wanted; say why not, if it is and cannot be."""
    global _provider, _users
    if not wanted(os.environ):
        return
    _users += 1
    if _provider is not None:
        return
    protocol = next((os.environ[name] for name in _PROTOCOLS if os.environ.get(name)), "http/protobuf")
    if protocol.strip().lower() != "http/protobuf":
        log.warning("no traces: of OTLP's protocols only http/protobuf is spoken here", protocol=protocol)
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        log.warning("no traces: OTEL_... variables ask for them; install bridge[otel]", missing=missing.name)
        return
    try:
        resource = Resource.create({"service.version": __version__})
        if resource.attributes.get("service.name", "").startswith("unknown_service"):  # type: ignore[union-attr]
            resource = resource.merge(Resource({"service.name": "bridge"}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except Exception as error:  # a value that the SDK cannot read
        log.warning("no traces: the OTEL_... variables cannot be used", error=str(error))
        return
    _provider = provider
    stages.record(_Spans(provider))


def stop() -> None:
    """Send what was recorded; the last one who stops ends it."""
    global _provider, _users
    _users = max(0, _users - 1)
    if _provider is None:
        return
    _provider.force_flush(STOP_MS)
    if not _users:
        stages.record(None)
        _provider.shutdown()
        _provider = None


class _Spans:
    """The SDK's tracer behind what ``stages`` needs."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import trace as api
        from opentelemetry.trace import Status, StatusCode

        self._api = api
        self._failed: Any = lambda why: Status(StatusCode.ERROR, why)
        self._kinds = {
            "server": api.SpanKind.SERVER,
            "client": api.SpanKind.CLIENT,
            "internal": api.SpanKind.INTERNAL,
        }
        self._tracer = provider.get_tracer("bridge", __version__)
        self._root = api.set_span_in_context(api.INVALID_SPAN)

    def begin(self, name: str, parent: TraceContext | None, kind: str) -> tuple[Any, TraceContext]:
        """Open a span."""
        api = self._api
        context = self._root
        if parent is not None:
            state = api.TraceState.from_header([parent.state]) if parent.state else None
            above = api.SpanContext(
                int(parent.trace_id, 16),
                int(parent.span_id, 16),
                is_remote=kind == "server",
                trace_flags=api.TraceFlags(parent.flags),
                trace_state=state,
            )
            context = api.set_span_in_context(api.NonRecordingSpan(above))
        span = self._tracer.start_span(name, context, kind=self._kinds[kind])
        here = span.get_span_context()
        state_text = parent.state if parent is not None else ""
        return span, TraceContext(f"{here.trace_id:032x}", f"{here.span_id:016x}", int(here.trace_flags), state_text)

    def end(self, span: Any, name: str, facts: Mapping[str, Any], failed: str | None) -> None:
        """Close it, with its facts as attributes ``bridge.<name>``."""
        if span.is_recording():
            span.update_name(name)
            for key, value in facts.items():
                if value is not None:
                    span.set_attribute(f"bridge.{key}", _attribute(value))
            if failed is not None:
                span.set_status(self._failed(failed))
        span.end()


def _attribute(value: object) -> Any:
    """What OTLP carries: a text, a number, a boolean, or a list of texts."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return str(value)
