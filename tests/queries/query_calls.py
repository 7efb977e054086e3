"""Queries over real HTTP, through the bridge or straight to Zuora, and their pages as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from harness import API, XSI, Answer, World, post
from lxml import etree

_MILLISECONDS = re.compile(rb"\.\d{3}([+-]\d\d:\d\d)<")
BY_REST: Mapping[str, str] = {"*.query": "rest"}


@dataclass(frozen=True)
class Page:
    """A page of a query: rows as (field, text) in the order they came, None for the one nil row of an empty query."""

    done: bool
    locator: str | None
    rows: list[list[tuple[str, str]] | None]
    size: int

    @property
    def ids(self) -> list[str]:
        """The ids of the rows, in order."""
        return [dict(row)["Id"] for row in self.rows if row is not None]


def options(batch: int | None = None, *, case_sensitive: bool | None = None) -> str:
    """A QueryOptions header."""
    size = "" if batch is None else f"<ns1:batchSize>{batch}</ns1:batchSize>"
    case = "" if case_sensitive is None else f"<ns1:caseSensitive>{str(case_sensitive).lower()}</ns1:caseSensitive>"
    return f"<ns1:QueryOptions>{size}{case}</ns1:QueryOptions>"


def query(world: World, text: str, version: str = "107.0", *, direct: bool = False, **more: Any) -> Answer:
    """Run a query; ``@name`` in the text is an id of the fixture."""
    for name, key in sorted(world.names.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"'@{name}'", f"'{key}'")
    body = f"<ns1:query><ns1:queryString>{escape(text)}</ns1:queryString></ns1:query>"
    return _post(world, body, version, direct=direct, **more)


def query_more(world: World, locator: str, version: str = "107.0", *, direct: bool = False, **more: Any) -> Answer:
    """Ask for a further page."""
    body = f"<ns1:queryMore><ns1:queryLocator>{locator}</ns1:queryLocator></ns1:queryMore>"
    return _post(world, body, version, direct=direct, **more)


def _post(
    world: World,
    body: str,
    version: str,
    *,
    direct: bool,
    session: str | None = None,
    headers: str = "",
    at: str | None = None,
) -> Answer:
    where = world.endpoint(version, direct=direct) if at is None else f"{at}/apps/services/a/{version}"
    return post(where, world.message(body, session=session, headers=headers))


def page(answer: Answer) -> Page:
    """The page that an answer holds."""
    assert answer.status == 200, answer.body
    (result,) = answer.payload
    parts = {etree.QName(part).localname: part for part in result}
    locator = parts["queryLocator"]
    return Page(
        parts["done"].text == "true",
        None if locator.get(f"{{{XSI}}}nil") == "1" else locator.text,
        [_row(each) for each in result.findall(f"{{{API}}}records")],
        int(parts["size"].text or ""),
    )


def _row(record: etree._Element) -> list[tuple[str, str]] | None:
    if record.get(f"{{{XSI}}}nil") == "1":
        return None
    return [(etree.QName(field).localname, field.text or "") for field in record]


def row_bytes(answer: Answer) -> list[bytes]:
    """The answer's bytes cut where its rows begin and end, for comparing them whatever their order.

    Milliseconds are set to zero: Object Query shows whole seconds, SOAP the thousandths, and that is lost.
    """
    head, *rows = _MILLISECONDS.sub(rb".000\1<", answer.body).split(b"<ns1:records")
    if not rows:
        return [head]
    *whole, last = rows
    last, end, tail = last.partition(b"<ns1:size>")
    return [head, *sorted([*whole, last]), end + tail]
