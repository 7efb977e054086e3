"""``/admin/api/``: what the commands do, over HTTP, for people with a token.

JSON in and out. Tokens are those of ``BRIDGE_ADMIN__USERS``, each a person's with a role, and ``BRIDGE_ADMIN__TOKEN``,
the owner's. Without any in the settings nothing of it exists (404); without a right one it is 401, without the role
403. What there is to ask and to do is told by its desks (``admin.cutover``, ...). Must not decide a route or hold a
rule.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping

from aiohttp import web

from bridge.admin.asking import Answer, Answers, Asked, Entry, Person, Role, Wrong
from bridge.cutover.standing import Unreadable
from bridge.journal import JournalDown, JournalRefused
from bridge.journal.crypto import Unreadable as SealBroken
from bridge.telemetry.redact import redact

PREFIX = "/admin/api/"
LARGEST_BODY = 1024 * 1024

CLOSED = "Neither BRIDGE_ADMIN__TOKEN nor BRIDGE_ADMIN__USERS is set, so there is no admin API."


class Api:
    """Answers people's requests by what its desks know. ``people`` by their tokens."""

    def __init__(self, people: Mapping[str, Person], *desks: Answers) -> None:
        self._people = {token.encode(): person for token, person in people.items()}
        self._entries: dict[tuple[str, str], Entry] = {name: entry for desk in desks for name, entry in desk.items()}

    @property
    def open(self) -> bool:
        """Whether anybody may ask."""
        return bool(self._people)

    def person(self, token: str) -> Person | None:
        """Whose token it is."""
        given = token.encode("utf-8", "surrogateescape")
        found = None
        for known, person in self._people.items():
            # All of them, as bytes and in constant time; a token of another length tells no more than that.
            if hmac.compare_digest(given, known):
                found = person
        return found

    def by_mark(self, key: bytes, mark: bytes) -> Person | None:
        """Whose token has this mark (``mark_of``): so a session can name its token without holding it."""
        found = None
        for known, person in self._people.items():
            if hmac.compare_digest(mark, mark_of(key, known)):
                found = person
        return found

    async def ask(self, asked: Asked) -> Answer:
        """Answer one question of somebody known; never raises for what was asked."""
        parts = asked.path.split("/")
        paths = (asked.path, "/".join((*parts[:-1], "")), "/".join((*parts[:-2], "", parts[-1])))
        entry = next((each for path in paths if (each := self._entries.get((asked.method, path)))), None)
        if entry is None:
            allowed = sorted(method for method, known in self._entries if known in paths)
            if allowed:
                return 405, {"error": f"{asked.path} takes {' or '.join(allowed)}."}
            return 404, {"error": "There is nothing here."}
        if asked.person.role < entry.role:
            return 403, {"error": f"That takes the role {entry.role.name.lower()}; nothing was changed."}
        try:
            return await entry.answer(asked)
        except Wrong as wrong:
            # It may repeat what was asked, rules and all; no desk has to remember that.
            return wrong.status, redact(wrong.said)
        except Unreadable as error:
            return 500, {"error": f"{error}; use the newer bridge that wrote it. Nothing was changed."}
        except SealBroken as error:
            return 503, {"error": f"What is asked for cannot be opened: {error}. Nothing was changed."}
        except JournalRefused as refused:
            return 503, {"error": f"The journal cannot be read: {refused.reason}. {refused.instruction}"}
        except JournalDown:
            return 503, {"error": "The journal cannot be reached; nothing was changed."}

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Answer one HTTP request."""
        if not self.open:
            return _said(404, {"error": CLOSED})
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        person = self.person(token) if kind == "Bearer" else None
        if person is None:
            return _said(401, {"error": "Authorization: Bearer with an admin token is needed."}, authenticate=True)
        body = await body_within(request, LARGEST_BODY)
        if body is None:
            return _said(413, {"error": f"A request has at most {LARGEST_BODY} bytes."})
        path = request.path.removeprefix(PREFIX)
        return _said(*await self.ask(Asked(request.method, path, person, request.query, body)))


def mark_of(key: bytes, token: bytes) -> bytes:
    """What tells a token apart and does not tell the token: HMAC-SHA256 under ``key``."""
    return hmac.digest(key, token, "sha256")


async def body_within(request: web.BaseRequest, most: int) -> bytes | None:
    """The body of a request; None where it is larger."""
    raw = await request.content.read(most + 1)
    while len(raw) <= most and (more := await request.content.read(most + 1 - len(raw))):
        raw += more
    return raw if len(raw) <= most else None


def people_of(token: str | None, users: Mapping[str, tuple[str, str]]) -> dict[str, Person]:
    """Who may ask, by token: the owner's token, and per name a role and a token."""
    owner = {} if token is None else {token: Person("admin", Role.ADMIN, shared=True)}
    return owner | {own: Person(name, Role[role.upper()]) for name, (role, own) in users.items()}


def _said(status: int, said: object, *, authenticate: bool = False) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if authenticate else {})
    return web.Response(status=status, text=json.dumps(said), content_type="application/json", headers=headers)
