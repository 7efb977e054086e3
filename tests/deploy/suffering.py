"""Real bridges for a real Prometheus: one that is well, and one to which all happens that can be made to in seconds.

``bridge serve`` as a process of its own, so that its metrics are its own, before a simulated Zuora. What an ERP does to
it goes on in threads until the end. Must not know an alert.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path

from harness import Obj, World, payment, post
from prometheus_server import free_port

TOKEN = "a-token-of-the-owner-0123456789"

ROLLED_BACK = """[[rule]]
name = "pilot"
operation = "update"
object = "Payment"
route = "rest"
percent = 0

[rule.ramp]
steps = [1, 100]
error_rate = 0.02
samples = 200
halted = true
"""

CENTS = itertools.count(101)


def another() -> Obj:
    """A payment like no other."""
    cents = f"{Decimal(next(CENTS)) / 100:.2f}"
    return payment(InvoiceId="@I1", Amount=cents, AppliedInvoiceAmount=cents)


class Serving:
    """One bridge in a world of its own; ``address`` is where Prometheus finds it. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, bridges=0)
        self.address = f"127.0.0.1:{free_port()}"
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Serving:
        self.world.__enter__()
        try:
            self._process = self.world.serve(ADMIN__LISTEN=self.address, ADMIN__TOKEN=TOKEN)
            self.world.control("settings", {"sessionSeconds": 10**8})
            self.world.create(another())
        except BaseException:
            self.world.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """The ERP falls silent, and the bridge is gone."""
        self._over.set()
        self._process.kill()
        self.silence()
        self.world.__exit__()

    def doubt(self) -> None:
        """A payment is in doubt for long, and one is parked: nothing tells what became of it."""
        world = self.world
        twin = another()
        world.create(twin)
        world.fault("rate_limited", path="/object-query/", times=10**6)
        world.fault("html_502", operation="create", times=10**6)
        world.create(another())
        world.create(payment(AccountId=None, InvoiceId="@I1", Amount="0.99", AppliedInvoiceAmount="0.99"))
        world.advance(1000)
        # Any answer of Zuora's tells the bridge the time.
        world.login()
        self._keep(lambda: world.create(twin), 0.15)
        self._keep(lambda: world.create(another()), 0.3)

    def noise(self) -> None:
        """Callers without a session, and requests that the guard refuses."""
        self._keep(lambda: self.world.create(another(), session="nobody's"), 0.08)
        self._keep(lambda: post(self.world.endpoint(), b"<!DOCTYPE a><a/>"), 0.02)

    def silence(self) -> None:
        """No caller calls any more."""
        self._over.set()
        for each in self._threads:
            each.join()

    def rolled_back(self) -> None:
        """A ramp stands where a gate has left it."""
        self._change("set", {"toml": ROLLED_BACK})

    def stopped(self) -> None:
        """Somebody stops new money calls."""
        self._change("stop", {})

    def _change(self, what: str, said: dict[str, object]) -> None:
        body = json.dumps(said | {"reason": "a night", "by": "alice"}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(f"http://{self.address}/admin/api/cutover/{what}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as came:
            came.read()

    def _keep(self, deed: Callable[[], object], every: float) -> None:
        def on() -> None:
            while not self._over.wait(every):
                # The end cuts off what is on its way.
                with contextlib.suppress(OSError, HTTPException):
                    deed()

        thread = threading.Thread(target=on, daemon=True)
        thread.start()
        self._threads.append(thread)
