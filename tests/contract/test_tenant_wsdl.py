"""A tenant's own file: read in every style it is found in, or refused with the construct and its line."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import tenant_file
from contract_samples import raw_extension

from bridge.contract.errors import ContractError
from bridge.contract.models import build
from bridge.contract.reader import read
from bridge.contract.serve import extended_wsdl, served_wsdl
from bridge.core.model import Op, Version, ZObject
from bridge.upstream.budget import Budget
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

HERE = "http://127.0.0.1:8080/apps/services/a/128.0"
STYLE = pytest.mark.parametrize("style", tenant_file.STYLES)


def test_every_type_field_and_operation_of_the_file_is_read() -> None:
    """In the file's order, custom fields among them, with their types; nothing is left out or added."""
    contract = read(tenant_file.wsdl())
    assert contract.version == Version(128)
    assert list(contract.objects) == list(tenant_file.OBJECTS)
    assert list(contract.operations) == list(tenant_file.OPERATIONS)
    for kind, found in contract.objects.items():
        assert [field.name for field in found.own] == tenant_file.names(kind)
        assert {field.name: field.type.name for field in found.own} == tenant_file.types(kind)
    payment = {field.name: field.type.name for field in contract.objects["Payment"].own}
    assert [payment[name] for name in ("Channel__c", "BankFee__c", "ValueDate__c", "Approved__c", "SyncDate__NS")] == [
        "string", "decimal", "date", "boolean", "date",
    ]  # fmt: skip
    assert {field.name: field.nillable for field in contract.objects["Account"].own}["BillCycleDay"] is False
    assert build(contract).operations.keys() == tenant_file.OPERATIONS.keys()


@STYLE
def test_a_file_means_the_same_however_it_is_written(style: str) -> None:
    """Visual Studio, hand edits, line ends and byte order marks change the text only."""
    contract = read(tenant_file.STYLES[style](), extension=raw_extension())
    reference = read(tenant_file.wsdl(), extension=raw_extension())
    if style == "without login's entity":
        assert contract.objects == reference.objects
    else:
        assert contract == reference


@STYLE
def test_zeep_composes_a_payment_by_the_file(style: str, tmp_path: Path) -> None:
    """Custom fields in their place, values as they came, an unknown field in the alphabet."""
    path = tmp_path / "tenant.wsdl"
    path.write_bytes(tenant_file.STYLES[style]())
    body = asyncio.run(_compose(path)).decode()
    sent = re.findall(r"<ons:(\w+)>", body.partition("Payment")[2])
    assert sent == ["AccountId", "Channel__c", "InvoicePaymentData", "Amount", "Type", "Unknown__c", "ValueDate__c"]


async def _compose(path: Path) -> bytes:
    transport = Transport()
    try:
        soap = ZuoraSoap(path, "http://127.0.0.1:9", transport, Budget())
        fields = {"Type": "External", "ValueDate__c": "2026-02-20", "AccountId": "a", "Unknown__c": "1"}
        fields["Channel__c"] = "x"
        part = ZObject("InvoicePayment", {"Amount": "1"})
        return soap.compose(Op.CREATE, (ZObject("Payment", fields, {"InvoicePaymentData": (part,)}),), False).body
    finally:
        await transport.close()


@STYLE
def test_the_file_is_served_in_its_own_style_with_our_address(style: str) -> None:
    """Byte for byte but for the address; extended it reads as the extended contract."""
    raw = tenant_file.STYLES[style]()
    assert served_wsdl(raw, HERE) == raw.replace(b"https://www.zuora.com/apps/services/a/128.0", HERE.encode())
    assert read(extended_wsdl(raw, raw_extension(), HERE)).objects == read(raw, extension=raw_extension()).objects


LOCATOR = '<simpleType name="QueryLocator"><restriction base="string"/>'
IMPORT = '<import namespace="http://api.zuora.com/"/>'
ID = 'name="Id" nillable="true" type="zns:ID"'
CODE = 'name="AccountingCode" nillable="true" type="string"'
ZOBJECT = '<complexType name="zObject">'
END = "        </sequence>\n      </complexType>"

