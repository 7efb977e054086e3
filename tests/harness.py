"""A world for black-box tests: one simulated Zuora, one bridge before it, real HTTP and a real SQLite file.

What goes in is written by hand here and never with the bridge's own code, so that a mistake in that code cannot agree
with itself. Must not know a scenario.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

from harness_wire import (
    API,
    OBJECT,
    SOAP11,
    TODAY,
    XML_HEADERS,
    XSI,
    Answer,
    Headers,
    Obj,
    Seen,
    Value,
    deleted,
    envelope,
    part,
    payment,
    post,
    raw,
    refund,
    saved,
    until,
)

from bridge.background import AppThread
from bridge.journal import Journal
from bridge.sandbox import SandboxThread
from bridge.settings import Settings

__all__ = [
    "API",
    "DATABASE",
    "ERP",
    "OBJECT",
    "PROGRAM",
    "REQUESTS",
    "SOAP11",
    "TODAY",
    "XML_HEADERS",
    "XSI",
    "Answer",
    "Headers",
    "Obj",
    "Seen",
    "Value",
    "World",
    "deleted",
    "envelope",
    "part",
    "payment",
    "post",
    "raw",
    "refund",
    "saved",
    "until",
]


ERP = "erp@example.com"
DATABASE = "bridge.db"
REQUESTS = "BRIDGE_TEST_REQUESTS"
"""Where this names a file, every world appends the REST requests that reached its Zuora."""


_MATCH = ("method", "path", "operation", "body", "nth", "skip")
PROGRAM = "from bridge.cli import main; main()"
_SERVING = re.compile(r"bridge: serving (http://[^,\s]+)")


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

    def serve(self, program: str = PROGRAM, **more: str) -> subprocess.Popen[str]:
        """`bridge serve` as a process of its own, on the same journal; ``url`` is its address.

        ``program`` is what Python runs, for a bridge of another release.
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
            [sys.executable, "-c", program, "serve"],
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

    def log_in_again(self) -> None:
        """The ERP's session is a new one from now on."""
        self._session = self.login()

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
