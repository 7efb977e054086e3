"""Actions: SOAP's objects as exact JSON, answers in every shape Zuora has, and whose credential they go under."""

from __future__ import annotations

import asyncio
import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstream_servers import Request, Server, answer, as_json, serving, transporting

from bridge.contract.contract import Contract
from bridge.contract.reader import read_own
from bridge.core.commands import Answer, Lost, NotSent, SoapAnswer, SoapFault, SoapRow
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route, RowError, ZObject
from bridge.upstream.action import ZuoraActions
from bridge.upstream.action_answers import read_action
from bridge.upstream.budget import Budget
from bridge.upstream.credential import Credential, key_id, of_json
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap_objects import Uncomposable

ID = "2c92c0f94a5d7e0a014a5e1f3b6a0002"
OTHER = "2c92c0f94a5d7e0a014a5e1f3b6a0003"
BEARER = (("Authorization", "Bearer the-callers-own"),)


@cache
def contract() -> Contract:
    """Our own file."""
    return read_own()


def composed(op: Op, *objects: ZObject, entity: str = "") -> str:
    """The body of the composed request."""
    return ZuoraActions(contract(), None).compose(op, objects, entity).body.decode()  # type: ignore[arg-type]


def body_of(one: ZObject) -> str:
    """What stands for one object in a create."""
    return composed(Op.CREATE, one).removeprefix('{"type":"Payment","objects":[').removesuffix("]}")


# ------------------------------------------------------------------ composing


def test_a_create_is_an_action_at_the_tenants_version() -> None:
    """Path and headers; no credential and no key, which the dispatch brings."""
    made = ZuoraActions(contract(), None).compose(Op.CREATE, (ZObject("Payment"),), "e1")  # type: ignore[arg-type]
    assert made.path == "/v1/action/create"
    assert made.headers == (
        ("Content-Type", "application/json"),
        ("X-Zuora-WSDL-Version", "107.0"),
        ("Zuora-Entity-Ids", "e1"),
    )
    assert made.body == b'{"type":"Payment","objects":[{}]}'


def test_without_an_entity_no_header_names_one() -> None:
    """A tenant of one entity."""
    made = ZuoraActions(contract(), None).compose(Op.CREATE, (ZObject("Payment"),))  # type: ignore[arg-type]
    assert [name for name, _ in made.headers] == ["Content-Type", "X-Zuora-WSDL-Version"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("100.50", "100.50"),
        ("+100.50", "100.50"),
        ("007.50", "7.50"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.10", "-0.10"),
        (" 12.00\n", "12.00"),
        ("100.5000000000000000000000000001", "100.5000000000000000000000000001"),
        ("1E5", "1E5"),
    ],
)
def test_what_the_contract_calls_a_number_goes_out_as_one(text: str, number: str) -> None:
    """Digit for digit; what JSON cannot spell is spelled as it can."""
    assert body_of(ZObject("Payment", {"Amount": text})) == f'{{"Amount":{number}}}'


@pytest.mark.parametrize("text", ["abc", "1,5", "NaN", "Infinity", "1e9999", "--1", "٣"])
def test_what_is_no_number_stays_text(text: str) -> None:
    """Zuora is to judge it; the JSON stays JSON."""
    assert json.loads(body_of(ZObject("Payment", {"Amount": text}))) == {"Amount": text}


def test_texts_stay_texts() -> None:
    """An id of digits, a date and a custom field are no numbers."""
    fields = {"AccountId": "123", "EffectiveDate": "2026-02-20", "Foo__c": "1.10", "Comment": 'A "é" \\ \n'}
    assert json.loads(body_of(ZObject("Payment", fields))) == fields


def test_containers_hold_lists_under_the_wsdls_name() -> None:
    """Each child's amount is a number too."""
    rows = (
        ZObject("InvoicePayment", {"InvoiceId": "a", "Amount": "1.0"}),
        ZObject("InvoicePayment", {"InvoiceId": "b"}),
    )
    assert body_of(ZObject("Payment", {"Type": "External"}, {"InvoicePaymentData": rows})) == (
        '{"Type":"External","InvoicePaymentData":{"InvoicePayment":[{"InvoiceId":"a","Amount":1.0},{"InvoiceId":"b"}]}}'
    )


