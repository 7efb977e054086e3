"""Redaction for everything that is written down: logs, captures, reports.

Contract: ``redact`` returns the same structure with secrets replaced, never raises, and leaves Zuora ids (32 hex
digits), amounts, dates and messages readable. A secret is known by its name (``redact_names``: XML element or
attribute, JSON key, header, form field) or by its shape (``redact_shapes``, ``redact_spellings``). OWASP
Logging Cheat Sheet, "Data to exclude": session ids, tokens, passwords, card and bank data. Must not be the only line of
defence: what is never handed to it cannot leak.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache

from bridge.telemetry.redact_names import MASK, is_secret_name, mask_named
from bridge.telemetry.redact_shapes import BANK_MASK, CARD_MASK, is_card_number, is_iban, mask_shapes
from bridge.telemetry.redact_spellings import mask_spelled

__all__ = ["BANK_MASK", "CARD_MASK", "MASK", "is_card_number", "is_iban", "is_secret_name", "redact", "redact_text"]

_DEEPEST = 12

_PLAIN = re.compile(r"(?:[A-Za-z0-9_./-]{0,12}|[0-9a-f]{32})\Z")
"""What can hold no secret, so that the words and ids of our own lines cost little: nothing has a name here, a card or a
bank account has 13 characters or more, and 32 hexadecimal digits are one of Zuora's ids or ours."""


_PLAIN_TYPES = frozenset({float, bool, type(None)})
_HARMLESS: set[object] = set()
"""Keys that were seen to hide nothing and to be shown as they are."""

_MOST_HARMLESS = 1024


def redact_text(text: str) -> str:
    """Return ``text`` with named secrets, credentials, card numbers and bank accounts replaced."""
    if _PLAIN.match(text):
        return text
    return mask_spelled(mask_shapes(mask_named(text)))


def redact(value: object, depth: int = 0) -> object:
    """Return ``value`` with its secrets replaced; structures are copied, never changed."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, float)):
        return value
    if depth > _DEEPEST:
        return MASK
    if isinstance(value, int):
        # str() of an int of thousands of digits raises (CVE-2020-10735); no card number is that long.
        return CARD_MASK if 10**12 <= abs(value) < 10**19 and is_card_number(str(abs(value))) else value
    if isinstance(value, (bytes, bytearray, memoryview)):
        # Every second byte of what is ASCII in UTF-16 is zero.
        return redact_text(bytes(value).replace(b"\0", b"").decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        made: dict[object, object] = {}
        for key, item in value.items():
            # Most of a log line of ours is plain words, numbers and ids under names that hide nothing.
            plain = _PLAIN.match(item) if item.__class__ is str else item.__class__ in _PLAIN_TYPES
            if plain and key in _HARMLESS:
                made[key] = item
            else:
                shown, told = _pair(key, item, depth)
                made[shown] = told
        return made
    if is_dataclass(value) and not isinstance(value, type):
        return redact({field.name: getattr(value, field.name, None) for field in fields(value)}, depth)
    if isinstance(value, tuple):
        # Headers and form fields travel as pairs; the name is one of two.
        if len(value) == 2 and _hides(value[0], value[1]):
            return (redact(value[0], depth + 1), MASK)
        return tuple(redact(item, depth + 1) for item in value)
    if isinstance(value, (list, set, frozenset)):
        return [redact(item, depth + 1) for item in value]
    try:
        return redact_text(str(value))
    except Exception:  # a log line must not fail because of what it wanted to say
        return f"<{type(value).__name__}>"


def _pair(key: object, item: object, depth: int) -> tuple[object, object]:
    if not isinstance(key, str) or len(key) > 64:
        return redact(key, depth + 1), MASK if _hides(key, item) else redact(item, depth + 1)
    shown, secret = _short_key(key)
    if secret:
        return shown, MASK if _hides(key, item) else redact(item, depth + 1)
    # Most of a log line of ours is plain words and ids.
    if shown == key and len(_HARMLESS) < _MOST_HARMLESS:
        _HARMLESS.add(key)
    return shown, redact(item, depth + 1)


@lru_cache(maxsize=1024)
def _short_key(key: str) -> tuple[str, bool]:
    """How a key is shown, and whether what is behind it is a secret."""
    return redact_text(key), is_secret_name(key)


def _hides(key: object, item: object) -> bool:
    if isinstance(key, (bytes, bytearray)):
        key = bytes(key).decode("latin-1")
    # Facts about a secret ("session": True, "token": None) are not the secret.
    return isinstance(key, str) and item is not None and not isinstance(item, bool) and is_secret_name(key)
