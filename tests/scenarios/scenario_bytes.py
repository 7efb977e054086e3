"""The bytes of an answer, written by hand from Zuora's shapes and not with the bridge's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from scenario_terms import Fault

DECLARED = "<?xml version='1.0' encoding='utf-8'?>"
ENVELOPE = '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body>'


def row_bytes(op: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as Zuora writes them: no white space, Errors before Success, Id and Field only where there is one."""
    write = _deleted_bytes if op == "delete" else _row_bytes
    made = "".join(f"<ns1:result>{write(row)}</ns1:result>" for row in rows)
    return _envelope(f'<ns1:{op}Response xmlns:ns1="http://api.zuora.com/">{made}</ns1:{op}Response>')


def _row_bytes(row: Mapping[str, Any]) -> str:
    if row["success"] == "true":
        return f"<ns1:Id>{row['id']}</ns1:Id><ns1:Success>true</ns1:Success>"
    return f"{_errors('Errors', row)}<ns1:Success>false</ns1:Success>"


def _deleted_bytes(row: Mapping[str, Any]) -> str:
    """Zuora: SOAP API WSDL, DeleteResult: the one result in lower case. A refusal names the id too, as in Actions."""
    errors = "" if row["success"] == "true" else _errors("errors", row)
    return f"{errors}<ns1:id>{row['id']}</ns1:id><ns1:success>{row['success']}</ns1:success>"


def _errors(name: str, row: Mapping[str, Any]) -> str:
    return "".join(
        f"<ns1:{name}>"
        + "".join(f"<ns1:{each}>{escape(text)}</ns1:{each}>" for each, text in error.items())
        + f"</ns1:{name}>"
        for error in row["errors"]
    )


def fault_bytes(told: Fault, message: str) -> bytes:
    """A fault as Zuora writes it: fns declared on the Fault, FaultCode before FaultMessage."""
    text = escape(message)
    return _envelope(
        '<soapenv:Fault xmlns:fns="http://fault.api.zuora.com/">'
        f"<faultcode>fns:{told.code}</faultcode><faultstring>{text}</faultstring>"
        f"<detail><fns:{told.kind}><fns:FaultCode>{told.code}</fns:FaultCode>"
        f"<fns:FaultMessage>{text}</fns:FaultMessage></fns:{told.kind}></detail></soapenv:Fault>"
    )


def _envelope(body: str) -> bytes:
    return f"{DECLARED}{ENVELOPE.format(body)}</soapenv:Envelope>".encode()
