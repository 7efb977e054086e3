"""Reads a SOAP request as liberally as Zuora does: headers by local name in any namespace, fields in any order.

Must not know sessions or business values; what it cannot read is a `ServerFault`, as Axis2 answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from lxml import etree

from bridge.sandbox.clock import ZONE
from bridge.sandbox.custom import CustomValue, Fields, from_text, is_custom
from bridge.sandbox.refusal import INVALID_VALUE, Refusal
from bridge.sandbox.soap.faults import ServerFault, TypedFault
from bridge.sandbox.soap.schema import CHILD_FIELDS, CONTAINER_CHILDREN, DATES_SINCE, SCHEMA, Field

ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_ID = re.compile(r"[a-zA-Z0-9]{32}|\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")

Value: TypeAlias = "str | Decimal | date | Refusal | list[ZObject] | None"


@dataclass
class ZObject:
    """One object of a request: its type and what was really given (nil and empty mean not given).

    `longest` are the lengths that the door it came by allows where SOAP allows others.
    """

    type: str
    fields: dict[str, Value]
    to_null: list[str] = field(default_factory=list)
    longest: Mapping[str, int] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return a string or id field."""
        value = self._value(name)
        return value if isinstance(value, str) else None

    def decimal(self, name: str) -> Decimal | None:
        """Return a decimal field."""
        value = self._value(name)
        return value if isinstance(value, Decimal) else None

    def day(self, name: str) -> date | None:
        """Return a date field."""
        value = self._value(name)
        return value if isinstance(value, date) else None

    def children(self, name: str) -> "list[ZObject]":
        """Return a container's children."""
        value = self._value(name)
        return value if isinstance(value, list) else []

    def custom(self, known: Fields) -> dict[str, CustomValue]:
        """Return the custom and NetSuite fields the tenant has; others are ignored like any unknown element."""
        return {
            name: from_text(known, name, value)
            for name, value in self.fields.items()
            if name in known and isinstance(value, str)
        }

    def gateway_options(self) -> dict[str, str]:
        """Return the gateway options by name."""
        rows = self.children("GatewayOptionData")
        return {row.text("name") or "": row.text("value") or "" for row in rows if row.text("name")}

    def _value(self, name: str) -> Value:
        value = self.fields.get(name)
        if isinstance(value, Refusal):
            raise value
        return value


@dataclass
class Request:
    """An envelope taken apart."""

    soap12: bool
    operation: str
    body: etree._Element
    session: str | None
    single_transaction: bool
    batch_size: int
    case_sensitive: bool


def read_request(raw: bytes) -> Request:
    """Parse an envelope; raise `ServerFault` where the SOAP engine would give up."""
    try:
        root = etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ServerFault(f"com.ctc.wstx.exc.WstxParsingException: {str(error).partition(', line')[0]}") from None
    if root.getroottree().docinfo.doctype:
        raise ServerFault("com.ctc.wstx.exc.WstxParsingException: Document Type Declaration is not allowed")
    namespace, _, name = str(root.tag).removeprefix("{").partition("}")
    if name != "Envelope" or namespace not in (ENVELOPE_11, ENVELOPE_12):
        raise ServerFault("The input stream for an incoming message is not a SOAP envelope.")
    body = root.find(f"{{{namespace}}}Body")
    if body is None or not len(body):
        raise ServerFault("unknown")
    headers = _headers(root.find(f"{{{namespace}}}Header"))
    batch = headers.get("batchsize", "").strip()
    return Request(
        soap12=namespace == ENVELOPE_12,
        operation=_local(body[0]),
        body=body[0],
        session=headers.get("session"),
        single_transaction=headers.get("usesingletransaction", "").strip() in ("true", "1", "yes"),
        batch_size=int(batch) if batch.isdecimal() else 0,
        case_sensitive=headers.get("casesensitive", "").strip() in ("true", "1", "yes"),
    )


def zobjects(request: Request, version: int) -> list[ZObject]:
    """Read the objects of a create or update; the type comes from xsi:type, its prefix resolved in scope."""
    return [_zobject(element, version) for element in request.body if _local(element) == "zObjects"]


