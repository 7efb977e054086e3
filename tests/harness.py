"""A world for black-box tests: one simulated Zuora, one bridge before it, real HTTP and a real SQLite file.

What goes in is written by hand here and never with the bridge's own code, so that a mistake in that code cannot agree
with itself. Must not know a scenario.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias
from unittest import mock
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from bridge.background import AppThread
from bridge.journal import Journal
from bridge.sandbox import SandboxThread
from bridge.settings import Settings

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML_HEADERS = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
ERP = "erp@example.com"
TODAY = "2026-02-20"
DATABASE = "bridge.db"
REQUESTS = "BRIDGE_TEST_REQUESTS"
"""Where this names a file, every world appends the REST requests that reached its Zuora."""

Value: TypeAlias = "str | Sequence[Obj] | None"
Headers: TypeAlias = "Sequence[tuple[str, str]]"


_MATCH = ("method", "path", "operation", "body", "nth", "skip")
_SERVING = re.compile(r"bridge: serving (http://[^,\s]+)")


# ------------------------------------------------------------------ what callers send


@dataclass(frozen=True)
class Obj:
    """One object of a call. ``@name`` in a value stands for the id of that object in the fixture."""

    type: str
    fields: Mapping[str, Value]

    def but(self, **fields: Value) -> Obj:
        """The same with other fields; None takes one away."""
        return Obj(self.type, {k: v for k, v in {**self.fields, **fields}.items() if v is not None})


def payment(**fields: Value) -> Obj:
    """A payment with everything Zuora requires; None takes a field away."""
    common: dict[str, Value] = {
        "AccountId": "@A",
        "EffectiveDate": TODAY,
        "PaymentMethodId": "@PMx",
        "Status": "Processed",
        "Type": "External",
    }
    return Obj("Payment", common).but(**fields)


def refund(**fields: Value) -> Obj:
    """An external refund of today by check; None takes a field away."""
    return Obj("Refund", {"Type": "External", "MethodType": "Check", "RefundDate": TODAY}).but(**fields)


def part(kind: str, **fields: str) -> Obj:
    """A row of a container."""
    return Obj(kind, fields)


def envelope(body: str, session: str | None = None, headers: str = "") -> bytes:
    """A SOAP 1.1 envelope as a careful client writes it."""
    if session is not None:
        headers = f"<ns1:SessionHeader><ns1:session>{escape(session)}</ns1:session></ns1:SessionHeader>{headers}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{SOAP11}" xmlns:ns1="{API}" xmlns:ns2="{OBJECT}" xmlns:xsi="{XSI}">'
        f"<soapenv:Header>{headers}</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def saved(op: str, objects: Sequence[Obj]) -> str:
    """The body of a create or update."""
    return f"<ns1:{op}>{''.join(_zobject(each) for each in objects)}</ns1:{op}>"


def deleted(kind: str, ids: Sequence[str]) -> str:
    """The body of a delete."""
    return f"<ns1:delete><ns1:type>{kind}</ns1:type>{''.join(f'<ns1:ids>{i}</ns1:ids>' for i in ids)}</ns1:delete>"


def _zobject(one: Obj) -> str:
    return f"<ns1:zObjects xsi:type={quoteattr(f'ns2:{one.type}')}>{_fields(one)}</ns1:zObjects>"


def _fields(one: Obj) -> str:
    # fieldsToNull belongs to the base type, so it stands first (Zuora: SOAP API WSDL, zObject).
    ordered = sorted(one.fields, key=lambda name: (name != "fieldsToNull", name))
    return "".join(_field(name, one.fields[name]) for name in ordered)


def _field(name: str, value: Value) -> str:
    if value is None or isinstance(value, str):
        return f"<ns2:{name}>{escape(value or '')}</ns2:{name}>"
    rows = "".join(f"<{_row_prefix(row)}:{row.type}>{_fields(row)}</{_row_prefix(row)}:{row.type}>" for row in value)
    return f"<ns2:{name}>{rows}</ns2:{name}>"


def _row_prefix(row: Obj) -> str:
    # Zuora's WSDL has these two containers in the object namespace, their rows in the api namespace.
    return "ns1" if row.type != "GatewayOption" else "ns2"


# ------------------------------------------------------------------ what comes back


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that came at most once."""
        found = [value for each, value in self.headers if each.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None

    @property
    def xml(self) -> etree._Element:
        """The envelope."""
        return etree.fromstring(self.body)

    @property
    def payload(self) -> etree._Element:
        """The one element in the Body."""
        (body,) = self.xml
        (payload,) = body
        return payload

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The results of a write: Id, Success and Errors as a list of Code, Message, Field. Keys in lower case."""
        assert self.status == 200, (self.status, self.body)
        return [_row(result) for result in self.payload]

    @property
    def ids(self) -> list[str]:
        """The Id of every row; every row is a success."""
        assert all(row["success"] == "true" for row in self.rows), self.body
        return [row["id"] for row in self.rows]

    @property
    def fault(self) -> dict[str, str]:
        """faultcode, faultstring, kind, code and message of a fault."""
        payload = self.payload
        assert etree.QName(payload).localname == "Fault", self.body
        told = {etree.QName(child).localname: child.text or "" for child in payload if not len(child)}
        for kind in payload.find("detail") if payload.find("detail") is not None else ():
            told["kind"] = etree.QName(kind).localname
            told |= {
                {"FaultCode": "code", "FaultMessage": "message"}[etree.QName(leaf).localname]: leaf.text or ""
                for leaf in kind
            }
        return told


def _row(result: etree._Element) -> dict[str, Any]:
    row: dict[str, Any] = {"id": None, "success": None, "errors": []}
    for child in result:
        name = etree.QName(child).localname.lower()
        if name == "errors":
            row["errors"].append({etree.QName(leaf).localname: leaf.text for leaf in child})
        else:
            row[name] = child.text
    return row


@dataclass(frozen=True)
class Seen:
    """A request as it reached Zuora. ``objects`` are those of a SOAP write, in order."""

    seq: int
    face: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    operation: str
    changing: bool
    status: int
    replayed: bool
    faults: Sequence[str] = field(default_factory=tuple)

    @property
    def line(self) -> str:
        """What was asked, in a few words."""
        return self.operation if self.face == "soap" else f"{self.method} {self.path}"

    @property
    def json(self) -> Any:
        """The body with every number as its text, so that 80 and 80.0 differ."""
        return json.loads(self.body, parse_float=str, parse_int=str)

    @property
    def objects(self) -> list[Obj]:
        """The objects of a SOAP create or update."""
        body = etree.fromstring(self.body.encode())[-1]
        return [_read(each, each.get(f"{{{XSI}}}type", "").rpartition(":")[2]) for each in body[0]]


def _read(element: etree._Element, kind: str) -> Obj:
    fields: dict[str, Value] = {}
    for child in element:
        name = etree.QName(child).localname
        rows = [_read(row, etree.QName(row).localname) for row in child]
        fields[name] = rows or (child.text or "")
    return Obj(kind, fields)


# ------------------------------------------------------------------ sending


def post(
    url: str, body: bytes, headers: Headers = XML_HEADERS, *, method: str = "POST", timeout: float = 60.0
) -> Answer:
    """One request with exactly these headers (and Host, Content-Length) on a connection of its own."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)) as wire:
        wire.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            wire.putheader(name, value)
        named = {name.lower() for name, _ in headers}
        if body and not named & {"content-length", "transfer-encoding"}:
            wire.putheader("Content-Length", str(len(body)))
        wire.endheaders(body or None)
        return _answer(wire.getresponse())


def _answer(came: http.client.HTTPResponse) -> Answer:
    return Answer(came.status, tuple(came.getheaders()), came.read())


def raw(url: str, request: bytes, *, timeout: float = 60.0, pieces: int = 0) -> Answer:
    """Exactly these bytes over a socket, in pieces of so many bytes where given."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout) as wire:
        for start in range(0, len(request), pieces or len(request)):
            wire.sendall(request[start : start + (pieces or len(request))])
        came = http.client.HTTPResponse(wire)
        try:
            while True:
                came.begin()
                if came.status != 100:
                    break
            return _answer(came)
        finally:
            came.close()


def until(condition: Callable[[], Any], seconds: float = 10.0, what: str = "it") -> Any:
    """Wait for a condition; returns its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.005)
    return value


