"""Every row of the design's verdicts, for REST and for SOAP, before and after a doubt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from core_objects import pays
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.commands import Answer, Lost, NotSent, SendEvent, SoapAnswer, SoapFault, SoapRow
from bridge.core.model import CallFault, Op, Route, RowError, ZObject
from bridge.core.verdict import LIMIT, UNAUTHENTICATED, Busy, Done, Doubt, No, Unsent, judge_batch, judge_rest

ID = "8ad09bce" * 4
OTHER = "2c92c0f8" * 4
PAYMENT = pays("d1", "80")


def answer(status: int, **body: Any) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(body).encode())


def refusal(status: int, *codes: object) -> Answer:
    """A failure with these reasons."""
    return answer(status, success=False, reasons=[{"code": code, "message": "m"} for code in codes])


def rest(event: SendEvent, *, doubted: bool = False, obj: ZObject = PAYMENT) -> str:
    """The verdict's name."""
    return type(judge_rest(event, obj, doubted=doubted)).__name__


# ---------------------------------------------------------------- REST, first send


@pytest.mark.parametrize("category", range(100))
@pytest.mark.parametrize("status", [200, 400, 409])
def test_each_category_is_a_refusal_busy_or_no_verdict(category: int, status: int) -> None:
    """10 to 45, 50, 70 and 90 say that nothing moved; 50 and 70 that it may be tried anew; the others say nothing."""
    if category in (50, 70):
        expected = "Busy"
    elif 10 <= category <= 45 or category == 90:
        expected = "No"
    else:
        expected = "Doubt"
    assert rest(refusal(status, 53200000 + category)) == expected


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (NotSent("DNS"), "Unsent"),
        (Lost("read timeout"), "Doubt"),
        (answer(200, success=True, id=ID), "Done"),
        (answer(201, success=True, id=ID), "Done"),
        (answer(409, success=True, id=ID), "Done"),
        (answer(200, success=True), "Doubt"),
        (answer(200, success=True, id=None), "Doubt"),
        (answer(200, success=True, id="P-00000001"), "Doubt"),
        (answer(200, success=True, id=ID + "0"), "Doubt"),
        (answer(200, success=True, reasons=[{"code": 53200030}]), "Doubt"),
        (answer(200, success="true", id=ID), "Doubt"),
        (answer(200, id=ID), "Doubt"),
        (answer(200, reasons=[{"code": 53200030, "message": "m"}]), "Doubt"),
        (answer(400, reasons=[{"code": 53200030, "message": "m"}]), "No"),
        (answer(302, success=False, reasons=[{"code": 53200030}]), "Doubt"),
        (answer(204), "Doubt"),
        (answer(500, success=True, id=ID), "Doubt"),
        (refusal(500, 53200030), "Doubt"),
        (refusal(503, 53200070), "Doubt"),
        (Answer(502, b"<html>Bad Gateway</html>"), "Doubt"),
        (Answer(404, b"<html>Not Found</html>"), "Doubt"),
        (Answer(403, b"Forbidden by the edge"), "Doubt"),
        (Answer(200, b""), "Doubt"),
        (Answer(200, b"[1]"), "Doubt"),
        (Answer(409, b"{}"), "Doubt"),
        (refusal(400), "Doubt"),
        (answer(400, success=False, reasons="none"), "Doubt"),
        (answer(400, success=False, reasons=["none"]), "Doubt"),
        (refusal(400, "53200030"), "No"),
        (refusal(400, 53200030, 53200020), "No"),
        (refusal(400, 53200030, 53200061), "Doubt"),
        (refusal(409, 53200030, 53200050), "Busy"),
        (refusal(400, 53200070, 53200099), "Doubt"),
        (refusal(400, None), "Doubt"),
        (refusal(400, True), "Doubt"),
        (refusal(400, 30.5), "Doubt"),
        (refusal(400, "-30"), "Doubt"),
        (refusal(400, "٣٠"), "Doubt"),
        (refusal(400, "9" * 5000), "Doubt"),
        (Answer(400, b'{"success":false,"reasons":[{"code":1e99999999999999999999}]}'), "Doubt"),
        (Answer(429, b""), "Busy"),
        (Answer(429, b"<html>"), "Busy"),
        (refusal(429, 53200061), "Busy"),
        (Answer(401, b""), "No"),
        (Answer(422, b""), "No"),
    ],
)
def test_what_the_first_send_of_a_rest_request_proves(event: SendEvent, verdict: str) -> None:
    """Only Zuora's own readable word, and never a 5xx."""
    assert rest(event) == verdict


