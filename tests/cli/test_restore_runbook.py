"""The steps of ``runbooks/restore.md`` in order after a real loss: a bridge, a backup, calls, the backup again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import World, payment

KEPT = payment(Amount="10", InvoiceId="@D1", AppliedInvoiceAmount="10")
LOST = payment(Amount="20", InvoiceId="@D1", AppliedInvoiceAmount="20")
WHO = ("--reason", "backup of 03:00 restored", "--by", "Ada", "--yes")


def told(world: World, *words: str, code: int = 0) -> Any:
    """What `bridge journal` says as JSON."""
    given = {
        "DATABASE_URL": f"sqlite:///{world.database}",
        "ZUORA__REST_URL": world.sandbox.url,
        "ZUORA__CLIENT_ID": "demo-client",
        "ZUORA__CLIENT_SECRET": "demo-secret",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {f"BRIDGE_{name}": value for name, value in given.items()},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_runbook_finds_what_the_restored_journal_lacks(tmp_path: Path) -> None:
    """Stop, restore, begin the mode, verify, start, reconcile: the lost payment is a break, and is not paid again."""
    backup = tmp_path / "backup"
    with World(tmp_path, bridges=0) as world:
        world.control("settings", {"sessionSeconds": 10**6})
        process = world.serve()
        (kept,) = world.create(KEPT).ids
        process.terminate()
        assert process.wait(60) == 0
        backup.mkdir()
        for each in tmp_path.glob("bridge.db*"):
            shutil.copy2(each, backup)
        process = world.serve()
        (lost,) = world.create(LOST).ids
        # 1. Stop every bridge. 2. Restore, and take no -wal or -shm of another time along.
        process.terminate()
        assert process.wait(60) == 0
        for each in tmp_path.glob("bridge.db*"):
            each.unlink()
        for each in backup.iterdir():
            shutil.copy2(each, tmp_path)
        # 4a. Begin the mode before the first bridge starts. 5. Check the audit.
        assert told(world, "restore", *WHO)["done"] is True
        assert told(world, "restore", "--status")["on"] is True
        assert told(world, "verify")["good"] is True
        # 6. Start, and find what the journal lacks.
        world.serve()
        world.advance(3600)
        (found,) = told(world, "reconcile", "--since", "2026-02-20", code=1)["open"]
        assert lost in json.dumps(found)
        assert kept not in json.dumps(found)
        # 7. Even the ERP that repeats it all the same does not pay it again: it is told which payment is there.
        (row,) = world.create(LOST).rows
        assert (row["errors"][0]["Code"], lost in row["errors"][0]["Message"]) == ("DUPLICATE_VALUE", True)
        assert {one["id"] for one in world.payments()} == {kept, lost}
