"""No spelling of a journaled write passes by the journal (I10): not by names, types, paths, methods or JSON.

Each attempt is harmless if Zuora was asked for nothing that could change something, or if the bridge journaled it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from harness import API, OBJECT, SOAP11, XML_HEADERS, XSI, Answer, World, envelope, payment, post, saved

JSON_HEADERS = (("Content-Type", "application/json"),)
D1_PART = payment(Amount="1", InvoiceId="@D1", AppliedInvoiceAmount="1")


def body_of(world: World, *changes: tuple[str, str]) -> bytes:
    """A create of a payment of D1, with texts in it replaced."""
    text = world.message(saved("create", [world.resolve(D1_PART)])).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def assert_harmless(world: World, mark: int, answer: Answer) -> None:
    """Nothing changed at Zuora behind the journal's back."""
    writes = world.writes(mark)
    if answer.header("Bridge-Intent") is None:
        assert [one.line for one in writes] == []
    else:
        assert all(one.headers.get("idempotency-key") for one in writes if one.face == "rest")


SPELLINGS = {
    "the operation in another namespace": [
        ("<ns1:create>", '<x:create xmlns:x="urn:x">'),
        ("</ns1:create>", "</x:create>"),
    ],
    "the operation in no namespace": [("<ns1:create>", "<create>"), ("</ns1:create>", "</create>")],
    "the operation in capitals": [("ns1:create", "ns1:CREATE")],
    "the operation with a capital": [("ns1:create", "ns1:Create")],
    "the objects in no namespace": [("ns1:zObjects", "zObjects")],
    "the objects in lower case": [("ns1:zObjects", "ns1:zobjects")],
    "the objects in capitals": [("ns1:zObjects", "ns1:ZOBJECTS")],
    "the type in lower case": [('"ns2:Payment"', '"ns2:payment"')],
    "the type in capitals": [('"ns2:Payment"', '"ns2:PAYMENT"')],
    "the type without a prefix": [('"ns2:Payment"', '"Payment"')],
    "the type with white space": [('"ns2:Payment"', '" ns2:Payment&#9;"')],
    "the type with a line break in it": [('"ns2:Payment"', '"\nns2:Payment\n"')],
    "the type with the prefix of another namespace": [('"ns2:Payment"', '"ns1:Payment"')],
    "the type with an undeclared prefix": [('"ns2:Payment"', '"nobody:Payment"')],
    "the type with two colons": [('"ns2:Payment"', '"ns1:ns2:Payment"')],
    "the type by a character reference": [('"ns2:Payment"', '"ns2:&#80;ayment"')],
    "the type in the schema of 1999": [(f'xmlns:xsi="{XSI}"', 'xmlns:xsi="http://www.w3.org/1999/XMLSchema-instance"')],
    "the type in the schema of 2000": [
        (f'xmlns:xsi="{XSI}"', 'xmlns:xsi="http://www.w3.org/2000/10/XMLSchema-instance"')
    ],
    "the type in no namespace": [("xsi:type", "type")],
    "two types": [("xsi:type", 'type="ns2:Account" xsi:type')],
    "an account before the payment": [
        (
            "<ns1:zObjects",
            '<ns1:zObjects xsi:type="ns2:Account"/><ns1:zObjects',
        )
    ],
    "an untyped object before the payment": [("<ns1:create>", "<ns1:create><ns1:zObjects/>")],
    "an element of the object's name": [
        ('ns1:zObjects xsi:type="ns2:Payment"', "ns2:Payment"),
        ("/ns1:zObjects", "/ns2:Payment"),
    ],
    "a comment in the way": [("<ns1:zObjects", "<!-- <ns1:query/> --><ns1:zObjects")],
    "a processing instruction in the way": [("<ns1:zObjects", "<?x y?><ns1:zObjects")],
    "a wrapper around the objects": [
        ("<ns1:zObjects", "<ns1:x><ns1:zObjects"),
        ("</ns1:zObjects>", "</ns1:zObjects></ns1:x>"),
    ],
    "a wrapper around the operation": [
        ("<ns1:create>", "<ns1:query><ns1:create>"),
        ("</ns1:create>", "</ns1:create></ns1:query>"),
    ],
    "two operations in the Body": [("<ns1:create>", "<ns1:query/><ns1:create>")],
    "two Bodies": [("<soapenv:Body>", "<soapenv:Body><ns1:query/></soapenv:Body><soapenv:Body>")],
    "a Body before the Header": [("<soapenv:Header>", "<soapenv:Body><ns1:query/></soapenv:Body><soapenv:Header>")],
    "an object by reference": [("<ns1:zObjects xsi", '<ns1:zObjects href="#p" id="p" xsi')],
    "the envelope's namespace of SOAP 1.2": [(SOAP11, "http://www.w3.org/2003/05/soap-envelope")],
    "the object namespace twice": [
        (f'xmlns:ns2="{OBJECT}"', f'xmlns:ns2="{OBJECT}" xmlns:ns3="{OBJECT}"'),
        ('"ns2:P', '"ns3:P'),
    ],
    "the api namespace with another ending": [(f'"{API}"', f'"{API[:-1]}"')],
}


