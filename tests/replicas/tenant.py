"""A tenant whose ERPs pay through several bridges, whatever happens to those; and what must be true then.

Must not know what a test does to the bridges.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import API, ERP, TODAY, World, envelope, payment, post, saved, until
from payers import Paid, Payer, pay
from replicas import KEY, Replica, Replicas

from bridge.parity.state import SandboxBooks, neutral
from bridge.sandbox import SandboxThread

BY_PHASE = 5
"""Payments per stack that are told between two decisions."""

DOCUMENTS = {"A": "I1", "Q": "IQ"}
"""An invoice of each account; all that is paid in the test fits into it."""

WAIT_SECONDS = 12

UNSENT = re.compile("nothing was sent|not sent|Service Unavailable|503")
"""What a caller hears who may be sure that nothing happened: of a bridge, or of a front without one (503)."""

BETWEEN = 65
"""A percentage that takes the one account and not the other."""

ALL = 'name = "all payments"\noperation = "create"\nobject = "Payment"\nroute = "rest"\npercent = {}'


class Tenant:
    """Two replicas, their owner and the clients' acts."""

    def __init__(self, replicas: Replicas, folder: Path) -> None:
        self.replicas, self.world, self._folder = replicas, replicas.world, folder
        self.running: list[Replica] = self.begin()
        self.session = self.world.login()
        self.told: list[Paid] = []
        self.problems: list[Mapping[str, Any]] = []
        self.over = threading.Event()
        self._numbers = iter(range(2, 280))
        # As slow as a real Zuora: a decision and a kill find something under way.
        for path in ("/v1/payments", "/apps/services/a/"):
            self.world.fault("delay", seconds=1.2, times=10_000, method="POST", path=path)
        self._gate = threading.Lock()

    def begin(self) -> list[Replica]:
        """The bridges to begin with."""
        return [self.replicas.start(wait_seconds=WAIT_SECONDS) for _ in range(2)]

    @property
    def urls(self) -> list[str]:
        """Where the clients call, in an order that changes with every call."""
        endpoints = [f"{each.url}/apps/services/a/83.0" for each in self.running]
        return endpoints[len(self.told) % 2 :] + endpoints[: len(self.told) % 2]

    def work(self, payer: Payer) -> None:
        """Pay one after another, each repeated until its Id is told."""
        while not self.over.is_set():
            with self._gate:
                number = next(self._numbers, None)
            if number is None:
                return
            done = pay(payer, self.urls, self.session, self._fields(number), self.over.is_set, self.failed)
            if done is not None:
                self.told.append(done)

    def _fields(self, number: int) -> Mapping[str, str]:
        account, invoice = list(DOCUMENTS.items())[number % 2]
        cents = number // 2
        amount = f"{cents // 100}.{cents % 100:02}"
        made = self.world.resolve(
            payment(
                AccountId=f"@{account}",
                Amount=amount,
                InvoiceId=f"@{invoice}",
                AppliedInvoiceAmount=amount,
                ReferenceId=f"R{number}",
                EffectiveDate=TODAY,
            )
        )
        return {name: str(value) for name, value in made.fields.items()}

    def failed(self, fields: Mapping[str, str], told: Sequence[Mapping[str, Any]]) -> None:
        """Who is told in every attempt that nothing was sent must find nothing in the books."""
        self.problems.append(told[-1])
        if all(UNSENT.search(each["text"]) for each in told):
            made = [one["referenceId"] for one in self.world.payments()]
            assert fields["ReferenceId"] not in made, f"{fields['ReferenceId']} was paid, though it was told: {told}"

    def phase(self, stacks: int) -> list[Paid]:
        """What was told while every stack had time for some payments."""
        before = len(self.told)
        until(lambda: len(self.told) >= before + BY_PHASE * stacks, 90, "payments of a phase")
        return self.told[before:]

    def command(self, line: str) -> str:
        """A command of the owner's, beside the running replicas."""
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=self._folder,
            env={
                "PATH": "/usr/bin:/bin",
                "BRIDGE_DATABASE_URL": self.replicas.server.url(self.replicas.place),
                "BRIDGE_JOURNAL__KEY": KEY,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def percent(self, percent: int) -> None:
        """Let a rule count, which is everywhere within a second."""
        (self._folder / "rules.toml").write_text(f"[[rule]]\n{ALL.format(percent)}\n", encoding="utf-8")
        self.command(f"bridge cutover set rules.toml --reason 'to {percent} %' --by alice --yes")
        time.sleep(1.0)

    def routes(self, some: Sequence[Paid]) -> dict[str, set[str]]:
        """By which routes the payments of each account went, of those ordered when the phase had begun."""
        rows = self.replicas.server.execute("SELECT zuora_id, route FROM intent", self.replicas.place)
        went = {str(id_): str(route) for id_, route in rows}
        names = {self.world.id(f"@{account}"): account for account in DOCUMENTS}
        found: dict[str, set[str]] = {account: set() for account in DOCUMENTS}
        for each in some:
            found[names[each.fields["AccountId"]]].add(went[each.id])
        return found


@contextmanager
def under_load(tenant: Tenant, crowd: Sequence[Payer]) -> Iterator[None]:
    """Everybody pays until the block ends, whatever ends it."""
    with ThreadPoolExecutor(len(crowd)) as threads:
        working = [threads.submit(tenant.work, each) for each in crowd]
        try:
            yield
        finally:
            tenant.over.set()
        for each in working:
            each.result()


def no_movement_twice(tenant: Tenant) -> None:
    """Every Id that was told is one payment of its own, and there is no other beyond what was given up unheard."""
    made = [one["id"] for one in tenant.world.payments()]
    told = [each.id for each in tenant.told]
    assert len(set(made)) == len(made)
    assert len(set(told)) == len(told)
    assert set(told) <= set(made)
    references = [one["referenceId"] for one in tenant.world.payments()]
    assert len(set(references)) == len(references)


def equal_ledgers(world: World, told: Sequence[Paid]) -> None:
    """What the same acts leave behind where Zuora's own SOAP is asked, one after another and without a bridge."""
    payments = {one["id"]: one for one in world.payments()}
    with SandboxThread() as twin:
        session = _login(twin.url)
        names = {}
        for id_, one in payments.items():
            fields = next((each.fields for each in told if each.id == id_), None)
            assert fields is not None, f"{one['referenceId']} was paid and nobody was told"
            names[id_] = names[_directly(twin.url, session, fields)] = one["referenceId"]
        left, right = (neutral(SandboxBooks(url).read(()), names) for url in (world.sandbox.url, twin.url))
    for one in (*left["payments"].values(), *right["payments"].values()):
        # Only when and by whom it was made may differ: by REST it is the bridge's own user (Zuora: Create a payment).
        assert isinstance(one, dict)
        assert one.pop("createdDate")
        assert one.pop("createdById")
    assert left == right


def _login(url: str) -> str:
    body = envelope(f"<ns1:login><ns1:username>{ERP}</ns1:username><ns1:password>demo</ns1:password></ns1:login>")
    answer = post(f"{url}/apps/services/a/83.0", body)
    return str(answer.payload.findtext(f"{{{API}}}result/{{{API}}}Session"))


def _directly(url: str, session: str, fields: Mapping[str, Any]) -> str:
    body = envelope(saved("create", [payment(**fields)]), session=session)
    return post(f"{url}/apps/services/a/83.0", body).ids[0]
