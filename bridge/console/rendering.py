"""Pages made of templates, and the files beside them. Everything is escaped; nothing is inline or from elsewhere.

A page stands in a frame: where one can go, who one is, and whether the bridge takes calls. Must not ask the API but for
that frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import ChainableUndefined, Environment, FileSystemLoader

from bridge.console import charts, words
from bridge.console.visit import GOOD, Page, Said, Visit

HERE = Path(__file__).parent

WAYS = (
    ("", "Overview"),
    ("calls", "Calls"),
    ("doubt", "In doubt"),
    ("cutover", "Cutover"),
    ("parity", "Parity"),
    ("usage", "Usage"),
    ("breaks", "Breaks"),
    ("audit", "Audit"),
)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Static:
    """The style sheet, the script and the icon, read once; an address carries the content's digest."""

    def __init__(self) -> None:
        self._files = {each.name: each.read_bytes() for each in (HERE / "static").iterdir() if each.suffix in TYPES}

    def address(self, name: str) -> str:
        """Where a page finds a file: a new content has a new address."""
        return f"/console/static/{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"

    def answer(self, method: str, name: str) -> web.Response:
        """One file. It tells nothing about anybody, so it needs no session and may be kept."""
        content = self._files.get(name)
        if content is None or method not in ("GET", "HEAD"):
            return web.Response(status=404, text="There is no such file.")
        kept = {"Cache-Control": "public, max-age=86400"}
        return web.Response(body=content, content_type=TYPES[Path(name).suffix], charset="utf-8", headers=kept)


class Rendering:
    """The templates."""

    def __init__(self, static: Static) -> None:
        # An answer of a newer or older API may lack a value: that is an empty place on the page and no failure.
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=ChainableUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"static": static.address, "ways": WAYS, "charts": charts, "words": words}
        self._templates.filters |= words.FILTERS

    def bare(self, template: str, status: int, shown: Mapping[str, Any]) -> web.Response:
        """A page for who is not signed in."""
        return _html(status, self._templates.get_template(template).render(shown))

    async def page(self, visit: Visit, page: Page) -> web.Response:
        """A page in its frame, or its live part alone where that is asked for."""
        shown = {"visit": visit, "now": visit.now, **page.shown}
        alone = page.live is not None and page.status == GOOD and "live" in visit.query
        template = page.live if alone and page.live is not None else page.template
        if not alone:
            shown |= {"here": visit.path.split("/")[0], "live": page.live, "bridge": await _bridge(visit)}
        return _html(page.status, self._templates.get_template(template).render(shown))


async def _bridge(visit: Visit) -> Mapping[str, Any] | None:
    """Whether the bridge takes calls, for the frame; None where nobody can tell."""
    try:
        told: Mapping[str, Any] = await visit.get("cutover")
    except Said:
        return None
    return told


def _html(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")
