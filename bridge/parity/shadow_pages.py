"""One query answered on two ways: the first page of Zuora's answer beside every row that the bridge's own reader found.

What has no meaning is taken out before: the order of rows, the text of a locator, which rows a page holds where there
are more (the number of all of them is compared), and fractions of a second, which Object Query does not show. All else
is compared as ``compare`` does. Pure; must not know which differences are accepted.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from lxml import etree

from bridge.contract.contract import Contract
from bridge.parity import leaves
from bridge.parity.compare import Comparison, Neutral, books
from bridge.parity.envelope import local, parse, payload
from bridge.parity.terms import Answer, Difference, Kind, ParityError
from bridge.parity.trees import NIL

LARGEST = 512 * 1024
"""Bytes of an answer, inflated; a larger one is not compared."""

MOST_ROWS = 2000
"""Rows of a whole result that are read again (Zuora: QueryOptions: the most on a page)."""

LOCATOR = "locator"
_FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d{1,9}(?=Z|[+-]\d\d:?\d\d|\Z)")
_KEYS = ("Id", "id")


class Uncomparable(Exception):
    """Too large, compressed by something strange, or no page; the text is one of a few words, for the metrics."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Zuora's answer as the caller got it; ``body`` as it came."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or ""."""
        return next((value for each, value in self.headers if each.lower() == name), "")

    def text(self) -> bytes:
        """The body inflated; raises ``Uncomparable``."""
        coding = self.header("content-encoding").lower()
        if coding not in ("", "identity", "gzip", "x-gzip") or len(self.body) > LARGEST:
            raise Uncomparable("large" if len(self.body) > LARGEST else "encoding")
        if "gzip" not in coding:
            return self.body
        inflating = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            made = inflating.decompress(self.body, LARGEST)
        except zlib.error:
            raise Uncomparable("encoding") from None
        if not inflating.eof:
            raise Uncomparable("large")
        return made


def answer(status: int, content_type: str, body: bytes) -> Answer:
    """An answer of which only what a query says is compared: of the headers, the media type and charset."""
    return Answer(status, {"content-type": "".join(content_type.lower().split())}, body, 0.0)


# ------------------------------------------------------------------ SOAP


def soap_size(body: bytes) -> int:
    """How many rows the whole result has; raises ``Uncomparable`` where it says none. A fault has none: 0."""
    result = _result(_tree(body))
    if result is None:
        return 0
    text = next((each.text or "" for each in result if local(each) == "size"), "")
    return _number(text)


def soap_differences(comparison: Comparison, left: Answer, right: Answer) -> list[Difference]:
    """Every difference of meaning. ``right`` holds all rows; of those, the ones that are on the left's page count."""
    trees = _tree(left.body), _tree(right.body)
    results = [_result(tree) for tree in trees]
    if all(each is not None for each in results):
        ours, theirs = (each for each in results if each is not None)
        # As long as both know how many there are, which rows stand on the first page says nothing.
        _keep_rows(theirs, None if _said(ours, "done") == "true" else set(_ids(ours)))
        for each in (ours, theirs):
            _neutral(each)
    bodies = [etree.tostring(tree) for tree in trees]
    found = comparison.answers(replace(left, body=bodies[0]), replace(right, body=bodies[1]), Neutral(), Neutral())
    return [each for each in found if not each.path.endswith("/tail()")]


def _tree(body: bytes) -> etree._Element:
    try:
        return parse(body)
    except ParityError:
        raise Uncomparable("unreadable") from None


def _result(tree: etree._Element) -> etree._Element | None:
    called = payload(tree)
    if called is None or local(called) == "Fault":
        return None
    return next((each for each in called if local(each) == "result"), None)


def _said(result: etree._Element, name: str) -> str:
    return next((each.text or "" for each in result if local(each) == name), "").strip()


def _rows(result: etree._Element) -> list[etree._Element]:
    return [each for each in result if local(each) == "records" and each.get(NIL) is None]


def _id(row: etree._Element) -> str:
    return next((each.text or "" for each in row if local(each) in _KEYS), "")


def _ids(result: etree._Element) -> Iterator[str]:
    return map(_id, _rows(result))


