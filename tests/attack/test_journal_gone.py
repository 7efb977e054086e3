"""A journal that cannot be written, under a real bridge: refused before anything is sent, and on again by itself."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from harness import Obj, World, payment

MEMO = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80")
UNAPPLIED = payment(Amount="5", AppliedCreditBalanceAmount="5", ReferenceId="R-1")


@pytest.mark.parametrize("one", [MEMO, UNAPPLIED], ids=["rest", "soap"])
def test_a_full_disk_refuses_the_call_before_anything_is_sent(tmp_path: Path, one: Obj) -> None:
    """SERVER_UNAVAILABLE, nothing reaches Zuora; with space again the same call is paid once.

    A limit of the process on the size of files stands for the full disk: every write of it fails.
    """
    with World(tmp_path, bridges=0) as world:
        process = world.serve()
        session = world.session
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
        refused = [world.create(one, session=session) for _ in range(3)]
        assert [each.fault["code"] for each in refused] == ["SERVER_UNAVAILABLE"] * 3
        assert all("nothing was sent" in each.fault["faultstring"] for each in refused)
        assert world.writes() == []
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        (paid,) = world.create(one, session=session).ids
        assert [each["id"] for each in world.payments()] == [paid]
        assert len(world.writes()) == 1
