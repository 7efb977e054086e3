"""What a caller writes is what is read: for every object type of our own contract and of a tenant's, in XML and JSON,
by the tests' own writers, by zeep, and by the bridge's composers of its own requests."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tenant_file
from contract_samples import OBJECT, own, plain, raw_extension
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from zobject_strategies import (
    HANDS,
    JSON_NUMBERS,
    TEXTS,
    Hand,
    as_json,
    is_json_number,
    json_leaf,
    leaf,
    objects,
    shape,
    written,
)

from bridge.contract import files
from bridge.contract.contract import Contract, Field
from bridge.contract.decode import Decoder
from bridge.contract.decode_json import JsonDecoder, Number
from bridge.contract.reader import read
from bridge.core.model import Op, ZObject
from bridge.upstream.action import ZuoraActions
from bridge.upstream.budget import Budget
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.transport import Transport

with warnings.catch_warnings():
    # zeep's own dependencies.
    warnings.simplefilter("ignore", DeprecationWarning)
    import zeep

OLDEST = datetime(1000, 1, 1)  # noqa: DTZ001  # an xs:dateTime need not have an offset
EXAMPLES = settings(max_examples=15)


@cache
def tenants() -> Contract:
    """A tenant's own file, extension included."""
    return read(tenant_file.wsdl(), extension=raw_extension())


@cache
def tenants_plain() -> Contract:
    """A tenant's own file as it is."""
    return read(tenant_file.wsdl())


EXTENDED = {"own": own, "tenant": tenants}
PLAIN = {"own": plain, "tenant": tenants_plain}


def kinds(contracts: Mapping[str, Any]) -> Iterator[Any]:
    """Every object type of every contract."""
    for name, contract in contracts.items():
        for kind in contract().objects:
            yield pytest.param(name, kind, id=f"{name} {kind}")


EVERY_TYPE = pytest.mark.parametrize(("name", "kind"), list(kinds(EXTENDED)))
EVERY_PLAIN_TYPE = pytest.mark.parametrize(("name", "kind"), list(kinds(PLAIN)))


@cache
def decoder(name: str) -> Decoder:
    """The decoder of a contract."""
    return Decoder(EXTENDED[name]())


@cache
def json_decoder(name: str) -> JsonDecoder:
    """The JSON decoder of a contract."""
    return JsonDecoder(EXTENDED[name]())


def payload(envelope: bytes) -> etree._Element:
    """The element in the Body."""
    (element,) = etree.fromstring(envelope)[-1]
    return element


def decoded(name: str, envelope: bytes) -> ZObject:
    """The one object in an envelope."""
    (found,) = decoder(name).objects(payload(envelope))
    return found


# ------------------------------------------------------------------ XML


@EVERY_TYPE
@EXAMPLES
@given(data=st.data(), hand=HANDS)
def test_xml_is_read_as_it_was_meant(name: str, kind: str, data: st.DataObject, hand: Hand) -> None:
    """Whatever prefixes, order, white space, escaping and SOAP version the caller's stack uses."""
    contract = EXTENDED[name]()
    obj = data.draw(objects(contract, kind))
    assert decoded(name, written(contract, obj, hand)) == obj


@EXAMPLES
@given(texts=st.dictionaries(st.from_regex(r"[A-Z][a-z]{2,8}(__c|__NS|X)", fullmatch=True), TEXTS, max_size=4))
def test_fields_that_the_file_lacks_are_read_as_they_came(texts: dict[str, str]) -> None:
    """Text stays text."""
    obj = ZObject("Payment", texts)
    assert decoded("own", written(own(), obj, Hand())) == obj


# ------------------------------------------------------------------ zeep


@cache
def client() -> zeep.Client:
    """zeep with our own file."""
    return zeep.Client(str(files.own_wsdl()))


def zeep_leaf(contract: Contract, item: Field) -> st.SearchStrategy[str]:
    """Texts that zeep writes as they are: the canonical forms of its Python types."""
    primitive = contract.primitive(item.type)
    canonical = {
        "boolean": st.sampled_from(("true", "false")),
        "date": st.dates(min_value=date(1000, 1, 1)).map(str),
        "dateTime": st.datetimes(min_value=OLDEST).map(lambda each: f"{each:%Y-%m-%dT%H:%M:%S}"),
        "decimal": st.decimals("-1e12", "1e12", places=2).map(lambda each: format(each, "f")),
    }
    # zeep leaves a text to lxml, which writes a carriage return as it is: the parser turns it into a line end.
    texts = TEXTS.filter(lambda text: "\r" not in text)
    plain_text = primitive == "string" and item.type not in contract.simple_types
    return texts if plain_text else canonical.get(primitive or "", leaf(contract, item))


def for_zeep(contract: Contract, obj: ZObject) -> Any:
    """The object as a program with zeep builds it."""
    known = shape(contract, obj.type)
    values: dict[str, Any] = {}
    for name, text in obj.fields.items():
        read_as = {
            "boolean": lambda text: text == "true",
            "date": date.fromisoformat,
            "dateTime": datetime.fromisoformat,
            "decimal": Decimal,
        }.get(contract.primitive(known.leaves[name].type) or "", str)
        values[name] = read_as(text)
    for name, rows in obj.children.items():
        inner = known.containers[name]
        (row,) = inner.fields
        values[name] = {row.name: [for_zeep(contract, each) for each in rows]}
    if obj.nulls:
        values["fieldsToNull"] = list(obj.nulls)
    return client().get_type(f"{{{OBJECT}}}{obj.type}")(**values)


