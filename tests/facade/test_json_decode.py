"""JSON into objects: the twin of what XML decodes to, numbers to the digit, and nothing guessed."""

from __future__ import annotations

import contextlib
import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge.contract.contract import Contract, Field
from bridge.contract.decode import Decoder
from bridge.contract.decode_json import Decoded, JsonDecoder, Number, written
from bridge.contract.errors import DecodeError
from bridge.contract.reader import read_own
from bridge.core.model import ZObject
from bridge.facade.json_guard import Refused, Value, parse

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ID = "2c92c0f94a5d7e0a014a5e1f3b6a0002"


@cache
def contract() -> Contract:
    """Our own file, extension included."""
    return read_own()


@cache
def decoder() -> JsonDecoder:
    """A decoder of it."""
    return JsonDecoder(contract())


def parsed(text: str) -> Value:
    """Parsed JSON that the guard let through."""
    found = parse(text.encode())
    assert not isinstance(found, Refused), found
    return found


def payment(text: str) -> ZObject:
    """One Payment."""
    (one,) = decoder().one("Payment", parsed(text)).objects
    return one


def test_fields_keep_the_callers_own_text() -> None:
    """Amounts keep their digits whether they are numbers or texts; other values become the text SOAP would carry."""
    made = payment(
        '{"Amount":100.50,"AppliedInvoiceAmount":"100.5000000000000000001","ReferenceId":12,"Comment":"é \\"x\\"",'
        f'"AccountId":"{ID}","Foo__c":true,"Bar__c":1.10}}'
    )
    assert made.fields == {
        "Amount": "100.50",
        "AppliedInvoiceAmount": "100.5000000000000000001",
        "ReferenceId": "12",
        "Comment": 'é "x"',
        "AccountId": ID,
        "Foo__c": "true",
        "Bar__c": "1.10",
    }
    assert {type(value) for value in made.fields.values()} == {str}


@pytest.mark.parametrize(
    ("number", "text"), [("1E2", "100"), ("1.50e+1", "15.0"), ("125e-2", "1.25"), ("-0.10", "-0.10"), ("0", "0")]
)
def test_an_exponent_is_written_out_exactly(number: str, text: str) -> None:
    """Zuora: Making requests: decimals may be written with an exponent; no digit is lost."""
    assert payment(f'{{"Amount":{number}}}').fields == {"Amount": text}


def test_null_and_the_empty_text_are_not_given() -> None:
    """As nil and an empty element are not, for leaves, containers and rows."""
    made = payment(
        '{"Amount":null,"Comment":"","InvoicePaymentData":null,"GatewayOptionData":"","fieldsToNull":null,'
        '"DebitMemoPaymentData":{"DebitMemoPayment":[null]},"Foo__c":null}'
    )
    assert made == ZObject("Payment")


@pytest.mark.parametrize(
    "rows",
    [
        '[{"InvoiceId":"a","Amount":1.0},{"InvoiceId":"b","Amount":2}]',
        '[{"InvoiceId":"a","Amount":1.0},null,{"InvoiceId":"b","Amount":2}]',
    ],
)
def test_a_container_holds_a_list(rows: str) -> None:
    """The shape of the WSDL in JSON."""
    made = payment(f'{{"InvoicePaymentData":{{"InvoicePayment":{rows}}}}}')
    assert made.children == {
        "InvoicePaymentData": (
            ZObject("InvoicePayment", {"InvoiceId": "a", "Amount": "1.0"}),
            ZObject("InvoicePayment", {"InvoiceId": "b", "Amount": "2"}),
        )
    }


def test_a_container_holds_one_object_without_a_list() -> None:
    """Generators that know no arrays write a single child so."""
    made = payment('{"InvoicePaymentData":{"InvoicePayment":{"InvoiceId":"a","Amount":1}}}')
    assert made.children == {"InvoicePaymentData": (ZObject("InvoicePayment", {"InvoiceId": "a", "Amount": "1"}),)}


def test_fields_to_null_are_a_list_or_one_name() -> None:
    """Empty names say nothing."""
    assert payment('{"fieldsToNull":["A"," B ",""]}').nulls == ("A", "B")
    assert payment('{"fieldsToNull":"A"}').nulls == ("A",)


def test_what_the_contract_does_not_know_is_kept() -> None:
    """A value as a field, anything else as the JSON it was, to the digit."""
    made = payment('{"New":1.10,"Flag":false,"Deep":{"a":[1.10,"é",null,true]},"List":["x"]}')
    assert made.fields == {"New": "1.10", "Flag": "false"}
    assert made.verbatim == {"Deep": '{"a":[1.10,"\\u00e9",null,true]}', "List": '["x"]'}


