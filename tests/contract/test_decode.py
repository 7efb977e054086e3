"""Decoding: each liberty that Zuora's server grants (recorded from legacy stacks), and each thing that is refused."""

import contextlib

import pytest
from contract_samples import API, OBJECT, decoder, element, payment, raw_wsdl
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge.contract.decode import Decoder, session, single_transaction
from bridge.contract.errors import DecodeError, Problem
from bridge.contract.reader import read
from bridge.core.model import Version, ZObject

ID = "2c92c0f94a5d7e0a014a5e1f3b6a0002"
CANON = (
    "<ons:fieldsToNull>AccountingCode</ons:fieldsToNull>"
    f"<ons:AccountId>{ID}</ons:AccountId><ons:Amount>100.50</ons:Amount><ons:Comment>A&amp;B é</ons:Comment>"
    "<ons:EffectiveDate>2024-01-31</ons:EffectiveDate><ons:InvoicePaymentData><zns:InvoicePayment>"
    f"<ons:Amount>100.50</ons:Amount><ons:InvoiceId>{ID}</ons:InvoiceId></zns:InvoicePayment></ons:InvoicePaymentData>"
    "<ons:Type>External</ons:Type>"
)
EXPECTED = ZObject(
    "Payment",
    {"AccountId": ID, "Amount": "100.50", "Comment": "A&B é", "EffectiveDate": "2024-01-31", "Type": "External"},
    {"InvoicePaymentData": (ZObject("InvoicePayment", {"Amount": "100.50", "InvoiceId": ID}),)},
    ("AccountingCode",),
)
NULLS = "".join(
    f'<ons:{name} xsi:nil="true"/>' for name in ("Id", "CreatedById", "CreatedDate", "UpdatedDate", "Gateway")
)


def decoded(xml, attributes='xsi:type="ons:Payment"'):
    """One Payment's fields, decoded."""
    return decoder().object(payment(xml, attributes))


