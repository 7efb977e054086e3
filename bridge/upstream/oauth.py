"""The bridge's own OAuth token at Zuora: fetched once, shared, renewed before it ends.

Zuora limits token requests to 100 a minute per address (Zuora Developer Center, "Rate and concurrency limits"), so
callers share one request, and a refused credential is remembered for a while instead of being tried again by every
call. Must not put the client secret or a token into an error or a log.
"""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlencode

from bridge.core.commands import NotSent
from bridge.upstream.clock import fence_now
from bridge.upstream.transport import Exchange, Transport

_MARGIN = 60.0
_REFUSED_FOR = 10.0
_DEADLINE = 10.0
_USER = re.compile(r"user\.([0-9a-fA-F]{32})")
"""How a token's scope names its user (Zuora API Reference, "Create an OAuth token")."""


class NoToken(Exception):
    """There is no token now; the text says whose fault that is and holds no secret."""


class OAuthClient:
    """A client_credentials token (Zuora API Reference, "Create an OAuth token")."""

    def __init__(self, transport: Transport, origin: str, client_id: str, client_secret: str) -> None:
        self._transport = transport
        self._url = f"{origin.rstrip('/')}/oauth/token"
        self._form = urlencode(
            {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        ).encode("ascii")
        self._token: str | None = None
        self.user_id: str | None = None
        """Zuora's id of the user whose client this is; None before the first token, or where its scope names none."""
        self._good_until = 0.0
        self._refusal: tuple[float, str] | None = None
        self._flight: asyncio.Task[str] | None = None

    def __repr__(self) -> str:
        return f"OAuthClient({self._url!r})"

    async def token(self) -> str:
        """A token that holds for the next minute; raises ``NoToken``."""
        if self._token is not None and fence_now() < self._good_until:
            return self._token
        if self._refusal is not None and fence_now() < self._refusal[0]:
            raise NoToken(self._refusal[1])
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch())
            self._flight.add_done_callback(self._landed)
        # A caller that goes away must not take the token from those who share the flight.
        return await asyncio.shield(self._flight)

    def invalidate(self, token: str) -> None:
        """Forget ``token``, if it is still the one in use: another call may have renewed it already."""
        if self._token == token:
            self._token = None

    def _landed(self, flight: asyncio.Task[str]) -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # Read, so that a failure nobody waited for is not reported as a leak.

    async def _fetch(self) -> str:
        asked_at = fence_now()
        came = await self._transport.exchange(
            "POST",
            self._url,
            (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
            self._form,
            _DEADLINE,
        )
        if not isinstance(came, Exchange):
            verb = "not reached" if isinstance(came, NotSent) else "reached, but gave no answer"
            raise NoToken(f"Zuora's token endpoint was {verb}: {came.reason}")
        if came.status in (400, 401, 403):
            reason = (
                f"Zuora refused the bridge's own OAuth client (HTTP {came.status}): check BRIDGE_ZUORA__CLIENT_ID and "
                "BRIDGE_ZUORA__CLIENT_SECRET, and that the client was made in the tenant behind BRIDGE_ZUORA__REST_URL"
            )
            self._refusal = (fence_now() + _REFUSED_FOR, reason)
            raise NoToken(reason)
        token, seconds = _read(came)
        self._refusal = None
        self.user_id = _user(came.body)
        self._token = token
        self._good_until = asked_at + max(seconds - _MARGIN, seconds * 0.5)
        return token


def _read(answer: Exchange) -> tuple[str, float]:
    try:
        fields = json.loads(answer.body)
        token = fields["access_token"]
        seconds = float(fields.get("expires_in", 0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoToken(f"Zuora's token endpoint answered HTTP {answer.status} without a readable token") from None
    # A token goes into a header: one with a line break or a space in it would be another header.
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and token and " " not in token
    if answer.status != 200 or not usable:
        raise NoToken(f"Zuora's token endpoint answered HTTP {answer.status} without a readable token")
    return token, min(max(seconds, 0.0), 86400.0)


def _user(body: bytes) -> str | None:
    scope = json.loads(body).get("scope")
    names = scope.split() if isinstance(scope, str) else []
    users = [found[1].lower() for found in map(_USER.fullmatch, names) if found is not None]
    return users[0] if len(users) == 1 else None
