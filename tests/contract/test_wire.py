"""The renderer: golden bytes of every shape, and what strict stock clients make of them."""

import pytest
import requests
from contract_samples import FAULT, own, plain, raw_wsdl
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

from bridge.contract import files
from bridge.contract.errors import ContractError
from bridge.contract.reader import read
from bridge.contract.versions import ErrorCodes, known, writes_dates, writes_doubles
from bridge.contract.wire import Renderer, Style, encoding_token, escape, server_fault
from bridge.core.model import CallFault, Outcome, RowError, Told, Version

ID = "2c92c0f94a5d7e0a014a5e1f3b6a0001"
NOW = Style(Version(107))
APPLIED = Outcome(Told.APPLIED, ID)
REFUSED = Outcome(Told.REFUSED, errors=(RowError("INVALID_VALUE", "The amount is <= 0 & wrong."),))
HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope "
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
)
TAIL = "</soapenv:Body></soapenv:Envelope>"
RENDERER = Renderer(own())


def test_a_create_answer_is_zuoras_to_the_byte():
    """Single-quoted declaration, literal prefixes, no white space, Errors before Success, no Id and no Field."""
    expected = (
        f'{HEAD}<ns1:createResponse xmlns:ns1="http://api.zuora.com/">'
        f"<ns1:result><ns1:Id>{ID}</ns1:Id><ns1:Success>true</ns1:Success></ns1:result>"
        "<ns1:result><ns1:Errors><ns1:Code>INVALID_VALUE</ns1:Code>"
        "<ns1:Message>The amount is &lt;= 0 &amp; wrong.</ns1:Message></ns1:Errors>"
        f"<ns1:Success>false</ns1:Success></ns1:result></ns1:createResponse>{TAIL}"
    )
    assert RENDERER.rows("create", [APPLIED, REFUSED], NOW) == expected.encode()


def test_an_update_answer_differs_in_its_name_only():
    """SaveResult serves both."""
    create = RENDERER.rows("create", [APPLIED, REFUSED], NOW)
    assert RENDERER.rows("update", [APPLIED, REFUSED], NOW) == create.replace(b"createResponse", b"updateResponse")


def test_a_delete_answer_is_in_lower_case():
    """DeleteResult's own names are lower case, those of its Error are not."""
    expected = (
        f'{HEAD}<ns1:deleteResponse xmlns:ns1="http://api.zuora.com/">'
        f"<ns1:result><ns1:id>{ID}</ns1:id><ns1:success>true</ns1:success></ns1:result>"
        "<ns1:result><ns1:errors><ns1:Code>INVALID_VALUE</ns1:Code>"
        "<ns1:Message>The amount is &lt;= 0 &amp; wrong.</ns1:Message></ns1:errors>"
        f"<ns1:success>false</ns1:success></ns1:result></ns1:deleteResponse>{TAIL}"
    )
    assert RENDERER.rows("delete", [APPLIED, REFUSED], NOW) == expected.encode()


def test_a_failed_delete_says_of_which_id():
    """As Zuora's JSON twin of this answer does; what was asked for is escaped like any other text."""
    rows = RENDERER.rows("delete", [REFUSED, APPLIED, REFUSED], NOW, ["1", "2", "a<b"]).decode()
    assert "</ns1:errors><ns1:id>1</ns1:id><ns1:success>false</ns1:success></ns1:result>" in rows
    assert f"<ns1:result><ns1:id>{ID}</ns1:id><ns1:success>true</ns1:success></ns1:result>" in rows
    assert "</ns1:errors><ns1:id>a&lt;b</ns1:id><ns1:success>false</ns1:success></ns1:result>" in rows


def test_an_answer_to_no_objects_has_no_rows():
    """An empty create is an empty answer."""
    assert RENDERER.rows("create", [], NOW).decode() == (
        f'{HEAD}<ns1:createResponse xmlns:ns1="http://api.zuora.com/" />{TAIL}'
    )


