"""``bridge demo``: a sandbox tenant, a bridge and a legacy ERP in one process, on free ports and embedded defaults.

The ERP is an unmodified zeep client on the bridge's own ``?wsdl``. Every answer and the tenant's ledger are checked
against what they must be; the sandbox's control face is only read. Must not use the bridge's internals for the calls.
"""

from __future__ import annotations

import signal
import tempfile
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console
from rich.table import Table

from bridge.background import AppThread
from bridge.cli.demo_ledger import Ledger, Seen
from bridge.sandbox import SandboxThread
from bridge.settings import Settings
from bridge.telemetry import log

API = "{http://api.zuora.com/}"
OBJECT = "{http://object.api.zuora.com/}"
TODAY = "2026-02-20"
PAYMENTS = "select Id, Amount, AppliedAmount, UnappliedAmount from Payment"


class Wrong(Exception):
    """An answer or the ledger is not as it must be."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    call: str
    route: str
    upstream: str
    answer: str
    effect: str


def demo(
    once: bool = typer.Option(False, "--once", help="exit after the calls; 0 only if all went as it must"),
) -> None:
    """Run the bridge against a sandbox tenant, act as a legacy ERP, then go on serving until Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    log.configure("ERROR")
    console = Console(width=None if Console().is_terminal else 150)
    with (
        tempfile.TemporaryDirectory(prefix="bridge-demo-") as folder,
        SandboxThread() as tenant,
        AppThread(_settings(tenant.url, Path(folder))) as bridge,
    ):
        erp = Erp(bridge.url, Ledger(tenant.url))
        fault = None
        try:
            for step in STEPS:
                step(erp)
                if stop.is_set():
                    return
            _check_end(erp)
        except Wrong as error:
            fault = error
        _print(console, erp.rows)
        if fault is not None:
            console.print(f"NOT AS IT MUST BE: {fault}", markup=False)
            raise typer.Exit(1)
        console.print(f"bridge  {bridge.url}/apps/services/a/107.0?wsdl", highlight=False, soft_wrap=True)
        console.print(f"admin   {bridge.admin_url}/readyz", highlight=False)
        console.print(f"tenant  {tenant.url}/sandbox/ledger", highlight=False)
        console.print("login   erp@example.com / demo", highlight=False)
        print("demo ready", flush=True)
        if not once:
            print("serving until Ctrl-C", flush=True)
            stop.wait()


class Embedded(Settings):
    """Settings that are ours alone: the operator's variables and file are about another tenant and journal."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what we say."""
        return (init_settings,)


def _settings(tenant_url: str, folder: Path) -> Settings:
    made: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "admin": {"listen": "127.0.0.1:0"},
        "database_url": f"sqlite:///{folder / 'bridge.db'}",
        "zuora": {
            "soap_url": tenant_url,
            "rest_url": tenant_url,
            "client_id": "demo-client",
            "client_secret": "demo-secret",
            "tenant_id": "10000",
        },
        "callers": {"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}},
    }
    return Embedded(**made)