# ------------------------------------------------------------------ the world


@cache
def _empty_journal() -> dict[str, bytes]:
    """The files of a journal that was opened once: copying them costs less than migrating anew for every test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        Journal.open(f"sqlite:///{path / DATABASE}", None, "template").close()
        return {each.name: each.read_bytes() for each in path.iterdir()}


class World:
    """A simulated Zuora and a bridge before it. Use it as a context manager.

    ``settings`` are those of the bridge; ``zuora`` adds to the ones that point at the sandbox. ``patience`` is how long
    the journal waits for a lock, ``bridges`` how many share it from the start. The database is in ``folder``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        zuora: Mapping[str, Any] | None = None,
        patience: float = 5.0,
        bridges: int = 1,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self._count = bridges
        self._patience = patience
        self.sandbox = SandboxThread()
        self.bridges: list[AppThread] = []
        self.names: dict[str, str] = {}
        self._zuora = dict(zuora or {})
        self._given = settings
        self._session: str | None = None
        self._processes: list[subprocess.Popen[str]] = []
        self._ended = False

    def __enter__(self) -> World:
        for name, content in _empty_journal().items():
            path = self.folder / name
            path.write_bytes(content)
            path.chmod(0o600)
        self.sandbox.__enter__()
        self.names = dict(self.ledger()["names"])
        try:
            for _ in range(self._count):
                self.add_bridge()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._ended:
            return
        self._ended = True
        for process in self._processes:
            process.kill()
            process.wait()
        for bridge in self.bridges:
            bridge.stop()
        if REQUESTS in os.environ:
            self._keep_requests(Path(os.environ[REQUESTS]))
        self.sandbox.stop()

    def _keep_requests(self, path: Path) -> None:
        """Append what Zuora's REST was sent, one JSON object a line, for who checks its bodies with other tools."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        lines = [
            {"test": test, **{name: getattr(one, name) for name in ("method", "path", "headers", "body", "status")}}
            for one in self.requests()
            if one.face == "rest"
        ]
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{json.dumps(each)}\n" for each in lines))

    # -------------------------------------------------------------- bridges

    @property
    def settings(self) -> Settings:
        """The bridge's settings."""
        zuora = {
            "soap_url": self.sandbox.url,
            "rest_url": self.sandbox.url,
            "client_id": "demo-client",
            "client_secret": "demo-secret",
            "tenant_id": "10000",
        }
        given = {
            "callers": {"erp": {"usernames": [ERP], "allow": ["*"]}},
            "admin": {"listen": "127.0.0.1:0"},
            **self._given,
        }
        return Settings(
            listen="127.0.0.1:0",
            database_url=f"sqlite:///{self.folder / DATABASE}",
            zuora={name: value for name, value in {**zuora, **self._zuora}.items() if value is not None},
            **given,
        )

    def add_bridge(self) -> AppThread:
        """Another process's worth of bridge on the same journal."""
        bridge = AppThread(self.settings)
        with mock.patch.object(Journal, "open", partial(Journal.open, patience=self._patience)):
            bridge.__enter__()
        self.bridges.append(bridge)
        return bridge

    @contextlib.contextmanager
    def journal_locked(self) -> Iterator[None]:
        """Another program holds the journal's write lock."""
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def restart(self) -> None:
        """Stop every bridge and start one on the same journal."""
        for bridge in self.bridges:
            bridge.stop()
        self.bridges.clear()
        self.add_bridge()

    @property
    def url(self) -> str:
        """Where callers reach the (first) bridge, or the process started last."""
        return self.bridges[0].url if self.bridges else self._process_url

    def serve(self, **more: str) -> subprocess.Popen[str]:
        """`bridge serve` as a process of its own, on the same journal; ``url`` is its address.

        ``more`` are further settings, named as their variables without ``BRIDGE_``.
        """
        settings = {
            "LISTEN": "127.0.0.1:0",
            "ADMIN__LISTEN": "127.0.0.1:0",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "ZUORA__SOAP_URL": self.sandbox.url,
            "ZUORA__REST_URL": self.sandbox.url,
            "ZUORA__CLIENT_ID": "demo-client",
            "ZUORA__CLIENT_SECRET": "demo-secret",
            "ZUORA__TENANT_ID": "10000",
            "CALLERS": json.dumps({"erp": {"usernames": [ERP], "allow": ["*"]}}),
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", "from bridge.cli import main; main()", "serve"],
            env={"PATH": os.environ["PATH"], **{f"BRIDGE_{name}": value for name, value in settings.items()}},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        with process.stdout as lines:
            found = next((each for line in lines if (each := _SERVING.match(line))), None)
        assert found is not None, "bridge serve ended before it served"
        self._process_url = found[1]
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End a process without a chance to tidy up, and let it be dead for a while: nobody takes it for alive."""
        process.kill()
        process.wait()
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as journal:
            journal.execute("UPDATE instance SET heartbeat_at = heartbeat_at - 60000")

    @property
    def database(self) -> Path:
        """The journal's file."""
        return self.folder / DATABASE

    # -------------------------------------------------------------- calling

    def endpoint(self, version: str = "107.0", *, direct: bool = False) -> str:
        """The SOAP address at the bridge or, directly, at Zuora."""
        return f"{self.sandbox.url if direct else self.url}/apps/services/a/{version}"

    def login(self, user: str = ERP, *, version: str = "107.0", entity: str = "") -> str:
        """A session got by logging in through the bridge, in the entity of this name where one is given."""
        named = f"<ns1:entityName>{entity}</ns1:entityName>" if entity else ""
        body = f"<ns1:login><ns1:username>{user}</ns1:username><ns1:password>demo</ns1:password>{named}</ns1:login>"
        answer = post(self.endpoint(version), envelope(body))
        assert answer.status == 200, answer.body
        return str(answer.payload.findtext(f"{{{API}}}result/{{{API}}}Session"))

    @property
    def session(self) -> str:
        """The ERP's session; logged in at the first use."""
        if self._session is None:
            self._session = self.login()
        return self._session

    def message(self, body: str, *, session: str | None = None, headers: str = "") -> bytes:
        """An envelope under the ERP's session, or another one; an empty text means none."""
        return envelope(body, self.session if session is None else session or None, headers)

    def create(self, *objects: Obj, version: str = "107.0", session: str | None = None, at: str = "") -> Answer:
        """Create objects through the bridge (the one ``at``, if given)."""
        body = self.message(saved("create", [self.resolve(each) for each in objects]), session=session)
        return post(f"{at or self.url}/apps/services/a/{version}", body)

    def resolve(self, one: Obj) -> Obj:
        """The object with ids in place of ``@name``."""
        return Obj(one.type, {name: self._resolved(value) for name, value in one.fields.items()})

    def _resolved(self, value: Value) -> Value:
        if isinstance(value, str):
            return self.id(value)
        return None if value is None else [self.resolve(row) for row in value]

    def id(self, text: str) -> str:
        """The id behind ``@name``, or the text as it is."""
        return self.names[text[1:]] if text.startswith("@") else text

    # -------------------------------------------------------------- Zuora's side

    def control(self, path: str, given: object = None) -> Any:
        """Ask the sandbox's control face."""
        body = None if given is None else json.dumps(given).encode()
        with urllib.request.urlopen(f"{self.sandbox.url}/sandbox/{path}", body, timeout=10) as came:
            return json.load(came, parse_float=Decimal)

    def ledger(self, entity: str = "") -> Any:
        """The books, of an entity where one is given by its name."""
        return self.control(f"ledger?entity={entity}" if entity else "ledger")

    def requests(self, after: int = 0) -> list[Seen]:
        """What reached Zuora after a sequence number."""
        return [
            Seen(
                seq=one["seq"],
                face=one["face"],
                method=one["method"],
                path=one["path"],
                headers=one["headers"],
                body=one["body"],
                operation=one["operation"],
                changing=one["stateChanging"],
                status=one["status"],
                replayed=one["replayed"],
                faults=one["faults"],
            )
            for one in self.control(f"requests?after={after}")
        ]

    def writes(self, after: int = 0) -> list[Seen]:
        """The state-changing ones among them."""
        return [one for one in self.requests(after) if one.changing]

    def mark(self) -> int:
        """The sequence number of the last request so far."""
        return max((one.seq for one in self.requests()), default=0)

    def fault(self, kind: str, **given: Any) -> None:
        """Order a fault. ``method``, ``path``, ``operation``, ``body``, ``nth`` and ``skip`` say for which requests."""
        match = {key: given.pop(key) for key in _MATCH if key in given}
        self.control("faults", {"kind": kind, "match": match, **given})

    def advance(self, seconds: float) -> None:
        """Move Zuora's clock."""
        self.control("clock", {"advance_seconds": seconds})

    def payments(self) -> list[Any]:
        """The payments that the fixture did not have."""
        return [one for one in self.ledger()["payments"] if one["name"] is None]

    def refunds(self) -> list[Any]:
        """The refunds that the fixture did not have."""
        return [one for one in self.ledger()["refunds"] if one["name"] is None]

    def document(self, name: str) -> Any:
        """An invoice, debit memo or credit memo of the fixture."""
        books = self.ledger()
        for shelf in ("invoices", "debitMemos", "creditMemos", "payments"):
            for one in books[shelf]:
                if one["name"] == name:
                    return one
        raise KeyError(name)

    def quiet(self) -> None:
        """Wait until every request that reached Zuora was answered and no further one comes for a while."""
        seen, since = -1, time.monotonic()
        deadline = since + 20
        while time.monotonic() - since < 0.3:
            assert time.monotonic() < deadline, "Zuora is still being asked"
            requests = self.requests()
            if len(requests) != seen or any(one.status == 0 and not one.faults for one in requests):
                seen, since = len(requests), time.monotonic()
            time.sleep(0.02)
