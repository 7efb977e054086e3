"""Versions, fields, scopes and permissions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_objects import ERP, zobject

from bridge.core.model import Op, Version


@pytest.mark.parametrize(
    ("text", "version"),
    [("107.0", Version(107)), ("107", Version(107)), ("47.1", Version(47, 1)), ("1.0", Version(1)), ("0", Version(0))],
)
def test_a_version_is_the_last_segment_of_the_path(text: str, version: Version) -> None:
    """Major, and a minor of at most two digits."""
    assert Version.parse(text) == version


@pytest.mark.parametrize(
    "text", ["", ".", "107.", ".5", "x", "107.x", "107.0.0", "-1", "99999", "1.100", "１０７.0", "107.٠", " 107", "1e3"]
)
def test_anything_else_is_no_version(text: str) -> None:
    """Also digits of other scripts, which ``int`` would take."""
    with pytest.raises(ValueError, match="not a WSDL version"):
        Version.parse(text)


def test_versions_are_ordered_as_numbers_and_written_as_in_paths() -> None:
    """91.0 comes before 107.0, although its text does not."""
    assert Version(91) < Version(107) < Version(107, 1)
    assert str(Version(47, 1)) == "47.1"


def test_a_field_is_its_text_or_none() -> None:
    """Text is kept as it came; words lose their white space and are None when nothing else is there."""
    obj = zobject("Payment", Comment=" paid ", InvoiceNumber=" \t\u00a0", Gateway=" G ")
    assert (obj.get("Comment"), obj.get("ReferenceId")) == (" paid ", None)
    assert (obj.word("Gateway"), obj.word("InvoiceNumber"), obj.word("ReferenceId")) == ("G", None, None)


def test_identity_is_scoped_to_tenant_and_entity() -> None:
    """Two users of one ERP are one caller of money, two entities are not."""
    assert replace(ERP, username="another").scope == ERP.scope
    assert replace(ERP, entity="e2").scope != ERP.scope
    assert replace(ERP, tenant="10001").scope != ERP.scope


@pytest.mark.parametrize(
    ("allow", "may"),
    [
        (set(), []),
        ({"*"}, ["Payment.create", "Payment.update", "Refund.create"]),
        ({"Payment.*"}, ["Payment.create", "Payment.update"]),
        ({"Refund.create"}, ["Refund.create"]),
        ({"Payment.delete", "Refund.create"}, ["Refund.create"]),
    ],
)
def test_permissions_are_listed_and_nothing_is_allowed_by_default(allow: set[str], may: list[str]) -> None:
    """An entry is an object and an operation, with ``*`` for any."""
    caller = replace(ERP, allow=frozenset(allow))
    asked = [("Payment", Op.CREATE), ("Payment", Op.UPDATE), ("Refund", Op.CREATE)]
    assert [f"{kind}.{op.value}" for kind, op in asked if caller.may(kind, op)] == may