def test_unknown_keys_are_named_at_every_depth() -> None:
    """For rejectUnknownFields; custom fields are not judged, because a file that lacks them proves nothing."""
    given = parsed(
        '[{"New":1,"Foo__c":1,"Bar__NS":1,"InvoicePaymentData":{"InvoicePayment":[{"Odd":null,"Amount":1}]}}]'
    )
    assert decoder().objects("Payment", given).unknown == {"New"}
    given = parsed('[{"InvoicePaymentData":{"InvoicePayment":[{"Odd":1}]}}]')
    assert decoder().objects("Payment", given).unknown == {"Odd"}


@pytest.mark.parametrize(
    "text",
    [
        '{"Amount":"1,50"}',
        '{"Amount":"abc"}',
        '{"Amount":true}',
        '{"Amount":1e999}',
        '{"Amount":"NaN"}',
        '{"Amount":{"value":1}}',
        '{"Amount":[1]}',
        '{"Comment":{"a":1}}',
        '{"Comment":"a\\u0000b"}',
        '{"Comment":"a\\uffffb"}',
        '{"Foo__c":"a\\u0001b"}',
        '{"a\\u0000":"b"}',
        '{"InvoicePaymentData":[{"InvoiceId":"a"}]}',
        '{"InvoicePaymentData":{"Payment":[]}}',
        '{"InvoicePaymentData":{"InvoicePayment":"a"}}',
        '{"InvoicePaymentData":"a"}',
        '{"InvoicePaymentData":1}',
        '{"fieldsToNull":[{"a":1}]}',
        "[]",
        '"Payment"',
        "null",
    ],
)
def test_a_value_of_another_kind_is_refused(text: str) -> None:
    """What would have to be guessed is an error."""
    with pytest.raises(DecodeError):
        payment(text)


@pytest.mark.parametrize("objects", ["null", "{}", '"x"', "[null]", '["x"]', "[[]]"])
def test_objects_are_a_list_of_objects(objects: str) -> None:
    """No nulls (Zuora: Actions: create)."""
    with pytest.raises(DecodeError):
        decoder().objects("Payment", parsed(objects))


def test_an_unknown_type_is_refused() -> None:
    """The file has no such object."""
    with pytest.raises(DecodeError):
        decoder().objects("Nothing", [])


def test_ids_are_texts_or_numbers() -> None:
    """Zuora: ID: 32 characters, or digits only."""
    assert decoder().ids(parsed(f'[" {ID} ",123]')) == (ID, "123")


@pytest.mark.parametrize("ids", ["null", '"x"', '[""]', "[null]", '["a",{}]', '[["a"]]'])
def test_an_id_that_is_none_is_refused(ids: str) -> None:
    """Leaving it out would shift the rows of the answer."""
    with pytest.raises(DecodeError):
        decoder().ids(parsed(ids))


# ------------------------------------------------------------------ for all values

TEXTS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r").filter(
        lambda c: c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")
    ),
    min_size=1,
    max_size=12,
)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12).map(str)
LEAVES = {
    "AccountId": st.text("0123456789abcdef", min_size=1, max_size=32),
    "Amount": AMOUNTS,
    "AppliedInvoiceAmount": AMOUNTS,
    "Comment": TEXTS,
    "EffectiveDate": st.dates().map(str),
    "ReferenceId": TEXTS,
    "Foo__c": TEXTS,
    "Unheard": TEXTS,
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"Amount": AMOUNTS, "InvoiceId": LEAVES["AccountId"]}).map(
        lambda fields: ZObject("InvoicePayment", fields)
    ),
    min_size=1,
    max_size=3,
).map(tuple)
PAYMENTS = st.builds(
    ZObject,
    st.just("Payment"),
    st.fixed_dictionaries({}, optional=LEAVES),
    st.fixed_dictionaries({}, optional={"InvoicePaymentData": ROWS}),
    st.lists(st.sampled_from(["Comment", "ReferenceId"]), max_size=2).map(tuple),
)


def as_json(one: ZObject) -> dict[str, object]:
    """The object as a JSON caller writes it; amounts as bare numbers."""
    made: dict[str, object] = {
        name: Number(text) if name.endswith("Amount") else text for name, text in one.fields.items()
    }
    made |= {name: {rows[0].type: [as_json(row) for row in rows]} for name, rows in one.children.items()}
    return made | ({"fieldsToNull": list(one.nulls)} if one.nulls else {})


