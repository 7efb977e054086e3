"""The ledger's invariants under whatever is done to it, without HTTP."""

import contextlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.sandbox.clock import TenantClock
from bridge.sandbox.ledger import InvariantBroken, Tenant
from bridge.sandbox.memos import apply_memo, unapply_memo
from bridge.sandbox.money import total
from bridge.sandbox.payments import (
    PaymentOrder,
    apply_payment,
    cancel_payment,
    create_payment,
    delete_payment,
    transfer_payment,
    unapply_payment,
)
from bridge.sandbox.records import Payment
from bridge.sandbox.refunds import RefundOrder, cancel_refund, delete_refund, refund_memo, refund_payment, spread
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.seeds import sow
from bridge.sandbox.settlement import Target

TODAY = date(2026, 2, 20)
AMOUNTS = st.decimals(min_value="0.01", max_value="120", places=2)
PICK = st.integers(min_value=0, max_value=10_000)


def snapshot(tenant: Tenant) -> object:
    """Everything a change could leave behind."""
    records = (tenant.documents, tenant.payments, tenant.credit_memos, tenant.refunds, tenant.accounts)
    return (
        [{key: dict(one.__dict__) for key, one in group.items()} for group in records],  # type: ignore[attr-defined]
        list(tenant.entries),
        dict(tenant.sums),
        dict(tenant.account_balances),
        set(tenant.order_ids),
        {key: [one.id for one in found] for key, found in tenant.payments_by.items() if found},
    )


def order_for(tenant: Tenant, name: str, amount: Decimal, targets: tuple[Target, ...] = ()) -> PaymentOrder:
    """An external payment of an account."""
    account = tenant.accounts[tenant.names[name]]
    return PaymentOrder(
        by="tester",
        type="External",
        amount=amount,
        currency=account.currency,
        day=TODAY,
        account=account,
        method=tenant.payment_methods[tenant.names["PMx"]],
        targets=targets,
    )


