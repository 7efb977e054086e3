"""Answers, byte for byte as Zuora's server (Axis2 with Woodstox) writes them; legacy code compares prefixes as text.

Element names and their order come from the contract's result types, compiled once per operation; values are escaped and
joined as strings. Every error code is brought down to what the caller's version knows, every fault to one that the
WSDL declares for the operation. Must not decide what an outcome means: it renders what it is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.contract.contract import Contract, Field
from bridge.contract.errors import ContractError
from bridge.contract.versions import NOTHING, ErrorCodes
from bridge.core.model import CallFault, Outcome, RowError, Told, Version

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
FALLBACK_FAULT = "UnexpectedErrorFault"
# SOAP 1.2 part 1 section 5.4.6 renames the two codes that SOAP 1.1 section 4.4.1 calls Client and Server.
_SOAP12_CODES: Final = {"Server": "Receiver", "Client": "Sender"}

# ">" is escaped everywhere, a carriage return so that parsers do not turn it into a line feed (XML 1.0 section 2.11);
# what XML 1.0 section 2.2 forbids becomes U+FFFD, because an answer that cannot be parsed is a lost answer.
_SPECIAL = re.compile("[^\t\n\u0020-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xd;"}


@dataclass(frozen=True, slots=True)
class Style:
    """How this caller wants to be answered: its version, its envelope, its spelling of the charset."""

    version: Version
    soap12: bool = False
    encoding: str = "UTF-8"

    @property
    def content_type(self) -> str:
        """The exact header: some stacks fail on a space after the semicolon, others on quotes."""
        return f"{'application/soap+xml' if self.soap12 else 'text/xml'};charset={self.encoding}"


def encoding_token(charset: str | None) -> str:
    """The caller's own spelling of utf-8, else ``UTF-8``: answers are always in it, whatever the request was in."""
    token = (charset or "").strip("\"' \t")
    return token if token.lower() == "utf-8" else "UTF-8"


def escape(text: str) -> str:
    """Text content, escaped."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


Row = Callable[[Outcome, ErrorCodes, str | None], str]
"""An outcome as a result; the text is the id that a refused delete was asked for."""


class Renderer:
    """Compiled from a contract once; safe to share between threads. ``since``: as ``ErrorCodes`` takes it."""

    def __init__(self, contract: Contract, since: Mapping[str, Version | None] = NOTHING) -> None:
        self._contract = contract
        self._since = since
        self._rows: dict[str, tuple[str, Row, str]] = {}
        self._codes: dict[Version, ErrorCodes] = {}
        self._fault_namespace, self._kinds = _faults(contract)
        for name in contract.operations:
            compiled = _rows(contract, name)
            if compiled is not None:
                self._rows[name] = compiled

    def rows(
        self, operation: str, outcomes: Sequence[Outcome], style: Style, ids: Sequence[str] | None = None
    ) -> bytes:
        """The answer of ``create``, ``update`` or ``delete``: one result per outcome, in order.

        ``ids`` are those that a ``delete`` asked for: its failures name them (Zuora: Actions, delete, which has the
        same result in JSON), those of the others have no Id.
        """
        compiled = self._rows.get(operation)
        if compiled is None:
            raise ContractError(f"the answer of {operation} has no rows")
        before, row, after = compiled
        if not outcomes:
            # Woodstox closes an element without content at once.
            return envelope(f"{before[:-1]} />", style)
        codes = self._known(style.version)
        keys = ids if ids is not None else [None] * len(outcomes)
        rows = [row(each, codes, key) for each, key in zip(outcomes, keys, strict=True)]
        return envelope(before + "".join(rows) + after, style)

    def fault(self, fault: CallFault, operation: str, style: Style) -> bytes:
        """A fault of Zuora's own: its kind is one that ``operation`` declares, its code one that the caller knows."""
        code, message = self._known(style.version).told(fault.code, fault.message)
        kind = fault.kind if fault.kind in self._kinds.get(operation, ()) else FALLBACK_FAULT
        text = escape(message)
        detail = (
            f"<fns:{kind}><fns:FaultCode>{code}</fns:FaultCode><fns:FaultMessage>{text}</fns:FaultMessage></fns:{kind}>"
        )
        # fns is declared on the Fault itself: .NET resolves the faultcode as a QName.
        declared = f' xmlns:fns="{self._fault_namespace}"'
        return envelope(_fault(f"fns:{code}", text, detail, declared, style), style)

    def _known(self, version: Version) -> ErrorCodes:
        codes = self._codes.get(version)
        if codes is None:
            # A tenant's file is an enumeration that its callers of the same or a later version have too.
            own = self._contract.error_codes if version >= self._contract.version else ()
            codes = ErrorCodes.for_version(version, own=frozenset(own), since=self._since)
            if len(self._codes) < 256:
                self._codes[version] = codes
        return codes


