"""Reading WSDLs: other people's files, files beyond what can be modelled, and files that are none."""

import contextlib
import re

import pytest
from contract_samples import API, FAULT, OBJECT, own, plain, raw_extension, raw_wsdl
from cost import Reference
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge.contract import files
from bridge.contract.contract import XSD, QName
from bridge.contract.decode import Decoder
from bridge.contract.errors import ContractError
from bridge.contract.models import build
from bridge.contract.reader import read
from bridge.core.model import Version, ZObject

WSDL = "http://schemas.xmlsoap.org/wsdl/"


def edited(old, new, count=1):
    """Our own file with a text replaced."""
    text = raw_wsdl().decode()
    assert old in text
    return text.replace(old, new, count).encode()


def synthetic(types, fields=40):
    """A WSDL with this many more object types, each with a container of the one before it."""
    extra = containers = ""
    for n in range(types):
        rows = "".join(
            f'<element minOccurs="0" name="F{i:02}" nillable="true" '
            f'type="{("string", "decimal", "zns:ID", "date", "boolean")[i % 5]}"/>'
            for i in range(fields)
        )
        if n:
            rows += f'<element minOccurs="0" name="Part" nillable="true" type="zns:T{n - 1}Data"/>'
        extra += (
            f'<complexType name="T{n}"><complexContent><extension base="ons:zObject"><sequence>{rows}</sequence>'
            "</extension></complexContent></complexType>"
        )
        containers += (
            f'<complexType name="T{n}Data"><sequence><element minOccurs="0" maxOccurs="unbounded" name="T{n}" '
            f'nillable="true" type="ons:T{n}"/></sequence></complexType>'
        )
    text = raw_wsdl().decode().replace('<complexType name="zObject">', extra + '<complexType name="zObject">')
    return text.replace('<simpleType name="ID">', containers + '<simpleType name="ID">').encode()


def test_a_path_and_bytes_read_equal():
    """Both are accepted; a Contract is a value."""
    assert read(files.own_wsdl()) == read(raw_wsdl()) == plain()


def test_a_tenants_file_with_116_types_needs_no_new_code():
    """Read, modelled and decoded without one of its types named in the room; modelling is cheaper than reading."""
    contract = read(synthetic(109))
    assert len(contract.objects) == 116
    models = build(contract)
    assert Reference(lambda: read(synthetic(109))).ratio(lambda: build(contract), 0.8) < 0.8
    assert len(models.types) == len(contract.complex_types)
    row = etree.fromstring(
        f'<z xmlns:o="{OBJECT}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="o:T7">'
        "<o:F01>1.5</o:F01><o:Part><T6><F00>x</F00></T6></o:Part></z>"
    )
    assert Decoder(contract).object(row) == ZObject("T7", {"F01": "1.5"}, {"Part": (ZObject("T6", {"F00": "x"}),)})


def test_a_file_rewritten_by_visual_studio_reads_equal():
    """It moves prefixes (xs:, q1:) and leaves out style; the meaning is the same."""
    root = etree.fromstring(raw_wsdl())
    text = etree.tostring(root).decode()
    for tag in ("schema", "element", "complexType", "sequence", "complexContent", "extension", "simpleType"):
        text = re.sub(rf"<(/?){tag}(?=[\s/>])", rf"<\1xs:{tag}", text)
    text = re.sub(r"<(/?)(restriction|enumeration|pattern|import)(?=[\s/>])", r"<\1xs:\2", text)
    text = re.sub(r'(type|base)="(string|int|boolean|decimal|date|dateTime)"', r'\1="xs:\2"', text)
    text = (
        text.replace('"zns:', '"q1:')
        .replace("xmlns:zns", "xmlns:q1")
        .replace('<soap:binding style="document"', "<soap:binding")
    )
    text = text.replace(' xmlns="http://www.w3.org/2001/XMLSchema"', "")
    assert read(text.encode()) == plain()


def test_a_file_before_107_is_readable_but_not_enough():
    """Old files can be compared; the bridge does not start on them."""
    contract = read(edited("/a/107.0", "/a/83.0"))
    assert contract.version == Version(83)
    with pytest.raises(ContractError, match=r"version 83\.0; 107\.0 or later"):
        contract.require(Version(107))