# ---------------------------------------------------------------- REST, after a doubt


@pytest.mark.parametrize("category", range(100))
def test_after_a_doubt_only_what_the_request_itself_produced_is_proof(category: int) -> None:
    """Permission, session, media type, limit and malformed JSON may be answered before the key is looked at."""
    expected = "Busy" if category == 50 else "No" if 20 <= category <= 44 else "Doubt"
    assert rest(refusal(400, 53200000 + category), doubted=True) == expected


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (NotSent("DNS"), "Doubt"),
        (Lost("reset"), "Doubt"),
        (answer(200, success=True, id=ID), "Done"),
        (answer(409, success=True, id=ID), "Done"),
        (Answer(429, b""), "Doubt"),
        (refusal(429, 53200070), "Doubt"),
        (Answer(401, b""), "Doubt"),
        (Answer(422, b""), "Doubt"),
        (refusal(422, 53200030), "Doubt"),
        (refusal(403, 53200010), "Doubt"),
        (refusal(500, 53200061), "Doubt"),
        (refusal(409, 53200000), "Doubt"),
    ],
)
def test_what_a_repeat_proves(event: SendEvent, verdict: str) -> None:
    """A replayed 5xx is no second opinion, and not being sent says nothing about the first time."""
    assert rest(event, doubted=True) == verdict


@given(st.binary(max_size=300), st.integers(100, 599), st.booleans())
def test_no_bytes_of_an_answer_raise(body: bytes, status: int, doubted: bool) -> None:
    """The payment may have happened, so there is always a verdict."""
    assert judge_rest(Answer(status, body), PAYMENT, doubted=doubted)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "message"]), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional={"success": JSON, "id": JSON, "reasons": JSON | st.lists(JSON)}), st.booleans()
)
def test_no_json_of_an_answer_raises(body: Any, doubted: bool) -> None:
    """Any type may stand anywhere."""
    for status in (200, 400, 409, 429):
        verdict = judge_rest(answer(status, **body), PAYMENT, doubted=doubted)
        assert isinstance(verdict, Done | No | Busy | Doubt)


def test_a_message_of_any_depth_is_harmless() -> None:
    """A nested value is no text."""
    body = b'{"success":false,"reasons":[{"code":53200030,"message":' + b"[" * 900 + b"]" * 900 + b"}]}"
    verdict = judge_rest(Answer(400, body), PAYMENT)
    assert isinstance(verdict, No)
    assert verdict.errors[0].message == "[REST 53200030] "


# ---------------------------------------------------------------- REST, what is told


def test_each_reason_is_an_error_in_order() -> None:
    """With the caller's own field names."""
    body = [
        {"code": 53200022, "message": "effectiveDate is required"},
        {"code": "53200030", "message": "over the balance"},
    ]
    verdict = judge_rest(answer(400, success=False, reasons=body), PAYMENT)
    assert verdict == No(
        (
            RowError("MISSING_REQUIRED_VALUE", "[REST 53200022] effectiveDate is required", "EffectiveDate"),
            RowError("INVALID_VALUE", "[REST 53200030] over the balance", "AppliedInvoiceAmount"),
        )
    )