def server_fault(text: str, style: Style, *, code: str = "Server") -> bytes:
    """An infrastructure fault, as Axis2 raises it before an operation runs; ``code`` is one of the envelope's."""
    escaped = escape(text)
    code = _SOAP12_CODES.get(code, code) if style.soap12 else code
    detail = f"<Exception>{escaped}</Exception>"
    return envelope(_fault(f"soapenv:{code}", escaped, detail, "", style), style)


def envelope(body: str, style: Style) -> bytes:
    """A whole answer around what is in its Body."""
    uri = SOAP12 if style.soap12 else SOAP11
    return (
        f"<?xml version='1.0' encoding='{style.encoding}'?>"
        f'<soapenv:Envelope xmlns:soapenv="{uri}"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    ).encode()


def _fault(code: str, text: str, detail: str, declared: str, style: Style) -> str:
    if not style.soap12:
        return (
            f"<soapenv:Fault{declared}><faultcode>{code}</faultcode><faultstring>{text}</faultstring>"
            f"<detail>{detail}</detail></soapenv:Fault>"
        )
    # SOAP 1.2 part 1 section 5.4.1 wants an application's own code in a Subcode. Legacy code that speaks 1.2 looks for
    # "fns:INVALID_SESSION" in the outer Value, where SOAP 1.1 has it, and logs in again only if it is there.
    return (
        f"<soapenv:Fault{declared}><soapenv:Code><soapenv:Value>{code}</soapenv:Value></soapenv:Code>"
        f'<soapenv:Reason><soapenv:Text xml:lang="en-US">{text}</soapenv:Text></soapenv:Reason>'
        f"<soapenv:Detail>{detail}</soapenv:Detail></soapenv:Fault>"
    )


def _faults(contract: Contract) -> tuple[str, dict[str, frozenset[str]]]:
    names = {name for operation in contract.operations.values() for name in operation.faults}
    spaces = {name.namespace for name in names}
    if len(spaces) > 1:
        raise ContractError("the faults are in more than one namespace")
    kinds = {o.name: frozenset(name.name for name in o.faults) for o in contract.operations.values()}
    return next(iter(spaces), ""), kinds


def _rows(contract: Contract, operation: str) -> tuple[str, Row, str] | None:
    """What stands before and after the rows, and how one is written; None where the answer has no such rows."""
    answer = contract.elements[contract.operations[operation].output]
    result = next((item for item in answer.fields if item.type in contract.complex_types), None)
    fields = contract.complex_types[result.type].fields if result is not None else ()
    roles = {item.name.lower(): item for item in fields}
    if result is None or not {"errors", "id", "success"} <= roles.keys():
        return None
    error = contract.complex_types.get(roles["errors"].type)
    if error is None:
        raise ContractError(f"the errors of {operation} are of a simple type")
    open_answer = f'<ns1:{answer.name.name} xmlns:ns1="{answer.name.namespace}">'
    return open_answer, _row(result, fields, error.fields), f"</ns1:{answer.name.name}>"


def _row(result: Field, fields: tuple[Field, ...], error_fields: tuple[Field, ...]) -> Row:
    # Id and Errors are omitted where there is nothing to say, never nil; fields this room has no value for likewise.
    success = failure = failure_of = errors = ""
    for item in fields:
        role = item.name.lower()
        if role == "id":
            success += f"<ns1:{item.name}>%s</ns1:{item.name}>"
            failure_of += f"<ns1:{item.name}>%(id)s</ns1:{item.name}>"
        elif role == "success":
            success += f"<ns1:{item.name}>true</ns1:{item.name}>"
            failure += f"<ns1:{item.name}>false</ns1:{item.name}>"
            failure_of += f"<ns1:{item.name}>false</ns1:{item.name}>"
        elif role == "errors":
            failure += "%s"
            failure_of += "%(errors)s"
            errors = item.name
    success = f"<ns1:{result.name}>{success}</ns1:{result.name}>"
    failure = f"<ns1:{result.name}>{failure}</ns1:{result.name}>"
    failure_of = f"<ns1:{result.name}>{failure_of}</ns1:{result.name}>"
    plain = _error(errors, error_fields, {"code", "message"})
    with_field = _error(errors, error_fields, {"code", "message", "field"})

    def one(error: RowError, codes: ErrorCodes) -> str:
        code, message = codes.told(error.code, error.message)
        if error.field is None:
            return plain % {"code": code, "message": escape(message)}
        return with_field % {"code": code, "message": escape(message), "field": escape(error.field)}

    def row(outcome: Outcome, codes: ErrorCodes, asked: str | None) -> str:
        if outcome.told is Told.APPLIED:
            return success % escape(outcome.zuora_id or "")
        told = "".join([one(error, codes) for error in outcome.errors])
        return failure % told if asked is None else failure_of % {"errors": told, "id": escape(asked)}

    return row


def _error(name: str, fields: tuple[Field, ...], roles: set[str]) -> str:
    inner = "".join(
        f"<ns1:{item.name}>%({item.name.lower()})s</ns1:{item.name}>" for item in fields if item.name.lower() in roles
    )
    return f"<ns1:{name}>{inner}</ns1:{name}>"
