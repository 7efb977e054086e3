"""Pairs of surrogate character references, as Axis 1.4 writes what is beyond the BMP, made into one reference each.

XML 1.0 section 4.1 has no reference to half a character, so such a document is not well-formed, and common. A high
surrogate's reference directly followed by a low one's can mean one thing only; everything else (one half, the wrong
order, something between them) stays as it is and is refused by the parser. In comments and CDATA sections the same
letters are text and stay. Only the copy that we parse is repaired: what passes to Zuora are the caller's own bytes.

Contract: no markup appears or disappears by a repair, so what ``scan`` found holds before and after; the cost is linear
and the number of repairs bounded. Must not repair any other defect.
"""

import re

from bridge.facade.guard_scan import OPAQUE
from bridge.facade.guard_terms import Limits, Refusal, fault

# U+D800 to U+DBFF and U+DC00 to U+DFFF; the x is lower-case in XML, its digits are of any case.
_HIGH = rb"&#(?:x0*+([dD][89abAB][0-9a-fA-F]{2})|0*+(5529[6-9]|55[3-9][0-9]{2}|56[0-2][0-9]{2}|563[01][0-9]));"
_LOW = (
    rb"&#(?:x0*+([dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|0*+(563[2-9][0-9]|56[4-9][0-9]{2}|57[0-2][0-9]{2}|573[0-3][0-9]|5734[0-3]));"
)
_PAIR = re.compile(_HIGH + _LOW)
_OPAQUE_OR_PAIR = re.compile(rb"%s|%s%s" % (OPAQUE.pattern, _HIGH, _LOW), re.DOTALL)


def repaired(document: bytes, markup: bytes, limits: Limits) -> bytes | Refusal:
    """The document with its pairs repaired; ``markup`` is the same without comments and CDATA sections."""
    if b"&#" not in markup or _PAIR.search(markup) is None:
        return document
    made, at, left = bytearray(), 0, limits.surrogate_pairs
    for found in _OPAQUE_OR_PAIR.finditer(document):
        if found.lastindex is None:
            continue
        left -= 1
        if left < 0:
            return fault("surrogates", f"it has more than {limits.surrogate_pairs} pairs of surrogate references")
        made += document[at : found.start()] + _character(found)
        at = found.end()
    return bytes(made + document[at:])


def _character(pair: re.Match[bytes]) -> bytes:
    high = int(pair[1], 16) if pair[1] else int(pair[2])
    low = int(pair[3], 16) if pair[3] else int(pair[4])
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
