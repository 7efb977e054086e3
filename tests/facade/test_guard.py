"""The guard's second step: shapes that real SOAP stacks send pass, with their bytes and their meaning unchanged."""

import gzip
import time

import pytest
from cost import Reference
from lxml import etree

from bridge.facade.guard import Admission, Inspected, Intake, Limits, Refusal, admit, inspect

ENV = "http://schemas.xmlsoap.org/soap/envelope/"
API = "http://api.zuora.com/"
OBJ = "http://object.api.zuora.com/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ACCOUNT = "2c92a0fd0a1b2c3d4e5f60718293a4b5"

SESSION = "<SessionHeader><session>s</session></SessionHeader>"

SHAPES = {
    "SoapUI: pretty, comments, Header in the envelope's namespace": f"""<soapenv:Envelope xmlns:soapenv="{ENV}"
        xmlns:api="{API}" xmlns:obj="{OBJ}">
   <soapenv:Header>
      <api:SessionHeader>
         <!--Optional:-->
         <api:session>s</api:session>
      </api:SessionHeader>
   </soapenv:Header>
   <soapenv:Body>
      <api:create>
         <!--Zero or more repetitions:-->
         <api:zObjects><obj:AccountId>{ACCOUNT}</obj:AccountId></api:zObjects>
      </api:create>
   </soapenv:Body>
</soapenv:Envelope>
""",
    "zeep: single-quoted declaration, a prefix per field": f"""<?xml version='1.0' encoding='utf-8'?>
<soap-env:Envelope xmlns:soap-env="{ENV}"><soap-env:Body><ns0:create xmlns:ns0="{API}"><ns0:zObjects
xmlns:xsi="{XSI}" xmlns:ns1="{OBJ}" xsi:type="ns1:Payment"><ns2:AccountId xmlns:ns2="{OBJ}">{ACCOUNT}</ns2:AccountId>
</ns0:zObjects></ns0:create></soap-env:Body></soap-env:Envelope>""",
    "PHP: every field nil": f"""<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENV}" xmlns:ns1="{OBJ}" xmlns:xsi="{XSI}" xmlns:ns2="{API}"><SOAP-ENV:Header>
<ns2:SessionHeader><ns2:session>s</ns2:session></ns2:SessionHeader></SOAP-ENV:Header><SOAP-ENV:Body><ns2:create>
<ns2:zObjects xsi:type="ns1:Payment"><ns1:Id xsi:nil="true"/><ns1:Amount>9.90</ns1:Amount></ns2:zObjects></ns2:create>
</SOAP-ENV:Body></SOAP-ENV:Envelope>""",
    ".NET: default namespaces, q1 prefixes": f"""<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{ENV}">
<s:Header><SessionHeader xmlns="{API}"><session>s</session></SessionHeader></s:Header><s:Body
 xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><create xmlns="{API}"><zObjects
 xmlns:q1="{OBJ}" xsi:type="q1:Payment"><q1:Amount>9.9</q1:Amount></zObjects></create></s:Body></s:Envelope>""",
    "Axis: actor and mustUnderstand, non-ASCII": f"""<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
 xmlns:soapenv="{ENV}"><soapenv:Header><ns1:SessionHeader soapenv:actor="http://schemas.xmlsoap.org/soap/actor/next"
 soapenv:mustUnderstand="0" xmlns:ns1="{API}"><session xmlns="{API}">s</session></ns1:SessionHeader></soapenv:Header>
<soapenv:Body><create xmlns="{API}"><zObjects>&#xE9; \u20ac \U0001f600 &quot;&apos;&amp;&lt;</zObjects></create>
</soapenv:Body></soapenv:Envelope>""",
    "gSOAP: everything declared at the top, standalone": f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENV}" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsi="{XSI}"
 xmlns:ns1="{API}" xmlns:ns2="{OBJ}"><SOAP-ENV:Body><ns1:query><ns1:queryString>select Id from Payment</ns1:queryString>
</ns1:query></SOAP-ENV:Body></SOAP-ENV:Envelope>""",
    "Perl: encodingStyle and typed leaves": f"""<?xml version="1.0" encoding="UTF-8"?><soap:Envelope
 soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soap="{ENV}" xmlns:xsi="{XSI}"><soap:Header>
<SessionHeader xmlns="{API}"><session xsi:type="xsd:string">s</session></SessionHeader></soap:Header><soap:Body>
<query xmlns="{API}"><queryString xsi:nil="true"/></query></soap:Body></soap:Envelope>""",
    "Node: no declaration, CDATA, header in no namespace": f"""<soap:Envelope xmlns:soap="{ENV}" xmlns:tns="{API}">
