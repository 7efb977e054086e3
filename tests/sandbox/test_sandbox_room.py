"""The room's own borders: the two sides of the bridge are written by two hands."""

import ast
from pathlib import Path

import bridge.sandbox

ROOM = Path(bridge.sandbox.__file__).parent


def imported(path: Path) -> set[str]:
    """Names of all modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_sandbox_shares_no_code_with_the_bridge() -> None:
    """Invariant I11: of the project it imports only itself."""
    for path in ROOM.rglob("*.py"):
        foreign = {
            name for name in imported(path) if name.startswith("bridge") and not name.startswith("bridge.sandbox")
        }
        assert foreign <= {"bridge.contract"}, (path, foreign)


def test_money_never_passes_through_a_float() -> None:
    """The only floats are seconds: of the clock and of a delay."""
    users = {
        path.name
        for path in ROOM.rglob("*.py")
        if any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(ast.parse(path.read_text())))
    }
    assert users == {"clock.py", "control.py", "faults.py"}
