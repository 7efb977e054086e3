"""Whose objects a JSON call is about: proof, under the caller's own credential, that they are of this bridge's tenant.

Zuora's REST host is shared by all its customers and a bearer does not say whose it is. So before anything is looked up
under the bridge's own credential or found in the journal, what an object names (its account, or the payment, refund or
memo it is about) is read under the caller's credential, and its account under the bridge's: account ids are unique over
all tenants, so one that both can read is of one tenant. Without a credential of the bridge the object must name it by
that id itself. A proof lives 60 seconds, under a hash. Must not decide what a caller may do (Zuora does), nor send
anything but GETs.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from bridge.core.commands import Lost, NotSent
from bridge.core.facts import Absent, AccountFact, Fact, Question, WhichAccount
from bridge.core.model import Call, Caller, CallFault, Op, RowError, ZObject
from bridge.core.refusals import unsent
from bridge.telemetry.log import get_logger
from bridge.upstream.clock import fence_now
from bridge.upstream.credential import Credential, key_id
from bridge.upstream.rest import Json, UnusableKey, segment
from bridge.upstream.transport import Headers

log = get_logger("tenancy")

PROOF_SECONDS: Final = 60.0
KEPT: Final = 10_000
AT_ONCE: Final = 8

ANONYMOUS: Final = "json"
"""The user name of callers whose credential does not say one; BRIDGE_CALLERS can name it."""

ENTITIES: Final = "Zuora-Entity-Ids"

_OWN: Final = {"Payment": "payments", "Refund": "refunds"}
_NAMED: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    # What an object to be made names, in the order of preference: field, and the v1 resources it may be.
    "Payment": (("AccountId", ("accounts",)),),
    "Refund": (
        ("AccountId", ("accounts",)),
        ("PaymentId", ("payments", "credit-memos")),
        ("CreditMemoId", ("credit-memos",)),
        ("CreditMemoNumber", ("credit-memos",)),
    ),
}

NOTHING_CONFIGURED: Final[Mapping[tuple[str, str], str]] = MappingProxyType({})

UNAUTHENTICATED: Final = CallFault("INVALID_SESSION", "Authentication error", status=401)
"""Zuora did not accept the caller's own credential."""

FOREIGN: Final = CallFault(
    "NO_PERMISSION", "This credential belongs to another Zuora tenant than the one the bridge serves. Nothing was sent."
)


class Reads(Protocol):
    """What this needs of ``upstream.rest``."""

    def get(
        self, path: str, *, headers: Headers, credential: Sequence[tuple[str, str]] | None
    ) -> Awaitable[Json | NotSent | Lost]:
        """Read something under a credential."""


class Look(Protocol):
    """What this needs of ``upstream.directory``: the bridge's own view of the tenant."""

    def answer(self, questions: Iterable[Question], entity: str) -> Awaitable[dict[Question, Fact]]:
        """Answer every question."""


@dataclass(frozen=True, slots=True)
class Named:
    """What says whose an object is: the caller's field, its text, and the v1 resources it may be a key of."""

    field: str
    key: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unproved:
    """Why an object is not taken: nothing was sent for it. ``unsent``: a repeat may find it otherwise."""

    errors: tuple[RowError, ...]
    unsent: bool = False


Proof = Unproved | CallFault | None
"""None: proved. A fault is about the credential, and so about the whole call."""


