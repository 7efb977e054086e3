"""Queries on the wire: pages byte for byte as recorded answers, and requests as liberally as Zuora reads them."""

from __future__ import annotations

import re

import pytest
from contract_samples import element, own, raw_extension, raw_wsdl

from bridge.contract.errors import ContractError, DecodeError
from bridge.contract.query_wire import QueryRenderer, argument, options
from bridge.contract.reader import read
from bridge.contract.wire import Style
from bridge.core.model import Version

XSI = "http://www.w3.org/2001/XMLSchema-instance"
START = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
)
END = "</soapenv:Body></soapenv:Envelope>"
STYLE = Style(Version(107))


def written(operation: str = "query", **given: object) -> str:
    """A page; what is not given is that of an empty one."""
    asked = {"kind": "Payment", "names": ("Id", "Amount"), "rows": (), "size": 0, "locator": None, "style": STYLE}
    return QueryRenderer(own()).page(operation, **{**asked, **given}).decode()  # type: ignore[arg-type]


def test_a_last_page_is_that_of_recorded_answers() -> None:
    """done, a nil locator, rows with their type and without what is null, size last."""
    rows = (("a" * 32, "82.8"), ("b" * 32, None))
    opened = f'<ns1:records xmlns:ns2="http://object.api.zuora.com/" xmlns:xsi="{XSI}" xsi:type="ns2:Payment">'
    assert written(rows=rows, size=2) == (
        START + '<ns1:queryResponse xmlns:ns1="http://api.zuora.com/"><ns1:result><ns1:done>true</ns1:done>'
        f'<ns1:queryLocator xmlns:xsi="{XSI}" xsi:nil="1" />'
        f"{opened}<ns2:Id>{'a' * 32}</ns2:Id><ns2:Amount>82.8</ns2:Amount></ns1:records>"
        f"{opened}<ns2:Id>{'b' * 32}</ns2:Id></ns1:records>"
        "<ns1:size>2</ns1:size></ns1:result></ns1:queryResponse>" + END
    )


def test_an_empty_query_is_one_nil_record_without_a_type() -> None:
    """Three independent recordings agree."""
    assert written() == (
        START + '<ns1:queryResponse xmlns:ns1="http://api.zuora.com/"><ns1:result><ns1:done>true</ns1:done>'
        f'<ns1:queryLocator xmlns:xsi="{XSI}" xsi:nil="1" /><ns1:records xmlns:xsi="{XSI}" xsi:nil="1" />'
        "<ns1:size>0</ns1:size></ns1:result></ns1:queryResponse>" + END
    )


def test_a_page_before_the_last_has_a_locator() -> None:
    """And is not done; queryMore has its own element."""
    text = written("queryMore", rows=(("a" * 32, "1"),), size=14552, locator="2c92-2000")
    assert "<ns1:queryMoreResponse " in text
    assert "<ns1:done>false</ns1:done><ns1:queryLocator>2c92-2000</ns1:queryLocator><ns1:records " in text
    assert "<ns1:size>14552</ns1:size></ns1:result></ns1:queryMoreResponse>" in text


def test_texts_are_escaped() -> None:
    """Also what XML cannot carry."""
    text = written(names=("Id", "Comment"), rows=(("a" * 32, "a < b & c\r\x00"),), size=1)
    assert "<ns2:Comment>a &lt; b &amp; c&#xd;\ufffd</ns2:Comment>" in text


def test_a_caller_of_soap_12_gets_its_envelope() -> None:
    """Around the same body, the charset spelled as the caller did."""
    text = written(style=Style(Version(107), soap12=True, encoding="utf-8"))
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?><soapenv:Envelope xmlns:soapenv=")
    assert 'xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope"' in text
    assert text.partition("<soapenv:Body>")[2] == written().partition("<soapenv:Body>")[2]


