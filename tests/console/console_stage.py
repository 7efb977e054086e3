"""The console before an admin API that tells what a test has written, at a moment that a test has chosen.

Everything but the desk's answers is real: the API's roles, the listener, HTTP. Must not know a page.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from console_told import NOW, TOLD

from bridge.admin import Admin, Api
from bridge.admin.asking import Answer, Asked, Entry, Person, Role
from bridge.console import Console
from bridge.journal import JournalDown

KEY = bytes(range(32))
PEOPLE = {
    "vera-looks-0123456789": Person("vera", Role.VIEWER),
    "otto-operates-0123456789": Person("otto", Role.OPERATOR),
    "anna-administers-0123456789": Person("anna", Role.ADMIN),
    "the-owner's-0123456789": Person("admin", Role.ADMIN, shared=True),
}
TOKENS = {person.name: token for token, person in PEOPLE.items()}

CHANGES = {
    "cutover/check": Role.VIEWER,
    "cutover/set": Role.ADMIN,
    "cutover/rollback": Role.OPERATOR,
    "cutover/stop": Role.OPERATOR,
    "cutover/start": Role.ADMIN,
    "ramps/promote": Role.ADMIN,
    "ramps/hold": Role.OPERATOR,
    "ramps/resume": Role.ADMIN,
    "doubt/resolve": Role.OPERATOR,
    "breaks/accept": Role.OPERATOR,
    "breaks/assign": Role.OPERATOR,
    "audit/verify": Role.VIEWER,
}
DIFFERENCE = ["--- revision 14", "+++ new", "@@ -1,2 +1,3 @@", " [[rule]]", '-percent = "20"', '+percent = "50"']


class SignedOut:
    """What a journal keeps of signing out. ``down``: it cannot be reached."""

    def __init__(self) -> None:
        self.over: dict[str, int] = {}
        self.down = False

    async def sign_out(self, session: str, until: int) -> None:
        """It is over."""
        if self.down:
            raise JournalDown("no database")
        self.over[session] = until

    async def signed_out(self, session: str) -> bool:
        """Whether it is."""
        if self.down:
            raise JournalDown("no database")
        return session in self.over


class Stage:
    """A console to look at. ``told`` are the answers by path, ``said`` statuses and answers that come instead."""

    def __init__(self) -> None:
        self.now = NOW
        self.told: dict[str, Any] = dict(TOLD)
        self.said: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.people: Mapping[str, Person] = PEOPLE
        self.url = ""
        self.ends = SignedOut()
        self._console = self.another()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)

    def __enter__(self) -> Stage:
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def reset(self) -> None:
        """As it was at first."""
        self.now, self.told, self.said = NOW, dict(TOLD), {}
        self.ends.down = False
        self.asked.clear()
        self.start_anew(PEOPLE)

    def start_anew(self, people: Mapping[str, Person]) -> None:
        """The process is restarted, with these people in its settings."""
        self.people = people
        self._console = self.another()

    def another(self) -> Console:
        """The console of another process on the same journal."""
        return Console(self._api(), KEY, self.ends, lambda: self.now)

    def _api(self) -> Api:
        looks = {("GET", path): Entry(self._tell, Role.VIEWER) for path in (*TOLD, "reports/", "calls/i-1/export")}
        looks["GET", "calls/"] = Entry(self._tell, Role.VIEWER)
        changes = {("POST", path): Entry(self._change, role) for path, role in CHANGES.items()}
        return Api(self.people, looks | changes)

    async def _serve(self) -> str:
        admin = Admin(list, bytes, self._api(), self._pages)
        self._runner = web.ServerRunner(web.Server(admin, access_log=None))  # type: ignore[arg-type]
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _pages(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._console(request)

    async def _tell(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        for path in (asked.path, "/".join((*asked.path.split("/")[:-1], ""))):
            if path in self.said:
                return self.said[path]
            if path in self.told:
                return 200, self.told[path]
        return 404, {"error": "There is nothing here."}

    async def _change(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path in self.said:
            return self.said[asked.path]
        if asked.path == "audit/verify":
            return 202, {"running": True}
        if not asked.path.startswith(("cutover", "ramps")):
            return 200, {"done": True}
        return 200, {"revision": 15, "what": asked.path.rpartition("/")[2], "difference": DIFFERENCE, "done": True}