def test_busy_says_when_to_come_again() -> None:
    """A lock is told as such, the limit in Zuora's documented words."""
    lock = judge_rest(refusal(409, 53200050), PAYMENT)
    assert lock == Busy((RowError("LOCK_COMPETITION", "[REST 53200050] m"),), None, limited=False)
    limit = judge_rest(Answer(429, b"<html>", 7), PAYMENT)
    assert isinstance(limit, Busy)
    assert (limit.errors[0].code, limit.retry_after, limit.limited) == ("REQUEST_EXCEEDED_LIMIT", 7, True)
    worded = judge_rest(Answer(429, refusal(429, 50000070).body, 9), PAYMENT)
    assert worded == Busy((LIMIT,), 9, limited=True)


@pytest.mark.parametrize(("status", "words"), [(401, "OAuth client"), (422, "key used otherwise")])
def test_what_is_our_fault_is_told_without_details(status: int, words: str) -> None:
    """The owner must act; the caller can change nothing."""
    verdict = judge_rest(Answer(status, b""), PAYMENT)
    assert isinstance(verdict, No)
    (error,) = verdict.errors
    assert error.code == "UNKNOWN_ERROR"
    assert words in error.message


# ---------------------------------------------------------------- SOAP


def fault(faultcode: str, code: str | None = None, status: int = 500) -> SoapAnswer:
    """A fault."""
    kind = None if code is None else "UnexpectedErrorFault"
    return SoapAnswer(status, fault=SoapFault(faultcode, "words", kind, code, "more words" if code else None))


def no(*codes: str) -> SoapRow:
    """A refused row."""
    return SoapRow(False, None, tuple(RowError(code, "m") for code in codes))


GOOD = SoapRow(True, ID)


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (NotSent("TLS"), "Unsent"),
        (Lost("reset"), "Doubt"),
        (fault("fns:INVALID_SESSION", "INVALID_SESSION"), "No"),
        (fault("fns:INVALID_SESSION"), "No"),
        (fault("fns:INVALID_VALUE", "INVALID_VALUE", 200), "No"),
        (fault("fns:INVALID_VALUE", "INVALID_VALUE", 400), "No"),
        (fault("fns:INVALID_VALUE", "INVALID_VALUE", 502), "Doubt"),
        (fault("fns:INVALID_VALUE", "INVALID_VALUE", 302), "Doubt"),
        (fault("fns:"), "Doubt"),
        (fault("fns"), "Doubt"),
        (fault("soapenv:Server"), "Doubt"),
        (fault("soapenv:Client", "INVALID_VALUE"), "Doubt"),
        (fault("INVALID_VALUE", "INVALID_VALUE"), "Doubt"),
        (fault("fns:TRANSACTION_TIMEOUT", "INVALID_VALUE"), "Doubt"),
        (fault("fns:INVALID_VALUE", "UNKNOWN_ERROR"), "Doubt"),
        (fault("fns:REQUEST_EXCEEDED_LIMIT", "REQUEST_EXCEEDED_LIMIT", 429), "No"),
        (fault("fns:UNKNOWN_ERROR", "UNKNOWN_ERROR", 429), "No"),
        (fault("soapenv:Server", status=429), "No"),
        (SoapAnswer(429), "No"),
        (SoapAnswer(200), "Doubt"),
        (SoapAnswer(502, rows=(GOOD,)), "Doubt"),
        (SoapAnswer(200, rows=()), "Doubt"),
        (SoapAnswer(200, rows=(GOOD, GOOD)), "Doubt"),
        (SoapAnswer(200, rows=(GOOD,)), "Done"),
        (SoapAnswer(200, rows=(SoapRow(True, None),)), "Doubt"),
        (SoapAnswer(200, rows=(SoapRow(True, ""),)), "Doubt"),
        (SoapAnswer(200, rows=(SoapRow(None, ID),)), "Doubt"),
        (SoapAnswer(200, rows=(SoapRow(False, None),)), "Doubt"),
        (SoapAnswer(200, rows=(SoapRow(None, None, no("INVALID_VALUE").errors),)), "Doubt"),
        (SoapAnswer(200, rows=(no("INVALID_VALUE"),)), "No"),
        (SoapAnswer(200, rows=(no("UNKNOWN_ERROR"),)), "No"),
        (SoapAnswer(200, rows=(no("TRANSACTION_TIMEOUT"),)), "Doubt"),
        (SoapAnswer(200, rows=(no("INVALID_VALUE", "TRANSACTION_TIMEOUT"),)), "Doubt"),
    ],
)
def test_what_a_soap_answer_proves(event: SendEvent, verdict: str) -> None:
    """Rows as many as objects, Zuora's own faults, the limit; everything else is no verdict."""
    (judged,) = judge_batch(event, 1)
    assert type(judged).__name__ == verdict


