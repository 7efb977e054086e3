"""SOAP 1.2 on the same address: the envelope decides, the answer is in the same version, and nothing else differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import API, SOAP11, Answer, World, deleted, payment, post, saved
from lxml import etree
from raw_zuora import RawZuora, body_of, headers_of
from test_doors import SPELLINGS, assert_harmless
from test_doors import body_of as write_of

from bridge.facade.service import Facade

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ENV = f"{{{SOAP12}}}"
FAULT = "{http://fault.api.zuora.com/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ACTION = [("Content-Type", 'application/soap+xml; charset=utf-8; action=""')]
MEDIA = {
    "application/soap+xml": "application/soap+xml",
    "with a charset": "application/soap+xml; charset=utf-8",
    "with an empty action": 'application/soap+xml; charset=utf-8; action=""',
    "with an action before the charset": 'application/soap+xml;action="http://api.zuora.com/#create";charset=UTF-8',
    "text/xml": "text/xml; charset=utf-8",
    "text/plain": "text/plain",
}


def in_soap12(body: bytes) -> bytes:
    """The same envelope in SOAP 1.2."""
    return body.replace(SOAP11.encode(), SOAP12.encode())


def create(world: World, *amounts: str) -> bytes:
    """Payments of the debit memo and the invoice in turn, in SOAP 1.2."""
    documents = ("@D1", "@I1") * len(amounts)
    objects = [
        world.resolve(payment(Amount=amount, InvoiceId=document, AppliedInvoiceAmount=amount))
        for amount, document in zip(amounts, documents, strict=False)
    ]
    return in_soap12(world.message(saved("create", objects)))


def assert_proper_fault(answer: Answer, value: str, code: str | None = None, kind: str | None = None) -> str:
    """A fault by SOAP 1.2 part 1, section 5.4, but that Zuora's own code is its Value; returns its text."""
    envelope = answer.xml
    assert envelope.tag == ENV + "Envelope"
    assert [child.tag for child in envelope] == [ENV + "Body"]
    (fault,) = envelope[0]
    assert [child.tag for child in fault] == [ENV + "Code", ENV + "Reason", ENV + "Detail"]
    (first,) = fault[0]
    assert first.tag == ENV + "Value"
    assert _qname(first) == ((SOAP12, value) if code is None else (FAULT[1:-1], code))
    (text,) = fault[1]
    assert (text.tag, text.get(XML_LANG)) == (ENV + "Text", "en-US")
    (detail,) = fault[2]
    if code is None:
        assert detail.tag == "Exception"
        assert detail.text == text.text
    else:
        assert first.text == f"fns:{code}"
        assert detail.tag == f"{FAULT}{kind}"
        assert [(child.tag, child.text) for child in detail] == [
            (f"{FAULT}FaultCode", code),
            (f"{FAULT}FaultMessage", text.text),
        ]
    assert answer.header("Content-Type") == "application/soap+xml;charset=utf-8"
    return text.text or ""


def _qname(element: etree._Element) -> tuple[str | None, str]:
    prefix, _, name = (element.text or "").rpartition(":")
    return element.nsmap.get(prefix), name


@pytest.mark.parametrize("media", MEDIA.values(), ids=MEDIA)
def test_the_envelope_decides_and_not_the_media_type(media: str, tmp_path: Path) -> None:
    """Both versions under every media type, each answered in its own; the second of equal acts joins the first."""
    with World(tmp_path) as world:
        body = create(world, "1", "2")
        headers = [("Content-Type", media)]
        twelve = post(world.endpoint(), body, headers)
        eleven = post(world.endpoint(), body.replace(SOAP12.encode(), SOAP11.encode()), headers)
        assert eleven.ids == twelve.ids
        assert {one["id"]: one["amount"] for one in world.payments()} == dict(zip(twelve.ids, "12", strict=True))
    token = "utf-8" if "utf-8" in media else "UTF-8"
    assert twelve.header("Content-Type") == f"application/soap+xml;charset={token}"
    assert eleven.header("Content-Type") == f"text/xml;charset={token}"
    assert twelve.body == in_soap12(eleven.body)
    assert twelve.body.startswith(
        f"<?xml version='1.0' encoding='{token}'?><soapenv:Envelope xmlns:soapenv=\"{SOAP12}\"><soapenv:Body>".encode()
    )


