"""What can be refused before a parser sees it: a scan over the bytes at C speed.

Contract: ``scan`` takes UTF-8 without declaration and returns the markup (the same bytes without comments and CDATA
sections) or a Refusal. It is exact for well-formed documents; what is not well-formed may pass and is refused by the
parser, but never after more work than the limits allow. Every pattern is linear: quantifiers are possessive or end
at the next "<", which XML forbids inside tags. Must not decide whether the document is well-formed.
"""

import re
from itertools import islice

from bridge.facade.guard_terms import Limits, Refusal, fault

# An unclosed comment or section runs to the end: with that alternative the pattern always matches where it starts,
# so a thousand unclosed ones are one match and not a thousand scans to the end.
OPAQUE = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_REFERENCE = re.compile(rb"&(?!#|amp;|lt;|gt;|quot;|apos;)")
_ATTRIBUTE_LIKE = re.compile(rb"""=[ \t\r\n]*["']""")

# The shortest 33 declarations need more than 256 bytes (33 times ' xmlns:a=""'), and so do 65 attributes and a name
# of 257 characters. So only a "<" followed by this many bytes without another "<" needs a closer look.
_SHORTEST_EXCESS = 256
_LONG = re.compile(rb"<[^<]{%d}" % _SHORTEST_EXCESS)
_NAME = rb"""[^\s/>=<"'!?]++"""
_ATTRIBUTE = rb"""\s++[^\s=>/<"']++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
TAG = re.compile(rb"<(" + _NAME + rb")((?:" + _ATTRIBUTE + rb")*+)\s*+/?>")
ATTRIBUTES = re.compile(rb"""\s([^\s=>/<"']++)\s*+=\s*+("[^"<]*+"|'[^'<]*+')""")
_END_TAG = re.compile(rb"</([^\s>]*+)")


def scan(document: bytes, limits: Limits) -> bytes | Refusal:
    """Refuse what no SOAP message may contain, and what exceeds a limit that can be counted without parsing."""
    if not document or document.isspace():
        return fault("empty", "its body is empty")
    if b"\0" in document:
        return fault("malformed", "it is not well-formed XML: it contains a NUL character")
    markup = document
    # One rare byte is found by memchr; the two-byte search behind it costs ten times as much.
    if b"!" in document and b"<!" in document:
        if document.count(b"<!") > limits.elements:
            return fault("elements", f"it has more than {limits.elements} comments and CDATA sections")
        markup = OPAQUE.sub(b"", document)
        # SOAP 1.1 section 3: "A SOAP message MUST NOT contain a Document Type Declaration" nor processing
        # instructions; CWE-611 and CWE-776 are what happens to those who allow it.
        if b"<!" in markup:
            if b"<!DOCTYPE" in markup or b"<!ENTITY" in markup:
                return fault("doctype", "it has a document type declaration (DOCTYPE), which SOAP forbids")
            return fault("malformed", "it is not well-formed XML: '<!' that starts neither comment nor CDATA section")
    if b"?" in markup and b"<?" in markup:
        return fault("processing-instruction", "it has a processing instruction, which SOAP forbids")
    if b"&" in markup and _REFERENCE.search(markup):
        return fault("entity", "it has an unescaped '&' or an entity that is not one of XML's own five")
    starts = markup.count(b"<")
    if starts > limits.elements and starts - markup.count(b"</") > limits.elements:
        return fault("elements", f"it has more than {limits.elements} elements")
    if markup.count(b"=") > limits.all_attributes:
        found = sum(1 for _ in islice(_ATTRIBUTE_LIKE.finditer(markup), limits.all_attributes + 1))
        if found > limits.all_attributes:
            return fault("attributes", f"it has more than {limits.all_attributes} attributes")
    return markup


def scan_tags(markup: bytes, limits: Limits) -> Refusal | None:
    """Count attributes, declarations and name lengths of every tag that is long enough to exceed a limit."""
    for long in _LONG.finditer(markup):
        at = long.start()
        if markup.startswith(b"</", at):
            ending = _END_TAG.match(markup, at)
            assert ending is not None
            if _too_long(ending[1], limits):
                return _name_refusal(limits)
            continue
        tag = TAG.match(markup, at)
        if tag is None:
            return fault("malformed", "it is not well-formed XML: a tag cannot be read")
        if _too_long(tag[1], limits):
            return _name_refusal(limits)
        refusal = _scan_attributes(tag, limits)
        if refusal is not None:
            return refusal
    return None


def _scan_attributes(tag: re.Match[bytes], limits: Limits) -> Refusal | None:
    attributes = namespaces = 0
    markup = tag.string
    for attribute in ATTRIBUTES.finditer(markup, *tag.span(2)):
        name = attribute[1]
        if name == b"xmlns" or name.startswith(b"xmlns:"):
            namespaces += 1
        else:
            attributes += 1
        if namespaces > limits.namespaces:
            return fault("namespaces", f"an element has more than {limits.namespaces} namespace declarations")
        if attributes > limits.attributes:
            return fault("attributes", f"an element has more than {limits.attributes} attributes")
        if _too_long(name, limits):
            return _name_refusal(limits)
        if attribute.end(2) - attribute.start(2) > limits.text_characters:
            return fault("text", f"an attribute has more than {limits.text_characters} bytes of text")
    return None


def _too_long(name: bytes, limits: Limits) -> bool:
    # A character is up to four bytes of UTF-8; only names in between need to be decoded to be counted.
    if len(name) <= limits.name_characters:
        return False
    return len(name) > 4 * limits.name_characters or len(name.decode("utf-8", "replace")) > limits.name_characters


def _name_refusal(limits: Limits) -> Refusal:
    return fault("name", f"it has a name of more than {limits.name_characters} characters")
