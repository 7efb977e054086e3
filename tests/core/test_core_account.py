"""The account that policy goes by: found by whatever the object names, and asked for only where it matters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from core_objects import (
    ERP,
    FACTS,
    STRANGER,
    TENANT,
    A,
    B,
    answered,
    call,
    credit_memo,
    debit_memo,
    invoice,
    paid,
    part,
    payment,
    pays,
    refund,
    zobject,
)

from bridge.core import plan
from bridge.core.classify import Forward, Prefer, Preference, Refused, Translate, Verdict, classify
from bridge.core.facts import (
    Absent,
    Fact,
    NoVerdict,
    Owner,
    Question,
    WhichAccount,
    WhichDocument,
    WhichOwner,
    WhichSource,
)
from bridge.core.identity import Identity, acts
from bridge.core.intent import Intent
from bridge.core.model import Caller, Op, Route, RowError, Settlement, Tenant, ZObject

ID, NUMBER = "e" * 32, "A00000001"
CHOSEN = "names only invoices, and the cutover rule says rest"
KNOWN: Mapping[Question, Fact] = {
    **FACTS,
    WhichAccount(NUMBER): FACTS[WhichAccount(A)],
    WhichDocument("i9"): invoice("i9", account_id=B),
    WhichDocument("i1"): invoice("i1"),
    WhichDocument("d1"): debit_memo("d1"),
    WhichSource("p1"): paid("p1", "45"),
    WhichSource("c1"): credit_memo("c1"),
    WhichOwner("Payment", ID): Owner(A),
    WhichOwner("Refund", ID): Owner(A),
    WhichOwner("Payment", "f" * 32): Owner(None),
}


class Policy:
    """Wants REST for account A alone, and notes of which accounts it was asked."""

    def __init__(self, *, asks: bool = True, inside: Route = Route.REST) -> None:
        self.accounts: list[str | None] = []
        self.prefer = Prefer(self._of, asks)
        self._inside = inside

    def _of(self, _obj: ZObject, account: str | None) -> Preference:
        self.accounts.append(account)
        return Preference(self._inside if account == A else Route.SOAP, json.dumps({"account": account}), "ramp")


def decided(
    obj: ZObject,
    op: Op = Op.CREATE,
    policy: Policy | None = None,
    tenant: Tenant = TENANT,
    facts: Mapping[Question, Fact] = KNOWN,
    **more: Any,
) -> tuple[Verdict, Policy, list[tuple[Question, ...]]]:
    """The verdict, the policy after it, and every round of questions."""
    policy = policy or Policy()
    asked: list[tuple[Question, ...]] = []
    own = more.pop("own", False)
    verdict = answered(classify(obj, call(obj, op=op, **more), tenant, policy.prefer, own=own), facts, asked)
    return verdict, policy, asked


UPDATE = zobject("Payment", Id=ID, AccountingCode="c")
BARE = payment(AccountId=None, Amount="1", InvoiceId="i1", AppliedInvoiceAmount="1")

BY_ACCOUNT = [
    (payment(Amount="1"), Op.CREATE, A, []),
    (payment(Amount="1", AccountId=f" {A} "), Op.CREATE, A, []),
    (payment(Amount="1", AccountId=NUMBER), Op.CREATE, A, [(WhichAccount(NUMBER),)]),
    (payment(Amount="1", AccountId="A00000009"), Op.CREATE, None, [(WhichAccount("A00000009"),)]),
    (payment(Amount="1", AccountId=None), Op.CREATE, None, []),
    (replace(BARE, fields={**BARE.fields, "InvoiceId": "i8"}), Op.CREATE, None, [(WhichDocument("i8"),)]),
    (replace(BARE, fields={**BARE.fields, "InvoiceId": "i9"}), Op.CREATE, B, [(WhichDocument("i9"),)]),
    (pays("i1", "1"), Op.CREATE, A, [(WhichDocument("i1"),), (WhichAccount(A),)]),
    (refund(PaymentId="p1", Amount="1"), Op.CREATE, A, [(WhichSource("p1"),)]),
    (refund(PaymentId="p1", Amount="1", AccountId=A), Op.CREATE, A, [(WhichSource("p1"),)]),
    (refund(PaymentId="c1", Amount="1"), Op.CREATE, A, [(WhichSource("c1"),)]),
    (refund(PaymentId="p0", Amount="1"), Op.CREATE, None, [(WhichSource("p0"),)]),
    (
        refund(PaymentId="p0", Amount="1", AccountId=NUMBER),
        Op.CREATE,
        A,
        [(WhichSource("p0"),), (WhichAccount(NUMBER),)],
    ),
    (UPDATE, Op.UPDATE, A, [(WhichOwner("Payment", ID),)]),
    (zobject("Payment", Id=ID), Op.DELETE, A, [(WhichOwner("Payment", ID),)]),
    (zobject("Refund", Id=ID, Status="Canceled"), Op.UPDATE, A, [(WhichOwner("Refund", ID),)]),
    (zobject("Payment", Id="f" * 32), Op.DELETE, None, [(WhichOwner("Payment", "f" * 32),)]),
    (zobject("Payment", Id="d" * 32), Op.DELETE, None, [(WhichOwner("Payment", "d" * 32),)]),
    (zobject("Payment", AccountingCode="c"), Op.UPDATE, None, []),
    (zobject("Payment", Id=ID, AccountId=A, AccountingCode="c"), Op.UPDATE, A, []),
    (zobject("Payment", Id=ID, AccountId=NUMBER, AccountingCode="c"), Op.UPDATE, A, [(WhichAccount(NUMBER),)]),
]


@pytest.mark.parametrize(("obj", "op", "account", "questions"), BY_ACCOUNT)
def test_policy_is_asked_about_the_account_however_it_is_named(
    obj: ZObject, op: Op, account: str | None, questions: list[tuple[Question, ...]]
) -> None:
    """Once for each object, and what is looked up for the object itself is not looked up twice."""
    _, policy, asked = decided(obj, op)
    assert (policy.accounts, asked) == ([account], questions)


@pytest.mark.parametrize(("obj", "op"), [(obj, op) for obj, op, _, _ in BY_ACCOUNT])
def test_nothing_more_is_looked_up_where_no_rule_asks_for_the_account(obj: ZObject, op: Op) -> None:
    """The questions are those of a policy that has no rule at all."""
    _, _, asked = decided(obj, op, Policy(asks=False, inside=Route.SOAP))
    extra = [each for round_ in asked for each in round_ if isinstance(each, WhichOwner | WhichAccount)]
    assert extra == []


@pytest.mark.parametrize(
    ("obj", "op"),
    [
        (refund(PaymentId="p1", Amount="1"), Op.CREATE),
        (UPDATE, Op.UPDATE),
        (zobject("Payment", Id=ID), Op.DELETE),
        (zobject("Refund", Id=ID), Op.DELETE),
        (pays("i1", "1"), Op.CREATE),
    ],
)
def test_what_is_of_one_account_goes_its_accounts_way(obj: ZObject, op: Op) -> None:
    """A refund by its payment, an update and a delete by their Id, a payment by its account."""
    verdict, _, _ = decided(obj, op)
    assert isinstance(verdict, Translate)


def test_json_callers_are_asked_about_likewise() -> None:
    """They have no SOAP, so that the others go by Actions."""
    inside, _, asked = decided(UPDATE, Op.UPDATE, own=True)
    assert (type(inside), asked) == (Translate, [(WhichOwner("Payment", ID),)])
    outside, _, _ = decided(zobject("Payment", Id="d" * 32), Op.DELETE, own=True)
    assert isinstance(outside, Forward)
    assert outside.route is Route.ACTION


@pytest.mark.parametrize(
    ("obj", "op", "question"),
    [
        (UPDATE, Op.UPDATE, WhichOwner("Payment", ID)),
        (payment(Amount="1", AccountId=NUMBER), Op.CREATE, WhichAccount(NUMBER)),
        (refund(PaymentId="p0", Amount="1", AccountId=NUMBER), Op.CREATE, WhichAccount(NUMBER)),
    ],
)
def test_without_a_verdict_on_the_account_nothing_is_sent(obj: ZObject, op: Op, question: Question) -> None:
    """Its bucket is not known, and the other route could be the wrong one; a repeat is a new attempt."""
    verdict, _, _ = decided(obj, op, facts={**KNOWN, question: NoVerdict("HTTP 500")})
    assert isinstance(verdict, Refused)
    assert (verdict.unsent, verdict.errors[0].code) == (True, "TEMPORARY_ERROR")


def test_where_policy_has_no_say_nothing_is_looked_up_for_it() -> None:
    """One transaction goes by SOAP; with settlement off all does, perhaps without a credential for look-ups."""
    verdict, _, asked = decided(UPDATE, Op.UPDATE, single_transaction=True)
    assert (type(verdict), asked) == (Forward, [])
    off = replace(TENANT, settlement=Settlement.OFF)
    verdict, policy, asked = decided(refund(PaymentId="p1", Amount="1"), tenant=off)
    assert (type(verdict), asked, policy.accounts) == (Forward, [], [None])


# ---------------------------------------------------------------- what is kept


def intent(obj: ZObject, caller: Caller = ERP, policy: Policy | None = None, **more: Any) -> Intent:
    """The intent of one object, as it is recorded."""
    asked = call(obj, op=more.pop("op", Op.CREATE), single_transaction=more.pop("single", False))
    policy = policy or Policy()
    verdict = answered(classify(obj, asked, TENANT, policy.prefer, own=caller.own), more.pop("facts", KNOWN))
    (verdict,) = plan.permitted(asked, caller, [verdict])
    (act,) = acts(asked, caller, TENANT)
    return plan.intent(asked, caller, "c1", "us", 0, Identity(act, 0), verdict, 0)


def kept(one: Intent) -> tuple[str | None, str, bool, str | None]:
    """Policy's account, what was possible, whether that overruled policy, and the ramp that counts it."""
    assert one.decided is not None
    said = json.loads(one.decided)
    return said["policy"]["account"], said["capability"], said["overruled"], one.ramp


