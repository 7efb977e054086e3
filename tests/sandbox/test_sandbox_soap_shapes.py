"""SOAP answers byte for byte, as recorded public responses of Zuora have them."""

import re

import pytest
from sandbox_clients import SOAP_TYPE, Client, written, zobject

from bridge.sandbox import SandboxThread

HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope"
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
)
TAIL = "</soapenv:Body></soapenv:Envelope>"
NS = ' xmlns:ns1="http://api.zuora.com/"'
XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def test_create_answers_id_and_success_and_nothing_else(client: Client) -> None:
    """A successful row has Id then Success, without Header, whitespace or nil elements."""
    reply = client.write("create", "Payment", client.soap_payment(AppliedCreditBalanceAmount="30"))
    body = f"<ns1:createResponse{NS}><ns1:result><ns1:Id>{reply.rows[0]}</ns1:Id><ns1:Success>true</ns1:Success>"
    assert reply.body.decode() == f"{HEAD}{body}</ns1:result></ns1:createResponse>{TAIL}"
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/xml;charset=UTF-8"
    assert reply.headers["cache-control"] == "max-age=0, no-cache, no-store"
    assert reply.headers["pragma"] == "no-cache"
    assert reply.headers["date"].startswith("Fri, 20 Feb 2026 18:")


def test_a_failed_row_omits_id_and_field(client: Client) -> None:
    """An empty refund gets the recorded row error, Code before Message."""
    reply = client.write("create", "Refund", {})
    body = (
        f"<ns1:createResponse{NS}><ns1:result><ns1:Errors><ns1:Code>MISSING_REQUIRED_VALUE</ns1:Code>"
        "<ns1:Message>Missing required value: Type</ns1:Message></ns1:Errors><ns1:Success>false</ns1:Success>"
        "</ns1:result></ns1:createResponse>"
    )
    assert reply.body.decode() == HEAD + body + TAIL
    assert reply.status == 200


def test_delete_answers_in_lower_case(client: Client) -> None:
    """DeleteResult is the one result whose names are lower case."""
    key = client.names["P1"]
    reply = client.delete("Payment", key)
    body = (
        f"<ns1:deleteResponse{NS}><ns1:result><ns1:errors><ns1:Code>CANNOT_DELETE</ns1:Code>"
        "<ns1:Message>The payment cannot be deleted; only canceled payments can be.</ns1:Message></ns1:errors>"
        f"<ns1:id>{key}</ns1:id><ns1:success>false</ns1:success></ns1:result></ns1:deleteResponse>"
    )
    assert reply.body.decode() == HEAD + body + TAIL


def test_an_empty_query_has_one_nil_record_and_a_nil_locator(client: Client) -> None:
    """No rows: done, nil queryLocator, one nil records without a type, size 0."""
    reply = client.query("select Id from Refund")
    body = (
        f"<ns1:queryResponse{NS}><ns1:result><ns1:done>true</ns1:done>"
        f'<ns1:queryLocator{XSI} xsi:nil="1" /><ns1:records{XSI} xsi:nil="1" />'
        "<ns1:size>0</ns1:size></ns1:result></ns1:queryResponse>"
    )
    assert reply.body.decode() == HEAD + body + TAIL


def test_query_rows_have_a_type_id_first_and_wsdl_order(client: Client) -> None:
    """Rows carry xsi:type, Id first although not asked for, other fields alphabetical, nulls omitted."""
    reply = client.query(f"select UnappliedAmount, comment, Amount from payment where Id = '{client.names['P2']}'")
    row = (
        f'<ns1:records xmlns:ns2="http://object.api.zuora.com/"{XSI} xsi:type="ns2:Payment">'
        f"<ns2:Id>{client.names['P2']}</ns2:Id><ns2:Amount>80</ns2:Amount>"
        "<ns2:UnappliedAmount>30</ns2:UnappliedAmount></ns1:records>"
    )
    assert f'<ns1:queryLocator{XSI} xsi:nil="1" />{row}<ns1:size>1</ns1:size>' in reply.body.decode()