def test_a_known_field_follows_code_and_message():
    """Code, Message, Field is the WSDL's order, which is not the alphabet's."""
    error = RowError("MISSING_REQUIRED_VALUE", "Missing required value: Type", "Type")
    written = (
        "<ns1:Errors><ns1:Code>MISSING_REQUIRED_VALUE</ns1:Code>"
        "<ns1:Message>Missing required value: Type</ns1:Message><ns1:Field>Type</ns1:Field></ns1:Errors>"
    )
    answer = RENDERER.rows("create", [Outcome(Told.REFUSED, errors=(error, error))], NOW)
    assert answer.count(2 * written.encode()) == 1


def test_the_order_of_a_row_is_the_files():
    """Names and order come from the contract, so that a file that differs is answered as it says."""
    text = raw_wsdl().decode()
    start = text.index('<complexType name="SaveResult">')
    lines = text[start : text.index("</complexType>", start)].splitlines()
    lines[2], lines[3] = lines[3], lines[2]
    changed = Renderer(read((text[:start] + "\n".join(lines) + text[start + len("\n".join(lines)) :]).encode()))
    row = changed.rows("create", [REFUSED], NOW)
    assert row == RENDERER.rows("create", [REFUSED], NOW)
    assert b"<ns1:result><ns1:Id>" in changed.rows("create", [APPLIED], NOW)


def test_only_operations_with_rows_have_rows():
    """Asking for others is a programming error, told as one."""
    with pytest.raises(ContractError):
        RENDERER.rows("query", [], NOW)
    with pytest.raises(ContractError):
        RENDERER.rows("nope", [], NOW)


def test_a_fault_is_zuoras_to_the_byte():
    """faultcode is fns: and the code, fns is declared on the Fault, the detail repeats code and message."""
    fault = CallFault("INVALID_TYPE", "a > b", "InvalidTypeFault")
    expected = (
        f'{HEAD}<soapenv:Fault xmlns:fns="http://fault.api.zuora.com/"><faultcode>fns:INVALID_TYPE</faultcode>'
        "<faultstring>a &gt; b</faultstring><detail><fns:InvalidTypeFault><fns:FaultCode>INVALID_TYPE</fns:FaultCode>"
        f"<fns:FaultMessage>a &gt; b</fns:FaultMessage></fns:InvalidTypeFault></detail></soapenv:Fault>{TAIL}"
    )
    assert RENDERER.fault(fault, "create", NOW) == expected.encode()


@pytest.mark.parametrize(("operation", "kind"), [("create", "UnexpectedErrorFault"), ("delete", "InvalidValueFault")])
def test_a_fault_is_one_that_the_operation_declares(operation, kind):
    """Typed clients see an untyped fault otherwise."""
    body = etree.fromstring(RENDERER.fault(CallFault("INVALID_VALUE", "x", "InvalidValueFault"), operation, NOW))
    assert body.find(".//detail")[0].tag == f"{{{FAULT}}}{kind}"


def test_an_infrastructure_fault_has_no_fns_detail():
    """soapenv:Server with an Exception and without a trace."""
    assert server_fault("Invalid value 'x' for type decimal", NOW).decode() == (
        f"{HEAD}<soapenv:Fault><faultcode>soapenv:Server</faultcode>"
        "<faultstring>Invalid value 'x' for type decimal</faultstring>"
        f"<detail><Exception>Invalid value 'x' for type decimal</Exception></detail></soapenv:Fault>{TAIL}"
    )


def test_soap_12_gets_its_envelope_and_its_fault():
    """The same body in the 1.2 envelope; a fault whose code stands where 1.1 callers look for it (part 1, 5.4)."""
    style = Style(Version(74), soap12=True)
    rows = RENDERER.rows("create", [APPLIED], style)
    soap11 = b"http://schemas.xmlsoap.org/soap/envelope/"
    assert rows == RENDERER.rows("create", [APPLIED], NOW).replace(soap11, b"http://www.w3.org/2003/05/soap-envelope")
    fault = etree.fromstring(RENDERER.fault(CallFault("INVALID_SESSION", "x"), "create", style))
    env = "{http://www.w3.org/2003/05/soap-envelope}"
    assert [e.text for e in fault.iter(f"{env}Value")] == ["fns:INVALID_SESSION"]
    assert fault.find(f".//{env}Text").text == "x"
    assert fault.find(f".//{env}Detail")[0].tag == f"{{{FAULT}}}UnexpectedErrorFault"
    infrastructure = etree.fromstring(server_fault("x", style, code="Client"))
    assert [e.text for e in infrastructure.iter(f"{env}Value")] == ["soapenv:Sender"]


