"""``/admin/api/``: what the commands do, over HTTP, for the owner of ``BRIDGE_ADMIN__TOKEN``.

JSON in and out. A change names its author and reason as the commands do, and the revision it was decided on (``seen``),
so that nobody overwrites what they have not seen. Without a token in the settings nothing of it exists (404); without
the right one it is 401. Must not decide a route or hold a rule.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bridge.cutover.reading import RulesRefused, from_plain, parse, plain
from bridge.cutover.rules import Rule
from bridge.cutover.standing import (
    FIRST,
    NoWayBack,
    Standing,
    Unreadable,
    back,
    difference,
    of,
    start,
    stop,
    with_rules,
)
from bridge.journal import Journal, JournalDown

PREFIX = "/admin/api/"
LARGEST_BODY = 1024 * 1024
MOST_REVISIONS = 1000

Answer = tuple[int, object]


class Wrong(Exception):
    """The request is at fault, and nothing was changed."""

    def __init__(self, status: int, said: object) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class Api:
    """Answers the owner's requests; ``fixed`` are the rules of ``BRIDGE_ROUTES``."""

    def __init__(self, journal: Journal, token: str | None, fixed: tuple[Rule, ...]) -> None:
        self._journal = journal
        self._token = token
        self._fixed = fixed
        self._answers: Mapping[tuple[str, str], Callable[[web.BaseRequest], Awaitable[Answer]]] = {
            ("GET", "cutover"): self._show,
            ("GET", "cutover/history"): self._history,
            ("POST", "cutover/check"): self._check,
            ("POST", "cutover/set"): self._set,
            ("POST", "cutover/rollback"): self._rollback,
            ("POST", "cutover/stop"): self._stop,
            ("POST", "cutover/start"): self._start,
        }

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if self._token is None:
            return _said(404, {"error": "BRIDGE_ADMIN__TOKEN is not set, so there is no admin API."})
        given = request.headers.get("Authorization", "")
        # Compared as bytes and in constant time; a token of another length tells no more than that.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {self._token}".encode()):
            return _said(401, {"error": "Authorization: Bearer with the admin token is needed."}, authenticate=True)
        name = request.path.removeprefix(PREFIX)
        answer = self._answers.get((request.method, name))
        if answer is None:
            allowed = sorted(method for method, known in self._answers if known == name)
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

    # ------------------------------------------------------------ looking

    async def _show(self, _request: web.BaseRequest) -> Answer:
        return 200, standing_json(await self._now()) | {"fixed": [plain(rule) for rule in self._fixed]}

    async def _history(self, request: web.BaseRequest) -> Answer:
        text = request.query.get("limit", "20")
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_REVISIONS):
            raise Wrong(400, {"error": f"limit is a number from 1 to {MOST_REVISIONS}."})
        return 200, [standing_json(each) for each in await self._revisions(int(text))]

    async def _check(self, request: web.BaseRequest) -> Answer:
        rules = _rules(await _body(request))
        return 200, {"good": True, "rules": len(rules), "wrong": []}

    # ------------------------------------------------------------ changing

    async def _set(self, request: web.BaseRequest) -> Answer:
        body = await _body(request)
        rules = _rules(body)
        return await self._change(body, lambda now: with_rules(now, rules))

    async def _rollback(self, request: web.BaseRequest) -> Answer:
        body = await _body(request)
        to = body.get("to")
        if to is not None and (not isinstance(to, int) or isinstance(to, bool)):
            raise Wrong(400, {"error": "to is the number of a revision."})
        history = await self._revisions(None)
        try:
            return await self._change(body, lambda now: back(now, history, to))
        except NoWayBack as why:
            # A wrong number is the request's fault; that there is nothing to go back to is the state's.
            words = str(why) if to is None else f"to is the number of a revision; {why}"
            raise Wrong(409 if to is None else 400, {"error": f"{words[:1].upper()}{words[1:]}."}) from None

    async def _stop(self, request: web.BaseRequest) -> Answer:
        return await self._change(await _body(request), stop)

    async def _start(self, request: web.BaseRequest) -> Answer:
        return await self._change(await _body(request), start)

    async def _change(self, body: Mapping[str, Any], decide: Callable[[Standing], Standing]) -> Answer:
        reason, by, seen = body.get("reason"), body.get("by"), body.get("seen")
        if not isinstance(reason, str) or not isinstance(by, str) or not reason.strip() or not by.strip():
            raise Wrong(400, {"error": "reason and by are needed: both go into the history and the audit."})
        now = await self._now()
        if seen is not None and seen != now.number:
            said = f"The rules were changed since: they are at revision {now.number} by {now.author}; look again."
            raise Wrong(409, {"error": said, "revision": now.number})
        new = decide(now)
        lines = difference(now, new)
        if not lines:
            raise Wrong(409, {"error": "That is what counts already.", "revision": now.number})
        dry = body.get("dryRun") is True
        why = await self._journal.operator.revise(now.number, new.decided(), reason, by, dry=dry)
        if why is not None:
            raise Wrong(409, {"error": f"{why[:1].upper()}{why[1:]}."})
        return 200, {"revision": now.number + 1, "what": new.what, "difference": lines, "done": not dry}

    async def _now(self) -> Standing:
        return next(iter(await self._revisions(1)), FIRST)

    async def _revisions(self, limit: int | None) -> list[Standing]:
        return [of(each) for each in await self._journal.revisions(limit)]


def standing_json(now: Standing) -> dict[str, object]:
    """A standing as the API tells it; ``at`` in milliseconds since 1970."""
    return {
        "revision": now.number,
        "what": now.what,
        "at": now.at or None,
        "author": now.author,
        "reason": now.reason,
        "stopped": now.stopped,
        "rules": [plain(rule) for rule in now.rules],
    }


async def _body(request: web.BaseRequest) -> Mapping[str, Any]:
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


def _rules(body: Mapping[str, Any]) -> tuple[Rule, ...]:
    """``rules`` as a list of tables, or ``toml`` as the text of a file."""
    try:
        if isinstance(text := body.get("toml"), str):
            return parse(text)
        return from_plain(body.get("rules"))
    except RulesRefused as refused:
        raise Wrong(400, {"error": "The rules are at fault.", "wrong": list(refused.sentences)}) from None


def _said(status: int, said: object, *, authenticate: bool = False) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if authenticate else {})
    return web.Response(status=status, text=json.dumps(said), content_type="application/json", headers=headers)