def test_an_update_carries_its_nulls() -> None:
    """fieldsToNull as a list."""
    one = ZObject("Payment", {"Id": ID}, nulls=("Foo__c", "Bar__c"))
    assert composed(Op.UPDATE, one) == (
        f'{{"type":"Payment","objects":[{{"Id":"{ID}","fieldsToNull":["Foo__c","Bar__c"]}}]}}'
    )


def test_a_delete_lists_ids() -> None:
    """Nothing but the type and the ids."""
    made = composed(Op.DELETE, ZObject("Refund", {"Id": ID}), ZObject("Refund", {"Id": OTHER}))
    assert made == f'{{"type":"Refund","ids":["{ID}","{OTHER}"]}}'


def test_what_the_contract_does_not_know_is_never_dropped() -> None:
    """JSON as it came; XML as the nearest JSON, a repeated element as a list."""
    one = ZObject(
        "Payment",
        {"Unheard": "1.10"},
        verbatim={
            "Json": '{"a":1.10}',
            "Deep": '<n:Deep xmlns:n="urn:n"><n:A>1</n:A><n:B/><n:B>x</n:B></n:Deep>',
            "Twice": "<Twice>1</Twice><Twice>2</Twice>",
            "Nil": '<Nil xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"/>',
        },
    )
    assert body_of(one) == (
        '{"Unheard":"1.10","Json":{"a":1.10},"Deep":{"A":"1","B":["","x"]},"Twice":["1","2"],"Nil":null}'
    )


@pytest.mark.parametrize(
    ("op", "one"),
    [
        (Op.CREATE, ZObject("Nothing")),
        (Op.DELETE, ZObject("Payment")),
        (Op.CREATE, ZObject("Payment", verbatim={"X": "<X>"})),
    ],
)
def test_what_cannot_be_composed_is_said(op: Op, one: ZObject) -> None:
    """Before anything is recorded."""
    with pytest.raises(Uncomposable):
        composed(op, one)


# ------------------------------------------------------------------ answers

SAVED = b'[{"Id":"%s","Success":true}]' % ID.encode()


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (SAVED, (SoapRow(True, ID),)),
        (b'[{"Success":true,"Id":"%s","New":{"Id":"x"}}]' % ID.encode(), (SoapRow(True, ID),)),
        (b'[{"id":"%s","success":true}]' % ID.encode(), (SoapRow(True, ID),)),
        (
            b'[{"Success":false,"Errors":[{"Code":"A","Message":"a"},{"Code":"B"}]}]',
            (SoapRow(False, None, (RowError("A", "a"), RowError("B", ""))),),
        ),
        (
            b'[{"success":false,"id":"%s","errors":[{"Code":"A","Message":"a","Field":"F"}]}]' % ID.encode(),
            (SoapRow(False, ID, (RowError("A", "a", "F"),)),),
        ),
        (b'[{"Success":false,"Errors":{"Code":"A","Message":"a"}}]', (SoapRow(False, None, (RowError("A", "a"),)),)),
        (b"[]", ()),
        (b"[1,null]", (SoapRow(None, None), SoapRow(None, None))),
        (b'[{"Id":"x"}]', (SoapRow(None, "x"),)),
        (b'[{"Id":"x","Success":"true"}]', (SoapRow(None, "x"),)),
        (b'[{"Id":"x","Success":1}]', (SoapRow(None, "x"),)),
        (b'[{"Id":"x","Success":true,"success":false}]', (SoapRow(None, "x"),)),
        (b'[{"Id":"x","Id":"y","Success":true}]', (SoapRow(None, None),)),
        (b'[{"Id":"x","id":"y","Success":true}]', (SoapRow(None, None),)),
        (b'[{"Id":"","Success":true}]', (SoapRow(True, None),)),
        (b'[{"Id":7,"Success":true}]', (SoapRow(True, "7"),)),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_rows_are_read_for_what_they_are(body: bytes, rows: tuple[SoapRow, ...]) -> None:
    """A row that is missing something, or says it twice and differently, has no success."""
    assert read_action(200, body, 7) == SoapAnswer(200, rows, None, 7)