@pytest.mark.parametrize(
    ("charset", "token"),
    [("utf-8", "utf-8"), ("UTF-8", "UTF-8"), ('"Utf-8"', "Utf-8"), ("iso-8859-1", "UTF-8"), ("utf-16", "UTF-8"),
     (None, "UTF-8"), ("utf8", "UTF-8"), ("utf-8'?>", "UTF-8")],
)  # fmt: skip
def test_the_encoding_token_is_the_callers_spelling(charset, token):
    """Echoed in the declaration and the header, without a space after the semicolon."""
    style = Style(Version(107), encoding=encoding_token(charset))
    assert style.encoding == token
    assert style.content_type == f"text/xml;charset={token}"
    assert RENDERER.rows("create", [], style).startswith(f"<?xml version='1.0' encoding='{token}'?>".encode())
    assert Style(Version(1), True).content_type == "application/soap+xml;charset=UTF-8"


@pytest.mark.parametrize(
    ("text", "written"),
    [("a & b < c > d", "a &amp; b &lt; c &gt; d"), ("\"'", "\"'"), ("é € 😀", "é € 😀"), ("a\tb\nc", "a\tb\nc"),
     ("a\rb", "a&#xd;b"), ("a\x00b\x1b", "a\ufffdb\ufffd"), ("\ud800\ufffe", "\ufffd\ufffd"), ("\x85\x7f", "\x85\x7f")],
)  # fmt: skip
def test_text_is_escaped_so_that_every_parser_reads_it(text, written):
    """What XML cannot carry is replaced: an answer that cannot be parsed is a lost answer."""
    assert escape(text) == written


@given(message=st.text(), field=st.none() | st.text())
def test_any_message_survives_as_well_formed_utf_8(message, field):
    """No text of Zuora's or a caller's can break an answer."""
    row = Outcome(Told.UNKNOWN, errors=(RowError("UNKNOWN_ERROR", message, field),))
    found = etree.fromstring(RENDERER.rows("create", [row], NOW)).find(".//{*}Message").text or ""
    assert found == "".join("\ufffd" if escape(c) == "\ufffd" else c for c in message)
    etree.fromstring(RENDERER.fault(CallFault("UNKNOWN_ERROR", message), "create", NOW))
    etree.fromstring(server_fault(message, NOW))


@pytest.mark.parametrize(
    ("version", "code", "told"),
    [
        ("107.0", "TRANSACTION_TIMEOUT", True),
        ("60.0", "TRANSACTION_TIMEOUT", True),
        ("59.0", "TRANSACTION_TIMEOUT", False),
        ("59.0", "TEMPORARY_ERROR", False),
        ("59.0", "LOCK_COMPETITION", False),
        ("51.0", "REQUEST_EXCEEDED_LIMIT", True),
        ("50.0", "REQUEST_EXCEEDED_LIMIT", False),
        ("54.0", "REQUEST_REJECTED", True),
        ("53.0", "REQUEST_REJECTED", False),
        ("47.1", "PDF_QUERY_ERROR", True),
        ("43.0", "PDF_QUERY_ERROR", False),
        ("29.0", "NO_PERMISSION", True),
        ("11.0", "NO_PERMISSION", False),
        ("1.0", "UNKNOWN_ERROR", True),
        ("1.0", "INVALID_VALUE", True),
        ("107.0", "EXTENSION_ERROR", False),
    ],
)
def test_a_code_is_known_from_the_version_that_has_it(version, code, told):
    """From the public files' enumerations and Zuora's documented versions."""
    assert known(Version.parse(version), code) is told


