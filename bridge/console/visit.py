"""One request of somebody signed in, and what a page is: the terms that all pages share.

``Visit.get`` and ``Visit.post`` are the only way to know or change anything: each asks the admin API as this person.
Must not render anything.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bridge.admin.asking import Answer, Asked, Person, Role
from bridge.core.model import Instant

GOOD = 200
BEGUN = 202
JOURNAL_DOWN = 503

Ask = Callable[[Asked], Awaitable[Answer]]


class Said(Exception):
    """The API said no. ``sentence`` is its own; ``wrong`` are the sentences of rules at fault."""

    def __init__(self, status: int, answer: object) -> None:
        told = answer if isinstance(answer, dict) else {}
        self.status = status
        self.sentence = str(told.get("error", "The bridge did not say why."))
        self.wrong = tuple(str(each) for each in told.get("wrong", ()))
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what it shows. ``live`` is the template of the part that refreshes itself, if one does."""

    template: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    status: int = GOOD
    live: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """``path`` stands behind ``/console/``; ``form`` are the fields of a POST; ``form_token`` is this session's.

    ``now`` is this machine's moment, ``zuora_now`` Zuora's, by which calls came in.
    """

    ask: Ask
    person: Person
    path: str
    now: Instant
    zuora_now: Instant
    form_token: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last segment of the path: which intent, which report."""
        return self.path.rpartition("/")[2]

    @property
    def operates(self) -> bool:
        """Whether this person may settle, stop, roll back and hold."""
        return self.person.role >= Role.OPERATOR

    @property
    def administers(self) -> bool:
        """Whether this person may set rules, start, promote and resume."""
        return self.person.role >= Role.ADMIN

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What the API tells; raises ``Said``."""
        return self._told(await self.ask(Asked("GET", path, self.person, query or {})))

    async def post(self, path: str, body: Mapping[str, object]) -> Any:
        """What the API did; raises ``Said``."""
        return self._told(await self.ask(Asked("POST", path, self.person, {}, json.dumps(body).encode())))

    def _told(self, answer: Answer) -> Any:
        status, said = answer
        if status not in (GOOD, BEGUN):
            raise Said(status, said)
        return said


Handler = Callable[[Visit], Awaitable[Page | web.Response]]

Pages = Mapping[tuple[str, str], Handler]
"""By method and path behind ``/console/``. A path that ends in a slash takes a segment more: a name."""


def whole(text: str) -> int | None:
    """A number of a form or an address: of a revision, of rows."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def elsewhere(path: str) -> web.Response:
    """On to another page of the console, as after a change."""
    return web.Response(status=303, headers={"Location": f"/console/{path}"})
