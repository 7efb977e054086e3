"""What the REST API says of itself: whether the OAuth client works, which API answers, which entities there are.

Keeps the token for the other probes and reads for them. Must not send anything but the token request and GETs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bridge.contract.contract import Contract
from bridge.core.model import Settlement, Tenant
from bridge.upstream.budget import Budget
from bridge.upstream.probe_findings import Finding, State
from bridge.upstream.rest import Json, ZuoraRest, segment
from bridge.upstream.transport import Exchange, Headers, Transport

NOBODY = "bridge-doctor-no-such-account"
DEADLINE = 15.0
ROWS = (("pageSize", "40"),)
TROUBLES = frozenset({11, 50, 60, 61, 70, 99})
"""Categories that say nothing of a feature: authentication, locks, Zuora's own trouble, limits, other systems."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What the bridge would work with. ``wsdl`` is the tenant's file, or "" for our own."""

    soap_url: str
    rest_url: str
    tenant: Tenant
    contract: Contract
    soap_hosts: frozenset[str]
    wsdl: str = ""
    client_id: str = ""
    client_secret: str = ""
    tenant_id: str | None = None
    entities: Mapping[str, str] | None = None
    visibility_seconds: int = 60


class RestProbe:
    """The REST API under a token of its own."""

    def __init__(self, configured: Configured, transport: Transport) -> None:
        self._configured = configured
        self._transport = transport
        self._rest = ZuoraRest(transport, configured.rest_url, None, Budget(), configured.tenant.rest_version)
        self._entities: tuple[str, ...] = ()
        self._payments: list[Mapping[str, Any]] | None = None
        self.token: str | None = None

    async def oauth(self) -> list[Finding]:
        """Whether the configured client gets a token."""
        subject, asked = "OAuth client", self._configured
        if not (asked.client_id and asked.client_secret):
            off = asked.tenant.settlement is Settlement.OFF
            advice = ("BRIDGE_ZUORA__CLIENT_ID=...", "BRIDGE_ZUORA__CLIENT_SECRET_FILE=...")
            found = "none is configured, so nothing can be asked by REST"
            return [Finding(subject, State.NOTE if off else State.WRONG, found, advice=advice)]
        form = {"client_id": asked.client_id, "client_secret": asked.client_secret, "grant_type": "client_credentials"}
        headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
        url = f"{asked.rest_url}/oauth/token"
        came = await self._transport.exchange("POST", url, headers, urlencode(form).encode(), DEADLINE)
        if not isinstance(came, Exchange):
            where = "BRIDGE_ZUORA__REST_URL=https://rest.zuora.com (see Zuora: API endpoints for other data centers)"
            return [Finding(subject, State.WRONG, f"no answer: {came.reason}", asked.rest_url, (where,))]
        self.token, self._entities = _granted(came)
        if self.token is None:
            advice = (
                "BRIDGE_ZUORA__CLIENT_ID=... and BRIDGE_ZUORA__CLIENT_SECRET_FILE=... of a client of this tenant",
                "BRIDGE_ZUORA__REST_URL=... of the tenant's data center, if the client is right",
            )
            return [Finding(subject, State.WRONG, f"HTTP {came.status} and no token", asked.rest_url, advice)]
        return [Finding(subject, State.AGREES, "Zuora gives it a token", asked.rest_url)]

    async def version(self) -> list[Finding]:
        """Whether it is Zuora's REST API, and how it words a refusal."""
        subject = "REST version"
        configured = f"BRIDGE_ZUORA__REST_VERSION={self._configured.tenant.rest_version}"
        came = await self.get(f"/v1/accounts/{segment(NOBODY)}")
        if came is None:
            return []
        if isinstance(came, str):
            return [Finding(subject, State.WRONG, came, configured)]
        if not came.not_found:
            advice = ("BRIDGE_ZUORA__REST_URL=... of Zuora's REST API: what answers there is something else",)
            return [Finding(subject, State.WRONG, f"an unknown account is {came.trouble}", configured, advice)]
        if came.status == 404:
            return [Finding(subject, State.AGREES, "refusals come with their HTTP status", configured)]
        text = "refusals come with HTTP 200, as before Zuora-Version 2024-05-20; the bridge reads both"
        return [Finding(subject, State.NOTE, text, configured)]

    async def entity(self) -> list[Finding]:
        """Whether the client can act in every configured entity, and whether there are others."""
        subject = "entities"
        known = self._configured.entities or {}
        configured = ", ".join(f"{key} {name}" for key, name in known.items()) or "none"
        if self.token is None:
            return []
        closed = [key for key in known if not await self._enters(key)]
        if closed:
            found = f"the OAuth client cannot act in {', '.join(closed)}"
            advice = (f"Give the OAuth client's user access to {', '.join(closed)}, or take it out of the setting.",)
            return [Finding(subject, State.WRONG, found, configured, advice)]
        found = f"the token is valid for {', '.join(self._entities) or 'the tenant, and names no entity'}"
        unlisted = {_plain(key) for key in self._entities} - {_plain(key) for key in known}
        if unlisted and (known or len(unlisted) > 1):
            listed = json.dumps(dict.fromkeys(self._entities, "<name>") | dict(known))
            return [Finding(subject, State.WRONG, found, configured, (f"BRIDGE_ZUORA__ENTITIES='{listed}'",))]
        return [Finding(subject, State.AGREES, found, configured)]

    async def _enters(self, entity: str) -> bool:
        came = await self.get(f"/v1/accounts/{segment(NOBODY)}", entity=entity)
        return isinstance(came, Json) and came.not_found

    async def get(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, entity: str | None = None
    ) -> Json | str | None:
        """An answer, why there is none, or None where there is no token to ask with."""
        if self.token is None:
            return None
        # On a multi-entity tenant somebody's books must be meant: the first's stand for all.
        inside = entity or next(iter(self._configured.entities or ()), None)
        headers: Headers = (("Zuora-Entity-Ids", inside),) if inside else ()
        credential = (("Authorization", f"Bearer {self.token}"),)
        came = await self._rest.get(path, params, DEADLINE, headers=headers, credential=credential)
        return came if isinstance(came, Json) else came.reason

    async def payments(self) -> list[Mapping[str, Any]] | None:
        """Some payments, read once."""
        if self._payments is None:
            self._payments = await self.rows("/v1/payments", "payments")
        return self._payments

    async def rows(self, path: str, name: str) -> list[Mapping[str, Any]] | None:
        """The first page of a list; None where there is none."""
        came = await self.get(path, ROWS)
        rows = came.good.get(name) if isinstance(came, Json) and came.good is not None else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


