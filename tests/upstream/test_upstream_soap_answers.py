"""SOAP answers: rows and faults are read for what they are, and everything else is neither."""

from __future__ import annotations

import pytest
from upstream_servers import FAULT, ID, OK_ROW, saved

from bridge.core.commands import SoapAnswer, SoapFault, SoapRow
from bridge.core.model import RowError
from bridge.upstream.soap_answers import read_answer, read_user_info


def read(rows: str, operation: str = "create") -> tuple[SoapRow, ...] | None:
    """The rows of an answer."""
    return read_answer(200, saved(rows, operation), None).rows


def test_rows_are_read_whatever_their_order_and_company() -> None:
    """Unknown elements, comments and another order lose nothing: the payment has happened."""
    assert read(
        "<ns1:result><!-- c --><ns1:New><ns1:Id>no</ns1:Id></ns1:New><ns1:Success> 1 </ns1:Success>"
        f"<ns1:Id>\n {ID}<?pi?> </ns1:Id></ns1:result>"
    ) == (SoapRow(True, ID),)


def test_delete_results_are_lower_case() -> None:
    """DeleteResult has id, success and errors."""
    assert read(
        f"<ns1:result><ns1:id>{ID}</ns1:id><ns1:success>true</ns1:success></ns1:result>"
        "<ns1:result><ns1:errors><ns1:Code>CANNOT_DELETE</ns1:Code><ns1:Message>m</ns1:Message></ns1:errors>"
        "<ns1:success>false</ns1:success></ns1:result>",
        "delete",
    ) == (SoapRow(True, ID), SoapRow(False, None, (RowError("CANNOT_DELETE", "m"),)))


def test_errors_are_read_in_their_order() -> None:
    """Several per row, Field optional."""
    assert read(
        "<ns1:result><ns1:Errors><ns1:Code>A</ns1:Code><ns1:Message>a</ns1:Message><ns1:Field>F</ns1:Field>"
        "</ns1:Errors><ns1:Errors><ns1:Message>b</ns1:Message><ns1:Code>B</ns1:Code></ns1:Errors>"
        "<ns1:Success>false</ns1:Success></ns1:result>"
    ) == (SoapRow(False, None, (RowError("A", "a", "F"), RowError("B", "b"))),)


@pytest.mark.parametrize(
    "inner",
    [
        "",
        f"<ns1:Id>{ID}</ns1:Id>",
        f"<ns1:Id>{ID}</ns1:Id><ns1:Success>maybe</ns1:Success>",
        f"<ns1:Id>{ID}</ns1:Id><ns1:Success>true</ns1:Success><ns1:Success>false</ns1:Success>",
        f"<ns1:Id>{ID}</ns1:Id><ns1:Id>other</ns1:Id><ns1:Success>true</ns1:Success>",
        f'<Id xmlns="urn:x">{ID}</Id><Success xmlns="urn:x">true</Success>',
    ],
)
def test_a_row_that_is_not_plain_has_no_success(inner: str) -> None:
    """Missing, unreadable, contradictory or foreign: core must not take it for a verdict."""
    rows = read(f"<ns1:result>{inner}</ns1:result>")
    assert rows is not None
    assert rows[0].success is None


def test_a_nil_id_is_no_id() -> None:
    """Nil is null."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    row = f'<ns1:result {xsi}><ns1:Id xsi:nil="1"/><ns1:Success>true</ns1:Success></ns1:result>'
    assert read(row) == (SoapRow(True, None),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        b'<html xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Fault/></Body></html>',
        b"<!DOCTYPE html><html/>",
        b"not xml",
        b"\xff\xfe\x00",
        saved(OK_ROW)[:-10],
        saved(OK_ROW, "query"),
        saved(OK_ROW).replace(b"<soapenv:Envelope", b'<!DOCTYPE x [<!ENTITY e "true">]><soapenv:Envelope'),
        saved(OK_ROW).replace(b"api.zuora.com", b"evil.example.com"),
        saved(OK_ROW).replace(b"</soapenv:Body>", b"<second/></soapenv:Body>"),
        saved(OK_ROW).replace(b"</soapenv:Body>", b"</soapenv:Body><soapenv:Body/>"),
        saved("<ns1:result>" + "<a>" * 5000),
        b'<fault xmlns="http://fault.api.zuora.com/"/>',
    ],
)
def test_what_is_neither_rows_nor_a_fault_is_neither(body: bytes) -> None:
    """A 502 with well-formed HTML must not look like Zuora saying no."""
    assert read_answer(502, body, 7) == SoapAnswer(502, retry_after=7)
    assert read_user_info(body) is None


def test_no_rows_are_an_empty_tuple() -> None:
    """The count is for core to compare."""
    assert read("") == ()


def test_a_fault_is_read_with_its_detail() -> None:
    """Kind, code and message of Zuora's own fault."""
    assert read_answer(500, FAULT.encode(), None).fault == SoapFault(
        "fns:INVALID_SESSION", "no", "UnexpectedErrorFault", "INVALID_SESSION", "no"
    )


@pytest.mark.parametrize(
    ("code", "declared", "expected"),
    [
        ("x:LOCK", 'xmlns:x="http://fault.api.zuora.com/"', "fns:LOCK"),
        ("LOCK", 'xmlns="http://fault.api.zuora.com/"', "fns:LOCK"),
        ("env:Server", "", "soapenv:Server"),
        ("fns:LOCK", "", "LOCK"),
        ("fns:LOCK", 'xmlns:fns="urn:other"', "LOCK"),
        ("soapenv:Server", "", "Server"),
        ("", "", ""),
    ],
)
def test_a_fault_code_is_resolved_by_namespace_not_by_prefix(code: str, declared: str, expected: str) -> None:
    """An infrastructure's prefix must not pass for Zuora's."""
    body = (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault>'
        f"<faultcode {declared}>{code}</faultcode><faultstring>t</faultstring>"
        "<detail><Exception>com.ctc.wstx</Exception></detail></env:Fault></env:Body></env:Envelope>"
    )
    assert read_answer(500, body.encode(), None).fault == SoapFault(expected, "t")


def test_a_soap_12_fault_is_a_fault() -> None:
    """Code/Value and Reason/Text."""
    body = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault>'
        "<e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text xml:lang='en'>t</e:Text></e:Reason>"
        "</e:Fault></e:Body></e:Envelope>"
    )
    assert read_answer(500, body.encode(), None).fault == SoapFault("soapenv:Receiver", "t")


def test_other_encodings_are_read() -> None:
    """The declaration counts, as XML says."""
    text = saved(OK_ROW).decode().replace("UTF-8", "UTF-16")
    assert read_answer(200, text.encode("utf-16"), None).rows == (SoapRow(True, ID),)
