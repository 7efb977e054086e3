"""``/admin/api/``: what the commands do, over HTTP, for the owner of ``BRIDGE_ADMIN__TOKEN``.

JSON in and out. Without a token in the settings nothing of it exists (404); without the right one it is 401. What there
is to ask and to do is told by its desks (``admin.cutover``, ...). Must not decide a route or hold a rule.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bridge.cutover.standing import Unreadable
from bridge.journal import JournalDown

PREFIX = "/admin/api/"
LARGEST_BODY = 1024 * 1024

Answer = tuple[int, object]
"""An HTTP status and what is said as JSON."""

Answers = Mapping[tuple[str, str], Callable[[web.BaseRequest], Awaitable[Answer]]]
"""By method and by the path behind ``PREFIX``. One that ends in a slash takes a segment more: a name."""


class Wrong(Exception):
    """The request is at fault, and nothing was changed."""

    def __init__(self, status: int, said: object) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class Api:
    """Answers the owner's requests by what its desks know."""

    def __init__(self, token: str | None, *desks: Answers) -> None:
        self._token = token
        self._answers = {name: answer for desk in desks for name, answer in desk.items()}

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if self._token is None:
            return _said(404, {"error": "BRIDGE_ADMIN__TOKEN is not set, so there is no admin API."})
        given = request.headers.get("Authorization", "")
        # Compared as bytes and in constant time; a token of another length tells no more than that.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {self._token}".encode()):
            return _said(401, {"error": "Authorization: Bearer with the admin token is needed."}, authenticate=True)
        name = request.path.removeprefix(PREFIX)
        paths = (name, "/".join((*name.split("/")[:-1], "")))
        answer = next((each for path in paths if (each := self._answers.get((request.method, path)))), None)
        if answer is None:
            allowed = sorted(method for method, known in self._answers if known in paths)
            if allowed:
                return _said(405, {"error": f"{name} takes {' or '.join(allowed)}."})
            return _said(404, {"error": "There is nothing here."})
        try:
            return _said(*await answer(request))
        except Wrong as wrong:
            return _said(wrong.status, wrong.said)
        except Unreadable as error:
            return _said(500, {"error": f"{error}; use the newer bridge that wrote it. Nothing was changed."})
        except JournalDown:
            return _said(503, {"error": "The journal cannot be reached; nothing was changed."})


async def body_of(request: web.BaseRequest) -> Mapping[str, Any]:
    """The JSON object of a request; raises ``Wrong``."""
    raw = await request.content.read(LARGEST_BODY + 1)
    while len(raw) <= LARGEST_BODY and (more := await request.content.read(LARGEST_BODY + 1 - len(raw))):
        raw += more
    if len(raw) > LARGEST_BODY:
        raise Wrong(413, {"error": f"A request has at most {LARGEST_BODY} bytes."})
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Wrong(400, {"error": "The request is no JSON object."})
    return said


def _said(status: int, said: object, *, authenticate: bool = False) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if authenticate else {})
    return web.Response(status=status, text=json.dumps(said), content_type="application/json", headers=headers)