# What stands in the file, what is put in its place, and what the error names.
CONSTRUCTS = {
    "choice": ("<sequence>", "<choice/><sequence>", "<choice>"),
    "choice inside": ("<sequence>", "<sequence><choice/>", "<choice>"),
    "all": ("<sequence>", "<all/><sequence>", "<all>"),
    "group": ("<sequence>", '<sequence><group ref="zns:x"/>', "<group>"),
    "any": ("<sequence>", "<sequence><any/>", "<any>"),
    "a repeated sequence": ("<sequence>", '<sequence maxOccurs="2">', "<sequence maxOccurs='2'>"),
    "two sequences": ("<sequence>", "<sequence/><sequence>", "<sequence>"),
    "attribute": (END, '        </sequence><attribute name="a" type="string"/></complexType>', "<attribute>"),
    "anyAttribute": (END, "        </sequence><anyAttribute/></complexType>", "<anyAttribute>"),
    "an attribute on an object": (
        "        </extension>",
        '<attribute name="a" type="string"/></extension>',
        "<attribute>",
    ),
    "restriction of a type": (
        '<extension base="ons:zObject">',
        '<restriction base="ons:zObject"/><extension base="ons:zObject">',
        "<restriction>",
    ),
    "simpleContent": (ZOBJECT, '<complexType name="zObject"><simpleContent/>', "<simpleContent>"),
    "mixed": (ZOBJECT, '<complexType name="zObject" mixed="true">', "mixed='true'"),
    "abstract": (ZOBJECT, '<complexType name="zObject" abstract="1">', "abstract='1'"),
    "ref": (ID, 'ref="zns:Id"', "ref='zns:Id'"),
    "an element without a type": (ID, 'name="Id"', "name='Id'"),
    "an anonymous type": (
        'name="Id" nillable="true" type="zns:ID"/>',
        'name="Id"><simpleType/></element>',
        "<simpleType>",
    ),
    "a default": ('name="Id" nillable="true"', 'name="Id" default="0" nillable="true"', "default='0'"),
    "a fixed value": ('name="Id" nillable="true"', 'name="Id" fixed="0" nillable="true"', "fixed='0'"),
    "a substitution group": (
        '<element name="fault" type',
        '<element name="fault" substitutionGroup="fns:x" type',
        "substitutionGroup='fns:x'",
    ),
    "an abstract element": (
        '<element name="fault" type',
        '<element name="fault" abstract="true" type',
        "abstract='true'",
    ),
    "union": (LOCATOR, '<simpleType name="QueryLocator"><union memberTypes="string"/>', "<union>"),
    "list": (LOCATOR, '<simpleType name="QueryLocator"><list itemType="string"/>', "<list>"),
    "an assertion": (
        LOCATOR,
        '<simpleType name="QueryLocator"><restriction base="string"><assertion/></restriction>',
        "<assertion>",
    ),
    "an import of another file": (
        IMPORT,
        '<import namespace="http://api.zuora.com/" schemaLocation="api.xsd"/>',
        "'api.xsd'",
    ),
    "include": (IMPORT, '<include schemaLocation="x.xsd"/>', "<include>"),
    "redefine": (IMPORT, '<redefine schemaLocation="x.xsd"/>', "<redefine>"),
    "a top-level group": (IMPORT, '<group name="g"/>', "<group>"),
    "a top-level attribute": (IMPORT, '<attribute name="a"/>', "<attribute>"),
    "an import of a WSDL": ("<types>", '<import namespace="urn:x" location="x.wsdl"/><types>', "<import>"),
    "two types of one name": (
        '<complexType name="Invoice">',
        '<complexType name="Account">',
        "type .*Account is defined twice",
    ),
    "a simple and a complex type of one name": (
        '<simpleType name="QueryLocator">',
        '<simpleType name="Error">',
        "type .*Error is defined twice",
    ),
    "two elements of one name": (
        '<element name="update">',
        '<element name="create">',
        "element .*create is defined twice",
    ),
    "two fields of one name": ('name="AccountingCode"', 'name="AccountId"', "two elements called AccountId"),
    "two messages of one name": ('<message name="updateRequest">', '<message name="createRequest">', "two <message>"),
    "two operations of one name": (
        '<operation name="update"><input',
        '<operation name="create"><input',
        "two <operation>",
    ),
    "two schemas of one namespace": (
        f'targetNamespace="{tenant_file.FAULT}"',
        f'targetNamespace="{tenant_file.API}"',
        "two schemas",
    ),
    "an unknown base": ('base="ons:zObject"', 'base="ons:Nothing"', "extends .*Nothing"),
    "a type that extends itself": ('base="ons:zObject"', 'base="ons:Account"', "Account extends itself"),
    "a type that contains itself": (
        CODE,
        'name="AccountingCode" nillable="true" type="ons:Payment"',
        "Payment contains itself",
    ),
    "an unknown type": (CODE, 'name="AccountingCode" nillable="true" type="zns:Nothing"', "uses .*Nothing"),
    "an undeclared prefix": (CODE, 'name="AccountingCode" nillable="true" type="q9:ID"', "type='q9:ID'"),
    "anyType": (CODE, 'name="AccountingCode" nillable="true" type="anyType"', "anyType, which cannot be modelled"),
    "an unknown built-in": (
        LOCATOR,
        '<simpleType name="QueryLocator"><restriction base="IDREF"/>',
        "IDREF is not a built-in",
    ),
    "no number of occurrences": ('minOccurs="0" name="Id"', 'minOccurs="-1" name="Id"', "'-1' is no number"),
    "RPC style": ('style="document"', 'style="rpc"', "is rpc"),
    "encoded use": ('<soap:body use="literal"/></input>', '<soap:body use="encoded"/></input>', "is encoded"),
    "an operation the port type lacks": (
        '<operation name="rasd"><input',
        '<operation name="other"><input',
        "operation rasd",
    ),
    "a message of two parts": (
        '<message name="createRequest">',
        '<message name="createRequest"><part name="b" element="zns:create"/>',
        "exactly one part",
    ),
    "a header part in no message": ('part="CallOptions"', 'part="Nothing"', "header 'Nothing' of create is no part"),
    "a port without a binding": ('binding="zns:SoapBinding"', 'binding="zns:Nothing"', "no SOAP 1.1 binding"),
    "no port type": ('type="zns:Soap"', 'type="zns:Nothing"', "port type"),
}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_what_cannot_be_modelled_is_refused_with_its_construct_and_line(name: str) -> None:
    """A construct that was skipped would be money that is not understood."""
    old, new, words = CONSTRUCTS[name]
    text = tenant_file.wsdl().decode()
    # Payment's are the fields that matter; what stands once in the file is changed there.
    start = text.index('<complexType name="Payment">') if "AccountingCode" in old else 0
    place = text.index(old, start)
    damaged = (text[:place] + new + text[place + len(old) :]).encode()
    line = damaged[:place].count(b"\n") + 1
    with pytest.raises(ContractError, match=words) as caught:
        read(damaged)
    stated = str(caught.value).partition(":")[0]
    assert stated.startswith("line ")
    # The construct's own line, or that of the definition it stands in.
    assert abs(int(stated.removeprefix("line ")) - line) <= 5 or name in DEFINED_ELSEWHERE


DEFINED_ELSEWHERE = {
    "an unknown base": "the type that extends it",
    "a type that extends itself": "the type",
    "a type that contains itself": "the type",
    "an operation the port type lacks": "the binding's operation",
    "a message of two parts": "the operation that uses it",
    "no port type": "the binding",
    "a simple and a complex type of one name": "the second of them",
}
"""Errors between two places of the file, and which of them the line is of."""


def test_an_entity_cannot_make_the_file_mean_something_else() -> None:
    """A document type is refused before anything is read."""
    raw = tenant_file.wsdl().replace(b"<definitions", b'<!DOCTYPE definitions [<!ENTITY x "y">]><definitions', 1)
    with pytest.raises(ContractError, match="document type"):
        read(raw)
