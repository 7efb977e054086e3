"""Several `bridge serve` processes on one PostgreSQL, before one simulated Zuora."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import ERP, PROGRAM, World, until
from postgresql_server import PostgreSQL

KEY = base64.b64encode(bytes(range(32))).decode()


class Replica:
    """One process; ``url`` is where callers reach it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As a supervisor does: SIGTERM, and its exit code when it has settled what it had."""
        self.process.terminate()
        return self.process.wait(130)

    def suspend(self) -> None:
        """It does nothing more until it is woken."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on where it was."""
        self.process.send_signal(signal.SIGCONT)


class Replicas:
    """A world whose bridges share a PostgreSQL."""

    def __init__(self, world: World, server: PostgreSQL, **settings: str) -> None:
        self.world = world
        self.server = server
        self.place = server.new_place()
        self._settings = settings

    def start(
        self,
        port: int | None = None,
        *,
        program: str = PROGRAM,
        at: tuple[str, str] = ("127.0.0.1:0", "127.0.0.1:0"),
        **caller: Any,
    ) -> Replica:
        """Another replica, by way of a port of the database's where one is given.

        ``program`` is what Python runs, ``at`` where it listens for callers and for operators.
        """
        callers = {"erp": {"usernames": [ERP], "allow": ["*"], **caller}}
        process = self.world.serve(
            program,
            LISTEN=at[0],
            ADMIN__LISTEN=at[1],
            DATABASE_URL=self.server.url(self.place, port),
            JOURNAL__KEY=KEY,
            CALLERS=json.dumps(callers),
            **self._settings,
        )
        return Replica(process, self.world.url if at[0].endswith(":0") else f"http://{at[0]}")

    def intents(self) -> list[tuple[str, str]]:
        """State and owning process of every intent in the journal."""
        return [
            (state, owner.partition("/")[0])
            for state, owner in self.server.execute("SELECT state, owner FROM intent ORDER BY created_at", self.place)
        ]

    def begun(self, count: int = 1) -> None:
        """Wait until so many changing requests have reached Zuora."""
        until(lambda: len(self.world.writes()) >= count, 20, "a request")


@contextmanager
def replicated(folder: Path, server: PostgreSQL, **settings: str) -> Iterator[Replicas]:
    """No replica runs yet."""
    with World(folder, bridges=0) as world:
        yield Replicas(world, server, **settings)
