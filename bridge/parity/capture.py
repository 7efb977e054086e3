"""A capture: a header line and one line of JSON per call, capped, without secrets.

The header says the format's version, the bridge's, the WSDL's, a hash of the tenant and the cap. Entries keep the order
of the calls; ids that an answer made are kept, because later calls name them. Must not hold a secret: an entry is made
by ``entry``, which redacts, and ``write`` refuses a text that redaction would still change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.parity import envelope, messages
from bridge.parity.redaction import captured, captured_headers, captured_json_headers
from bridge.parity.terms import SOAP, Entry, ParityError
from bridge.telemetry.redact import redact_text

FORMAT = 1
CAP = 10_000
"""Calls in a capture unless told otherwise; 3,000 clean calls bound a rate at 0.1 %."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A header and its entries. ``dropped`` calls came after the cap."""

    entries: tuple[Entry, ...]
    wsdl: str = "107.0"
    tenant: str = ""
    cap: int = CAP
    dropped: int = 0
    made: str = ""
    bridge: str = __version__

    @property
    def digest(self) -> str:
        """SHA-256 over the entries: two runs of one capture can be told to be so."""
        lines = "\n".join(line(each) for each in self.entries)
        return hashlib.sha256(lines.encode()).hexdigest()


def tenant_hash(tenant_id: str) -> str:
    """Enough to see that two captures are of one tenant, and no more."""
    return hashlib.sha256(f"parity/{tenant_id}".encode()).hexdigest()[:16] if tenant_id else ""


def entry(
    number: int,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    answer: bytes = b"",
    at: str = "",
    source: str = "",
    method: str = "POST",
) -> Entry:
    """One call as it is kept, of SOAP or by its path of the JSON doors; ``ParityError`` where it is none of them."""
    if messages.is_door(path):
        return _json_entry(number, method, path, headers, body, answer, at, source)
    charset = envelope.charset_of(body)
    about = envelope.about(body)
    try:
        text = body.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise ParityError(f"the body is not in its encoding {charset}") from None
    made, locator = envelope.made(answer) if answer else ((), "")
    return Entry(
        number=number,
        # Words of the caller's: an operation that Zuora has not is passed and kept as well.
        operation=redact_text(about.operation),
        object=redact_text(about.object),
        objects=about.objects,
        version=redact_text(path.partition("?")[0].rpartition("/")[2]),
        path=redact_text(path.partition("?")[0]),
        headers=captured_headers(headers),
        charset=charset,
        body=captured(text),
        at=at or datetime.now(UTC).isoformat(timespec="milliseconds"),
        source=source,
        # Ids of what was made; the answer to a delete names what it was asked for, whatever that is.
        made=tuple(map(redact_text, made)),
        locator=locator,
    )


def _json_entry(
    number: int, method: str, path: str, headers: Mapping[str, str], body: bytes, answer: bytes, at: str, source: str
) -> Entry:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParityError("the body is not UTF-8") from None
    asked = messages.about(method, path, text)
    kept = captured_json_headers(headers)
    made, locator = messages.made(answer) if answer else ((), "")
    return Entry(
        number=number,
        operation=asked.about.operation,
        object=redact_text(asked.about.object),
        objects=asked.about.objects,
        version=kept.get("x-zuora-wsdl-version", ""),
        path=asked.path,
        headers=kept,
        charset="utf-8",
        # What stands in the body of a GET or a DELETE means nothing (Zuora: CRUD).
        body=messages.captured(text) if method in ("POST", "PUT") else "",
        at=at or datetime.now(UTC).isoformat(timespec="milliseconds"),
        source=source,
        # Ids of what was made; the answer to a delete names what it was asked for, whatever that is.
        made=tuple(map(redact_text, made)),
        locator=locator,
        method=method,
        door=asked.door,
    )


def _clean(one: Entry) -> bool:
    """Whether redaction has nothing left to take out."""
    if one.door == SOAP:
        return captured(one.body) == one.body
    try:
        return messages.captured(one.body) == one.body
    except ParityError:
        return False


