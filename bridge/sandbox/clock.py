"""The tenant's clock and zone: starts where the seed says, runs with real time, and can be set.

Every time the sandbox shows or compares comes from here, so that expiry can be tested without waiting.
"""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Los_Angeles")
UTC = ZoneInfo("UTC")
START = datetime(2026, 2, 20, 10, 0, 0, tzinfo=ZONE)


class TenantClock:
    """A settable clock in the tenant's time zone."""

    def __init__(self, start: datetime = START, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._base = start.astimezone(UTC)
        self._since = steady()
        self._header_second = -1
        self._header = ""

    def now(self) -> datetime:
        """Return the present moment in the tenant's zone, to the millisecond (Zuora keeps no finer time)."""
        moment = self._base + timedelta(seconds=self._steady() - self._since)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000).astimezone(ZONE)

    def today(self) -> date:
        """Return the tenant's calendar day."""
        return self.now().date()

    def set(self, moment: datetime) -> None:
        """Move the clock to the given moment."""
        self._base = moment.astimezone(UTC)
        self._since = self._steady()
        self._header_second = -1

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or back, with a negative number)."""
        self.set(self.now().astimezone(UTC) + timedelta(seconds=seconds))

    def date_header(self) -> str:
        """Return the HTTP Date header of now; rebuilt once a second."""
        moment = self._base + timedelta(seconds=self._steady() - self._since)
        second = int(moment.timestamp())
        if second != self._header_second:
            self._header_second = second
            self._header = format_datetime(moment.replace(microsecond=0, tzinfo=None)).replace("-0000", "GMT")
        return self._header


def soap_date_time(moment: datetime) -> str:
    """Write a dateTime as SOAP answers do: three digits of milliseconds, tenant offset, never Z."""
    text = moment.astimezone(ZONE)
    return f"{text:%Y-%m-%dT%H:%M:%S}.{text.microsecond // 1000:03d}{_offset(text)}"


def v1_date_time(moment: datetime) -> str:
    """Write a timestamp as the v1 REST operations do: tenant zone, no offset (Zuora: Retrieve a payment)."""
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def query_date_time(moment: datetime) -> str:
    """Write a timestamp as Object Query does: ISO with offset (Zuora: Object Queries)."""
    text = moment.astimezone(ZONE)
    return f"{text:%Y-%m-%dT%H:%M:%S}{_offset(text)}"


def _offset(moment: datetime) -> str:
    text = f"{moment:%z}"
    return f"{text[:3]}:{text[3:5]}"
