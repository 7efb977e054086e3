"""A small HTTP server that exposes metrics as a bridge would, with values that none can be brought to in seconds.

Gauges stand still, counters grow by so much a second from the server's start. Must not be scraped as if it proved that
a bridge exposes them: ``test_metric_names`` holds that every series here is one of the bridge's.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Exposed:
    """``with Exposed(gauges, counters) as target: target.address``; values by series."""

    def __init__(self, gauges: Mapping[str, float], counters: Mapping[str, float]) -> None:
        self._gauges = gauges
        self._counters = counters
        self._began = time.monotonic()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Exposed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where Prometheus finds it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def text(self) -> str:
        """What it tells now."""
        elapsed = time.monotonic() - self._began
        grown = {series: int(rate * elapsed) for series, rate in self._counters.items()}
        return "".join(f"{series} {value}\n" for series, value in {**self._gauges, **grown}.items())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        told = self.text

        class Handler(BaseHTTPRequestHandler):
            # HTTP/1.0: a connection that is kept open would be answered after the end.
            def do_GET(self) -> None:
                body = told().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                # Who has waited for longer than a scrape may take is gone.
                with contextlib.suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