def test_a_fault_repeats_code_and_text_in_its_typed_detail(client: Client) -> None:
    """An unknown session is HTTP 500 with the fault every legacy client greps for."""
    header = '<a:SessionHeader xmlns:a="http://api.zuora.com/"><a:session>nope</a:session></a:SessionHeader>'
    reply = client.envelope('<a:getUserInfo xmlns:a="http://api.zuora.com/"/>', header=header)
    body = (
        '<soapenv:Fault xmlns:fns="http://fault.api.zuora.com/"><faultcode>fns:INVALID_SESSION</faultcode>'
        "<faultstring>invalid session</faultstring><detail><fns:UnexpectedErrorFault>"
        "<fns:FaultCode>INVALID_SESSION</fns:FaultCode><fns:FaultMessage>invalid session</fns:FaultMessage>"
        "</fns:UnexpectedErrorFault></detail></soapenv:Fault>"
    )
    assert reply.body.decode() == HEAD + body + TAIL
    assert reply.status == 500
    assert reply.headers["content-type"] == "text/xml;charset=UTF-8"


def test_login_answers_session_and_its_own_url_with_the_version_asked(client: Client) -> None:
    """ServerUrl is this sandbox with the version of the request path."""
    reply = client.login(version="83.0")
    expected = (
        rf"<ns1:loginResponse{NS}><ns1:result><ns1:Session>[\w=-]+</ns1:Session>"
        rf"<ns1:ServerUrl>{client.url}/apps/services/a/83\.0</ns1:ServerUrl></ns1:result></ns1:loginResponse>"
    )
    assert re.fullmatch(re.escape(HEAD) + expected + re.escape(TAIL), reply.body.decode())


def test_a_wrong_password_is_a_login_fault_with_invalid_value(client: Client) -> None:
    """The recorded text and code of a failed login."""
    reply = client.login(password="wrong")
    assert reply.status == 500
    assert reply.fault == ("fns:INVALID_VALUE", "LoginFault", "Invalid login. User name and password do not match.")


def test_login_arguments_out_of_order_trip_the_engine(client: Client) -> None:
    """Order matters in login only; the engine names the element it tripped over."""
    body = (
        '<a:login xmlns:a="http://api.zuora.com/"><a:password>demo</a:password>'
        "<a:username>erp@example.com</a:username></a:login>"
    )
    reply = client.envelope(body, header="")
    assert reply.fault == ("soapenv:Server", "", "Unexpected subelement username")


def test_user_info_has_no_result_wrapper(client: Client) -> None:
    """The six elements of getUserInfo in order."""
    reply = client.envelope('<a:getUserInfo xmlns:a="http://api.zuora.com/"/>')
    assert f"<ns1:getUserInfoResponse{NS}><ns1:TenantId>10000</ns1:TenantId><ns1:TenantName>" in reply.body.decode()
    names = [str(element.tag).rpartition("}")[2] for element in reply.xml[0][0]]
    assert names == ["TenantId", "TenantName", "UserEmail", "UserFullName", "UserId", "Username"]


def test_the_charset_token_comes_back_as_it_was_spelled(client: Client) -> None:
    """utf-8 in lower case is echoed in header and declaration."""
    text = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><getUserInfo/></s:Body></s:Envelope>'
    )
    reply = client.http("POST", "/apps/services/a/107.0", text.encode(), {"Content-Type": "text/xml; charset=utf-8;"})
    assert reply.headers["content-type"] == "text/xml;charset=utf-8"
    assert reply.body.startswith(b"<?xml version='1.0' encoding='utf-8'?>")


@pytest.mark.parametrize("charset", ["ISO-8859-1", "UTF-16"])
def test_other_charsets_are_read(client: Client, charset: str) -> None:
    """A body in the charset of its header is understood, and recorded readably."""
    client.login()
    header = f"<SessionHeader><session>{client.session}</session></SessionHeader>"
    payment = client.soap_payment(AppliedCreditBalanceAmount="30", Comment="Zürich")
    text = (
        f"<?xml version='1.0' encoding='{charset}'?>"
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
        f"{header}</s:Header><s:Body>{written('create', zobject('Payment', payment))}</s:Body></s:Envelope>"
    )
    sent = {"Content-Type": f"text/xml; charset={charset}"}
    reply = client.http("POST", "/apps/services/a/107.0", text.encode(charset), sent)
    assert client.find("payments", reply.rows[0])["comment"] == "Zürich"
    assert client.writes()[-1]["operation"] == "create"


