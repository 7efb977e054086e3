"""One question to the admin API, wherever it came from: HTTP, or the console's pages in the same process.

A ``Person`` is who holds a token: a name, and what they may do. What a desk answers names the least role it takes.
Must not read a request or know a token: that is ``admin.api``.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, object]
"""An HTTP status and what is said as JSON."""


class Role(enum.IntEnum):
    """What a person may do; each may do what the ones before may."""

    VIEWER = 1
    """Look at everything."""
    OPERATOR = 2
    """Also what makes things safer or brings them to an end: settle, roll back, stop, hold."""
    ADMIN = 3
    """Also what sends more traffic another way: set rules, start, promote, resume."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. ``shared``: the token is nobody's own (``BRIDGE_ADMIN__TOKEN``), so a change must name its author."""

    name: str
    role: Role
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """``path`` is what stands behind ``/admin/api/``, decoded; ``body`` the bytes of a POST."""

    method: str
    path: str
    person: Person
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def name(self) -> str:
        """The last segment of the path: which intent, which report."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """What answers a path, and the least role it takes."""

    answer: Callable[[Asked], Awaitable[Answer]]
    role: Role


Answers = Mapping[tuple[str, str], Entry]
"""By method and path. A path with an empty segment, its last or last but one, takes any: a name."""


class Wrong(Exception):
    """The request is at fault, and nothing was changed."""

    def __init__(self, status: int, said: object) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


def looks(answer: Callable[[Asked], Awaitable[Answer]]) -> Entry:
    """For whoever has a token."""
    return Entry(answer, Role.VIEWER)


def operates(answer: Callable[[Asked], Awaitable[Answer]]) -> Entry:
    """For operators."""
    return Entry(answer, Role.OPERATOR)


def administers(answer: Callable[[Asked], Awaitable[Answer]]) -> Entry:
    """For administrators."""
    return Entry(answer, Role.ADMIN)


def body_of(asked: Asked) -> Mapping[str, Any]:
    """The JSON object of a request; raises ``Wrong``."""
    try:
        said = json.loads(asked.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Wrong(400, {"error": "The request is no JSON object."})
    return said


def author_of(asked: Asked, body: Mapping[str, Any]) -> tuple[str, str]:
    """Who decides and why, for the audit; raises ``Wrong``. Who has a token of their own cannot sign as another."""
    reason, by = body.get("reason"), body.get("by")
    if not asked.person.shared:
        if by not in (None, asked.person.name):
            raise Wrong(403, {"error": f"This token is {asked.person.name}'s; by names somebody else."})
        by = asked.person.name
    if not isinstance(reason, str) or not isinstance(by, str) or not reason.strip() or not by.strip():
        raise Wrong(400, {"error": "reason and by are needed: both go into the history and the audit."})
    return reason, by


def number_in(asked: Asked, name: str, usual: int, most: int) -> int:
    """A whole number of the query from 1 to ``most``; raises ``Wrong``."""
    text = asked.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and 1 <= int(text) <= most):
        raise Wrong(400, {"error": f"{name} is a number from 1 to {most}."})
    return int(text)
