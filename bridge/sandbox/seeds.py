"""The fixtures: `demo` is the house every scenario starts from, `other-tenant` a stranger on the same hosts.

`demo` also has what item-level work needs on account Q, and a second entity, E2, whose books are apart although its
numbers are those of the first (its ids are published as `E2.A`, `E2.D1` and so on). `many` is `demo` with 4,100
payments (P-00000004 to P-00004103, ReferenceId M-0001 to M-4100, every second applied to IM) and 150 refunds on account
M, for paging. Credentials: erp@example.com / demo and demo-client / demo-secret may do everything, viewer@example.com /
demo and viewer-client / viewer-secret only read. Must stay deterministic: tests and documents rely on ids.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bridge.sandbox.clock import TenantClock
from bridge.sandbox.ledger import Tenant, User
from bridge.sandbox.payments import PaymentOrder, create_payment
from bridge.sandbox.records import DEBIT_MEMO, INVOICE
from bridge.sandbox.refunds import RefundOrder, refund_payment
from bridge.sandbox.settlement import Target, apply
from bridge.sandbox.sower import JANUARY, ItemSeed, Sower

SEEDS: Final = ("demo", "other-tenant", "many")
# Which tenants share the hosts; two with the same users cannot.
BESIDE: Final = {
    "demo": ("demo", "other-tenant"),
    "other-tenant": ("demo", "other-tenant"),
    "many": ("many", "other-tenant"),
}
MANY_PAYMENTS: Final = 4100
MANY_REFUNDS: Final = 150


def sow(seed: str, clock: TenantClock) -> Tenant:
    """Return a fresh tenant of the given seed."""
    if seed == "demo":
        return _demo(clock)
    if seed == "other-tenant":
        return _other(clock)
    if seed == "many":
        return _many(clock)
    raise ValueError(f"unknown seed {seed!r}; known: {', '.join(SEEDS)}")


def _demo(clock: TenantClock) -> Tenant:
    tenant = Tenant("demo", "10000", "Example Corporation", clock)
    sow_in = Sower(tenant)
    for name, secret, place in (("erp@example.com", "demo", "user"), ("viewer@example.com", "demo", "viewer")):
        tenant.users[name] = User(sow_in.id(place), name, secret)
    for name, secret, place in (
        ("demo-client", "demo-secret", "client"),
        ("viewer-client", "viewer-secret", "viewerClient"),
    ):
        tenant.clients[name] = User(sow_in.id(place), name, secret)
    with tenant.change():
        _demo_books(sow_in)
        _item_books(sow_in)
    tenant.entity_id, tenant.entity_name = sow_in.id("E1"), "E1"
    second = _second_entity(tenant, sow_in.id("E2"))
    tenant.entities[second.entity_id] = second
    tenant.names.update({f"E2.{name}": key for name, key in second.names.items()})
    return tenant


def _demo_books(sow_in: Sower) -> None:
    tenant = sow_in.tenant
    gateway = sow_in.gateway("G1", "TestGateway")
    sow_in.gateway("G2", "RetiredGateway", active=False)
    a = sow_in.account("A", "A00000001", "Example Customer A", "USD")
    b = sow_in.account("B", "A00000002", "Example Customer B", "EUR")
    j = sow_in.account("J", "A00000003", "Example Customer J", "JPY")
    k = sow_in.account("K", "A00000004", "Example Customer K", "BHD")
    x = sow_in.account("X", "A00000005", "Example Customer X", "USD", "Canceled")
    check = sow_in.method("PMx", "Check")
    card = sow_in.method("PMc", "CreditCard", a)

    sow_in.document(
        "I1", INVOICE, "INV00000001", a, "100", items=(ItemSeed("ii1", "60"), ItemSeed("ii2", "40")), day=JANUARY
    )
    i2 = sow_in.document("I2", INVOICE, "INV00000002", a, "50")
    sow_in.document("I3", INVOICE, "INV00000003", a, "25", status="Draft")
    i4 = sow_in.document("I4", INVOICE, "INV00000004", a, "45")
    sow_in.document(
        "D1", DEBIT_MEMO, "DM00000001", a, "80", items=(ItemSeed("di1", "70"), ItemSeed("dt1", "10", "tax"))
    )
    sow_in.document("D2", DEBIT_MEMO, "DM00000002", a, "40", status="Draft")
    sow_in.document("D3", DEBIT_MEMO, "DM00000003", b, "30")
    d5 = sow_in.document("D5", DEBIT_MEMO, "DM00000005", a, "50")
    sow_in.document("DJ", DEBIT_MEMO, "DM00000010", j, "1000")
    sow_in.document("DK", DEBIT_MEMO, "DM00000011", k, "10.000")
    sow_in.document("DX", DEBIT_MEMO, "DM00000012", x, "15")
    # Prefixes 23 and 2 can collide as text (Zuora: prefix and numbering for billing documents).
    sow_in.document("IA1", INVOICE, "2310000300", a, "5")
    sow_in.document("DA1", DEBIT_MEMO, "2310000300", a, "5")

    sow_in.memo("C1", "CM00000001", a, "60", date(2026, 2, 1))
    c2 = sow_in.memo("C2", "CM00000002", a, "30", date(2026, 1, 25))
    sow_in.memo("C3", "CM00000003", a, "10", date(2026, 2, 2), "Draft")
    apply(tenant, c2, Target(i2, Decimal(30)))

    sow_in.payment("P1", a, "45", date(2026, 2, 5), check, [Target(i4, Decimal(45))])
    sow_in.payment("P2", a, "80", date(2026, 2, 10), check, [Target(d5, Decimal(50))])
    sow_in.payment("P3", a, "20", date(2026, 2, 12), card, gateway=gateway)


def _item_books(sow_in: Sower) -> None:
    account = sow_in.account("Q", "A00000006", "Example Customer Q", "USD")
    sow_in.method("PMq", "CreditCard", account)
    items = (ItemSeed("iq1", "60"), ItemSeed("itq1", "10", "tax"), ItemSeed("iq2", "40"))
    sow_in.document("IQ", INVOICE, "INV00000020", account, "110", items=items)
    sow_in.document(
        "DQ", DEBIT_MEMO, "DM00000020", account, "55", items=(ItemSeed("dq1", "50"), ItemSeed("dtq1", "5", "tax"))
    )
    lines = (ItemSeed("cq1", "50"), ItemSeed("ctq1", "10", "tax"))
    sow_in.memo("CQ", "CM00000020", account, "60", date(2026, 2, 3), items=lines)


def _second_entity(first: Tenant, entity_id: str) -> Tenant:
    tenant = Tenant("demo-e2", first.tenant_id, first.title, first.clock)
    tenant.entity_id, tenant.entity_name = entity_id, "E2"
    # The same people under the same rules.
    tenant.users, tenant.clients, tenant.settings = first.users, first.clients, first.settings
    sow_in = Sower(tenant)
    with tenant.change():
        gateway = sow_in.gateway("G1", "TestGateway")
        account = sow_in.account("A", "A00000001", "Example Customer A of E2", "USD")
        check = sow_in.method("PMx", "Check")
        card = sow_in.method("PMc", "CreditCard", account)
        sow_in.document("I1", INVOICE, "INV00000001", account, "100")
        sow_in.document("D1", DEBIT_MEMO, "DM00000001", account, "80")
        paid = sow_in.document("D5", DEBIT_MEMO, "DM00000005", account, "50")
        sow_in.memo("C1", "CM00000001", account, "60", date(2026, 2, 1))
        sow_in.payment("P1", account, "50", date(2026, 2, 5), check, [Target(paid, Decimal(50))])
        sow_in.payment("P3", account, "20", date(2026, 2, 12), card, gateway=gateway)
    return tenant


def _many(clock: TenantClock) -> Tenant:
    tenant = _demo(clock)
    tenant.seed = "many"
    sow_in = Sower(tenant)
    check = tenant.payment_methods[tenant.names["PMx"]]
    with tenant.change():
        account = sow_in.account("M", "A00000099", "Example Customer M", "USD")
        invoice = sow_in.document("IM", INVOICE, "INV00000099", account, "100000")
        for count in range(1, MANY_PAYMENTS + 1):
            order = PaymentOrder(
                by=tenant.names["user"],
                type="External",
                amount=Decimal(count % 9 + 1),
                currency="USD",
                day=JANUARY + timedelta(days=count % 30),
                account=account,
                method=check,
                targets=[Target(invoice, Decimal(count % 9 + 1))] if count % 2 == 0 else [],
                reference_id=f"M-{count:04d}",
            )
            made = create_payment(tenant, order)
            made.created = made.updated = invoice.created + timedelta(minutes=count)
            if count % 2 and count < 2 * MANY_REFUNDS:
                _refund_of_many(tenant, made.id, made.amount)
    return tenant


def _refund_of_many(tenant: Tenant, payment_id: str, amount: Decimal) -> None:
    payment = tenant.payments[payment_id]
    order = RefundOrder(
        by=tenant.names["user"], type="External", amount=amount, day=date(2026, 2, 15), method_type="Check"
    )
    made = refund_payment(tenant, payment, order)
    made.created = made.updated = payment.created


def _other(clock: TenantClock) -> Tenant:
    tenant = Tenant("other-tenant", "20000", "Other Corporation", clock)
    sow_in = Sower(tenant)
    tenant.users["other@example.com"] = User(sow_in.id("user"), "other@example.com", "demo")
    tenant.clients["other-client"] = User(sow_in.id("client"), "other-client", "other-secret")
    with tenant.change():
        sow_in.gateway("G1", "TestGateway")
        account = sow_in.account("A", "A00000001", "Other Customer", "USD")
        sow_in.method("PMx", "Check")
        sow_in.document("I1", INVOICE, "INV00000001", account, "100")
        sow_in.document("D1", DEBIT_MEMO, "DM00000001", account, "80")
    return tenant
