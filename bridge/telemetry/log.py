"""Structured logs: one JSON object per line on stderr, or key=value where a person looks at a terminal.

Contract: ``configure`` once per process, ``get_logger`` anywhere. Redaction is always the last step before rendering,
and what is rendered is one line (CWE-117: CR, LF and other control characters are escaped). Exceptions appear as
type, message and code location; never with local variables, which hold sessions and bodies. Must not raise because
of what is logged.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

from bridge.telemetry.redact import redact

_FRAMES = 8


def configure(level: str = "INFO", *, stream: TextIO | None = None, terminal: bool | None = None) -> None:
    """Set up structlog and the standard library's logging, which our dependencies use, with the same rules."""
    number = logging.getLevelNamesMapping()[level.upper()]
    out = stream if stream is not None else sys.stderr
    people = out.isatty() if terminal is None else terminal
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _exception_as_facts,
    ]
    last: list[Processor] = [_redacted, _one_line, _renderer(people)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))
    # Spyne writes whole rejected payloads, card data included, to this logger at ERROR.
    logging.getLogger("spyne.protocol.soap.soap11.invalid").disabled = True


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger whose lines carry ``room: name`` (``logger`` is a parameter of structlog's own)."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(room=name))


def describe(error: BaseException) -> str:
    """Return an exception as type, message and code location, redacted, without values of variables."""
    try:
        words = str(error)
    except Exception:  # an exception's own text is foreign code
        words = "<no text>"
    told = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    text = f"{told}: {words}" if words else told
    return f"{redact(text)}{_location(error.__traceback__)}"


def _location(trace: TracebackType | None) -> str:
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{PurePath(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f" (at {' < '.join(reversed(frames[-_FRAMES:]))})" if frames else ""


def _exception_as_facts(_logger: object, _method: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    event.pop("stack_info", None)
    chain: list[str] = []
    while isinstance(error, BaseException) and len(chain) < _FRAMES:
        chain.append(describe(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if chain:
        event["error"] = " <- ".join(chain)
    return event


def _redacted(_logger: object, _method: str, event: EventDict) -> EventDict:
    # What our own processors put in is safe; everything else is looked at.
    own = {name: event.pop(name) for name in ("time", "level") if name in event}
    return {**own, **cast("MutableMapping[str, Any]", redact(dict(event)))}


def _one_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {
        key if key.isprintable() else _escaped(key): value
        if value.__class__ is str and value.isprintable()
        else _flat(value)
        for key, value in event.items()
    }


def _flat(value: object) -> object:
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, dict):
        return {_escaped(str(key)): _flat(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_flat(item) for item in value]
    return value


def _escaped(text: str) -> str:
    # isprintable is false for every control, format and separator character but the blank: also for U+2028, for the
    # terminal's escape and for right-to-left overrides. Letters of any script stay.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


_ENCODE = json.JSONEncoder(sort_keys=True, default=str).encode


def _json(event: EventDict, **_: object) -> str:
    return _ENCODE(event)


def _renderer(people: bool) -> Processor:
    if people:
        return structlog.processors.KeyValueRenderer(key_order=["time", "level", "room", "event"], drop_missing=True)
    return structlog.processors.JSONRenderer(serializer=_json)