WILD = (
    b'{"faultcode":"fns:MALFORMED_QUERY","faultstring":"bad","detail":{"MalformedQueryFault":'
    b'{"FaultCode":"MALFORMED_QUERY","FaultMessage":"worse"}}}'
)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, b'{"FaultCode":"A","FaultMessage":"a"}', SoapFault("fns:A", "a", None, "A", "a")),
        (400, WILD, SoapFault("fns:MALFORMED_QUERY", "bad", "MalformedQueryFault", "MALFORMED_QUERY", "worse")),
        (500, b'{"faultcode":"soapenv:Server","faultstring":"x"}', SoapFault("soapenv:Server", "x")),
        (
            401,
            b'{"message":"Authentication error"}',
            SoapFault("fns:INVALID_SESSION", "Authentication error", None, "INVALID_SESSION", "Authentication error"),
        ),
        (403, b'{"code":90000010,"message":"no"}', SoapFault("fns:NO_PERMISSION", "no", None, "NO_PERMISSION", "no")),
        (
            400,
            b'{"message":"Error - invalid action: x"}',
            SoapFault(
                "fns:INVALID_VALUE", "Error - invalid action: x", None, "INVALID_VALUE", "Error - invalid action: x"
            ),
        ),
        (
            400,
            b'{"message":"Error - unrecognised fields"}',
            SoapFault(
                "fns:INVALID_FIELD", "Error - unrecognised fields", None, "INVALID_FIELD", "Error - unrecognised fields"
            ),
        ),
        (
            401,
            b'{"success":false,"reasons":[{"code":90000011,"message":"no"}]}',
            SoapFault("fns:INVALID_SESSION", "no", None, "INVALID_SESSION", "no"),
        ),
    ],
)
def test_faults_are_read_in_every_shape(status: int, body: bytes, fault: SoapFault) -> None:
    """Documented and seen on the wire."""
    assert read_action(status, body, None) == SoapAnswer(status, None, fault)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b"<html>Bad Gateway</html>"),
        (200, b""),
        (200, b"\xff"),
        (200, b"null"),
        (200, b'"done"'),
        (200, b"{}"),
        (200, b'{"Success":true,"Id":"x"}'),
        (200, b'{"success":true}'),
        (500, b'{"message":"oops"}'),
        (504, b'{"message":"Endpoint request timed out"}'),
        (429, b'{"reasons":[{"code":50000070,"message":"x"}]}'),
        (409, b'{"success":false,"reasons":[{"code":50000050,"message":"x"}]}'),
        (200, b"[" * 100_000),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_neither_rows_nor_fault_is_neither(status: int, body: bytes) -> None:
    """Core takes it as no verdict."""
    assert read_action(status, body, None) == SoapAnswer(status)


@given(st.integers(100, 599), st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Id", "Success", "Errors", "Code", "message", "detail", "faultcode", "reasons"]), inner
    ),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_answer_raises(status: int, body: bytes) -> None:
    """Whatever came, money may have moved: it must be told."""
    read = read_action(status, body, None)
    assert read.status == status
    assert read.rows is None or read.fault is None


# ------------------------------------------------------------------ sending

DISPATCH = Dispatch(
    "d",
    "c",
    Route.ACTION,
    Op.CREATE,
    "POST",
    "/v1/action/create",
    (("Content-Type", "application/json"), ("X-Zuora-WSDL-Version", "107.0"), ("Idempotency-Key", "k1")),
    b'{"type":"Payment","objects":[{"Amount":1.10}]}',
    ("i1",),
    key="k1",
)


def sent(own: tuple[tuple[str, str], ...] | None, *answers: bytes) -> tuple[object, list[Request]]:
    """Send the dispatch to a server that gives a token and then these answers."""
    left = list(answers)
    seen: list[Request] = []

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        if request.path == "/oauth/token":
            writer.write(as_json(200, {"access_token": f"t{len(seen)}", "expires_in": 3599}))
        elif left:
            writer.write(left.pop(0))
        else:
            writer.close()

    async def go() -> object:
        async with serving(script) as server, transporting() as transport:
            return await actions(server, transport).send(DISPATCH, None, own)

    def actions(server: Server, transport: object) -> ZuoraActions:
        oauth = OAuthClient(transport, server.origin, "i", "s")  # type: ignore[arg-type]
        return ZuoraActions(contract(), ZuoraRest(transport, server.origin, oauth, Budget()))  # type: ignore[arg-type]

    return asyncio.run(go()), seen


def test_a_callers_own_credential_takes_the_place_of_the_bridges() -> None:
    """The recorded bytes and key, and nothing of the bridge's OAuth client."""
    came, seen = sent(BEARER, answer(200, SAVED))
    assert came == SoapAnswer(200, (SoapRow(True, ID),))
    (request,) = seen
    assert (request.target, request.body) == (DISPATCH.path, DISPATCH.body)
    assert request.header("Authorization") == "Bearer the-callers-own"
    assert request.header("Idempotency-Key") == "k1"


