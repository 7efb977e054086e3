"""Composes what ``bridge plan`` needs: the contract, zeep's composer, and a source of facts. Must not contain rules.

With a tenant configured, documents are looked up by GETs. Without one they are told by the default number prefixes
(Zuora: Customize numbering): that is a hint and no proof, and the output says so.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.contract.decode import Decoder
from bridge.contract.files import extension, own_wsdl
from bridge.contract.reader import read
from bridge.core import commands as c
from bridge.core.facts import (
    AccountFact,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    PaymentFact,
    Question,
    Standing,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichMemos,
    WhichSource,
)
from bridge.core.intent import Dispatch
from bridge.core.model import Call, Caller, Route, Version, ZObject
from bridge.core.preview import Preview, preview
from bridge.cutover import Policy
from bridge.facade.preview import call_in
from bridge.settings import Settings
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

EXAMPLE_SOAP = "https://www.zuora.com"
EXAMPLE_REST = "https://rest.zuora.com"


class Source(enum.Enum):
    """Where the facts come from."""

    TENANT = "tenant"
    PREFIXES = "prefixes"


class Planner:
    """Plans SOAP files for one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        zuora = settings.zuora
        known = zuora.rest_url and zuora.client_id and zuora.client_secret
        self.source = Source.TENANT if known else Source.PREFIXES
        self._soap_origin = zuora.soap_url or EXAMPLE_SOAP
        self._rest_origin = zuora.rest_url or EXAMPLE_REST

    def url(self, dispatch: Dispatch) -> str:
        """Where a dispatch would go."""
        return (self._soap_origin if dispatch.route is Route.SOAP else self._rest_origin) + dispatch.path

    async def plan(self, raw: bytes, version: Version) -> Preview:
        """The plan of one file; raises ``NotAWrite``."""
        zuora = self._settings.zuora
        path = zuora.wsdl or own_wsdl()
        contract = read(path.read_bytes(), extension=extension().read_bytes())
        call = call_in(raw, version, Decoder(contract))
        transport, budget = Transport(), Budget()
        try:
            soap = ZuoraSoap(path, self._soap_origin, transport, budget)
            look: Directory | Prefixes = Prefixes(call)
            if zuora.client_id and zuora.client_secret and zuora.rest_url:
                oauth = OAuthClient(
                    transport, self._rest_origin, zuora.client_id, zuora.client_secret.get_secret_value()
                )
                look = Directory(ZuoraRest(transport, self._rest_origin, oauth, budget, zuora.rest_version))
            caller = Caller(tenant=zuora.tenant_id or "", username="plan", allow=frozenset({"*"}))
            tenant = replace(
                self._settings.tenant,
                custom_types=contract.custom_types,
                patterns=contract.patterns,
                wsdl_version=contract.version,
            )
            prefer = Policy(self._settings.routes).prefer(caller, call.op, call.type)
            steps = preview(call, caller, tenant, prefer)
            event: Any = None
            while True:
                try:
                    command = steps.send(event)
                except StopIteration as done:
                    made: Preview = done.value
                    return made
                if isinstance(command, c.Lookup):
                    event = await look.answer(command.questions)
                elif isinstance(command, c.Compose):
                    event = soap.compose(command.op, command.objects, command.single_transaction)
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
