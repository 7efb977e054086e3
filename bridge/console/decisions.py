"""A change in two steps: what it would do, shown for review, and the word that does it.

Every change carries a reason, its author and the revision it was decided on; the API checks all three again. The first
step asks the API with ``dryRun``, so that what is reviewed is what the API would do. Must not change anything itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bridge.console.visit import Handler, Page, Said, Visit, elsewhere, whole

CONFIRM = "confirm"

Body = Callable[[Mapping[str, str]], dict[str, object]]
"""What the API is asked, made of the fields of a form."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One change that a person can decide.

    ``consequences`` says, of the fields of the form, what happens to calls and to money; ``fields`` are kept between
    the steps; ``back`` is the page it was decided on, ``after`` the one that shows what came of it. Not ``reasoned`` is
    what the API takes without a reason; ``about`` tells of the call that is decided about, for the review.
    """

    api: str
    title: str
    verb: str
    consequences: Callable[[Mapping[str, str]], Sequence[str]]
    back: Callable[[Mapping[str, str]], str]
    after: Callable[[Mapping[str, str], Mapping[str, Any]], str]
    body: Body = field(default=lambda _form: {})
    fields: tuple[str, ...] = ()
    grave: bool = False
    reasoned: bool = True
    about: Callable[[Visit], Awaitable[Mapping[str, Any]]] | None = None

    def handler(self) -> Handler:
        """What answers the form's POST."""

        async def decide(visit: Visit) -> Page | web.Response:
            if visit.form.get("step") == CONFIRM:
                return await self._confirmed(visit)
            return await self._review(visit)

        return decide

    def _said(self, visit: Visit) -> dict[str, object]:
        seen = visit.form.get("seen", "")
        said: dict[str, object] = {"reason": visit.form.get("reason", "").strip()} if self.reasoned else {}
        if visit.person.shared:
            said["by"] = visit.form.get("by", "").strip()
        if (number := whole(seen)) is not None:
            said["seen"] = number
        return said | self.body(visit.form)

    async def _review(self, visit: Visit) -> Page:
        try:
            told = await visit.post(self.api, self._said(visit) | {"dryRun": True})
        except Said as said:
            return await self._page(visit, {}, said)
        return await self._page(visit, told, None)

    async def _confirmed(self, visit: Visit) -> Page | web.Response:
        try:
            told = await visit.post(self.api, self._said(visit))
        except Said as said:
            return await self._page(visit, {}, said)
        return elsewhere(self.after(visit.form, told))

    async def _page(self, visit: Visit, told: Mapping[str, Any], said: Said | None) -> Page:
        about: Mapping[str, Any] | None = None
        if self.about is not None:
            # What cannot be told now is missing from the review, and no reason to refuse it.
            with contextlib.suppress(Said):
                about = await self.about(visit)
        shown = {
            "decision": self,
            "told": told,
            "said": said,
            "consequences": self.consequences(visit.form),
            "kept": {name: visit.form[name] for name in self.fields if name in visit.form},
            "back": self.back(visit.form),
            "about": about,
        }
        return Page("review.html.j2", shown, said.status if said is not None else 200)