@pytest.mark.parametrize("kind", list(plain().objects))
@EXAMPLES
@given(data=st.data())
def test_what_zeep_writes_is_read_as_it_was_meant(kind: str, data: st.DataObject) -> None:
    """A caller with zeep and our own file."""
    obj = data.draw(objects(plain(), kind, zeep_leaf))
    message = client().create_message(client().service, "create", zObjects=[for_zeep(plain(), obj)])
    assert decoded("own", etree.tostring(message)) == obj


# ------------------------------------------------------------------ JSON


@EVERY_TYPE
@EXAMPLES
@given(data=st.data(), numbers=st.booleans())
def test_json_is_read_as_it_was_meant(name: str, kind: str, data: st.DataObject, numbers: bool) -> None:
    """The same objects as in XML, with numbers as numbers or as texts."""
    contract = EXTENDED[name]()
    obj = data.draw(objects(contract, kind, json_leaf))
    given_as = as_json(contract, obj, lambda text: numbers and is_json_number(text))
    found = json_decoder(name).objects(kind, [given_as])
    assert found.objects == (obj,)
    assert found.unknown == frozenset()


# ------------------------------------------------------------------ what the bridge writes


@pytest.fixture(scope="module")
def composers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ZuoraSoap]:
    """One for each file."""
    path = tmp_path_factory.mktemp("wsdl") / "tenant.wsdl"
    path.write_bytes(tenant_file.wsdl())
    return asyncio.run(_composers({"own": files.own_wsdl(), "tenant": path}))


async def _composers(paths: Mapping[str, Path]) -> Mapping[str, ZuoraSoap]:
    transport = Transport()
    try:
        return {name: ZuoraSoap(path, "http://127.0.0.1:9", transport, Budget()) for name, path in paths.items()}
    finally:
        await transport.close()


@EVERY_PLAIN_TYPE
@EXAMPLES
@given(data=st.data())
def test_what_goes_to_zuoras_soap_is_what_was_meant(
    name: str, kind: str, data: st.DataObject, composers: Mapping[str, ZuoraSoap]
) -> None:
    """Texts exactly as they came, and the fields that the file lacks among them."""
    obj = data.draw(objects(PLAIN[name](), kind))
    unknown = data.draw(st.dictionaries(st.sampled_from(("Unknown__c", "Aaa", "Zzz__NS")), TEXTS, max_size=2))
    obj = ZObject(kind, {**obj.fields, **unknown}, obj.children, obj.nulls)
    for op in (Op.CREATE, Op.UPDATE):
        assert decoded(name, composers[name].compose(op, (obj,), False).body) == obj


@EXAMPLES
@given(names=st.lists(st.sampled_from(("Aaa", "Mmm__c", "Zzz")), unique=True, min_size=1), text=TEXTS)
def test_an_element_that_the_file_lacks_goes_on_as_it_came(
    names: list[str], text: str, composers: Mapping[str, ZuoraSoap]
) -> None:
    """Read from a caller, composed and read again, it is the same XML."""
    inside = "".join(f'<{name} a="1"><b>{Hand().text(text)}</b><b/></{name}>' for name in names)
    caller = written(own(), ZObject("Payment", {"Amount": "1.50"}), Hand()).replace(
        b"<ons:Amount>", inside.encode() + b"<ons:Amount>"
    )
    obj = decoded("own", caller)
    assert set(obj.verbatim) == set(names)
    again = decoded("own", composers["own"].compose(Op.CREATE, (obj,), False).body)
    assert (again.fields, canonical(again)) == (obj.fields, canonical(obj))


def canonical(obj: ZObject) -> dict[str, bytes]:
    """The elements kept as XML, in a form in which equal ones are equal."""
    return {name: etree.tostring(etree.fromstring(xml), method="c14n2") for name, xml in obj.verbatim.items()}


@EVERY_PLAIN_TYPE
@EXAMPLES
@given(data=st.data())
def test_what_goes_to_zuoras_actions_is_what_was_meant(name: str, kind: str, data: st.DataObject) -> None:
    """Numbers digit for digit."""
    contract = PLAIN[name]()
    obj = data.draw(objects(contract, kind, action_leaf))
    body = ZuoraActions(contract, None).compose(Op.CREATE, (obj,)).body  # type: ignore[arg-type]
    given_as = json.loads(body, parse_int=Number, parse_float=Number)
    assert json_decoder(name).objects(given_as["type"], given_as["objects"]).objects == (obj,)


def action_leaf(contract: Contract, item: Field) -> st.SearchStrategy[str]:
    """Texts that JSON spells the same; ``+1.50`` and ``.5`` become ``1.50`` and ``0.5``."""
    primitive = contract.primitive(item.type)
    if primitive in ("decimal", "double", "float"):
        return JSON_NUMBERS
    return json_leaf(contract, item)