def test_a_version_with_another_minor_is_read():
    """47.1 exists."""
    assert read(edited("/a/107.0", "/a/147.1/")).version == Version(147, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<sequence>", "<choice>"),
        ('<element minOccurs="0" name="Id"', '<any/><element minOccurs="0" name="Id"'),
        ('name="Id" nillable="true" type="zns:ID"', 'ref="zns:ID"'),
        ('<complexType name="zObject">', '<complexType name="zObject" mixed="true">'),
        ('<complexType name="zObject">', '<complexType name="zObject" abstract="true">'),
        ("</sequence>\n      </complexType>", '</sequence><attribute name="a"/></complexType>'),
        ('name="Id" nillable="true" type="zns:ID"', 'name="Id" nillable="true" type="zns:Nope"'),
        ('name="Id" nillable="true" type="zns:ID"', 'name="Id" nillable="true" type="nope:ID"'),
        ('name="Id" nillable="true" type="zns:ID"', 'name="Id" nillable="true" type="anyType"'),
        ('name="Id" nillable="true" type="zns:ID"', 'name="Id" nillable="true" type="zns:InvoicePaymentData"'),
        ('name="Id" nillable="true"', 'name="fieldsToNull" nillable="true"'),
        ('name="Id" nillable="true"', 'nillable="true"'),
        ('minOccurs="0" name="Id"', 'minOccurs="some" name="Id"'),
        ('minOccurs="0" name="Id" nillable="true" type="zns:ID"/>',
         'minOccurs="0" name="Id"><complexType/></element>'),
        ('base="ons:zObject"', 'base="ons:Nope"'),
        ('base="ons:zObject"', 'base="ons:Account"'),
        ('<complexType name="Invoice">', '<complexType name="Account">'),
        ('<import namespace="http://api.zuora.com/"/>', "<include/>"),
        ('<import namespace="http://api.zuora.com/"/>', '<group name="g"/>'),
        ('<restriction base="string">', '<list itemType="string"/><restriction base="string">'),
        ('<restriction base="string">', '<restriction base="zns:Nope">'),
        ('<restriction base="string"/>', '<restriction base="zns:QueryLocator"/>'),
        ('targetNamespace="http://fault.api.zuora.com/"', 'targetNamespace="http://api.zuora.com/"'),
        ("<types>", "<types><a/>"),
        ('element="zns:create"', 'element="zns:nope"'),
        ('part="SessionHeader"', 'part="Nope"'),
        ('use="literal"', 'use="encoded"'),
        ('style="document"', 'style="rpc"'),
        ('<input message="zns:createRequest"/>', ""),
        ('<input message="zns:createRequest"/>', '<input message="zns:nope"/>'),
        ('<input message="zns:createRequest"/>', "<input/>"),
        ('<operation name="create">', '<operation name="update">'),
        ('<operation name="create">\n      <input message', '<operation name="create2">\n      <input message'),
        ('<operation name="update">\n      <soap:', '<operation name="create">\n      <soap:'),
        ('<restriction base="string">', '<restriction base="anySimpleType">'),
        ('<restriction base="string">', '<restriction base="string"><assertion/>'),
        ('<element name="SessionHeader">', '<element name="SessionHeader" substitutionGroup="zns:x">'),
        ("/a/107.0", "/a/latest"),
        ("<soap:address", "<http:address"),
        ('binding="zns:SoapBinding"', 'binding="zns:Nope"'),
        ("<types>", '<import namespace="urn:x" location="x.wsdl"/><types>'),
    ],
)  # fmt: skip
def test_what_cannot_be_modelled_fails_loudly(old, new):
    """A construct that was skipped would be money that is not understood."""
    text = edited(old, new)
    if new == "<choice>":
        text = text.replace(b"</sequence>", b"</choice>", 1)
    with pytest.raises(ContractError) as caught:
        read(text)
    assert str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not xml",
        b"<a>",
        b"<a/>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        f'<definitions xmlns="{WSDL}"/>'.encode(),
    ],
)
def test_what_is_no_wsdl_is_refused(raw):
    """Malformed, of a document type, or empty: the same one error."""
    with pytest.raises(ContractError):
        read(raw)


def test_a_missing_file_is_a_contract_error(tmp_path):
    """The operator reads which file."""
    with pytest.raises(ContractError, match=r"nowhere\.wsdl"):
        read(tmp_path / "nowhere.wsdl")


@given(
    cut=st.integers(0, 30_000),
    width=st.integers(0, 400),
    put=st.sampled_from([b"", b"<", b'"', b"<x/>", b"\x00", b"&a;"]),
)
def test_no_damage_raises_anything_but_the_rooms_own_error(cut, width, put):
    """Any bytes are a Contract or a ContractError."""
    raw = raw_wsdl()
    with contextlib.suppress(ContractError):
        read(raw[:cut] + put + raw[cut + width :])


def names(contract, name):
    """The own fields of an object type."""
    return [field.name for field in contract.objects[name].own]


def test_the_extension_adds_its_elements_in_their_alphabetical_place():
    """Nothing else of the gaining types changes."""
    added = {
        "Payment": ["DebitMemoId", "DebitMemoNumber", "DebitMemoPaymentData"],
        "Refund": ["CreditMemoId", "CreditMemoItemRefundData", "CreditMemoNumber", "DebitMemoRefundData"],
        "InvoicePayment": ["InvoiceItemPaymentData"],
    }
    for name, new in added.items():
        assert names(own(), name) == sorted(names(plain(), name) + new)
        assert [f for f in own().objects[name].own if f.name not in new] == list(plain().objects[name].own)
        assert all((f.minimum, f.maximum, f.nillable) == (0, 1, True) for f in own().objects[name].own)
    unchanged = set(plain().objects) - set(added)
    assert all(own().objects[name] == plain().objects[name] for name in unchanged)


