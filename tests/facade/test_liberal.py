"""Everything that real clients send and Zuora takes is taken here, over real HTTP, and does what was meant.

One test per liberty: two payments, one that goes by REST and one by SOAP, are spelled in that way, and the books must
show exactly these two. Whole stacks with all their habits together are in tests/clients.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import pytest
from harness import API, OBJECT, SOAP11, TODAY, XSI, Answer, World, part, payment, post, raw, saved

XSD = "http://www.w3.org/2001/XMLSchema"
ENC = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
TEXT_XML = ("Content-Type", "text/xml; charset=utf-8")
SPECIAL = " é <A&B> \"q\" 'a'\nline2\ttab"

Spelled = Callable[[str], "str | bytes"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world: every test tells its payments by their comment."""
    with World(tmp_path_factory.mktemp("liberal")) as world:
        yield world


def plain(world: World, name: str) -> str:
    """A create as a careful client writes it."""
    objects = [
        payment(Amount="0.50", Comment=name + SPECIAL, InvoicePaymentData=[part("InvoicePayment", **row)])
        for row in ({"Amount": "0.50", "InvoiceId": "@D1"}, {"Amount": "0.50", "InvoiceId": "@I1"})
    ]
    return world.message(saved("create", [world.resolve(each) for each in objects])).decode()


def assert_paid(world: World, name: str, answer: Answer) -> None:
    """Both payments are in the books with everything that was said, and nothing else."""
    ids = answer.ids
    assert answer.header("Bridge-Route") == "rest,soap"
    made = {one["id"]: one for one in world.payments() if one["comment"] == name + SPECIAL}
    assert sorted(made) == sorted(ids)
    for each, document in zip(ids, ("@D1", "@I1"), strict=True):
        one = made[each]
        (its,) = one["parts"]
        assert (its["debitMemoId"] or its["invoiceId"], its["amount"]) == (world.id(document), "0.5")
        assert (one["accountId"], one["paymentMethodId"]) == (world.id("@A"), world.id("@PMx"))
        assert (one["amount"], one["effectiveDate"], one["type"]) == ("0.5", TODAY, "External")
        assert {one[key] for key in ("referenceId", "secondReferenceId", "accountingCode", "softDescriptor")} == {None}
        assert one["status"] == "Processed"


def swapped(*changes: tuple[str, str]) -> Spelled:
    """Texts in place of others, each of which must be there."""

    def spelled(text: str) -> str:
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        return text

    return spelled


def leaves(made: Callable[[str, str], str]) -> Spelled:
    """Every leaf of the objects written anew from its name and its escaped text."""

    def spelled(text: str) -> str:
        head, body = text.split("<soapenv:Body>")
        body = re.sub(r"<ns2:(\w+)>([^<]*)</ns2:\1>", lambda found: made(found[1], found[2]), body)
        return f"{head}<soapenv:Body>{body}"

    return spelled


def encoded(codec: str, declared: str | None, mark: bytes = b"") -> Spelled:
    """In another encoding."""

    def spelled(text: str) -> bytes:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        rest = text.partition("?>")[2]
        return mark + (declaration + rest).encode(codec, "xmlcharrefreplace")

    return spelled


def unescaped(text: str) -> str:
    """What an escaped text says."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def in_header(*blocks: str) -> Spelled:
    """More blocks before and after the session's."""
    return swapped(
        ("<soapenv:Header>", "<soapenv:Header>" + blocks[0]), ("</soapenv:Header>", blocks[-1] + "</soapenv:Header>")
    )


# ------------------------------------------------------------------ headers of HTTP

HEADERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "no SOAPAction": [TEXT_XML],
    "an empty SOAPAction": [TEXT_XML, ("SOAPAction", "")],
    "a SOAPAction of two quotes": [TEXT_XML, ("SOAPAction", '""')],
    "a quoted SOAPAction": [TEXT_XML, ("SOAPAction", '"create"')],
    "an unquoted SOAPAction": [TEXT_XML, ("SOAPAction", "create")],
    "a SOAPAction of the namespace": [TEXT_XML, ("SOAPAction", '"http://api.zuora.com/#create"')],
    "a SOAPAction of another operation": [TEXT_XML, ("SOAPAction", "query")],
    "a SOAPAction in lower case": [TEXT_XML, ("soapaction", '"create"')],
    "header names in capitals": [("CONTENT-TYPE", "text/xml; charset=utf-8"), ("SOAPACTION", '""')],
    "header names in lower case": [("content-type", "text/xml; charset=utf-8"), ("soapaction", '""')],
    "no charset": [("Content-Type", "text/xml")],
    "a charset in capitals": [("Content-Type", "text/xml;charset=UTF-8")],
    "a quoted charset": [("Content-Type", 'text/xml; charset="utf-8"')],
    "a trailing semicolon": [("Content-Type", "text/xml; charset=utf-8;")],
    "text/plain": [("Content-Type", "text/plain; charset=utf-8")],
    "application/soap+xml": [("Content-Type", "application/soap+xml; charset=utf-8")],
    "application/soap+xml with an action": [("Content-Type", 'application/soap+xml; charset=utf-8; action=""')],
    "Basic authentication": [TEXT_XML, ("Authorization", "Basic dTpw")],
    "cookies": [TEXT_XML, ("Cookie", "JSESSIONID=1; ZSession=x"), ("Cookie", "again=1")],
    "TE": [TEXT_XML, ("TE", "deflate,gzip;q=0.3"), ("Connection", "TE, close")],
    "Accept-Encoding none": [TEXT_XML, ("Accept-Encoding", "none")],
    "Accept of something else": [TEXT_XML, ("Accept", "application/soap"), ("Accept", "multipart/*")],
    "Cache-Control and Pragma": [TEXT_XML, ("Cache-Control", "no-cache"), ("Pragma", "no-cache")],
    "an identity encoding": [TEXT_XML, ("Content-Encoding", "identity")],
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_http_do_not_matter(name: str, house: World) -> None:
    """The operation is the Body's first element, whatever the headers say."""
    assert_paid(house, name, post(house.endpoint(), plain(house, name).encode(), HEADERS[name]))


def test_gzip_is_sent_back_to_nobody(house: World) -> None:
    """Who asks for it gets a plain answer, which everybody reads."""
    headers = [TEXT_XML, ("Accept-Encoding", "gzip, deflate")]
    answer = post(house.endpoint(), plain(house, "asks for gzip").encode(), headers)
    assert answer.header("Content-Encoding") is None
    assert_paid(house, "asks for gzip", answer)


# ------------------------------------------------------------------ dates

DATES = {
    "a date": TODAY,
    "midnight here": f"{TODAY}T00:00:00-08:00",
    "midnight here, to the millisecond": f"{TODAY}T00:00:00.000-08:00",
    "midnight here, as Greenwich tells it": f"{TODAY}T08:00:00Z",
    "midnight here, to Greenwich's millisecond": f"{TODAY}T08:00:00.000Z",
    "midnight here, without an hour of offset": f"{TODAY}T08:00:00+00:00",
    "midnight of nowhere": f"{TODAY}T00:00:00",
}


@pytest.mark.parametrize("name", DATES)
def test_any_form_of_a_day_is_that_day(name: str, house: World) -> None:
    """Up to WSDL 68 a day is a dateTime, and every stack has its own idea of one."""
    text = plain(house, name).replace(TODAY, DATES[name])
    assert_paid(house, name, post(house.endpoint("64.0"), text.encode(), [TEXT_XML]))


# ------------------------------------------------------------------ framing


