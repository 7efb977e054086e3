"""Zuora's SOAP answers, read tolerantly: by local name and namespace, whatever the prefixes and the order.

A strict reader would raise on an unknown or re-ordered element after the payment has happened, and zeep takes a 502
with well-formed HTML for a fault, that is, for Zuora saying no. Here, what is not plainly rows or plainly a fault is
neither. Must not raise for any bytes, resolve an entity or reach the network, or decide what an answer means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from bridge.core.commands import SoapAnswer, SoapFault, SoapRow
from bridge.core.model import RowError

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
FAULT = "http://fault.api.zuora.com/"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

_ENVELOPES = (SOAP_11, SOAP_12)
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ROW = {f"{{{API}}}{name}": name.lower() for name in ("Id", "id", "Success", "success", "Errors", "errors")}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Whose session it is (Zuora SOAP API, getUserInfo): the proof that a session belongs to the configured tenant."""

    tenant_id: str
    tenant_name: str
    user_id: str
    username: str


def read_answer(status: int, body: bytes, retry_after: int | None) -> SoapAnswer:
    """Rows of a create, update or delete; or a fault; or neither."""
    content = _body(body)
    if content is None:
        return SoapAnswer(status, retry_after=retry_after)
    fault = _fault(content)
    if fault is not None:
        return SoapAnswer(status, fault=fault, retry_after=retry_after)
    if content.tag not in (f"{{{API}}}createResponse", f"{{{API}}}updateResponse", f"{{{API}}}deleteResponse"):
        return SoapAnswer(status, retry_after=retry_after)
    rows = tuple(_row(result) for result in _named(content, "result"))
    return SoapAnswer(status, rows=rows, retry_after=retry_after)


def read_user_info(body: bytes) -> UserInfo | SoapFault | None:
    """The answer to getUserInfo, which has no ``result`` wrapper; None where it is neither that nor a fault."""
    content = _body(body)
    if content is None:
        return None
    fault = _fault(content)
    if fault is not None:
        return fault
    if content.tag != f"{{{API}}}getUserInfoResponse":
        return None
    tenant, name, user, username = (
        _sole_text(content, field) for field in ("TenantId", "TenantName", "UserId", "Username")
    )
    if tenant is None or username is None:
        return None
    return UserInfo(tenant, name or "", user or "", username)


def read_status(body: bytes) -> str | None:
    """The Status in the only row of a query; "" where there is no row, None where the answer is not a query's."""
    content = _body(body)
    if content is None or content.tag != f"{{{API}}}queryResponse":
        return None
    results = list(_named(content, "result"))
    if len(results) != 1 or _sole_text(results[0], "done") not in ("true", "1"):
        return None
    rows = [row for row in _named(results[0], "records") if not _is_nil(row)]
    if not rows:
        return ""
    statuses = [_text(child) for child in rows[0] if child.tag == f"{{{OBJECT}}}Status"]
    return statuses[0] if len(rows) == len(statuses) == 1 else None


def _body(raw: bytes) -> etree._Element | None:
    """The one element inside the Body of a SOAP envelope, or None."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.doctype:
        return None
    for namespace in _ENVELOPES:
        if root.tag == f"{{{namespace}}}Envelope":
            bodies = root.findall(f"{{{namespace}}}Body")
            inside = list(_elements(bodies[0])) if len(bodies) == 1 else []
            return inside[0] if len(inside) == 1 else None
    return None


def _row(result: etree._Element) -> SoapRow:
    """A SaveResult (Id, Success, Errors) or a DeleteResult (id, success, errors).

    Two values that differ say nothing: a row is only as good as its Success.
    """
    successes: set[bool | None] = set()
    ids: set[str] = set()
    errors: list[RowError] = []
    for child in result:
        name = _ROW.get(str(child.tag))
        text = None if name is None else _text(child)
        if name == "errors":
            if not _is_nil(child):
                errors.append(_error(child))
        elif text is not None:
            ids.add(text) if name == "id" else successes.add(_BOOLEANS.get(text))
    success = successes.pop() if len(successes) == 1 else None
    if len(ids) > 1:
        return SoapRow(None, None, tuple(errors))
    return SoapRow(success, next(iter(ids), None), tuple(errors))


def _error(error: etree._Element) -> RowError:
    return RowError(
        _sole_text(error, "Code") or "UNKNOWN_ERROR", _sole_text(error, "Message") or "", _sole_text(error, "Field")
    )


def _fault(content: etree._Element) -> SoapFault | None:
    if content.tag == f"{{{SOAP_11}}}Fault":
        code, text, detail = (_child(content, name) for name in ("faultcode", "faultstring", "detail"))
    elif content.tag == f"{{{SOAP_12}}}Fault":
        code, text, detail = (_child(content, name) for name in ("Code", "Reason", "Detail"))
        code = None if code is None else _child(code, "Value")
        text = None if text is None else _child(text, "Text")
    else:
        return None
    kind = next((inner for inner in _elements(detail) if _namespace(inner) == FAULT), None)
    if kind is None:
        return SoapFault(_fault_code(code), _text(text) or "")
    return SoapFault(
        _fault_code(code),
        _text(text) or "",
        _local(kind),
        _text(_child(kind, "FaultCode")),
        _text(_child(kind, "FaultMessage")),
    )


def _fault_code(element: etree._Element | None) -> str:
    """The code with the prefix Zuora's clients compare with, whatever prefix this answer bound to the namespace.

    A code whose prefix is bound to nothing we know loses it, so that it can never read as Zuora's own ``fns:``.
    """
    value = _text(element)
    if element is None or value is None:
        return ""
    prefix, colon, local = value.rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    if namespace == FAULT:
        return f"fns:{local}"
    return f"soapenv:{local}" if namespace in _ENVELOPES else local


def _elements(parent: etree._Element | None) -> Iterator[etree._Element]:
    for child in () if parent is None else parent:
        if isinstance(child.tag, str):
            yield child


def _named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in _elements(parent) if child.tag == f"{{{API}}}{name}")


def _child(parent: etree._Element, name: str) -> etree._Element | None:
    """A fault's parts are unqualified in SOAP 1.1 and qualified in 1.2; neither is worth losing an answer over."""
    return next((child for child in _elements(parent) if _local(child) == name), None)


def _sole_text(parent: etree._Element, name: str) -> str | None:
    """The text under a name, or None where there is none or two that differ."""
    texts = {text for child in _named(parent, name) if (text := _text(child)) is not None}
    return texts.pop() if len(texts) == 1 else None


def _text(element: etree._Element | None) -> str | None:
    if element is None or _is_nil(element):
        return None
    text = "".join(element.itertext()) if len(element) else element.text or ""
    return text.strip() or None


def _is_nil(element: etree._Element) -> bool:
    return element.get(_NIL, "").strip() in ("true", "1")


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _namespace(element: etree._Element) -> str | None:
    return etree.QName(element).namespace
