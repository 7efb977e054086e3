"""A folder of files as calls, in the order of names: ``NAME.xml`` an envelope, ``NAME.http`` a whole request of SOAP.

``NAME.json`` is a call of the JSON doors: ``{"method", "path", "headers", "body"}``. ``NAME.answer.xml`` or
``NAME.answer.json`` beside one is its answer, from which the ids it made are learned. In a request, ``{id:3.1}`` stands
for what call 3 made as its first result. Must not send anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.parity import messages
from bridge.parity.capture import entry
from bridge.parity.terms import Entry, ParityError

ANSWER = ".answer.xml"
JSON_ANSWER = ".answer.json"


def count(folder: Path) -> int:
    """How many calls a folder holds; 0 where there is none."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sum(each.suffix in (".xml", ".http") and not each.name.endswith(ANSWER) for each in found)


def calls(folder: Path, version: str) -> Iterator[Entry]:
    """The calls of a folder; ``version`` is the WSDL version of envelopes that say none."""
    if not folder.is_dir():
        raise ParityError(f"there is no folder {folder}")
    files = sorted(each for each in folder.iterdir() if each.suffix in (".xml", ".http", ".json"))
    found = [each for each in files if not each.name.endswith((ANSWER, JSON_ANSWER))]
    if not found:
        raise ParityError(f"{folder} holds no NAME.xml, no NAME.http and no NAME.json")
    for place, each in enumerate(found, 1):
        ending = JSON_ANSWER if each.suffix == ".json" else ANSWER
        beside = each.with_name(each.name.removesuffix(each.suffix) + ending)
        answer = beside.read_bytes() if beside.is_file() else b""
        try:
            if each.suffix == ".json":
                method, path, headers, body = _json_request(each.read_bytes())
            else:
                method, (path, headers, body) = "POST", _request(each.read_bytes(), each.suffix, version)
            yield entry(place, path, headers, body, answer=answer, source=each.name, method=method)
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


def _json_request(raw: bytes) -> tuple[str, str, dict[str, str], bytes]:
    try:
        told = messages.parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ParityError("not UTF-8") from None
    if not isinstance(told, dict) or set(told) - {"method", "path", "headers", "body"} or "path" not in told:
        raise ParityError('must be {"method", "path", "headers", "body"}')
    path, headers = str(told["path"]), told.get("headers", {})
    if not isinstance(headers, dict):
        raise ParityError("headers must be an object")
    if not messages.is_door(path):
        raise ParityError(f"{path[:80]!r} is no path of Actions or CRUD")
    named = {"Content-Type": "application/json"} | {str(name): str(value) for name, value in headers.items()}
    body = messages.dump(told["body"]).encode() if told.get("body") is not None else b""
    return str(told.get("method", "POST")).upper(), path, named, body
