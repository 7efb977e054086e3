"""Which time zone a tenant is in, told by the offsets of what it wrote at known instants.

Object Query writes dates with the tenant's offset (Zuora: Time zones). Must not ask anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from bridge.upstream.probe_findings import Finding, State

Sample = tuple[datetime, timedelta]
"""An instant and the offset it was written with."""

_USUAL = """
    America/Los_Angeles America/New_York America/Chicago America/Denver UTC Europe/London Europe/Berlin Europe/Paris
    Asia/Tokyo Asia/Singapore Asia/Kolkata Australia/Sydney
"""
_SHOWN = 3


def sample(text: object) -> Sample | None:
    """A date and time with an offset; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = moment.utcoffset()
    return None if offset is None else (moment, offset)


def compared(samples: Sequence[Sample], zone: str) -> Finding:
    """Whether the configured zone would have written these offsets, and which zones would."""
    subject, configured = "time zone", f"BRIDGE_ZUORA__TIME_ZONE={zone}"
    if not samples:
        found = "the tenant has nothing with a date to tell it by"
        advice = (f"{configured}, if that is what Zuora shows under Administration, Manage Tenant Profile",)
        return Finding(subject, State.UNKNOWN, found, configured, advice)
    offsets = sorted({offset for _, offset in samples})
    shown = f"dates of {len(samples)} objects have {' and '.join(map(_offset, offsets))}"
    if _fits(samples, ZoneInfo(zone)):
        return Finding(subject, State.AGREES, f"{shown}, as {zone} had then", configured)
    usual = _USUAL.split()
    others = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    fitting = [name for name in (*usual, *others) if _fits(samples, ZoneInfo(name))]
    lines = tuple(f"BRIDGE_ZUORA__TIME_ZONE={name}" for name in dict.fromkeys(fitting))
    return Finding(subject, State.WRONG, f"{shown}, which {zone} had not", configured, lines[:_SHOWN])


def _fits(samples: Sequence[Sample], zone: ZoneInfo) -> bool:
    return all(moment.astimezone(zone).utcoffset() == offset for moment, offset in samples)


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
