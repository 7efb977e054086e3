"""How the console writes moments, ages, amounts, shares and states. Pure; must not ask anything.

Moments are in UTC, as in the logs and in Zuora's answers; amounts are the decimal texts of the API and never numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from markupsafe import Markup

from bridge.telemetry.redact import redact_text

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

NOTHING = "–"

TONES = {
    "APPLIED": "good",
    "PASS": "good",
    "PROMOTE": "good",
    "done": "good",
    "intact": "good",
    "REFUSED": "quiet",
    "NOT_APPLIED": "quiet",
    "IN_DOUBT": "wait",
    "SENDING": "wait",
    "NOT ENOUGH DATA": "wait",
    "HOLD": "wait",
    "doubt": "wait",
    "unsealed": "wait",
    "PARKED": "bad",
    "FAIL": "bad",
    "ROLL BACK": "bad",
    "broken": "bad",
}
"""What a state means for whoever reads it. The word always stands beside the colour."""

MARKS = {"good": "✓", "bad": "✕", "wait": "◦", "quiet": "·"}


def state(value: object) -> Markup:
    """A state as a badge: a mark, the word and a colour."""
    name = str(value or NOTHING)
    tone = TONES.get(name, TONES.get(name.upper(), "quiet"))
    said = name.replace("_", " ").lower()
    return Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>').format(tone, MARKS[tone], said)


def moment(at: object) -> Markup:
    """A moment in milliseconds since 1970 as day and second, UTC."""
    made = _datetime(at)
    if made is None:
        return Markup("<span>{}</span>").format(NOTHING)
    return Markup('<time datetime="{}">{}</time>').format(
        made.strftime("%Y-%m-%dT%H:%M:%SZ"), made.strftime("%Y-%m-%d %H:%M:%S")
    )


def clock(at: object, seconds: bool = True) -> str:
    """The time of day alone."""
    made = _datetime(at)
    return NOTHING if made is None else made.strftime("%H:%M:%S" if seconds else "%H:%M")


def instant(at: object) -> str:
    """A moment to the millisecond, as a timeline needs it."""
    made = _datetime(at)
    return NOTHING if made is None else f"{made.strftime('%H:%M:%S')}.{made.microsecond // 1000:03}"


def age(span: object) -> str:
    """A span of milliseconds in its largest two units."""
    if not isinstance(span, int) or isinstance(span, bool):
        return NOTHING
    if span < 0:
        return "just now"
    if span < MINUTE:
        return f"{span // 1000} s"
    if span < HOUR:
        return f"{span // MINUTE} min"
    if span < DAY:
        return f"{span // HOUR} h {span % HOUR // MINUTE} min"
    return f"{span // DAY} d {span % DAY // HOUR} h"


def took(span: object) -> str:
    """Milliseconds as a latency."""
    if not isinstance(span, int | float):
        return NOTHING
    return f"{count(round(span))} ms" if span < 10_000 else f"{span / 1000:.1f} s"


def share(value: object) -> str:
    """A fraction (a decimal text or a number) in per cent."""
    try:
        part = Decimal(str(value))
    except InvalidOperation:
        return NOTHING
    if not part.is_finite():
        return NOTHING
    if part and abs(part) < Decimal("0.0001"):
        return "< 0.01 %"
    return f"{part * 100:.2f} %"


def count(value: object) -> str:
    """A number with thin gaps between thousands."""
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else NOTHING


def money(amount: object, currency: object = None) -> str:
    """An amount as it stands, with its currency."""
    if amount in (None, ""):
        return NOTHING
    return f"{amount} {currency}" if currency else f"{amount}"


def redacted(text: object) -> str:
    """What somebody typed, without its secrets: they stand in the field they were typed into and nowhere else."""
    return redact_text(str(text))


def plain(value: object) -> str:
    """A value of the API as text; what is not there is a dash."""
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


def some(number: object, one: str, many: str | None = None) -> str:
    """``1 call``, ``2 calls``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(items: Iterable[Mapping[str, Any]], name: str) -> str:
    """One value of each item, in a row."""
    return ", ".join(str(each.get(name)) for each in items)


def _datetime(at: object) -> datetime | None:
    if not isinstance(at, int) or isinstance(at, bool):
        return None
    try:
        return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
    except (ValueError, OverflowError, OSError):
        return None


FILTERS = {
    each.__name__: each
    for each in (state, moment, clock, instant, age, took, share, count, money, plain, redacted, some, listed)
}
