"""The WSDL as callers get it from the bridge: the file byte for byte but for its address.

Bytes are replaced and nothing is re-serialised, because a client's build may compare or patch the file as text. Only
the extended variant is written anew. Must not choose the address.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from lxml import etree

from bridge.contract.errors import ContractError
from bridge.contract.extension import graft
from bridge.contract.reader import SOAP
from bridge.contract.xml import parse

_SKIPPED = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_TAG = rb"<(?:([A-Za-z_][\w.-]*):)?address(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>"
_TOKENS = re.compile(rb"(?s:" + _SKIPPED + rb"|(" + _TAG + rb"))")
_LOCATION = re.compile(rb"(?s)(\slocation\s*=\s*)(\"[^\"]*\"|'[^']*')")


def served_wsdl(raw: bytes, address: str) -> bytes:
    """The file with ``address`` in place of every SOAP address."""
    ports = _ports(parse(raw))
    prefixes = {(port.prefix or "").encode() for port in ports}
    quoted = quoteattr(address).encode("ascii", "xmlcharrefreplace")
    replaced = 0

    def replace(found: re.Match[bytes]) -> bytes:
        nonlocal replaced
        tag = found[1]
        if tag is None or (found[2] or b"") not in prefixes:
            return found[0]
        changed, count = _LOCATION.subn(lambda part: part[1] + quoted, tag, count=1)
        replaced += count
        return changed

    served = _TOKENS.sub(replace, raw)
    # Checked by parsing: a file in UTF-16, or with a prefix bound twice, must not be served with Zuora's address in it.
    if not ports or replaced != len(ports) or {port.get("location") for port in _ports(parse(served))} != {address}:
        raise ContractError("the address in the WSDL cannot be replaced")
    return served


def extended_wsdl(raw: bytes, extension: bytes, address: str) -> bytes:
    """The same with the extension elements in their alphabetical places."""
    tree = parse(raw)
    graft(tree, parse(extension))
    return served_wsdl(etree.tostring(tree, xml_declaration=True, encoding="UTF-8"), address)


def _ports(tree: etree._ElementTree) -> list[etree._Element]:
    return list(tree.getroot().iter(f"{{{SOAP}}}address"))
