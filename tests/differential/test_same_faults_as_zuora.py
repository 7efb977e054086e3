"""What goes wrong in Zuora is told to an ERP as Zuora itself tells it, and so is what the ERP spells in its own way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from differential_objects import create, dated, unapplied
from differential_steps import Request, envelope, soap
from two_zuoras import DOORS, Side, Two, two_zuoras

CODES = (
    *("API_DISABLED", "CANNOT_DELETE", "DUPLICATE_VALUE", "INVALID_FIELD", "INVALID_SESSION", "INVALID_TYPE"),
    *("INVALID_VERSION", "INVALID_VALUE", "LOCK_COMPETITION", "MAX_RECORDS_EXCEEDED", "MISSING_REQUIRED_VALUE"),
    *("NO_PERMISSION", "REQUEST_EXCEEDED_LIMIT", "REQUEST_EXCEEDED_RATE", "REQUEST_REJECTED", "TRANSACTION_FAILED"),
)
ORDERS: Mapping[str, Mapping[str, Any]] = {
    "the limit": {"kind": "rate_limited"},
    "a lock": {"kind": "lock"},
    "an expired session": {"kind": "expired_session"},
    **{f"a fault {code}": {"kind": "soap_fault", "code": code, "message": "a < b & \u6f22"} for code in CODES},
    **{f"a row {code}": {"kind": "refuse", "code": code, "message": "a < b & \u6f22"} for code in CODES},
    "a declined card that is not kept": {"kind": "decline_unkept"},
}
IN_DOUBT: Mapping[str, Mapping[str, Any]] = {
    "a fault UNKNOWN_ERROR": {"kind": "soap_fault", "code": "UNKNOWN_ERROR"},
    "a fault TEMPORARY_ERROR": {"kind": "soap_fault", "code": "TEMPORARY_ERROR"},
    "a fault of the engine": {"kind": "error_500_before"},
    "the edge": {"kind": "html_502"},
}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Books on which nothing happens."""
    with two_zuoras(tmp_path_factory.mktemp("faults")) as pair:
        yield pair


def ordered(two: Two, order: Mapping[str, Any], door: str) -> None:
    """The next create of payments meets it, on both sides."""
    match = {"operation": "create"} if door.startswith("soap") else {"method": "POST", "path": "/v1/action/create"}
    direct = {**match, "path": "/v1/object/payment"} if door == "crud" else match
    two.zuora.world.control("faults", {**order, "match": direct, "times": 1})
    two.bridged.world.control("faults", {**order, "match": match, "times": 1})


CENTS = itertools.count(101)


def asked(two: Two, door: str, version: str, name: str) -> list[Any]:
    """One payment, sent to both; of another amount each time, since one beside an equal one in doubt has to wait."""
    card = {"Type": "Electronic", "PaymentMethodId": "@PMc"} if "card" in name else {}
    (step,) = dated(
        [create(unapplied(f"{next(CENTS) / 100:.2f}", **card))],
        int(version.partition(".")[0]),
        f"{name} {door} {version}",
    )
    return list(two.both(lambda side: DOORS[door](step, version, side)))  # type: ignore[arg-type,return-value]


def own_words(version: str, text: str) -> str:
    """An answer without the code that the bridge adds where it had to tell another one."""
    return re.sub(r" \([A-Z_]+\)(?=[<\"])", "", text) if float(version) < 60 else text


@pytest.mark.parametrize("version", ["30.0", "50.0", "64.0", "107.0", "153.0"])
@pytest.mark.parametrize("door", ["soap11", "soap12"])
def test_a_fault_of_zuoras_reaches_a_soap_caller_as_it_is(door: str, version: str, two: Two) -> None:
    """Its status, its headers, its bytes; below the version that knows a code the bridge says the real one in words."""
    found = []
    for name, order in ORDERS.items():
        ordered(two, order, door)
        zuora, bridged = asked(two, door, version, name)
        if replace(zuora, bridge={}) != replace(bridged, bridge={}, body=own_words(version, bridged.body)):
            found.append(f"{name}: {zuora}\n    through the bridge: {bridged}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", IN_DOUBT)
def test_what_is_no_verdict_is_told_as_a_doubt(name: str, two: Two) -> None:
    """The one thing that the bridge says otherwise on purpose: an unknown outcome is never told as a failure."""
    ordered(two, IN_DOUBT[name], "soap11")
    zuora, bridged = asked(two, "soap11", "107.0", name)
    assert zuora.status in (500, 502)
    assert bridged.status == 200
    assert "<ns1:Code>TRANSACTION_TIMEOUT</ns1:Code><ns1:Message>OUTCOME UNKNOWN" in bridged.body


