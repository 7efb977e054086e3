"""What classification comes to. Plain values; must not decide anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.core.commands import Facts
from bridge.core.facts import Part, Question
from bridge.core.model import Route, RowError, ZObject

_T = TypeVar("_T")
Asking = Generator[tuple[Question, ...], Facts, _T]
"""Yields questions, is sent facts, returns its result."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Policy's answer about one object: why as its own JSON, and the rule whose ramp counts it.

    ``shadow`` is the rule for which REST is compared with it afterwards, if one says so.
    """

    route: Route
    decided: str = "null"
    ramp: str | None = None
    shadow: str | None = None


@dataclass(frozen=True, slots=True)
class Prefer:
    """Policy, as one call asks it: which route carries an object that more than one can.

    ``of`` is given the object and the Id of its account, None where it has none or nobody knows it. ``asks_account``
    says that the account can make a difference, so that it must be looked up for what does not name it.
    """

    of: Callable[[ZObject, str | None], Preference]
    asks_account: bool = False


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
    ``preference`` is what policy said of it.
    """

    obj: ZObject
    reason: str
    route: Route = Route.SOAP
    fallback: Request | None = None
    held: str | None = None
    preference: Preference | None = field(default=None, compare=False)


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
    preference: Preference | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused before anything was sent. ``unsent``: for want of a verdict, so that a repeat is a new attempt.

    ``reason`` is what it would have been, where that was found before it was refused.
    """

    errors: tuple[RowError, ...]
    unsent: bool = False
    reason: str = field(default="", compare=False)
    preference: Preference | None = field(default=None, compare=False)

    def instead_of(self, verdict: Verdict) -> Refused:
        """This refusal in another verdict's place: what was decided until then is kept."""
        return Refused(self.errors, self.unsent, verdict.reason, verdict.preference)


Verdict = Forward | Translate | Refused

LONGEST_REASON = 160
"""Characters of a reason in the journal."""


def overruled(verdict: Verdict, route: Route | None) -> bool:
    """Whether what is possible made of it something else than policy said. ``route`` is the one it takes."""
    return route is not None and verdict.preference is not None and route is not verdict.preference.route


def decided(verdict: Verdict, route: Route | None) -> str | None:
    """Why it goes by its route, as JSON for the journal: what policy said, and what was possible."""
    said = verdict.preference
    if said is None:
        return None
    # In ASCII: a reason can quote the caller, whose JSON may hold half a surrogate pair, which no database takes.
    reason = json.dumps(verdict.reason[:LONGEST_REASON])
    wins = "true" if overruled(verdict, route) else "false"
    return f'{{"policy":{said.decided},"capability":{reason},"overruled":{wins}}}'
