"""Which session may act for which caller: proof by ``getUserInfo``, and where a session's own host is.

Zuora's SOAP host is shared by all its customers, so a valid session proves nothing about this tenant; it counts only
after getUserInfo returned the configured tenant, for 60 seconds. Sessions are kept in memory only, and only as hashes
(OWASP Session Management). Must not decide what a caller may do (core) nor change what Zuora said.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from bridge.core.commands import SoapFault
from bridge.core.model import Caller, CallFault
from bridge.telemetry.log import get_logger
from bridge.upstream.clock import fence_now
from bridge.upstream.soap import UserInfo, ZuoraSoap

log = get_logger("sessions")

_T = TypeVar("_T")

PROOF_SECONDS = 60.0
KEPT = 10_000
HOME_SECONDS = 8 * 3600.0
"""A tenant may let sessions live up to eight hours (Zuora: SOAP API session)."""


@dataclass(frozen=True, slots=True)
class Home:
    """What the login through the bridge told of a session."""

    host: str | None
    entity: str
    until: float


class Sessions:
    """Proofs and homes of sessions."""

    def __init__(
        self,
        soap: ZuoraSoap,
        tenant_id: str | None,
        entities: Mapping[str, str],
        caller: Callable[[str, str, str], Caller],
    ) -> None:
        self._soap = soap
        self._tenant_id = tenant_id
        # A login may name an entity by id or by name (Zuora: login() call); REST wants the id.
        self._entities = {**{name: each for each, name in entities.items()}, **{each: each for each in entities}}
        self._caller = caller
        self._proofs: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._homes: OrderedDict[bytes, Home] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Caller | CallFault]] = {}

    def learn(self, session: str, host: str | None, entity: str) -> None:
        """Remember what a login told. ``host`` is allow-listed by the caller of this."""
        _keep(self._homes, _hash(session), Home(host, entity, fence_now() + HOME_SECONDS))

    def host(self, session: str) -> str | None:
        """The host that the session's ServerUrl named, or None for the configured one."""
        home = self._home(session)
        return home.host if home is not None else None

    def known(self, session: str) -> Caller | None:
        """Who is behind the session, if that was proved for a call before; nobody is asked."""
        proof = self._proofs.get(_hash(session))
        return proof[1] if proof is not None else None

    async def prove(self, session: str) -> Caller | CallFault:
        """Who is behind the session, or the fault to answer with. Calls at once share one look-up."""
        if self._tenant_id is None:
            return _forbidden("The owner of the bridge has not said which Zuora tenant it serves.")
        key = _hash(session)
        proof = self._proofs.get(key)
        if proof is not None and fence_now() < proof[0]:
            return proof[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(session, key))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _ask(self, session: str, key: bytes) -> Caller | CallFault:
        said = await self._soap.user_info(session, self.host(session))
        if isinstance(said, SoapFault):
            if said.faultcode.startswith("fns:") and said.code is not None:
                text = said.message if said.message is not None else said.faultstring
                return CallFault(said.code, text, said.kind or "UnexpectedErrorFault")
            return _unavailable()
        if not isinstance(said, UserInfo):
            log.warning("no proof of a session", event_kind=type(said).__name__, reason=said.reason)
            return _unavailable()
        if said.tenant_id != self._tenant_id:
            log.warning("a session of another tenant", tenant=said.tenant_id)
            return _forbidden("This session belongs to another Zuora tenant than the one the bridge serves.")
        home = self._home(session)
        if home is None and self._entities:
            # Which entity the session is of, only its login told. Guessing would pay in the wrong one; a caller that
            # logs in again tells it (every stack does so on this code).
            return CallFault("INVALID_SESSION", "invalid session: log in through the bridge, which must see the entity")
        entity = home.entity if home is not None else ""
        if not entity and self._entities:
            # The user's default entity by SOAP and the OAuth client's by REST need not be the same.
            return _forbidden("Every login must name its entity in entityId or entityName.")
        if entity and entity not in self._entities:
            return _forbidden("This session belongs to an entity that the bridge does not serve.")
        known = self._caller(said.tenant_id, self._entities.get(entity, ""), said.username)
        caller = replace(known, user_id=said.user_id)
        _keep(self._proofs, key, (fence_now() + PROOF_SECONDS, caller))
        return caller

    def _home(self, session: str) -> Home | None:
        home = self._homes.get(_hash(session))
        return home if home is not None and fence_now() < home.until else None


def _hash(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()


def _keep(kept: OrderedDict[bytes, _T], key: bytes, value: _T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _forbidden(why: str) -> CallFault:
    return CallFault("NO_PERMISSION", f"{why} Nothing was sent.")


def _unavailable() -> CallFault:
    return CallFault(
        "SERVER_UNAVAILABLE", "Zuora did not say whose session this is; nothing was sent. Repeat it later."
    )
