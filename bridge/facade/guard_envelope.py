"""From scanned UTF-8 to one SOAP envelope, of version 1.1 or 1.2 as its namespace says.

Contract: ``parse`` and ``envelope`` return a Refusal for every document that is not a well-formed, bounded envelope;
no entity is expanded, no file or address opened, XInclude has no effect, comments are gone. Must not know Zuora.
"""

from dataclasses import replace
from functools import cache

from lxml import etree

from bridge.facade.guard_terms import Admission, Inspected, Limits, Refusal, fault

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP12_ENCODING = "http://www.w3.org/2003/05/soap-encoding"
# W3C: XML-binary Optimized Packaging, section 2.1: stands for the bytes of another MIME part.
_XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"


def parse(document: bytes, limits: Limits) -> etree._Element | Refusal:
    """Parse UTF-8 without a declaration."""
    # A parser is cheap (2 microseconds) and keeps an error log, so each document has its own.
    # OWASP XML External Entity Prevention Cheat Sheet, lxml: resolve_entities=False, no_network=True, no DTD.
    # remove_comments: otherwise a comment inside a value cuts the value short (CVE-2017-11427 and its relatives).
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=False,
        recover=False,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        return _not_well_formed(parser, limits)
    except (etree.LxmlError, ValueError, LookupError):
        return fault("malformed", "it is not well-formed XML")
    if _too_deep(root, limits):
        return _depth_refusal(limits)
    if len(document) > limits.text_characters and _too_much_text(root, limits):
        return fault("text", f"an element has more than {limits.text_characters} characters of text")
    return root


def envelope(root: etree._Element, raw: bytes, admission: Admission) -> Inspected | Refusal:
    """Take an envelope apart: an optional Header, exactly one Body after it, at most one element in that."""
    # The envelope decides and not the media type: stacks and gateways put either type on either version, and a reader
    # that went by the envelope would see another message than one that went by the header.
    if root.tag == f"{{{SOAP11}}}Envelope":
        return _taken_apart(root, SOAP11, raw, admission)
    if root.tag == f"{{{SOAP12}}}Envelope":
        found = _taken_apart(root, SOAP12, raw, admission)
        return replace(found, soap12=True)
    # SOAP 1.2 part 1 section 5.4.7 knows VersionMismatch for this; the public contract has one code for every refusal.
    return fault("envelope", "its root is not an Envelope of SOAP 1.1 or 1.2")


def _taken_apart(root: etree._Element, soap: str, raw: bytes, admission: Admission) -> Inspected | Refusal:
    children = list(root)
    header = children.pop(0) if children and children[0].tag == f"{{{soap}}}Header" else None
    # SOAP 1.1 section 4 lets foreign elements follow the Body; WS-I Basic Profile 1.1 (R1011) and SOAP 1.2 part 1
    # section 5.1 forbid them, and a reader that took a second Body for the first would see another message than we did.
    if len(children) != 1 or children[0].tag != f"{{{soap}}}Body":
        return fault("envelope", "its Envelope does not hold an optional Header and then exactly one Body")
    body = children[0]
    if len(body) > 1:
        return fault("envelope", "its Body holds more than one element; objects by reference (multiRef) are not read")
    if next(root.iter(_XOP_INCLUDE), None) is not None:
        return fault("xop", "it holds an xop:Include, whose content is an attachment; attachments are not read")
    return Inspected(root, header, body, body[0] if len(body) else None, raw, admission)


@cache
def _deeper(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _too_deep(root: etree._Element, limits: Limits) -> bool:
    # Level by level in libxml2: 12 microseconds for 25 kB, a tenth of a walk in Python.
    return bool(_deeper(limits.depth)(root))


def _too_much_text(root: etree._Element, limits: Limits) -> bool:
    most = limits.text_characters
    if float(str(root.xpath("string-length(string(/))"))) <= most:
        return False
    for element in root.iter():
        characters = len(element.text or "")
        for child in element:
            characters += len(child.tail or "")
        if characters > most:
            return True
    return False


def _depth_refusal(limits: Limits) -> Refusal:
    return fault("depth", f"its elements are nested more than {limits.depth} deep")


def _not_well_formed(parser: etree.XMLParser, limits: Limits) -> Refusal:
    """Say where and in which way, in libxml2's vocabulary of error types: its messages repeat the input."""
    # The parser's own log: the exception carries the thread's, which begins with errors of earlier documents.
    log = parser.error_log
    first = log[0] if len(log) else None
    if first is None:
        return fault("malformed", "it is not well-formed XML")
    if first.type_name in {"ERR_RESOURCE_LIMIT", "ERR_INTERNAL_ERROR"} and "depth" in first.message:
        return _depth_refusal(limits)
    kind = first.type_name.removeprefix("ERR_").replace("_", " ").lower()
    return fault("malformed", f"it is not well-formed XML (line {first.line}, column {first.column}: {kind})")