FAULTS: dict[str, tuple[Callable[[World], bytes], str, str, str]] = {
    "no such session": (
        lambda world: in_soap12(world.message(deleted("Payment", ["1"]), session="unknown")),
        "107.0", "INVALID_SESSION", "UnexpectedErrorFault",
    ),
    "no session": (
        lambda world: in_soap12(world.message(deleted("Payment", ["1"]), session="")),
        "107.0", "INVALID_SESSION", "UnexpectedErrorFault",
    ),
    "too many": (lambda world: create(world, *["1"] * 51), "107.0", "MAX_RECORDS_EXCEEDED", "UnexpectedErrorFault"),
    "no version": (lambda world: create(world, "1"), "latest", "INVALID_VERSION", "UnexpectedErrorFault"),
    "the type in capitals": (
        lambda world: create(world, "1").replace(b"ns2:Payment", b"ns2:PAYMENT"),
        "107.0", "INVALID_TYPE", "InvalidTypeFault",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_code_where_soap_11_has_it(name: str, house: World) -> None:
    """Legacy code looks for fns:INVALID_SESSION in the Value; the typed detail is the WSDL's."""
    make, version, code, kind = FAULTS[name]
    body = make(house)
    mark = house.mark()
    answer = post(house.endpoint(version), body, ACTION)
    assert answer.status == 500
    assert_proper_fault(answer, "Receiver", code, kind)
    assert house.writes(mark) == []


def test_a_limit_keeps_its_status_and_its_retry_after(tmp_path: Path) -> None:
    """429 as in SOAP 1.1."""
    with World(tmp_path) as world:
        world.fault("rate_limited", operation="create")
        body = in_soap12(
            world.message(
                saved("create", [world.resolve(payment(Amount="1", InvoiceId="@I1", AppliedInvoiceAmount="1"))])
            )
        )
        answer = post(world.endpoint(), body, ACTION)
    assert (answer.status, answer.header("Retry-After")) == (429, "120")
    assert_proper_fault(answer, "Receiver", "REQUEST_EXCEEDED_LIMIT", "UnexpectedErrorFault")


UNREAD = {
    "two Bodies": ("</soapenv:Body>", "</soapenv:Body><soapenv:Body/>"),
    "a Body of SOAP 1.1": ("soapenv:Body", "old:Body"),
    "two operations": ("<ns1:create>", "<ns1:query/><ns1:create>"),
    "a Header behind the Body": ("</soapenv:Body>", "</soapenv:Body><soapenv:Header/>"),
    "an amount that is none": ("<ns2:Amount>1<", "<ns2:Amount>1,5<"),
    "an amount by reference": ("<ns2:Amount>1<", '<ns2:Amount href="#1"><'),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_a_fault_of_the_receiver(name: str, house: World) -> None:
    """Where the Envelope said 1.2; without Zuora's code, as its engine answers."""
    old, new = UNREAD[name]
    text = create(house, "1").decode().replace("<soapenv:Envelope", f'<soapenv:Envelope xmlns:old="{SOAP11}"')
    assert old in text
    mark = house.mark()
    answer = post(house.endpoint(), text.replace(old, new).encode(), ACTION)
    assert answer.status == 500
    assert_proper_fault(answer, "Receiver")
    assert house.writes(mark) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<a/>", b"<a><b></a>", f'<e:Envelope xmlns:e="{SOAP12}"><e:Body></e:Envelope>'.encode(),
     f'<!DOCTYPE x><e:Envelope xmlns:e="{SOAP12}"><e:Body/></e:Envelope>'.encode(),
     b'<e:Envelope xmlns:e="http://www.w3.org/2002/06/soap-envelope"><e:Body/></e:Envelope>'],
)  # fmt: skip
def test_before_an_envelope_was_read_the_fault_is_soap_11(body: bytes, house: World) -> None:
    """Whatever the media type promises."""
    answer = post(house.endpoint(), body, [*ACTION, ("Content-Length", str(len(body)))])
    assert (answer.status, answer.header("Content-Type")) == (500, "text/xml;charset=utf-8")
    assert answer.fault["faultcode"] == "soapenv:Server"


def test_a_failure_of_our_own_is_told_in_the_callers_version(house: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is no reason for an envelope that the client cannot read, nor for a trace."""

    async def broken(*_: object) -> None:
        raise LookupError("secret words")

    monkeypatch.setattr(Facade, "answer", broken)
    body = create(house, "1")
    twelve = post(house.endpoint(), body, ACTION)
    eleven = post(house.endpoint(), body.replace(SOAP12.encode(), SOAP11.encode()))
    told = assert_proper_fault(twelve, "Receiver")
    assert told == eleven.fault["faultstring"]
    assert "unknown" in told
    assert (twelve.status, eleven.status) == (500, 500)
    assert b"secret" not in twelve.body + eleven.body


# ------------------------------------------------------------------ headers that must be understood

UNDERSTOOD: dict[str, str] = {
    "WS-Addressing": (
        '<a:To xmlns:a="http://www.w3.org/2005/08/addressing" soapenv:mustUnderstand="true">http://127.0.0.1:1/</a:To>'
        '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" soapenv:mustUnderstand="true">x</a:Action>'
    ),
    "WS-Security": '<w:Security xmlns:w="urn:wsse" soapenv:mustUnderstand="1"><w:UsernameToken/></w:Security>',
    "a role": f'<x:R xmlns:x="urn:x" soapenv:mustUnderstand="true" soapenv:role="{SOAP12}/role/next" '
    'soapenv:relay="true"/>',
    "nobody's": '<x:R xmlns:x="urn:x" soapenv:mustUnderstand="true"/>',
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_headers_that_must_be_understood_are_tolerated(name: str, tmp_path: Path) -> None:
    """As Zuora does; the answer has no Header and is not sent elsewhere."""
    with World(tmp_path) as world:
        body = create(world, "1").replace(b"<soapenv:Header>", b"<soapenv:Header>" + UNDERSTOOD[name].encode())
        answer = post(world.endpoint(), body, ACTION)
        (made,) = world.payments()
        assert [made["id"]] == answer.ids
    assert [child.tag for child in answer.xml] == [ENV + "Body"]


# ------------------------------------------------------------------ what passes

QUERY = "<ns1:query>\n <ns1:queryString> select Id from Account </ns1:queryString></ns1:query>"
ANSWER12 = (
    f'<?xml version="1.0"?><s:Envelope xmlns:s="{SOAP12}"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>'
    '<s:Reason><s:Text xml:lang="de">nein</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
).encode()


@pytest.mark.parametrize("media", MEDIA.values(), ids=MEDIA)
def test_what_passes_is_not_touched_in_either_direction(media: str, tmp_path: Path) -> None:
    """Body, media type and action arrive as they were sent, and Zuora's fault of 1.2 comes back as it is (I10)."""
    head = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: "
    with ExitStack() as stack:
        zuora = stack.enter_context(RawZuora(f"{head}{len(ANSWER12)}\r\n\r\n".encode() + ANSWER12))
        world = stack.enter_context(World(tmp_path, zuora={"soap_url": zuora.url, "rest_url": zuora.url}))
        sent = in_soap12(world.message(QUERY, session="s"))
        answer = post(world.endpoint("83.0"), sent, [("Content-Type", media), ("X-Legacy", "1")])
        (arrived,) = zuora.arrived
    assert arrived.startswith(b"POST /apps/services/a/83.0 HTTP/1.1\r\n")
    assert body_of(arrived) == sent
    assert ("Content-Type", media) in headers_of(arrived)
    assert (answer.status, answer.body) == (500, ANSWER12)
    assert answer.header("Content-Type") == "application/soap+xml;charset=UTF-8"


@pytest.mark.parametrize("version", ["64.0", "107.0"])
def test_a_login_leads_back_to_the_bridge(version: str, house: World) -> None:
    """The ServerUrl of an answer in SOAP 1.2 is the bridge's; its session proves a caller in both versions."""
    words = "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
    answer = post(house.endpoint(version), in_soap12(house.message(words, session="")), ACTION)
    result = answer.payload[0]
    assert answer.xml.tag == ENV + "Envelope"
    assert result.findtext(f"{{{API}}}ServerUrl") == house.endpoint(version)
    session = result.findtext(f"{{{API}}}Session")
    gone = deleted("Payment", ["0" * 32])
    for body in (house.message(gone, session=session), in_soap12(house.message(gone, session=session))):
        (row,) = post(house.endpoint(), body).rows
        assert row["errors"][0]["Code"] == "INVALID_ID"


@pytest.mark.parametrize("changes", SPELLINGS.values(), ids=SPELLINGS)
def test_no_spelling_of_a_write_passes_by_in_soap_12(changes: Sequence[tuple[str, str]], house: World) -> None:
    """A create is journaled or refused, however it is spelled (I10)."""
    body = in_soap12(write_of(house, *changes))
    mark = house.mark()
    assert_harmless(house, mark, post(house.endpoint(), body, ACTION))
