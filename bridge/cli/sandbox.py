"""``bridge sandbox serve``: the simulated tenant, for trying the bridge without Zuora."""

from __future__ import annotations

import asyncio
import signal

import typer

from bridge.sandbox import Sandbox
from bridge.settings import ConfigurationError
from bridge.settings_terms import address

cli = typer.Typer(
    help="A simulated Zuora tenant with SOAP, REST and a ledger.", no_args_is_help=True, add_completion=False
)


@cli.callback()
def sandbox() -> None:
    """A simulated Zuora tenant with SOAP, REST and a ledger."""


@cli.command()
def serve(
    listen: str = typer.Option("127.0.0.1:8090", help="host:port; port 0 takes a free one"),
    seed: str = typer.Option("demo", help="which fixture to start from"),
) -> None:
    """Serve the sandbox until SIGTERM or SIGINT."""
    try:
        host, port = address(listen)
    except ValueError as error:
        raise ConfigurationError(f"--listen {error}") from None
    asyncio.run(_serve(host, port, seed))


async def _serve(host: str, port: int, seed: str) -> None:
    try:
        tenant = Sandbox(seed)
    except ValueError:
        raise ConfigurationError(f"--seed: there is no fixture {seed!r}") from None
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await tenant.start(host, port)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    print(f"bridge sandbox: serving {tenant.url}", flush=True)
    await stop.wait()
    await tenant.stop()
