"""Who is signed in: a sealed cookie, so that every worker and replica on the same journal knows it, and none keeps it.

The cookie holds no token but its mark (an HMAC), so a session ends when the token is changed or its person removed. It
ends by itself after ``IDLE_MS`` without a request of a person, and after ``LONGEST_MS`` in any case; the pages' own
refreshing is no such request. Must not know what a page shows.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.admin.api import Api, mark_of
from bridge.admin.asking import Person
from bridge.core.model import Instant

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


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. ``mark`` is its token's; ``secure``: it was made over https, so its cookie never travels without."""

    id: str
    mark: bytes
    began: Instant
    seen: Instant
    secure: bool


class Sessions:
    """Makes, reads and ends sessions. ``key`` is shared by all processes on a journal."""

    def __init__(self, key: bytes, now: Callable[[], Instant]) -> None:
        self._now = now
        self._cipher = AESGCM(_part(key, b"seal"))
        self._mark_key = _part(key, b"mark")
        self._form_key = _part(key, b"forms")
        # Signing out takes the cookie away; a copy of it dies here in this process, and by its age in the others.
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

    def end(self, session: Session) -> None:
        """Signed out."""
        at = self._now()
        if len(self._ended) >= MOST_ENDED:
            self._ended = {id_: until for id_, until in self._ended.items() if until > at}
        self._ended[session.id] = session.began + LONGEST_MS

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
        """The session of a cookie; None where it is none of ours, or over."""
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            said = json.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _NAME))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        found = Session(said["id"], bytes.fromhex(said["mark"]), said["began"], said["seen"], said["secure"])
        at = self._now()
        over = at - found.seen >= IDLE_MS or at - found.began >= LONGEST_MS or found.id in self._ended
        return None if over else found

    def cookie(self, session: Session | None, *, secure: bool = False) -> str:
        """The header that sets the cookie, or takes it away."""
        value = f"{COOKIE}={self.seal(session) if session is not None else ''}; Path={PATH}; HttpOnly; SameSite=Strict"
        value += "; Secure" if secure or (session is not None and session.secure) else ""
        return value if session is not None else f"{value}; Max-Age=0"


def _part(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"bridge console: " + purpose, "sha256")