@pytest.mark.parametrize("changes", SPELLINGS.values(), ids=SPELLINGS)
def test_no_spelling_of_the_body_passes_by(changes: Sequence[tuple[str, str]], house: World) -> None:
    """A create is journaled or refused, however it is spelled."""
    body = body_of(house, *changes)
    mark = house.mark()
    assert_harmless(house, mark, post(house.endpoint(), body))


DELETIONS = {
    "in lower case": "<ns1:type>payment</ns1:type>",
    "in capitals": "<ns1:type>PAYMENT</ns1:type>",
    "with white space": "<ns1:type>\n Payment\t</ns1:type>",
    "with a comment in it": "<ns1:type>Pay<!-- x -->ment</ns1:type>",
    "in CDATA": "<ns1:type><![CDATA[Payment]]></ns1:type>",
    "half in CDATA": "<ns1:type>Pay<![CDATA[ment]]></ns1:type>",
    "with a processing instruction in it": "<ns1:type>Pay<?x y?>ment</ns1:type>",
    "in a child": "<ns1:type><ns1:x>Payment</ns1:x></ns1:type>",
    "after another": "<ns1:type>Account</ns1:type><ns1:type>Payment</ns1:type>",
    "before another": "<ns1:type>Payment</ns1:type><ns1:type>Account</ns1:type>",
    "in another case of the element": "<ns1:Type>Payment</ns1:Type>",
    "with a prefix": "<ns1:type>ns2:Payment</ns1:type>",
    "with a no-break space": "<ns1:type>Payment\u00a0</ns1:type>",
}


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
@pytest.mark.parametrize("operation", ["delete", "Delete"])
def test_no_spelling_of_a_delete_passes_by(operation: str, kind: str, house: World) -> None:
    """A delete of a payment is journaled or refused, however its type is written; the payment stays."""
    body = f"<ns1:{operation}>{kind}<ns1:ids>{house.id('@P1')}</ns1:ids></ns1:{operation}>"
    mark = house.mark()
    answer = post(house.endpoint(), house.message(body))
    assert_harmless(house, mark, answer)
    assert house.document("P1")["status"] == "Processed"


LOOK_ALIKES = {
    "a full-width letter": "\uff30ayment",
    "a soft hyphen": "Pay\u00adment",
    "a combining mark": "Payment\u0307",
    "a letter of another script": "P\u0430yment",
    "a longer name": "PaymentMethod",
}


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_name_that_only_looks_alike_is_another_type(name: str, house: World) -> None:
    """No XML parser takes these for a payment: they pass, and Zuora knows no such type."""
    # Written first: the first use of the session logs in.
    body = body_of(house, ('"ns2:Payment"', f'"ns2:{name}"'))
    mark = house.mark()
    answer = post(house.endpoint(), body)
    assert [one.operation for one in house.requests(mark)] == ["create"]
    assert answer.fault["kind"] == "InvalidTypeFault"


SOAP_PATHS = [
    "/apps/services/a/107.0/",
    "/apps/services/a/107.0?x=1",
    "/apps/services/a/107.0?wsdl",
    "/apps/services/a/107%2E0",
    "/apps/services/a/%31%30%37.0",
    "/apps/services/%61/107.0",
    "/%61pps/services/a/107.0",
    "/apps%2Fservices/a/107.0",
    "/apps/services/a%2f107.0",
    "/apps/services/a/107.0%00",
    "/apps/services/a/107.0%20",
    "/apps/services/a/107.0;jsessionid=1",
    "/apps/services/a;x/107.0",
    "/APPS/services/a/107.0",
    "/Apps/Services/A/107.0",
    "/apps/services/a/107",
    "/apps/services/a/0107.0",
    "/apps/services/a/",
    "/apps/services/a",
    "/apps/services/a/107.0/x",
    "/apps/services/b/107.0",
    "/apps/other",
    "/apps",
    "/apps/",
    "//apps/services/a/107.0",
    "/apps//services/a/107.0",
    "/./apps/services/a/107.0",
    "/apps/./services/a/107.0",
    "/x/../apps/services/a/107.0",
    "/v1/../apps/services/a/107.0",
    "/apps/services/x/../a/107.0",
    "/apps/services/a/%2e%2e/a/107.0",
    "/apps/services/a\\107.0",
    "/services/a/107.0",
    "/v1/services/a/107.0",
]


