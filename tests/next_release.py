"""The bridge after this one, as far as its schema goes: one migration more, that lies beside these tests.

A test starts a process with ``PROGRAM``, or puts ``REVISION`` and ``scripts`` in its own. Must not change anything else
of the bridge.
"""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from bridge.journal import migrations

VERSIONS = Path(__file__).resolve().parent / "next_versions"
REVISION = "next"
RELEASED = migrations.HEAD
"""The schema of this bridge, before it becomes the next one."""

PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
import next_release
next_release.become()
from bridge.cli import main
main()
"""


def scripts() -> ScriptDirectory:
    """The package's migrations and the one that comes next."""
    package = Path(migrations.__file__).parent
    return ScriptDirectory(str(package), version_locations=[str(package / "versions"), str(VERSIONS)])


def become() -> None:
    """From now on this process is the next bridge."""
    migrations.HEAD = REVISION
    migrations.scripts = scripts