def of(entries: Iterable[Entry], *, cap: int = CAP, wsdl: str = "107.0", tenant: str = "") -> Capture:
    """A capture of at most ``cap`` entries, numbered from 1."""
    listed = list(entries)
    kept = tuple(replace(each, number=place) for place, each in enumerate(listed[:cap], 1))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Capture(kept, wsdl, tenant, cap, len(listed) - len(kept), now)


def write(capture: Capture, path: Path) -> None:
    """Write it; the file is for its owner only."""
    header = {
        "parity_capture": FORMAT,
        "bridge": capture.bridge,
        "wsdl": capture.wsdl,
        "tenant": capture.tenant,
        "cap": capture.cap,
        "dropped": capture.dropped,
        "made": capture.made,
        "sha256": capture.digest,
    }
    for each in capture.entries:
        if not _clean(each):
            raise ParityError(f"call {each.number} still holds what must not be written; nothing was written")
    path.touch(mode=0o600)
    path.write_text("\n".join([json.dumps(header), *map(line, capture.entries)]) + "\n", encoding="utf-8")


def read(path: Path) -> Capture:
    """Read a capture; ``ParityError`` names the line at fault."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ParityError(f"the capture {path} cannot be read: {type(error).__name__}") from None
    head = _json(lines[0], path, 1) if lines else {}
    if head.get("parity_capture") != FORMAT:
        raise ParityError(f"{path} is no capture of format {FORMAT}; `bridge parity record` makes one")
    entries = tuple(_entry(_json(line, path, at), path, at) for at, line in enumerate(lines[1:], 2) if line.strip())
    made = Capture(
        entries,
        wsdl=str(head.get("wsdl", "")),
        tenant=str(head.get("tenant", "")),
        cap=int(head.get("cap", CAP)),
        dropped=int(head.get("dropped", 0)),
        made=str(head.get("made", "")),
        bridge=str(head.get("bridge", "")),
    )
    if head.get("sha256") not in (None, made.digest):
        raise ParityError(f"{path} was changed after it was written, or is cut off")
    return made


def lines(path: Path) -> list[Entry]:
    """Entries of a file without a header, as a tap writes them."""
    try:
        found = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ParityError(f"{path} cannot be read: {type(error).__name__}") from None
    # A process that was killed leaves half a line at the end.
    whole = found if not found or found[-1].endswith("}") else found[:-1]
    return [_entry(_json(each, path, at), path, at) for at, each in enumerate(whole, 1)]


def line(one: Entry) -> str:
    """An entry as a line of JSON."""
    told: dict[str, Any] = {
        "n": one.number,
        "operation": one.operation,
        "object": one.object,
        "objects": one.objects,
        "version": one.version,
        "path": one.path,
        "headers": dict(one.headers),
        "charset": one.charset,
        "body": one.body,
        "at": one.at,
        "source": one.source,
        "made": list(one.made),
        "locator": one.locator,
    }
    if one.door != SOAP:
        # Left out of SOAP's, so that the digests of older captures hold.
        told |= {"method": one.method, "door": one.door}
    return json.dumps(told, ensure_ascii=False)


def _json(line: str, path: Path, at: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise ParityError(f"{path}, line {at}: not JSON") from None
    if not isinstance(found, dict):
        raise ParityError(f"{path}, line {at}: not an object")
    return found


def _entry(told: dict[str, Any], path: Path, at: int) -> Entry:
    try:
        return Entry(
            number=int(told["n"]),
            operation=str(told["operation"]),
            object=str(told["object"]),
            objects=int(told["objects"]),
            version=str(told["version"]),
            path=str(told["path"]),
            headers={str(name): str(value) for name, value in told["headers"].items()},
            charset=str(told["charset"]),
            body=str(told["body"]),
            at=str(told["at"]),
            source=str(told.get("source", "")),
            made=tuple(map(str, told.get("made", ()))),
            locator=str(told.get("locator", "")),
            method=str(told.get("method", "POST")),
            door=str(told.get("door", SOAP)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ParityError(f"{path}, line {at}: not an entry of a capture") from None
