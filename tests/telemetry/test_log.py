"""Logs: one redacted line each, whatever was logged, by us or by a dependency."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import ValidationError

from bridge.settings_parts import LogPart
from bridge.telemetry.log import configure, describe, get_logger

CARD = "4111 1111 1111 1111"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream that the logs go to; the process's own configuration is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    configure("DEBUG", stream=stream, terminal=False)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = before[0], before[1]


def _lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_line_is_json_with_name_level_and_time(out: io.StringIO) -> None:
    """Every line says when, how serious, who and what."""
    get_logger("bridge.x").info("call answered", op="create", rows=2)
    (line,) = _lines(out)
    assert (line["room"], line["level"], line["event"], line["rows"]) == ("bridge.x", "info", "call answered", 2)
    assert str(line["time"]).endswith("Z")


def test_secrets_are_redacted_in_event_and_fields(out: io.StringIO) -> None:
    """Nothing passes for having been put elsewhere, bound, or nested."""
    log = get_logger("x").bind(session="Hush", note=f"card {CARD}")
    log.warning("<session>Hush</session>", headers=[("Authorization", "Bearer Hush123")], body=b"password=Hush")
    assert "Hush" not in out.getvalue()
    assert "4111" not in out.getvalue()


def test_line_breaks_and_controls_cannot_forge_a_line(out: io.StringIO) -> None:
    """CR, LF, escapes, separators and overrides are escaped, in keys too (CWE-117)."""
    get_logger("x").info('a\r\n{"level":"error"}', **{"k\n": ["b\x1b[31m\u2028\u202e", {"c\n": "d\u0085"}]})
    assert len(out.getvalue().splitlines()) == 1
    (line,) = _lines(out)
    assert line["event"] == 'a\\r\\n{"level":"error"}'
    assert line["k\\n"] == ["b\\x1b[31m\\u2028\\u202e", {"c\\n": "d\\x85"}]


def test_exception_is_type_text_and_place_without_locals(out: io.StringIO) -> None:
    """The cause is found from the line; the variables are not shown and the text is redacted."""

    def fail() -> None:
        secret = "local-decoy"
        raise ValueError(f"bad card {CARD}\nnext" if secret else "")

    try:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        get_logger("x").exception("failed")
    (line,) = _lines(out)
    told = str(line["error"])
    assert told.startswith("RuntimeError: outer (at test_log.py:")
    assert "ValueError: bad card [card]\\nnext (at test_log.py:" in told
    assert " fail" in told
    assert "local-decoy" not in out.getvalue()
    assert "Traceback" not in out.getvalue()


def test_exception_whose_text_fails_is_still_told() -> None:
    """Foreign exceptions may do anything in __str__."""

    class Foreign(Exception):
        def __str__(self) -> str:
            raise KeyError

    assert "Foreign: <no text>" in describe(Foreign())


def test_dependencies_log_under_the_same_rules(out: io.StringIO) -> None:
    """The standard library's loggers end up as the same redacted JSON."""
    try:
        raise OSError(f"{CARD}")
    except OSError:
        logging.getLogger("aiohttp.server").exception("session=%s\n", "Hush")
    (line,) = _lines(out)
    assert (line["logger"], line["level"]) == ("aiohttp.server", "error")
    assert str(line["error"]).startswith("OSError: [card]")
    assert "Hush" not in out.getvalue()


def test_spynes_payload_log_is_silent(out: io.StringIO) -> None:
    """The logger that writes rejected payloads writes nothing."""
    logging.getLogger("spyne.protocol.soap.soap11.invalid").error("payload")
    assert out.getvalue() == ""


def test_level_filters() -> None:
    """Below the level nothing is written."""
    stream = io.StringIO()
    configure("warning", stream=stream, terminal=False)
    get_logger("x").info("quiet")
    get_logger("x").error("loud")
    structlog.reset_defaults()
    logging.getLogger().handlers = []
    assert stream.getvalue().count("\n") == 1


def test_terminal_gets_key_value() -> None:
    """A person at a terminal reads key=value, redacted all the same."""
    stream = io.StringIO()
    configure("info", stream=stream, terminal=True)
    get_logger("x").info("hello", password="Hush")
    structlog.reset_defaults()
    logging.getLogger().handlers = []
    assert "event='hello'" in stream.getvalue()
    assert "Hush" not in stream.getvalue()


@pytest.mark.parametrize(
    ("given", "level", "terminal"),
    [
        ({}, "INFO", None),
        ({"level": "warning", "format": "json"}, "WARNING", False),
        ({"format": "console"}, "INFO", True),
    ],
)
def test_level_and_format_are_settings(given: dict[str, str], level: str, terminal: bool | None) -> None:
    """BRIDGE_LOG__LEVEL in any case, BRIDGE_LOG__FORMAT; by default stderr itself says whether a person reads it."""
    part = LogPart(**given)
    assert (part.level, part.terminal) == (level, terminal)


def test_another_level_or_format_is_refused() -> None:
    """A bridge that logs nothing by a slip of the pen would be noticed at night."""
    for given in ({"level": "LOUD"}, {"format": "xml"}):
        with pytest.raises(ValidationError):
            LogPart(**given)
