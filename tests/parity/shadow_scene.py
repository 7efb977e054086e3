"""A world whose bridge shadows: its rules count from its start, what was compared read out of its journal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from harness import Answer, World, post, until

from bridge.cutover.reading import parse
from bridge.cutover.standing import FIRST, with_rules
from bridge.journal import Journal

TOKEN = "an-owner's-token-0123456789"
ADMIN = {"listen": "127.0.0.1:0", "token": TOKEN}
SOON = 15.0

QUERIES = """[[rule]]
name = "queries aside"
operation = "query"
route = "shadow"
"""
WRITES = """[[rule]]
name = "writes aside"
operation = ["create", "update", "delete"]
route = "shadow"
"""


@dataclass(frozen=True)
class Kept:
    """A row of the table."""

    kind: str
    rule: str
    operation: str
    object_type: str
    intent_id: str | None
    equal: bool
    detail: dict[str, Any]

    @property
    def paths(self) -> list[str]:
        """What differs."""
        return [each["path"] for each in self.detail.get("differences", [])]


def ask(world: World, name: str, said: dict[str, object] | None = None) -> Any:
    """The admin API's answer; a change is alice's."""
    body = None if said is None else json.dumps(said | {"reason": "a step", "by": "alice"}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"{world.bridges[0].admin_url}/admin/api/{name}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as came:
        return json.load(came)


def metrics(world: World) -> str:
    """What Prometheus reads."""
    with urllib.request.urlopen(f"{world.bridges[0].admin_url}/metrics", timeout=10) as came:
        return str(came.read(), "utf-8")


def counted(world: World, name: str, **labels: str) -> float:
    """One sample."""
    wanted = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    found = [line for line in metrics(world).splitlines() if line.startswith(f"{name}{{{wanted}}}")]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


@contextlib.contextmanager
def shadowed(folder: Path, toml: str, **settings: Any) -> Iterator[World]:
    """A world whose bridge starts with these rules."""
    with World(folder, bridges=0, admin=ADMIN, **settings) as world:

        async def decide() -> None:
            with contextlib.closing(Journal.open(f"sqlite:///{world.database}", None, "owner")) as journal:
                decided = with_rules(FIRST, parse(toml)).decided()
                assert await journal.operator.revise(0, decided, "a test", "alice") is None

        asyncio.run(decide())
        world.add_bridge()
        yield world


def kept(world: World) -> list[Kept]:
    """What was recorded, in its order."""
    with contextlib.closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as journal:
        rows = journal.execute(
            "SELECT kind, rule, operation, object_type, intent_id, equal, detail FROM comparison ORDER BY at, rowid"
        ).fetchall()
    return [Kept(*row[:5], bool(row[5]), json.loads(row[6])) for row in rows]


def wait_for(world: World, count: int) -> list[Kept]:
    """As many comparisons, once they are recorded."""
    until(lambda: len(kept(world)) >= count, SOON, f"{count} comparisons")
    found = kept(world)
    assert len(found) == count, found
    return found


def query(world: World, text: str, headers: str = "") -> Answer:
    """A SOAP query of the ERP; ``@name`` in it is an id of the fixture."""
    for name, key in sorted(world.names.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"'@{name}'", f"'{key}'")
    body = f"<ns1:query><ns1:queryString>{escape(text)}</ns1:queryString></ns1:query>"
    return post(world.endpoint(), world.message(body, headers=headers))


def only_reads(world: World, after: int) -> bool:
    """Whether what reached Zuora since then changed nothing by its method or operation (a token is no change)."""
    asked = [one for one in world.requests(after) if one.path != "/oauth/token"]
    assert asked, "nothing was asked at all"
    return all(
        one.operation in ("query", "getUserInfo", "login") if one.face == "soap" else one.method == "GET"
        for one in asked
    )
