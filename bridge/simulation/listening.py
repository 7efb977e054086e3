"""Hears the bridge's own cries while a world runs: a call that broke off is a defect, whatever came of it.

Within the block nothing else is logged. Must not outlive it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

BROKEN = "broke off"


@contextmanager
def listening(heard: Callable[[str], None]) -> Iterator[None]:
    """Tell what broke off, with the exception."""

    def hear(_logger: object, _method: str, event: Any) -> Any:
        words = str(event.get("event"))
        if BROKEN in words:
            error = sys.exc_info()[1]
            heard(f"defect: {words}: {type(error).__name__}: {error}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[hear],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
