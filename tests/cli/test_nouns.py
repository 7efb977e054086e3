"""The command line as a whole: its nouns, and what is loaded for one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.cli import NOUNS

ROOM = Path(__file__).parents[2] / "bridge" / "cli"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line as a person runs it."""
    return subprocess.run([sys.executable, "-m", "bridge", *arguments], capture_output=True, text=True, check=False)


def test_the_help_page_names_every_noun() -> None:
    """Each with a sentence of its own, in the order of the table."""
    said = run("--help")
    places = [said.stdout.index(f"│ {noun} ") for noun in NOUNS]
    assert (said.returncode, places) == (0, sorted(places))


def test_every_file_of_the_room_is_a_noun_or_belongs_to_one() -> None:
    """A noun that nobody can ask for would be dead."""
    files = {each.stem for each in ROOM.glob("*.py")} - {"__init__"}
    assert {each for each in files if each.partition("_")[0] not in NOUNS} == set()


def test_an_unknown_noun_is_a_misuse() -> None:
    """Exit 2, and the noun is named."""
    said = run("pay")
    assert (said.returncode, "pay" in said.stderr) == (2, True)


@pytest.mark.parametrize("unneeded", ["aiohttp", "spyne", "zeep", "bridge.sandbox"])
def test_whoever_reads_the_journal_does_not_wait_for_the_rest(unneeded: str) -> None:
    """What the journal does not work with is not loaded for it."""
    script = "import sys; from bridge.cli import main; sys.argv = ['bridge', 'journal', 'show', '--help']\n"
    script += f"try:\n    main()\nexcept SystemExit:\n    print('loaded:', {unneeded!r} in sys.modules)\n"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "loaded: False"
