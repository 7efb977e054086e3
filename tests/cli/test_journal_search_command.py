"""``bridge journal list`` by what only the sealed requests say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from harness import World, payment


def listed(folder: Path, *words: str, code: int = 0) -> list[str]:
    """The states that these filters leave; nothing where the command refused."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", "list", "--json", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{folder / 'bridge.db'}"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return [one["state"] for one in json.loads(done.stdout)["intents"]] if not code else [done.stderr]


def test_calls_are_listed_by_amount_document_account_and_reference(world: World) -> None:
    """Together with the filters of the database; amounts are numbers."""
    one = payment(Amount="10", InvoiceId="@I1", AppliedInvoiceAmount="10", ReferenceId="R-1")
    world.create(one, one.but(Amount="12", AppliedInvoiceAmount="12", ReferenceId="R-2"))
    world.create(one.but(Amount="11", AppliedInvoiceAmount="99", ReferenceId="R-3"))
    assert listed(world.folder, "--amount", "10.00") == ["APPLIED"]
    assert listed(world.folder, "--reference", "r-3") == ["REFUSED"]
    assert len(listed(world.folder, "--document", world.id("@I1"))) == 3
    assert listed(world.folder, "--document", world.id("@I1"), "--state", "REFUSED") == ["REFUSED"]
    assert listed(world.folder, "--account", "nobody") == []
    (said,) = listed(world.folder, "--amount", "ten", code=2)
    assert "decimal number" in said
