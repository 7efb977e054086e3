"""Remembers every request that reached the sandbox, for tests that prove what was and was not sent.

Must not show a secret: passwords, sessions, tokens and client secrets are masked when a record is read.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.sandbox.clock import query_date_time
from bridge.sandbox.money import Json
from bridge.sandbox.sessions import fingerprint

_SOAP_SECRET = re.compile(
    r"(<(?:[\w.-]+:)?(?:password|session)(?:\s[^>]*)?>)(.*?)(</(?:[\w.-]+:)?(?:password|session)\s*>)",
    re.IGNORECASE | re.DOTALL,
)
_FORM_SECRET = re.compile(r"((?:^|&)client_secret=)([^&]*)")
# Bodies kept in all; batches of fifty objects would otherwise fill memory long before their number does.
_MOST_BYTES = 64 * 1024 * 1024
_SECRET_HEADERS = ("authorization", "apisecretaccesskey", "cookie")
_OPERATION = re.compile(rb"Body\b[^>]*>\s*(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")
_ACTION_READS = ("/v1/action/query", "/v1/action/queryMore")


@dataclass
class Recorded:
    """One request and what became of it."""

    seq: int
    at: datetime
    face: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    operation: str
    state_changing: bool
    status: int = 0
    replayed: bool = False
    faults: list[str] = field(default_factory=list)

    def wire(self) -> dict[str, Json]:
        """Return the record as the control face shows it."""
        return {
            "seq": self.seq,
            "at": query_date_time(self.at),
            "face": self.face,
            "method": self.method,
            "path": self.path,
            "headers": {name: masked_header(name, value) for name, value in self.headers.items()},
            "body": masked_body(self.body, self.headers.get("content-type", "")),
            "operation": self.operation,
            "stateChanging": self.state_changing,
            "status": self.status,
            "replayed": self.replayed,
            "faults": list(self.faults),
        }


class Recording:
    """The requests so far, newest last; bounded, so that a benchmark does not fill memory."""

    def __init__(self, most: int) -> None:
        self._kept: deque[Recorded] = deque(maxlen=max(most, 0))
        self._bytes = 0
        self._count = 0

    def resize(self, most: int) -> None:
        """Keep another number of requests from now on."""
        self._kept = deque(self._kept, maxlen=max(most, 0))

    def add(
        self, at: datetime, face: str, method: str, path: str, headers: Mapping[str, str], body: bytes, operation: str
    ) -> Recorded:
        """Remember a request before it is handled."""
        self._count += 1
        changing = _is_write(face, method, path, operation)
        record = Recorded(self._count, at, face, method, path, headers, body, operation, changing)
        if len(self._kept) == self._kept.maxlen:
            self._forget_oldest()
        self._kept.append(record)
        self._bytes += len(body)
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            self._forget_oldest()
        return record

    def _forget_oldest(self) -> None:
        if self._kept:
            self._bytes -= len(self._kept.popleft().body)

    def clear(self) -> int:
        """Forget everything; return how many there were."""
        count = len(self._kept)
        self._kept.clear()
        self._bytes = 0
        return count

    def wire(self, after: int = 0) -> list[Json]:
        """Return the records after a sequence number."""
        return [record.wire() for record in self._kept if record.seq > after]


def soap_operation(body: bytes) -> str:
    """Return the local name of the first element in a SOAP body, or nothing where it cannot be seen."""
    found = _OPERATION.search(body)
    return found[1].decode("ascii", "replace") if found else ""


def as_utf8(body: bytes, content_type: str) -> bytes:
    """Return a SOAP body in UTF-8: the engine reads the charset of the header first, then the byte order mark."""
    charset = _charset(content_type)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        charset = "utf-16"
    if charset.lower() in ("utf-8", "us-ascii"):
        return body
    try:
        return _DECLARATION.sub("", body.decode(charset)).encode()
    except (LookupError, UnicodeError):
        return body


def _charset(content_type: str) -> str:
    found = re.search(r"charset=\s*\"?([\w-]+)", content_type, re.IGNORECASE)
    return found[1] if found else "utf-8"


def masked_header(name: str, value: str) -> str:
    """Return a header value that may be shown; equal secrets stay recognisable by their fingerprint."""
    if name in _SECRET_HEADERS:
        # Only an Authorization header begins with something that may be shown.
        scheme, _, secret = value.partition(" ") if name == "authorization" else ("", "", "")
        return f"{scheme} ***{fingerprint(secret)}" if secret else f"***{fingerprint(value)}"
    return value


def masked_body(body: bytes, content_type: str) -> str:
    """Return a body's text without passwords, sessions and client secrets."""
    try:
        text = body.decode("utf-8" if b"Envelope" in body else _charset(content_type), "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    text = _SOAP_SECRET.sub(lambda found: f"{found[1]}***{fingerprint(found[2])}{found[3]}", text)
    return _FORM_SECRET.sub(r"\1***", text)


def _is_write(face: str, method: str, path: str, operation: str) -> bool:
    if face == "soap":
        return operation in ("create", "update", "delete", "generate", "execute", "subscribe", "amend")
    if face != "rest" or method in ("GET", "HEAD", "OPTIONS"):
        return False
    return path.partition("?")[0] not in (*_ACTION_READS, "/v1/connections")