def test_the_order_of_a_page_is_the_files() -> None:
    """Nothing of it stands in the renderer."""
    raw = raw_wsdl().decode()
    result = re.search(r'(<complexType name="QueryResult">\s*<sequence>)(.*?)(</sequence>)', raw, re.DOTALL)
    assert result is not None
    parts = re.findall(r"<element [^>]*/>", result[2])
    swapped = raw.replace(result[0], result[1] + "".join(reversed(parts)) + result[3])
    page = QueryRenderer(read(swapped.encode(), extension=raw_extension())).page(
        "query", "Payment", ("Id",), (), size=0, locator=None, style=STYLE
    )
    found = [page.index(b"<ns1:" + each) for each in (b"size", b"records", b"queryLocator", b"done")]
    assert found == sorted(found)


def test_a_type_that_the_file_lacks_is_an_object_like_the_others() -> None:
    """A tenant's file may have lost what is deprecated."""
    text = written(kind="Nowhere", names=("Id",), rows=(("a",),), size=1)
    assert 'xmlns:ns2="http://object.api.zuora.com/"' in text


@pytest.mark.parametrize("operation", ["create", "login", "nonsense"])
def test_only_queries_have_pages(operation: str) -> None:
    """The contract says which operations have such a result."""
    with pytest.raises(ContractError, match="no page of a query"):
        written(operation)


# ------------------------------------------------------------------ requests


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<zns:query><zns:queryString>select Id</zns:queryString></zns:query>", "select Id"),
        ("<query><QueryString>\n select Id \n</QueryString></query>", "select Id"),
        ("<zns:query><zns:queryString><![CDATA[a < b]]></zns:queryString></zns:query>", "a < b"),
        ("<zns:query><zns:queryString>a<!-- c -->b</zns:queryString></zns:query>", "ab"),
        ("<zns:query><zns:queryString xsi:nil='true'/></zns:query>", ""),
        ("<zns:query/>", ""),
    ],
)
def test_a_query_string_is_found_in_any_namespace_and_case(xml: str, expected: str) -> None:
    """Surrounding white space means nothing; nil and absent are empty."""
    assert argument(element(xml), "queryString") == expected


@pytest.mark.parametrize(
    "inner", ["<zns:queryString>a</zns:queryString>" * 2, "<zns:queryString><zns:a/></zns:queryString>"]
)
def test_what_would_have_to_be_guessed_is_refused(inner: str) -> None:
    """Two texts, or structure inside of one."""
    with pytest.raises(DecodeError):
        argument(element(f"<zns:query>{inner}</zns:query>"), "queryString")


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", (0, False)),
        ("<zns:QueryOptions><zns:batchSize>200</zns:batchSize></zns:QueryOptions>", (200, False)),
        ("<ons:QueryOptions><ons:batchSize> 200 </ons:batchSize></ons:QueryOptions>", (200, False)),
        ("<queryoptions><BatchSize>5</BatchSize><CaseSensitive>1</CaseSensitive></queryoptions>", (5, True)),
        ("<zns:QueryOptions><zns:caseSensitive>TRUE</zns:caseSensitive></zns:QueryOptions>", (0, True)),
        ("<zns:QueryOptions><zns:caseSensitive>false</zns:caseSensitive></zns:QueryOptions>", (0, False)),
        ("<zns:QueryOptions><zns:fastQuery>true</zns:fastQuery></zns:QueryOptions>", (0, False)),
        ("<zns:QueryOptions xsi:nil='1'/>", (0, False)),
        ("<zns:QueryOptions><zns:batchSize>-5</zns:batchSize></zns:QueryOptions>", (0, False)),
        ("<zns:QueryOptions><zns:batchSize>many</zns:batchSize></zns:QueryOptions>", (0, False)),
        ("<zns:QueryOptions><zns:batchSize xsi:nil='true'/></zns:QueryOptions>", (0, False)),
        ("<zns:SessionHeader><zns:batchSize>5</zns:batchSize></zns:SessionHeader>", (0, False)),
    ],
)
def test_options_are_found_in_any_namespace_and_case(inner: str, expected: tuple[int, bool]) -> None:
    """What is no number means the default, as every number out of bounds does."""
    assert options(element(f"<zns:Header>{inner}</zns:Header>")) == expected


def test_without_a_header_there_are_no_options() -> None:
    """The defaults."""
    assert options(None) == (0, False)
