"""Which characters do these bytes mean? One answer, or a refusal.

Contract: ``to_utf8`` returns the document as UTF-8 without byte order mark and without XML declaration, so that the
parser has nothing left to decide. Order of authority as in RFC 7303 section 3: byte order mark, charset parameter,
XML declaration, then UTF-8. Labels that would read these bytes differently are refused: two readers of the same
bytes must not see two messages. Must not parse beyond the declaration.
"""

import codecs
import io
import re

from bridge.facade.guard_headers import ENCODINGS
from bridge.facade.guard_terms import Refusal, excerpt, fault

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, of which it is an extension
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# XML 1.0 section 2.8. Version 1.1 is refused: its other idea of white space and control characters is a second reading.
_DECLARATION = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z0-9._-]{1,40})"|'([A-Za-z0-9._-]{1,40})'))?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>"""
)
_STARTS_DECLARATION = re.compile(rb"<\?xml[ \t\r\n]")
_LONGEST_DECLARATION = 512
_BLOCK = 256 * 1024


def to_utf8(raw: bytes, charset: str | None) -> bytes | Refusal:
    """Decode by the byte order mark, the canonical ``charset`` or the declaration, and check that they agree."""
    mark, marked = b"", None
    for mark, marked in _MARKS:  # noqa: B007 (both are used after the loop)
        if raw.startswith(mark):
            break
    else:
        mark, marked = b"", None
    if marked == "utf-32":
        return fault("encoding", "it is in UTF-32, which is not accepted")
    if marked and charset and marked != charset and not (charset == "utf-16" and marked.startswith("utf-16")):
        return fault("encoding", "its byte order mark contradicts the charset of its Content-Type")
    known = marked or charset
    if known == "utf-16" or (known is None and raw[:2] in (b"<\0", b"\0<")):
        # XML 1.0 section 4.3.3: "Entities encoded in UTF-16 MUST ... begin with the Byte Order Mark".
        return fault("encoding", "it is in UTF-16 without a byte order mark")
    if known is None:
        known = _declared_first(raw)
        if known == "utf-16" or known.startswith("utf-16"):
            return fault("encoding", "its XML declaration says UTF-16, but its bytes are not")
    text = _transcode(raw, len(mark), known)
    if isinstance(text, Refusal):
        return text
    if text.startswith(codecs.BOM_UTF8):
        return fault("encoding", "it has two byte order marks")
    return _without_declaration(text, known, raw)


def _declared_first(raw: bytes) -> str:
    """Return what the declaration says where nothing else speaks; unknown names are refused later, with the text."""
    found = _DECLARATION.match(raw, 0, _LONGEST_DECLARATION)
    name = (found[1] or found[2] or b"utf-8").decode("ascii").lower() if found else "utf-8"
    return ENCODINGS.get(name, "utf-8")


def _transcode(raw: bytes, start: int, encoding: str) -> bytes | Refusal:
    """Return UTF-8, validated. In blocks: one rare character would make Python's whole text four bytes wide."""
    if encoding in {"utf-8", "us-ascii", "iso-8859-1"} and raw.isascii():
        return raw[start:]
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    out = io.BytesIO()
    try:
        for at in range(start, len(raw), _BLOCK):
            characters = decoder.decode(raw[at : at + _BLOCK], at + _BLOCK >= len(raw))
            if encoding != "utf-8":
                out.write(characters.encode("utf-8"))
    except UnicodeError:
        return fault("encoding", f"its bytes are not {encoding}")
    return raw[start:] if encoding == "utf-8" else out.getvalue()


def _without_declaration(text: bytes, actual: str, raw: bytes) -> bytes | Refusal:
    if not _STARTS_DECLARATION.match(text):
        return text
    found = _DECLARATION.match(text, 0, _LONGEST_DECLARATION)
    if found is None:
        return fault("malformed", "its XML declaration is not one of XML 1.0")
    name = (found[1] or found[2] or b"").decode("ascii")
    if name:
        declared = ENCODINGS.get(name.lower())
        if declared is None:
            return fault("encoding", f"its XML declaration names the encoding {excerpt(name)}, which is not accepted")
        wide = actual.startswith("utf-16")
        # A wrong label over pure ASCII harms nobody and is common; over anything else it is a second reading.
        agrees = declared in {actual, "utf-16"} if wide else declared == actual or raw.isascii()
        if not agrees or wide != declared.startswith("utf-16"):
            return fault("encoding", f"its XML declaration says {excerpt(name)}, but it is sent as {actual}")
    return text[found.end() :]
