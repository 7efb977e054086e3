"""Zuora's REST API: a recorded dispatch out with its credential put back, and GETs for look-ups.

A dispatch's bytes and key never change here. The one thing sent twice is a request that Zuora refused with 401: it
was not processed, and it goes out again with a new token under the same key. Must not decide verdicts or read money
as float.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

from bridge.core.commands import Answer, Lost, NotSent
from bridge.core.intent import Dispatch
from bridge.upstream.budget import Budget
from bridge.upstream.clock import fence_now
from bridge.upstream.oauth import NoToken, OAuthClient
from bridge.upstream.transport import Exchange, Headers, Transport, retry_after

SEND_DEADLINE = 125.0
"""Zuora ends a request after 120 s (Zuora API Reference, "Making requests": request timeout)."""

LOOK_UP_DEADLINE = 10.0

_BROKE_AT_ONCE = 1.0

_NOT_FOUND: Final = 40
"""The category, the last two digits of a reason's code, of "not found" (Zuora: "Error codes and handling")."""


@dataclass(frozen=True, slots=True)
class Json:
    """A complete HTTP answer to a look-up; ``body`` is parsed with Decimal, or None where it was not JSON."""

    status: int
    body: Any

    @property
    def good(self) -> dict[str, Any] | None:
        """The body of a success: a 200 with an object that does not say ``success: false``."""
        if self.status == 200 and isinstance(self.body, dict) and self.body.get("success", True) is True:
            return self.body
        return None

    @property
    def not_found(self) -> bool:
        """Whether Zuora itself, and not something on the way, said that there is no such thing.

        A 404 from an edge or a wrong origin is HTML, or JSON without Zuora's reasons: it proves nothing. Before
        Zuora-Version 2024-05-20 the same refusal comes as a 200 with ``success: false``.
        """
        if self.status not in (200, 404) or not isinstance(self.body, dict) or self.body.get("success") is True:
            return False
        categories = list(self._categories())
        if categories:
            return all(category == _NOT_FOUND for category in categories)
        return self.status == 404 and self.body.get("success") is False

    @property
    def trouble(self) -> str:
        """Why this is neither: for the operator, without any of Zuora's free text."""
        if self.body is None:
            return f"HTTP {self.status} without readable JSON"
        codes = ", ".join(str(category) for category in self._categories())
        return f"HTTP {self.status}" + (f", category {codes}" if codes else "")

    def _categories(self) -> list[int]:
        reasons = self.body.get("reasons") if isinstance(self.body, dict) else None
        if not isinstance(reasons, list):
            return []
        found = []
        for reason in reasons:
            # Documented as a number, and as a string in some of the SDK's models.
            code = str(reason.get("code", "")) if isinstance(reason, dict) else ""
            found.append(int(code[-2:]) if code.isascii() and code.isdigit() else -1)
        return found


class ZuoraRest:
    """REST and Actions under the bridge's own OAuth client, or under a JSON caller's credential."""

    def __init__(
        self,
        transport: Transport,
        origin: str,
        oauth: OAuthClient | None,
        budget: Budget,
        version: str = "2025-08-12",
    ) -> None:
        self._transport = transport
        self._origin = origin.rstrip("/")
        self._oauth = oauth
        self._budget = budget
        self._version = version
        self._own: Sequence[tuple[str, str]] | None = None

    def under(self, own: Sequence[tuple[str, str]]) -> ZuoraRest:
        """The same, under a JSON caller's own headers where no credential is given."""
        made = ZuoraRest(self._transport, self._origin, None, self._budget, self._version)
        made._own = tuple(own)
        return made

    async def send(
        self,
        dispatch: Dispatch,
        not_after: float | None = None,
        credential: Sequence[tuple[str, str]] | None = None,
        *,
        deadline: float = SEND_DEADLINE,
    ) -> Answer | NotSent | Lost:
        """Send a recorded dispatch; ``credential`` (a JSON caller's own headers) takes the place of the bridge's."""
        came = await self._authorised(
            dispatch.method, dispatch.path, dispatch.headers, dispatch.body, deadline, not_after, credential
        )
        if isinstance(came, Exchange):
            return Answer(came.status, came.body, retry_after(came.headers))
        return came

    async def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        deadline: float = LOOK_UP_DEADLINE,
        *,
        headers: Headers = (),
        credential: Sequence[tuple[str, str]] | None = None,
    ) -> Json | NotSent | Lost:
        """Read something. ``path`` holds encoded segments (see ``segment``).

        A read that broke off at once met a connection the server was closing; reading again moves nothing.
        """
        target = f"{path}?{urlencode(params, quote_via=quote)}" if params else path
        asked = (("Accept", "application/json"), ("Zuora-Version", self._version), *headers)
        began = fence_now()
        came = await self._authorised("GET", target, asked, None, deadline, None, credential)
        if isinstance(came, Lost) and fence_now() - began < _BROKE_AT_ONCE:
            came = await self._authorised("GET", target, asked, None, deadline, None, credential)
        if isinstance(came, Exchange):
            return Json(came.status, _parsed(came.body))
        return came

    async def _authorised(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: bytes | None,
        deadline: float,
        not_after: float | None,
        credential: Sequence[tuple[str, str]] | None,
    ) -> Exchange | NotSent | Lost:
        recorded = tuple(headers)
        credential = self._own if credential is None else credential
        if credential is not None:
            return await self._once(method, target, (*recorded, *credential), body, deadline, not_after)
        if self._oauth is None:
            return NotSent("no OAuth client: set BRIDGE_ZUORA__CLIENT_ID and BRIDGE_ZUORA__CLIENT_SECRET")
        for renewing in (False, True):
            try:
                token = await self._oauth.token()
            except NoToken as none:
                return NotSent(str(none))
            authorised = (*recorded, ("Authorization", f"Bearer {token}"))
            came = await self._once(method, target, authorised, body, deadline, not_after)
            if renewing or not (isinstance(came, Exchange) and came.status == 401):
                return came
            self._oauth.invalidate(token)
        raise AssertionError("the second turn always returns")

    async def _once(
        self, method: str, target: str, headers: Headers, body: bytes | None, deadline: float, not_after: float | None
    ) -> Exchange | NotSent | Lost:
        async with self._budget.slot() as free:
            if not free:
                return NotSent("budget")
            came = await self._transport.exchange(
                method, self._origin + target, headers, body, deadline, not_after=not_after
            )
            if isinstance(came, Exchange):
                self._budget.heard(came.status, came.headers)
            return came


class UnusableKey(ValueError):
    """A key that can name nothing in Zuora and must not become part of a path."""


def segment(key: str) -> str:
    """``key`` as one segment of a path. Raises ``UnusableKey``.

    Dots are unreserved, so an encoded ``..`` is the same path as a plain one (RFC 3986, 6.2.2.2): such keys are
    refused, not encoded.
    """
    if not key or len(key) > 255 or key.strip(".") == "":
        raise UnusableKey("a key is 1 to 255 characters and not only dots")
    try:
        return quote(key, safe="", errors="strict")
    except UnicodeEncodeError:
        raise UnusableKey("a key is text that UTF-8 can carry") from None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON (RFC 8259, 6)")
