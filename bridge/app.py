"""The composition root: settings in, a running bridge out. Must not contain logic."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping

from aiohttp import web

from bridge.admin import Admin
from bridge.contract.errors import ContractError
from bridge.contract.files import extension, own_wsdl
from bridge.contract.reader import read
from bridge.contract.serve import extended_wsdl, served_wsdl
from bridge.core.model import Settlement, Version
from bridge.facade.passing import Passing
from bridge.facade.server import Server, ready
from bridge.facade.service import Facade
from bridge.facade.sessions import Sessions
from bridge.journal import Journal
from bridge.runtime import Runtime
from bridge.settings import ConfigurationError, Settings, address
from bridge.telemetry.metrics import METRICS
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

STOP_SECONDS = 128.0
"""Zuora ends a request after 120 s and we after 125; then everything in flight is settled or in doubt."""

MINIMUM = Version(107)


class Files:
    """The WSDL as callers get it, rendered once per address."""

    def __init__(self, raw: bytes, version: Version) -> None:
        self._raw = raw
        self._extension = extension().read_bytes()
        self._path = f"/apps/services/a/{version}"
        self._made: dict[tuple[str, bool], bytes] = {}

    def served(self, address: str, *, extended: bool) -> bytes:
        """The file with the bridge's address (and the file's version), extended on request."""
        key = (address, extended)
        if key not in self._made:
            if len(self._made) > 64:
                # The address comes from Host headers; strangers must not fill the memory.
                self._made.clear()
            where = address + self._path
            raw = self._raw
            self._made[key] = extended_wsdl(raw, self._extension, where) if extended else served_wsdl(raw, where)
        return self._made[key]


class App:
    """One process of the bridge. ``start`` it inside a running loop; ``stop`` settles what is in flight."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = ""
        self.admin_url = ""
        self._runners: list[web.ServerRunner] = []
        self._closing: list[Transport] = []
        self._journal: Journal | None = None
        self._runtime: Runtime | None = None
        self._reasons: list[str] = []

    async def start(self, sockets: Mapping[str, socket.socket] | None = None) -> None:
        """Listen; raises ``ConfigurationError`` or ``JournalRefused`` with an instruction."""
        settings, zuora = self.settings, self.settings.zuora
        if zuora.soap_url is None or zuora.rest_url is None:
            raise ConfigurationError("BRIDGE_ZUORA__SOAP_URL and BRIDGE_ZUORA__REST_URL must both be set")
        path = zuora.wsdl or own_wsdl()
        try:
            raw = path.read_bytes()
            contract = read(raw, extension=extension().read_bytes())
            contract.require(MINIMUM)
        except (OSError, ContractError) as error:
            raise ConfigurationError(f"BRIDGE_ZUORA__WSDL: {error}") from None
        instance = f"{os.getpid()}-{secrets.token_hex(6)}"
        journal = self._journal = await asyncio.to_thread(
            Journal.open, settings.database_url, settings.journal_key, instance
        )
        transport = Transport()
        # A pool of its own, so that slow queries cannot keep money waiting; one clock, so that it learns from all.
        passing_pool = Transport(clock=transport.clock)
        self._closing = [transport, passing_pool]
        budget = Budget()
        oauth = None
        if zuora.client_id and zuora.client_secret:
            secret = zuora.client_secret.get_secret_value()
            oauth = OAuthClient(transport, zuora.rest_url, zuora.client_id, secret)
        rest = ZuoraRest(transport, zuora.rest_url, oauth, budget, zuora.rest_version) if oauth else None
        soap = ZuoraSoap(path, zuora.soap_url, transport, budget)
        directory = Directory(rest) if rest else None
        runtime = self._runtime = Runtime(journal, soap, rest, directory, transport.clock, instance)
        tenant = settings.tenant
        server = Server(
            facade=Facade(contract),
            passing=Passing(passing_pool, zuora.soap_url, zuora.rest_url),
            sessions=Sessions(soap, zuora.tenant_id, zuora.entities, settings.caller),
            runtime=runtime,
            wsdl=Files(raw, contract.version),
            tenant=tenant,
            ready=ready(tenant, oauth is not None),
            public_url=settings.public_url,
            soap_hosts=zuora.hosts,
        )
        self._reasons = _reasons(settings, has_credential=oauth is not None)
        await runtime.start()
        given = sockets or {}
        self.url = await self._listen(server, settings.listen, given.get("callers"))
        if given.get("admin") is not None or sockets is None:
            admin = Admin(self._why_not, METRICS.render)
            self.admin_url = await self._listen(admin, settings.admin.listen, given.get("admin"))

    def _why_not(self) -> list[str]:
        stopping = self._runtime is not None and self._runtime.stopping
        return [*self._reasons, *(["the bridge is stopping"] if stopping else [])]

    async def _listen(self, handler: web.ServerRunner | Server | Admin, where: str, given: socket.socket | None) -> str:
        # The guard inflates under its own ceiling, so the server must not inflate.
        runner = web.ServerRunner(web.Server(handler, auto_decompress=False, access_log=None, lingering_time=1.0))  # type: ignore[arg-type]
        await runner.setup()
        self._runners.append(runner)
        if given is not None:
            await web.SockSite(runner, given).start()
        else:
            host, port = address(where)
            await web.TCPSite(runner, host, port).start()
        host, port = runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Refuse new money calls, settle what is in flight, close everything."""
        if self._runtime is not None:
            await self._runtime.stop(STOP_SECONDS)
        for runner in self._runners:
            await runner.cleanup()
        for transport in self._closing:
            await transport.close()
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)


def _reasons(settings: Settings, *, has_credential: bool) -> list[str]:
    reasons = []
    if not has_credential and settings.zuora.settlement is not Settlement.OFF:
        reasons.append("BRIDGE_ZUORA__CLIENT_ID and __CLIENT_SECRET are not set, and settlement is not off")
    if settings.zuora.tenant_id is None:
        reasons.append("BRIDGE_ZUORA__TENANT_ID is not set, so journaled writes are refused")
    return reasons