def test_what_policy_decided_is_kept_with_the_ramp() -> None:
    """By REST as policy says."""
    one = intent(pays("i1", "1"))
    assert (one.route, kept(one)) == (
        Route.REST,
        (A, CHOSEN, False, "ramp"),
    )


def test_what_capability_decided_is_kept_and_counts_for_no_ramp() -> None:
    """A debit memo of another account by REST, and an unknown document of this one by SOAP."""
    forced = intent(pays("d1", "1", AccountId=A), policy=Policy(inside=Route.SOAP))
    assert (forced.route, kept(forced)) == (Route.REST, (A, "names a debit memo", True, None))
    held = intent(pays("i8", "1"))
    assert (held.route, kept(held)) == (Route.SOAP, (A, "names a document Zuora lacks", True, None))


@pytest.mark.parametrize(
    ("obj", "single", "policy", "why"),
    [
        (pays("i1", "1"), True, Policy(), "names only invoices, in one transaction, which only SOAP has"),
        (
            replace(pays("i1", "1"), verbatim={"Odd__c": "<a/>"}),
            False,
            Policy(inside=Route.ACTION),
            "names only invoices, with an element that only XML can carry",
        ),
    ],
)
def test_what_only_soap_can_do_says_so(obj: ZObject, single: bool, policy: Policy, why: str) -> None:
    """Where policy wanted it otherwise."""
    assert kept(intent(obj, single=single, policy=policy)) == (A, why, True, None)