class Books(RuleBasedStateMachine):
    """Does anything in any order; a refusal must leave no trace, an acceptance must add up."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant = sow("demo", TenantClock())

    @contextlib.contextmanager
    def attempt(self):  # type: ignore[no-untyped-def]
        """Run a change; if it is refused nothing may have moved."""
        before = snapshot(self.tenant)
        try:
            yield
        except Refusal:
            assert snapshot(self.tenant) == before

    def one(self, group: dict[str, object], pick: int) -> object:
        """Choose a record."""
        return list(group.values())[pick % len(group)] if group else None

    @rule(amount=AMOUNTS, part=AMOUNTS, name=st.sampled_from(["A", "B", "X"]), pick=PICK)
    def pay(self, amount: Decimal, part: Decimal, name: str, pick: int) -> None:
        """Create a payment with one document."""
        document = self.one(self.tenant.documents, pick)
        with self.attempt():
            create_payment(self.tenant, order_for(self.tenant, name, amount, (Target(document, part),)))

    @rule(amount=AMOUNTS, pick=PICK, other=PICK, memo=st.booleans(), back=st.booleans())
    def settle(self, amount: Decimal, pick: int, other: int, memo: bool, back: bool) -> None:
        """Apply or unapply a payment or memo."""
        target = [Target(self.one(self.tenant.documents, other), amount)]
        with self.attempt():
            if memo:
                source = self.one(self.tenant.credit_memos, pick)
                (unapply_memo if back else apply_memo)(self.tenant, source, target, TODAY, "tester")
            else:
                payment = self.one(self.tenant.payments, pick)
                if payment:
                    (unapply_payment if back else apply_payment)(self.tenant, payment, target, TODAY, "tester")

    @rule(amount=AMOUNTS, pick=PICK, memo=st.booleans(), release=st.booleans(), decline=st.booleans())
    def refund(self, amount: Decimal, pick: int, memo: bool, release: bool, decline: bool) -> None:
        """Refund a payment, with or without unapplying, or a memo."""
        kind = "Electronic" if decline else "External"
        order = RefundOrder(
            by="tester", type=kind, amount=amount, day=TODAY, method_type="Check", verdict="decline" if decline else ""
        )
        with self.attempt():
            if memo:
                refund_memo(self.tenant, self.one(self.tenant.credit_memos, pick), order)
            elif payment := self.one(self.tenant.payments, pick):
                assert isinstance(payment, Payment)
                refund_payment(self.tenant, payment, order, spread(self.tenant, payment, amount) if release else ())

    @rule(pick=PICK, name=st.sampled_from(["A", "B", "Q", "X", ""]))
    def transfer(self, pick: int, name: str) -> None:
        """Move a payment to another account, or to none."""
        account = self.tenant.accounts[self.tenant.names[name]] if name else None
        payment = self.one(self.tenant.payments, pick)
        with self.attempt():
            if payment:
                transfer_payment(self.tenant, payment, account, "tester")

    @rule(pick=PICK, refund=st.booleans(), delete=st.booleans())
    def undo(self, pick: int, refund: bool, delete: bool) -> None:
        """Cancel or delete a payment or refund."""
        group = self.tenant.refunds if refund else self.tenant.payments
        record = self.one(group, pick)
        with self.attempt():
            if record is None:
                return
            if delete:
                (delete_refund if refund else delete_payment)(self.tenant, record)
            else:
                (cancel_refund if refund else cancel_payment)(self.tenant, record, "tester")

    @rule(fifo=st.booleans())
    def switch_rule(self, fifo: bool) -> None:
        """Change how amounts are split over items."""
        self.tenant.settings.application_rule = "FIFO" if fifo else "Proration"

    @invariant()
    def everything_adds_up(self) -> None:
        """No invariant is broken, and cash is what payments brought less what refunds took."""
        tenant = self.tenant
        assert tenant.audit() == []
        came = total(one.amount for one in tenant.payments.values() if one.status == "Processed")
        went = total(one.amount for one in tenant.refunds.values() if one.status == "Processed")
        cash = total(amount for key, amount in tenant.sums.items() if key.startswith("cash:"))
        assert cash == came - went
        for account in tenant.accounts.values():
            owed = total(
                one.balance
                for one in tenant.documents.values()
                if one.account_id == account.id and one.status == "Posted"
            )
            free = total(one.unapplied for one in tenant.payments.values() if one.account_id == account.id)
            credit = total(
                one.unapplied
                for one in tenant.credit_memos.values()
                if one.account_id == account.id and one.status == "Posted"
            )
            assert tenant.balance(account.id) == owed - free - credit


Books.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBooks = Books.TestCase


def inflate(tenant: Tenant, payment: Payment) -> None:
    """Make money out of nothing."""
    with tenant.change():
        tenant.touch(payment)
        payment.unapplied += 1


def pay_twice(tenant: Tenant, order: PaymentOrder) -> None:
    """Create the same payment twice in one change."""
    with tenant.change():
        create_payment(tenant, order)
        create_payment(tenant, order)


def test_a_broken_invariant_rolls_the_change_back() -> None:
    """Whatever a faulty operation did is undone as a whole."""
    tenant = sow("demo", TenantClock())
    before = snapshot(tenant)
    payment = tenant.payments[tenant.names["P2"]]
    with pytest.raises(InvariantBroken):
        inflate(tenant, payment)
    assert snapshot(tenant) == before
    with pytest.raises(InvariantBroken), tenant.change():
        tenant.post(payment.account_id, "USD", ("cash", Decimal(1)), ("revenue", Decimal(-2)))
    assert snapshot(tenant) == before


def test_an_outer_change_undoes_inner_ones_that_succeeded() -> None:
    """A single transaction over several payments is all or nothing."""
    tenant = sow("demo", TenantClock())
    before = snapshot(tenant)
    order = order_for(tenant, "A", Decimal(60), (Target(tenant.documents[tenant.names["I1"]], Decimal(60)),))
    with pytest.raises(Refusal):
        pay_twice(tenant, order)
    assert snapshot(tenant) == before


def test_an_inner_refusal_leaves_the_outer_change_whole() -> None:
    """Objects dropped by a refused inner change are not checked by the outer one."""
    tenant = sow("demo", TenantClock())
    document = tenant.documents[tenant.names["I1"]]
    good = order_for(tenant, "A", Decimal(60), (Target(document, Decimal(60)),))
    with tenant.change():
        create_payment(tenant, good)
        with contextlib.suppress(Refusal), tenant.change():
            payment = create_payment(tenant, replace(good, targets=()))
            apply_payment(tenant, payment, [Target(document, Decimal(60))], TODAY, "tester")
    assert len(tenant.payments) == 4
    assert document.balance == 40


def test_ids_are_the_same_in_every_run() -> None:
    """Names and generated ids are deterministic."""
    one, other = sow("demo", TenantClock()), sow("demo", TenantClock())
    assert one.names == other.names
    ids = [create_payment(tenant, order_for(tenant, "A", Decimal(1))).id for tenant in (one, other)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 32
