"""Moments in sentences for people. Must not read a clock."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.core.model import Instant


def when(at: Instant) -> str:
    """``2026-02-20 18:00:00 UTC``; a moment that no calendar has, as its number."""
    try:
        return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(at)
