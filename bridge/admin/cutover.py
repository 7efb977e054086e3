"""The cutover's desk in the admin API: the rules, their history, and every change of them.

A change names its author and reason as the commands do, and the revision it was decided on (``seen``), so that nobody
overwrites what they have not seen. Must not decide a route or hold a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.admin.asking import Answer, Answers, Asked, Wrong, administers, body_of, looks, number_in, operates
from bridge.admin.revising import current, revise
from bridge.cutover.reading import RulesRefused, from_plain, parse, plain
from bridge.cutover.rules import Rule
from bridge.cutover.standing import NoWayBack, Standing, back, of, start, stop, with_rules
from bridge.journal import Journal

MOST_REVISIONS = 1000


class CutoverDesk:
    """``fixed`` are the rules of ``BRIDGE_ROUTES``."""

    def __init__(self, journal: Journal, fixed: tuple[Rule, ...]) -> None:
        self._journal = journal
        self._fixed = fixed

    def answers(self) -> Answers:
        """What it answers."""
        return {
            ("GET", "cutover"): looks(self._show),
            ("GET", "cutover/history"): looks(self._history),
            ("POST", "cutover/check"): looks(self._check),
            ("POST", "cutover/set"): administers(self._set),
            ("POST", "cutover/rollback"): operates(self._rollback),
            ("POST", "cutover/stop"): operates(self._stop),
            ("POST", "cutover/start"): administers(self._start),
        }

    # ------------------------------------------------------------ looking

    async def _show(self, _asked: Asked) -> Answer:
        return 200, standing_json(await current(self._journal)) | {"fixed": [plain(rule) for rule in self._fixed]}

    async def _history(self, asked: Asked) -> Answer:
        limit = number_in(asked, "limit", 20, MOST_REVISIONS)
        return 200, [standing_json(each) for each in await self._revisions(limit)]

    async def _check(self, asked: Asked) -> Answer:
        rules = _rules(body_of(asked))
        return 200, {"good": True, "rules": len(rules), "wrong": []}

    # ------------------------------------------------------------ changing

    async def _set(self, asked: Asked) -> Answer:
        body = body_of(asked)
        rules = _rules(body)
        return await revise(self._journal, asked, lambda now: with_rules(now, rules))

    async def _rollback(self, asked: Asked) -> Answer:
        body = body_of(asked)
        to = body.get("to")
        if to is not None and (not isinstance(to, int) or isinstance(to, bool)):
            raise Wrong(400, {"error": "to is the number of a revision."})
        history = await self._revisions(None)
        try:
            return await revise(self._journal, asked, lambda now: back(now, history, to))
        except NoWayBack as why:
            # A wrong number is the request's fault; that there is nothing to go back to is the state's.
            words = str(why) if to is None else f"to is the number of a revision; {why}"
            raise Wrong(409 if to is None else 400, {"error": f"{words[:1].upper()}{words[1:]}."}) from None

    async def _stop(self, asked: Asked) -> Answer:
        return await revise(self._journal, asked, stop)

    async def _start(self, asked: Asked) -> Answer:
        return await revise(self._journal, asked, start)

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


def _rules(body: Mapping[str, Any]) -> tuple[Rule, ...]:
    """``rules`` as a list of tables, or ``toml`` as the text of a file."""
    try:
        if isinstance(text := body.get("toml"), str):
            return parse(text)
        return from_plain(body.get("rules"))
    except RulesRefused as refused:
        raise Wrong(400, {"error": "The rules are at fault.", "wrong": list(refused.sentences)}) from None
