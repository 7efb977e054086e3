"""Three bridges behind the shipped front are killed, drained and upgraded under load, one after another.

ERPs on their own stacks pay through it all the while and repeat what they have not heard of. The next release brings a
migration, which it makes while the others serve; one of the old release is started again after that.
"""

from __future__ import annotations

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import front_proxy
import next_release
import postgresql_server
from front_proxy import Front, free_port
from harness import PROGRAM, until
from payers import WSDL, payers
from postgresql_server import PostgreSQL
from replicas import Replica, replicated
from tenant import WAIT_SECONDS, Tenant, equal_ledgers, no_movement_twice, under_load

pytestmark = [front_proxy.needed, postgresql_server.needed]

PLACES = 3


class Fronted(Tenant):
    """A tenant whose callers know the front only, before places at which bridges start and end."""

    front: Front

    def begin(self) -> list[Replica]:
        """One at each place, all at once."""
        self.places = [(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}") for _ in range(PLACES)]
        with ThreadPoolExecutor(PLACES) as threads:
            return list(threads.map(self.started, range(PLACES)))

    def started(self, place: int, program: str = PROGRAM) -> Replica:
        """A bridge at a place."""
        return self.replicas.start(program=program, at=self.places[place], wait_seconds=WAIT_SECONDS)

    @property
    def urls(self) -> list[str]:
        """The front's."""
        return [f"{self.front.url}/apps/services/a/83.0"]

    def start(self, place: int, program: str = PROGRAM) -> None:
        """Another one where one has ended; the front sees it."""
        self.running[place] = self.started(place, program)
        self.sees(place, "UP")

    def sees(self, place: int, state: str) -> None:
        """Wait until the front does."""
        self.front.sees(**{f"bridge_{place + 1}": state})

    def busy(self, place: int) -> None:
        """Wait until the front has given it a call that it has not answered."""
        until(lambda: self.front.busy()[f"bridge-{place + 1}"], 30, f"a call at bridge-{place + 1}")

    def drain(self, place: int) -> None:
        """SIGTERM to one that has calls: it settles them, and the front gives it no more."""
        self.busy(place)
        cut = self.front.log.count(" 502 ")
        assert self.running[place].stop() == 0
        self.sees(place, "DOWN")
        assert self.front.log.count(" 502 ") == cut, "a call was cut off"

    def everywhere(self, percent: int) -> float:
        """Decide; the seconds from the decision's entry in the journal until every bridge goes by it."""
        sql = "SELECT coalesce(max(number), 0), max(at) FROM revision"
        ((before, _),) = self.replicas.server.execute(sql, self.replicas.place)
        with ThreadPoolExecutor(PLACES) as threads:
            seen = [threads.submit(_seen, admin, before + 1) for _, admin in self.places]
            self.percent(percent)
            last = max(each.result() for each in seen)
        ((_, at),) = self.replicas.server.execute(sql, self.replicas.place)
        return last - at / 1000


def _seen(admin: str, revision: int) -> float:
    """When a bridge went by a revision."""
    until(lambda: f"bridge_cutover_revision {float(revision)}\n" in _metrics(admin), 60, "the decision's effect")
    return time.time()


def _metrics(admin: str) -> str:
    with urllib.request.urlopen(f"http://{admin}/metrics", timeout=10) as came:
        return str(came.read().decode())


def test_replicas_are_killed_drained_and_upgraded_under_load(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """Every payment is made once and its Id told; whoever was told that nothing was sent was told the truth."""
    with replicated(tmp_path, postgresql) as replicas, payers(WSDL / "zuora.83.0.wsdl") as crowd:
        tenant = Fronted(replicas, tmp_path)
        bridges = [(f"http://{callers}", f"http://{admin}") for callers, admin in tenant.places]
        with Front(tmp_path, bridges) as front:
            tenant.front = front
            front.sees(bridge_1="UP", bridge_2="UP", bridge_3="UP")
            with under_load(tenant, crowd):
                # By SOAP, without a key: what is in flight is settled, and the next release migrates beside the others.
                tenant.drain(2)
                tenant.start(2, next_release.PROGRAM)
                # What counts is the bridges' time: a machine that stands still for a moment is given another try.
                assert any(tenant.everywhere(percent) < 1.0 for percent in (99, 98, 100))
                # By REST: what a killed one had is taken over, and the old release starts on the new schema.
                tenant.percent(100)
                tenant.busy(0)
                tenant.running[0].kill()
                tenant.start(0)
                tenant.drain(1)
                tenant.start(1, next_release.PROGRAM)
                tenant.drain(0)
                tenant.start(0, next_release.PROGRAM)
                tenant.phase(len(crowd))
        assert replicas.server.execute("SELECT version_num FROM alembic_version", replicas.place) == [("next",)]
        print(f"{len(tenant.told)} payments, {len(tenant.problems)} failures: {tenant.problems}")
        assert {each.stack for each in tenant.told} == {each.name for each in crowd}
        no_movement_twice(tenant)
        equal_ledgers(tenant.world, tenant.told)
        assert {state for state, _ in replicas.intents()} <= {"applied", "refused", "not_applied"}
