"""What is asked of Zuora about a request without a verdict, and what each answer proves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_intents import dispatch
from core_objects import A, call, pays, refund, refund_part, zobject
from core_world import World

from bridge.core.conduct.proof import CLOCK_MS, ENDED_MS, SEND_MS, Look, proves, question_of, quiet_since
from bridge.core.facts import Absent, Fact, Made, NoVerdict, Question, Several, Showing, Shows, WhichLike, WhichMade
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route, ZObject
from bridge.core.verdict import Done

CHECK = (("status", "Canceled"),)


@pytest.mark.parametrize(
    ("obj", "op", "question"),
    [
        (pays("i1", "10.00", ReferenceId="E"), Op.CREATE, WhichMade("Payment", "referenceId", "E", Decimal(10), A)),
        (pays("i1", "10", GatewayOrderId="G"), Op.CREATE, WhichMade("Payment", "gatewayOrderId", "G", Decimal(10), A)),
        (pays("i1", "10"), Op.CREATE, WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")),
        (pays("i1", "10", AccountId=None), Op.CREATE, None),
        (zobject("Payment", AccountId=A, Amount="1"), Op.CREATE, WhichLike("Payment", Decimal(1), A)),
        (
            pays("i1", "10", EffectiveDate="2026-02-20T23:00:00-12:00"),
            Op.CREATE,
            WhichLike("Payment", Decimal(10), A, None, "External"),
        ),
        (refund(Amount="5"), Op.CREATE, None),
        (pays("i1", "10", ReferenceId="E", Amount=None), Op.CREATE, None),
        (pays("i1", "ten", ReferenceId="E"), Op.CREATE, None),
        (
            refund(PaymentId="P1", Amount="5", ReferenceID="E"),
            Op.CREATE,
            WhichLike("Refund", Decimal(5), None, "2026-02-20", "External", "p1"),
        ),
        (
            refund(PaymentId="p1", Amount="5", Type="Electronic"),
            Op.CREATE,
            WhichLike("Refund", Decimal(5), None, None, "Electronic", "p1"),
        ),
        (zobject("Payment", Id="p1", Status="Canceled"), Op.UPDATE, Shows("Payment", "p1", CHECK)),
        (zobject("Payment", Id="p1", Status=" Canceled "), Op.UPDATE, Shows("Payment", "p1", CHECK)),
        (zobject("Payment", Id="p1", Status="Voided"), Op.UPDATE, None),
        (
            zobject("Refund", Id="r1", ReasonCode="x", TransferredToAccounting="Yes", Region__c="W"),
            Op.UPDATE,
            Shows(
                "Refund",
                "r1",
                (("reasonCode", "x"), ("financeInformation.transferredToAccounting", "Yes"), ("Region__c", "W")),
            ),
        ),
        (zobject("Payment", Id="p1", Comment="x"), Op.UPDATE, Shows("Payment", "p1", (("comment", "x"),))),
        (zobject("Payment", Id="p1", SoftDescriptor="x"), Op.UPDATE, None),
        (
            zobject("Payment", Id="p1", Region__c="c", GatewayOptionData=[zobject("GatewayOption")]),
            Op.UPDATE,
            None,
        ),
        (ZObject("Payment", {"Id": "p1"}, nulls=("Region__c",)), Op.UPDATE, None),
        (zobject("Payment", Id="p1"), Op.UPDATE, None),
        (zobject("Payment", Status="Canceled"), Op.UPDATE, None),
        (zobject("Payment", Id="p1"), Op.DELETE, Shows("Payment", "p1")),
    ],
)
def test_of_a_soap_request_the_objects_own_values_are_asked_for(
    obj: ZObject, op: Op, question: Question | None
) -> None:
    """A reference and an amount, the values an update leaves, or absence; what REST does not show is not asked."""
    assert question_of(obj, op, None) == question
    assert question_of(obj, op, replace(dispatch(), route=Route.ACTION)) == question


def rest(body: str, path: str = "/v1/payments", method: str = "POST") -> Dispatch:
    """A REST request."""
    return replace(dispatch(), route=Route.REST, path=path, method=method, body=body.encode())


PAY = '{"amount": 80.00, "accountId": "a", "referenceId": "E", "gatewayOrderId": "G"}'
SPLIT = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")])
CHANGED = zobject("Payment", Id="p1")


@pytest.mark.parametrize(
    ("obj", "op", "sent", "question"),
    [
        (pays("d1", "80"), Op.CREATE, rest(PAY), WhichMade("Payment", "referenceId", "E", Decimal(80), "a")),
        (
            pays("d1", "80"),
            Op.CREATE,
            rest('{"amount": 80, "gatewayOrderId": "G"}'),
            WhichMade("Payment", "gatewayOrderId", "G", Decimal(80)),
        ),
        (pays("d1", "80"), Op.CREATE, rest('{"amount": 80}'), None),
        (pays("d1", "80"), Op.CREATE, rest("{}"), None),
        (
            pays("d1", "80"),
            Op.CREATE,
            rest('{"amount": 80, "accountId": "A", "effectiveDate": "2026-02-20", "type": "External"}'),
            WhichLike("Payment", Decimal(80), "a", "2026-02-20", "External"),
        ),
        (
            SPLIT,
            Op.CREATE,
            rest('{"totalAmount": 5, "refundDate": "2026-02-20", "type": "External"}', "/v1/credit-memos/C1/refund"),
            WhichLike("Refund", Decimal(5), None, "2026-02-20", "External", "c1", source_is_memo=True),
        ),
        (
            SPLIT,
            Op.CREATE,
            rest('{"totalAmount": 50, "referenceId": "i-1"}', "/v1/payments/p%2F2/refunds/unapply"),
            WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, "p/2"),
        ),
        (
            SPLIT,
            Op.CREATE,
            rest('{"totalAmount": 50, "referenceId": "i-1"}', "/v1/credit-memos/c1/refund"),
            WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, "c1", source_is_memo=True),
        ),
        (SPLIT, Op.CREATE, rest('{"debitMemos": []}', "/v1/payments/p2/unapply", "PUT"), None),
        (CHANGED, Op.UPDATE, rest("", "/v1/payments/p1/cancel", "PUT"), Shows("Payment", "p1", CHECK)),
        (CHANGED, Op.DELETE, rest("", "/v1/payments/p1", "DELETE"), Shows("Payment", "p1")),
        (CHANGED, Op.UPDATE, rest("{}", "/v1/payments/p1", "PUT"), None),
        (
            CHANGED,
            Op.UPDATE,
            rest('{"financeInformation": {"x": "y"}, "A__c": 1.50, "B__c": true, "C__c": false}', "/v1/payments/p1"),
            Shows(
                "Payment", "p1", (("financeInformation.x", "y"), ("A__c", "1.50"), ("B__c", "true"), ("C__c", "false"))
            ),
        ),
    ],
)
def test_a_rest_request_tells_by_itself_what_to_ask(
    obj: ZObject, op: Op, sent: Dispatch, question: Question | None
) -> None:
    """Its bytes are what was sent, whatever became of the caller's object."""
    assert question_of(obj, op, sent) == question


