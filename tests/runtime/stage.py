"""A driver with a real journal, and an upstream that does what a test says. Must not know a scenario."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core import commands as c
from bridge.core.classify import Prefer, Preference
from bridge.core.conduct import Errand
from bridge.core.facts import (
    Absent,
    AccountFact,
    DocumentRef,
    Fact,
    Kind,
    Question,
    Standing,
    StillStands,
    WhichAccount,
    WhichLike,
)
from bridge.core.intent import Dispatch, Intent
from bridge.core.model import Call, Caller, Op, Route, Tenant, Version, ZObject
from bridge.journal import Journal
from bridge.runtime import Runtime, Visit
from bridge.upstream.credential import Credential

NOW = 1_771_610_400_000
"""2026-02-20T10:00:00-08:00."""

TENANT = Tenant(ZoneInfo("America/Los_Angeles"))
ERP = Caller("10000", "erp@example.com", "erp", allow=frozenset({"*"}))
CALL_IDS = itertools.count()

Send = Callable[[Dispatch], Awaitable[Any]]


def paid(number: int = 1) -> c.Answer:
    """Zuora's success over REST."""
    return c.Answer(200, b'{"success":true,"id":"%s"}' % (b"%032x" % number))


def rows(count: int) -> c.SoapAnswer:
    """Zuora's success over SOAP."""
    return c.SoapAnswer(200, tuple(c.SoapRow(True, f"{0xF00 + place:032x}") for place in range(count)))


def pays(memo: str, amount: str = "10", account: str = "a1") -> ZObject:
    """A payment of a debit memo: REST."""
    fields = {
        "AccountId": account,
        "Amount": amount,
        "AppliedInvoiceAmount": amount,
        "EffectiveDate": "2026-02-20",
        "InvoiceId": memo,
        "PaymentMethodId": "m",
        "Status": "Processed",
        "Type": "External",
    }
    return ZObject("Payment", fields)


def unapplied(amount: str) -> ZObject:
    """A payment without a document: SOAP, without a look-up."""
    return ZObject("Payment", {"AccountId": "a1", "Amount": amount})


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        """The time."""
        return self.at


class Look:
    """Every document is an open debit memo, ``<account>-<n>`` of that account; what was made still stands."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def answer(self, questions: Iterable[Question], entity: str) -> dict[Question, Fact]:
        """Answer every question."""
        asked = list(questions)
        self.asked += asked
        return {question: self._fact(question) for question in asked}

    def _fact(self, question: Question) -> Fact:
        match question:
            case StillStands():
                return Standing(True, "Processed")
            case WhichLike():
                return Absent()
            case WhichAccount(key):
                return AccountFact(key, "USD", "Active")
        key = question.key  # type: ignore[union-attr]
        account = key.partition("-")[0]
        return DocumentRef(Kind.DEBIT_MEMO, key, f"DM{key}", account, "USD", "Posted", Decimal(1000))


@dataclass
class Upstream:
    """Both routes: sends what the test says and remembers it."""

    reply: Send | None = None
    sent: list[Dispatch] = field(default_factory=list)
    fences: list[float | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    hosts: list[tuple[str, str | None]] = field(default_factory=list)
    credentials: list[Sequence[tuple[str, str]] | None] = field(default_factory=list)

    async def _send(self, dispatch: Dispatch, not_after: float | None) -> Any:
        self.sent.append(dispatch)
        self.fences.append(not_after)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.reply is not None:
                return await self.reply(dispatch)
            return rows(len(dispatch.intent_ids)) if dispatch.route is not Route.REST else paid(len(self.sent))
        finally:
            self.at_once -= 1


class Soap(Upstream):
    """The SOAP route."""

    def compose(self, op: Op, objects: tuple[ZObject, ...], single_transaction: bool) -> c.Composed:
        """A message that names what it is about."""
        return c.Composed("/soap", (), repr([dict(one.fields) for one in objects]).encode())

    async def send(self, dispatch: Dispatch, session: str, host: str | None, not_after: float | None) -> Any:
        """Send it once."""
        self.hosts.append((session, host))
        return await self._send(dispatch, not_after)


class Rest(Upstream):
    """The REST route."""

    async def send(
        self, dispatch: Dispatch, not_after: float | None, credential: Sequence[tuple[str, str]] | None
    ) -> Any:
        """Send it once."""
        self.credentials.append(credential)
        return await self._send(dispatch, not_after)


class Actions(Upstream):
    """The Actions route."""

    def compose(self, op: Op, objects: tuple[ZObject, ...], entity: str) -> c.Composed:
        """A request that names what it is about."""
        return c.Composed(f"/v1/action/{op.value}", (), repr([dict(one.fields) for one in objects]).encode())

    async def send(self, dispatch: Dispatch, not_after: float | None, own: Sequence[tuple[str, str]] | None) -> Any:
        """Send it once."""
        self.credentials.append(own)
        return await self._send(dispatch, not_after)


class Stage:
    """A driver, what it drives, and a caller."""

    def __init__(self, journal: Journal, instance: str = "one") -> None:
        self.journal = journal
        self.soap = Soap()
        self.rest = Rest()
        self.actions = Actions()
        self.look = Look()
        self.clock = Clock()
        self.gone = False
        self.credential = Credential("session")
        self.runtime = Runtime(journal, self.soap, self.rest, self.look, self.clock, instance, actions=self.actions)

    def errand(self, *objects: ZObject, version: str = "107.0", **caller: Any) -> Errand:
        """A create of these objects."""
        call = Call(Op.CREATE, Version.parse(version), objects[0].type, objects)
        who = Caller(**{**_caller(), **caller})
        soap = Prefer(lambda _obj, _account: Preference(Route.SOAP))
        return Errand(call, who, TENANT, f"call-{next(CALL_IDS)}", self.runtime.instance, soap)

    async def run(self, *objects: ZObject, wait: float = 50.0, **more: Any) -> Any:
        """Run a call as its caller would."""
        return await self.runtime.run(self.errand(*objects, **more), Visit(wait, lambda: self.gone), self.credential)

    async def intents(self, *ids: str | None) -> tuple[Intent, ...]:
        """What the journal says."""
        return await self.journal.intents([each for each in ids if each is not None])

    def begun(self, upstream: Upstream) -> tuple[str, ...]:
        """The intents of everything sent, in order."""
        return tuple(each for dispatch in upstream.sent for each in dispatch.intent_ids)


def _caller() -> Mapping[str, Any]:
    return {name: getattr(ERP, name) for name in ERP.__slots__}


@asynccontextmanager
async def staged(folder: Path, instance: str = "one") -> AsyncIterator[Stage]:
    """A driver that runs on a journal in ``folder``."""
    journal = await asyncio.to_thread(Journal.open, f"sqlite:///{folder / 'journal.db'}", None, instance)
    stage = Stage(journal, instance)
    try:
        await stage.runtime.start()
        yield stage
        await stage.runtime.stop(5)
    finally:
        await asyncio.to_thread(journal.close)


def held(answers: asyncio.Event, answer: Any) -> Send:
    """An answer that comes when the test says so."""

    async def reply(_: Dispatch) -> Any:
        await answers.wait()
        return answer

    return reply


def later(seconds: float, answer: Any) -> Send:
    """An answer that takes its time."""

    async def reply(_: Dispatch) -> Any:
        await asyncio.sleep(seconds)
        return answer

    return reply
