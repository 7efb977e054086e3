"""What the driver needs of the rooms below it, as protocols: a simulation or a test may stand in for each.

Must not hold behaviour.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Protocol

from bridge.core import commands as c
from bridge.core.facts import Fact, NoVerdict, Question, Standing, StillStands
from bridge.core.intent import Dispatch
from bridge.core.model import Instant, Op, ZObject


class SoapRoute(Protocol):
    """What the driver needs of ``upstream.soap``."""

    def compose(self, op: Op, objects: tuple[ZObject, ...], single_transaction: bool) -> c.Composed:
        """Build the message."""

    def send(
        self, dispatch: Dispatch, session: str, host: str | None, not_after: float | None
    ) -> Awaitable[c.SoapAnswer | c.NotSent | c.Lost]:
        """Send it once."""

    def standing(self, question: StillStands, session: str, host: str | None) -> Awaitable[Standing | NoVerdict]:
        """Read one object under the caller's session."""


class RestRoute(Protocol):
    """What the driver needs of ``upstream.rest``."""

    def send(
        self, dispatch: Dispatch, not_after: float | None, credential: Sequence[tuple[str, str]] | None
    ) -> Awaitable[c.Answer | c.NotSent | c.Lost]:
        """Send it once, under a JSON caller's own headers (None: the bridge's OAuth client)."""


class ActionRoute(Protocol):
    """What the driver needs of ``upstream.action``."""

    def compose(self, op: Op, objects: tuple[ZObject, ...], entity: str) -> c.Composed:
        """Build the request."""

    def send(
        self, dispatch: Dispatch, not_after: float | None, own: Sequence[tuple[str, str]] | None
    ) -> Awaitable[c.SoapAnswer | c.NotSent | c.Lost]:
        """Send it once, under a JSON caller's own headers (None: the bridge's OAuth client)."""


class Look(Protocol):
    """What the driver needs of ``upstream.directory``."""

    def answer(self, questions: Iterable[Question], entity: str) -> Awaitable[dict[Question, Fact]]:
        """Answer every question."""


class Clock(Protocol):
    """The time by Zuora's clock."""

    def now(self) -> Instant:
        """Milliseconds since the epoch."""