MADE = WhichMade("Payment", "referenceId", "E", Decimal(1))


@pytest.mark.parametrize(
    ("question", "fact", "proof"),
    [
        (MADE, Made("p9", "Processed"), Done("p9")),
        (MADE, Made("p9", "Error"), Done("p9")),
        (MADE, Absent(), Look.MISSING),
        (MADE, Several(("p8", "p9")), Look.AMBIGUOUS),
        (MADE, NoVerdict("x"), Look.UNCLEAR),
        (Shows("Payment", "p1"), Absent(), Done("p1")),
        (Shows("Payment", "p1"), Showing(as_expected=True, status="Processed"), Look.MISSING),
        (Shows("Payment", "p1", CHECK), Showing(as_expected=True, status="Canceled"), Done("p1")),
        (Shows("Payment", "p1", CHECK), Showing(as_expected=False, status="Processed"), Look.MISSING),
        (Shows("Payment", "p1", CHECK), Absent(), Look.MISSING),
        (Shows("Payment", "p1", CHECK), NoVerdict("x"), Look.UNCLEAR),
    ],
)
def test_only_what_the_answer_shows_is_proved(question: Question, fact: Fact, proof: Done | Look) -> None:
    """A payment in status Error was made, as SOAP would say (36); what is not there may still come."""
    assert proves(question, fact) == proof


def test_absence_counts_from_the_end_of_everything_that_could_still_come() -> None:
    """From the last send, which is committed before it happens, and by either clock."""
    errand = World().begin(call(pays("d1", "80"))).errand
    wait = SEND_MS + ENDED_MS + CLOCK_MS + errand.tenant.visibility_seconds * 1000
    sent = replace(dispatch(), recorded_at=1, first_sent_at=2, last_sent_at=None, answered_at=None)
    assert quiet_since(errand, sent) == 2 + wait
    assert quiet_since(errand, replace(sent, first_sent_at=None)) == 1 + wait
    assert quiet_since(errand, replace(sent, last_sent_at=50, answered_at=40)) == 50 + wait
    assert quiet_since(errand, replace(sent, last_sent_at=50, answered_at=60)) == 50 + wait
    assert wait - SEND_MS + 2_000 < 5 * 60_000, "I13 counts from the send deadline"
