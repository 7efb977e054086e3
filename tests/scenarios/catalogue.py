"""The acceptance catalogue. Numbers are stable; those from 1001 on are about authority, doubt and restarts.

Fixture: today is 2026-02-20 in Los Angeles. Account A (USD) owes invoice I1 (100), I2 (20 of 50) and debit memo D1
(80), has drafts I3, D2 and C3, credit memo C1 (60 unapplied) and C2 (all applied to I2), and payments P1 (45, paid
I4), P2 (80, of which 50 paid D5) and P3 (20, electronic, unapplied). Account B (EUR) owes D3 (30), J (JPY) DJ (1000),
K (BHD) DK (10), and X, which is canceled, DX (15). Invoice IA1 and debit memo DA1 share the number 2310000300.

Account Q (USD) owes, item by item, IQ (60, tax 10, 40) and DQ (50, tax 5), and has credit memo CQ (50, tax 10).
Entity E2 has books of its own with the same numbers.
"""

from __future__ import annotations

import rows_batches
import rows_callers
import rows_changes
import rows_doubt
import rows_duplicates
import rows_limits
import rows_payments
import rows_refund_steps
import rows_refunds
import rows_refused_payments
from scenario_terms import Row
from stories import STORIES

__all__ = ["LAST", "LATER", "ROWS", "STORIES"]

LAST = 120
"""Numbers 1 to this are the catalogue of what a correct bridge does; each is played or in ``LATER``."""

LATER = {
    107: "A credit of an invoice item as a credit memo",
    108: "The same on its tax",
    109: "A charge on an invoice item as a debit memo",
    110: "The cancel of such an adjustment",
    111: "A decrease of the credit balance as the use of a credit memo",
    112: "An InvoicePayment as an application of a payment",
}
"""What is not played yet, because it stands in for objects that Invoice Settlement has taken away (emulation)."""

_MODULES = (
    rows_payments,
    rows_refused_payments,
    rows_batches,
    rows_duplicates,
    rows_limits,
    rows_changes,
    rows_refunds,
    rows_refund_steps,
    rows_callers,
    rows_doubt,
)

ROWS: tuple[Row, ...] = tuple(
    sorted((row for module in _MODULES for row in module.ROWS), key=lambda row: (row.number, row.part))
)
