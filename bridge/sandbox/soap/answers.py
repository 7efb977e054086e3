"""Writes SOAP answers byte for byte as Zuora does: prefixes soapenv, ns1, ns2, fns, no whitespace, nil as "1".

Source: recorded public responses. Must not decide anything; it gets values and writes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from bridge.sandbox.clock import ZONE, soap_date_time
from bridge.sandbox.money import plain
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.soap.envelope import ENVELOPE_11, ENVELOPE_12
from bridge.sandbox.soap.faults import ServerFault, TypedFault, known_code
from bridge.sandbox.soap.schema import DATES_SINCE

_API = ' xmlns:ns1="http://api.zuora.com/"'
_OBJECT = ' xmlns:ns2="http://object.api.zuora.com/"'
_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_NIL = f'{_XSI} xsi:nil="1" />'


@dataclass(frozen=True)
class Saved:
    """The outcome of one object; either an id or a refusal."""

    id: str | None = None
    refusal: Refusal | None = None


def envelope(inner: str, *, soap12: bool, token: str) -> bytes:
    """Wrap a body; the declaration's encoding token is spelled as the caller spelled it."""
    namespace = ENVELOPE_12 if soap12 else ENVELOPE_11
    return (
        f"<?xml version='1.0' encoding='{token}'?>"
        f'<soapenv:Envelope xmlns:soapenv="{namespace}"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>'
    ).encode()


def login_response(session: str, server_url: str) -> str:
    """Answer a login."""
    return (
        f"<ns1:loginResponse{_API}><ns1:result><ns1:Session>{escape(session)}</ns1:Session>"
        f"<ns1:ServerUrl>{escape(server_url)}</ns1:ServerUrl></ns1:result></ns1:loginResponse>"
    )


def user_info_response(values: Sequence[tuple[str, str]]) -> str:
    """Answer getUserInfo, which has no result wrapper."""
    inner = "".join(f"<ns1:{name}>{escape(value)}</ns1:{name}>" for name, value in values)
    return f"<ns1:getUserInfoResponse{_API}>{inner}</ns1:getUserInfoResponse>"


def save_response(operation: str, results: Iterable[Saved], version: int) -> str:
    """Answer a create or update: success is Id and Success, failure Errors and Success, nothing else."""
    inner = "".join(
        f"<ns1:result>{_errors('Errors', result.refusal, version)}<ns1:Success>false</ns1:Success></ns1:result>"
        if result.refusal
        else f"<ns1:result><ns1:Id>{result.id}</ns1:Id><ns1:Success>true</ns1:Success></ns1:result>"
        for result in results
    )
    return f"<ns1:{operation}Response{_API}>{inner}</ns1:{operation}Response>" if inner else _empty(operation)


def delete_response(results: Iterable[Saved], version: int) -> str:
    """Answer a delete: the one result with lower-case names."""
    inner = "".join(
        f"<ns1:result>{_errors('errors', result.refusal, version) if result.refusal else ''}"
        f"<ns1:id>{escape(result.id or '')}</ns1:id>"
        f"<ns1:success>{'false' if result.refusal else 'true'}</ns1:success></ns1:result>"
        for result in results
    )
    return f"<ns1:deleteResponse{_API}>{inner}</ns1:deleteResponse>" if inner else _empty("delete")


def query_response(operation: str, kind: str, rows: Sequence[str], *, locator: str | None, size: int) -> str:
    """Answer a page of a query; an empty result holds exactly one nil record without a type."""
    next_page = f"<ns1:queryLocator>{locator}</ns1:queryLocator>" if locator else f"<ns1:queryLocator{_NIL}"
    start = f'<ns1:records{_OBJECT}{_XSI} xsi:type="ns2:{kind}">'
    records = "".join(f"{start}{row}</ns1:records>" for row in rows) if rows else f"<ns1:records{_NIL}"
    return (
        f"<ns1:{operation}Response{_API}><ns1:result><ns1:done>{'false' if locator else 'true'}</ns1:done>"
        f"{next_page}{records}<ns1:size>{size}</ns1:size></ns1:result></ns1:{operation}Response>"
    )


def record(fields: Iterable[tuple[str, object]], version: int) -> str:
    """Write one row's fields; nulls are omitted."""
    return "".join(
        f"<ns2:{name}>{escape(lexical(value, version))}</ns2:{name}>" for name, value in fields if value is not None
    )


def lexical(value: object, version: int) -> str:
    """Write a value as query rows do."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return soap_date_time(value)
    if isinstance(value, date):
        if version < DATES_SINCE:
            return soap_date_time(datetime.combine(value, time(), ZONE))
        return value.isoformat()
    return str(value)


def fault(problem: TypedFault | ServerFault, *, soap12: bool, version: int) -> str:
    """Write a fault; faultcode and faultstring repeat the typed detail."""
    if isinstance(problem, ServerFault):
        code = "soapenv:Receiver" if soap12 else "soapenv:Server"
        # What the engine itself trips over comes with an exception in place of a fault of Zuora's.
        return _fault("", code, problem.message, f"<Exception>{escape(problem.message)}</Exception>", soap12=soap12)
    code, message = known_code(problem.code, version), escape(problem.message)
    detail = (
        f"<fns:{problem.element}><fns:FaultCode>{code}</fns:FaultCode>"
        f"<fns:FaultMessage>{message}</fns:FaultMessage></fns:{problem.element}>"
    )
    return _fault(' xmlns:fns="http://fault.api.zuora.com/"', f"fns:{code}", problem.message, detail, soap12=soap12)


def _fault(namespaces: str, code: str, message: str, detail: str, *, soap12: bool) -> str:
    if soap12:
        return (
            f"<soapenv:Fault{namespaces}><soapenv:Code><soapenv:Value>{code}</soapenv:Value></soapenv:Code>"
            f'<soapenv:Reason><soapenv:Text xml:lang="en-US">{escape(message)}</soapenv:Text></soapenv:Reason>'
            f"<soapenv:Detail>{detail}</soapenv:Detail></soapenv:Fault>"
        )
    return (
        f"<soapenv:Fault{namespaces}><faultcode>{code}</faultcode><faultstring>{escape(message)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )


def _errors(name: str, refusal: Refusal | None, version: int) -> str:
    if refusal is None:
        return ""
    return (
        f"<ns1:{name}><ns1:Code>{known_code(refusal.soap, version)}</ns1:Code>"
        f"<ns1:Message>{escape(refusal.message)}</ns1:Message></ns1:{name}>"
    )


def _empty(operation: str) -> str:
    return f"<ns1:{operation}Response{_API} />"


def escape(text: str) -> str:
    """Escape text for element content; characters XML cannot carry are dropped."""
    if not text.isprintable():
        text = "".join(char for char in text if char in "\t\n\r" or ord(char) >= 0x20)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
