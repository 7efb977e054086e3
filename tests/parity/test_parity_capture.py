"""Captures: what is written holds no secret and is still a request; what is read back is what was written."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from cost import Reference
from harness import World, payment, post
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from parity_answers import ID, good, rows, said

from bridge.parity import capture, folder, tap
from bridge.parity.corpus import HEADERS, PATH, Story, demo, envelope
from bridge.parity.redaction import captured
from bridge.parity.replay import needed
from bridge.parity.terms import Entry, ParityError

CARD = "4111111111111111"
IBAN = "DE89370400440532013000"
SESSION = "6F1CQ5JDYq9XKj-session-1234567890abcdef"
NAMES = {
    name: f"{number:032x}" for number, name in enumerate(("A", "J", "PMx", "PMc", "I1", "I2", "I3", "D1", "C1", "P1"))
}

SECRET = f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://api.zuora.com/"
 xmlns:ns2="http://object.api.zuora.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Header><ns1:SessionHeader><ns1:session>{SESSION}</ns1:session>
</ns1:SessionHeader></soapenv:Header><soapenv:Body><ns1:create><ns1:zObjects xsi:type="ns2:Payment">
<ns2:AccountId>{ID}</ns2:AccountId><ns2:Amount>1234567890.25</ns2:Amount>
<ns2:Comment>card {CARD}, account {IBAN}</ns2:Comment>
<ns2:Comment2 xsi:type="xsd:base64Binary">{base64.b64encode(CARD.encode()).decode()}</ns2:Comment2>
<ns2:CreditCardNumber>5500005555555559</ns2:CreditCardNumber>
<ns2:GatewayOptionData><ns2:GatewayOption><ns2:name>CVV</ns2:name><ns2:value>987</ns2:value></ns2:GatewayOption>
</ns2:GatewayOptionData><ns2:InvoiceNumber>INV00000001</ns2:InvoiceNumber></ns1:zObjects></ns1:create></soapenv:Body>
</soapenv:Envelope>"""
SECRETS = (
    SESSION,
    CARD,
    IBAN,
    "5500005555555559",
    "987",
    base64.b64encode(CARD.encode()).decode(),
    "Bearer abcdef123456",
)


def test_no_secret_is_captured_and_everything_else_is() -> None:
    """Session, cards in the open and encoded, bank account, gateway options, headers."""
    headers = {**HEADERS, "Authorization": "Bearer abcdef123456", "Cookie": f"ZSession={SESSION}"}
    made = capture.entry(1, PATH, headers, SECRET.encode())
    written = capture.line(made)
    assert [secret for secret in SECRETS if secret in written] == []
    assert all(kept in made.body for kept in (ID, "1234567890.25", "INV00000001", "{session}"))
    assert (made.operation, made.object, made.objects, made.version) == ("create", "Payment", 1, "107.0")
    assert captured(made.body) == made.body
    assert set(made.headers) == {"content-type", "soapaction"}


