"""Real processes: killed after a record, and racing for one identity."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from journal_examples import newest, play, url_of

from bridge.core.intent import State
from bridge.journal import Journal

PROGRAM = """
import asyncio, sys, time
sys.path.insert(0, sys.argv[1])
from journal_examples import KEY, moved, newest, opened
from bridge.journal import Journal

url, name = sys.argv[2], sys.argv[3]

async def race(journal):
    wins = []
    for number in range(100):
        if await journal.record([opened(f"{name}-{number}", fingerprint=f"print {number}")]):
            wins.append(str(number))
    print(" ".join(wins), flush=True)

async def record(journal):
    assert await journal.record([opened("i1")])
    assert await journal.record([opened("i2")])
    print("recorded", flush=True)
    time.sleep(60)

if sys.argv[4] == "open":
    sys.stdin.readline()
    Journal.open(url, None, name).close()
    sys.exit()
journal = Journal.open(url, KEY, name)
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(globals()[sys.argv[4]](journal))
journal.close()
"""


def start(folder: Path, name: str, scene: str) -> subprocess.Popen[str]:
    """A process with an open journal that waits for a line before it plays its scene."""
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), url_of(folder), name, scene]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def say(process: subprocess.Popen[str], text: str) -> None:
    """Write a line to a process."""
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_was_recorded_survives_a_kill(tmp_path: Path) -> None:
    """SIGKILL right after record returned loses nothing (I1)."""
    with start(tmp_path, "w1", "record") as process:
        assert hear(process) == "ready"
        say(process, "go")
        assert hear(process) == "recorded"
        process.kill()

    async def scene(journal: Journal) -> None:
        found = await journal.intents(["i1", "i2"])
        assert [each.state for each in found] == [State.SENDING] * 2
        assert await newest(journal, "i2") is not None

    assert (tmp_path / "bridge.db-wal").stat().st_size > 0
    play(tmp_path, scene)


def test_of_two_processes_one_wins_each_identity(tmp_path: Path) -> None:
    """Both start on an empty folder at once, then open the same hundred identities."""
    with start(tmp_path, "a", "race") as first, start(tmp_path, "b", "race") as second:
        for process in (first, second):
            assert hear(process) == "ready"
        for process in (first, second):
            say(process, "go")
        wins = [hear(process).split() for process in (first, second)]
    assert sorted(wins[0] + wins[1], key=int) == [str(number) for number in range(100)]

    async def scene(journal: Journal) -> None:
        found = await journal.match("10000|", [f"print {number}" for number in range(100)], 0)
        assert len(found.intents) == 100
        assert set(found.generations.values()) == {1}

    play(tmp_path, scene)


def test_two_processes_that_start_at_once_share_one_new_key(tmp_path: Path) -> None:
    """On an empty folder one makes the key and the tables, and both can use them."""
    with start(tmp_path, "a", "open") as first, start(tmp_path, "b", "open") as second:
        for process in (first, second):
            say(process, "go")
    assert [first.returncode, second.returncode] == [0, 0]
    assert {path.name for path in tmp_path.iterdir()} == {"bridge.db", "bridge.db.key"}
