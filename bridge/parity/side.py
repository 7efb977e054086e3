"""One side of a replay: an origin that speaks SOAP and JSON, a user, and what the capture's ids are called there.

It logs in by itself, so that no capture ever needs a session; each call has a connection of its own and is sent once,
whatever happens, because a lost answer may have moved money. Must not compare and must not decide what is sent.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from bridge.parity import envelope, messages
from bridge.parity.terms import SOAP, Answer, Entry, ParityError

TIMEOUT_SECONDS = 130.0
"""Zuora ends a request after 120 s."""

LOGIN_SECONDS = 600.0
"""A session is renewed after this long; the shortest session that Zuora can be told to give lives 15 minutes."""

NOBODY = "0" * 32
"""Stands for an id that this side never made."""

_MADE = re.compile(r"\{id:(\d+)\.(\d+)\}")
_WORD = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z-]*")
_LOGIN = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:ns1="http://api.zuora.com/"><soapenv:Body><ns1:login><ns1:username>{}</ns1:username>'
    "<ns1:password>{}</ns1:password></ns1:login></soapenv:Body></soapenv:Envelope>"
)
_SESSION = re.compile(rb"<(?:[\w.-]+:)?Session(?:\s[^<>]*)?>([^<]+)<")
_CREATING = frozenset({"create", "generate", "subscribe", "amend"})


@dataclass(slots=True)
class Side:
    """A side. ``given`` maps ids of the capture to this side's, ``tokens`` this side's to what they stand for."""

    name: str
    origin: str
    username: str
    password: str
    title: str = ""
    given: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    made: dict[tuple[int, int], str] = field(default_factory=dict)
    session: str = ""
    _since: float = 0.0

    def login(self) -> None:
        """Get a session; ``ParityError`` where the side does not give one."""
        body = _LOGIN.format(escape(self.username), escape(self.password)).encode()
        headers = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
        answer = self._post("/apps/services/a/107.0", headers, body)
        found = _SESSION.search(answer.body)
        if found is None:
            why = answer.trouble or f"HTTP {answer.status}"
            raise ParityError(f"the {self.name} side {self.origin} did not log {self.username} in: {why}")
        self.session = found[1].decode()
        self._since = time.monotonic()

    def send(self, entry: Entry) -> Answer:
        """Send one call, with this side's session and ids, and learn the ids of its answer."""
        if not self.session or time.monotonic() - self._since > LOGIN_SECONDS:
            self.login()
        if entry.door != SOAP:
            # Zuora: Actions: a session of SOAP's login is good for REST.
            headers = {**entry.headers, "Authorization": f"ZSession {self.session}"}
            path, body = self._own(entry.path), self._own(entry.body).encode()
            answer = self._ask(entry.method, path, headers, body)
            self._learn(entry, answer)
            return answer
        text = self.spoken(entry)
        secret = {
            "{session}": escape(self.session),
            "{username}": escape(self.username),
            "{password}": escape(self.password),
        }
        for mark, value in secret.items():
            text = text.replace(mark, value)
        answer = self._post(entry.path, entry.headers, text.encode(entry.charset, "xmlcharrefreplace"))
        self._learn(entry, answer)
        return answer

    def spoken(self, entry: Entry) -> str:
        """The call with this side's ids; secrets are still placeholders."""
        if entry.door == SOAP:
            return self._own(entry.body)
        head = f"{entry.method} {self._own(entry.path)}"
        return f"{head}\n\n{self._own(entry.body)}" if entry.body else head

    def _own(self, text: str) -> str:
        text = _MADE.sub(lambda found: self.made.get((int(found[1]), int(found[2])), NOBODY), text)
        return _WORD.sub(lambda found: self.given.get(found[0], found[0]), text) if self.given else text

    def _learn(self, entry: Entry, answer: Answer) -> None:
        ids, locator = (envelope if entry.door == SOAP else messages).made(answer.body)
        for place, found in enumerate(ids):
            if found and entry.verb in _CREATING:
                self.made[entry.number, place + 1] = found
                self.tokens.setdefault(found, f"{{id:{entry.number}.{place + 1}}}")
            if found and place < len(entry.made) and entry.made[place]:
                self.given.setdefault(entry.made[place], found)
        if locator:
            self.tokens[locator] = f"{{locator:{entry.number}}}"
            if entry.locator:
                self.given[entry.locator] = locator

    def _post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return self._ask("POST", path, headers, body)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(self.origin)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        began = time.perf_counter()
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, b"", time.perf_counter() - began, trouble=type(error).__name__)
        finally:
            connection.close()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, content, time.perf_counter() - began)


def origin(text: str) -> str:
    """An origin without a path; ``ParityError`` for anything else."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise ParityError(f"{text[:80]!r} is no origin such as https://rest.test.zuora.com")
    return f"{parts.scheme}://{parts.netloc}"
