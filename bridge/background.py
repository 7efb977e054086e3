"""The bridge in a thread with its own event loop, for the demo and for tests. Must not be used to serve callers."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from bridge.app import App
from bridge.settings import Settings


class AppThread:
    """``with AppThread(settings) as bridge: bridge.url``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = ""
        self.admin_url = ""
        self._failed: BaseException | None = None
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="bridge", daemon=True)

    def __enter__(self) -> AppThread:
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            self._thread.join()
            raise self._failed
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop as SIGTERM would; returns when everything is settled and closed."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to whoever entered
            self._failed = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = App(self.settings)
        try:
            await app.start()
            self.url, self.admin_url = app.url, app.admin_url
            self._started.set()
            await self._stop.wait()
        finally:
            await app.stop()
