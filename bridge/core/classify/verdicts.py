"""What classification comes to. Plain values; must not decide anything."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bridge.core.commands import Facts
from bridge.core.facts import Part, Question
from bridge.core.model import Route, RowError, ZObject

_T = TypeVar("_T")
Asking = Generator[tuple[Question, ...], Facts, _T]
"""Yields questions, is sent facts, returns its result."""

Prefer = Callable[[ZObject], Route]
"""Policy: which route carries an object that both can."""


@dataclass(frozen=True, slots=True)
class Request:
    """One REST request. Zuora stores answers under an Idempotency-Key for POST alone (Zuora: Idempotent requests)."""

    method: str
    path: str
    body: Mapping[str, object] | None = None

    @property
    def keyed(self) -> bool:
        """Whether a repeat of the same bytes under the same key is safe."""
        return self.method == "POST"


@dataclass(frozen=True, slots=True)
class Prelude:
    """What must happen to a payment before the request itself: ``takes`` are unapplied from its documents.

    ``before`` is every part the payment had when this was planned: with it a later read can tell whether the step
    happened, and whether somebody else changed the payment meanwhile. The step is undone by applying ``takes`` again.
    """

    payment_id: str
    takes: tuple[Part, ...]
    before: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """Goes by Zuora's SOAP or Actions, as ``obj``: the caller's, with an absent Amount filled where the rule says so.

    ``route`` is SOAP or ACTION. ``fallback`` is sent by REST only behind a definite refusal, where a read of the object
    shows that SOAP could not know what it is. ``held`` as in ``Translate``: a saga of the bridge on the same payment
    would take a change that came by SOAP for somebody else's.
    """

    obj: ZObject
    reason: str
    route: Route = Route.SOAP
    fallback: Request | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Translate:
    """Goes by REST as ``method path`` with ``body``. Objects of one ``lane`` (an account) run one after another.

    ``prelude``: a step before it, whose effect is taken back if the request is refused (a saga). ``held``: the id of
    the payment or memo that nobody else of the bridge may change meanwhile. ``zuora_id``: the object that an update or
    delete is about, which Zuora's answer need not name.
    """

    obj: ZObject
    path: str
    body: Mapping[str, object] | None
    lane: str
    reason: str
    method: str = "POST"
    prelude: Prelude | None = None
    held: str | None = None
    zuora_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused before anything was sent. ``unsent``: for want of a verdict, so that a repeat is a new attempt."""

    errors: tuple[RowError, ...]
    unsent: bool = False


Verdict = Forward | Translate | Refused
