"""What changed between two WSDL files, and for whom it breaks: one edit at a time, in both directions."""

from __future__ import annotations

import re

import pytest
import tenant_file
from contract_samples import own, plain

from bridge.contract.diff import compare
from bridge.contract.reader import read

CODES = '<enumeration value="EXTENSION_ERROR"/>'
FEE = '<element minOccurs="0" name="BankFee__c" nillable="true" type="decimal"/>'
DAY = '<element minOccurs="0" name="BillCycleDay" type="int"/>'
UNIT = re.findall(r' *<complexType name="UnitOfMeasure">.*?</complexType>\n', tenant_file.wsdl().decode(), re.DOTALL)
LOCATOR = '<simpleType name="QueryLocator"><restriction base="string"/></simpleType>'

# The edit, and (where, a word of what, whether it breaks callers generated from the file before it, and after it).
EDITS: dict[str, tuple[str, str, str, str, bool, bool]] = {
    "a field of an object": (FEE, "", "Payment.BankFee__c", "", True, False),
    "a field of a result": (
        '<element minOccurs="0" name="Field" nillable="true" type="string"/>', "", "Error.Field", "", True, True,
    ),
    "a field of an object that an answer carries unasked": (
        '<element minOccurs="0" name="CostCenter__c" nillable="true" type="string"/>', "", "Invoice.CostCenter__c", "",
        True, True,
    ),
    "a field of a request": (
        '<element minOccurs="0" name="entityName" type="string"/>', "", "login.entityName", "", True, False,
    ),
    "a required field of a request": (
        '<element name="synchronous" type="boolean"/>', "", "execute.synchronous", "", True, True,
    ),
    "the type of a field": (FEE, FEE.replace("decimal", "string"), "Payment.BankFee__c", "type", True, True),
    "the name of a type": (
        FEE.replace("BankFee__c", "Channel__c").replace("decimal", "string"),
        FEE.replace("BankFee__c", "Channel__c").replace("decimal", "zns:ID"),
        "Payment.Channel__c", "type ", False, False,
    ),
    "nillable": (DAY, DAY.replace('y" ', 'y" nillable="true" '), "Account.BillCycleDay", "nillable", True, True),
    "minOccurs": (DAY, DAY.replace('"0"', '"1"'), "Account.BillCycleDay", "minOccurs", True, True),
    "maxOccurs of a request": (
        'maxOccurs="50" name="subscribes"', 'maxOccurs="10" name="subscribes"', "subscribe.subscribes", "maxOccurs",
        True, False,
    ),
    "maxOccurs of an answer": (
        '<element minOccurs="0" name="result" type="zns:LoginResult"/>',
        '<element minOccurs="0" maxOccurs="unbounded" name="result" type="zns:LoginResult"/>',
        "loginResponse.result", "maxOccurs", True, False,
    ),
    "a type": (
        UNIT[0], "", "UnitOfMeasure", "type", True, False,
    ),
    "an error code": (CODES, "", "ErrorCode", "EXTENSION_ERROR", False, True),
    "a pattern": (
        r"[a-zA-Z0-9]{32}|\d+", "[a-z0-9]{32}", "ID", "pattern", True, True,
    ),
    "what a simple type rests on": (
        LOCATOR, LOCATOR.replace('"string"', '"token"'), "QueryLocator", " is now ", True, True,
    ),
    "a base": (
        '<complexType name="Feature">\n        <complexContent><extension base="ons:zObject">',
        '<complexType name="Feature">\n        <complexContent><extension base="ons:GatewayOption">',
        "Feature", "extends", True, True,
    ),
    "a header": (
        '<soap:header use="literal" message="zns:Header" part="CallOptions"/>', "", "create()", "header CallOptions",
        True, False,
    ),
    "a fault": (
        '<fault name="InvalidQueryLocatorFault" message="zns:InvalidQueryLocatorFault"/>', "", "query()",
        "fault InvalidQueryLocatorFault", False, False,
    ),
    "the version": ("/a/128.0", "/a/130.0", "version", "", False, False),
    "an element's type": (
        '<element name="LoginFault" type="fns:LoginFault"/>', '<element name="LoginFault" type="fns:ApiFault"/>',
        "<LoginFault>", "is of", True, True,
    ),
    "qualified names": (
        f'elementFormDefault="qualified" xmlns="{tenant_file.XSD}" targetNamespace="{tenant_file.FAULT}"',
        f'xmlns="{tenant_file.XSD}" targetNamespace="{tenant_file.FAULT}"', "ApiFault.FaultCode", "namespace",
        True, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_change_is_found_and_judged_in_both_directions(name: str) -> None:
    """What breaks who was generated before the edit need not break who was generated after it."""
    old, new, where, what, before, after = EDITS[name]
    text = tenant_file.wsdl().decode()
    assert old in text
    first, second = read(text.encode()), read(text.replace(old, new, 1).encode())
    for one, other, breaking in ((first, second, before), (second, first, after)):
        changes = [each for each in compare(one, other) if each.where == where and what in each.what]
        assert [each.breaking for each in changes] == [breaking], compare(one, other)
        assert all(each.why for each in changes)


def test_order_is_told_by_the_first_field_out_of_its_place() -> None:
    """Strict stacks read in the file's order."""
    text = tenant_file.wsdl().decode()
    head, mark, rest = text.partition('<complexType name="Payment">')
    amount = '          <element minOccurs="0" name="Amount" nillable="true" type="decimal"/>\n'
    moved = head + mark + rest.replace(amount, "", 1).replace("        </sequence>", amount + "        </sequence>", 1)
    (change,) = compare(read(text.encode()), read(moved.encode()))
    assert (change.where, change.what, change.breaking) == ("Payment", "order changed from AppliedAmount on", True)


def test_an_operation_that_comes_breaks_nobody_and_one_that_goes_breaks_its_callers() -> None:
    """With its messages and types."""
    ours, theirs = plain(), read(tenant_file.wsdl())
    came = {each.where: each.breaking for each in compare(ours, theirs)}
    gone = {each.where: each.breaking for each in compare(theirs, ours)}
    for name in ("subscribe()", "amend()", "generate()", "rasd()", "SubscribeRequest"):
        assert (came[name], gone[name]) == (False, True), name


def test_equal_files_say_the_same() -> None:
    """Whatever they look like."""
    first = read(tenant_file.wsdl())
    assert all(compare(first, read(make())) == () for name, make in tenant_file.STYLES.items() if "entity" not in name)


def test_the_extension_breaks_nobody() -> None:
    """A caller of the plain file can stay as it is when the extended one is served."""
    assert [each for each in compare(plain(), own()) if each.breaking] == []