def framed(world: World, body: bytes, *lines: str, http: str = "1.1", length: bool = True) -> bytes:
    """A whole request, head and body."""
    parts = urlsplit(world.endpoint())
    head = [f"POST {parts.path} HTTP/{http}", f"Host: {parts.netloc}", "Content-Type: text/xml; charset=utf-8", *lines]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunks(body: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """The body in chunks (RFC 9112, 7.1)."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%X%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


CHUNKED = "Transfer-Encoding: chunked"
Framed = Callable[[World, bytes], bytes]
FRAMINGS: Mapping[str, tuple[Framed, int]] = {
    "HTTP/1.0": (lambda world, body: framed(world, body, http="1.0"), 0),
    "HTTP/1.0 kept alive": (lambda world, body: framed(world, body, "Connection: Keep-Alive", http="1.0"), 0),
    "HTTP/1.0 that expects": (lambda world, body: framed(world, body, "Expect: 100-continue", http="1.0"), 0),
    "head and body in pieces of a byte": (framed, 1),
    "head and body in pieces of 700": (framed, 700),
    "one chunk": (lambda world, body: framed(world, chunks(body, 10**6), CHUNKED, length=False), 0),
    "chunks of seven": (lambda world, body: framed(world, chunks(body, 7), CHUNKED, length=False), 0),
    "chunks in packets of their own": (
        lambda world, body: framed(world, chunks(body, 300), CHUNKED, length=False),
        310,
    ),
    "chunks with extensions and a trailer": (
        lambda world, body: framed(world, chunks(body, 512, b";a=b", b"X-T: 1\r\n"), CHUNKED, length=False),
        0,
    ),
    "gzip": (lambda world, body: framed(world, gzip.compress(body), "Content-Encoding: gzip"), 0),
    "x-gzip": (lambda world, body: framed(world, gzip.compress(body), "Content-Encoding: x-gzip"), 0),
    "gzip in chunks": (
        lambda world, body: framed(
            world, chunks(gzip.compress(body), 99), CHUNKED, "Content-Encoding: gzip", length=False
        ),
        0,
    ),
    "gzip of two members": (
        lambda world, body: framed(
            world, gzip.compress(body[:500]) + gzip.compress(body[500:]), "Content-Encoding: gzip"
        ),
        0,
    ),
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_any_framing_arrives(name: str, house: World) -> None:
    """However the bytes are cut and wrapped."""
    frame, pieces = FRAMINGS[name]
    assert_paid(house, name, raw(house.url, frame(house, plain(house, name).encode()), pieces=pieces))


def test_a_caller_that_expects_sends_its_body_after_the_100(house: World) -> None:
    """.NET and PHP wait for it."""
    request = framed(house, plain(house, "expects").encode(), "Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    parts = urlsplit(house.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        wire.sendall(head + b"\r\n\r\n")
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(body)
        assert_paid(house, "expects", _read(wire))


def test_one_connection_carries_call_after_call_until_it_is_closed(house: World) -> None:
    """Kept alive by default; Connection: close is honoured with the answer."""
    parts = urlsplit(house.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        for name in ("first on a connection", "second on a connection"):
            wire.sendall(framed(house, plain(house, name).encode()))
            answer = _read(wire)
            assert answer.header("Connection") != "close"
            assert_paid(house, name, answer)
        wire.sendall(framed(house, plain(house, "last on a connection").encode(), "Connection: close"))
        answer = _read(wire)
        assert answer.header("Connection") == "close"
        assert_paid(house, "last on a connection", answer)
        assert wire.recv(1) == b""


def _read(wire: socket.socket) -> Answer:
    came = http.client.HTTPResponse(wire)
    came.begin()
    return Answer(came.status, tuple(came.getheaders()), came.read())


# ------------------------------------------------------------------ encodings

ENCODINGS: Mapping[str, tuple[str, Spelled]] = {
    "a byte order mark": ("text/xml; charset=utf-8", encoded("utf-8", "utf-8", b"\xef\xbb\xbf")),
    "a byte order mark alone": ("text/xml", encoded("utf-8", None, b"\xef\xbb\xbf")),
    "UTF-16, little end first": ("text/xml; charset=utf-16", encoded("utf-16-le", "utf-16", b"\xff\xfe")),
    "UTF-16, big end first": ("text/xml; charset=utf-16", encoded("utf-16-be", "utf-16", b"\xfe\xff")),
    "UTF-16 that only its mark tells": ("text/xml", encoded("utf-16-le", None, b"\xff\xfe")),
    "UTF-16LE without a mark": ("text/xml; charset=utf-16le", encoded("utf-16-le", "utf-16")),
    "ISO-8859-1": ("text/xml; charset=ISO-8859-1", encoded("latin-1", "ISO-8859-1")),
    "ISO-8859-1 that only the header tells": ("text/xml; charset=iso-8859-1", encoded("latin-1", None)),
    "ISO-8859-1 that only the declaration tells": ("text/xml", encoded("latin-1", "iso-8859-1")),
    "US-ASCII": ("text/xml; charset=us-ascii", encoded("ascii", "us-ascii")),
    "a wrong label over ASCII": ("text/xml; charset=utf-8", encoded("ascii", "ISO-8859-1")),
    "UTF8 without its hyphen": ("text/xml; charset=UTF8", encoded("utf-8", "UTF8")),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_any_agreeing_encoding_is_read(name: str, house: World) -> None:
    """The é arrives."""
    media, spelled = ENCODINGS[name]
    body = spelled(plain(house, name))
    assert isinstance(body, bytes)
    assert_paid(house, name, post(house.endpoint(), body, [("Content-Type", media)]))


# ------------------------------------------------------------------ spellings of the body

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
SESSION = re.compile(r"<ns1:SessionHeader><ns1:session>(.*?)</ns1:session></ns1:SessionHeader>")
SECURITY = (
    f'<w:Security xmlns:w="{WSSE}" soapenv:mustUnderstand="1"><w:UsernameToken><w:Username>u</w:Username><w:Password '
    f'Type="{WSSE[:-4]}#PasswordDigest">x</w:Password></w:UsernameToken></w:Security>'
)
ADDRESSING = (
    f'<a:To xmlns:a="{WSA}" soapenv:mustUnderstand="1">http://127.0.0.1:1/</a:To>'
    f'<a:Action xmlns:a="{WSA}" soapenv:mustUnderstand="1">create</a:Action>'
    f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>http://127.0.0.1:1/x</a:Address></a:ReplyTo>'
    f'<a:FaultTo xmlns:a="{WSA}"><a:Address>http://127.0.0.1:1/x</a:Address></a:FaultTo>'
    f'<a:MessageID xmlns:a="{WSA}">uuid:1</a:MessageID>'
)


def session(block: str) -> Spelled:
    """The session's header written in another way; ``{}`` is the session."""

    def spelled(text: str) -> str:
        made, count = SESSION.subn(lambda found: block.format(found[1]), text)
        assert count == 1
        return made

    return spelled


def typed(attributes: str) -> Spelled:
    """Other attributes on the objects."""
    return swapped((' xsi:type="ns2:Payment"', attributes))


def nils(mark: str) -> Spelled:
    """Every field that is not set, as nil: what proxies of Java and .NET send."""
    names = (
        "Id AccountingCode AppliedCreditBalanceAmount AuthTransactionId CancelledOn CreatedById CreatedDate Gateway "
        "GatewayOptionData GatewayOrderId InvoiceId InvoiceNumber PaymentNumber ReferenceId RefundAmount SettledOn "
        "SecondPaymentReferenceId SoftDescriptor SubmittedOn TransferredToAccounting UpdatedById UpdatedDate"
    )
    objects = "".join(f"<ns2:{name} {mark}/>" for name in names.split())
    row = "".join(f"<ns2:{name} {mark}/>" for name in ("Id", "CreatedDate", "PaymentId", "RefundAmount"))
    return swapped(
        ("<ns2:AccountId>", objects + "<ns2:AccountId>"), ("<ns1:InvoicePayment>", "<ns1:InvoicePayment>" + row)
    )


def _type(name: str, text: str, kinds: Mapping[str, str]) -> str:
    kind = kinds.get(name, kinds[""])
    if "base64" in kind:
        text = base64.encodebytes(unescaped(text).encode()).decode()
    return f'<ns2:{name} xsi:type="{kind}">{text}</ns2:{name}>'


def auto_typed(strings: str, amounts: str, comments: str) -> Spelled:
    """A type on every leaf."""
    kinds = {"": strings, "Amount": amounts, "Comment": comments}
    write = leaves(lambda name, text: _type(name, text, kinds))
    declared = f'xmlns:xsi="{XSI}" xmlns:xsd="{XSD}" xmlns:old="http://www.w3.org/1999/XMLSchema" xmlns:enc="{ENC}"'
    return lambda text: str(write(text)).replace(f'xmlns:xsi="{XSI}"', declared)


def all_of(*spellings: Spelled) -> Spelled:
    """One after the other."""

    def spelled(text: str) -> str | bytes:
        made: str | bytes = text
        for each in spellings:
            made = each(made)  # type: ignore[arg-type]
        return made

    return spelled


def pretty(text: str) -> str:
    """White space between all elements that hold elements."""
    return re.sub(
        r">(?=</?(?:soapenv:|ns1:|ns2:)\w+>?)(?<!</ns2)", ">\r\n\t ", re.sub(r"(</ns2:\w+>)(?=<)", r"\1\n", text)
    )


API_FIELDS = leaves(lambda name, text: f"<ns1:{name}>{text}</ns1:{name}>")
BODIES: Mapping[str, Spelled] = {
    # envelopes
    "SOAP 1.1": str,
    "SOAP 1.2": swapped((SOAP11, SOAP12)),
    "no declaration": swapped((DECLARATION, "")),
    "a declaration in single quotes": swapped((DECLARATION, "<?xml version='1.0' encoding='utf-8'?>\n")),
    "a standalone declaration": swapped((DECLARATION, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>')),
    "a declaration without an encoding": swapped((DECLARATION, '<?xml version="1.0"?>\r\n')),
    "comments everywhere": lambda text: text.replace(DECLARATION, DECLARATION + "<!-- a -->").replace(
        "><ns", "><!-- <ns1:query/> --><ns"
    ),
    "comments inside values": swapped(
        ("<ns2:Amount>0.50", "<ns2:Amount>0<!-- 9 -->.5<!-- 9 -->0"), ("line2", "li<!---->ne2")
    ),
    "white space between the elements": pretty,
    "a line break at the end": lambda text: text + "\r\n\r\n",
    "an encodingStyle": swapped(("<soapenv:Envelope", f'<soapenv:Envelope soapenv:encodingStyle="{ENC}"')),
    "the envelope in the default namespace": swapped(
        ("soapenv:Envelope xmlns:soapenv", "Envelope xmlns"),
        ("/soapenv:Envelope", "/Envelope"),
        ("soapenv:Header", "Header"),
        ("soapenv:Body", "Body"),
    ),
    "one prefix for two namespaces": swapped(
        ("<soapenv:Body>", f'<ns1:Body xmlns:ns1="{SOAP11}" xmlns:q="{API}">'),
        ("</soapenv:Body>", "</ns1:Body>"),
        ("ns1:create", "q:create"),
        ("ns1:zObjects", "q:zObjects"),
        ("ns1:InvoicePayment", "q:InvoicePayment"),
    ),
    # headers
    "the session in no namespace": session("<SessionHeader><session>{}</session></SessionHeader>"),
    "the session in the envelope's namespace, capitalised": session(
        "<soapenv:SessionHeader><ns2:Session>{}</ns2:Session></soapenv:SessionHeader>"
    ),
    "the session in the object namespace": session(
        "<ns2:SessionHeader><ns2:session>{}</ns2:session></ns2:SessionHeader>"
    ),
    "the session in lower case": session("<sessionheader><SESSION>{}</SESSION></sessionheader>"),
    "the session among white space": session(
        "<ns1:SessionHeader>\n <ns1:session>\n  {}\n </ns1:session>\n</ns1:SessionHeader>"
    ),
    "the session in CDATA": session("<ns1:SessionHeader><ns1:session><![CDATA[{}]]></ns1:session></ns1:SessionHeader>"),
    "the session with mustUnderstand 0 and an actor": session(
        '<ns1:SessionHeader soapenv:mustUnderstand="0" soapenv:actor="http://schemas.xmlsoap.org/soap/actor/next">'
        "<ns1:session>{}</ns1:session></ns1:SessionHeader>"
    ),
    "the session with mustUnderstand 1": session(
        '<ns1:SessionHeader soapenv:mustUnderstand="1"><ns1:session>{}</ns1:session></ns1:SessionHeader>'
    ),
    "the session as xsd:string": session(
        f'<ns1:SessionHeader><ns1:session xmlns:d="{XSD}" xsi:type="d:string">{{}}</ns1:session></ns1:SessionHeader>'
    ),
    "a header for others that must be understood": in_header(
        '<x:R xmlns:x="urn:x" soapenv:mustUnderstand="1" soapenv:actor="urn:gateway"/>'
    ),
    "a header of nobody's that must be understood": in_header(
        '<x:R xmlns:x="urn:x" soapenv:mustUnderstand="1">1</x:R>'
    ),
    "WS-Security": in_header(SECURITY, ""),
    "WS-Addressing": in_header("", ADDRESSING),
    "WS-Security and WS-Addressing around the session": in_header(SECURITY, ADDRESSING),
    "nil CallOptions and QueryOptions": in_header(
        '<ns1:CallOptions xsi:nil="true"/>', '<ns1:QueryOptions xsi:nil="1"/>'
    ),
    "CallOptions with a nil in it": in_header(
        '<ns1:CallOptions><ns1:useSingleTransaction xsi:nil="true"/></ns1:CallOptions>', ""
    ),
    "CallOptions that say false": in_header(
        "<ns1:CallOptions><ns1:useSingleTransaction>false</ns1:useSingleTransaction></ns1:CallOptions>", ""
    ),
    # types
    "the type without a prefix, by the default namespace": typed(f' xmlns="{OBJECT}" xsi:type="Payment"'),
    "the type's name in the api namespace": typed(' xsi:type="ns1:Payment"'),
    "the type's prefix declared on the object": typed(f' xmlns:q1="{OBJECT}" xsi:type="q1:Payment"'),
    "the type among white space": typed(' xsi:type="\n ns2:Payment "'),
    "xsi under another prefix": typed(f' xmlns:i="{XSI}" i:type="ns2:Payment"'),
    "a type on the row": swapped(("<ns1:InvoicePayment>", '<ns1:InvoicePayment xsi:type="ns2:InvoicePayment">')),
    "a type in the wrong namespace on the row": swapped(
        ("<ns1:InvoicePayment>", '<ns1:InvoicePayment xsi:type="ns1:InvoicePayment">')
    ),
    "types of XML Schema on the leaves": auto_typed("xsd:string", "xsd:float", "xsd:base64Binary"),
    "strings on all leaves": auto_typed("xsd:string", "xsd:string", "xsd:string"),
    "types of SOAP encoding on the leaves": auto_typed("enc:string", "enc:double", "enc:base64"),
    "types of the XML Schema of 1999": auto_typed("old:string", "old:decimal", "xsd:string"),
    # namespaces and order
    "all fields in the api namespace": API_FIELDS,
    "all fields in no namespace": leaves(lambda name, text: f"<{name}>{text}</{name}>"),
    "all fields in a foreign namespace": leaves(lambda name, text: f'<{name} xmlns="urn:x">{text}</{name}>'),
    "a prefix of its own for every field": leaves(
        lambda name, text: f'<f{name}:{name} xmlns:f{name}="{OBJECT}">{text}</f{name}:{name}>'
    ),
    "the row in the object namespace": swapped(("ns1:InvoicePayment", "ns2:InvoicePayment")),
    "the container in the api namespace": swapped(("ns2:InvoicePaymentData", "ns1:InvoicePaymentData")),
    "the row and its container in no namespace": swapped(
        ("ns2:InvoicePaymentData", "InvoicePaymentData"), ("ns1:InvoicePayment", "InvoicePayment")
    ),
    "operation and objects in no namespace": swapped(("ns1:create", "create"), ("ns1:zObjects", "zObjects")),
    "fields in another order": swapped(
        ("<ns2:Status>Processed</ns2:Status>", ""),
        ("<ns2:AccountId>", "<ns2:Status>Processed</ns2:Status><ns2:AccountId>"),
    ),
    "unknown fields": swapped(
        ("<ns2:AccountId>", "<ns2:AccountName>x</ns2:AccountName><ns2:accountId>y</ns2:accountId><ns2:AccountId>")
    ),
    # nothing
    "nil for everything, as true": nils('xsi:nil="true"'),
    "nil for everything, as 1": nils('xsi:nil="1"'),
    "nil among white space": nils('xsi:nil=" true "'),
    "empty elements": swapped(
        (
            "<ns2:AccountId>",
            "<ns2:ReferenceId/><ns2:SoftDescriptor></ns2:SoftDescriptor><ns2:AccountingCode /><ns2:AccountId>",
        )
    ),
    "a nil row beside the row": swapped(
        ("</ns1:InvoicePayment>", '</ns1:InvoicePayment><ns1:InvoicePayment xsi:nil="true"/>')
    ),
    "fieldsToNull before the Id": swapped(
        (
            "<ns2:AccountId>",
            '<ns2:fieldsToNull>AccountingCode</ns2:fieldsToNull><ns2:Id xsi:nil="true"/><ns2:AccountId>',
        )
    ),
    "fieldsToNull that is nil": swapped(("<ns2:AccountId>", '<ns2:fieldsToNull xsi:nil="true"/><ns2:AccountId>')),
    # values
    "CDATA around everything": leaves(lambda name, text: f"<ns2:{name}><![CDATA[{unescaped(text)}]]></ns2:{name}>"),
    "CDATA in pieces": swapped(("&lt;A&amp;B&gt;", "<![CDATA[<A]]>&amp;<![CDATA[B>]]>")),
    "line breaks and tabs by reference": swapped(("\nline2\ttab", "&#xA;line2&#x9;tab")),
    "line breaks of Windows": swapped(("\nline2", "\r\nline2")),
    "quotes by reference": swapped(("\"q\" 'a'", "&quot;q&quot; &apos;a&#39;")),
    "letters by reference": swapped(("é", "&#xe9;")),
    "an amount without its last zero": swapped(("0.50", "0.5")),
    "an amount with more zeros": swapped(("0.50", "00.5000")),
    "an amount with a sign": swapped(("0.50", "+0.50")),
    "an amount without its first zero": swapped(("0.50", ".50")),
    "an amount among white space": swapped(("0.50", "\n 0.50\t")),
    "ids among white space": lambda text: re.sub(r"<ns2:(\w+Id)>(\w+)<", r"<ns2:\1>\n \2 <", text),
    "a date with an offset": swapped((TODAY, TODAY + "-08:00")),
    "a date of Greenwich": swapped((TODAY, TODAY + "Z")),
}


@pytest.mark.parametrize("name", BODIES)
def test_any_spelling_of_the_body_is_read(name: str, house: World) -> None:
    """It says the same, so it does the same."""
    text = plain(house, name)
    body = BODIES[name](text)
    answer = post(house.endpoint(), body if isinstance(body, bytes) else body.encode(), [TEXT_XML])
    assert_paid(house, name, answer)
    assert b":Header" not in answer.body