def test_what_is_refused_keeps_why_too() -> None:
    """By content, by authority, for want of a look-up; it counts where policy decided, as what SOAP refuses does."""
    assert kept(intent(pays("d1", "1", EffectiveDate=None))) == (A, "", False, "ramp")
    assert kept(intent(pays("d1", "1"), caller=STRANGER)) == (A, "names a debit memo", False, None)
    assert kept(intent(pays("i1", "1"), caller=STRANGER)) == (A, CHOSEN, False, "ramp")
    unread = intent(pays("i1", "1"), facts={**KNOWN, WhichDocument("i1"): NoVerdict("HTTP 500")})
    assert (unread.unsent, kept(unread)) == (True, (A, "", False, "ramp"))
    element = intent(zobject("Payment", Id=ID, DebitMemoId="d1", AccountingCode="c"), op=Op.UPDATE)
    assert kept(element)[1] == "changes, and the cutover rule says rest"


def test_what_only_rest_could_carry_is_counted_by_no_ramp() -> None:
    """Though policy says REST as well: the other share has no such payments to compare them with."""
    one = intent(pays("d1", "1"))
    assert (one.route, kept(one)) == (Route.REST, (A, "names a debit memo", False, None))


def test_a_verdict_of_nobody_keeps_nothing() -> None:
    """Verdicts that no classification made have no policy."""
    asked = call(pays("i1", "1"))
    (act,) = acts(asked, ERP, TENANT)
    refused = Refused((RowError("INVALID_VALUE", "no", None),))
    one = plan.intent(asked, ERP, "c1", "us", 0, Identity(act, 0), refused, 0)
    assert (one.decided, one.ramp) == (None, None)


def test_what_is_kept_can_be_stored_whatever_a_caller_wrote() -> None:
    """JSON has half surrogate pairs, which no database takes."""
    one = intent(zobject("Payment", Id=ID, AccountId="\ud800", Status="\ud800"), op=Op.UPDATE)
    assert one.decided is not None
    assert "\\ud800" in one.decided
    one.decided.encode()


def test_rows_of_a_payment_without_an_account_tell_it() -> None:
    """The first document that is known, in the caller's order."""
    rows = [part("i8", "1"), part("i9", "1"), part("i1", "1")]
    _, policy, _ = decided(payment(AccountId=None, Amount="3", InvoicePaymentData=rows))
    assert policy.accounts == [B]
    assert KNOWN.get(WhichDocument("i8"), Absent()) == Absent()