@pytest.mark.parametrize(
    "code", ["TRANSACTION_TIMEOUT", "TRANSACTION_TERMINATED", "UNKNOWN_ERROR", "SERVER_UNAVAILABLE", "TEMPORARY_ERROR"]
)
def test_faults_that_may_come_after_the_work_are_no_verdict(code: str) -> None:
    """Zuora may have carried it out."""
    assert judge_batch(fault(f"fns:{code}", code), 2) == (Doubt("HTTP 500 without the rows of the request"),) * 2


def test_each_row_has_its_own_verdict_in_order() -> None:
    """Nothing is guessed from the neighbours."""
    rows = (GOOD, no("INVALID_VALUE"), SoapRow(None, None), SoapRow(True, OTHER))
    names = [type(each).__name__ for each in judge_batch(SoapAnswer(200, rows), 4)]
    assert names == ["Done", "No", "Doubt", "Done"]


def test_one_id_for_two_new_objects_is_trusted_for_neither() -> None:
    """One of the two was not made, and nobody can say which."""
    rows = (GOOD, SoapRow(True, OTHER), GOOD)
    names = [type(each).__name__ for each in judge_batch(SoapAnswer(200, rows), 3)]
    assert names == ["Doubt", "Done", "Doubt"]


def test_an_object_may_be_updated_twice_in_one_call() -> None:
    """Its Id then comes back twice."""
    assert judge_batch(SoapAnswer(200, (GOOD, GOOD)), 2, creates=False) == (Done(ID), Done(ID))


def test_a_definite_fault_is_relayed_as_it_was() -> None:
    """Kind, code and words, to every row."""
    first, second = judge_batch(fault("fns:INVALID_SESSION", "INVALID_SESSION"), 2)
    assert first == second
    assert isinstance(first, No)
    assert first.errors == (RowError("INVALID_SESSION", "more words"),)
    assert first.fault is not None
    assert (first.fault.code, first.fault.kind, first.fault.status) == ("INVALID_SESSION", "UnexpectedErrorFault", 500)
    (bare,) = judge_batch(fault("fns:INVALID_SESSION"), 1)
    assert isinstance(bare, No)
    assert bare.fault is not None
    assert (bare.fault.kind, bare.fault.message) == ("UnexpectedErrorFault", "words")


@pytest.mark.parametrize(
    "event",
    [
        SoapAnswer(429, retry_after=120),
        SoapAnswer(429, fault=SoapFault("fns:X", "w", "K", "REQUEST_EXCEEDED_LIMIT", "m"), retry_after=120),
    ],
)
def test_the_limit_is_relayed_with_its_patience(event: SoapAnswer) -> None:
    """HTTP 429 and Retry-After, whatever the body."""
    (verdict,) = judge_batch(event, 1)
    assert isinstance(verdict, No)
    assert verdict.fault is not None
    assert (verdict.fault.code, verdict.fault.status, verdict.fault.retry_after) == ("REQUEST_EXCEEDED_LIMIT", 429, 120)


def test_reasons_of_a_verdict_are_for_the_operator() -> None:
    """What was not sent or lost keeps the transport's word."""
    assert judge_rest(NotSent("DNS"), PAYMENT) == Unsent("DNS")
    assert judge_batch(Lost("reset"), 1) == (Doubt("reset"),)


# ---------------------------------------------------------------- Actions, and credentials of the caller's own