def _granted(came: Exchange) -> tuple[str | None, tuple[str, ...]]:
    """The token and the entities in its scope (Zuora: Create an OAuth token)."""
    try:
        body = json.loads(came.body)
    except ValueError:
        return None, ()
    token = body.get("access_token") if isinstance(body, dict) and came.status == 200 else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        return None, ()
    words = str(body.get("scope", "")).split()
    return token, tuple(word.removeprefix("entity.") for word in words if word.startswith("entity."))


def refused(came: Json | str | None) -> bool:
    """Whether Zuora itself said no: not a time-out, not an edge's page, not its own trouble."""
    if not isinstance(came, Json) or not isinstance(came.body, dict) or came.body.get("success") is not False:
        return False
    return came.status in (200, 400, 403, 404) and not TROUBLES.intersection(categories(came.body))


def trouble(came: Json | str | None) -> str:
    """Why there is no good answer, for a person."""
    return came.trouble if isinstance(came, Json) else str(came)


def categories(body: Mapping[str, Any]) -> set[int]:
    """The last two digits of each reason's code (Zuora: Error handling)."""
    reasons = body.get("reasons")
    codes = (
        [str(each.get("code", "")) for each in reasons if isinstance(each, dict)] if isinstance(reasons, list) else []
    )
    return {int(code[-2:]) for code in codes if code.isascii() and code.isdigit()}


def _plain(entity: str) -> str:
    return entity.replace("-", "").lower()