def test_soap_12_is_answered_in_soap_12(client: Client) -> None:
    """The same body in the other envelope; faults have Code and Reason."""
    text = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><getUserInfo/></s:Body></s:Envelope>'
    reply = client.http("POST", "/apps/services/a/107.0", text.encode(), {"Content-Type": "application/soap+xml"})
    assert reply.status == 500
    assert b'<soapenv:Envelope xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope">' in reply.body
    assert b"<soapenv:Code><soapenv:Value>fns:INVALID_SESSION</soapenv:Value></soapenv:Code>" in reply.body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "com.ctc.wstx.exc.WstxParsingException"),
        (b"<a", "com.ctc.wstx.exc.WstxParsingException"),
        (b"<a/>", "not a SOAP envelope"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "Document Type Declaration"),
        (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>', "unknown"),
    ],
)
def test_what_the_engine_cannot_read_is_a_server_fault(client: Client, body: bytes, text: str) -> None:
    """soapenv:Server, HTTP 500, and no typed detail."""
    reply = client.http("POST", "/apps/services/a/107.0", body, SOAP_TYPE)
    assert reply.status == 500
    assert reply.fault[:2] == ("soapenv:Server", "")
    assert text in reply.fault[2]


@pytest.mark.parametrize(
    "header",
    [
        "<SessionHeader><session>{0}</session></SessionHeader>",
        '<b:SessionHeader xmlns:b="http://schemas.xmlsoap.org/soap/envelope/"><b:Session>{0}</b:Session>'
        "</b:SessionHeader>",
        '<b:SessionHeader xmlns:b="http://object.api.zuora.com/" s:mustUnderstand="0"><b:session> {0} </b:session>'
        "</b:SessionHeader>",
    ],
)
def test_the_session_header_is_found_by_local_name(client: Client, header: str) -> None:
    """Unqualified, in the envelope's namespace with a capital, in the object namespace: all seen in the field."""
    client.login()
    reply = client.envelope("<getUserInfo/>", header=header.format(client.session))
    assert reply.status == 200


def test_liberal_reading_of_objects(client: Client) -> None:
    """Any order, any prefix, no namespace, CDATA, nil and unknown elements are all taken."""
    names = client.names
    body = (
        '<q:create xmlns:q="http://api.zuora.com/"><q:zObjects xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:q1="http://object.api.zuora.com/" i:type="q1:Payment"><Type><![CDATA[External]]></Type>'
        f"<q1:Id i:nil='true'/><Status>Processed</Status><!-- c --><PaymentMethodId>{names['PMx']}</PaymentMethodId>"
        f"<EffectiveDate> 2026-02-20 </EffectiveDate><NoSuchField>x</NoSuchField><AccountId>{names['A']}</AccountId>"
        "<q1:Comment i:nil='1'/><q1:ReferenceId></q1:ReferenceId><accountId>junk</accountId>"
        "<AppliedCreditBalanceAmount>5.00</AppliedCreditBalanceAmount><Amount> 5 </Amount></q:zObjects></q:create>"
    )
    reply = client.envelope(body)
    made = client.find("payments", reply.rows[0])
    assert (made["amount"], made["comment"], made["referenceId"]) == ("5", None, None)


def test_no_whitespace_reaches_an_answer(client: Client, sandbox: SandboxThread) -> None:
    """A batch of good and bad rows stays in order and on one line."""
    good = client.soap_payment(AppliedCreditBalanceAmount="30")
    reply = client.write("create", "Payment", good, client.soap_payment(), good)
    assert [len(row) == 32 for row in reply.rows] == [True, False, True]
    assert b"\n" not in reply.body
    assert b"> <" not in reply.body