@pytest.mark.parametrize("path", SOAP_PATHS)
def test_no_path_carries_a_soap_write_by(path: str, house: World) -> None:
    """A SOAP create is journaled, refused or lands where Zuora serves no SOAP."""
    body = body_of(house)
    mark = house.mark()
    answer = post(house.url + path, body)
    if answer.header("Bridge-Intent") is None:
        assert [one.operation for one in house.requests(mark)] == [""] * len(house.requests(mark))
        assert answer.status != 200
    assert {one["amount"] for one in house.payments()} <= {"1"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "post"])
def test_no_method_carries_a_soap_write_by(method: str, house: World) -> None:
    """Only POST writes; a body on another method is not forwarded."""
    body = body_of(house)
    mark = house.mark()
    post(house.endpoint(), body, method=method)
    assert [one.body for one in house.requests(mark) if one.body] == []


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_override_makes_a_get_a_write(name: str, house: World) -> None:
    """A GET stays a GET for the bridge, and its body stays here."""
    mark = house.mark()
    post(house.url + "/v1/object/payment/x", b"{}", (*JSON_HEADERS, (name, "POST")), method="GET")
    assert [one.changing for one in house.requests(mark)] in ([], [False])


@pytest.mark.parametrize(
    "headers",
    [
        (("Content-Type", "application/json"),),
        (("Content-Type", "application/octet-stream"),),
        (("Content-Type", "multipart/related; boundary=x"),),
        (("Content-Type", "application/xop+xml"),),
        (("Content-Type", "text/xml; charset=utf-7"),),
        (("Content-Type", "text/xml"), ("Content-Encoding", "deflate")),
        (("Content-Type", "text/xml"), ("Content-Encoding", "gzip, gzip")),
        (("Content-Type", "text/xml"), ("Content-Type", "application/json")),
        (),
    ],
    ids=str,
)
def test_a_body_that_the_guard_does_not_read_goes_nowhere(headers: Sequence[tuple[str, str]], house: World) -> None:
    """Without a parsed body nobody can say that it holds no write, so nothing passes."""
    body = body_of(house)
    mark = house.mark()
    assert post(house.endpoint(), body, headers).status in (400, 415, 500)
    assert house.requests(mark) == []


# ------------------------------------------------------------------ JSON

CREATE = '{"type":"Payment","objects":[{"AccountId":"x","Amount":1}]}'
ACTIONS = {
    "as documented": ("/v1/action/create", CREATE),
    "update": ("/v1/action/update", CREATE),
    "delete": ("/v1/action/delete", '{"type":"Payment","ids":["x"]}'),
    "a refund": ("/v1/action/create", CREATE.replace("Payment", "Refund")),
    "the type in lower case": ("/v1/action/create", CREATE.replace("Payment", "payment")),
    "the type with white space": ("/v1/action/create", CREATE.replace("Payment", " Payment ")),
    "the type by an escape": ("/v1/action/create", CREATE.replace("Payment", "\\u0050ayment")),
    "the type twice, payment last": ("/v1/action/create", '{"type":"Account","type":"Payment","objects":[]}'),
    "the type twice, payment first": ("/v1/action/create", '{"type":"Payment","type":"Account","objects":[]}'),
    "the key by an escape": ("/v1/action/create", '{"type":"Account","\\u0074ype":"Payment","objects":[]}'),
    "the key in capitals": ("/v1/action/create", '{"Type":"Payment","objects":[]}'),
    "the type in a list": ("/v1/action/create", '{"type":["Payment"],"objects":[]}'),
    "the whole in a list": ("/v1/action/create", f"[{CREATE}]"),
    "two documents": ("/v1/action/create", '{"type":"Account","objects":[]}' + CREATE),
    "a byte order mark": ("/v1/action/create", "\ufeff" + CREATE),
    "a comment": ("/v1/action/create", "/* */" + CREATE),
    "the path in capitals": ("/V1/ACTION/CREATE", CREATE),
    "the path with a slash at the end": ("/v1/action/create/", CREATE),
    "the path with a query": ("/v1/action/create?x=1", CREATE),
    "the path encoded": ("/v1/action/%63reate", CREATE),
    "the path with two slashes": ("/v1//action/create", CREATE),
    "the path with dots": ("/v1/x/../action/create", CREATE),
    "the path with encoded dots": ("/v1/x/%2e%2e/action/create", CREATE),
    "the path with parameters": ("/v1/action;x=1/create", CREATE),
    "the path with a back slash": ("/v1/action\\create", CREATE),
    "the path behind /rest": ("/rest/v1/action/create", CREATE),
    "the path behind /apps": ("/apps/v1/action/create", CREATE),
}


