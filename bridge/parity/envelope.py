"""What an envelope is about, read by local names: its operation, its objects, the ids that an answer made.

Takes bytes from files and from the network, so it refuses document types and never resolves an entity. Must not change
a message and must not decide what a difference means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from bridge.contract.contract import XSI
from bridge.parity.terms import ParityError

_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
ROWS = frozenset({"create", "update", "delete", "generate"})


@dataclass(frozen=True, slots=True)
class About:
    """An envelope in a few words. ``objects`` counts the rows of a write, and is 1 for everything else."""

    operation: str
    object: str
    objects: int


def charset_of(body: bytes) -> str:
    """The encoding of an XML text, by its mark or its declaration (XML 1.0, appendix F)."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    found = _DECLARED.match(body[:200])
    return found[1].decode("ascii").lower() if found else "utf-8"


def parse(body: bytes) -> etree._Element:
    """The root element; ``ParityError`` where the text is no XML or has a document type."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParityError(f"not an XML message: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise ParityError("a message with a document type is not read")
    return root


def local(element: etree._Element) -> str:
    """The local name; "" for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def payload(root: etree._Element) -> etree._Element | None:
    """The first element of the Body."""
    for part in root:
        if local(part) == "Body":
            return next((child for child in part if local(child)), None)
    return None


def rows(call: etree._Element) -> list[etree._Element]:
    """The objects of a write, or the ids of a delete."""
    name = "ids" if local(call) == "delete" else "zObjects"
    return [child for child in call if local(child) == name]


def about(body: bytes) -> About:
    """What a request asks for."""
    call = payload(parse(body))
    if call is None:
        raise ParityError("the envelope has no call in its Body")
    operation = local(call)
    listed = rows(call)
    kind = ""
    if operation == "delete":
        kind = next((child.text or "" for child in call if local(child) == "type"), "").strip()
    elif listed:
        kind = (listed[0].get(f"{{{XSI}}}type") or "").strip().rpartition(":")[2]
    elif operation.lower() == "query":
        found = _FROM.search(" ".join(str(text) for text in call.itertext()))
        kind = found[1] if found else ""
    return About(operation, kind, max(1, len(listed)))


def made(body: bytes) -> tuple[tuple[str, ...], str]:
    """The ids of an answer's rows, "" for a row without one, and its query locator."""
    try:
        answer = payload(parse(body))
    except ParityError:
        return (), ""
    if answer is None:
        return (), ""
    found: list[str] = []
    locator = ""
    for result in answer:
        if local(result) not in ("result", "results"):
            continue
        listed = [child for child in result if local(child) == "records"]
        found += [next((c.text or "" for c in row if local(c).lower() == "id"), "") for row in listed or [result]]
        locator = next((c.text or "" for c in result if local(c) == "queryLocator"), locator)
    return tuple(found), locator


def without_rows(body: str, keep: list[int]) -> str:
    """The same request with only those of its objects; for finding the smallest that still shows a difference."""
    root = parse(body.encode())
    call = payload(root)
    assert call is not None
    for place, row in enumerate(rows(call)):
        if place not in keep:
            call.remove(row)
    return etree.tostring(root, encoding="unicode")
