"""Pairs of surrogate references, as Axis 1.4 writes a character beyond the BMP, are read as that character.

Only proper pairs, only where a reference is one, and only in the copy that the bridge reads.
"""

from __future__ import annotations

import gzip
import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import XML_HEADERS, World, payment, post, saved
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from raw_zuora import RawZuora, body_of

from bridge.facade.guard import Admission, Inspected, Refusal, admit, inspect
from bridge.facade.guard_scan import scan
from bridge.facade.guard_surrogates import repaired
from bridge.facade.guard_terms import DEFAULT_LIMITS, Limits

FACE = "\U0001f600"
PAIR = "&#xD83D;&#xDE00;"
ENV = "http://schemas.xmlsoap.org/soap/envelope/"


def repair(document: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes | Refusal:
    """As the guard calls it."""
    markup = scan(document, limits)
    assert isinstance(markup, bytes)
    return repaired(document, markup, limits)


def references(text: str, *, decimal: bool = False, zeros: int = 0, upper: bool = True) -> str:
    """Every UTF-16 code unit as one reference."""
    made = []
    for letter in text:
        units = letter.encode("utf-16-be")
        for at in range(0, len(units), 2):
            unit = int.from_bytes(units[at : at + 2], "big")
            digits = str(unit) if decimal else format(unit, "X" if upper else "x")
            made.append(f"&#{'' if decimal else 'x'}{'0' * zeros}{digits};")
    return "".join(made)


@pytest.mark.parametrize(
    "written",
    [
        PAIR,
        "&#xd83d;&#xde00;",
        "&#xD83d;&#xdE00;",
        "&#55357;&#56832;",
        "&#xD83D;&#56832;",
        "&#55357;&#xDE00;",
        "&#x0000D83D;&#x00DE00;",
        "&#0055357;&#000056832;",
    ],
)
def test_a_pair_is_its_character(written: str) -> None:
    """Hexadecimal in any case, decimal, mixed, with leading zeros."""
    document = repair(f"<a b='{written}'>x{written}y{written}</a>".encode())
    assert isinstance(document, bytes)
    read = etree.fromstring(document)
    assert (read.get("b"), read.text) == (FACE, f"x{FACE}y{FACE}")


@pytest.mark.parametrize("code", [0x10000, 0x103FF, 0x10400, 0x1F4A9, 0xFFFFD, 0x10FC00, 0x10FFFD])
@pytest.mark.parametrize("decimal", [False, True])
def test_the_edges_of_the_ranges_are_pairs(code: int, decimal: bool) -> None:
    """The first and the last of both halves."""
    document = repair(f"<a>{references(chr(code), decimal=decimal)}</a>".encode())
    assert isinstance(document, bytes)
    assert etree.fromstring(document).text == chr(code)


@pytest.mark.parametrize(
    "written",
    [
        "&#xD83D;",
        "&#xDE00;",
        "&#xDE00;&#xD83D;",
        "&#xD83D; &#xDE00;",
        "&#xD83D;&#x20;&#xDE00;",
        "&#xD83D;<b/>&#xDE00;",
        "&#xD83D;&#xD83D;",
        "&#xDE00;&#xDE00;",
        "&#XD83D;&#XDE00;",
        "&#xD83D&#xDE00;",
        "&#xD83D;&#xDE00",
        "&#x1D83D;&#x1DE00;&#x41;",
        "&#xD7FF;&#xDE00;",
        "&#xD83D;&#xE000;",
        "&#55295;&#56832;",
        "&#55357;&#57344;",
        "&#5535;&#56832;",
    ],
)
def test_anything_else_stays_as_it_is(written: str) -> None:
    """One half, the wrong order, something between, a capital X, a neighbour of the ranges: the parser refuses it."""
    document = f"<a>{written}</a>".encode()
    assert repair(document) == document


def test_a_half_beside_a_pair_is_still_refused() -> None:
    """The pair is repaired, the half is not."""
    admission = admit({"Content-Type": "text/xml"})
    assert isinstance(admission, Admission)
    for half in ("&#xD83D;", "&#xDE00;"):
        for text in (half + PAIR, PAIR + half):
            body = f'<e:Envelope xmlns:e="{ENV}"><e:Body><q>{text}</q></e:Body></e:Envelope>'
            found = inspect(body.encode(), admission)
            assert isinstance(found, Refusal)
            assert found.reason == "malformed"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (f"<![CDATA[{PAIR}]]>", PAIR),
        (f"{PAIR}<![CDATA[{PAIR}]]>{PAIR}", FACE + PAIR + FACE),
        (f"<!-- {PAIR} -->{PAIR}<!-- {PAIR} -->", FACE),
        (f"<![CDATA[<!--]]>{PAIR}<![CDATA[-->]]>", f"<!--{FACE}-->"),
        (f"<!-- <![CDATA[ -->{PAIR}<!-- ]]> -->", FACE),
        (f"<![CDATA[ ]] > ]]>{PAIR}", f" ]] > {FACE}"),
        (f"{PAIR}&#xD7FF;&#xE000;", f"{FACE}\ud7ff\ue000"),
        (f"&amp;#xD83D;&amp;#xDE00;{PAIR}", PAIR + FACE),
    ],
)
def test_in_sections_and_comments_the_same_letters_are_text(written: str, text: str) -> None:
    """A CDATA section says what it says, letter by letter."""
    document = repair(f"<a>{written}</a>".encode())
    assert isinstance(document, bytes)
    assert "".join(etree.fromstring(document, etree.XMLParser(remove_comments=True)).itertext()) == text