@pytest.mark.parametrize(("path", "text"), ACTIONS.values(), ids=ACTIONS)
def test_no_action_passes_by(path: str, text: str, house: World) -> None:
    """Without a credential, JSON actions on payments and refunds are refused with nothing sent, however spelled."""
    mark = house.mark()
    answer = post(house.url + path, text.encode(), JSON_HEADERS)
    assert answer.status in (400, 401)
    assert house.requests(mark) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_no_action_passes_by_in_another_encoding(encoding: str, house: World) -> None:
    """RFC 8259 knows UTF-8 only, but some parsers guess: the type is found all the same, or the body refused."""
    mark = house.mark()
    assert post(house.url + "/v1/action/create", CREATE.encode(encoding), JSON_HEADERS).status == 400
    assert house.requests(mark) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/object/payment",
        "/v1/object/Payment",
        "/v1/object/refund",
        "/v1/object/payment/",
        "/v1/object/payment/8ad0",
        "/v1/object/payment?x=1",
        "/v1/object/%70ayment",
        "/v1/Object/PAYMENT",
        "/v1/object//payment",
        "/v1/object/./payment",
        "/rest/v1/object/payment",
        "/apps/v1/object/payment",
    ],
)
def test_no_crud_write_passes_by(path: str, method: str, house: World) -> None:
    """Without a credential, CRUD writes of payments and refunds are refused with nothing sent."""
    mark = house.mark()
    answer = post(house.url + path, b'{"Amount":1}', JSON_HEADERS, method=method)
    assert answer.status in (400, 401, 405)
    assert house.requests(mark) == []


def test_a_compressed_action_that_cannot_be_read_is_not_forwarded(house: World) -> None:
    """What is not read is not forwarded."""
    mark = house.mark()
    headers = (*JSON_HEADERS, ("Content-Encoding", "gzip"))
    assert post(house.url + "/v1/action/create", b"\x1f\x8b", headers).status == 400
    assert house.requests(mark) == []


# ------------------------------------------------------------------ what may pass


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/v1/action/create", {"type": "Account", "objects": [{"Name": "x"}]}),
        ("/v1/action/query", {"queryString": "select Id from Payment"}),
        ("/v1/object/account", {"Name": "x"}),
        ("/v1/accounts", {"name": "x"}),
    ],
)
def test_other_json_passes(path: str, given: object, house: World) -> None:
    """What writes no payment or refund reaches Zuora, body unchanged."""
    body = json.dumps(given, indent=1).encode()
    mark = house.mark()
    post(house.url + path, body, JSON_HEADERS)
    (seen,) = house.requests(mark)
    assert (seen.method, seen.path, seen.body) == ("POST", path, body.decode())


def test_other_soap_writes_pass(house: World) -> None:
    """A create of an account reaches Zuora, body unchanged, and its answer comes back."""
    account = '<ns1:create><ns1:zObjects xsi:type="ns2:Account"><ns2:Name>x</ns2:Name></ns1:zObjects></ns1:create>'
    mark = house.mark()
    answer = post(house.endpoint(), house.message(account), XML_HEADERS)
    (seen,) = house.requests(mark)
    assert (seen.operation, answer.status) == ("create", 200)
    assert answer.header("Bridge-Intent") is None


def test_an_empty_body_passes(house: World) -> None:
    """An envelope without an operation is Zuora's to answer."""
    mark = house.mark()
    post(house.endpoint(), envelope(""))
    assert len(house.requests(mark)) == 1
