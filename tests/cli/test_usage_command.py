"""``bridge usage`` and its desk, beside a bridge that is called through all its doors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from unittest import mock

from harness import World, payment, post, until

from bridge.facade import usage

TOKEN = "an-owner's-token-0123456789"
DECOY = "4111111111111111"


def command(world: World, *words: str) -> tuple[int, str]:
    """Exit status and what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "usage", *words],
        cwd=world.folder,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{world.database}"},
        check=False,
    )
    return done.returncode, done.stdout


def desk(world: World, more: str = "") -> Any:
    """What the admin API says."""
    request = urllib.request.Request(
        f"{world.bridges[0].admin_url}/admin/api/usage{more}", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=10) as came:
        return json.load(came)


def counts(world: World) -> dict[tuple[str, str, str, str, str], int]:
    """By operation, object, field, route and caller."""
    return {
        (each["operation"], each["object_type"], each["field"], each["route"], each["caller"]): each["count"]
        for each in desk(world)["uses"]
    }


def test_every_door_counts_and_the_answer_is_told(tmp_path: Path) -> None:
    """Writes by route, queries by object and field, what passes through; no value of any of it."""
    admin = {"listen": "127.0.0.1:0", "token": TOKEN}
    with mock.patch.object(usage, "EVERY_SECONDS", 0.1), World(tmp_path, admin=admin) as world:
        world.create(payment(Amount="1.25", InvoiceId="@I1", AppliedInvoiceAmount="1.25", Comment=DECOY))
        world.create(payment(Amount="1.50", InvoiceId="@D1", AppliedInvoiceAmount="1.50"))
        select = f"select Id, Amount, Nothing__c from Payment where ReferenceId = '{DECOY}'"
        for text in (select, "select Id from Account"):
            post(world.endpoint(), world.message(f"<ns1:query><ns1:queryString>{text}</ns1:queryString></ns1:query>"))
        post(world.endpoint(), world.message("<ns1:getUserInfo/>"))
        until(lambda: ("getUserInfo", "", "", "soap", "erp") in counts(world), 10, "the counts")
        seen = counts(world)
        assert seen["create", "Payment", "", "soap", "erp"] == 1
        assert seen["create", "Payment", "", "rest", "erp"] == 1
        assert seen["create", "Payment", "Amount", "rest", "erp"] == 1
        assert seen["query", "Payment", "Amount", "soap", "erp"] == 1
        assert seen["query", "Account", "", "soap", "erp"] == 1
        assert seen["login", "", "", "soap", "(unproved)"] >= 1
        assert DECOY not in json.dumps(desk(world))
        assert desk(world, "?quiet_days=1")["quiet_days"] == 1
        status, said = command(world)
        assert status == 1
        assert said.startswith("2 callers still need the bridge; the end of Zuora's SOAP would break 4 of ")
        status, said = command(world, "--json", "--caller", "nobody")
        assert (status, json.loads(said)["callers"]) == (3, [])
        assert "Amount" in command(world, "--fields")[1]


def test_a_clean_end_loses_no_count(tmp_path: Path) -> None:
    """What was not told yet is told at the end."""
    with World(tmp_path) as world:
        world.create(payment(Amount="1.25", InvoiceId="@I1", AppliedInvoiceAmount="1.25"))
        database = world.database
        world.restart()
        status, said = command(world, "--json")
        assert (status, database) == (1, world.database)
        assert {each["operation"] for each in json.loads(said)["uses"]} == {"login", "create"}
