"""The ramps' desk in the admin API: where each ramp stands, what its gate judged, and a person's word about it.

A change names its author, its reason and the revision it was decided on (``seen``). Must not judge a ramp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bridge.admin.api import Answer, Answers, Wrong, body_of
from bridge.admin.revising import current, revise
from bridge.cutover.gates import not_ready
from bridge.cutover.reading import plain
from bridge.cutover.standing import NoStep, Standing, halt, promote, resume
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
        now = await current(self._journal)
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
        last = next(iter(await self._journal.judgements(str(body.get("rule")), 1)), None)

        def up(now: Standing, rule: str) -> Standing:
            why = None if body.get("force") is True else not_ready(now, rule, last)
            if why is not None:
                raise NoStep(why)
            return promote(now, rule)

        return await self._move(body, up)

    async def _hold(self, request: web.BaseRequest) -> Answer:
        return await self._move(await body_of(request), lambda now, rule: halt(now, rule, back=False))

    async def _resume(self, request: web.BaseRequest) -> Answer:
        return await self._move(await body_of(request), resume)

    async def _move(self, body: Mapping[str, Any], decide: Callable[[Standing, str], Standing]) -> Answer:
        rule = body.get("rule")
        if not isinstance(rule, str) or not rule.strip():
            raise Wrong(400, {"error": "rule is needed: the name of a rule with a ramp."})
        try:
            return await revise(self._journal, body, lambda now: decide(now, rule))
        except NoStep as why:
            words = str(why)
            raise Wrong(409, {"error": f"{words[:1].upper()}{words[1:]}."}) from None


def judgement_json(one: Judged) -> dict[str, object]:
    """A judgement as the API tells it; moments in milliseconds since 1970."""
    return {"rule": one.rule, "revision": one.revision, "at": one.at, "verdict": one.verdict, **one.detail}