def test_every_code_of_our_file_is_known_at_its_version():
    """The table and the file agree."""
    assert ErrorCodes.for_version(Version(107)).known == frozenset(plain().error_codes)


def test_an_unknown_code_is_told_as_unknown_error_with_its_name():
    """In rows and in faults; the message still begins as it was."""
    old = Style(Version(47, 1))
    row = Outcome(Told.UNKNOWN, errors=(RowError("TRANSACTION_TIMEOUT", "OUTCOME UNKNOWN, repeat unchanged"),))
    told = b"Code>UNKNOWN_ERROR</ns1:Code><ns1:Message>OUTCOME UNKNOWN, repeat unchanged (TRANSACTION_TIMEOUT)<"
    assert told in RENDERER.rows("create", [row], old)
    assert b"<ns1:Code>TRANSACTION_TIMEOUT</ns1:Code>" in RENDERER.rows("create", [row], NOW)
    fault = RENDERER.fault(CallFault("REQUEST_EXCEEDED_LIMIT", "x"), "create", old)
    assert b"<faultcode>fns:UNKNOWN_ERROR</faultcode>" in fault
    assert b"<fns:FaultCode>UNKNOWN_ERROR</fns:FaultCode>" in fault


def test_a_tenants_own_enumeration_is_known_to_its_callers():
    """EXTENSION_ERROR is in one public file; callers of that file can read it."""
    text = raw_wsdl().replace(b'<enumeration value="API_DISABLED"/>', b'<enumeration value="EXTENSION_ERROR"/>')
    row = Outcome(Told.REFUSED, errors=(RowError("EXTENSION_ERROR", "x"),))
    renderer = Renderer(read(text))
    assert b"<ns1:Code>EXTENSION_ERROR</ns1:Code>" in renderer.rows("create", [row], NOW)
    assert b"<ns1:Code>UNKNOWN_ERROR</ns1:Code>" in renderer.rows("create", [row], Style(Version(83)))


def test_what_versions_write_is_told():
    """Dates from 69, decimals from 19."""
    assert [writes_dates(Version(n)) for n in (68, 69)] == [False, True]
    assert [writes_doubles(Version(n)) for n in (18, 19)] == [True, False]


class Canned(Transport):
    """A transport that answers with one body."""

    def __init__(self, body, status):
        super().__init__()
        self.body, self.status = body, status

    def post(self, address, message, headers):
        """The canned answer."""
        answer = requests.Response()
        answer._content, answer.status_code = self.body, self.status
        answer.headers["Content-Type"] = NOW.content_type
        return answer


def called(operation, body, status, **arguments):
    """What strict zeep makes of an answer."""
    with Client(str(files.own_wsdl()), transport=Canned(body, status)) as client:
        return client.service[operation](**arguments)


@pytest.mark.parametrize("operation", ["create", "update"])
def test_strict_zeep_reads_our_rows(operation):
    """Order, names and omissions are what a strict client expects."""
    rows = called(operation, RENDERER.rows(operation, [APPLIED, REFUSED], NOW), 200, zObjects=[])
    assert [(row.Id, row.Success) for row in rows] == [(ID, True), (None, False)]
    assert [(e.Code, e.Message, e.Field) for e in rows[1].Errors] == [
        ("INVALID_VALUE", "The amount is <= 0 & wrong.", None)
    ]


def test_strict_zeep_reads_our_delete_rows():
    """Lower case and all."""
    rows = called("delete", RENDERER.rows("delete", [REFUSED, APPLIED], NOW), 200, type="Payment", ids=["1", "2"])
    assert [(row.id, row.success) for row in rows] == [(None, False), (ID, True)]


def test_strict_zeep_reads_our_faults():
    """faultcode as text, and the typed detail."""
    with pytest.raises(Fault) as caught:
        called("create", RENDERER.fault(CallFault("INVALID_SESSION", "log in"), "create", NOW), 500, zObjects=[])
    assert (caught.value.code, caught.value.message) == ("fns:INVALID_SESSION", "log in")
    assert caught.value.detail[0].tag == f"{{{FAULT}}}UnexpectedErrorFault"
