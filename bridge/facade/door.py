"""Does a parsed body contain a journaled write, and which? Everything else passes through unchanged.

Journaled are create, update and delete of Payment and Refund. Names are compared more loosely than Zuora does (any
namespace, any case), so that nothing slips past the journal by its spelling (I10): what looks like a write but is not
spelled as one is refused, not forwarded. Must not decode values.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from lxml import etree

from bridge.facade.guard_envelope import SOAP12_ENCODING

JOURNALED = {"payment": "Payment", "refund": "Refund"}
WRITES = {"create": "zobjects", "update": "zobjects", "delete": "type"}
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

# SOAP 1.1 section 5.4.1 and SOAP 1.2 part 2 section 3.1.5.2: a value that stands elsewhere in the message, or outside.
_REFERENCES = ("href", f"{{{SOAP12_ENCODING}}}ref")
_ANY_REFERS = etree.XPath("boolean(.//@href | .//@enc:ref)", namespaces={"enc": SOAP12_ENCODING})
BY_REFERENCE = (
    "Objects and values by reference (href, multiRef) are not read: the message is document/literal. "
    "Nothing was sent to Zuora."
)


class Way(enum.Enum):
    """What is to be done with a body."""

    PASS = "pass"  # noqa: S105
    JOURNAL = "journal"
    REFUSE = "refuse"
    UNREAD = "unread"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Seen:
    """The way of a body, its operation and the object type it writes. ``why`` is for a refusal.

    REFUSE is a write that is not spelled as one, UNREAD one whose values stand elsewhere.
    """

    way: Way
    operation: str
    type: str = ""
    why: str = ""


def look(payload: etree._Element | None) -> Seen:
    """Look at the first child of a Body (or None for an empty one)."""
    if payload is None:
        return Seen(Way.PASS, "")
    operation = _local(payload)
    lower = operation.lower()
    if lower == "login":
        return Seen(Way.LOGIN, operation)
    carrier = WRITES.get(lower)
    if carrier is None:
        return Seen(Way.PASS, operation)
    carriers = [child for child in payload if _local(child).lower() == carrier]
    if lower == "delete":
        types = [str(child.xpath("string()")).strip() for child in carriers]
    else:
        types = [child.get(XSI_TYPE, "").strip().rpartition(":")[2] for child in carriers]
    if not any(name.rpartition(":")[2].lower() in JOURNALED for name in types):
        if any(_refers(child) for child in carriers):
            return Seen(Way.UNREAD, operation, why=BY_REFERENCE)
        if _hidden(payload):
            return Seen(Way.REFUSE, operation, why="An object's type is not where the WSDL has it.")
        return Seen(Way.PASS, operation)
    if len(set(types)) > 1:
        return Seen(Way.REFUSE, operation, why="All objects of a call must be of one type; nothing was processed.")
    if types[0] not in JOURNALED.values():
        return Seen(Way.REFUSE, operation, why="The type of the objects is not spelled as in the WSDL.")
    if operation not in WRITES:
        return Seen(Way.REFUSE, operation, why="The operation is not spelled as in the WSDL.")
    if _ANY_REFERS(payload):
        return Seen(Way.UNREAD, operation, why=BY_REFERENCE)
    return Seen(Way.JOURNAL, operation, types[0])


def _hidden(payload: etree._Element) -> bool:
    """Whether a write names a journaled type anywhere but on its objects: an element of that name at any depth, or a
    ``type`` attribute of any namespace (XML Schema had two before today's)."""
    for element in payload.iter(etree.Element):
        if _local(element).lower() in JOURNALED:
            return True
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() == "type" and _last(str(value)) in JOURNALED:
                return True
    return False


def _refers(element: etree._Element) -> bool:
    """Whether what an object is stands elsewhere, where a payment could hide from a look at its type."""
    return any(name in element.attrib for name in _REFERENCES)


def _last(name: str) -> str:
    return name.strip().rpartition(":")[2].lower()


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
