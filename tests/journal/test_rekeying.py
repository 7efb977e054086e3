"""The journal's key is exchanged while bridges run, and nothing is unreadable on the way or afterwards."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from journal_examples import KEY, newest, opened, url_of
from postgresql_server import PostgreSQL

from bridge.journal import Journal, JournalRefused
from bridge.journal.crypto import Keys
from bridge.journal.reading import Reader

NEW = bytes(range(32, 64))
LOST = bytes(range(64, 96))
BODY = b'{"amount": 10.00}'


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a journal that is not there yet."""
    if request.param == "sqlite":
        return url_of(tmp_path)
    postgresql: PostgreSQL = request.getfixturevalue("postgresql")
    return postgresql.url(postgresql.new_place())


def keep(url: str, keys: Keys, instance: str, *names: str) -> None:
    """Record intents under these keys."""

    async def scene() -> None:
        with closing(Journal.open(url, keys, instance)) as journal:
            await journal.started("0", "{}", look_up_first=False)
            for name in names:
                assert await journal.record([opened(name)])

    asyncio.run(scene())


def bodies(url: str, keys: Keys, *names: str) -> list[bytes]:
    """The requests as a process with these keys reads them."""

    async def scene() -> list[bytes]:
        with closing(Journal.open(url, keys, "reader")) as journal:
            return [found.body for name in names if (found := await newest(journal, name))]

    return asyncio.run(scene())


def command(url: str, keys: dict[str, bytes], *words: str) -> subprocess.CompletedProcess[str]:
    """``bridge journal`` with these keys."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    given = {f"BRIDGE_JOURNAL__{name}": base64.b64encode(key).decode() for name, key in keys.items()}
    return subprocess.run(
        [sys.executable, "-m", "bridge", "journal", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | given | {"BRIDGE_DATABASE_URL": url},
    )


def test_a_key_is_exchanged_step_by_step(url: str) -> None:
    """Both keys known everywhere, then the new one seals, then everything is sealed anew, then the old one is gone."""
    keep(url, Keys(KEY, (NEW,)), "first", "i1", "i2")
    keep(url, Keys(NEW, (KEY,)), "second", "i3")
    # A process that has not been restarted yet reads what the new key sealed.
    assert bodies(url, Keys(KEY, (NEW,)), "i1", "i2", "i3") == [BODY] * 3
    both = {"KEY": NEW, "OTHER_KEYS": KEY}
    dry = command(url, both, "rekey", "--reason", "a yearly exchange", "--by", "Ada", "--dry-run", "--json")
    assert json.loads(dry.stdout) == {"requests": 2, "done": False, "dryRun": True, "refused": None}
    done = command(url, both, "rekey", "--reason", "a yearly exchange", "--by", "Ada", "--yes", "--json")
    assert (done.returncode, json.loads(done.stdout)["requests"]) == (0, 2), done.stderr
    assert bodies(url, Keys(NEW), "i1", "i2", "i3") == [BODY] * 3
    with pytest.raises(JournalRefused, match="does not open"):
        Journal.open(url, KEY, "late").close()
    again = command(url, both, "rekey", "--reason", "once more", "--by", "Ada", "--yes", "--json")
    assert (again.returncode, json.loads(again.stdout)["requests"]) == (0, 0)


def test_the_audit_of_before_is_verified_under_the_key_of_before(url: str) -> None:
    """Chains are never written anew: the other key proves the old ones, and without it they prove nothing."""
    keep(url, Keys(KEY), "first", "i1")
    keep(url, Keys(NEW, (KEY,)), "second", "i2")
    assert command(url, {"KEY": NEW, "OTHER_KEYS": KEY}, "rekey", "--reason", "r", "--by", "Ada", "--yes").stdout
    with Reader(url, Keys(NEW, (KEY,))) as reader:
        *_, checked = reader.verify()
    assert (checked.wrong, checked.writers >= 3) == ((), True)
    with Reader(url, Keys(NEW)) as reader:
        *_, checked = reader.verify()
    assert any(line.startswith("first: ") for line in checked.wrong)
    assert not any(line.startswith("second: ") for line in checked.wrong)


def test_a_new_key_without_the_old_one_is_refused_before_anything_is_sealed_under_it(url: str) -> None:
    """The instruction names the setting that is missing."""
    keep(url, Keys(KEY), "first", "i1")
    with pytest.raises(JournalRefused, match="does not open") as refused:
        Journal.open(url, NEW, "second").close()
    assert "BRIDGE_JOURNAL__OTHER_KEYS" in refused.value.instruction
    assert bodies(url, Keys(KEY), "i1") == [BODY]


def test_what_opens_under_no_key_is_told_and_the_old_key_stays_needed(url: str) -> None:
    """A key that was lost on the way: the exchange is not called finished."""
    keep(url, Keys(KEY, (LOST,)), "first", "i1")
    keep(url, Keys(LOST, (KEY,)), "second", "i2")
    done = command(url, {"KEY": NEW, "OTHER_KEYS": KEY}, "rekey", "--reason", "r", "--by", "Ada", "--yes", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["unreadable"] == 1
    assert "keep the other keys set" in done.stderr
    with pytest.raises(JournalRefused, match="does not open"):
        Journal.open(url, NEW, "late").close()
    assert bodies(url, Keys(NEW, (KEY, LOST)), "i1", "i2") == [BODY] * 2


@pytest.mark.parametrize("said", ["", "YWJj", "not base64, at all"])
def test_other_keys_that_are_no_keys_are_refused_and_not_repeated(tmp_path: Path, said: str) -> None:
    """Nothing at all counts as none."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", "list"],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": url_of(tmp_path), "BRIDGE_JOURNAL__OTHER_KEYS": said},
    )
    assert done.returncode == 2
    assert ("BRIDGE_JOURNAL__OTHER_KEYS must be 32 bytes" in done.stderr) == bool(said)
    assert not said or said not in done.stderr
