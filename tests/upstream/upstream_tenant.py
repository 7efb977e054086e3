"""A fake Zuora for the directory's tests: documents under their paths, and what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from upstream_servers import Request, as_json, serving, transporting

from bridge.core.facts import (
    Fact,
    Question,
)
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest

ACCOUNT = "a" * 32


def hexed(number: int) -> str:
    """A 32-digit id."""
    return f"{number:032x}"


def invoice(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """An invoice's body."""
    fields = {
        "id": hexed(number),
        "invoiceNumber": name or f"INV{number:08d}",
        "accountId": ACCOUNT,
        "status": "Posted",
    }
    return fields | {"currency": "USD", "balance": 5, "success": True} | more


def debit(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A debit memo's body."""
    fields = {"id": hexed(number), "number": name or f"DM{number:08d}", "accountId": ACCOUNT, "status": "Posted"}
    return fields | {"currency": "USD", "balance": 100.5, "debitMemoDate": "2026-02-01"} | more


def credit(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A credit memo's body."""
    fields = {"id": hexed(number), "number": name or f"CM{number:08d}", "accountId": ACCOUNT, "status": "Posted"}
    return fields | {"currency": "USD", "unappliedAmount": 30, "creditMemoDate": "2026-01-15"} | more


def payment(number: int, **more: Any) -> dict[str, Any]:
    """A payment's body."""
    fields = {"id": hexed(number), "number": f"P-{number:08d}", "accountId": ACCOUNT, "status": "Processed"}
    return fields | {"type": "External", "amount": 100.5, "refundAmount": 0.25, "effectiveDate": "2026-02-02"} | more


class Tenant:
    """A fake Zuora: bodies under their paths; what is not there is not found."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.statuses: dict[str, int] = {}
        self.seen: list[Request] = []
        self.under_way = 0
        self.most = 0
        self.slow = 0.0

    def add(self, path: str, *bodies: dict[str, Any]) -> Tenant:
        """Put documents under their id and their number."""
        for body in bodies:
            self.bodies[f"{path}/{body['id']}"] = body
            self.bodies[f"{path}/{body.get('invoiceNumber') or body['number']}"] = body
        return self

    @property
    def paths(self) -> list[str]:
        """What was asked for, without tokens and sequence sets."""
        return [request.path for request in self.seen if request.path not in ("/oauth/token", "/v1/sequence-sets")]

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.seen.append(request)
        if request.path == "/oauth/token":
            writer.write(as_json(200, {"access_token": "t", "expires_in": 3599}))
            return
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.slow)
        self.under_way -= 1
        body = self.bodies.get(request.path)
        if callable(body):
            body = body(request)
        if request.path in self.statuses:
            writer.write(as_json(self.statuses[request.path], {"success": False, "reasons": [{"code": 50000060}]}))
        elif body is None:
            writer.write(as_json(404, {"success": False, "reasons": [{"code": 50000040}]}))
        else:
            writer.write(as_json(200, body))


def ask(tenant: Tenant, *rounds: Iterable[Question], between: Callable[[], None] | None = None) -> list[Any]:
    """The answers of each round, against one directory."""

    async def go() -> list[dict[Question, Fact]]:
        async with serving(tenant) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            directory = Directory(ZuoraRest(transport, server.origin, oauth, Budget()))
            came = []
            for questions in rounds:
                came.append(await directory.answer(questions))
                if between is not None:
                    between()
            return came

    return asyncio.run(go())


def one(tenant: Tenant, question: Question) -> Fact:
    """The answer to one question."""
    return ask(tenant, [question])[0][question]
