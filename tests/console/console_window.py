"""A real browser's window before the console, for tests that are no coroutines: one Chromium for all of them.

Notes every message of the page's console, every violation of its policy and every address it asks. Must not know a
page.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import threading
import zlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from browser import Page, browser

Answer = TypeVar("Answer")

COMPARED = """
(async () => {
  const load = async (text) => {
    const made = await createImageBitmap(await (await fetch('data:image/png;base64,' + text)).blob());
    const canvas = new OffscreenCanvas(made.width, made.height);
    const context = canvas.getContext('2d');
    context.drawImage(made, 0, 0);
    return context.getImageData(0, 0, made.width, made.height);
  };
  const [one, other] = [await load(%s), await load(%s)];
  if (one.width !== other.width || one.height !== other.height)
    return [`${one.width}x${one.height} instead of ${other.width}x${other.height}`, 1];
  let different = 0;
  for (let at = 0; at < one.data.length; at += 4)
    if (Math.max(Math.abs(one.data[at] - other.data[at]), Math.abs(one.data[at + 1] - other.data[at + 1]),
                 Math.abs(one.data[at + 2] - other.data[at + 2])) > 48) different++;
  return ['', different / (one.width * one.height)];
})()
"""
FEW_COLOURS = """
(async () => {
  const made = await createImageBitmap(await (await fetch('data:image/png;base64,' + %s)).blob());
  const canvas = new OffscreenCanvas(made.width, made.height);
  const context = canvas.getContext('2d');
  context.drawImage(made, 0, 0);
  const { data } = context.getImageData(0, 0, made.width, made.height);
  const count = new Map(), keys = new Uint32Array(data.length / 4);
  for (let at = 0; at < data.length; at += 4) {
    const key = data[at] << 16 | data[at + 1] << 8 | data[at + 2];
    keys[at / 4] = key;
    count.set(key, (count.get(key) || 0) + 1);
  }
  const kept = [...count].sort((a, b) => b[1] - a[1]).slice(0, 200).map((each) => each[0]);
  const parts = (key) => [key >> 16, key >> 8 & 255, key & 255];
  const far = (a, b) => parts(a).reduce((sum, each, n) => sum + (each - parts(b)[n]) ** 2, 0);
  const place = new Map(kept.map((key, n) => [key, n]));
  const near = (key) => kept.reduce((best, each, n) => far(each, key) < far(kept[best], key) ? n : best, 0);
  for (const key of count.keys()) if (!place.has(key)) place.set(key, near(key));
  let text = '';
  for (const key of keys) text += String.fromCharCode(place.get(key));
  return { width: made.width, height: made.height, palette: kept.map(parts), pixels: btoa(text) };
})()
"""


class Window:
    """One page of one browser. ``logged`` is what it complained about since the page was opened."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="window", daemon=True)
        self._thread.start()
        self._browser = browser()
        self._page: Page = self._do(self._browser.__aenter__())

    def close(self) -> None:
        """End the browser."""
        self._do(self._browser.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def logged(self) -> list[str]:
        """What the page logged, which includes violations of its policy."""
        return self._page.logged

    @property
    def fetched(self) -> list[str]:
        """Every address that it asked."""
        return self._page.fetched

    def open(self, url: str, width: int = 1280, *, dark: bool = False) -> None:
        """Load a page."""
        self._do(self._page.open(url, width, dark=dark))

    def act(self, script: str) -> None:
        """Do something that leads to another page."""
        self._do(self._page.act(script))

    def value(self, script: str) -> Any:
        """What an expression gives."""
        return self._do(self._page.value(script))

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key."""
        self._do(self._page.press(key, shift=shift))

    def press_and_arrive(self, key: str) -> None:
        """A key that leads to another page."""
        self._page.loaded = False
        self.press(key)
        self._do(self._page.arrived())

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self._do(self._page.write(text))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol."""
        return self._do(self._page.ask(method, **parameters))

    def forget(self) -> None:
        """Sign out of everything."""
        self.ask("Network.clearBrowserCookies")

    def sign_in(self, url: str, token: str) -> None:
        """By the form, as a person does."""
        self.forget()
        self.open(f"{url}/console/login")
        self.act(f"document.getElementById('token').value = {json.dumps(token)}; document.forms[0].requestSubmit()")

    # ------------------------------------------------------------ pictures

    def picture(self) -> bytes:
        """The whole page as PNG, without a blinking cursor."""
        self.value("document.activeElement && document.activeElement.blur(); scrollTo(0, 0)")
        return self._do(self._page.picture())

    def difference(self, one: bytes, other: bytes) -> tuple[str, float]:
        """Words about sizes that differ, and the share of pixels that do. On an empty page, which has no policy."""
        given = (json.dumps(base64.b64encode(each).decode()) for each in (one, other))
        words, share = self._promised(COMPARED % tuple(given))
        return str(words), float(share)

    def few_colours(self, picture: bytes) -> bytes:
        """The same picture in its 200 most frequent colours: a third of the size, and the same to the eye."""
        made = self._promised(FEW_COLOURS % json.dumps(base64.b64encode(picture).decode()))
        pixels, width = base64.b64decode(made["pixels"]), made["width"]
        rows = b"".join(b"\x00" + pixels[at : at + width] for at in range(0, len(pixels), width))
        head = struct.pack(">IIBBBBB", width, made["height"], 8, 3, 0, 0, 0)
        palette = bytes(value for colour in made["palette"] for value in colour)
        parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
            for name, content in parts
        )

    def keep(self, folder: Path, name: str, picture: bytes) -> None:
        """Write a picture for looking at it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture)

    def _promised(self, script: str) -> Any:
        came = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in came, str(came)[:500]
        return came["result"]["value"]

    def _do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)