<soap:Header>{SESSION}</soap:Header><soap:Body><tns:query><tns:queryString><![CDATA[select Id where a < 'b' & "c"]]>
</tns:queryString></tns:query></soap:Body></soap:Envelope>""",
    "empty Header and empty Body": f'<e:Envelope xmlns:e="{ENV}"><e:Header/><e:Body/></e:Envelope>',
    "comments around everything": f"""<!-- a --><e:Envelope xmlns:e="{ENV}"><!-- <?x ?> <!DOCTYPE -->
<e:Body><!-- b --><q>1<!-- & -->00</q><!-- c --></e:Body><!-- d --></e:Envelope><!-- e -->""",
}


def _inspected(body: bytes, content_type: str = "text/xml; charset=utf-8", **more: str) -> Inspected:
    found = _any(body, content_type, **more)
    assert isinstance(found, Inspected), found
    return found


def _any(body: bytes, content_type: str, **more: str) -> Inspected | Refusal:
    admission = admit({"content-type": content_type, **{k.replace("_", "-"): v for k, v in more.items()}})
    assert isinstance(admission, Admission)
    return inspect(body, admission)


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_a_real_stack_passes_unchanged(shape: str) -> None:
    """Each stack's habits are accepted and its bytes are kept, at the first sight and at every later one."""
    raw = SHAPES[shape].encode()
    for _ in range(3):
        found = _inspected(raw)
        assert found.raw == raw
        assert found.envelope.tag == f"{{{ENV}}}Envelope"
        assert found.body.tag == f"{{{ENV}}}Body"
        assert (found.header is not None) == (":Header" in SHAPES[shape])


def test_parts_are_the_envelopes_own() -> None:
    """Header, Body and the first child are handed out as they stand in the envelope."""
    found = _inspected(SHAPES["PHP: every field nil"].encode())
    assert found.header is not None
    assert found.header[0].tag == f"{{{API}}}SessionHeader"
    assert found.payload is not None
    assert found.payload.tag == f"{{{API}}}create"
    assert found.payload.getparent() is found.body


def test_empty_body_has_no_payload() -> None:
    """An empty Body is for the facade to judge."""
    found = _inspected(SHAPES["empty Header and empty Body"].encode())
    assert found.payload is None
    assert found.header is not None
    assert len(found.header) == 0


def test_comment_inside_a_value_does_not_cut_it() -> None:
    """A value is what it is without its comments (the flaw behind CVE-2017-11427)."""
    found = _inspected(SHAPES["comments around everything"].encode())
    assert found.payload is not None
    assert found.payload.text == "100"
    assert etree.tostring(found.envelope).count(b"<!--") == 0


def test_cdata_and_references_are_text() -> None:
    """CDATA sections, character references and the five entities mean their characters."""
    text = _inspected(SHAPES["Node: no declaration, CDATA, header in no namespace"].encode()).payload
    assert text is not None
    assert "".join(text.itertext()).strip() == "select Id where a < 'b' & \"c\""
    text = _inspected(SHAPES["Axis: actor and mustUnderstand, non-ASCII"].encode()).payload
    assert text is not None
    assert "".join(text.itertext()) == "\u00e9 \u20ac \U0001f600 \"'&<"


ENVELOPE = f'<e:Envelope xmlns:e="{ENV}"><e:Body><q>\u00e9</q></e:Body></e:Envelope>'


