"""A folder of SOAP files as calls: ``NAME.xml`` an envelope, ``NAME.http`` a whole request, in the order of names.

``NAME.answer.xml`` beside one is its answer, from which the ids it made are learned. In a request, ``{id:3.1}`` stands
for what call 3 made as its first result. Must not send anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.parity.capture import entry
from bridge.parity.terms import Entry, ParityError

ANSWER = ".answer.xml"


def count(folder: Path) -> int:
    """How many calls a folder holds; 0 where there is none."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sum(each.suffix in (".xml", ".http") and not each.name.endswith(ANSWER) for each in found)


def calls(folder: Path, version: str) -> Iterator[Entry]:
    """The calls of a folder; ``version`` is the WSDL version of envelopes that say none."""
    if not folder.is_dir():
        raise ParityError(f"there is no folder {folder}")
    files = sorted(each for each in folder.iterdir() if each.suffix in (".xml", ".http"))
    found = [each for each in files if not each.name.endswith(ANSWER)]
    if not found:
        raise ParityError(f"{folder} holds no NAME.xml and no NAME.http")
    for place, each in enumerate(found, 1):
        beside = each.with_name(each.name.removesuffix(each.suffix) + ANSWER)
        answer = beside.read_bytes() if beside.is_file() else b""
        try:
            path, headers, body = _request(each.read_bytes(), each.suffix, version)
            yield entry(place, path, headers, body, answer=answer, source=each.name)
        except ParityError as error:
            raise ParityError(f"{each}: {error}") from None


def _request(raw: bytes, suffix: str, version: str) -> tuple[str, dict[str, str], bytes]:
    if suffix == ".xml":
        return f"/apps/services/a/{version}", {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}, raw
    head, separator, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    words = lines[0].split()
    if not separator or len(words) < 2 or words[0].upper() != "POST":
        raise ParityError("must be `POST /apps/services/a/107.0`, headers, an empty line and the envelope")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ParityError(f"{line[:60]!r} is no header")
        headers[name.strip()] = value.strip()
    path = words[1]
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path, headers, body
