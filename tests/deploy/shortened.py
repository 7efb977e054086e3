"""The shipped rules in a hurry: the same file, in which every length of time is a six hundredth.

Ranges, offsets and ``for`` are shortened where they stand in the text, and nothing else is touched: five minutes become
half a second. A range keeps at least ``LEAST`` seconds, since a rate needs several scrapes in it. Must not know a rule.
"""

from __future__ import annotations

import re

FACTOR = 600
LEAST = 4.0
"""Seconds in the shortest range: twenty scrapes, and ten where the machine has too much to do."""

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RANGE = re.compile(r"(\[|\boffset )(\d+)([smhd])\b")
_FOR = re.compile(r"^( +for: )(\d+)([smhd])$", re.MULTILINE)


def shortened(rules: str) -> str:
    """The text of a rules file, in a hurry."""
    ranges = _RANGE.sub(lambda found: f"{found[1]}{_short(found[2], found[3], LEAST)}", rules)
    return _FOR.sub(lambda found: f"{found[1]}{_short(found[2], found[3], 0)}", ranges)


def _short(number: str, unit: str, least: float) -> str:
    return f"{int(1000 * max(least, int(number) * SECONDS[unit] / FACTOR))}ms"