def _print(console: Console, rows: list[Row]) -> None:
    table = Table(title="A legacy ERP calls the bridge", show_lines=False)
    for name in ("call", "route", "upstream requests", "answer", "ledger effect"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(row.call, row.route, row.upstream, row.answer, row.effect)
    console.print(table)


class Erp:
    """The legacy system: it knows SOAP and nothing else."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import zeep

        headers: dict[str, str] = {}

        class Heard(zeep.Plugin):  # type: ignore[misc]
            def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> Any:  # noqa: ARG002
                headers.clear()
                headers.update({str(name).lower(): str(value) for name, value in http_headers.items()})
                return envelope, http_headers

        self.headers = headers
        self.ledger = ledger
        self.rows: list[Row] = []
        self.ids: list[str] = []
        self.names = ledger.read().names
        self._client = zeep.Client(f"{url}/apps/services/a/107.0?wsdl", plugins=[Heard()])
        self._session: list[Any] = []

    def login(self) -> str:
        """Log in; the session goes into every later call's header."""
        result = self._client.service.login("erp@example.com", "demo")
        self._session = [self._client.get_element(f"{API}SessionHeader")(session=result.Session)]
        return str(result.ServerUrl)

    def payment(self, amount: str, **fields: Any) -> Any:
        """An external payment of account A."""
        return self._client.get_type(f"{OBJECT}Payment")(
            AccountId=self.names["A"],
            Amount=Decimal(amount),
            EffectiveDate=TODAY,
            PaymentMethodId=self.names["PMx"],
            Status="Processed",
            Type="External",
            **fields,
        )

    def parts(self, **amounts: str) -> Any:
        """InvoicePaymentData, as the WSDL has it: an invoice id per row, here also a debit memo's."""
        made = self._client.get_type(f"{OBJECT}InvoicePayment")
        rows = [made(Amount=Decimal(amount), InvoiceId=self.names[name]) for name, amount in amounts.items()]
        return self._client.get_type(f"{API}InvoicePaymentData")(InvoicePayment=rows)

    def refund(self, amount: str, source: str) -> Any:
        """An external refund of a payment or, by its id in the same field, of a credit memo."""
        return self._client.get_type(f"{OBJECT}Refund")(
            Amount=Decimal(amount),
            MethodType="Check",
            PaymentId=self.names[source],
            RefundDate=TODAY,
            SourceType="Payment",
            Type="External",
        )

    def create(self, title: str, objects: list[Any], effect: dict[str, str], *, route: str, writes: int) -> list[str]:
        """Create, check the answer, the route, the number of writes upstream and the ledger; returns the Ids."""
        before = self.ledger.read()
        results = self._client.service.create(objects, _soapheaders=self._session)
        after = self.ledger.read()
        routes = self.headers.get("bridge-route", "").split(",")
        told = " ".join(dict.fromkeys(routes))
        joined = " (joined)" if self.headers.get("bridge-joined") == "true" else ""
        seen = after.writes_since(before)
        changed = after.changed(before)
        good = sum(bool(result.Success and result.Id) for result in results)
        answer = f"{good} of {len(objects)} Success"
        if len(results) == 1 and results[0].Id:
            answer = f"Success {results[0].Id}"
        self.rows.append(Row(title, told + joined, _upstream(seen), answer, _effect(changed)))
        if good != len(objects) or len(results) != len(objects):
            raise Wrong(f"{title}: {[error.Message for r in results for error in r.Errors or ()]}")
        if told != route or len(seen) != writes:
            raise Wrong(f"{title}: route {told!r} with {len(seen)} writes, not {route!r} with {writes}")
        if {name: str(now) for name, (_, now) in changed.items()} != effect:
            raise Wrong(f"{title}: the ledger changed by {_effect(changed)}, not {effect}")
        return [str(result.Id) for result in results]

    def query(self, text: str) -> Any:
        """One ZOQL query."""
        return self._client.service.query(text, _soapheaders=self._session)


def _upstream(seen: list[Seen]) -> str:
    counts: dict[str, int] = {}
    for each in seen:
        counts[each.what] = counts.get(each.what, 0) + 1
    return ", ".join(what if count == 1 else f"{count} x {what}" for what, count in counts.items()) or "none"


def _effect(changed: dict[str, tuple[Decimal, Decimal]]) -> str:
    return ", ".join(f"{name} {was} -> {now}" for name, (was, now) in changed.items()) or "none"


def _log_in(erp: Erp) -> None:
    url = erp.login()
    erp.rows.append(Row("login", "passed through", "login", f"ServerUrl {url}", "none"))


def _pay_invoice(erp: Erp) -> None:
    one = erp.payment("20", AppliedInvoiceAmount=Decimal(20), InvoiceId=erp.names["I2"])
    erp.create("pay invoice I2 with 20", [one], {"I2": "0"}, route="soap", writes=1)


def _pay_memo(erp: Erp) -> None:
    one = erp.payment("10", AppliedInvoiceAmount=Decimal(10), InvoiceId=erp.names["D1"])
    erp.ids = erp.create("pay debit memo D1 with 10", [one], {"D1": "70"}, route="rest", writes=1)


def _pay_both(erp: Erp) -> None:
    one = erp.payment("25", InvoicePaymentData=erp.parts(I1="15", D1="10"))
    effect = {"I1": "85", "D1": "60"}
    erp.create("pay I1 with 15 and D1 with 10 in one", [one], effect, route="rest", writes=1)


def _refund_payment(erp: Erp) -> None:
    erp.create("refund payment P1, 45", [erp.refund("45", "P1")], {"I4": "45"}, route="soap", writes=1)


def _refund_memo(erp: Erp) -> None:
    erp.create("refund credit memo C1, 60", [erp.refund("60", "C1")], {"C1": "0"}, route="rest", writes=1)


def _batch(erp: Erp) -> None:
    objects = [
        erp.payment("1", AppliedInvoiceAmount=Decimal(1), InvoiceId=erp.names["D1" if place % 2 else "I1"])
        for place in range(50)
    ]
    effect = {"I1": "60", "D1": "35"}
    made = erp.create("batch of 50: I1 and D1 in turn, 1 each", objects, effect, route="soap rest", writes=26)
    if len(set(made)) != 50:
        raise Wrong("the batch of 50 did not make 50 different payments")


def _query(erp: Erp) -> None:
    before = erp.ledger.read()
    result = erp.query(f"{PAYMENTS} where AccountId = '{erp.names['A']}'")
    rows = [(row.Id, row.Amount, row.AppliedAmount, row.UnappliedAmount) for row in result.records]
    applied, unapplied = (sum((row[at] for row in rows), Decimal(0)) for at in (2, 3))
    answer = f"{result.size} rows, applied {applied}, unapplied {unapplied}"
    erp.rows.append(Row("query payments of A", "passed through", "query", answer, "none"))
    if set(rows) != set(before.payments_of(erp.names["A"])):
        raise Wrong("the query does not show the payments of the ledger")


def _repeat(erp: Erp) -> None:
    one = erp.payment("10.00", AppliedInvoiceAmount=Decimal("10.00"), InvoiceId=erp.names["D1"])
    again = erp.create("the debit memo payment again", [one], {}, route="rest", writes=0)
    if again != erp.ids:
        raise Wrong(f"the repeat got {again}, the first call {erp.ids}")
    if erp.headers.get("bridge-joined") != "true":
        raise Wrong("the repeat was not told as joined")


STEPS: tuple[Callable[[Erp], None], ...] = (
    _log_in,
    _pay_invoice,
    _pay_memo,
    _pay_both,
    _refund_payment,
    _refund_memo,
    _batch,
    _query,
    _repeat,
)


def _check_end(erp: Erp) -> None:
    """The whole ledger at the end: every balance, and no payment or refund more than was asked for."""
    end = erp.ledger.read()
    wanted = {"I1": "60", "I2": "0", "I4": "45", "D1": "35", "C1": "0"}
    found = {name: str(end.open[name]) for name in wanted}
    if found != wanted:
        raise Wrong(f"the ledger ends with {found}, not {wanted}")
    if (end.payments, end.refunds) != (3 + 53, 2):
        raise Wrong(f"the ledger ends with {end.payments} payments and {end.refunds} refunds, not 56 and 2")