def test_an_action_under_the_callers_own_credential_that_zuora_does_not_know_is_told_as_zuora_does() -> None:
    """HTTP 401, for the caller to log in again; under the bridge's own it is the owner's to mend."""
    own, ours = (judge_batch(SoapAnswer(401), 2, route=Route.ACTION, own=own)[0] for own in (True, False))
    assert isinstance(own, No)
    assert own.errors == (UNAUTHENTICATED,)
    assert own.fault == CallFault("INVALID_SESSION", "Authentication error", status=401)
    assert isinstance(ours, No)
    assert (ours.errors[0].code, ours.fault) == ("UNKNOWN_ERROR", None)


def test_a_rest_request_under_the_callers_own_credential_is_the_callers_to_mend() -> None:
    """Not the owner's."""
    assert judge_rest(Answer(401, b""), PAYMENT, own=True) == No((UNAUTHENTICATED,))


@pytest.mark.parametrize("event", [SoapAnswer(401), fault("fns:INVALID_VALUE", "INVALID_VALUE"), NotSent("x")])
def test_after_a_doubt_only_rows_prove_what_became_of_an_action(event: SendEvent) -> None:
    """Anything else may come from before its key was looked at."""
    (judged,) = judge_batch(event, 1, doubted=True, route=Route.ACTION)
    assert isinstance(judged, Doubt)
    (proved,) = judge_batch(SoapAnswer(200, (SoapRow(True, ID),)), 1, doubted=True, route=Route.ACTION)
    assert proved == Done(ID)


@pytest.mark.parametrize(
    ("event", "stored"),
    [
        (refusal(500, 53200061), True),
        (refusal(500, 99000099), True),
        (refusal(200, 53200060), True),
        (answer(500, success=True), False),
        (Answer(502, b"<html>"), False),
        (Answer(409, b"{}"), False),
    ],
)
def test_a_complete_failure_is_what_a_repeat_would_get(event: Answer, stored: bool) -> None:
    """Stored answers include failures (Zuora: Idempotent requests), so only a look-up can tell more."""
    judged = judge_rest(event, PAYMENT)
    assert isinstance(judged, Doubt)
    assert judged.stored is stored


def test_an_update_need_not_repeat_the_id_it_is_about() -> None:
    """A delete answers with success alone (Zuora: Delete a payment)."""
    assert judge_rest(answer(200, success=True), PAYMENT, known=OTHER) == Done(OTHER)
    assert isinstance(judge_rest(answer(200, success=True), PAYMENT), Doubt)


def test_zuoras_process_id_is_told_for_support() -> None:
    """Each reason carries it; one that is no text, or endless, is not repeated."""
    event = answer(400, success=False, processId="P-" + "9" * 100, reasons=[{"code": 53200020, "message": "m"}])
    judged = judge_rest(event, PAYMENT)
    assert isinstance(judged, No)
    assert judged.errors[0].message == f"[REST 53200020] m (Zuora process P-{'9' * 62})"
    judged = judge_rest(refusal(400, 53200020), PAYMENT)
    assert isinstance(judged, No)
    assert judged.errors[0].message == "[REST 53200020] m"


def test_a_refused_delete_is_told_as_soap_tells_it() -> None:
    """CANNOT_DELETE on the Id (75)."""
    judged = judge_rest(refusal(400, 53200030), ZObject("Payment", {"Id": ID}), op=Op.DELETE, known=ID)
    assert isinstance(judged, No)
    assert (judged.errors[0].code, judged.errors[0].field) == ("CANNOT_DELETE", "Id")


def test_an_error_names_the_custom_field_that_said_it() -> None:
    """A directive is the caller's own name for what REST calls debitMemoId."""
    obj = ZObject("Payment", {"Memo__c": "DM00000001"})
    names = {"DebitMemoNumber": "Memo__c", "Memo__c": "Memo__c"}
    body = answer(400, success=False, reasons=[{"code": 53200020, "message": "debitMemoId is invalid"}])
    judged = judge_rest(body, obj, names=names)
    assert isinstance(judged, No)
    assert judged.errors[0].field == "Memo__c"
