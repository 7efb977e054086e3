"""What the bridge's own sentences repeat of a caller's words: little, and no number that could be somebody's account.

A card number has 13 to 19 digits and an IBAN hardly fewer (ISO/IEC 7812-1, ISO 13616), and nothing that a sentence must
name has as many: document numbers have about ten, and ids of 32 hexadecimal digits stay as they are. Zuora's own
sentences are not changed by this. Must not decide what is told.
"""

from __future__ import annotations

import re

NUMBER = "[number]"

_LONG = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{32}(?![0-9A-Za-z])|\d(?:[ \u00a0.-]?\d){12,}")
_HEXADECIMAL = 32
_MOST = 10_000


def numberless(text: str) -> str:
    """``text`` without its numbers of 13 digits and more."""
    return _LONG.sub(_kept, text) if len(text) > 12 else text


def shown(text: str, most: int = 40) -> str:
    """A caller's text cut to ``most`` characters for a message; what a cut leaves of a number is no number either."""
    safe = numberless(text[:_MOST])
    return safe if len(safe) <= most else safe[: most - 3] + "..."


def _kept(found: re.Match[str]) -> str:
    word = found[0]
    return word if len(word) == _HEXADECIMAL and not word.isdecimal() else NUMBER
