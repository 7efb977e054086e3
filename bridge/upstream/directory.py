"""The tenant's facts: what a key names, what an account or a gateway is, whether an object still stands.

What never changes is remembered: which kind a key names, and an invoice's id, number, account and currency; accounts
and gateways for a minute. Documents' statuses and balances are read for every call; "not found" is never remembered,
because documents are made all the time. Anything but a plain answer is ``NoVerdict``. Must not send anything but GETs,
or decide a route.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from bridge.core.facts import (
    Absent,
    AccountFact,
    Ambiguous,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    NoVerdict,
    Owner,
    Question,
    Shows,
    Standing,
    StillStands,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichLike,
    WhichMade,
    WhichMemos,
    WhichOwner,
    WhichParts,
    WhichSource,
)
from bridge.upstream import evidence, readings
from bridge.upstream.clock import fence_now
from bridge.upstream.readings import Body, Document, Unusable
from bridge.upstream.rest import Json, UnusableKey, ZuoraRest, segment

_PATHS = {
    Kind.INVOICE: "invoices",
    Kind.DEBIT_MEMO: "debit-memos",
    Kind.CREDIT_MEMO: "credit-memos",
    Kind.PAYMENT: "payments",
}
_ORDER = (Kind.INVOICE, Kind.DEBIT_MEMO, Kind.CREDIT_MEMO)
_DEFAULT_PREFIXES = {"INV": Kind.INVOICE, "DM": Kind.DEBIT_MEMO, "CM": Kind.CREDIT_MEMO}
_ID = re.compile(r"[0-9a-fA-F]{32}")
_RESERVED = ("TMP-", "PREVIEW-")
_NUMBER = re.compile(r"(.*?)(\d+)", re.DOTALL)

_AT_ONCE = 8
_REMEMBERED = 50_000
_MANY = 4
_QUERY_ROWS = 99
_PAGE_ROWS = 40
_MAX_PAGES = 250
_PREFIXES_FOR = 600.0
_NO_PREFIXES_FOR = 60.0
_GATEWAYS_FOR = 60.0
_ACCOUNTS_FOR = 60.0
"""Of an account only the currency, which never changes, and the name of the default gateway count."""


@dataclass(slots=True)
class _Round:
    """One call of ``answer``: its entity, its share of requests, and which kinds its ids seem to be."""

    entity: str
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    hints: dict[str, Kind] = field(default_factory=dict)


class Directory:
    """Answers core's questions by REST."""

    def __init__(self, rest: ZuoraRest, *, remembered: int = _REMEMBERED) -> None:
        self._rest = rest
        self._capacity = remembered
        self._known: OrderedDict[tuple[str, str], DocumentRef] = OrderedDict()
        self._prefixes: dict[str, tuple[float, dict[str, Kind]]] = {}
        self._gateways: dict[str, tuple[float, dict[str, GatewayFact]]] = {}
        self._accounts: OrderedDict[tuple[str, str], tuple[float, AccountFact]] = OrderedDict()
        self._lists = asyncio.Lock()

    async def answer(self, questions: Iterable[Question], entity: str = "") -> dict[Question, Fact]:
        """Every question with its fact, ``Absent``, ``Ambiguous`` or ``NoVerdict``."""
        asked = list(dict.fromkeys(questions))
        now = _Round(entity)
        await self._guess(now, asked)
        facts = await asyncio.gather(*(self._answer(now, question) for question in asked))
        return dict(zip(asked, facts, strict=True))

    async def _answer(self, now: _Round, question: Question) -> Fact:
        try:
            match question:
                case WhichDocument(key):
                    return await self._document(now, key)
                case WhichSource(key):
                    return await self._source(now, key)
                case WhichAccount(key):
                    return await self._account(now, key)
                case WhichOwner(object_type, zuora_id):
                    return await self._owner(now, object_type, zuora_id)
                case WhichGateway(name):
                    return await self._gateway(now, name)
                case WhichMemos(account_id):
                    return await self._memos(now, account_id)
                case StillStands(object_type, zuora_id):
                    return await self._standing(now, object_type, zuora_id)
                case WhichMade():
                    return await evidence.made(question, partial(self._read, now), self._all_pages(now))
                case WhichLike():
                    return await evidence.alike(question, partial(self._read, now), self._all_pages(now))
                case Shows():
                    return await evidence.showing(question, partial(self._read, now))
                case WhichParts():
                    return await evidence.parts(question, self._all_pages(now))
                case _:
                    assert_never(question)
        except Unusable as unusable:
            return NoVerdict(str(unusable))
        except UnusableKey:
            # Proved without asking: nothing in Zuora can have this key.
            return Absent()

    # ------------------------------------------------------------ documents

    async def _document(self, now: _Round, key: str) -> Fact:
        known = self._recall(now, key)
        if known is not None:
            if known.kind is Kind.INVOICE:
                return known
            again = await self._fetch(now, known.kind, known.id)
            if again is not None:
                return again.ref
            self._known.pop((now.entity, key), None)
            self._known.pop((now.entity, known.id), None)
        found = await (self._by_id(now, key) if _ID.fullmatch(key) else self._by_number(now, key))
        if isinstance(found, Document):
            self._remember(now, key, found)
            return found.ref
        return found or Absent()

    async def _by_id(self, now: _Round, key: str) -> Document | None:
        hint = now.hints.get(key)
        for kind in sorted(_ORDER, key=lambda kind: kind is not hint):
            found = await self._fetch(now, kind, key)
            if found is not None:
                return found
        return None

    async def _by_number(self, now: _Round, key: str) -> Document | Ambiguous | None:
        """Numbers are unique within a kind only, so an invoice must be told from a debit memo, not assumed."""
        hint = await self._hint(now, key)
        kinds = _ORDER if hint is Kind.CREDIT_MEMO else _ORDER[:2]
        found = [each for each in await asyncio.gather(*(self._fetch(now, kind, key) for kind in kinds)) if each]
        if len(found) > 1:
            return Ambiguous(tuple(each.ref.kind for each in found))
        if found:
            return found[0]
        return None if hint is Kind.CREDIT_MEMO else await self._fetch(now, Kind.CREDIT_MEMO, key)

    async def _fetch(self, now: _Round, kind: Kind, key: str) -> Document | None:
        body = await self._read(now, f"/v1/{_PATHS[kind]}/{segment(key)}")
        return None if body is None else readings.document(kind, body, key)

    async def _guess(self, now: _Round, asked: Sequence[Question]) -> None:
        """For many unknown ids, one query per kind instead of up to three GETs per id.

        Object Query may lag behind, so what it does not know is still asked for, and memos are read for their balance.
        """
        left = [
            question.key
            for question in asked
            if isinstance(question, WhichDocument)
            and _ID.fullmatch(question.key)
            and (now.entity, question.key) not in self._known
        ]
        if len(left) <= _MANY:
            return
        for kind in _ORDER:
            for start in range(0, len(left), _QUERY_ROWS):
                ids = left[start : start + _QUERY_ROWS]
                params = (("filter[]", f"id.IN:[{','.join(ids)}]"), ("pageSize", str(_QUERY_ROWS)))
                try:
                    body = await self._read(now, f"/object-query/{_PATHS[kind]}", params)
                    found = [] if body is None else readings.rows(body, "data")
                except Unusable:
                    continue
                for row in found:
                    self._note(now, kind, row)
            left = [key for key in left if key not in now.hints]

    def _note(self, now: _Round, kind: Kind, row: Body) -> None:
        key = row.get("id")
        if not isinstance(key, str):
            return
        now.hints[key] = kind
        if kind is Kind.INVOICE:
            try:
                self._remember(now, key, readings.document(kind, row))
            except Unusable:
                return  # Only a hint, then.

    # ------------------------------------------------------------ refund sources

    async def _source(self, now: _Round, key: str) -> Fact:
        known = self._recall(now, key)
        hint = known.kind if known is not None else await self._hint(now, key)
        order = (Kind.PAYMENT, Kind.CREDIT_MEMO)
        for kind in order if hint is not Kind.CREDIT_MEMO else reversed(order):
            if kind is Kind.CREDIT_MEMO:
                memo = await self._fetch(now, kind, key)
                if memo is not None:
                    self._remember(now, key, memo)
                    return memo.ref
                continue
            body = await self._read(now, f"/v1/payments/{segment(key)}")
            if body is not None:
                parts = await self._pages(now, f"/v1/payments/{segment(key)}/parts", (), "parts")
                return readings.payment(body, parts, key)
        return Absent()

    # ------------------------------------------------------------ lists

    async def _account(self, now: _Round, key: str) -> Fact:
        remembered = self._accounts.get((now.entity, key))
        if remembered is not None and fence_now() < remembered[0]:
            return remembered[1]
        body = await self._read(now, f"/v1/accounts/{segment(key)}")
        if body is None:
            return Absent()
        account = readings.account(body)
        self._accounts[now.entity, key] = (fence_now() + _ACCOUNTS_FOR, account)
        while len(self._accounts) > self._capacity:
            self._accounts.popitem(last=False)
        return account

    async def _gateway(self, now: _Round, name: str) -> Fact:
        asked_at = fence_now()
        fetched_at, listed = self._gateways.get(now.entity, (float("-inf"), {}))
        if name in listed and asked_at < fetched_at + _GATEWAYS_FOR:
            return listed[name]
        async with self._lists:
            fetched_at, listed = self._gateways.get(now.entity, (float("-inf"), {}))
            if fetched_at < asked_at:  # Otherwise a question beside this one has fetched it in the meantime.
                body = await self._read(now, "/v1/payment-gateways")
                if body is None:
                    raise Unusable("Zuora has no list of payment gateways")
                listed = readings.gateways(body)
                self._gateways[now.entity] = (fence_now(), listed)
        return listed.get(name) or Absent()

    async def _memos(self, now: _Round, account_id: str) -> Memos:
        params = (("accountId", account_id), ("status", "Posted"))
        listed = await self._pages(now, "/v1/credit-memos", params, "creditmemos", "creditMemos")
        memos = [readings.document(Kind.CREDIT_MEMO, row).ref for row in listed]
        if any(memo.account_id != account_id for memo in memos):
            raise Unusable("Zuora listed credit memos of another account")
        usable = [memo for memo in memos if memo.status == "Posted" and memo.open is not None and memo.open > 0]
        if any(memo.dated is None for memo in usable):
            raise Unusable("a credit memo without a date")
        return Memos(tuple(sorted(usable, key=_age)))

    async def _standing(self, now: _Round, object_type: str, zuora_id: str) -> Fact:
        body = await self._object(now, object_type, zuora_id)
        return Standing(False, "deleted") if body is None else readings.standing(body)

    async def _owner(self, now: _Round, object_type: str, zuora_id: str) -> Fact:
        # Never remembered: a payment can be transferred to another account (Zuora: Transfer a payment).
        body = await self._object(now, object_type, zuora_id)
        return Absent() if body is None else Owner(readings.owner(body, zuora_id))

    async def _object(self, now: _Round, object_type: str, zuora_id: str) -> Body | None:
        path = {"Payment": "payments", "Refund": "refunds"}.get(object_type)
        if path is None:
            raise Unusable(f"nothing is known of a {object_type[:60]}")
        return await self._read(now, f"/v1/{path}/{segment(zuora_id)}")

    async def _hint(self, now: _Round, number: str) -> Kind | None:
        """What a number's prefix suggests; the look-up is the truth."""
        if _ID.fullmatch(number):
            return None
        good_until, prefixes = self._prefixes.get(now.entity, (0.0, _DEFAULT_PREFIXES))
        if fence_now() >= good_until:
            prefixes = await self._read_prefixes(now)
        fitting = [prefix for prefix in prefixes if number.startswith(prefix)]
        return prefixes[max(fitting, key=len)] if fitting else None

    async def _read_prefixes(self, now: _Round) -> dict[str, Kind]:
        async with self._lists:
            good_until, prefixes = self._prefixes.get(now.entity, (0.0, _DEFAULT_PREFIXES))
            if fence_now() >= good_until:
                prefixes, seconds = _DEFAULT_PREFIXES, _NO_PREFIXES_FOR
                try:
                    body = await self._read(now, "/v1/sequence-sets")
                    if body is not None:
                        prefixes, seconds = readings.prefixes(body) or _DEFAULT_PREFIXES, _PREFIXES_FOR
                except Unusable:
                    pass  # No permission for it, for instance; the defaults do.
                self._prefixes[now.entity] = (fence_now() + seconds, prefixes)
            return prefixes

    # ------------------------------------------------------------ reading and remembering

    async def _read(self, now: _Round, path: str, params: Sequence[tuple[str, str]] = ()) -> Body | None:
        """The body of a success, None where Zuora said "not found"; raises ``Unusable`` for everything else."""
        headers = (("Zuora-Entity-Ids", now.entity),) if now.entity else ()
        async with now.gate:
            came = await self._rest.get(path, params, headers=headers)
        if not isinstance(came, Json):
            raise Unusable(f"a look-up was not answered: {came.reason}")
        if came.not_found:
            return None
        if came.good is None:
            raise Unusable(f"a look-up was answered with {came.trouble}")
        return came.good

    async def _pages(self, now: _Round, path: str, params: Sequence[tuple[str, str]], *names: str) -> list[Body]:
        listed: list[Body] = []
        for page in range(1, _MAX_PAGES + 1):
            paged = (*params, ("page", str(page)), ("pageSize", str(_PAGE_ROWS)))
            body = await self._read(now, path, paged)
            if body is None:
                raise Unusable("a list was answered with not found")
            listed += readings.rows(body, *names)
            if not body.get("nextPage"):
                return listed
        raise Unusable(f"a list of more than {_MAX_PAGES} pages")

    def _all_pages(self, now: _Round) -> evidence.Pages:
        async def pages(path: str, params: evidence.Params, names: tuple[str, ...]) -> list[Body]:
            return await self._pages(now, path, params, *names)

        return pages

    def _recall(self, now: _Round, key: str) -> DocumentRef | None:
        known = self._known.get((now.entity, key))
        if known is not None:
            self._known.move_to_end((now.entity, key))
        return known

    def _remember(self, now: _Round, key: str, found: Document) -> None:
        if found.draft or key.upper().startswith(_RESERVED):
            return
        for name in {key, found.ref.id}:
            self._known[now.entity, name] = found.ref
            self._known.move_to_end((now.entity, name))
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


def _age(memo: DocumentRef) -> tuple[str, str, int]:
    """Oldest memo date, then smallest number: by prefix and then by value, for beyond eight digits there are no
    leading zeros to sort by."""
    split = _NUMBER.fullmatch(memo.number)
    prefix, digits = (split[1], int(split[2])) if split else (memo.number, 0)
    return memo.dated.isoformat() if memo.dated else "", prefix, digits
