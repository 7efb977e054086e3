"""Query locators of the bridge's own: opaque, sealed, good for 15 minutes, and only for who got them.

A locator is ``<hex>-<offset>``, as Zuora's are, because clients split it there; the hex is longer than Zuora's 32
characters, which tells the two apart. It carries the query itself, so that every process on the same journal can go on
with it and none has to remember it. HMAC-SHA256 (RFC 2104) under a key derived of the journal's binds it to the WSDL
version, tenant, entity and user that got it; the offset is the caller's own to choose. The time is Zuora's clock.
Must not run a query.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.core.model import Caller, CallFault, Instant, Version

LIFE = 15 * 60 * 1000
"""Milliseconds without use after which a locator ends (Zuora: queryMore() call)."""

_MARK = bytes.fromhex("b41d9e01")
_NONCE = 12
_LONGER = 64
_FAULT = "InvalidQueryLocatorFault"


@dataclass(frozen=True, slots=True)
class Course:
    """A query under way. ``result`` names what a process may still have of it; ``newest`` and ``digest`` tell whether
    the same rows were found when it was run again."""

    text: str
    case_sensitive: bool
    size: int
    digest: str
    newest: str
    result: str
    at: Instant


def is_own(locator: str) -> bool:
    """Whether a locator has the shape of the bridge's own; all others are Zuora's."""
    opaque = locator.strip().rpartition("-")[0].lower()
    return opaque.startswith(_MARK.hex()) and len(opaque) > _LONGER


class Locators:
    """Makes and reads locators with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def make(self, course: Course, offset: int, version: Version, caller: Caller) -> str:
        """The locator of the page from ``offset`` on."""
        content = zlib.compress(json.dumps(asdict(course), separators=(",", ":")).encode(), 9)
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, content, _bound(version, caller))
        return f"{(_MARK + nonce + sealed).hex()}-{offset}"

    def read(self, locator: str, version: Version, caller: Caller, now: Instant) -> tuple[Course, int] | CallFault:
        """What the caller may go on with, and from where."""
        opaque, _, offset = locator.strip().rpartition("-")
        try:
            sealed = bytes.fromhex(opaque)
        except ValueError:
            return invalid()
        nonce, content = sealed[len(_MARK) : len(_MARK) + _NONCE], sealed[len(_MARK) + _NONCE :]
        try:
            content = self._cipher.decrypt(nonce, content, _bound(version, caller))
        except (InvalidTag, ValueError):
            # A piece too short to be sealed is a ValueError.
            return invalid()
        course = Course(**json.loads(zlib.decompress(content)))
        if now - course.at > LIFE:
            return CallFault("INVALID_VALUE", "The query locator has expired; run the query again.", _FAULT)
        if not (offset.isascii() and offset.isdigit() and len(offset) < 10 and int(offset) < course.size):
            return invalid()
        return course, int(offset)


def _bound(version: Version, caller: Caller) -> bytes:
    return json.dumps([str(version), caller.tenant, caller.entity, caller.username]).encode()


def invalid() -> CallFault:
    """A locator that this caller did not get from this bridge; which of the reasons it is, is not told."""
    return CallFault("INVALID_VALUE", "invalid query locator", _FAULT)


def changed() -> CallFault:
    """Rows came or went since the first page, and no process remembers it: other pages would not fit to it."""
    return CallFault(
        "INVALID_VALUE", "The rows of the query have changed since its first page; run the query again.", _FAULT
    )