class Tenancy:
    """Who a JSON caller is, and which of its objects are this tenant's."""

    def __init__(
        self,
        rest: Reads,
        look: Look | None,
        tenant_id: str | None,
        entities: Mapping[str, str],
        caller: Callable[[str, str, str], Caller],
        directives: Mapping[tuple[str, str], str] = NOTHING_CONFIGURED,
    ) -> None:
        self._rest = rest
        self._fields = {kind: _fields(kind, directives) for kind in _NAMED}
        self._look = look
        self._tenant_id = tenant_id
        self._entities = entities
        self._caller = caller
        self._proofs: OrderedDict[tuple[bytes, str, Named], float] = OrderedDict()

    def who(self, credential: Credential, entities: Sequence[str]) -> Caller | CallFault:
        """The caller behind a credential; ``entities`` are the values of its Zuora-Entity-Ids headers."""
        if self._tenant_id is None:
            return _forbidden("The owner of the bridge has not said which Zuora tenant it serves.")
        named = ",".join(entities).strip()
        if not named and self._entities:
            # Which entity a credential is of, nothing tells. Guessing would pay in the wrong one.
            return _forbidden(f"Every call must name its entity in {ENTITIES}.")
        if named and named not in self._entities:
            return _forbidden(f"{ENTITIES} names an entity that the bridge does not serve.")
        found = self._caller(self._tenant_id, named, key_id(credential) or ANONYMOUS)
        return replace(found, own=True, name=found.name or ANONYMOUS)

    async def prove(self, call: Call, caller: Caller, credential: Credential) -> tuple[Proof, ...]:
        """For each object of the call, whether it is proved."""
        named = [self._named(call, obj) for obj in call.objects]
        places = asyncio.Semaphore(AT_ONCE)

        async def one(each: Named) -> Proof:
            async with places:
                return await self._prove(call, caller, credential, each)

        distinct = [each for each in dict.fromkeys(named) if isinstance(each, Named)]
        found = dict(zip(distinct, await asyncio.gather(*map(one, distinct)), strict=True))
        return tuple(found[each] if isinstance(each, Named) else each for each in named)

    def forget(self, credential: Credential) -> None:
        """Zuora no longer accepts this credential."""
        digest = credential.digest
        for key in [key for key in self._proofs if key[0] == digest]:
            del self._proofs[key]

    def _named(self, call: Call, obj: ZObject) -> Named | Unproved:
        if call.op is not Op.CREATE:
            key = obj.word("Id")
            return Named("Id", key, (_OWN[call.type],)) if key else _unknown_id(call)
        for field, resources in self._fields[call.type]:
            if key := obj.word(field):
                return Named(field, key, resources)
        return _missing("AccountId" if call.type == "Payment" else "PaymentId")

    async def _prove(self, call: Call, caller: Caller, credential: Credential, named: Named) -> Proof:
        key = (credential.digest, caller.entity, named)
        if fence_now() < self._proofs.get(key, 0.0):
            return None
        account = await self._account(call, caller, credential, named)
        if not isinstance(account, str):
            return account
        proof = await self._ours(call, caller, account)
        if proof is None:
            self._proofs[key] = fence_now() + PROOF_SECONDS
            self._proofs.move_to_end(key)
            while len(self._proofs) > KEPT:
                self._proofs.popitem(last=False)
        return proof

    async def _account(
        self, call: Call, caller: Caller, credential: Credential, named: Named
    ) -> str | Unproved | CallFault:
        """The id of the account that the object is of, as the caller may read it."""
        headers = ((ENTITIES, caller.entity),) if caller.entity else ()
        for resource in named.resources:
            try:
                path = f"/v1/{resource}/{segment(named.key)}"
            except UnusableKey:
                break
            came = await self._rest.get(path, headers=headers, credential=credential.own)
            if not isinstance(came, Json):
                log.warning("no proof of a JSON caller", event_kind=type(came).__name__, reason=came.reason)
                return Unproved(unsent(call.version, "Zuora did not say whose object it is"), unsent=True)
            if came.status == 401:
                return UNAUTHENTICATED
            if came.status == 403:
                text = f"This credential may not read what {named.field} names. Nothing was sent."
                return Unproved((RowError("NO_PERMISSION", text, named.field),))
            if came.not_found:
                continue
            identity, account = _read(resource, came.good or {})
            if account is None:
                log.warning("no proof of a JSON caller", trouble=came.trouble)
                return Unproved(unsent(call.version, "Zuora did not say whose object it is"), unsent=True)
            if self._look is None and identity != named.key:
                text = f"{named.field} must be an id here, not a number. Nothing was sent."
                return Unproved((RowError("INVALID_VALUE", text, named.field),))
            return account
        if named.field == "Id":
            return _unknown_id(call)
        text = f"{named.field} names nothing that this credential can read. Nothing was sent."
        # Zuora: SOAP API error handling: INVALID_ID is an id that is unknown; what names a document may be a number.
        code = "INVALID_ID" if named.field == "AccountId" else "INVALID_VALUE"
        return Unproved((RowError(code, text, named.field),))

    async def _ours(self, call: Call, caller: Caller, account: str) -> Proof:
        if self._look is None:
            return None
        question = WhichAccount(account)
        fact = (await self._look.answer((question,), caller.entity))[question]
        if isinstance(fact, AccountFact) and fact.id == account:
            return None
        if isinstance(fact, Absent):
            log.warning("a JSON caller of another tenant")
            return FOREIGN
        return Unproved(unsent(call.version, "the bridge could not read the account"), unsent=True)


def _fields(kind: str, directives: Mapping[tuple[str, str], str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields that name something, with the tenant's own that mean one of them."""
    own = [(name, meaning) for (of, name), meaning in directives.items() if of == kind]
    also = [(name, resources) for name, meaning in own for field, resources in _NAMED[kind] if field == meaning]
    return (*_NAMED[kind], *also)


def _missing(field: str) -> Unproved:
    # In the words Zuora uses on the wire.
    return Unproved((RowError("MISSING_REQUIRED_VALUE", f"Missing required value: {field}", field),))


def _unknown_id(call: Call) -> Unproved:
    # In the words Zuora uses on the wire, also where there is no Id at all.
    return Unproved((RowError("INVALID_ID", f"invalid id for {call.op.value}", "Id"),))


def _read(resource: str, body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The id of what was read and of its account."""
    if resource == "accounts":
        basic = body.get("basicInfo")
        identity = basic.get("id") if isinstance(basic, Mapping) else None
        account = identity
    else:
        identity, account = body.get("id"), body.get("accountId")
    if not (isinstance(identity, str) and isinstance(account, str) and identity and account):
        return None, None
    return identity, account


def _forbidden(why: str) -> CallFault:
    return CallFault("NO_PERMISSION", f"{why} Nothing was sent.")
