"""Explanations in the admin API: of an intent, and of a SOAP message that nobody has sent.

``GET explain/{intent}`` and ``POST explain``. Must not send a write, decide a route or hold a rule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.admin.asking import Answer, Answers, Asked, Wrong, body_of, looks
from bridge.core.model import Call, Caller, Version
from bridge.core.preview import Preview
from bridge.cutover.explain import of_intent, of_object
from bridge.cutover.standing import Standing, of
from bridge.facade.preview import NotAWrite
from bridge.journal import Journal

Rehearse = Callable[[bytes, Version, str | None, str | None], Awaitable[tuple[Call, Caller, Preview]]]
"""What a SOAP envelope would do, as if this caller sent it and its objects were of this account."""


class ExplainDesk:
    """Explains by the journal, and by ``rehearse`` what is in none."""

    def __init__(self, journal: Journal, rehearse: Rehearse) -> None:
        self._journal = journal
        self._rehearse = rehearse

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "explain/"): looks(self._intent), ("POST", "explain"): looks(self._message)}

    async def _intent(self, asked: Asked) -> Answer:
        found = next(iter(await self._journal.intents([asked.name])), None)
        if found is None:
            raise Wrong(404, {"error": "The journal has no such intent; its id stands in the header Bridge-Intent."})
        dispatches = await self._journal.dispatches_of(asked.name)
        return 200, of_intent(found, dispatches, await self._history()).whole

    async def _message(self, asked: Asked) -> Answer:
        body = body_of(asked)
        soap, caller, account = body.get("soap"), body.get("caller"), body.get("account")
        if not isinstance(soap, str):
            raise Wrong(400, {"error": "soap is the text of one SOAP envelope."})
        if not all(each is None or (isinstance(each, str) and each) for each in (caller, account)):
            raise Wrong(400, {"error": "caller and account are texts, or absent."})
        try:
            version = Version.parse(str(body.get("version", "107.0")))
        except ValueError:
            raise Wrong(400, {"error": "version is a WSDL version such as 107.0."}) from None
        try:
            call, who, preview = await self._rehearse(soap.encode("utf-8", "replace"), version, caller, account)
        except NotAWrite as why:
            raise Wrong(400, {"error": str(why)}) from None
        history = await self._history()
        return 200, [of_object(each, call, who, history).whole for each in preview.objects]

    async def _history(self) -> list[Standing]:
        return [of(each) for each in await self._journal.revisions()]