def test_the_extension_containers_alternate_namespaces_as_zuoras_own():
    """Container in the object namespace, child in the API namespace, its fields in the object namespace."""
    fields = {field.name: field for field in own().objects["Payment"].own}
    assert fields["DebitMemoPaymentData"].namespace == OBJECT
    (child,) = own().complex_types[QName(API, "DebitMemoPaymentData")].fields
    assert (child.name, child.namespace, child.type) == ("DebitMemoPayment", API, QName(OBJECT, "DebitMemoPayment"))
    assert (child.minimum, child.maximum, child.nillable) == (0, None, True)
    assert [(f.name, f.type.name) for f in own().objects["DebitMemoPayment"].own] == [
        ("Amount", "decimal"),
        ("DebitMemoId", "ID"),
        ("DebitMemoItemPaymentData", "DebitMemoItemPaymentData"),
        ("DebitMemoNumber", "string"),
    ]
    assert [(f.name, f.type.name) for f in own().objects["DebitMemoRefund"].own] == [
        ("DebitMemoId", "ID"),
        ("DebitMemoNumber", "string"),
        ("RefundAmount", "decimal"),
    ]
    assert {f.namespace for f in own().objects["DebitMemoRefund"].own} == {OBJECT}


@pytest.mark.parametrize(
    ("holder", "container", "row", "ids"),
    [
        ("InvoicePayment", "InvoiceItemPaymentData", "InvoiceItemPayment", ["InvoiceItemId", "TaxItemId"]),
        ("DebitMemoPayment", "DebitMemoItemPaymentData", "DebitMemoItemPayment", ["DebitMemoItemId", "TaxItemId"]),
        ("Refund", "CreditMemoItemRefundData", "CreditMemoItemRefund", ["CreditMemoItemId", "CreditTaxItemId"]),
    ],
)
def test_single_items_are_rows_inside_their_document(holder, container, row, ids):
    """An amount and either of two ids, in the namespaces of Zuora's own containers."""
    held = {field.name: field for field in own().objects[holder].own}[container]
    assert (held.namespace, held.type) == (OBJECT, QName(API, container))
    (child,) = own().complex_types[QName(API, container)].fields
    assert (child.name, child.namespace, child.type) == (row, API, QName(OBJECT, row))
    fields = [(f.name, f.type.name) for f in own().objects[row].own]
    assert fields == [("Amount", "decimal"), *((name, "ID") for name in ids)]


def test_the_extension_leaves_out_types_that_a_tenant_lacks():
    """Tenants' files differ in their objects; the rest is extended all the same."""
    text = re.sub(rb'<complexType name="Refund">.*?</complexType>', b"", raw_wsdl(), flags=re.S)
    contract = read(text, extension=raw_extension())
    assert "Refund" not in contract.objects
    assert "DebitMemoId" in names(contract, "Payment")


def test_an_element_that_the_tenant_has_already_is_kept_as_the_tenants():
    """Zuora may add one of that name and type; of another type it is a contradiction."""
    own_field = '<element minOccurs="0" name="DebitMemoId" nillable="true" type="%s"/>'
    place = '<element minOccurs="0" name="EffectiveDate"'
    contract = read(edited(place, own_field % "zns:ID" + place), extension=raw_extension())
    assert names(contract, "Payment").count("DebitMemoId") == 1
    with pytest.raises(ContractError, match="DebitMemoId is of another type"):
        read(edited(place, own_field % "string" + place), extension=raw_extension())


def test_the_extension_fits_a_file_with_other_prefixes():
    """References are resolved, not copied as text."""
    text = raw_wsdl().replace(b'"zns:', b'"q1:').replace(b"xmlns:zns", b"xmlns:q1")
    assert read(text, extension=raw_extension()) == own()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'targetNamespace="http://object.api.zuora.com/"', b'targetNamespace="urn:x"'),
        (b'<complexType name="DebitMemoPayment">', b'<complexType name="Account">'),
        (b'<import namespace="http://api.zuora.com/"/>', b'<element name="x" type="string"/>'),
        (b"</types>", b""),
    ],
)
def test_an_extension_that_does_not_fit_is_refused(old, new):
    """A contradiction is found at start."""
    with pytest.raises(ContractError):
        read(raw_wsdl(), extension=raw_extension().replace(old, new, 1))


def test_the_namespaces_and_the_base_are_told():
    """What the renderer and the decoder build on."""
    assert (plain().namespace, plain().schemas) == (API, (OBJECT, API, FAULT))
    assert plain().object_base == QName(OBJECT, "zObject")
    assert plain().primitive(QName(API, "ID")) == "string"
    assert plain().primitive(QName(XSD, "date")) == "date"
    assert plain().primitive(QName(API, "SaveResult")) is None
    with pytest.raises(ContractError):
        plain().operation("subscribe")
    with pytest.raises(ContractError):
        plain().result_of("getUserInfo")
