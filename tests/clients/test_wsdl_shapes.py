"""The WSDL files that the clients are made from say what public files of their versions say.

Sources: Zuora: SOAP API WSDL (public files up to 83.0), Date field changes in the WSDL, Payment object.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
HERE = Path(__file__).parent / "wsdl"
DATES = {
    *(("CreditBalanceAdjustment", "AdjustmentDate"), ("Invoice", "DueDate"), ("Invoice", "InvoiceDate")),
    *(("Invoice", "TargetDate"), ("InvoiceItemAdjustment", "AdjustmentDate")),
    *(("InvoiceItemAdjustment", "ServiceEndDate"), ("InvoiceItemAdjustment", "ServiceStartDate")),
    *(("Payment", "EffectiveDate"), ("Refund", "RefundDate")),
}
LATER = {("Payment", "AppliedAmount"), ("Payment", "UnappliedAmount"), ("Payment", "Currency")}
versions = pytest.mark.parametrize(("version", "date"), [("68.0", "dateTime"), ("83.0", "date")])


def fields(version: str) -> dict[tuple[str, str], str]:
    """The type of every own field of every object, by object and field."""
    tree = etree.parse(HERE / f"zuora.{version}.wsdl")
    objects = [
        kind
        for kind in tree.iter(f"{XS}complexType")
        if kind.find(f".//{XS}extension[@base='ons:zObject']") is not None
    ]
    return {
        (kind.get("name", ""), one.get("name", "")): one.get("type", "")
        for kind in objects
        for one in kind.iter(f"{XS}element")
    }


@versions
def test_dates_have_the_type_of_their_version(version: str, date: str) -> None:
    """From 69.0 days are date, before they were dateTime; stamps are dateTime in every version."""
    found = fields(version)
    assert {key for key, kind in found.items() if kind == date and key in DATES} == DATES
    assert {kind for (_, name), kind in found.items() if name in ("CreatedDate", "UpdatedDate")} == {"dateTime"}


@versions
def test_nothing_is_in_them_that_came_later(version: str, date: str) -> None:
    """Fields of Invoice Settlement, and the arguments of tenants with several entities, are in no public file."""
    assert LATER & fields(version).keys() == set()
    assert b"entityId" not in (HERE / f"zuora.{version}.wsdl").read_bytes()


@versions
def test_own_fields_are_in_alphabetical_order(version: str, date: str) -> None:
    """As in every public file; stacks read and write them in this order."""
    names: dict[str, list[str]] = {}
    for kind, name in fields(version):
        names.setdefault(kind, []).append(name)
    assert {kind: found for kind, found in names.items() if found != sorted(found)} == {}


@versions
def test_the_address_leads_nowhere(version: str, date: str) -> None:
    """A client that forgot to take the bridge's address reaches nobody."""
    tree = etree.parse(HERE / f"zuora.{version}.wsdl")
    assert [port.get("location") for port in tree.iter(f"{SOAP}address")] == [
        f"https://zuora.invalid/apps/services/a/{version}"
    ]
    assert tree.getroot().tag == f"{WSDL}definitions"