@pytest.mark.parametrize(
    ("content_type", "prefix", "codec", "declared"),
    [
        ("text/xml", b"", "utf-8", None),
        ("text/xml", b"", "utf-8", "UTF-8"),
        ("text/xml", b"", "iso-8859-1", "ISO-8859-1"),
        ("text/xml", b"\xef\xbb\xbf", "utf-8", "utf-8"),
        ("text/xml", b"\xff\xfe", "utf-16-le", "utf-16"),
        ("text/xml", b"\xfe\xff", "utf-16-be", None),
        ("text/xml; charset=utf-8", b"\xef\xbb\xbf", "utf-8", None),
        ("text/xml; charset=utf-16", b"\xff\xfe", "utf-16-le", "utf-16"),
        ("text/xml; charset=utf-16", b"\xfe\xff", "utf-16-be", "UTF-16"),
        ("text/xml; charset=utf-16le", b"", "utf-16-le", "utf-16"),
        ("text/xml; charset=utf-16be", b"", "utf-16-be", "utf-16be"),
        ("text/xml; charset=utf-16le", b"\xff\xfe", "utf-16-le", None),
        ("text/xml; charset=iso-8859-1", b"", "iso-8859-1", "iso-8859-1"),
        ("text/xml; charset=iso-8859-1", b"", "iso-8859-1", None),
        ("text/plain; charset=UTF-8", b"", "utf-8", "utf-8"),
    ],
)
def test_agreeing_encodings_are_read(content_type: str, prefix: bytes, codec: str, declared: str | None) -> None:
    """Byte order mark, charset and declaration, or any of them, or none (RFC 7303 section 3)."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else ""
    raw = prefix + (declaration + ENVELOPE).encode(codec)
    found = _inspected(raw, content_type)
    assert found.raw == raw
    assert found.payload is not None
    assert found.payload.text == "\u00e9"


def test_wrong_label_over_ascii_is_harmless() -> None:
    """Hard-coded declarations are common; where every label reads the same, there is no contradiction."""
    raw = ('<?xml version="1.0" encoding="ISO-8859-1"?>' + ENVELOPE.replace("\u00e9", "e")).encode()
    assert _inspected(raw).payload is not None


def test_rare_character_across_blocks_is_decoded() -> None:
    """Decoding in blocks does not depend on where a character falls."""
    text = "\u20ac" * 700_000
    raw = ENVELOPE.replace("\u00e9", text).encode()
    payload = _inspected(raw).payload
    assert payload is not None
    assert payload.text == text
    wide = b"\xff\xfe" + ENVELOPE.replace("\u00e9", "\U0001f600" * 300_000).encode("utf-16-le")
    payload = _inspected(wide, "text/xml; charset=utf-16").payload
    assert payload is not None
    assert len(payload.text or "") == 300_000


def test_gzip_is_inflated() -> None:
    """A gzip body is inspected and kept inflated."""
    raw = SHAPES["PHP: every field nil"].encode()
    assert _inspected(gzip.compress(raw), content_encoding="gzip").raw == raw


@pytest.mark.parametrize("packed", [False, True])
def test_chunks_of_any_size_mean_the_same(packed: bool) -> None:
    """A byte at a time equals one piece."""
    raw = SHAPES["Axis: actor and mustUnderstand, non-ASCII"].encode()
    body = gzip.compress(raw) if packed else raw
    admission = admit({"Content-Type": "text/xml", "Content-Encoding": "gzip" if packed else "identity"})
    assert isinstance(admission, Admission)
    for size in (1, 2, 1000):
        found = inspect([body[at : at + size] for at in range(0, len(body), size)], admission)
        assert isinstance(found, Inspected)
        assert found.raw == raw


def test_refused_intake_stays_refused_and_holds_nothing() -> None:
    """After a refusal no later chunk is kept, and the answer does not change."""
    admission = admit({"Content-Type": "text/xml"})
    assert isinstance(admission, Admission)
    intake = Intake(admission, Limits(body_bytes=10))
    first = intake.feed(b"x" * 11)
    assert isinstance(first, Refusal)
    assert intake.feed(b"y") is first
    assert intake.close() is first


def test_position_of_an_error_is_told_without_the_input() -> None:
    """The caller's developer learns where and what, and nothing is repeated."""
    found = _any(b"<a>\n  <secret></other>\n</a>", "text/xml")
    assert isinstance(found, Refusal)
    assert "line 2" in found.text
    assert "tag name mismatch" in found.text
    assert "secret" not in found.text


def test_tree_outlives_the_thread_that_made_it() -> None:
    """A document with new names is parsed in a thread of its own; its tree can still be copied and moved."""
    import copy

    name = f"fresh{time.monotonic_ns()}"
    found = _inspected(ENVELOPE.replace("<q>", f"<{name}>").replace("</q>", f"</{name}>").encode())
    assert found.payload is not None
    other = etree.Element("other")
    other.append(copy.deepcopy(found.payload))
    other.append(found.payload)
    del found
    assert [child.tag for child in other] == [name] * 2


def test_ordinary_call_costs_little() -> None:
    """A call of 1.5 kB and one of 25 kB cost less than a few times what lxml needs to read the same bytes."""
    row = "".join(f"<o:Field{n}>some value of a field</o:Field{n}>" for n in range(10))
    for rows, bound in ((2, 10), (42, 8)):
        raw = (
            f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{ENV}" xmlns:a="{API}" xmlns:o="{OBJ}">'
            f"<e:Body><a:create>{f'<a:zObjects>{row}</a:zObjects>' * rows}</a:create></e:Body></e:Envelope>"
        ).encode()
        _inspected(raw)
        admission = admit({"Content-Type": "text/xml; charset=utf-8"})
        assert isinstance(admission, Admission)
        reading = Reference(lambda raw=raw: etree.fromstring(raw), times=40)
        assert reading.ratio(lambda raw=raw, by=admission: inspect(raw, by), bound, times=20) < bound