def _keep_rows(result: etree._Element, wanted: set[str] | None) -> None:
    for row in _rows(result):
        if wanted is not None and _id(row) not in wanted:
            result.remove(row)


def _neutral(result: etree._Element) -> None:
    """Rows in the order of their Ids, a locator that is one, moments in whole seconds."""
    rows = _rows(result)
    places = [result.index(row) for row in rows]
    tails = [row.tail for row in rows]
    for place, tail, row in zip(places, tails, sorted(rows, key=_key), strict=True):
        row.tail = tail
        result.insert(place, row)
    for each in result:
        if local(each) == "queryLocator" and each.text:
            each.text = LOCATOR
    for row in rows:
        for leaf in row.iter(etree.Element):
            if leaf.text:
                leaf.text = _FRACTION.sub(r"\1", leaf.text)


def _key(row: etree._Element) -> tuple[str, list[tuple[str, str]]]:
    return _id(row), sorted((local(each), _plain(each.text or "")) for each in row)


def _plain(text: str) -> str:
    number = leaves.decimal(text)
    return text if number is None else format(number.normalize(), "f")


# ------------------------------------------------------------------ JSON


def json_size(body: bytes) -> int:
    """As ``soap_size``, of a page of Actions. One object of CRUD is one row."""
    given = _object(body)
    return _number(str(given["size"])) if "size" in given else 1


def json_differences(contract: Contract, kind: str, left: Answer, right: Answer) -> list[Difference]:
    """The same for an answer of Actions or CRUD about objects of ``kind``."""
    if left.status != right.status:
        return [Difference("HTTP", Kind.STATUS, str(left.status), str(right.status))]
    ours, theirs = _object(left.body), _object(right.body)
    if left.status >= 400:
        # REST's words are the bridge's own; a code is what a program goes by (Zuora: Actions, faultCode).
        code, other = (str(side.get("faultCode") or side.get("FaultCode") or "") for side in (ours, theirs))
        return [] if code == other else [Difference("FaultCode", Kind.VALUE, code, other)]
    if isinstance(ours.get("records"), list) and isinstance(theirs.get("records"), list):
        wanted = None if ours.get("done") is True else {str(each.get("Id")) for each in _objects(ours["records"])}
        kept = [each for each in _objects(theirs["records"]) if wanted is None or str(each.get("Id")) in wanted]
        theirs = {**theirs, "records": kept}
    found = books(_plain_page(ours), _plain_page(theirs))
    return [_judged(each, contract, kind) for each in found]


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Uncomparable("unreadable") from None
    if not isinstance(given, dict):
        raise Uncomparable("unreadable")
    return given


def _objects(given: Iterable[object]) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)]


def _plain_page(given: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: _seconds(value) for name, value in given.items()}
    if "queryLocator" in made:
        made["queryLocator"] = LOCATOR
    records = made.get("records")
    if isinstance(records, list):
        made["records"] = sorted(_objects(records), key=_object_key)
    return made


def _object_key(one: Mapping[str, object]) -> tuple[str, list[tuple[str, str]]]:
    return str(one.get("Id", "")), sorted((name, _plain(str(value))) for name, value in one.items())


def _seconds(value: object) -> object:
    if isinstance(value, str):
        return _FRACTION.sub(r"\1", value)
    if isinstance(value, list):
        return [_seconds(each) for each in value]
    if isinstance(value, dict):
        return {name: _seconds(each) for name, each in value.items()}
    return value


def _judged(one: Difference, contract: Contract, kind: str) -> Difference:
    """Money as the contract has it; ``books`` knows the names of REST."""
    name = one.where.rpartition("/")[2]
    known = contract.objects.get(kind)
    field = next((each for each in known.fields if each.name == name), None) if known is not None else None
    primitive = contract.primitive(field.type) if field is not None else None
    money = one.kind in (Kind.VALUE, Kind.MISSING, Kind.EXTRA) and leaves.is_money(name, primitive)
    return replace(one, money=money)


def _number(text: str) -> int:
    if not (text.strip().isdigit() and len(text) < 10):
        raise Uncomparable("unreadable")
    return int(text)
