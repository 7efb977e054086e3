"""What every door answers with: a SOAP body, a plain line, or Zuora's own answer relayed; and the 100 before a body.

Contract: makes responses and reads nothing but headers. Must not decide what to answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from aiohttp import HttpVersion11, web

from bridge.contract.wire import Style
from bridge.core.model import Outcome, Version
from bridge.facade.passing import Passed

RECEIVE_SECONDS = 30.0

FAILED = (
    "The bridge failed at this request, which may be no fault of the request. Whether anything reached Zuora is "
    "unknown; a call that writes payments or refunds can be repeated unchanged, what was done is not done again."
)
"""What any door says of a defect of ours."""

BEFORE_READING = Style(Version(9999))
"""For whom nothing is known of: an answer from before an envelope was read is SOAP 1.1."""

_NO_STORE = {"Cache-Control": "max-age=0, no-cache, no-store", "Pragma": "no-cache", "Server": "bridge"}


CLIENT_SUBJECT: Final = b"bridge-client-subject"
"""Whose certificate the front has seen (deploy/proxy): nothing that Zuora need know."""


async def go_on(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it that the body may come (RFC 9110, 10.1.1); .NET and PHP proxies wait."""
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer proper has not begun.
        request.writer.output_size = 0


def as_sent(request: web.BaseRequest) -> list[tuple[str, str]]:
    """The headers as they came, spelling and repetition included, but for what a front tells the bridge alone."""
    return [
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in request.raw_headers
        if name.lower() != CLIENT_SUBJECT
    ]


def told(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    """The bridge's own headers: intents and routes in the order of the objects, and whether an answer was joined."""
    headers = {
        "Bridge-Intent": ",".join(each.intent_id or "" for each in outcomes),
        "Bridge-Route": ",".join(each.route.value if each.route is not None else "" for each in outcomes),
    }
    if any(each.joined for each in outcomes):
        headers["Bridge-Joined"] = "true"
    return headers


def retry(seconds: int | None) -> dict[str, str]:
    """Retry-After in seconds (RFC 9110, 10.2.3), where there is something to say."""
    return {} if seconds is None else {"Retry-After": str(seconds)}


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def soap(status: int, body: bytes, style: Style, more: Mapping[str, str] | None = None) -> web.Response:
    """An envelope, under the media type of its version and in the caller's own spelling of the charset."""
    headers = {**_NO_STORE, "Expires": _date(int(time.time())), **(more or {})}
    headers["Content-Type"] = style.content_type
    return web.Response(status=status, body=body, headers=headers)


def plain(status: int, text: str, *, close: bool = False) -> web.Response:
    """One line for a person; ``close`` where the rest of the body was not read."""
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Server": "bridge"}
    # RFC 9110, 15.5.14; Pythons before 3.13 still call it otherwise, and the bytes shall not depend on that.
    reason = "Content Too Large" if status == 413 else None
    response = web.Response(status=status, reason=reason, body=text.encode(), headers=headers)
    if close:
        response.force_close()
    return response


def relay(passed: Passed) -> web.Response:
    """Zuora's answer with its own headers."""
    response = web.Response(status=passed.status, body=passed.body)
    response.headers.clear()
    for name, value in passed.headers:
        if name.lower() != "content-length":
            response.headers.add(name, value)
    return response