def as_xml(one: ZObject, tag: str) -> etree._Element:
    """The object as a SOAP caller writes it."""
    made = etree.Element(tag, nsmap={"ons": OBJECT, "xsi": XSI})
    for name in one.nulls:
        etree.SubElement(made, f"{{{OBJECT}}}fieldsToNull").text = name
    for name, text in one.fields.items():
        etree.SubElement(made, f"{{{OBJECT}}}{name}").text = text
    for name, rows in one.children.items():
        inside = etree.SubElement(made, f"{{{OBJECT}}}{name}")
        inside.extend(as_xml(row, f"{{{API}}}{row.type}") for row in rows)
    return made


@given(PAYMENTS)
def test_the_json_twin_of_an_xml_object_is_the_same_object(one: ZObject) -> None:
    """One object model behind all doors: what differs is the wire alone."""
    element = as_xml(one, f"{{{API}}}zObjects")
    element.set(f"{{{XSI}}}type", "ons:Payment")
    by_soap = Decoder(contract()).object(element)
    (by_json,) = decoder().one("Payment", parsed(written(as_json(one)))).objects
    assert by_json == by_soap


def _names() -> set[str]:
    fields: tuple[Field, ...] = contract().objects["Payment"].fields
    return {item.name for item in fields} | {"InvoicePayment", "GatewayOption", "fieldsToNull"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(_names())) | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["Payment", "Refund", "InvoicePayment", "Nothing"]))
def test_decoding_raises_nothing_but_its_own_error(value: object, kind: str) -> None:
    """Whatever parses is decoded or refused."""
    found = parse(json.dumps(value).encode())
    if isinstance(found, Refused):
        return
    for decode in (lambda: decoder().one(kind, found), lambda: decoder().objects(kind, found)):
        with contextlib.suppress(DecodeError):
            assert isinstance(decode(), Decoded)
    with contextlib.suppress(DecodeError):
        assert isinstance(decoder().ids(found), tuple)


# ------------------------------------------------------------------ the guard before it


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"{}{}", "malformed"),
        (b"{'a':1}", "malformed"),
        (b'{"a":NaN}', "malformed"),
        (b'{"a":Infinity}', "malformed"),
        (b'{"a":01}', "malformed"),
        (b"/* */{}", "malformed"),
        (b'{"a":1,}', "malformed"),
        (b'"a\nb"', "malformed"),
        (b'{"a":1,"a":1}', "name"),
        (b'{"b":{"a":1,"\\u0061":2}}', "name"),
        (b'{"' + b"a" * 257 + b'":1}', "name"),
        (b'"\xe9"', "encoding"),
        (b'"\\ud800"', "encoding"),
        (b'{"\\udfff":1}', "encoding"),
        ("{}".encode("utf-16"), "encoding"),
        ('{"a":1}'.encode("utf-16-le"), "malformed"),
        (b"[" * 33 + b"]" * 33, "depth"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "depth"),
        (b"[" * 32 + b"[1]" + b"]" * 32, "depth"),
        (b"[" + b"[]," * 200_000 + b"1]", "elements"),
        (b'"' + b"a" * (1024 * 1024 + 1) + b'"', "text"),
        (b"1" * (1024 * 1024 + 1), "text"),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_the_guard_refuses(raw: bytes, reason: str) -> None:
    """One reading, or none: the reason is a fixed word and the text repeats nothing of the caller's."""
    found = parse(raw)
    assert isinstance(found, Refused)
    assert (found.status, found.reason) == (400, reason)
    assert found.text.endswith("Nothing was sent.")


def test_what_ends_the_stack_is_refused() -> None:
    """Deeper than any parser goes by recursion."""
    assert isinstance(parse(b"[" * 199_000), Refused)


def test_the_depth_of_the_limits_is_allowed() -> None:
    """32 levels, a value in the last one."""
    assert not isinstance(parse(b"[" * 32 + b"1" + b"]" * 32), Refused)


def test_commas_inside_texts_are_not_counted() -> None:
    """A long text full of punctuation is one value."""
    text = ",[{" * 100_000
    assert parse(json.dumps([text, 'a"b\\']).encode()) == [text, 'a"b\\']


def test_a_byte_order_mark_is_ignored() -> None:
    """RFC 8259, 8.1 allows that; .NET writes one."""
    assert parse(b'\xef\xbb\xbf{"a":1}') == {"a": "1"}


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | JSON.map(lambda value: json.dumps(value).encode())
)
def test_the_guard_raises_nothing(raw: bytes) -> None:
    """Whatever comes in is parsed or refused."""
    found = parse(raw)
    assert isinstance(found, Refused | dict | list | str | bool | None)
