"""One process of the bridge in a simulated world: the production parts, put together as ``app`` does.

What differs: the journal's writer serves on the loop, the transport has no sockets, and the routes note which dispatch
is being sent, so that the network can tell. Must not decide or repair anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TypeVar

from bridge.contract.contract import Contract
from bridge.contract.files import extension, own_wsdl
from bridge.contract.reader import read
from bridge.core import commands as c
from bridge.core.facts import NoVerdict, Standing, StillStands
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Tenant, ZObject
from bridge.journal import Journal
from bridge.journal.inline import InlineWriter
from bridge.runtime import Recoverer, Runtime, machine_now
from bridge.simulation.books import CLIENT
from bridge.simulation.loop import Actor, Process, task_of
from bridge.simulation.network import ORIGIN, SENDING, Network, Wire
from bridge.simulation.storage import Storage
from bridge.upstream.action import ZuoraActions
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import NoToken, OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import UserInfo, ZuoraSoap

T = TypeVar("T")


@cache
def contract() -> Contract:
    """Our own WSDL, read once."""
    return read(own_wsdl().read_bytes(), extension=extension().read_bytes())


@cache
def _soap() -> ZuoraSoap:
    """zeep's reading of it takes longer than a thousand calls."""
    return ZuoraSoap(own_wsdl(), ORIGIN, None, Budget())  # type: ignore[arg-type]


async def _noting(dispatch: Dispatch, sending: Awaitable[T]) -> T:
    SENDING.set(dispatch)
    return await sending


class _Soap:
    """``SoapRoute``, noting."""

    def __init__(self, soap: ZuoraSoap) -> None:
        self._soap = soap

    def compose(self, op: Op, objects: tuple[ZObject, ...], single_transaction: bool) -> c.Composed:
        return self._soap.compose(op, objects, single_transaction)

    def send(
        self, dispatch: Dispatch, session: str, host: str | None, not_after: float | None
    ) -> Awaitable[c.SoapAnswer | c.NotSent | c.Lost]:
        return _noting(dispatch, self._soap.send(dispatch, session, host, not_after))

    def standing(self, question: StillStands, session: str, host: str | None) -> Awaitable[Standing | NoVerdict]:
        return self._soap.standing(question, session, host)


class _Rest:
    """``RestRoute``, noting."""

    def __init__(self, rest: ZuoraRest) -> None:
        self._rest = rest

    def send(
        self, dispatch: Dispatch, not_after: float | None, credential: Sequence[tuple[str, str]] | None
    ) -> Awaitable[c.Answer | c.NotSent | c.Lost]:
        return _noting(dispatch, self._rest.send(dispatch, not_after, credential))


class _Actions:
    """``ActionRoute``, noting."""

    def __init__(self, actions: ZuoraActions) -> None:
        self._actions = actions

    def compose(self, op: Op, objects: tuple[ZObject, ...], entity: str) -> c.Composed:
        return self._actions.compose(op, objects, entity)

    def send(
        self, dispatch: Dispatch, not_after: float | None, own: Sequence[tuple[str, str]] | None
    ) -> Awaitable[c.SoapAnswer | c.NotSent | c.Lost]:
        return _noting(dispatch, self._actions.send(dispatch, not_after, own))


class Replica(Process):
    """A process from its start to its death. ``pause`` is how long the next turn of its writer takes."""

    def __init__(
        self, name: str, storage: Storage, network: Network, tenant: Tenant, session: str, pause: Callable[[], float]
    ) -> None:
        super().__init__(name)
        writer = partial(InlineWriter, pause=pause)
        self._journal = Journal(storage.database, storage.statements, storage.seal, name, writer=writer)
        wire, budget = Wire(network), Budget()
        self._oauth = oauth = OAuthClient(wire, ORIGIN, *CLIENT)
        self._clock = wire.clock
        rest = ZuoraRest(wire, ORIGIN, oauth, budget)
        self._session = session
        self._soap = _soap().over(wire, budget)
        self.runtime = Runtime(
            self._journal,
            _Soap(self._soap),
            _Rest(rest),
            Directory(rest),
            wire.clock,
            name,
            actions=_Actions(ZuoraActions(contract(), rest)),
            us=lambda: oauth.user_id,
        )
        self._recoverer = Recoverer(
            self.runtime, self._journal, tenant, zuora_now=wire.clock.now, here=machine_now, knows_time=self._knows_time
        )
        self.serving = False
        self.open: dict[str, Callable[[], None]] = {}
        task_of(Actor(name, self), self._start())

    async def _start(self) -> None:
        """As the operator's supervisor would, it tries until the database lets it."""
        while True:
            try:
                await self.runtime.start()
            except Exception:
                await asyncio.sleep(1.0)
            else:
                break
        self._recoverer.start()
        # A session counts only after getUserInfo; so a door has always heard Zuora before it lets a call in.
        while not isinstance(await self._soap.user_info(self._session), UserInfo):
            await asyncio.sleep(1.0)
        self.serving = True

    async def _knows_time(self) -> bool:
        """As ``app``: asked for by what is needed anyway, a token."""
        if self._clock.error is None:
            with suppress(NoToken):
                await self._oauth.token()
        return self._clock.error is not None

    def die(self) -> None:
        """At once, wherever it stands; those who are connected see that."""
        self.dead, self.serving = True, False
        for lost in list(self.open.values()):
            lost()
        self.open.clear()
