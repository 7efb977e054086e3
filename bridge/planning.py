"""Composes what ``bridge plan`` and ``bridge explain`` need: contract, composers, the rules, a source of facts.

Must not contain rules, nor make or change a journal.

With a tenant configured, documents are looked up by GETs. Without one they are told by the default number prefixes
(Zuora: Customize numbering): that is a hint and no proof, and the output says so.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from bridge.contract.contract import Contract
from bridge.contract.decode import Decoder
from bridge.contract.files import extension, own_wsdl
from bridge.contract.reader import read
from bridge.core import commands as c
from bridge.core.classify import Prefer
from bridge.core.facts import (
    AccountFact,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    Owner,
    PaymentFact,
    Question,
    Standing,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichMemos,
    WhichOwner,
    WhichSource,
)
from bridge.core.intent import Dispatch
from bridge.core.model import Call, Caller, Route, Tenant, Version, ZObject
from bridge.core.preview import Preview, preview
from bridge.cutover import Policy
from bridge.cutover.standing import FIRST, Unreadable, of
from bridge.cutover.standing import Standing as Rules
from bridge.facade.preview import call_in
from bridge.journal.audit import now
from bridge.journal.inspection import present
from bridge.journal.reading import Reader
from bridge.settings import ConfigurationError, Settings
from bridge.upstream.action import ZuoraActions
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

EXAMPLE_SOAP = "https://www.zuora.com"
EXAMPLE_REST = "https://rest.zuora.com"


class Look(Protocol):
    """What answers core's questions."""

    def answer(self, questions: Iterable[Question]) -> Awaitable[dict[Question, Fact]]:
        """A fact for every question."""


class Source(enum.Enum):
    """Where the facts come from."""

    TENANT = "tenant"
    PREFIXES = "prefixes"


class Rehearsed(NamedTuple):
    """A call that nobody has made, and what it would do."""

    call: Call
    caller: Caller
    preview: Preview


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a call would do, by one configuration and one policy. Sends nothing but the look-ups of ``look``."""

    settings: Settings
    contract: Contract
    tenant: Tenant
    policy: Policy
    soap: ZuoraSoap
    actions: ZuoraActions
    look: Callable[[Call], Look]

    async def of(self, raw: bytes, version: Version, caller: str | None, account: str | None) -> Rehearsed:
        """One SOAP envelope, as if ``caller`` sent it and its objects were of ``account``; raises ``NotAWrite``."""
        call = call_in(raw, version, Decoder(self.contract))
        who = _caller(self.settings, caller)
        prefer = _assuming(self.policy.prefer(who, call.op, call.type), account)
        steps, look = preview(call, who, self.tenant, prefer), self.look(call)
        event: Any = None
        while True:
            try:
                command = steps.send(event)
            except StopIteration as done:
                return Rehearsed(call, who, done.value)
            if isinstance(command, c.Lookup):
                event = await look.answer(command.questions)
            elif isinstance(command, c.Compose) and command.route is Route.ACTION:
                event = self.actions.compose(command.op, command.objects)
            elif isinstance(command, c.Compose):
                event = self.soap.compose(command.op, command.objects, command.single_transaction)


def tenant_of(settings: Settings, contract: Contract) -> Tenant:
    """The tenant by its settings and its file."""
    return replace(
        settings.tenant,
        custom_types=contract.custom_types,
        patterns=contract.patterns,
        wsdl_version=contract.version,
    )


def _caller(settings: Settings, name: str | None) -> Caller:
    """The caller of that name in BRIDGE_CALLERS, or the user; without a name somebody who may do everything."""
    tenant = settings.zuora.tenant_id or ""
    if name is None:
        return Caller(tenant=tenant, username="plan", allow=frozenset({"*"}))
    part = settings.callers.get(name)
    return settings.caller(tenant, "", part.usernames[0] if part is not None and part.usernames else name)


def _assuming(prefer: Prefer, account: str | None) -> Prefer:
    """Policy for objects of this account, whatever they name; a guessed account is none."""
    if account is not None:
        return Prefer(lambda obj, _found: prefer.of(obj, account))
    return replace(prefer, of=lambda obj, found: prefer.of(obj, None if found == _ACCOUNT else found))


def history_of(settings: Settings) -> list[Rules]:
    """The revisions of the journal, the newest first; none where there is no journal, and none is made."""
    if not present(settings.database_url):
        return []
    with Reader(settings.database_url, None) as opened:
        try:
            return [of(each) for each in opened.revisions()]
        except Unreadable as error:
            raise ConfigurationError(f"{error}; use the newer bridge that wrote it") from None


class Planner:
    """Plans SOAP files for one configuration, by the rules that count in its journal, if there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.history = history_of(settings)
        zuora = settings.zuora
        known = zuora.rest_url and zuora.client_id and zuora.client_secret
        self.source = Source.TENANT if known else Source.PREFIXES
        self._soap_origin = zuora.soap_url or EXAMPLE_SOAP
        self._rest_origin = zuora.rest_url or EXAMPLE_REST

    def url(self, dispatch: Dispatch) -> str:
        """Where a dispatch would go."""
        return (self._soap_origin if dispatch.route is Route.SOAP else self._rest_origin) + dispatch.path

    async def plan(
        self, raw: bytes, version: Version, caller: str | None = None, account: str | None = None
    ) -> Rehearsed:
        """The plan of one file; raises ``NotAWrite``."""
        settings, zuora = self._settings, self._settings.zuora
        path = zuora.wsdl or own_wsdl()
        contract = read(path.read_bytes(), extension=extension().read_bytes())
        transport, budget = Transport(), Budget()
        try:
            look: Callable[[Call], Look] = Prefixes
            oauth = None
            if zuora.client_id and zuora.client_secret and zuora.rest_url:
                secret = zuora.client_secret.get_secret_value()
                oauth = OAuthClient(transport, self._rest_origin, zuora.client_id, secret)
            rest = ZuoraRest(transport, self._rest_origin, oauth, budget, zuora.rest_version)
            if oauth is not None:
                directory = Directory(rest)
                look = lambda _call: directory  # noqa: E731 - a class or this, both of one call
            standing = next(iter(self.history), FIRST)
            rehearsal = Rehearsal(
                settings,
                contract,
                tenant_of(settings, contract),
                Policy(settings.routes, lambda: standing, now),
                ZuoraSoap(path, self._soap_origin, transport, budget),
                ZuoraActions(contract, rest),
                look,
            )
            return await rehearsal.of(raw, version, caller, account)
        finally:
            await transport.close()


