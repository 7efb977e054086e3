"""Numbers that are not written plainly are found, and what stands around them is left as it was."""

from __future__ import annotations

import base64

import pytest
from cost import growth
from decoy_spellings import JSON, XML, percent
from lxml import etree

from bridge.telemetry.redact import BANK_MASK, CARD_MASK, MASK, redact, redact_text

CARDS = ["4111111111111111", "378282246310005", "4222222222222", "4000000000000000006", "5555555555554444"]
IBAN = "DE89370400440532013000"


@pytest.mark.parametrize("spelling", XML)
@pytest.mark.parametrize("number", [*CARDS, IBAN])
def test_a_number_in_xml_is_found_in_every_spelling(number: str, spelling: str) -> None:
    """References, sections, comments, base64, and others' escapes inside; the document can still be read."""
    frame = "<a><b>keep 1</b><n>{}</n><b>keep 2</b></a>"
    told = redact_text(frame.format(XML[spelling](number)))
    assert any(mask in told for mask in (CARD_MASK, BANK_MASK, MASK))
    read = etree.fromstring(told)
    assert [each.text for each in read.iterfind("b")] == ["keep 1", "keep 2"]
    assert not any(digits in str(read.xpath("string(n)")) for digits in (number[:12], number[-12:]))
    assert redact_text(told) == told


@pytest.mark.parametrize("spelling", JSON)
@pytest.mark.parametrize("number", [*CARDS, IBAN])
def test_a_number_in_json_is_found_in_every_spelling(number: str, spelling: str) -> None:
    """Escapes, documents inside documents."""
    told = redact_text(f'{{"a": "keep 1", "n": {JSON[spelling](number)}, "b": "keep 2"}}')
    assert CARD_MASK in told or BANK_MASK in told
    assert told.startswith('{"a": "keep 1", "n": ')
    assert told.endswith(', "b": "keep 2"}')


@pytest.mark.parametrize("number", CARDS)
def test_a_number_in_a_url_is_found(number: str) -> None:
    """With %20, %2D or + between its groups, encoded twice, in a path."""
    for separator in ("%20", "%2D", "%2d", "+", "%C2%A0", "%2520"):
        shown = separator.join(number[at : at + 4] for at in range(0, len(number), 4))
        assert redact_text(f"/v1/payments/{shown}?x=1") == f"/v1/payments/{CARD_MASK}?x=1"
    assert redact_text(f"/v1/payments?n={percent(number)}&b=%41") == f"/v1/payments?n={CARD_MASK}&b=%41"
    assert redact_text(f"/x?n={percent(number).replace('%', '%25')}") == f"/x?n={CARD_MASK}"


@pytest.mark.parametrize("before", ["", "x", "xy", "a card: "])
@pytest.mark.parametrize("separator", ["", " ", "-"])
def test_a_number_in_base64_is_found_wherever_it_begins(before: str, separator: str) -> None:
    """At any of the three places in a quantum, whatever stands around."""
    for number in CARDS:
        shown = separator.join(number[at : at + 4] for at in range(0, len(number), 4))
        text = base64.b64encode(f"{before}{shown}{before}".encode()).decode()
        told = redact_text(f"<n>{text}</n>")
        assert CARD_MASK in told
        assert text[4:-4] not in told


def test_utf16_bytes_are_read() -> None:
    """As a body arrives in it."""
    assert redact("a card 4111111111111111".encode("utf-16-le")) == f"a card {CARD_MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "<![CDATA[4111 1111 1111 1112]]>",
        "100% of 41111111 & more <!-- 11111111 --> \\u0041",
        "&#52;&#49;&#49;&amp;",
        "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "2c92c0f94a5d7e0a014a5e1f3b6a0002 %41%42",
        "https://example.com/a%20b?c=%34%31",
    ],
)
def test_what_holds_no_number_stays(text: str) -> None:
    """Not a byte is changed."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "]]>", "&#52;", "%34", "\\u0034", "\\", "&amp;", "MTEx", "4<!---->"]
)
def test_hostile_spellings_cost_linear_time(piece: str) -> None:
    """Four times as much, up to a quarter of a megabyte, costs about four times as much."""
    assert growth(lambda size: redact_text(piece * (size // len(piece))), 250_000) < 8
