"""What a caller's version changes about payments and refunds, and which versions cannot be served."""

from __future__ import annotations

import pytest
from core_objects import call, payment, refund

from bridge.core.model import Op, Version
from bridge.core.versions import DATES, FIELDS_SINCE, NEWEST, knows, unserved

CREATE, UPDATE, DELETE = Op
KINDS = {"Payment": payment(Id="p1"), "Refund": refund(Id="r1")}


@pytest.mark.parametrize(
    ("kind", "op", "last_without", "first_with"),
    [
        *[("Payment", op, "0.99", "1.0") for op in (CREATE, UPDATE)],
        ("Payment", DELETE, "30.0", "31.0"),
        *[("Refund", op, "17.0", "18.0") for op in Op],
    ],
)
def test_a_write_is_served_from_the_version_that_has_it(kind: str, op: Op, last_without: str, first_with: str) -> None:
    """The text names the operation, the version that came, and what to do."""
    why = unserved(call(KINDS[kind], op=op, version=last_without))
    assert why is not None
    assert last_without in why
    assert "nothing was processed" in why
    assert "Post to /apps/services/a/" in why
    assert unserved(call(KINDS[kind], op=op, version=first_with)) is None


@pytest.mark.parametrize("op", Op)
@pytest.mark.parametrize("version", ["154.0", "153.1", "200.0", "9999.0"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_version_newer_than_any_known_is_served(kind: str, version: str, op: Op) -> None:
    """A caller that was generated anew must not stop paying because the bridge is older than its file."""
    assert Version.parse(version) > NEWEST
    assert unserved(call(KINDS[kind], op=op, version=version)) is None


@pytest.mark.parametrize(
    ("kind", "name", "since"),
    [
        ("Payment", "AppliedInvoiceAmount", "22.0"),
        ("Payment", "InvoiceNumber", "23.0"),
        ("Payment", "PaymentMethodSnapshotId", "60.0"),
        ("Payment", "InvoicePaymentData", "64.0"),
        ("Payment", "SourceName", "65.0"),
        ("Payment", "Currency", "77.0"),
        ("Payment", "AppliedAmount", "107.0"),
        ("Payment", "UnappliedAmount", "107.0"),
        ("Refund", "ReasonCode", "44.0"),
        ("Refund", "SecondRefundReferenceId", "47.0"),
        ("Refund", "RefundInvoicePaymentData", "64.0"),
        ("RefundInvoicePayment", "InvoiceId", "64.0"),
        ("InvoicePayment", "CreatedDate", "20.0"),
    ],
)
def test_a_field_is_known_from_its_first_version(kind: str, name: str, since: str) -> None:
    """And not one version earlier (I8)."""
    first = Version.parse(since)
    assert knows(first, kind, name)
    assert not knows(Version(first.major - 1, 99), kind, name)


@pytest.mark.parametrize(("kind", "name"), [("Payment", "Amount"), ("Refund", "Amount"), ("InvoicePayment", "Amount")])
def test_a_field_without_a_first_version_is_as_old_as_its_object(kind: str, name: str) -> None:
    """No public source says otherwise."""
    assert knows(Version(1), kind, name)


def test_an_object_without_differences_is_known_to_everybody() -> None:
    """Only the four objects of payments are in the table."""
    assert set(FIELDS_SINCE) == {"Payment", "Refund", "InvoicePayment", "RefundInvoicePayment"}
    assert knows(Version(1), "Account", "Name")


def test_no_date_is_newer_than_its_object() -> None:
    """A caller that knows the object knows its date, as a date or as a dateTime."""
    assert all(name not in FIELDS_SINCE[kind] for kind, names in DATES.items() for name in names)