SPELLINGS = {
    "canonical": CANON,
    "amount before account": CANON.replace("<ons:Amount>100.50</ons:Amount>", "", 1)
    + "<ons:Amount>100.50</ons:Amount>",
    "fieldsToNull last": CANON.removeprefix("<ons:fieldsToNull>AccountingCode</ons:fieldsToNull>")
    + "<ons:fieldsToNull>AccountingCode</ons:fieldsToNull>",
    "nil for everything unset": NULLS + CANON,
    "nil written 1": NULLS.replace("true", "1") + CANON,
    "nil with white space": NULLS.replace("true", " true ") + CANON,
    "nil on a container": CANON + '<ons:GatewayOptionData xsi:nil="true"/>',
    "nil fieldsToNull": CANON + '<ons:fieldsToNull xsi:nil="1"/>',
    "empty fieldsToNull": CANON + "<ons:fieldsToNull/>",
    "empty elements": CANON
    + "<ons:ReferenceId/><ons:Gateway></ons:Gateway><ons:RefundAmount/><ons:GatewayOptionData/>",
    "nil false keeps the value": CANON.replace("<ons:Amount>", '<ons:Amount xsi:nil="false">'),
    "CDATA around values": CANON.replace("External", "<![CDATA[External]]>").replace("A&amp;B é", "<![CDATA[A&B é]]>"),
    "a comment inside a value": CANON.replace("External", "Ext<!-- x -->ernal").replace("100.50", "10<!--x-->0.50"),
    "comments and instructions between fields": CANON.replace("<ons:Amount>", "<!-- a --><?b c?><ons:Amount>"),
    "numeric references": CANON.replace("é", "&#xE9;"),
    "all fields in the API namespace": CANON.replace("ons:", "zns:"),
    "child in the object namespace": CANON.replace("zns:", "ons:"),
    "no namespace at all": CANON.replace("ons:", "").replace("zns:", ""),
    "a foreign namespace": CANON.replace("<ons:Amount>", '<f:Amount xmlns:f="urn:f">').replace(
        "</ons:Amount>", "</f:Amount>"
    ),
    "child with xsi:type": CANON.replace("<zns:InvoicePayment>", '<zns:InvoicePayment xsi:type="ons:InvoicePayment">'),
    "child type in the wrong namespace": CANON.replace(
        "<zns:InvoicePayment>", '<zns:InvoicePayment xsi:type="zns:InvoicePayment">'
    ),
    "a nil child": CANON.replace(
        "</ons:InvoicePaymentData>", '<zns:InvoicePayment xsi:nil="1"/></ons:InvoicePaymentData>'
    ),
    "xsd types on leaves": CANON.replace("<ons:Amount>", '<ons:Amount xsi:type="xsd:float">').replace(
        "<ons:Type>", '<ons:Type xsi:type="xsd:string">'
    ),
    "base64 for a non-ASCII string": CANON.replace(
        "<ons:Comment>A&amp;B é<", '<ons:Comment xsi:type="xsd:base64Binary">QSZC\nIMOp<'
    ),
    "white space around typed values": CANON.replace("100.50", "\n  100.50\t")
    .replace("2024-01-31", " 2024-01-31 ")
    .replace(ID, f" {ID}\n"),
    "pretty-printed": CANON.replace("><", ">\n  <"),
    "an attribute named like a field": CANON.replace("<ons:Amount>", '<ons:Amount Amount="7">'),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_one_payment_decodes_equal(spelling):
    """Field order, prefixes, namespaces, nil and lexical dress never change what is read."""
    assert decoded(SPELLINGS[spelling]) == EXPECTED


@pytest.mark.parametrize(
    "attributes",
    [
        'xsi:type="ons:Payment"',
        'xsi:type=" ons:Payment "',
        f'xmlns:q1="{OBJECT}" xsi:type="q1:Payment"',
        'xsi:type="zns:Payment"',
        'xmlns:x="urn:other" xsi:type="x:Payment"',
        'xsi:type="Payment"',
        f'xmlns:ns1="{OBJECT}" xmlns:ns2="{API}" xsi:type="ns1:Payment"',
    ],
)
def test_any_prefix_in_scope_names_the_type(attributes):
    """Prefixes are resolved, never compared; the right name in the wrong namespace counts."""
    assert decoded("<ons:Amount>1</ons:Amount>", attributes) == ZObject("Payment", {"Amount": "1"})


def test_a_type_without_prefix_resolves_through_the_default_namespace():
    """suds without prefixes writes the type bare."""
    body = etree.fromstring(
        f'<create xmlns="{API}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f'<zObjects xmlns="{OBJECT}" i:type="Payment"><Amount>1</Amount></zObjects></create>'
    )
    assert decoder().objects(body) == (ZObject("Payment", {"Amount": "1"}),)


def test_objects_are_read_in_input_order():
    """One value per zObjects element, also with comments between them."""
    rows = "<!-- x -->".join(
        f'<zns:zObjects xsi:type="ons:Refund"><Amount>{n}</Amount></zns:zObjects>' for n in range(3)
    )
    assert [o.fields["Amount"] for o in decoder().objects(element(f"<zns:update>{rows}</zns:update>"))] == [
        "0",
        "1",
        "2",
    ]


def test_zobjects_may_be_in_any_namespace():
    """Clients with an object namespace for everything write it so."""
    body = element('<ons:create><ons:zObjects xsi:type="ons:Payment"/></ons:create>')
    assert decoder().objects(body) == (ZObject("Payment"),)


def test_an_empty_create_has_no_objects():
    """Zero rows is for core to judge."""
    assert decoder().objects(element("<zns:create/>")) == ()


@pytest.mark.parametrize(
    ("attributes", "problem", "subject"),
    [
        ("", Problem.MISSING_TYPE, "zObjects"),
        ('xsi:type=""', Problem.MISSING_TYPE, "zObjects"),
        ('xsi:nil="true"', Problem.MISSING_TYPE, "zObjects"),
        ('xsi:type="ons:Paymnt"', Problem.UNKNOWN_TYPE, "Paymnt"),
        ('xsi:type="ons:payment"', Problem.UNKNOWN_TYPE, "payment"),
        ('xsi:type="ons:zObject"', Problem.UNKNOWN_TYPE, "zObject"),
        ('xsi:type="zns:SaveResult"', Problem.UNKNOWN_TYPE, "SaveResult"),
        ('xsi:type="nowhere:Payment"', Problem.UNKNOWN_TYPE, "Payment"),
    ],
)
def test_a_type_that_cannot_be_told_is_refused(attributes, problem, subject):
    """Missing, unknown, wrongly spelled or undeclared: the error says which."""
    with pytest.raises(DecodeError) as caught:
        decoded("", attributes)
    assert (caught.value.problem, caught.value.subject) == (problem, subject)


def test_a_nil_object_with_a_type_has_nothing():
    """It is answered as a row, so that rows and objects stay in step."""
    assert decoded("<ons:Amount>1</ons:Amount>", 'xsi:type="ons:Payment" xsi:nil="true"') == ZObject("Payment")


def test_unknown_text_is_kept_as_a_field():
    """Unknown never means dropped: custom fields of a tenant, and names in the wrong case."""
    found = decoded("<ons:Region__c> EU </ons:Region__c><ons:accountId>1</ons:accountId><x>CDATA</x><y/>")
    assert dict(found.fields) == {"Region__c": " EU ", "accountId": "1", "x": "CDATA"}


def test_unknown_structure_is_kept_as_xml_that_stands_alone():
    """Its namespace declarations travel with it."""
    found = decoded("<ons:New><zns:Part a='1'>x<!-- c --></zns:Part></ons:New>")
    inner = etree.fromstring(found.verbatim["New"])
    assert (inner.tag, inner[0].tag, inner[0].text) == (f"{{{OBJECT}}}New", f"{{{API}}}Part", "x")
    assert not found.fields


def test_a_repeated_unknown_element_is_kept_whole():
    """Zuora ignores it, so it is no error; and no single text could stand for it."""
    found = decoded("<ons:Tag>a</ons:Tag><ons:Amount>1</ons:Amount><ons:Tag>b</ons:Tag>")
    assert dict(found.fields) == {"Amount": "1"}
    assert [e.text for e in etree.fromstring(f"<r>{found.verbatim['Tag']}</r>")] == ["a", "b"]


def test_text_is_kept_to_the_last_blank_and_typed_values_are_stripped():
    """White space is content in a string and dress in everything else (XML Schema part 2, whiteSpace)."""
    found = decoded(
        "<ons:Comment>  a\n</ons:Comment><ons:ReferenceId> r </ons:ReferenceId><ons:Amount> 1 </ons:Amount>"
    )
    assert dict(found.fields) == {"Comment": "  a\n", "ReferenceId": " r ", "Amount": "1"}


def test_fields_keep_the_callers_order():
    """Values are the caller's own, and so is their order."""
    assert list(decoded("<ons:Type>a</ons:Type><ons:Zz>b</ons:Zz><ons:Amount>1</ons:Amount>").fields) == [
        "Type",
        "Zz",
        "Amount",
    ]


def test_several_names_to_null_are_kept_in_order():
    """fieldsToNull repeats, alone among fields."""
    xml = "<ons:fieldsToNull> A </ons:fieldsToNull><ons:fieldsToNull>B</ons:fieldsToNull>"
    assert decoded(xml).nulls == ("A", "B")


def test_extension_elements_are_read_like_zuoras_own():
    """Container in the object namespace, child in the API namespace, grandchildren in the object namespace."""
    found = decoded(
        "<ons:DebitMemoPaymentData><zns:DebitMemoPayment><ons:Amount>5</ons:Amount>"
        "<ons:DebitMemoNumber>DM00000001</ons:DebitMemoNumber></zns:DebitMemoPayment></ons:DebitMemoPaymentData>"
    )
    part = ZObject("DebitMemoPayment", {"Amount": "5", "DebitMemoNumber": "DM00000001"})
    assert found.children == {"DebitMemoPaymentData": (part,)}


@pytest.mark.parametrize(
    ("xml", "problem", "subject"),
    [
        ("<ons:Amount>1</ons:Amount><ons:Amount>1</ons:Amount>", Problem.DUPLICATE, "Amount"),
        ("<ons:Amount>1</ons:Amount><zns:Amount>2</zns:Amount>", Problem.DUPLICATE, "Amount"),
        (2 * f"<ons:InvoicePaymentData>{CANON[CANON.index('<zns:'):CANON.index('</ons:InvoicePaymentData')]}"
         "</ons:InvoicePaymentData>", Problem.DUPLICATE, "InvoicePaymentData"),
        ("<ons:Amount><b>1</b></ons:Amount>", Problem.UNEXPECTED, "Amount"),
        ("<ons:InvoicePaymentData>100</ons:InvoicePaymentData>", Problem.INVALID_VALUE, "InvoicePaymentData"),
        ("<ons:InvoicePaymentData><item/></ons:InvoicePaymentData>", Problem.UNEXPECTED, "item"),
        ('<ons:InvoicePaymentData><InvoicePayment xsi:type="ons:Refund"/></ons:InvoicePaymentData>',
         Problem.WRONG_TYPE, "Refund"),
        ('<ons:InvoicePaymentData><InvoicePayment xsi:type="ons:Nope"/></ons:InvoicePaymentData>',
         Problem.UNKNOWN_TYPE, "Nope"),
        ('<ons:Comment xsi:type="xsd:base64Binary">%%%</ons:Comment>', Problem.INVALID_VALUE, "Comment"),
        ('<ons:Comment xsi:type="xsd:base64Binary">/w==</ons:Comment>', Problem.INVALID_VALUE, "Comment"),
        ('<ons:Comment xsi:type="xsd:base64Binary">AAA=</ons:Comment>', Problem.INVALID_VALUE, "Comment"),
    ],
)  # fmt: skip
def test_what_would_have_to_be_guessed_is_refused(xml, problem, subject):
    """Two values, structure in a value, text in a container, a foreign type, undecodable text."""
    with pytest.raises(DecodeError) as caught:
        decoded(xml)
    assert (caught.value.problem, caught.value.subject) == (problem, subject)


@pytest.mark.parametrize("text", ["1", "+1", "-1.50", ".5", "5.", "007", "0" * 50])
def test_decimals_of_xml_schema_are_kept_as_written(text):
    """The lexical text goes on unchanged."""
    assert decoded(f"<ons:Amount>{text}</ons:Amount>").fields["Amount"] == text


@pytest.mark.parametrize("text", ["1e3", "1E+3", "NaN", "INF", "1,5", "1 5", "0x1", ".", "+", "--1", "١", "1_0", "abc"])
def test_what_is_no_decimal_is_refused_by_name(text):
    """No exponent, no NaN, no other script's digits: what Decimal() takes is not what xs:decimal is."""
    with pytest.raises(DecodeError, match=r"^Invalid value '.*' for type decimal in Amount$") as caught:
        decoded(f"<ons:Amount>{text}</ons:Amount>")
    assert (caught.value.problem, caught.value.subject) == (Problem.INVALID_VALUE, "Amount")


@pytest.mark.parametrize(("text", "value"), [("1.5E2", "150"), ("1e-2", "0.01"), ("100.5", "100.5"), ("-2E0", "-2")])
def test_callers_up_to_18_write_amounts_as_doubles(text, value):
    """Amount is xs:double below version 19; it is written out as a decimal, exactly."""
    found = decoder().object(payment(f"<ons:Amount>{text}</ons:Amount>"), Version(18))
    assert found.fields["Amount"] == value


@pytest.mark.parametrize("text", ["NaN", "INF", "1E31", "1E999999999", "9" * 100])
def test_a_double_that_is_no_amount_is_refused(text):
    """Written out, a huge exponent would be a huge text."""
    with pytest.raises(DecodeError):
        decoder().object(payment(f"<ons:Amount>{text}</ons:Amount>"), Version(18))


@pytest.mark.parametrize("field", ["AutoPay", "BillCycleDay"])
def test_booleans_and_integers_are_checked_and_kept(field):
    """1 is both; a word is neither; the error names the field."""
    kept = decoder().object(payment(f"<{field}> 1 </{field}>", 'xsi:type="ons:Account"'))
    assert kept.fields[field] == "1"
    with pytest.raises(DecodeError) as caught:
        decoder().object(payment(f"<{field}>yes</{field}>", 'xsi:type="ons:Account"'))
    assert caught.value.subject == field


@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "1.0", "9" * 5000])
def test_an_integer_out_of_range_is_refused(text):
    """xs:int has 32 bits, and a number of a thousand digits costs nothing."""
    with pytest.raises(DecodeError):
        decoder().object(payment(f"<BillCycleDay>{text}</BillCycleDay>", 'xsi:type="ons:Account"'))


