"""The ramps' desk in the admin API: where each ramp stands, what its gate judged, and a person's word about it.

A change names its author, its reason and the revision it was decided on (``seen``). Must not judge a ramp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bridge.admin.api import Answer, Answers, Wrong, body_of
from bridge.cutover.gates import not_ready
from bridge.cutover.reading import plain
from bridge.cutover.standing import FIRST, NoStep, Standing, difference, halt, of, promote, resume
from bridge.journal import Journal
from bridge.journal.ramps import Judged

MOST = 1000


class RampsDesk:
    """Reads and moves ramps."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answers(self) -> Answers:
        """What it answers."""
        return {
            ("GET", "ramps"): self._show,
            ("GET", "ramps/judgements"): self._judgements,
            ("POST", "ramps/promote"): self._promote,
            ("POST", "ramps/hold"): self._hold,
            ("POST", "ramps/resume"): self._resume,
        }

    async def _show(self, _request: web.BaseRequest) -> Answer:
        now = await self._now()
        told = []
        for rule in now.rules:
            if rule.ramp is not None:
                last = next(iter(await self._journal.judgements(rule.name, 1)), None)
                judged = None if last is None else judgement_json(last) | {"current": last.revision == now.number}
                told.append({"rule": plain(rule), "judgement": judged})
        return 200, {"revision": now.number, "ramps": told}

    async def _judgements(self, request: web.BaseRequest) -> Answer:
        text = request.query.get("limit", "20")
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
            raise Wrong(400, {"error": f"limit is a number from 1 to {MOST}."})
        found = await self._journal.judgements(request.query.get("rule") or None, int(text))
        return 200, [judgement_json(each) for each in found]

    async def _promote(self, request: web.BaseRequest) -> Answer:
        body = await body_of(request)
        now, rule = await self._now(), str(body.get("rule"))
        last = next(iter(await self._journal.judgements(rule, 1)), None)
        try:
            why = None if body.get("force") is True else not_ready(now, rule, last)
        except NoStep as refused:
            raise _wrong(str(refused)) from None
        if why is not None:
            raise _wrong(why)
        return await self._move(body, now, promote)

    async def _hold(self, request: web.BaseRequest) -> Answer:
        return await self._move(
            await body_of(request), await self._now(), lambda now, rule: halt(now, rule, back=False)
        )

    async def _resume(self, request: web.BaseRequest) -> Answer:
        return await self._move(await body_of(request), await self._now(), resume)

    async def _move(
        self, body: Mapping[str, Any], now: Standing, decide: Callable[[Standing, str], Standing]
    ) -> Answer:
        rule, reason, by, seen = (body.get(name) for name in ("rule", "reason", "by", "seen"))
        if not all(isinstance(each, str) and each.strip() for each in (rule, reason, by)):
            raise Wrong(400, {"error": "rule, reason and by are needed: they go into the history and the audit."})
        if seen is not None and seen != now.number:
            said = f"The rules were changed since: they are at revision {now.number} by {now.author}; look again."
            raise Wrong(409, {"error": said, "revision": now.number})
        try:
            new = decide(now, str(rule))
        except NoStep as why:
            raise _wrong(str(why)) from None
        dry = body.get("dryRun") is True
        refused = await self._journal.operator.revise(now.number, new.decided(), str(reason), str(by), dry=dry)
        if refused is not None:
            raise Wrong(409, {"error": f"{refused[:1].upper()}{refused[1:]}."})
        return 200, {
            "revision": now.number + 1,
            "what": new.what,
            "difference": difference(now, new),
            "done": not dry,
        }

    async def _now(self) -> Standing:
        return next((of(each) for each in await self._journal.revisions(1)), FIRST)


def judgement_json(one: Judged) -> dict[str, object]:
    """A judgement as the API tells it; moments in milliseconds since 1970."""
    return {"rule": one.rule, "revision": one.revision, "at": one.at, "verdict": one.verdict, **one.detail}


def _wrong(words: str) -> Wrong:
    return Wrong(409, {"error": f"{words[:1].upper()}{words[1:]}."})
