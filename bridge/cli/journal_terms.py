"""The words of ``bridge journal``: moments and states as people write them. Must not read a journal."""

from __future__ import annotations

import enum
import re
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from bridge.core.model import Instant
from bridge.journal.audit import now
from bridge.settings import ConfigurationError, Settings

Member = TypeVar("Member", bound=enum.Enum)

_AGE = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def one_of(kind: type[Member], text: str) -> Member:
    """The member of this value in any case; raises ``ConfigurationError`` naming all."""
    try:
        return kind(text.strip().lower().replace("-", "_"))
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ConfigurationError(f"{text[:40]!r} is none of {known}") from None


def instant(text: str, settings: Settings) -> Instant:
    """A day or a moment (in the tenant's zone unless it says another) or an age; raises ``ConfigurationError``."""
    if age := _AGE.fullmatch(text.strip()):
        return now() - int(age[1]) * _UNITS[age[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(
            f"{text[:40]!r} is no day, moment or age: 2026-02-19, 2026-02-19T10:00:00Z, 24h"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(settings.zuora.time_zone))
    # Whole milliseconds without a float on the way.
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