def test_dates_are_not_judged_here():
    """Whether a date may be a dateTime depends on the caller's version, which core knows."""
    assert decoded("<ons:EffectiveDate>31.1.24</ons:EffectiveDate>").fields["EffectiveDate"] == "31.1.24"


def test_a_long_wrong_value_is_cut_in_the_message():
    """Faults do not echo documents."""
    with pytest.raises(DecodeError) as caught:
        decoded(f"<ons:Amount>{'x' * 10_000}</ons:Amount>")
    assert len(str(caught.value)) < 120


def test_an_unexpected_element_beside_the_objects_is_refused():
    """A misspelt zObjects that was skipped would be a payment that silently is not made."""
    with pytest.raises(DecodeError, match="Unexpected subelement zobjects in create"):
        decoder().objects(element('<zns:create><zns:zobjects xsi:type="ons:Payment"/></zns:create>'))


VALUES = {
    "Amount": "1.5",
    "Comment": "a & b",
    "Type": "External",
    "AccountId": ID,
    "InvoiceNumber": "INV1",
    "New__c": "x",
}


@given(
    order=st.permutations(sorted(VALUES)),
    spaces=st.lists(st.sampled_from([OBJECT, API, "", "urn:x"]), min_size=len(VALUES), max_size=len(VALUES)),
    nils=st.lists(st.sampled_from(["Id", "CreatedDate", "Balance", "RefundAmount", "GatewayOptionData"]), max_size=4),
    prefix=st.sampled_from(["ons", "ns0", "q1", "xs"]),
)
def test_any_order_prefix_and_nil_mixture_decodes_equal(order, spaces, nils, prefix):
    """The caller's dress never changes what is read."""
    root = etree.Element(f"{{{API}}}zObjects", nsmap={prefix: OBJECT})
    root.set("{http://www.w3.org/2001/XMLSchema-instance}type", f"{prefix}:Payment")
    for name in nils:
        etree.SubElement(root, f"{{{OBJECT}}}{name}").set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")
    for name, space in zip(order, spaces, strict=True):
        etree.SubElement(root, f"{{{space}}}{name}" if space else name).text = VALUES[name]
    for name in nils:
        etree.SubElement(root, f"{{{OBJECT}}}{name}")
    assert decoder().object(etree.fromstring(etree.tostring(root))) == ZObject("Payment", VALUES)


