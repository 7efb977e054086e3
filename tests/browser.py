"""A real browser, driven by its own protocol (Chrome DevTools Protocol): what a page logs, fetches and looks like.

Must not know a page.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, "")}
"""Of a key that is pressed: its code on Windows, which Chromium goes by, and the text it makes."""

LISTENING = re.compile(r"DevTools listening on (ws://\S+)")


def why_not() -> str | None:
    """Why no page can be looked at; None where it can."""
    if shutil.which("chromium") is not None:
        return None
    return "chromium is not installed; run: python tests/clients/provision.py chromium"


@dataclass
class Page:
    """An open page."""

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    number: int = 0
    logged: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    loaded: bool = False

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events in between are noted."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        await self.socket.send_json({**message, "sessionId": self.session} if self.session else message)
        while True:
            came = json.loads(await asyncio.wait_for(self.socket.receive_str(), 30))
            if came.get("id") == self.number:
                assert "error" not in came, came
                return dict(came["result"])
            self._note(came)

    def _note(self, came: dict[str, Any]) -> None:
        told = came.get("params", {})
        match came.get("method"):
            case "Log.entryAdded":
                self.logged.append(str(told["entry"]["text"]))
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.logged.append(json.dumps(told)[:500])
            case "Network.requestWillBeSent":
                self.fetched.append(str(told["request"]["url"]))
            case "Page.loadEventFired":
                self.loaded = True

    async def open(self, url: str, width: int, *, dark: bool = False) -> None:
        """Load a page at a width."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.ask("Emulation.setEmulatedMedia", features=scheme)
        phone = width < 600
        await self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        self.logged.clear()
        self.fetched.clear()
        self.loaded = False
        await self.ask("Page.navigate", url=url)
        await self.arrived()

    async def arrived(self) -> None:
        """Wait until the next page has loaded; ``loaded`` was set to False before it was asked for."""
        deadline = asyncio.get_running_loop().time() + 20
        while not self.loaded:
            assert asyncio.get_running_loop().time() < deadline, "no page came"
            await self.ask("Browser.getVersion")
            await asyncio.sleep(0.01)

    async def act(self, script: str) -> None:
        """Do something on the page that leads to another one, and wait for that."""
        self.loaded = False
        await self.ask("Runtime.evaluate", expression=script)
        await self.arrived()

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A key, as the keyboard sends it."""
        code, text = KEYS.get(key, (0, ""))
        given = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **given, **({"text": text} if text else {}))
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **given)

    async def write(self, text: str) -> None:
        """Type a text into what has the focus."""
        await self.ask("Input.insertText", text=text)

    async def value(self, script: str) -> Any:
        """What an expression gives."""
        came = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in came, came
        return came["result"].get("value")

    async def picture(self) -> bytes:
        """The whole page as PNG."""
        came = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(came["data"])


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """A headless Chromium with one page; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="bridge-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *(
                    "--remote-debugging-port=0",
                    f"--user-data-dir={profile}",
                    "--no-first-run",
                    "--hide-scrollbars",
                    "about:blank",
                ),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            address = await asyncio.to_thread(_address, process)
            async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                target = await page.ask("Target.createTarget", url="about:blank")
                attached = await page.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
                page.session = attached["sessionId"]
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await page.ask(f"{domain}.enable")
                yield page
        finally:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = LISTENING.search(line)
        if found:
            return found[1]
    raise AssertionError("the browser did not start")
