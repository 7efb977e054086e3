"""Who is signed in: a sealed cookie, so that every worker and replica on the same journal knows it, and none keeps it.

The cookie holds no token but its mark (an HMAC), so a session ends when the token is changed or its person removed. It
ends by itself after ``IDLE_MS`` without a request of a person, and after ``LONGEST_MS`` in any case; the pages' own
refreshing is no such request. Signed out is signed out in every process, also for a copy of the cookie: that alone is
kept in the journal. Must not know what a page shows.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.admin.api import Api, mark_of
from bridge.admin.asking import Person
from bridge.core.model import Instant
from bridge.journal.errors import JournalDown
from bridge.telemetry.log import get_logger

COOKIE = "bridge-console"
PATH = "/console"

MINUTE_MS = 60_000
IDLE_MS = 30 * MINUTE_MS
LONGEST_MS = 12 * 60 * MINUTE_MS
FRESH_MS = MINUTE_MS
"""A cookie younger than this is not written anew for every request."""

MOST_ENDED = 10_000

_NAME = b"console session"
_NONCE_BYTES = 12

log = get_logger("console")


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. ``mark`` is its token's; ``secure``: it was made over https, so its cookie never travels without."""

    id: str
    mark: bytes
    began: Instant
    seen: Instant
    secure: bool


class Ends(Protocol):
    """What is needed of the journal; raises ``JournalDown``."""

    def sign_out(self, session: str, until: Instant) -> Awaitable[None]:
        """A session is over everywhere; its cookie would have lived until then."""

    def signed_out(self, session: str) -> Awaitable[bool]:
        """Whether a session is over."""


class Sessions:
    """Makes, reads and ends sessions. ``key`` and ``ends`` are shared by all processes on a journal."""

    def __init__(self, key: bytes, now: Callable[[], Instant], ends: Ends) -> None:
        self._now = now
        self._ends = ends
        self._cipher = AESGCM(_part(key, b"seal"))
        self._mark_key = _part(key, b"mark")
        self._form_key = _part(key, b"forms")
        # What this process ended, which it knows while the journal is down too.
        self._ended: dict[str, Instant] = {}

    def begin(self, token: str, *, secure: bool) -> Session:
        """A new session of whoever holds this token."""
        at = self._now()
        mark = mark_of(self._mark_key, token.encode("utf-8", "surrogateescape"))
        return Session(secrets.token_urlsafe(16), mark, at, at, secure)

    def person(self, session: Session, api: Api) -> Person | None:
        """Whose session it is, with today's role; None where the token is none any more."""
        return api.by_mark(self._mark_key, session.mark)

    def touched(self, session: Session) -> Session | None:
        """The session as seen now, where its cookie is worth writing anew."""
        at = self._now()
        return replace(session, seen=at) if at - session.seen >= FRESH_MS else None

    async def end(self, session: Session) -> None:
        """Signed out. While the journal is down this process alone knows, which the log says."""
        at, until = self._now(), session.began + LONGEST_MS
        if len(self._ended) >= MOST_ENDED:
            self._ended = {id_: over for id_, over in self._ended.items() if over > at}
        self._ended[session.id] = until
        try:
            await self._ends.sign_out(session.id, until)
        except JournalDown as down:
            log.warning("console sign-out is known to this process only", error=str(down))

    async def ended(self, session: Session) -> bool:
        """Whether it was signed out of, in whichever process.

        A journal that is down cannot tell, and whoever is called because of that must get in: until it is up again the
        session stands, with which nothing can be changed meanwhile.
        """
        if session.id in self._ended:
            return True
        try:
            return await self._ends.signed_out(session.id)
        except JournalDown:
            return False

    def form_token(self, session: Session) -> str:
        """What every form of this session carries, and no other site can know."""
        return base64.urlsafe_b64encode(hmac.digest(self._form_key, session.id.encode(), "sha256")).decode()

    def is_form_token(self, session: Session, given: str) -> bool:
        """Whether a form is of this session."""
        return hmac.compare_digest(self.form_token(session).encode(), given.encode("utf-8", "surrogateescape"))

    def seal(self, session: Session) -> str:
        """The cookie's value."""
        said = {
            "id": session.id,
            "mark": session.mark.hex(),
            "began": session.began,
            "seen": session.seen,
            "secure": session.secure,
        }
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, json.dumps(said).encode(), _NAME)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str) -> Session | None:
        """The session of a cookie; None where it is none of ours, or over by its age."""
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            said = json.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _NAME))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        found = Session(said["id"], bytes.fromhex(said["mark"]), said["began"], said["seen"], said["secure"])
        at = self._now()
        return None if at - found.seen >= IDLE_MS or at - found.began >= LONGEST_MS else found

    def cookie(self, session: Session | None, *, secure: bool = False) -> str:
        """The header that sets the cookie, or takes it away."""
        value = f"{COOKIE}={self.seal(session) if session is not None else ''}; Path={PATH}; HttpOnly; SameSite=Strict"
        value += "; Secure" if secure or (session is not None and session.secure) else ""
        return value if session is not None else f"{value}; Max-Age=0"


def _part(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"bridge console: " + purpose, "sha256")
