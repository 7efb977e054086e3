"""The tenant: its objects, their indexes, and the double-entry ledger under them.

Contract: every change happens inside `change()`, is a set of entries that sum to zero, and leaves the invariants
standing; otherwise it is undone as a whole. Must not decide a business rule, and must not know a wire format.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bridge.sandbox.clock import TenantClock
from bridge.sandbox.money import ZERO, total
from bridge.sandbox.records import (
    INVOICE,
    Account,
    CreditMemo,
    Document,
    Gateway,
    Payment,
    PaymentMethod,
    Record,
    Refund,
    Source,
)
from bridge.sandbox.refusal import closed_period
from bridge.sandbox.settings import Settings

# Draft, Canceled and Error objects have moved nothing.
LIVE = "Processed"
POSTED = "Posted"


class InvariantBroken(Exception):
    """The ledger would not add up; the change was undone. A defect of the sandbox, never an answer of Zuora."""


@dataclass(frozen=True)
class User:
    """A person or OAuth client that may act; sessions and tokens point at one."""

    id: str
    name: str
    secret: str


@dataclass(frozen=True)
class Entry:
    """One leg of a transaction."""

    transaction: int
    ledger: str
    account_id: str | None
    currency: str
    amount: Decimal


class Tenant:
    """One customer's books in Zuora."""

    def __init__(self, seed: str, tenant_id: str, title: str, clock: TenantClock) -> None:
        self.seed = seed
        self.tenant_id = tenant_id
        self.title = title
        self.clock = clock
        self.settings = Settings()
        self.names: dict[str, str] = {}
        # Further entities of a multi-entity tenant by id: books of their own for the same users (Zuora Multi-entity).
        self.entity_id = ""
        self.entity_name = ""
        self.entities: dict[str, Tenant] = {}
        self.users: dict[str, User] = {}
        self.clients: dict[str, User] = {}
        self.accounts: dict[str, Account] = {}
        self.account_numbers: dict[str, Account] = {}
        self.gateways: dict[str, Gateway] = {}
        self.payment_methods: dict[str, PaymentMethod] = {}
        self.documents: dict[str, Document] = {}
        self.document_numbers: dict[tuple[str, str], Document] = {}
        self.credit_memos: dict[str, CreditMemo] = {}
        self.credit_memo_numbers: dict[str, CreditMemo] = {}
        self.payments: dict[str, Payment] = {}
        self.payment_numbers: dict[str, Payment] = {}
        # What look-ups ask for most; a list per value, in order of creation.
        self.payments_by: dict[tuple[str, str | None], list[Payment]] = defaultdict(list)
        self.refunds: dict[str, Refund] = {}
        self.refund_numbers: dict[str, Refund] = {}
        self.refunds_of: dict[str, list[Refund]] = defaultdict(list)
        # Gateways refuse an order id twice (Zuora: Create a payment, gatewayOrderId).
        self.order_ids: set[tuple[str, str]] = set()
        self.entries: list[Entry] = []
        self.sums: dict[str, Decimal] = {}
        self.account_balances: dict[str, Decimal] = {}
        self._counters: dict[str, int] = {}
        self._undo: list[Callable[[], None]] = []
        self._touched: list[Record] = []
        self._depth = 0
        self._transactions = 0

    def new_id(self) -> str:
        """Return a fresh 32-hex id, the same in every run of one seed and call order."""
        count = self._count("id")
        return "8ad0" + hashlib.sha256(f"{self.seed}#{count}".encode()).hexdigest()[:28]

    def new_number(self, prefix: str) -> str:
        """Return the next number of a sequence (Zuora: prefix and numbering, at least eight digits)."""
        return f"{prefix}{self._count(prefix):08d}"

    def number_taken(self, prefix: str, last: int) -> None:
        """Make a sequence go on after a number that a seed gave away."""
        self._counters[prefix] = max(self._counters.get(prefix, 0), last)

    def _count(self, name: str) -> int:
        count = self._counters.get(name, 0) + 1
        self._counters[name] = count
        return count

    def visible(self, created: datetime) -> bool:
        """Tell whether lists and Object Query show by now what was made at a moment."""
        lag = self.settings.visibility_seconds
        return not lag or (self.clock.now() - created).total_seconds() >= lag

    def entity(self, key: str) -> "Tenant | None":
        """Find the books of an entity by its id or name; this tenant's own are one of them."""
        return next((one for one in (self, *self.entities.values()) if key in (one.entity_id, one.entity_name)), None)

    def require_open(self, day: date) -> None:
        """Refuse a day inside a closed accounting period."""
        if day < self.settings.open_from():
            raise closed_period()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Do one change atomically; nested changes are savepoints of the outer one."""
        mark, seen = len(self._undo), len(self._touched)
        self._depth += 1
        try:
            yield
            self._verify(self._touched[seen:])
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()()
            # What was undone needs no verifying by the outer change, and a dropped object would fail it.
            del self._touched[seen:]
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()
                self._touched.clear()

    def _verify(self, touched: Sequence[Record]) -> None:
        for record in {id(record): record for record in touched}.values():
            problem = self._problem(record)
            if problem:
                raise InvariantBroken(problem)

    def touch(self, record: Record) -> None:
        """Remember a record as it is, before it is changed."""
        before = dict(record.__dict__)
        self._undo.append(lambda: record.__dict__.update(before))
        self._touched.append(record)

    def add_payment(self, payment: Payment) -> None:
        """File a new payment under everything it is looked up by."""
        self._file_payment(payment)
        self._undo.append(lambda: self._drop_payment(payment))
        self._touched.append(payment)

    def remove_payment(self, payment: Payment) -> None:
        """Take a payment out of the books."""
        self._drop_payment(payment)
        self._undo.append(lambda: self._file_payment(payment))

    def _file_payment(self, payment: Payment) -> None:
        self.payments[payment.id] = self.payment_numbers[payment.number] = payment
        for key in self._payment_keys(payment):
            self.payments_by[key].append(payment)

    def _drop_payment(self, payment: Payment) -> None:
        del self.payments[payment.id], self.payment_numbers[payment.number]
        for key in self._payment_keys(payment):
            self.payments_by[key].remove(payment)

    @staticmethod
    def _payment_keys(payment: Payment) -> list[tuple[str, str | None]]:
        keys: list[tuple[str, str | None]] = [("account", payment.account_id)]
        if payment.reference_id:
            keys.append(("reference", payment.reference_id.lower()))
        if payment.gateway_order_id:
            keys.append(("order", payment.gateway_order_id.lower()))
        return keys

    def reindex_reference(self, payment: Payment, reference_id: str | None) -> None:
        """Change a payment's reference and the index with it."""
        self.remove_payment(payment)
        self.touch(payment)
        payment.reference_id = reference_id
        self.add_payment(payment)

    def reassign_payment(self, payment: Payment, account_id: str | None) -> None:
        """Change a payment's account and the index with it."""
        self.remove_payment(payment)
        self.touch(payment)
        payment.account_id = account_id
        self.add_payment(payment)

    def claim_order_id(self, gateway_id: str, order_id: str) -> None:
        """Remember an order id for its gateway; the caller has checked that it is free."""
        key = (gateway_id, order_id)
        self.order_ids.add(key)
        self._undo.append(lambda: self.order_ids.discard(key))

    def add_refund(self, refund: Refund) -> None:
        """File a new refund."""
        self._file_refund(refund)
        self._undo.append(lambda: self._drop_refund(refund))
        self._touched.append(refund)

    def remove_refund(self, refund: Refund) -> None:
        """Take a refund out of the books."""
        self._drop_refund(refund)
        self._undo.append(lambda: self._file_refund(refund))

    def _file_refund(self, refund: Refund) -> None:
        self.refunds[refund.id] = self.refund_numbers[refund.number] = refund
        self.refunds_of[refund.payment_id or refund.credit_memo_id or ""].append(refund)

    def _drop_refund(self, refund: Refund) -> None:
        del self.refunds[refund.id], self.refund_numbers[refund.number]
        self.refunds_of[refund.payment_id or refund.credit_memo_id or ""].remove(refund)

    def add_account(self, account: Account) -> None:
        """File a new account."""
        self.accounts[account.id] = self.account_numbers[account.number] = account
        self._undo.append(lambda: self._drop_account(account))

    def _drop_account(self, account: Account) -> None:
        del self.accounts[account.id], self.account_numbers[account.number]

    def add_document(self, document: Document) -> None:
        """File an invoice or debit memo; a posted one is booked as receivable."""
        self.documents[document.id] = document
        self.document_numbers[document.kind, document.number] = document
        if document.status == POSTED:
            self.post(
                document.account_id,
                document.currency,
                (receivable(document), document.total),
                ("revenue", -document.total),
            )
        self._touched.append(document)

    def add_credit_memo(self, memo: CreditMemo) -> None:
        """File a credit memo; a posted one is booked as unapplied."""
        self.credit_memos[memo.id] = self.credit_memo_numbers[memo.number] = memo
        if memo.status == POSTED:
            self.post(memo.account_id, memo.currency, ("revenue", memo.amount), (unapplied(memo), -memo.amount))
        self._touched.append(memo)

    def invoice(self, key: str) -> Document | None:
        """Find an invoice by id or number."""
        return self.document(INVOICE, key)

    def document(self, kind: str, key: str) -> Document | None:
        """Find a document of one kind by id or number."""
        found = self.documents.get(key)
        if found is not None and found.kind == kind:
            return found
        return self.document_numbers.get((kind, key))

    def post(self, account_id: str | None, currency: str, *legs: tuple[str, Decimal]) -> None:
        """Book one balanced transaction."""
        if total(amount for _, amount in legs):
            raise InvariantBroken(f"entries do not sum to zero: {legs}")
        self._transactions += 1
        effect = ZERO
        mark = len(self.entries)
        for ledger, amount in legs:
            self.entries.append(Entry(self._transactions, ledger, account_id, currency, amount))
            self._add(ledger, currency, amount)
            if ledger.startswith(("receivable:", "unapplied:")):
                effect += amount
        if account_id is not None:
            self.account_balances[account_id] = self.account_balances.get(account_id, ZERO) + effect
        self._undo.append(lambda: self._unpost(mark, account_id, effect))

    def _add(self, ledger: str, currency: str, amount: Decimal) -> None:
        key = ledger if ":" in ledger else f"{ledger}:{currency}"
        changed = self.sums.get(key, ZERO) + amount
        if changed:
            self.sums[key] = changed
        else:
            self.sums.pop(key, None)

    def _unpost(self, mark: int, account_id: str | None, effect: Decimal) -> None:
        for entry in self.entries[mark:]:
            self._add(entry.ledger, entry.currency, -entry.amount)
        del self.entries[mark:]
        if account_id is not None:
            self.account_balances[account_id] -= effect

    def balance(self, account_id: str) -> Decimal:
        """Return receivables less unapplied payments and memos (Zuora: Different balance types of invoices)."""
        return self.account_balances.get(account_id, ZERO)

    def _problem(self, record: Record) -> str:
        if isinstance(record, Document):
            return self._document_problem(record)
        if isinstance(record, Source):
            return self._source_problem(record)
        if isinstance(record, Refund) and record.parts and total(part.amount for part in record.parts) != record.amount:
            return f"refund {record.number}: parts do not sum to its amount"
        return ""

    def _document_problem(self, document: Document) -> str:
        if document.status != POSTED:
            return ""
        if document.balance != self.sums.get(receivable(document), ZERO):
            return f"{document.number}: balance {document.balance} is not what the entries say"
        if not ZERO <= document.balance <= document.total:
            return f"{document.number}: balance {document.balance} outside 0..{document.total}"
        if total(item.open for item in document.items.values()) != document.balance:
            return f"{document.number}: items do not sum to the balance"
        if any(not ZERO <= item.open <= item.amount for item in document.items.values()):
            return f"{document.number}: an item is outside its amount"
        return ""

    def _source_problem(self, source: Source) -> str:
        booked = -self.sums.get(unapplied(source), ZERO)
        if source.status not in (LIVE, POSTED):
            if source.unapplied and source.status != "Draft":
                return f"{source.number}: {source.status} but still has unapplied money"
            return f"{source.number}: {source.status} but money is booked" if booked or source.parts else ""
        if source.unapplied != booked or source.unapplied < ZERO or source.refunded < ZERO:
            return f"{source.number}: unapplied {source.unapplied}, booked {booked}"
        if source.amount != source.applied + source.unapplied + source.refunded:
            return f"{source.number}: amount is not applied + unapplied + refunded"
        if isinstance(source, CreditMemo) and total(item.open for item in source.items.values()) != source.unapplied:
            return f"{source.number}: items do not sum to the unapplied amount"
        return ""

    def audit(self) -> list[str]:
        """Check every invariant over everything; return what is broken (nothing, unless the sandbox is)."""
        found = [self._problem(record) for record in (*self.documents.values(), *self.payments.values())]
        found += [self._problem(record) for record in (*self.credit_memos.values(), *self.refunds.values())]
        applied: dict[str, Decimal] = defaultdict(Decimal)
        for source in (*self.payments.values(), *self.credit_memos.values()):
            for part in source.parts.values():
                applied[part.document_id] += part.amount
        for document in self.documents.values():
            if document.status == POSTED and document.balance != document.total - applied[document.id]:
                found.append(f"{document.number}: balance is not total less what is applied")
        sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            sums[entry.transaction, entry.currency] += entry.amount
        found += [f"transaction {key[0]}: does not sum to zero" for key, amount in sums.items() if amount]
        return [problem for problem in found if problem]


def receivable(document: Document) -> str:
    """Name the ledger account of a document."""
    return f"receivable:{document.id}"


def unapplied(source: Source) -> str:
    """Name the ledger account of a payment's or memo's unapplied money."""
    return f"unapplied:{source.id}"
