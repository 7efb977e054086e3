"""The whole way: a tenant goes from 0 to 100 % REST under load, with a rollback and a killed replica in the middle.

Legacy clients on their own stacks pay and repeat all the while. What is left behind equals what Zuora's own SOAP leaves
behind after the same acts, and the very same acts replayed by SOAP and by REST come to a PASS.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from harness import envelope, payment, saved
from payers import WSDL, Paid, Payer, payers
from postgresql_server import PostgreSQL
from replicas import replicated
from tenant import BETWEEN, Tenant, equal_ledgers, no_movement_twice, under_load

from bridge.cutover.buckets import place


def settled(phase: Sequence[Paid], crowd: Sequence[Payer]) -> Sequence[Paid]:
    """Without the first of each stack: that one was ordered before the decision counted, perhaps (I4)."""
    return phase[len(crowd) * 2 :]


def test_a_tenant_goes_all_the_way_to_rest_under_load(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """0, one account, back, that account again, a replica killed, then all: each payment once and by its route."""
    with replicated(tmp_path, postgresql) as replicas, payers(WSDL / "zuora.83.0.wsdl") as crowd:
        tenant = Tenant(replicas, tmp_path)
        world = tenant.world
        assert place("10000", world.id("@Q")) < BETWEEN < place("10000", world.id("@A"))
        with under_load(tenant, crowd):
            tenant.percent(0)
            nothing = tenant.phase(len(crowd))
            tenant.percent(BETWEEN)
            some = tenant.phase(len(crowd))
            tenant.command("bridge cutover rollback --reason 'a doubt' --by bob --yes")
            time.sleep(1.0)
            back = tenant.phase(len(crowd))
            tenant.percent(BETWEEN)
            tenant.running[0].kill()
            tenant.running[0] = replicas.start(wait_seconds=12)
            again = tenant.phase(len(crowd))
            tenant.percent(100)
            everything = tenant.phase(len(crowd))
        assert tenant.routes(settled(nothing, crowd)) == {"A": {"soap"}, "Q": {"soap"}}
        assert tenant.routes(settled(some, crowd)) == {"A": {"soap"}, "Q": {"rest"}}
        assert tenant.routes(settled(back, crowd)) == {"A": {"soap"}, "Q": {"soap"}}
        assert tenant.routes(settled(again, crowd)) == {"A": {"soap"}, "Q": {"rest"}}
        assert tenant.routes(settled(everything, crowd)) == {"A": {"rest"}, "Q": {"rest"}}
        no_movement_twice(tenant)
        equal_ledgers(world, tenant.told)
        assert {each.stack for each in tenant.told} == {each.name for each in crowd}
        parity(tenant)


def parity(tenant: Tenant) -> None:
    """The very same acts, replayed by Zuora's SOAP without a bridge and by REST behind one."""
    folder = tenant.world.folder / "acts"
    folder.mkdir()
    for number, each in enumerate(tenant.told):
        act = envelope(saved("create", [payment(**each.fields)]))
        (folder / f"{number:04}.xml").write_bytes(act)
    tenant.command("bridge parity record --from acts --to acts.jsonl --version 83.0")
    tenant.command("bridge parity replay acts.jsonl --twins --left-route direct --right-route rest --out report")
    report = json.loads((tenant.world.folder / "report" / "report.json").read_text())
    assert report["verdict"] == "PASS", report["groups"]
