"""The tenant of a simulated world: few accounts, with so much on them that no act is refused for want of money.

Must not decide what is done with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from bridge.sandbox.clock import START, TenantClock
from bridge.sandbox.ledger import Tenant, User
from bridge.sandbox.records import DEBIT_MEMO, INVOICE
from bridge.sandbox.settlement import Target
from bridge.sandbox.sower import Sower
from bridge.simulation.plan import ACCOUNTS, Kind, Plan

TENANT_ID = "10000"
USER = "erp@example.com"
CLIENT = ("simulated-client", "simulated-secret")
FEBRUARY = date(2026, 2, 1)
FOR_EVER = 10**9


def cents(amount: int) -> str:
    """An amount as callers write it."""
    return f"{amount // 100}.{amount % 100:02}"


def sow(plan: Plan, steady: Callable[[], float]) -> Tenant:
    """The books for a plan, on a clock that begins when the plan says."""
    clock = TenantClock(START + timedelta(seconds=plan.start), steady)
    tenant = Tenant("simulation", TENANT_ID, "Simulated Corporation", clock)
    sower = Sower(tenant)
    tenant.users[USER] = User(sower.id("user"), USER, "simulated")
    tenant.clients[CLIENT[0]] = User(sower.id("client"), *CLIENT)
    tenant.settings.visibility_seconds = plan.lag
    tenant.settings.enhanced_write_off = plan.write_off
    tenant.settings.session_seconds = tenant.settings.token_seconds = FOR_EVER
    tenant.settings.request_log = 0
    with tenant.change():
        sower.gateway("G1", "TestGateway")
        check = sower.method("check", "Check")
        for place, name in enumerate(ACCOUNTS, 1):
            account = sower.account(name, f"A{place:08d}", f"Customer {name}", "USD")
            for which in (1, 2):
                number = f"{place}{which:07d}"
                invoice = sower.document(
                    f"{name}.{Kind.INVOICE.name}.{which}", INVOICE, f"INV{number}", account, "99999"
                )
                memo = sower.document(f"{name}.{Kind.MEMO.name}.{which}", DEBIT_MEMO, f"DM{number}", account, "99999")
                sower.memo(f"{name}.{Kind.REFUND_CREDIT.name}.{which}", f"CM{number}", account, "9999", FEBRUARY)
                for kind, document in ((Kind.REFUND, invoice), (Kind.REFUND_MEMO_PAYMENT, memo)):
                    paid = [Target(document, Decimal(9000))]
                    sower.payment(f"{name}.{kind.name}.{which}", account, "9999", FEBRUARY, check, paid)
        for thing in (thing for act in plan.acts for thing in act.things if thing.kind is Kind.CANCEL):
            name = thing.about.partition(".")[0]
            kind = Kind.MEMO if thing.cents % 2 else Kind.INVOICE
            document = tenant.documents[tenant.names[f"{name}.{kind.name}.1"]]
            amount = cents(thing.cents)
            paid = [Target(document, Decimal(amount))]
            owner = tenant.accounts[tenant.names[name]]
            sower.payment(thing.about, owner, amount, FEBRUARY, check, paid)
    return tenant