NAMES = st.sampled_from(
    ["create", "zObjects", "Amount", "InvoicePaymentData", "InvoicePayment", "Id", "fieldsToNull", "type", "ids", "Odd"]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["xsi:type", "xsi:nil", "Amount", "href"]),
    st.sampled_from(["ons:Payment", "ons:InvoicePayment", "x:y", ":", "true", "1", "xsd:base64Binary", "#1", ""]),
    max_size=2,
)


def _tree(name, attributes, text, inner):
    inside = " ".join(f'{k}="{v}"' for k, v in attributes.items())
    return f"<{name} {inside}>{text}{''.join(inner)}</{name}>"


LEAVES = st.builds(_tree, NAMES, ATTRIBUTES, st.sampled_from(["", "1", "x", "1e9", "<!-- c -->", "<?p?>"]), st.just([]))
TREES = st.recursive(
    LEAVES, lambda inner: st.builds(_tree, NAMES, ATTRIBUTES, st.just(" "), st.lists(inner, max_size=4)), max_leaves=12
)


@given(inner=st.lists(TREES, max_size=3), name=st.sampled_from(["create", "update", "delete", "zObjects", "Nope"]))
def test_no_input_raises_anything_but_the_rooms_own_error(inner, name):
    """Whatever is well-formed is decoded or refused."""
    body = element(f"<zns:{name}>{''.join(inner)}</zns:{name}>")
    for reading in (decoder().objects, decoder().object, decoder().deletion, session, single_transaction):
        with contextlib.suppress(DecodeError):
            reading(body)