def arguments(request: Request) -> list[tuple[str, str]]:
    """Return an operation's simple children in order, as (local name, text)."""
    return [(_local(element), element.text or "") for element in request.body]


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _headers(header: etree._Element | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if header is not None:
        for block in header:
            for child in block:
                found.setdefault(_local(child).lower(), (child.text or "").strip())
    return found


def _is_nil(element: etree._Element) -> bool:
    return (element.get(f"{_XSI}nil") or "").strip() in ("true", "1")


def _zobject(element: etree._Element, version: int) -> ZObject:
    if _is_nil(element):
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", "null is not allowed as an object")
    declared = (element.get(f"{_XSI}type") or "").strip()
    prefix, _, name = declared.rpartition(":")
    if not name:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", "invalid type: zObject")
    if prefix and prefix not in element.nsmap:
        raise ServerFault(f"Undeclared namespace prefix {prefix}")
    if name not in SCHEMA:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", f"invalid type: {name}")
    return _read_fields(element, name, SCHEMA[name], version)


def _read_fields(element: etree._Element, kind: str, known: Mapping[str, Field], version: int) -> ZObject:
    read = ZObject(kind, {})
    after_id = False
    for child in element:
        name = _local(child)
        after_id = after_id or name == "Id"
        if name == "fieldsToNull":
            # The one order within an object that the engine holds.
            if after_id:
                raise ServerFault("Unexpected subelement fieldsToNull")
            if child.text:
                read.to_null.append(child.text.strip())
            continue
        if _is_nil(child):
            continue
        value = _value(child, name, known, version)
        if value is not None:
            read.fields[name] = value
    return read


def _value(child: etree._Element, name: str, known: Mapping[str, Field], version: int) -> Value:
    spec = known.get(name)
    if spec is not None and spec.kind == "list":
        return _children(child, name, version) if spec.since <= version else None
    return typed_value(name, child.text or "", spec, version)


def typed_value(name: str, text: str, spec: Field | None, version: int) -> Value:
    """Turn a field's text into its value; `ServerFault` where it is not lexical."""
    if name == "Id":
        return _identifier(text.strip())
    if is_custom(name):
        return text or None
    # Unknown elements, also those of a later version, are ignored (seen live with Account).
    if spec is None or spec.since > version:
        return None
    if spec.kind in ("string", "boolean", "int"):
        return text or None
    text = text.strip()
    if not text:
        return None
    if spec.kind == "id":
        return _identifier(text)
    if spec.kind == "decimal":
        return _decimal(text)
    if spec.kind == "date":
        return _day(name, text, version)
    return _date_time(text)


def _children(element: etree._Element, name: str, version: int) -> "list[ZObject] | None":
    wanted = CONTAINER_CHILDREN[name]
    fields = CHILD_FIELDS[wanted]
    # Anything that is not the expected child is ignored (Zuora: Payment, InvoicePaymentData).
    found = [_read_fields(child, wanted, fields, version) for child in element if _local(child) == wanted]
    return found or None


def _identifier(text: str) -> str | None:
    if text and not _ID.fullmatch(text):
        raise ServerFault("Id is invalid")
    return text or None


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ServerFault(f"Invalid value {text} for type decimal")
    return value


def _day(name: str, text: str, version: int) -> date | Refusal:
    if version >= DATES_SINCE:
        if _DATE.fullmatch(text):
            return _parsed_day(text[:10])
        if _DATE_TIME.fullmatch(text):
            # Zuora: Date field changes: "you will get an INVALID_VALUE error message".
            return Refusal(INVALID_VALUE, f"The value of {name} must be a date.")
        raise ServerFault(f"Invalid value {text} for type date")
    return _date_time(text)


def _date_time(text: str) -> date:
    if len(text) < 19:
        raise ServerFault("date string can not be less than 19 charactors")
    if not _DATE_TIME.fullmatch(text):
        raise ServerFault(f"Invalid value {text} for type dateTime")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ServerFault(f"Invalid value {text} for type dateTime") from None
    return (moment.astimezone(ZONE) if moment.tzinfo else moment).date()


def _parsed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ServerFault(f"Invalid value {text} for type date") from None