TYPES = {
    "no charset": "text/xml",
    "lower case": "text/xml; charset=utf-8",
    "upper case": "text/xml;charset=UTF-8",
    "mixed case": "text/xml; charset=Utf-8",
    "quoted": 'text/xml; charset="utf-8"',
    "a semicolon behind it": "text/xml; charset=utf-8;",
    "plain text": "text/plain; charset=utf-8",
    "an action": 'application/soap+xml; charset=utf-8; action=""',
}


@pytest.mark.parametrize("name", TYPES)
def test_the_charset_is_spelled_as_the_caller_spells_it(name: str, two: Two) -> None:
    """In the header and in the declaration of the answer, for rows and for faults."""
    soap12 = "soap+xml" in TYPES[name]
    (step,) = dated([create(unapplied("0"))], 107, f"charset {name}")

    def make(side: Side) -> Request:
        request = soap(step, "107.0", side.session, side.resolve, soap12=soap12)
        return replace(request, headers=(("Content-Type", TYPES[name]),))

    zuora, bridged = two.both(make)
    assert replace(zuora, bridge={}) == replace(bridged, bridge={})


SPELLINGS = {
    "a session without a namespace": '<SessionHeader xmlns=""><session>{}</session></SessionHeader>',
    "a session in capitals": "<soapenv:SessionHeader><ns1:Session>{}</ns1:Session></soapenv:SessionHeader>",
    "a session that must be understood": (
        '<ns1:SessionHeader soapenv:mustUnderstand="0"><ns1:session>{}</ns1:session></ns1:SessionHeader>'
    ),
    "spaces around the session": "<ns1:SessionHeader><ns1:session> {} </ns1:session></ns1:SessionHeader>",
    "a header beside it": "<ns1:Unknown/><ns1:SessionHeader><ns1:session>{}</ns1:session></ns1:SessionHeader>",
}
OBJECTS = {
    "fields in any order": "<ns2:Type>External</ns2:Type><ns2:Amount>0</ns2:Amount><ns2:AccountId>{A}</ns2:AccountId>",
    "fields without a namespace": '<Type xmlns="">External</Type><Amount xmlns="">0</Amount>',
    "fields of the other namespace": "<ns1:Type>External</ns1:Type><ns1:AccountId>{A}</ns1:AccountId>",
    "a comment inside": "<ns2:Type>Exter<!-- x -->nal</ns2:Type><ns2:AccountId>{A}</ns2:AccountId>",
    "character data": "<ns2:Type><![CDATA[External]]></ns2:Type><ns2:AccountId><![CDATA[{A}]]></ns2:AccountId>",
    "line breaks between": "\n  <ns2:Type>External</ns2:Type>\n  <ns2:AccountId>\n{A}\n</ns2:AccountId>\n",
    "typed fields": (
        '<ns2:Type xsi:type="xsd:string" xmlns:xsd="http://www.w3.org/2001/XMLSchema">External</ns2:Type>'
    ),
    "an unknown element with content": "<ns2:Nonsense><ns2:More>x</ns2:More></ns2:Nonsense>",
    "nothing": "",
}


@pytest.mark.parametrize("name", [*SPELLINGS, *OBJECTS])
@pytest.mark.parametrize("version", ["64.0", "107.0"])
def test_zuora_and_the_bridge_are_equally_liberal(name: str, version: str, two: Two) -> None:
    """Whatever a stack makes of an envelope, both read the same in it."""

    def make(side: Side) -> Request:
        header = SPELLINGS.get(name, "<ns1:SessionHeader><ns1:session>{}</ns1:session></ns1:SessionHeader>")
        fields = OBJECTS.get(name, "<ns2:Type>External</ns2:Type>").replace("{A}", side.resolve("@A"))
        body = f'<ns1:create><ns1:zObjects xsi:type="ns2:Payment">{fields}</ns1:zObjects></ns1:create>'
        return envelope(body, version, header.replace("{}", side.session))

    zuora, bridged = two.both(make)
    assert replace(zuora, bridge={}) == replace(bridged, bridge={})
    assert "<ns1:Errors>" in zuora.body


@pytest.mark.parametrize("path", ["0.5", "999.0", "abc", "107", "1.0", "47.1"])
def test_a_path_names_the_same_version_on_both_sides(path: str, two: Two) -> None:
    """What is no version is refused alike; a later one than Zuora has is served as the newest (a known difference)."""
    (step,) = dated([create(unapplied("0"))], 1 if path in ("1.0", "47.1") else 107, f"path {path}")
    zuora, bridged = two.both(lambda side: soap(step, path, side.session, side.resolve))
    if path == "999.0":
        assert ("INVALID_VERSION" in zuora.body, bridged.status) == (True, 200)
    elif path in ("0.5", "abc"):
        assert (zuora.status, zuora.headers) == (bridged.status, bridged.headers)
        assert "<faultcode>fns:INVALID_VERSION</faultcode>" in zuora.body
        assert "<faultcode>fns:INVALID_VERSION</faultcode>" in bridged.body
    else:
        assert replace(zuora, bridge={}) == replace(bridged, bridge={})