def test_an_own_credential_that_is_refused_is_not_tried_again() -> None:
    """Whose it is, renews it."""
    came, seen = sent(BEARER, as_json(401, {"message": "Authentication error"}))
    assert isinstance(came, SoapAnswer)
    assert (came.status, came.fault.code if came.fault else None, len(seen)) == (401, "INVALID_SESSION", 1)


def test_without_an_own_credential_it_goes_under_the_bridges() -> None:
    """For SOAP callers; a token that Zuora refuses is renewed once, under the same key."""
    came, seen = sent(None, as_json(401, {"message": "Authentication error"}), answer(200, SAVED))
    assert came == SoapAnswer(200, (SoapRow(True, ID),))
    posts = [request for request in seen if request.path == DISPATCH.path]
    assert [request.header("Authorization") for request in posts] == ["Bearer t1", "Bearer t3"]
    assert {request.header("Idempotency-Key") for request in posts} == {"k1"}


def test_no_answer_is_lost_and_no_connection_is_not_sent() -> None:
    """As the transport saw it."""
    assert isinstance(sent(BEARER)[0], Lost)

    class Nowhere:
        async def send(self, *_: object) -> Answer | NotSent | Lost:
            return NotSent("refused")

    assert asyncio.run(ZuoraActions(contract(), Nowhere()).send(DISPATCH, None)) == NotSent("refused")


# ------------------------------------------------------------------ credentials


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ((("authorization", "Bearer x"), ("Accept", "y")), (("authorization", "Bearer x"),)),
        ((("Authorization", " ZSession abc "),), (("Authorization", "ZSession abc"),)),
        (
            (("apiAccessKeyId", "u"), ("apiSecretAccessKey", "p")),
            (("apiAccessKeyId", "u"), ("apiSecretAccessKey", "p")),
        ),
        ((("Cookie", 'a=b; ZSession="x y"; c=d'),), (("Cookie", 'ZSession="x y"'),)),
        ((("Cookie", "ZSession=x"), ("Cookie", "ZSession=x")), (("Cookie", "ZSession=x"),)),
        (
            (("Authorization", "Bearer x"), ("Zuora-Org-Ids", "1,2")),
            (("Authorization", "Bearer x"), ("Zuora-Org-Ids", "1,2")),
        ),
        ((), None),
        ((("Zuora-Org-Ids", "1"),), None),
        ((("Authorization", ""),), None),
        ((("apiAccessKeyId", "u"),), None),
        ((("apiSecretAccessKey", "p"),), None),
        ((("Authorization", "Bearer x"), ("apiAccessKeyId", "u")), None),
        ((("Authorization", "Bearer x"), ("Authorization", "Bearer y")), None),
        ((("Cookie", "ZSession=x; ZSession=y"),), None),
        ((("Cookie", "XZSession=x"),), None),
        ((("Authorization", "Bearer é"),), None),
        ((("Authorization", "Bearer x\ry"),), None),
        ((("Authorization", "Bearer " + "x" * 9000),), None),
    ],
)
def test_a_credential_is_passed_on_as_it_came_or_not_at_all(
    headers: tuple[tuple[str, str], ...], own: tuple[tuple[str, str], ...] | None
) -> None:
    """Two that differ under one name are none: Zuora might read the other one."""
    found = of_json(headers)
    assert (found.own if found is not None else None) == own


def test_a_credential_says_nothing_of_itself() -> None:
    """Neither its representation nor its digest holds what it is."""
    found = Credential("the-session", "host", (("Authorization", "Bearer the-bearer"),))
    assert repr(found) == str(found) == "Credential(...)"
    assert b"bearer" not in found.digest
    assert found.digest != Credential(own=(("Authorization", "Bearer another"),)).digest


def test_a_key_names_its_user_only_where_nothing_else_counts() -> None:
    """Beside a bearer anybody can write any key id."""
    keys = (("apiAccessKeyId", "u"), ("apiSecretAccessKey", "p"))
    alone, beside = of_json(keys), of_json((*keys, ("Authorization", "Bearer x")))
    assert alone is not None
    assert beside is not None
    assert (key_id(alone), key_id(beside)) == ("u", None)
