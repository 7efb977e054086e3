"""The guard of the JSON doors: from bytes to parsed JSON within bounds, or a refusal. Nothing else parses there.

Contract: ``Body.feed`` and ``Body.close`` receive and inflate under the guard's ceilings; ``parse`` returns what the
bytes mean, or a ``Refused``, and never raises. One reading only: UTF-8, no name twice in an object (RFC 8259, 4), no
NaN, no lone surrogate; numbers keep their text. The limits are those of XML: depth, number of values, length of names
and texts. Must not know what the values mean.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Final, Literal

from multidict import MultiMapping

from bridge.contract.decode_json import Number
from bridge.facade.guard import DEFAULT_LIMITS, Admission, Intake, Limits, Refusal

MEDIA_TYPE: Final = "application/json"
UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
CODINGS: Final = {"": False, "identity": False, "gzip": True, "x-gzip": True}

# One that does not end takes the rest, so that no quote is looked at twice.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_STRUCTURE: Final = (b",", b"[", b"{")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)"?', re.IGNORECASE)

Value = dict[str, "Value"] | list["Value"] | str | bool | None
"""Parsed JSON; numbers are ``Number``."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A no: 400, 413 or 415; ``reason`` is a word for the metrics, ``text`` one line for the caller."""

    status: Literal[400, 413, 415]
    reason: str
    text: str


Headers = MultiMapping[str]


def _said(headers: Headers, name: str) -> str:
    """What all headers of a name say; two that could be read apart are read together, and then say nothing known."""
    return ",".join(headers.getall(name, ())).strip()


def coding(headers: Headers) -> bool | Refused:
    """Whether the body is gzip; a Refused where it is something that is not read here."""
    named = _said(headers, "Content-Encoding").lower()
    if named not in CODINGS:
        text = "The body's Content-Encoding is not read on this path; gzip and identity are. Nothing was sent."
        return Refused(415, "content-encoding", text)
    return CODINGS[named]


def charset(headers: Headers) -> Refused | None:
    """JSON is UTF-8 (RFC 8259, 8.1); a reader that followed another label would read another message."""
    labels = {label.lower() for label in _CHARSET.findall(_said(headers, "Content-Type"))}
    if labels <= UTF8:
        return None
    return Refused(415, "charset", "The body's charset is not read on this path; utf-8 is. Nothing was sent.")


def media_type(headers: Headers) -> Refused | None:
    """A write must say that it is JSON: what a browser's form can send by itself must not become a payment."""
    said = _said(headers, "Content-Type")
    if said.partition(";")[0].strip().lower() == MEDIA_TYPE and "," not in said:
        return None
    return Refused(415, "media-type", f"The Content-Type must be {MEDIA_TYPE}. Nothing was sent.")


class Body:
    """One body being received: what came, for passing it on, and what it means once inflated."""

    def __init__(self, *, gzip: bool, limits: Limits = DEFAULT_LIMITS) -> None:
        self.gzip = gzip
        self._intake = Intake(Admission(MEDIA_TYPE, None, None, gzip, None), limits)

    @property
    def held(self) -> int:
        """Bytes that it holds."""
        return self._intake.held

    def feed(self, piece: bytes) -> Refused | None:
        """Take the next bytes; a Refused is final."""
        refusal = self._intake.feed(piece)
        return None if refusal is None else _translated(refusal)

    def close(self) -> tuple[bytes, bytes] | Refused:
        """The body as it came, and inflated."""
        received = self._intake.close()
        if isinstance(received, Refusal):
            return _translated(received)
        return self._intake.came(received), received


def _translated(refusal: Refusal) -> Refused:
    return Refused(413 if refusal.status == 413 else 400, refusal.reason, refusal.text)


def parse(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Value | Refused:
    """What the bytes mean. A byte order mark is ignored (RFC 8259, 8.1); .NET writes one."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if _many(raw, limits.elements):
        return _no("elements", f"it holds more than {limits.elements} values")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _no("encoding", "it is not UTF-8")
    try:
        found = json.loads(
            text, object_pairs_hook=_distinct, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except RecursionError:
        return _no("depth", f"it is nested more than {limits.depth} deep")
    except _TwiceError:
        return _no("name", "an object in it has one name twice")
    except ValueError:
        return _no("malformed", "it is not JSON")
    why = _beyond(found, limits)
    return found if why is None else why


def _many(raw: bytes, most: int) -> bool:
    """Whether there are more values than allowed, told before any of them is made: an empty list costs 50 bytes."""
    if sum(map(raw.count, _STRUCTURE)) < most:
        return False
    # The same characters inside texts mean nothing.
    bare = _STRING.sub(b"", raw)
    return sum(map(bare.count, _STRUCTURE)) >= most


def _beyond(value: Value, limits: Limits) -> Refused | None:
    level: list[Value] = [value]
    for depth in range(limits.depth + 1):
        below: list[Value] = []
        for each in level:
            if depth == limits.depth and isinstance(each, dict | list):
                return _no("depth", f"it is nested more than {limits.depth} deep")
            if isinstance(each, dict):
                if any(len(name) > limits.name_characters for name in each):
                    return _no("name", f"a name in it is longer than {limits.name_characters} characters")
                if any(_lone(name) for name in each):
                    return _no("encoding", "a name in it has half a character")
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str):
                if len(each) > limits.text_characters:
                    return _no("text", f"a text in it is longer than {limits.text_characters} characters")
                if _lone(each):
                    return _no("encoding", "a text in it has half a character")
        level = below
    return None


def _lone(text: str) -> bool:
    """Whether half a surrogate pair stands alone: JSON can escape one, no encoding can carry it."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _no(reason: str, what: str) -> Refused:
    return Refused(400, reason, f"The body was refused: {what}. Nothing was sent.")


class _TwiceError(ValueError):
    """A name twice in one object."""


def _distinct(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    """An object with a name twice is read differently by different parsers (RFC 8259, 4), so it is refused."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _TwiceError
    return made


def _no_constant(name: str) -> Value:
    raise ValueError(f"{name} is not JSON")
