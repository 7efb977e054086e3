"""Any input whatsoever leads to Inspected or Refusal, and what is accepted means the same to a second parser.

The first rule is h11's ("either successfully parse it, or else" one kind of error, "never any other"); the second is
what makes a pass-through of unchanged bytes safe.
"""

import gzip
import io
from threading import Thread
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bridge.facade.guard import Admission, Inspected, Refusal, admit, inspect

ENV = "http://schemas.xmlsoap.org/soap/envelope/"
SEED = (
    f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{ENV}" xmlns:a="http://api.zuora.com/">'
    '<e:Header><a:SessionHeader e:mustUnderstand="0"><a:session>s</a:session></a:SessionHeader></e:Header>'
    '<e:Body><a:create><a:zObjects xmlns:o="urn:o" o:type="o:Payment"><o:Amount>1<!-- c -->0.50</o:Amount>'
    "<o:Comment><![CDATA[a < b & c]]>&#xE9;&amp;\u20ac</o:Comment></a:zObjects></a:create></e:Body></e:Envelope>"
).encode()
TOKENS = [
    *(b"&#xD83D;&#xDE00;", b"&#55357;&#56832;", b"&#xDE00;", b"http://www.w3.org/2003/05/soap-envelope"),
    *(b"<!DOCTYPE x>", b"<!ENTITY", b"&x;", b"&#0;", b"&#xD800;", b"<?x?>", b"<!--", b"-->", b"<![CDATA[", b"]]>"),
    *(
        b"<",
        b">",
        b"/>",
        b"</",
        b"&",
        b'"',
        b"'",
        b"=",
        b"\0",
        b"\x01",
        b"\r\n",
        b" " * 20,
        b"xmlns=''",
        b"xmlns:a='u'",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xc0\xbc",
        b"\xed\xa0\x80",
        b"\x85",
        b"encoding='utf-16'",
        b"a:",
        b":",
        b"xml:id='1'",
    ),
    *(b"<e:Body>", b"</e:Body>", b"<a>" * 40, b" z='1'" * 70, b"n" * 300, b"1.1", b"<?xml version='1.0'?>"),
]
CONTENT_TYPES = st.sampled_from(
    ["text/xml", "text/xml; charset=utf-8", "text/xml; charset=iso-8859-1", "text/xml; charset=utf-16"]
)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A valid envelope after a few cuts, doublings, flips and insertions of dangerous tokens."""
    body = SEED
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        to = min(len(body), at + draw(st.integers(0, 60)))
        match draw(st.integers(0, 4)):
            case 0:
                body = body[:at] + body[to:]
            case 1:
                body = body[:to] + body[at:]
            case 2:
                body = body[:at] + draw(st.sampled_from(TOKENS)) + body[at:]
            case 3:
                body = body[:at] + draw(st.binary(max_size=4)) + body[to:]
            case _:
                other = draw(st.integers(0, len(body)))
                body = body[:other] + body[at:to] + body[other:]
    return body


def _judge(body: bytes, headers: dict[str, str]) -> Inspected | Refusal:
    admission = admit(headers)
    assert isinstance(admission, Admission)
    found = inspect(body, admission)
    assert isinstance(found, (Inspected, Refusal))
    if isinstance(found, Refusal):
        assert found.text.isascii()
        assert found.text.isprintable()
        assert len(found.text) < 250
    return found


def _same_to_expat(found: Inspected, encoding: str | None) -> None:
    """Parse the accepted bytes with expat and compare canonical forms (Canonical XML 2.0, comments left out)."""
    # expat does not know this common misspelling, which Java's readers and we take for utf-8
    given_bytes = found.raw.replace(b'"UTF8"', b'"UTF-8"')
    theirs = io.StringIO()
    parser = ElementTree.XMLParser(target=ElementTree.C14NWriterTarget(theirs.write), encoding=encoding)
    try:
        parser.feed(given_bytes)
        parser.close()
    except ElementTree.ParseError:
        # expat takes the names of XML 1.0's fourth edition, libxml2 those of the fifth: a second reader that refuses
        # is no second meaning.
        return
    assert ElementTree.canonicalize(etree.tostring(found.envelope, encoding="unicode")) == theirs.getvalue()


@settings(max_examples=600, deadline=None, derandomize=True)
@given(mutants(), CONTENT_TYPES)
def test_mutated_envelope_is_accepted_or_refused(body: bytes, content_type: str) -> None:
    """No mutation raises, and an accepted one reads the same in libxml2 and in expat."""
    found = _judge(body, {"Content-Type": content_type})
    if isinstance(found, Inspected):
        assert found.raw == body
        assert len(found.body) <= 1
        _same_to_expat(found, found.admission.encoding)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_mutated_gzip_is_accepted_or_refused(data: st.DataObject) -> None:
    """No damage to a gzip frame raises."""
    packed = bytearray(gzip.compress(SEED, mtime=0))
    for _ in range(data.draw(st.integers(0, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(0, len(packed)))
    _judge(bytes(packed[:end]), {"Content-Type": "text/xml", "Content-Encoding": "gzip"})


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=300), CONTENT_TYPES, st.sampled_from(["", "gzip"]))
def test_noise_is_refused(body: bytes, content_type: str, coding: str) -> None:
    """Bytes without any structure are a Refusal."""
    assert isinstance(_judge(body, {"Content-Type": content_type, "Content-Encoding": coding}), Refusal)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["Content-Type", "Content-Encoding", "Content-Length", "SOAPAction", "X"]),
        st.text(max_size=60)
        | st.lists(st.sampled_from(["text/xml", ";", "charset", "=", '"', "\\", "utf-8", " ", ","]), max_size=12).map(
            "".join
        ),
    )
)
def test_noisy_headers_are_admitted_or_refused(headers: dict[str, str]) -> None:
    """No header value raises."""
    found = admit(headers)
    assert isinstance(found, (Admission, Refusal))
    if isinstance(found, Refusal):
        assert found.text.isascii()
        assert found.text.isprintable()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(mutants(), st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_cutting_into_chunks_changes_nothing(body: bytes, sizes: list[int]) -> None:
    """However the network cuts the bytes, the verdict is the same, to the last word of a refusal."""
    admission = admit({"Content-Type": "text/xml; charset=utf-8"})
    assert isinstance(admission, Admission)
    chunks, at = [], 0
    for size in sizes:
        chunks.append(body[at : at + size])
        at += size
    whole, cut = inspect(body, admission), inspect([*chunks, body[at:]], admission)
    assert type(whole) is type(cut)
    if isinstance(whole, Refusal):
        assert whole == cut


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["</a>", "<b></a>", "\n", "<a>", "</b>", "<c:d/>", "x"]), min_size=1, max_size=8))
def test_a_refusal_tells_of_its_own_document(pieces: list[str]) -> None:
    """What is refused where other documents were refused before is refused in the same words as in a new thread.

    Documents of known names are parsed in the thread they arrive in, and lxml keeps a log of errors per thread.
    """
    head, tail = f'<e:Envelope xmlns:e="{ENV}"><e:Body>', "</e:Body></e:Envelope>"
    admission = admit({"Content-Type": "text/xml"})
    assert isinstance(admission, Admission)
    inside = "".join(f"{piece}</{piece[1:]}" for piece in ("<a>", "<b>")) + "\n<c:d xmlns:c='u'/>"
    assert isinstance(inspect(f"{head}<a>{inside}</a>{tail}".encode(), admission), Inspected)
    body = f"{head}{''.join(pieces)}{tail}".encode()
    apart: list[Inspected | Refusal] = []
    thread = Thread(target=lambda: apart.append(inspect(body, admission)))
    thread.start()
    thread.join()
    inspect(f"{head}<a></b></a>{tail}".encode(), admission)
    here = inspect(body, admission)
    assert [type(here)] == [type(each) for each in apart]
    if isinstance(here, Refusal):
        assert [here] == apart