class Prefixes:
    """Facts guessed from the default number prefixes; what a guess cannot know never stands in the way."""

    def __init__(self, call: Call) -> None:
        self._accounts = {
            key: account for obj in call.objects if (account := obj.get("AccountId")) for key in _texts(obj)
        }

    async def answer(self, questions: Iterable[Question]) -> dict[Question, Fact]:
        """A fact for every question."""
        return {question: self._guess(question) for question in questions}

    def _guess(self, question: Question) -> Fact:
        match question:
            case WhichDocument(key):
                kind = Kind.INVOICE
                if key.upper().startswith("DM"):
                    kind = Kind.DEBIT_MEMO
                elif key.upper().startswith("CM"):
                    kind = Kind.CREDIT_MEMO
                return _document(kind, key, self._accounts.get(key, _ACCOUNT))
            case WhichSource(key):
                if key.upper().startswith("CM"):
                    return _document(Kind.CREDIT_MEMO, key, self._accounts.get(key, _ACCOUNT))
                return PaymentFact(key, _ACCOUNT, "Processed", "External", _ENOUGH)
            case WhichAccount(key):
                return AccountFact(key, "USD", "Active")
            case WhichOwner():
                return Owner(None)
            case WhichGateway(name):
                return GatewayFact(f"gateway {name}", name, active=True)
            case WhichMemos(account):
                return Memos((_document(Kind.CREDIT_MEMO, "the oldest credit memo", account),))
            case _:
                return Standing(stands=True, status="Processed")


_ACCOUNT = "unknown account"
_ENOUGH = Decimal(10**12)


def _texts(obj: ZObject) -> Iterator[str]:
    """Every value of an object: among them the keys of its documents."""
    yield from (text.strip() for text in obj.fields.values())
    for rows in obj.children.values():
        for row in rows:
            yield from _texts(row)


def _document(kind: Kind, key: str, account: str) -> DocumentRef:
    return DocumentRef(kind, key, key, account, "USD", "Posted", _ENOUGH)