def test_a_login_keeps_its_shape_and_loses_who_it_was() -> None:
    """The side's own user is put in at replay."""
    body = (
        "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo-secret-1</ns1:password></ns1:login>"
    )
    made = capture.entry(1, PATH, HEADERS, envelope(body))
    assert "<ns1:username>{username}</ns1:username><ns1:password>{password}</ns1:password>" in made.body


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_a_made_up_story_survives_redaction_unchanged(seed: int, each: int) -> None:
    """Amounts, ids, references and queries are no secrets."""
    for one in Story(NAMES, each, seed).entries():
        assert captured(one.body) == one.body
        assert "[redacted]" not in one.body
        assert "[card]" not in one.body


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With its header, for its owner only."""
    entries = [capture.entry(1, PATH, HEADERS, envelope(body)) for body in demo(NAMES)]
    made = capture.of(entries, cap=5, tenant=capture.tenant_hash("10000"))
    file = tmp_path / "capture.jsonl"
    capture.write(made, file)
    assert capture.read(file) == made
    assert (len(made.entries), made.dropped) == (5, len(entries) - 5)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    head = json.loads(file.read_text().splitlines()[0])
    assert head["tenant"] not in ("", "10000")
    assert [one.number for one in made.entries] == [1, 2, 3, 4, 5]


def test_a_capture_that_was_changed_is_refused(tmp_path: Path) -> None:
    """A run must be about what was recorded."""
    file = tmp_path / "capture.jsonl"
    capture.write(capture.of([capture.entry(1, PATH, HEADERS, envelope(next(demo(NAMES))))]), file)
    file.write_text(file.read_text().replace(">20<", ">21<"))
    with pytest.raises(ParityError, match="was changed"):
        capture.read(file)


def test_a_secret_that_came_round_redaction_is_not_written(tmp_path: Path) -> None:
    """Whoever made the entry by hand."""
    made = capture.entry(1, PATH, HEADERS, envelope(next(demo(NAMES))))
    fields = {name: getattr(made, name) for name in made.__slots__} | {"body": SECRET}
    with pytest.raises(ParityError, match="nothing was written"):
        capture.write(capture.of([Entry(**fields)]), tmp_path / "capture.jsonl")
    assert not (tmp_path / "capture.jsonl").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no capture"),
        ("{}", "is no capture"),
        ("no", "line 1: not JSON"),
        ('{"parity_capture": 1}\n{}', "line 2"),
    ],
)
def test_a_file_that_is_none_is_explained(tmp_path: Path, text: str, words: str) -> None:
    """With the line at fault."""
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    with pytest.raises(ParityError, match=words):
        capture.read(file)


# ------------------------------------------------------------------ folders


def test_a_folder_of_envelopes_and_requests_is_read_in_order(tmp_path: Path) -> None:
    """An answer beside a request says which ids it made."""
    (tmp_path / "01-pay.xml").write_bytes(envelope(next(demo(NAMES))))
    (tmp_path / "01-pay.answer.xml").write_bytes(said(rows(good())).body)
    request = b"POST https://rest.example.com/apps/services/a/38.0 HTTP/1.1\r\nContent-Type: text/xml\r\n\r\n"
    (tmp_path / "02-drop.http").write_bytes(
        request + envelope(f"<ns1:delete><ns1:type>Payment</ns1:type><ns1:ids>{ID}</ns1:ids></ns1:delete>")
    )
    first, second = folder.calls(tmp_path, "107.0")
    assert (first.operation, first.object, first.made) == ("create", "Payment", (ID,))
    assert (second.operation, second.object, second.version, second.path) == (
        "delete",
        "Payment",
        "38.0",
        "/apps/services/a/38.0",
    )
    assert needed([first, second], [2]) == [first, second]


def test_other_encodings_are_kept(tmp_path: Path) -> None:
    """A call in Latin-1 goes out in Latin-1."""
    text = envelope(next(demo(NAMES))).decode().replace("UTF-8", "ISO-8859-1")
    text = text.replace("</ns2:AccountId>", "</ns2:AccountId><ns2:Comment>Größe</ns2:Comment>")
    (tmp_path / "a.xml").write_bytes(text.encode("latin-1"))
    (one,) = folder.calls(tmp_path, "107.0")
    assert one.charset == "iso-8859-1"
    assert "Größe" in one.body


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xml", b"no", "a.xml: not an XML message"),
        ("a.xml", b"<!DOCTYPE x [<!ENTITY e 'e'>]><x>&e;</x>", "document type"),
        ("a.xml", b"<x/>", "no call in its Body"),
        ("a.http", b"GET / HTTP/1.1\n\n<x/>", "must be `POST"),
        ("a.txt", b"", "holds no NAME.xml"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """With what is wrong with it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParityError, match=words):
        list(folder.calls(tmp_path, "107.0"))


# ------------------------------------------------------------------ live


def test_a_running_bridge_records_its_calls(tmp_path: Path) -> None:
    """Over real HTTP: the login, writes and queries, without a secret, with the ids that answers made."""
    spool = tmp_path / "spool"
    with World(tmp_path, capture={"folder": str(spool)}) as world:
        (made,) = world.create(payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20", Comment=CARD)).ids
        asked = f"<ns1:query><ns1:queryString>select Id from Payment where Id = '{made}'</ns1:queryString></ns1:query>"
        assert post(f"{world.url}/apps/services/a/107.0", world.message(asked)).status == 200
        session = world.session
    found = list(tap.recorded(spool))
    text = "".join(file.read_text() for file in spool.iterdir())
    assert {one.operation for one in found} >= {"create", "query"}
    assert next(one for one in found if one.operation == "create").made == (made,)
    assert CARD not in text
    assert session not in text
    assert "{session}" in text
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in spool.iterdir())


def test_the_tap_stops_at_its_cap_and_never_waits(tmp_path: Path) -> None:
    """What is too large or too much is dropped and counted."""
    one = tap.Tap(tmp_path, 1.0, cap=3)
    body = envelope(next(demo(NAMES)))
    one.take(PATH, HEADERS, b"x" * (tap.LARGEST + 1), b"")
    one.take(PATH, {**HEADERS, "Content-Encoding": "gzip"}, body, b"")
    reading = Reference(lambda: etree.fromstring(body), times=100)
    assert reading.ratio(lambda: one.take(PATH, HEADERS, body, None), 0.5, times=5000) < 0.5
    one.close()
    assert (one.taken, one.dropped) == (3, 2)
    assert len(list(tap.recorded(tmp_path))) == 3


def test_half_a_line_of_a_killed_process_is_left_out(tmp_path: Path) -> None:
    """The lines before it are whole."""
    whole = capture.line(capture.entry(0, PATH, HEADERS, envelope(next(demo(NAMES)))))
    (tmp_path / f"1{tap.SUFFIX}").write_text(whole + "\n" + whole[: len(whole) // 2])
    assert len(list(tap.recorded(tmp_path))) == 1
