"""The rooms of the house: who may import whom, and what the money rooms must not contain.

Read from the sources, so that a forbidden import is found even where no test runs it. A room imports only rooms before
it in ``ROOMS``; the sandbox imports the contract and nothing else, because two hands write the two sides; the
composition root imports everything and is imported by no room.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import bridge

HOUSE = Path(bridge.__file__).parent

ROOMS = (
    "core",
    "contract",
    "telemetry",
    "journal",
    "upstream",
    "cutover",
    "runtime",
    "parity",
    "facade",
    "admin",
    "console",
    "sandbox",
    "simulation",
)
ALONE = {
    "sandbox": frozenset({"contract"}),
    "simulation": frozenset({"core", "contract", "telemetry", "journal", "upstream", "runtime", "sandbox"}),
}
"""Rooms that may import less than all before them."""

ROOT = frozenset(
    {"__main__", "app", "background", "cli", "planning"}
    | {"settings", "settings_names", "settings_parts", "settings_terms"}
)
"""The composition root, which contains no logic and may import every room."""

LONGEST = 450
VAGUE = frozenset({"manager", "helper", "helpers", "util", "utils", "data"})

_IMPURE = """
spyne zeep lxml sqlalchemy aiohttp requests urllib3 httpx time random secrets threading socket os logging asyncio
subprocess pathlib io sys tempfile shutil sqlite3 ssl http selectors signal multiprocessing concurrent importlib locale
getpass platform uuid
"""
IMPURE = frozenset(_IMPURE.split())
"""What core must not import: anything that does IO, reads a clock, draws a random number or starts a thread."""

CLOCKS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "monotonic", "time_ns"})

SECONDS = frozenset({"sandbox/control.py", "sandbox/faults.py"})
"""Sandbox modules with amounts whose floats are seconds."""


@dataclass(frozen=True)
class Module:
    """One source file. ``name`` is relative to ``bridge/``."""

    name: str
    text: str

    @property
    def room(self) -> str:
        """The room it stands in, or the name of a module of the composition root."""
        return self.name.split("/")[0].removesuffix(".py")

    def tree(self) -> ast.Module:
        """Its syntax."""
        return _parsed(self.text)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package; what tools leave behind is none."""
    paths = sorted(path for path in HOUSE.rglob("*.py") if "__pycache__" not in path.parts)
    return tuple(Module(path.relative_to(HOUSE).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever it does so."""
    package = ("bridge", *module.name.removesuffix("/__init__.py").removesuffix(".py").split("/"))
    if not module.name.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(module.tree()):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                yield node.lineno, f"{source}.{alias.name}"


def wrong_rooms(module: Module) -> list[str]:
    """The imports that break the order of the rooms, each with what it says."""
    if module.room in ROOT or module.name == "__init__.py":
        return []
    before = ALONE.get(module.room, frozenset(ROOMS[: ROOMS.index(module.room)]))
    found = []
    for line, name in imports(module):
        first, *rest = name.split(".")
        if first != "bridge" or not rest:
            continue
        target = rest[0]
        if target in ROOT:
            found.append(f"bridge/{module.name}:{line}: no room may import the composition root (bridge.{target})")
        elif target in ROOMS and target != module.room and target not in before:
            allowed = ", ".join(room for room in ROOMS if room in before) or "no other room"
            found.append(f"bridge/{module.name}:{line}: {module.room} may import {allowed}; not bridge.{target}")
    return found


def impurities(module: Module) -> list[str]:
    """What a module of core does that pure code does not."""
    found = [
        f"bridge/{module.name}:{line}: core must not import {name.split('.')[0]}"
        for line, name in imports(module)
        if name.split(".")[0] in IMPURE
    ]
    for node in ast.walk(module.tree()):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in {
            "open",
            "print",
            "input",
            "exec",
            "eval",
            "float",
            "__import__",
        }:
            found.append(f"bridge/{module.name}:{node.lineno}: core must not call {called.id}()")
        elif isinstance(called, ast.Attribute) and called.attr in CLOCKS:
            found.append(f"bridge/{module.name}:{node.lineno}: core reads no clock and draws no id ({called.attr}())")
    return found


def floats(module: Module) -> list[str]:
    """Where a module of money makes or takes a binary fraction: the type by its name, or a literal.

    Only ``isinstance(value, float)``, which keeps one out, is allowed to name the type.
    """
    kept_out = {
        id(each)
        for node in ast.walk(module.tree())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        for each in ast.walk(node)
    }
    found = []
    for node in ast.walk(module.tree()):
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in kept_out:
            found.append(f"bridge/{module.name}:{node.lineno}: the type float where money is handled")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"bridge/{module.name}:{node.lineno}: the float {node.value} where money is handled")
    return found


def handles_money(module: Module) -> bool:
    """A module of core or of the sandbox that knows Decimal handles amounts."""
    decimals = any(name.split(".")[0] == "decimal" for _, name in imports(module))
    return module.room in ("core", "sandbox") and decimals and module.name not in SECONDS


def vague_names(module: Module) -> list[str]:
    """Top-level names that say nothing: SessionManager, parse_utils, OrderData."""
    names: list[tuple[int, str]] = []
    for node in module.tree().body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.append((node.lineno, node.name))
        elif isinstance(node, ast.Assign):
            names += [(node.lineno, target.id) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append((node.lineno, node.target.id))
    return [
        f"bridge/{module.name}:{line}: the name {name} says nothing of its job"
        for line, name in names
        if not VAGUE.isdisjoint(word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name))
    ]


EACH = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)


# ---------------------------------------------------------------- the house


def test_every_room_is_in_the_plan() -> None:
    """A new directory or module under bridge/ needs a place in the order of rooms."""
    known = {*ROOMS, *ROOT, "__init__"}
    assert {module.room for module in modules()} <= known


@EACH
def test_a_room_imports_only_rooms_before_it(module: Module) -> None:
    """The order of the design; no room imports the composition root."""
    assert wrong_rooms(module) == []


@EACH
def test_every_module_opens_with_what_it_is_for(module: Module) -> None:
    """A docstring, so that a reader knows the room and the job."""
    assert ast.get_docstring(module.tree()), f"bridge/{module.name} has no docstring"


@EACH
def test_no_module_is_longer_than_a_reader_can_hold(module: Module) -> None:
    """Split it by job; the limit is not negotiated line by line."""
    lines = len(module.text.splitlines())
    assert lines <= LONGEST, f"bridge/{module.name} has {lines} lines; at most {LONGEST}"


@EACH
def test_names_say_what_a_thing_does(module: Module) -> None:
    """No Manager, Helper, Utils or Data."""
    assert vague_names(module) == []


CORE = [module for module in modules() if module.room == "core"]
MONEY = [module for module in modules() if handles_money(module)]


@pytest.mark.parametrize("module", CORE, ids=lambda module: module.name)
def test_core_is_pure(module: Module) -> None:
    """No IO, no clock, no random number, no thread; nothing of the bridge but core."""
    assert impurities(module) == []


@pytest.mark.parametrize("module", MONEY, ids=lambda module: module.name)
def test_money_is_never_a_float(module: Module) -> None:
    """Decimal end to end (I7)."""
    assert floats(module) == []


def test_the_money_modules_are_found() -> None:
    """The rule would be empty if nobody imported Decimal."""
    names = {module.name for module in MONEY}
    assert names >= {"core/mapping/lexical.py", "core/mapping/payment.py", "core/facts.py", "sandbox/ledger.py"}


# ---------------------------------------------------------------- the rules themselves


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("core/a.py", "from bridge.journal import Journal", "core may import no other room; not bridge.journal"),
        ("core/a.py", "import bridge.contract.wire", "not bridge.contract"),
        ("core/x/a.py", "def f():\n    from bridge.upstream.rest import get", ":2: core may import"),
        ("core/x/a.py", "from ...facade import door", "not bridge.facade"),
        ("contract/a.py", "from bridge import telemetry", "contract may import core; not bridge.telemetry"),
        ("sandbox/a.py", "from bridge.core.model import Op", "sandbox may import contract; not bridge.core"),
        ("simulation/a.py", "from bridge.facade import door", "runtime, sandbox; not bridge.facade"),
        ("journal/a.py", "from bridge.settings import Settings", "composition root (bridge.settings)"),
        ("facade/a.py", "import bridge.app", "composition root (bridge.app)"),
    ],
)
def test_a_wrong_import_is_found_and_explained(name: str, text: str, words: str) -> None:
    """At its line, with what the room may do instead."""
    (found,) = wrong_rooms(Module(name, text))
    assert words in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core/a.py", "from bridge.core.model import Op\nfrom . import b\nfrom .. import __version__"),
        ("facade/a.py", "from bridge.runtime import Visit\nfrom bridge import __version__"),
        ("sandbox/a.py", "from bridge.contract import files\nfrom bridge.sandbox.ledger import Ledger"),
        ("app.py", "from bridge.facade import server\nfrom bridge.settings import Settings"),
        ("cli/serve.py", "from bridge.app import App"),
        ("core/a.py", "import bridgehead"),
    ],
)
def test_a_right_import_is_not(name: str, text: str) -> None:
    """Also the package's own version, which everybody may know."""
    assert wrong_rooms(Module(name, text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from os import path",
        "import lxml.etree",
        "open('x')",
        "datetime.now(zone)",
        "date.today()",
        "uuid.uuid4()",
        "def f():\n    import random",
    ],
)
def test_an_impurity_is_found(text: str) -> None:
    """Wherever it hides."""
    assert len(impurities(Module("core/a.py", text))) == 1


def test_reading_an_instant_that_was_given_is_pure() -> None:
    """``presence.now`` is an attribute, no clock."""
    assert (
        impurities(Module("core/a.py", "at = presence.now\nfrom datetime import date\nfrom urllib.parse import quote"))
        == []
    )


@pytest.mark.parametrize("text", ["float(x)", "x: float = y", "rate = 1.5", "Decimal(0.1)", "map(float, xs)"])
def test_a_float_is_found(text: str) -> None:
    """A call, a type, a literal."""
    assert len(floats(Module("core/a.py", text))) == 1


def test_keeping_a_float_out_is_no_float() -> None:
    """The one place where its name belongs."""
    assert floats(Module("core/a.py", "if isinstance(value, float):\n    raise TypeError\nx = 1")) == []


@pytest.mark.parametrize(
    ("text", "vague"),
    [
        ("class SessionManager: ...", True),
        ("def parse_utils(): ...", True),
        ("ORDER_DATA = 1", True),
        ("data: int = 1", True),
        ("class HTTPHelper: ...", True),
        ("class Database: ...", False),
        ("metadata = 1", False),
        ("class Manages: ...", False),
    ],
)
def test_a_vague_name_is_found_by_its_words(text: str, vague: bool) -> None:
    """A database is not data."""
    assert bool(vague_names(Module("core/a.py", text))) is vague