SHAPES = (
    '<element minOccurs="0" name="Owner" nillable="true" type="ons:Account"/>'
    '<element minOccurs="0" maxOccurs="9" name="Owners" nillable="true" type="ons:Account"/>'
    '<element minOccurs="0" name="Plain" nillable="true" type="zns:Error"/>'
    '<element minOccurs="0" maxOccurs="9" name="Words" nillable="true" type="string"/>'
)


@pytest.fixture(scope="module")
def shaped():
    """A decoder of a file whose objects hold objects, plain structures and repeated text, as other tenants' may."""
    place = b'<element minOccurs="0" name="TransferredToAccounting"'
    return Decoder(read(raw_wsdl().replace(place, SHAPES.encode() + place)))


def test_an_object_inside_an_object_is_a_child(shaped):
    """One or several, typed or not; nil is none."""
    account = "<Name>x</Name>"
    found = shaped.object(
        payment(
            f'<Owner xsi:type="ons:Account">{account}</Owner><Owners>{account}</Owners><Owners xsi:nil="1"/>'
            f"<Owners>{account}</Owners>"
        )
    )
    one = ZObject("Account", {"Name": "x"})
    assert found == ZObject("Payment", {}, {"Owner": (one,), "Owners": (one, one)})
    with pytest.raises(DecodeError, match="Duplicate element Owner"):
        shaped.object(payment(f"<Owner>{account}</Owner><Owner>{account}</Owner>"))
    with pytest.raises(DecodeError, match="Type Refund is not a Account"):
        shaped.object(payment('<Owner xsi:type="ons:Refund"/>'))


def test_structures_that_are_no_objects_and_repeated_text_are_kept_as_xml(shaped):
    """Nothing that the model has no place for is lost."""
    found = shaped.object(
        payment('<Plain><Code>X</Code></Plain><Words>a</Words><Words>b</Words><Plain xsi:nil="true"/>')
    )
    assert set(found.verbatim) == {"Plain", "Words"}
    assert etree.fromstring(found.verbatim["Plain"])[0].text == "X"


def test_an_undeclared_entity_is_refused():
    """The guard's parser refuses document types; a parser that did not must not lose text either."""
    root = etree.fromstring(
        b'<!DOCTYPE z [<!ENTITY e "1">]><z xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="Payment">'
        b"<Amount>1&e;</Amount></z>",
        etree.XMLParser(resolve_entities=False),
    )
    with pytest.raises(DecodeError, match="entity"):
        decoder().object(root)
