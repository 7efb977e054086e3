"""The composition root: settings in, a running bridge out. Must not contain logic."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aiohttp import web

from bridge import __version__
from bridge.admin import Admin, Api, whoami
from bridge.admin.api import people_of
from bridge.admin.audit import AuditDesk
from bridge.admin.breaks import BreaksDesk
from bridge.admin.calls import CallsDesk
from bridge.admin.cutover import CutoverDesk
from bridge.admin.doubt import DoubtDesk
from bridge.admin.evidence import Knowing
from bridge.admin.explain import ExplainDesk
from bridge.admin.overview import About, OverviewDesk
from bridge.admin.ramps import RampsDesk
from bridge.admin.record import Record
from bridge.admin.reports import ReportsDesk
from bridge.admin.shadow import ShadowDesk
from bridge.admin.usage import UsageDesk
from bridge.console import Console
from bridge.contract.decode_json import JsonDecoder
from bridge.contract.errors import ContractError
from bridge.contract.files import extension, own_wsdl
from bridge.contract.query_wire import QueryRenderer
from bridge.contract.reader import read
from bridge.contract.serve import extended_wsdl, served_wsdl
from bridge.core.model import Settlement, Version
from bridge.cutover import Live, Policy
from bridge.cutover.gates import Gates
from bridge.cutover.policy import fixed
from bridge.facade.address import Addresses
from bridge.facade.calls import Calls, ready
from bridge.facade.json_door import JsonDoor
from bridge.facade.json_queries import JsonQueries
from bridge.facade.json_tenancy import Tenancy
from bridge.facade.json_wire import JsonRenderer
from bridge.facade.listener import Listener, most_connections
from bridge.facade.passing import Passing
from bridge.facade.queries import Queries
from bridge.facade.receiving import Receiving
from bridge.facade.server import Server
from bridge.facade.service import Facade
from bridge.facade.sessions import Sessions
from bridge.facade.shadowing import Shadowing
from bridge.facade.soap_queries import SoapQueries
from bridge.facade.usage import UsageCounter, keep_usage, tell_usage
from bridge.journal import Journal, JournalDown, keep
from bridge.journal.reading import Reader
from bridge.parity import known
from bridge.parity.known import Known
from bridge.parity.measured import measure
from bridge.parity.shadow import AT_ONCE, Shadow
from bridge.parity.shadow_writes import WriteShadow
from bridge.parity.tap import Tap
from bridge.parity.terms import ParityError
from bridge.planning import Prefixes, Rehearsal, tenant_of
from bridge.runtime import Recoverer, Runtime, machine_now
from bridge.runtime.sharing import share
from bridge.runtime.unsettled import Unsettled
from bridge.settings import ConfigurationError, Settings
from bridge.settings_terms import address
from bridge.telemetry import otel
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.usage import Usage
from bridge.upstream.action import ZuoraActions
from bridge.upstream.budget import Budget, Spare
from bridge.upstream.clock import ZuoraClock
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient, knows_time
from bridge.upstream.query_reader import QueryReader
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

log = get_logger("app")

CLOCKS = {"auto": None, "real": False, "simulated": True}

ADMIN_SHARE = 8
"""Of the connections one in so many, for people, probes and Prometheus: they can fill their own listener only."""

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
        self._tap: Tap | None = None
        self._runtime: Runtime | None = None
        self._recoverer: Recoverer | None = None
        self._live: Live | None = None
        self._gates: Gates | None = None
        self._keeping: list[asyncio.Task[None]] = []
        self._usage = Usage()
        self._shadow: Shadow | None = None
        self._record: Record | None = None
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
            raise ConfigurationError(f"BRIDGE_ZUORA__WSDL: {path}: {error}") from None
        instance = f"{os.getpid()}-{secrets.token_hex(6)}"
        otel.start(log)
        journal = self._journal = await asyncio.to_thread(
            Journal.open, settings.database_url, settings.journal_key, instance
        )
        await journal.started(__version__, settings.model_dump_json(), look_up_first=settings.journal.look_up_first)
        transport = Transport(clock=ZuoraClock(simulated=CLOCKS[zuora.clock]))
        # A pool of its own, so that slow queries cannot keep money waiting; one clock, so that it learns from all.
        passing_pool = Transport(clock=transport.clock)
        self._closing = [transport, passing_pool]
        budget = Budget(zuora.concurrent)
        oauth = None
        if zuora.client_id and zuora.client_secret:
            secret = zuora.client_secret.get_secret_value()
            oauth = OAuthClient(transport, zuora.rest_url, zuora.client_id, secret)
        rest = ZuoraRest(transport, zuora.rest_url, oauth, budget, zuora.rest_version)
        try:
            soap = ZuoraSoap(path, zuora.soap_url, transport, budget)
        except ContractError as error:
            raise ConfigurationError(f"BRIDGE_ZUORA__WSDL: {path}: {error}") from None
        directory = Directory(rest) if oauth else None
        actions, tenant = ZuoraActions(contract, rest), tenant_of(settings, contract)
        runtime = self._runtime = Runtime(
            journal,
            soap,
            rest,
            directory,
            transport.clock,
            instance,
            actions=actions,
            own_look=lambda own: Directory(rest.under(own)),
            us=lambda: oauth.user_id if oauth is not None else None,
        )
        live = self._live = Live(journal)
        try:
            await live.start()
        except ValueError as error:
            raise ConfigurationError(
                f"the cutover rules in the journal cannot be read ({error}); a newer bridge may have written them: "
                "start that one, or set rules that this one knows with its `bridge cutover set`"
            ) from None
        policy = Policy(settings.routes, lambda: live.standing, transport.clock.now)
        facade = Facade(contract, zuora.codes_since)
        sessions = Sessions(soap, zuora.tenant_id, zuora.entities, settings.caller)
        queries = Queries(
            policy=policy,
            reader=QueryReader(rest) if oauth else None,
            tenant=tenant,
            key=journal.locator_key,
            now=transport.clock.now,
            settlement_rows=zuora.settlement_rows,
        )
        spare = Spare(budget, AT_ONCE)
        aside = ZuoraRest(transport, zuora.rest_url, oauth, spare, zuora.rest_version)
        shadow = self._shadow = Shadow(journal, budget, _ledger(settings.shadow.known)) if oauth is not None else None
        writes = WriteShadow(shadow, tenant, aside, Directory, transport.clock.now) if shadow is not None else None
        used = UsageCounter(self._usage)
        calls = Calls(runtime, tenant, policy, ready=ready(tenant, oauth is not None), used=used, shadow=writes)
        passing = Passing(passing_pool, zuora.soap_url, zuora.rest_url)
        tenancy = Tenancy(rest, directory, zuora.tenant_id, zuora.entities, settings.caller, tenant.directives)
        renderer = JsonRenderer(contract.version, frozenset(contract.error_codes), zuora.codes_since)
        pages, shadowing = QueryRenderer(contract), None
        if shadow is not None:
            shadowing = Shadowing(
                shadow=shadow,
                queries=Queries(
                    policy=policy,
                    reader=QueryReader(aside),
                    tenant=tenant,
                    key=journal.locator_key,
                    now=transport.clock.now,
                    settlement_rows=zuora.settlement_rows,
                ),
                sessions=sessions,
                pages=pages,
                faults=facade.renderer,
                contract=contract,
                budget=spare,
            )
        taken = settings.capture
        if taken.folder is not None:
            try:
                self._tap = Tap(taken.folder, taken.rate, taken.cap)
            except OSError as error:
                raise ConfigurationError(f"BRIDGE_CAPTURE__FOLDER: {taken.folder}: {error.strerror}") from None
        receiving = Receiving()
        json = JsonDoor(
            decoder=JsonDecoder(contract),
            renderer=renderer,
            tenancy=tenancy,
            calls=calls,
            passing=passing,
            queries=JsonQueries(queries, tenancy, renderer),
            receiving=receiving,
            used=used,
            tap=self._tap,
            shadowing=shadowing,
        )
        server = Server(
            facade=facade,
            passing=passing,
            sessions=sessions,
            queries=SoapQueries(queries, sessions, pages, facade.renderer),
            calls=calls,
            json=json,
            wsdl=Files(raw, contract.version),
            receiving=receiving,
            addresses=Addresses(settings.public_url, settings.proxies),
            soap_hosts=zuora.hosts,
            tap=self._tap,
            used=used,
            shadowing=shadowing,
        )
        METRICS.build_info.only({(__version__, str(contract.version)): 1})
        self._reasons = _reasons(settings, has_credential=oauth is not None)
        await runtime.start()
        if directory is not None:
            now, knows = transport.clock.now, partial(knows_time, transport.clock, oauth)
            self._recoverer = Recoverer(runtime, journal, tenant, zuora_now=now, here=machine_now, knows_time=knows)
            self._recoverer.start()
        else:
            unsettled = Unsettled(journal, transport.clock.now)
            self._keeping.append(asyncio.create_task(unsettled.keep()))
        if shadow is not None:
            shadow.start()
        self._gates = Gates(journal, live, machine_now, transport.clock.now)
        self._gates.start()
        self._keeping += [
            asyncio.create_task(keep(journal, settings.journal.keep_days, machine_now)),
            asyncio.create_task(keep_usage(self._usage, journal)),
            asyncio.create_task(share(journal, budget, machine_now)),
        ]
        given = sockets or {}
        most = most_connections()
        self.url = await self._listen(server, settings.listen, given.get("callers"), most)
        if given.get("admin") is not None or sockets is None:
            self._keeping.append(asyncio.create_task(measure(journal)))
            rehearsal = Rehearsal(
                settings, contract, tenant, policy, soap, actions, lambda call: directory or Prefixes(call)
            )
            cutover = CutoverDesk(journal, fixed(settings.routes))
            record = self._record = Record(partial(Reader, settings.database_url, settings.journal_key))
            about = About(
                str(contract.version),
                zuora.tenant_id,
                zuora.settlement.value,
                look_up_first=settings.journal.look_up_first,
            )
            desks = (
                cutover,
                ExplainDesk(journal, rehearsal.of),
                RampsDesk(journal),
                UsageDesk(journal, tenant.second_reference),
                ShadowDesk(journal),
            )
            zuora_now = transport.clock.now

            def knowing() -> Knowing:
                return Knowing(zuora_now(), machine_now(), tenant.visibility_seconds, settings.tenant.zone)

            looking = (
                OverviewDesk(record, about, self._why_not, lambda: budget.headroom, zuora_now),
                CallsDesk(record, knowing),
                DoubtDesk(record, journal, knowing),
                BreaksDesk(record, journal),
                ReportsDesk(settings.parity.reports),
                AuditDesk(record),
            )
            people = people_of(settings.admin.owner, settings.admin.people)
            api = Api(people, whoami.ANSWERS, *(desk.answers() for desk in (*desks, *looking)))
            console = Console(api, journal.console_key, journal, machine_now, transport.clock.now)
            admin = Admin(self._why_not, self._metrics, api, console)
            self.admin_url = await self._listen(admin, settings.admin.listen, given.get("admin"), most // ADMIN_SHARE)

    def _why_not(self) -> list[str]:
        stopping = self._runtime is not None and self._runtime.stopping
        return [*self._reasons, *(["the bridge is stopping"] if stopping else [])]

    def _metrics(self) -> bytes:
        METRICS.ready.set(not self._why_not())
        return METRICS.render()

    async def _listen(self, handler: Server | Admin, where: str, given: socket.socket | None, most: int) -> str:
        # The guard inflates under its own ceiling, so the server must not inflate.
        server = Listener(handler, most=most, auto_decompress=False, access_log=None, lingering_time=1.0)
        runner = web.ServerRunner(server, shutdown_timeout=STOP_SECONDS)
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
        """Refuse new money calls, settle what is in flight, close everything, in ``STOP_SECONDS`` all in all."""
        ends = asyncio.get_running_loop().time() + STOP_SECONDS
        if self._runtime is not None:
            # Before anything that takes its time: what the recoverer looks for may take half a minute.
            self._runtime.stopping = True
        if self._shadow is not None:
            await self._shadow.stop()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        if self._gates is not None:
            await self._gates.stop()
        if self._recoverer is not None:
            await self._recoverer.stop()
        if self._runtime is not None:
            await self._runtime.stop(max(0.0, ends - asyncio.get_running_loop().time()))
        if self._live is not None:
            await self._live.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(ends):
                for runner in self._runners:
                    await runner.cleanup()
        if self._record is not None:
            await asyncio.to_thread(self._record.close)
        for transport in self._closing:
            await transport.close()
        if self._tap is not None:
            await asyncio.to_thread(self._tap.close)
        if self._journal is not None:
            with contextlib.suppress(JournalDown):
                await tell_usage(self._usage, self._journal)
            await asyncio.to_thread(self._journal.close)
        await asyncio.to_thread(otel.stop)


def _ledger(path: Path | None) -> tuple[Known, ...]:
    """What is accepted: what two routes differ in by nature, and the owner's own."""
    try:
        return (*known.inherent(), *(known.read(path) if path is not None else ()))
    except ParityError as error:
        raise ConfigurationError(f"BRIDGE_SHADOW__KNOWN: {error}") from None


def _reasons(settings: Settings, *, has_credential: bool) -> list[str]:
    reasons = []
    if not has_credential and settings.zuora.settlement is not Settlement.OFF:
        reasons.append("BRIDGE_ZUORA__CLIENT_ID and __CLIENT_SECRET are not set, and settlement is not off")
    if settings.zuora.tenant_id is None:
        reasons.append("BRIDGE_ZUORA__TENANT_ID is not set, so journaled writes are refused")
    return reasons
