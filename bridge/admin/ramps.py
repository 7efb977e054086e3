"""The ramps' desk in the admin API: where each ramp stands, what its gate judged, and a person's word about it.

A change names its author, its reason and the revision it was decided on (``seen``). Must not judge a ramp.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.admin.asking import Answer, Answers, Asked, Wrong, administers, body_of, looks, number_in, operates
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
            ("GET", "ramps"): looks(self._show),
            ("GET", "ramps/judgements"): looks(self._judgements),
            ("POST", "ramps/promote"): administers(self._promote),
            ("POST", "ramps/hold"): operates(self._hold),
            ("POST", "ramps/resume"): administers(self._resume),
        }

    async def _show(self, _asked: Asked) -> Answer:
        now = await current(self._journal)
        told = []
        for rule in now.rules:
            if rule.ramp is not None:
                last = next(iter(await self._journal.judgements(rule.name, 1)), None)
                judged = None if last is None else judgement_json(last) | {"current": last.revision == now.number}
                told.append({"rule": plain(rule), "judgement": judged})
        return 200, {"revision": now.number, "ramps": told}

    async def _judgements(self, asked: Asked) -> Answer:
        limit = number_in(asked, "limit", 20, MOST)
        found = await self._journal.judgements(asked.query.get("rule") or None, limit)
        return 200, [judgement_json(each) for each in found]

    async def _promote(self, asked: Asked) -> Answer:
        body = body_of(asked)
        last = next(iter(await self._journal.judgements(str(body.get("rule")), 1)), None)

        def up(now: Standing, rule: str) -> Standing:
            why = None if body.get("force") is True else not_ready(now, rule, last)
            if why is not None:
                raise NoStep(why)
            return promote(now, rule)

        return await self._move(asked, up)

    async def _hold(self, asked: Asked) -> Answer:
        return await self._move(asked, lambda now, rule: halt(now, rule, back=False))

    async def _resume(self, asked: Asked) -> Answer:
        return await self._move(asked, resume)

    async def _move(self, asked: Asked, decide: Callable[[Standing, str], Standing]) -> Answer:
        rule = body_of(asked).get("rule")
        if not isinstance(rule, str) or not rule.strip():
            raise Wrong(400, {"error": "rule is needed: the name of a rule with a ramp."})
        try:
            return await revise(self._journal, asked, lambda now: decide(now, rule))
        except NoStep as why:
            words = str(why)
            raise Wrong(409, {"error": f"{words[:1].upper()}{words[1:]}."}) from None


def judgement_json(one: Judged) -> dict[str, object]:
    """A judgement as the API tells it; moments in milliseconds since 1970."""
    return {"rule": one.rule, "revision": one.revision, "at": one.at, "verdict": one.verdict, **one.detail}
