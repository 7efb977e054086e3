"""``bridge doctor``: asks the tenant what it is and says which settings disagree, read-only.

Composes the probes of ``upstream`` and the journal's inspection; exit 0 where all agrees, 1 where something is wrong,
2 where there is nothing to ask. Must not hold a rule, send anything that changes something, or print a secret.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from bridge.cli.wsdl import show
from bridge.contract.errors import ContractError
from bridge.contract.files import own_wsdl
from bridge.contract.reader import read
from bridge.core.model import Settlement
from bridge.journal.inspection import inspect
from bridge.settings import ConfigurationError, Settings, load
from bridge.upstream.budget import Budget
from bridge.upstream.probe import Configured, Probe
from bridge.upstream.probe_findings import Finding, State, any_wrong
from bridge.upstream.probe_soap import Login, SoapProbe
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport


def doctor(
    user: str = typer.Option("", help="also log in to SOAP as this user, as a caller would"),
    password_file: Path | None = typer.Option(
        None, help="a file with that user's password; asked for on a terminal without it", exists=True, dir_okay=False
    ),
    as_json: bool = typer.Option(False, "--json", help="print JSON"),
) -> None:
    """Compare the settings with the tenant, its SOAP and REST APIs and this machine; change nothing."""
    settings = load()
    if settings.zuora.soap_url is None or settings.zuora.rest_url is None:
        raise ConfigurationError("BRIDGE_ZUORA__SOAP_URL and BRIDGE_ZUORA__REST_URL must both be set")
    findings = asyncio.run(_probed(settings, _login(user, password_file)))
    if as_json:
        typer.echo(json.dumps({"findings": [each.as_json() for each in findings]}, indent=2))
    else:
        show(findings)
    raise typer.Exit(1 if any_wrong(findings) else 0)


def _login(user: str, password_file: Path | None) -> Login | None:
    if not user:
        if password_file is not None:
            raise ConfigurationError("--password-file needs --user")
        return None
    if password_file is not None:
        return Login(user, password_file.read_text(encoding="utf-8").rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise ConfigurationError("--user needs --password-file where there is no terminal to ask at")
    return Login(user, typer.prompt(f"Password of {user}", hide_input=True, err=True))


async def _probed(settings: Settings, login: Login | None) -> list[Finding]:
    zuora = settings.zuora
    path = zuora.wsdl or own_wsdl()
    journal = inspect(settings.database_url, settings.journal_key)
    advice = (journal.instruction,) if journal.instruction else ()
    state = State.AGREES if journal.ready else State.WRONG
    findings = [Finding("journal", state, journal.found, _without_password(settings.database_url), advice)]
    findings += _callers(settings)
    transport = Transport()
    try:
        assert zuora.soap_url is not None
        assert zuora.rest_url is not None
        try:
            contract = read(path)
            composer = ZuoraSoap(path, zuora.soap_url, transport, Budget())
        except ContractError as error:
            how = ("BRIDGE_ZUORA__WSDL=<the file as Zuora gives it>; see `bridge wsdl check`",)
            return [*findings, Finding("WSDL", State.WRONG, str(error), str(path), how)]
        soap = SoapProbe(composer, zuora.soap_url, transport)
        configured = Configured(
            soap_url=zuora.soap_url,
            rest_url=zuora.rest_url,
            tenant=settings.tenant,
            contract=contract,
            soap_hosts=zuora.hosts,
            wsdl=str(zuora.wsdl or ""),
            client_id=zuora.client_id or "",
            client_secret=zuora.client_secret.get_secret_value() if zuora.client_secret else "",
            tenant_id=zuora.tenant_id,
            entities=zuora.entities,
            visibility_seconds=zuora.visibility_seconds,
        )
        steps = list(Probe(configured, transport, soap, login).steps())
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("doctor", total=len(steps))
            for title, ask in steps:
                progress.update(task, description=title)
                findings += await ask()
                progress.advance(task)
    finally:
        await transport.close()
    return findings


def _callers(settings: Settings) -> list[Finding]:
    users = [name for part in settings.callers.values() for name in part.usernames if part.allow]
    if users or settings.zuora.settlement is Settlement.OFF:
        return [
            Finding(
                "callers", State.AGREES, f"{len(users)} user{'' if len(users) == 1 else 's'} may move money by REST"
            )
        ]
    example: Mapping[str, object] = {"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}}
    found = "nobody may move money by REST: what SOAP cannot do is refused with NO_PERMISSION"
    return [Finding("callers", State.WRONG, found, "{}", (f"BRIDGE_CALLERS='{json.dumps(example)}'",))]


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}{mark}{user}{at}{place}" if at else url
