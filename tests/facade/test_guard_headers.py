"""The guard's first step: what the headers alone decide."""

import pytest

from bridge.facade.guard import Admission, Refusal, admit


def _admitted(**headers: str) -> Admission:
    found = admit({name.replace("_", "-"): value for name, value in headers.items()})
    assert isinstance(found, Admission)
    return found


def _refused(**headers: str) -> Refusal:
    found = admit({name.replace("_", "-"): value for name, value in headers.items()})
    assert isinstance(found, Refusal)
    return found


@pytest.mark.parametrize(
    ("content_type", "charset", "encoding"),
    [
        ("text/xml", None, None),
        ("text/xml;", None, None),
        ("Text/XML; Charset=UTF-8", "UTF-8", "utf-8"),
        ("text/xml;charset=utf-8", "utf-8", "utf-8"),
        ("text/xml; charset=Utf-8;", "Utf-8", "utf-8"),
        ('text/xml; charset="utf-8"', "utf-8", "utf-8"),
        ('text/xml ; charset = "UTF-8" ;', "UTF-8", "utf-8"),
        ("text/plain; charset=utf-8", "utf-8", "utf-8"),
        ("text/xml; charset=ISO-8859-1", "ISO-8859-1", "iso-8859-1"),
        ("text/xml; charset=utf-16", "utf-16", "utf-16"),
        ("text/xml; charset=UTF-16LE", "UTF-16LE", "utf-16-le"),
        ("text/xml; charset=us-ascii", "us-ascii", "us-ascii"),
        ('text/xml; action=""; charset=utf-8', "utf-8", "utf-8"),
        ("text/xml;; charset=utf-8; charset=UTF-8", "UTF-8", "utf-8"),
        ('text/xml; x="a;charset=utf-7"; charset=utf-8', "utf-8", "utf-8"),
        ("application/soap+xml", None, None),
        ("application/soap+xml; charset=utf-8", "utf-8", "utf-8"),
        ('application/soap+xml; charset=utf-8; action=""', "utf-8", "utf-8"),
        ('Application/SOAP+XML;charset=UTF-8;action="http://api.zuora.com/#create"', "UTF-8", "utf-8"),
    ],
)
def test_content_types_of_real_clients_are_admitted(
    content_type: str, charset: str | None, encoding: str | None
) -> None:
    """Case, quotes, spaces and stray semicolons do not matter, and the charset keeps the caller's spelling."""
    found = _admitted(content_type=content_type)
    assert (found.charset, found.encoding) == (charset, encoding)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml",
        "application/soap",
        "application/soap+xmlx",
        "application/json",
        "multipart/related; type=text/xml; boundary=x",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/html",
        "text/xml, text/xml",
        "",
        "*/*",
        "text/xml; charset=utf-8 text",
        'text/xml; charset="utf-8',
        "text/xml;" + " " * 5000,
    ],
)
def test_other_media_types_are_415(content_type: str) -> None:
    """SOAP 1.1 is text/xml, SOAP 1.2 application/soap+xml; nothing is guessed."""
    found = _refused(content_type=content_type)
    assert (found.status, found.reason) == (415, "media-type")


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/related; type="application/xop+xml"; start="<r>"; start-info="text/xml"; boundary="x"',
        "Multipart/Related; type=text/xml; boundary=x",
        'application/xop+xml; charset=utf-8; type="text/xml"',
        "application/dime",
    ],
)
def test_attachments_are_refused_by_name(content_type: str) -> None:
    """MTOM, XOP and SwA: the caller's developer reads what to switch off."""
    found = _refused(content_type=content_type)
    assert (found.status, found.reason) == (415, "media-type")
    assert "attachments (MTOM, XOP, SwA)" in found.text


@pytest.mark.parametrize("charset", ["utf-7", "utf-32", "unicode_escape", "idna", "cp1252", "x", "", '""', "utf-8\x00"])
def test_other_charsets_are_415(charset: str) -> None:
    """Python knows a hundred more codecs, none of which belongs in a payment call."""
    found = _refused(content_type=f"text/xml; charset={charset}")
    assert (found.status, found.reason) == (415, "charset")


def test_two_different_charsets_are_415() -> None:
    """Two readers could take one each."""
    assert _refused(content_type="text/xml; charset=utf-8; charset=utf-16").reason == "charset"


def test_missing_content_type_is_415() -> None:
    """A guess would let a browser's form post reach the parser."""
    assert _refused(host="x").status == 415


def test_two_different_content_types_are_415() -> None:
    """A mapping that repeats a header is read to its end."""

    class Repeating(dict[str, str]):
        def items(self):
            return [("Content-Type", "text/xml"), ("CONTENT-TYPE", "text/plain")]

    assert isinstance(admit(Repeating()), Refusal)


@pytest.mark.parametrize(("coding", "packed"), [("", False), ("identity", False), ("gzip", True), ("X-GZIP", True)])
def test_identity_and_gzip_are_admitted(coding: str, packed: bool) -> None:
    """The two content codings that real stacks send."""
    assert _admitted(content_type="text/xml", content_encoding=coding).gzip is packed


@pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip", "gzip,identity", "compress", "x\r\ny"])
def test_other_content_encodings_are_415(coding: str) -> None:
    """Stacked and unknown codings are refused before anything is unpacked, and their name is made harmless."""
    found = _refused(content_type="text/xml", content_encoding=coding)
    assert (found.status, found.reason) == (415, "content-encoding")
    assert found.text.isprintable()


@pytest.mark.parametrize("length", ["0", "8388608", " 12 ", "00012"])
def test_declared_length_within_the_limit_is_admitted(length: str) -> None:
    """8 MiB exactly is not over 8 MiB."""
    assert _admitted(content_type="text/xml", content_length=length).declared_length == int(length)


@pytest.mark.parametrize("length", ["8388609", "9" * 18, "9" * 10_000])
def test_declared_length_over_the_limit_is_413(length: str) -> None:
    """The body is not even awaited; a number of thousands of digits is not converted."""
    found = _refused(content_type="text/xml", content_length=length)
    assert (found.status, found.reason) == (413, "size")


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "", "١٢", "12, 12", "1_0"])
def test_declared_length_that_is_no_number_is_refused(length: str) -> None:
    """Only ASCII digits are a length (RFC 9110 section 8.6)."""
    found = _refused(content_type="text/xml", content_length=length)
    assert (found.status, found.reason) == (500, "headers")


def test_refusal_repeats_little_and_nothing_dangerous() -> None:
    """CR, LF, brackets and quotes of a hostile header do not come back, nor more than forty characters."""
    found = _refused(content_type="evil\r\nSet-Cookie: a=b<script>'\"\x1b[31m\u202e" + "x" * 500)
    assert not set('\r\n<>"\x1b\u202e') & set(found.text)
    assert len(found.text) < 160
