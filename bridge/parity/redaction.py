"""What a capture must not hold, taken out before a byte is written (I9; PCI DSS 4.0.1, 3.3.1 and 3.5.1).

Contract: ``captured`` returns a request with every secret gone and, where a replay needs one, a placeholder in its
place: ``{session}``, ``{username}``, ``{password}``. Amounts, ids and document numbers stay as they are. Must not be
called after writing, only before.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from bridge.telemetry.redact import MASK, redact, redact_text

KEPT_HEADERS = ("content-type", "soapaction", "accept", "idempotency-key")
"""What a call's meaning can depend on; everything else of a request's head is the transport's."""

KEPT_JSON_HEADERS = ("content-type", "accept", "idempotency-key", "x-zuora-wsdl-version", "zuora-entity-ids")

_MASK = re.escape(MASK)
_SESSION = re.compile(rf"(<(?:[\w.-]+:)?session(?:id)?(?:\s[^<>]*)?>){_MASK}(?=<)", re.IGNORECASE)
_PASSWORD = re.compile(rf"(<(?:[\w.-]+:)?password(?:\s[^<>]*)?>){_MASK}(?=<)", re.IGNORECASE)
_USERNAME = re.compile(r"(<(?:[\w.-]+:)?username(?:\s[^<>]*)?>)[^<]*(?=<)", re.IGNORECASE)
_LOGIN = re.compile(r"<(?:[\w.-]+:)?login[\s>]")
_CONTAINER = re.compile(rf"<((?:[\w.-]+:)?GatewayOptionData)(?:\s[^<>]*)?>{_MASK}</\1\s*>")
_ENCODED = re.compile(r"""(<([\w.:-]+)\s[^<>]*type\s*=\s*["'][\w.-]*:?base64(?:Binary)?["'][^<>]*>)([^<]*)(?=<)""")


def captured(text: str) -> str:
    """A request without its secrets, still a request."""
    text = redact_text(_ENCODED.sub(_decoded, text))
    # A container of masked options would be refused for its text; without it the call says the same but for them.
    text = _CONTAINER.sub("", text)
    text = _PASSWORD.sub(r"\1{password}", _SESSION.sub(r"\1{session}", text))
    return _USERNAME.sub(r"\1{username}", text) if _LOGIN.search(text) else text


def captured_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that matter, without secrets."""
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    return {name: redact_text(value) for name, value in kept.items()}


def captured_json_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same for the JSON doors, where a version and an entity are headers."""
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_JSON_HEADERS}
    return {name: redact_text(value) for name, value in kept.items()}


def shown(body: bytes, charset: str = "utf-8") -> str:
    """An answer as a report may show it."""
    try:
        text = body.decode(charset, "backslashreplace")
    except LookupError:
        text = body.decode("utf-8", "backslashreplace")
    return str(redact(text))


def _decoded(found: re.Match[str]) -> str:
    """SOAP::Lite sends every text with an accent as base64, where no number would be seen."""
    try:
        plain = base64.b64decode("".join(found[3].split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return found[0]
    # With its element around it, so that a secret is also known by its name.
    start, end = f"<{found[2]}>", f"</{found[2]}>"
    hidden = redact_text(f"{start}{plain}{end}") != f"{start}{plain}{end}"
    return f"{found[1]}{base64.b64encode(MASK.encode()).decode()}" if hidden else found[0]
