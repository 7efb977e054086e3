"""The callers' listener: find the door of a path and let it answer.

One aiohttp handler without a router: every path is somebody's. Must not decide about payments, and must not answer
with a trace, a path or another caller's words.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from bridge.contract.wire import server_fault
from bridge.facade.address import Addresses
from bridge.facade.calls import Calls
from bridge.facade.json_door import JsonDoor
from bridge.facade.passing import Passing, came_back
from bridge.facade.paths import Door, Found, find
from bridge.facade.receiving import Receiving
from bridge.facade.responses import BEFORE_READING, FAILED, RECEIVE_SECONDS, as_sent, plain, relay, soap
from bridge.facade.rest_door import RestDoor
from bridge.facade.service import Facade
from bridge.facade.sessions import Sessions
from bridge.facade.shadowing import Shadowing
from bridge.facade.soap_door import SoapDoor
from bridge.facade.soap_queries import SoapQueries
from bridge.facade.usage import UsageCounter
from bridge.parity.tap import Tap
from bridge.telemetry.call import CallNote, begun
from bridge.telemetry.log import get_logger

log = get_logger("facade")

_DOORS = {Door.WSDL: "soap", Door.SOAP: "soap", Door.APPS: "soap", Door.ACTION: "action", Door.CRUD: "crud"}


class Wsdl(Protocol):
    """The served WSDL."""

    def served(self, address: str, *, extended: bool) -> bytes:
        """The file for callers at ``address`` (an origin)."""


class Server:
    """Handles one request at a time per connection; shared by all connections."""

    def __init__(
        self,
        *,
        facade: Facade,
        passing: Passing,
        sessions: Sessions,
        calls: Calls,
        json: JsonDoor,
        wsdl: Wsdl,
        receiving: Receiving,
        addresses: Addresses,
        soap_hosts: frozenset[str],
        queries: SoapQueries | None = None,
        tap: Tap | None = None,
        used: UsageCounter | None = None,
        shadowing: Shadowing | None = None,
    ) -> None:
        self._soap = SoapDoor(
            facade=facade,
            passing=passing,
            sessions=sessions,
            calls=calls,
            soap_hosts=soap_hosts,
            receiving=receiving,
            queries=queries,
            tap=tap,
            used=used,
            shadowing=shadowing,
        )
        self._rest = RestDoor(passing, json)
        self._receiving = receiving
        self._passing = passing
        self._wsdl = wsdl
        self._addresses = addresses

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Nothing but cancellation leaves as an exception."""
        found = find(request.rel_url.raw_path)
        note = begun(_DOORS.get(found.door, "pass"), request.headers)
        status = None
        try:
            response = await self._answer(request, found, note)
            status = response.status
            return response
        finally:
            self._receiving.done(request)
            note.end(status)

    async def _answer(self, request: web.BaseRequest, found: Found, note: CallNote) -> web.StreamResponse:
        try:
            match found.door:
                case Door.UNCLEAR:
                    note.reason = "path"
                    return plain(400, "The path can be read in more than one way; nothing was sent.")
                case Door.WSDL:
                    return self._file(request, note)
                case Door.SOAP | Door.APPS:
                    if request.method in ("GET", "HEAD") and found.door is Door.SOAP and _asks_wsdl(request):
                        return self._file(request, note)
                    if request.method == "POST":
                        return await self._soap(request, found, self._addresses.of(request))
                    return await self._pass_apps(request, note)
                case _:
                    return await self._rest(request, found)
        except TimeoutError:
            note.reason = "slow"
            text = f"The request did not arrive within {RECEIVE_SECONDS:.0f} seconds; nothing was sent to Zuora."
            response = soap(500, server_fault(text, BEFORE_READING), BEFORE_READING)
            response.force_close()
            return response
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("request failed")
            note.broke()
            return soap(500, server_fault(FAILED, BEFORE_READING), BEFORE_READING)

    def _file(self, request: web.BaseRequest, note: CallNote) -> web.Response:
        note.asks("wsdl")
        note.came_to("none", "page")
        extended = any(name.lower() == "extended" for name in request.rel_url.query)
        body = self._wsdl.served(self._addresses.of(request), extended=extended)
        return web.Response(body=body, headers={"Content-Type": "text/xml;charset=UTF-8", "Server": "bridge"})

    async def _pass_apps(self, request: web.BaseRequest, note: CallNote) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            return plain(405, "Only GET and POST are served here; nothing was sent.")
        note.asks("read")
        passed = await self._passing.soap(request.method, request.raw_path, as_sent(request), b"")
        note.came_to("pass", came_back(passed))
        return relay(passed)


def _asks_wsdl(request: web.BaseRequest) -> bool:
    return any(name.lower() == "wsdl" for name in request.rel_url.query)