@pytest.mark.parametrize("between", ["<!-- -->", "<![CDATA[]]>"])
def test_nothing_may_stand_between_the_halves(between: str) -> None:
    """Without its comments the document would have a pair; as it is sent it has none."""
    document = f"<a>&#xD83D;{between}&#xDE00;{PAIR}</a>".encode()
    assert repair(document) == document.replace(PAIR.encode(), b"&#128512;")


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30),
    st.booleans(),
    st.integers(0, 3),
    st.booleans(),
)
def test_any_text_in_references_is_that_text(text: str, decimal: bool, zeros: int, upper: bool) -> None:
    """UTF-16 code unit by code unit, whatever stands beside what."""
    written = references(text, decimal=decimal, zeros=zeros, upper=upper)
    admission = admit({"Content-Type": "text/xml"})
    assert isinstance(admission, Admission)
    body = f'<e:Envelope xmlns:e="{ENV}"><e:Body><q>{written}</q></e:Body></e:Envelope>'.encode()
    found = inspect(body, admission)
    assert isinstance(found, Inspected), found
    assert found.payload is not None
    assert found.payload.text == (text or None)
    assert found.raw == body


def test_repairs_are_bounded() -> None:
    """As many as the limit, not one more, wherever comments stand."""
    limits = Limits(surrogate_pairs=3)
    for between in ("", "<!-- -->"):
        assert isinstance(repair(f"<a>{(PAIR + between) * 3}</a>".encode(), limits), bytes)
        refused = repair(f"<a>{(PAIR + between) * 4}</a>".encode(), limits)
        assert isinstance(refused, Refusal)
        assert (refused.status, refused.reason) == (500, "surrogates")


# ------------------------------------------------------------------ over HTTP


def create(world: World, comment: str) -> bytes:
    """A payment that goes by REST and one by SOAP; ``comment`` as it is written in XML."""
    parts = ({"InvoiceId": document, "AppliedInvoiceAmount": "1"} for document in ("@D1", "@I1"))
    objects = [world.resolve(payment(Amount="1", Comment="WORDS", **each)) for each in parts]
    return world.message(saved("create", objects)).replace(b"WORDS", comment.encode())


@pytest.mark.parametrize("coding", ["plain", "gzip", "utf-16"])
def test_the_books_have_the_character(coding: str, house: World) -> None:
    """On both routes, however the request is coded."""
    body = create(house, f"{coding} &#xD83D;&#xDE00;&#55357;&#56832; &#xE9;<![CDATA[ {PAIR}]]>")
    headers = [*XML_HEADERS]
    if coding == "gzip":
        body, headers = gzip.compress(body), [*XML_HEADERS, ("Content-Encoding", "gzip")]
    if coding == "utf-16":
        text = body.decode().replace("UTF-8", "UTF-16")
        body, headers = text.encode("utf-16"), [("Content-Type", "text/xml; charset=utf-16")]
    answer = post(house.endpoint(), body, headers)
    assert answer.header("Bridge-Route") == "rest,soap"
    comments = {one["id"]: one["comment"] for one in house.payments()}
    assert [comments[each] for each in answer.ids] == [f"{coding} {FACE}{FACE} é {PAIR}"] * 2


def test_half_a_pair_goes_nowhere(house: World) -> None:
    """The fault says that it is not well-formed, and where."""
    body = create(house, f"{PAIR} &#xD83D;")
    mark = house.mark()
    answer = post(house.endpoint(), body)
    assert answer.fault["faultcode"] == "soapenv:Server"
    assert re.search(r"not well-formed XML \(line 1, column \d+: ", answer.fault["faultstring"])
    assert house.requests(mark) == []


def test_what_passes_keeps_its_bytes(tmp_path: Path) -> None:
    """A query or another object's create goes on as it was written, pairs and all (I10)."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>"
    with ExitStack() as stack:
        zuora = stack.enter_context(RawZuora(answer))
        world = stack.enter_context(World(tmp_path, zuora={"soap_url": zuora.url, "rest_url": zuora.url}))
        query = (
            f"<ns1:query><ns1:queryString>select Id from Account where Name = '{PAIR}'</ns1:queryString></ns1:query>"
        )
        account = '<ns1:create><ns1:zObjects xsi:type="ns2:Account"><ns2:Name>{}</ns2:Name></ns1:zObjects></ns1:create>'
        for body in (query, account.format(PAIR), account.format(f"<!--{PAIR}--><![CDATA[{PAIR}]]>&#55357;&#56832;")):
            sent = world.message(body, session="s")
            assert post(world.endpoint(), sent).status == 200
            assert body_of(zuora.arrived[-1]) == sent
