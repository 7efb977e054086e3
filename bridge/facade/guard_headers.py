"""The guard's first step: from the headers alone, may the body be read?

Contract: ``admit`` returns an Admission or a Refusal, never raises, and looks at Content-Type, Content-Encoding and
Content-Length only. SOAPAction is not looked at: clients send every variant of it, and dispatching on it is the
mistake of CVE-2022-38712 (SOAPAction spoofing). Must not read the body.
"""

import re
from collections.abc import Mapping

from bridge.facade.guard_terms import (
    DEFAULT_LIMITS,
    Admission,
    Limits,
    Refusal,
    excerpt,
    fault,
    too_large,
    unsupported,
)

# SOAP 1.1 section 6: "HTTP applications MUST use the media type text/xml"; SOAP 1.2 part 2 section 7.1.4 says
# application/soap+xml (RFC 3902). One live Zuora client sends text/plain. None of them decides the version: the
# envelope does. application/xml is in no SOAP document.
MEDIA_TYPES = frozenset({"text/xml", "text/plain", "application/soap+xml"})

# SOAP Messages with Attachments, MTOM and XOP: parts outside the envelope, which nobody here could read or keep.
_ATTACHING = ("multipart/", "application/xop+xml", "application/dime")

# The names in IANA's character set registry for the encodings XML clients use, and no others: an encoding that
# hides "<" from a filter (UTF-7, EBCDIC, ISO-2022) is a bypass, not a convenience.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "us-ascii",
    "ascii": "us-ascii",
    "iso-8859-1": "iso-8859-1",
    "iso_8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}

# RFC 9110 section 5.6.6: name=token or name="quoted string"; stray semicolons are seen in the wild and mean nothing.
_PARAMETER = re.compile(r'\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*(?:;|$)|\s*;|\s*$')
_LONGEST_HEADER = 1024


def admit(headers: Mapping[str, str], limits: Limits = DEFAULT_LIMITS) -> Admission | Refusal:
    """Decide on the headers of one POST. Repeated headers are seen if the mapping's ``items`` repeats them."""
    content_type: str | None = None
    coding = ""
    length: int | None = None
    for name, value in headers.items():
        match name.lower():
            case "content-type":
                if content_type is not None and content_type != value:
                    return unsupported("media-type", "two different Content-Type headers")
                content_type = value
            case "content-encoding":
                coding = f"{coding}, {value}" if coding else value
            case "content-length":
                digits = value.strip()
                if not (digits.isascii() and digits.isdigit()):
                    return fault("headers", "its Content-Length is not a number")
                # Compared as text first: int() of some thousand digits raises (CVE-2020-10735).
                if len(digits.lstrip("0")) > 18 or int(digits) > limits.body_bytes:
                    return too_large("size", f"its Content-Length is over {limits.body_bytes} bytes")
                if length is not None and length != int(digits):
                    return fault("headers", "it has two different Content-Length headers")
                length = int(digits)
    coding = coding.strip().lower()
    # "deflate" is zlib in RFC 9110 and raw deflate in half the world; nobody sends requests in it.
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        return unsupported("content-encoding", f"Content-Encoding {excerpt(coding)}; identity and gzip are")
    if content_type is None:
        # RFC 9110 section 8.3 lets a recipient guess. A guess here would let a form post reach a parser.
        return unsupported("media-type", "no Content-Type; text/xml is")
    return _content_type(content_type, gzip=coding in {"gzip", "x-gzip"}, length=length)


def _content_type(value: str, *, gzip: bool, length: int | None) -> Admission | Refusal:
    if len(value) > _LONGEST_HEADER:
        return unsupported("media-type", f"a Content-Type of {len(value)} characters")
    media_type, _, parameters = value.partition(";")
    media_type = media_type.strip().lower()
    if media_type.startswith(_ATTACHING):
        what = f"Content-Type {excerpt(media_type)}: attachments (MTOM, XOP, SwA) are not; text/xml is"
        return unsupported("media-type", what)
    if media_type not in MEDIA_TYPES:
        return unsupported("media-type", f"Content-Type {excerpt(media_type)}; text/xml is")
    charset: str | None = None
    at = 0
    while at < len(parameters):
        found = _PARAMETER.match(parameters, at)
        if found is None:
            return unsupported("media-type", "a Content-Type whose parameters cannot be read")
        at = max(found.end(), at + 1)
        if (found[1] or "").lower() != "charset":
            continue
        token = found[2][1:-1] if found[2].startswith('"') else found[2]
        if charset is not None and charset.lower() != token.lower():
            return unsupported("charset", "two different charsets")
        charset = token
    if charset is None:
        return Admission(media_type, None, None, gzip, length)
    encoding = ENCODINGS.get(charset.lower())
    if encoding is None:
        return unsupported("charset", f"charset {excerpt(charset)}; utf-8, us-ascii, iso-8859-1 and utf-16 are")
    return Admission(media_type, charset, encoding, gzip, length)
