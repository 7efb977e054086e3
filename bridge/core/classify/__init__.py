"""What does an object ask for, and can SOAP do it?

``classify`` is a generator that yields the questions of one object and returns ``Forward`` (SOAP or Actions),
``Translate`` (REST, already checked and written as JSON) or ``Refused``; ``together`` runs many in step so that their
questions travel as one look-up. Must not choose by policy beyond the ``prefer`` it is given, nor send anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.core.adapt import check_dates, check_ids
from bridge.core.classify import change, payment, refund
from bridge.core.classify.choice import Choice
from bridge.core.classify.common import NoVerdictError, has_verbatim, names
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Preference, Refused, Translate, Verdict
from bridge.core.commands import Facts, Lookup, Steps
from bridge.core.facts import Question
from bridge.core.mapping import payment as payment_table
from bridge.core.mapping import refund as refund_table
from bridge.core.mapping.directives import ITEMS, Expanded, expand
from bridge.core.model import Call, Op, Route, RowError, Settlement, Tenant, ZObject
from bridge.core.refusals import Refusal, unsent

__all__ = ["Asking", "Forward", "Prefer", "Preference", "Refused", "Translate", "Verdict", "classify", "together"]


EXTENSION = payment_table.EXTENSION | payment_table.ITEM_LEVEL | refund_table.EXTENSION | refund_table.ITEM_LEVEL


def classify(obj: ZObject, call: Call, tenant: Tenant, prefer: Prefer, *, own: bool = False) -> Asking[Verdict]:
    """Decide about one object. ``own``: the caller has no SOAP session, so that Actions stand in for SOAP.

    What is forwarded is the object without its directives, what is translated names the caller's own object; errors
    name the caller's own fields. Every verdict has what policy said.
    """
    said = Expanded(obj)
    # With settlement off nothing goes by REST, and there may be no credential to look anything up under.
    looks = tenant.settlement is not Settlement.OFF and not call.single_transaction
    choice = Choice(prefer, obj, looks=looks, only_soap=call.single_transaction)
    verdict: Verdict
    try:
        check_dates(obj, call.version)
        said = expand(obj, tenant)
        verdict = yield from _classify(said, call, tenant, choice)
        if isinstance(verdict, Forward):
            check_ids(verdict.obj, call.op, tenant)
    except Refusal as refusal:
        return Refused(said.told(refusal.errors), preference=choice.preference)
    except NoVerdictError as doubt:
        errors = unsent(call.version, f"a look-up got no answer: {doubt}")
        return Refused(errors, unsent=True, preference=choice.preference)
    if isinstance(verdict, Translate) and call.op is Op.CREATE:
        return replace(verdict, obj=obj, preference=choice.of_rest)
    ours = (ITEMS,) if said.items else (each for each in names(said.obj) if each in EXTENSION)
    if (name := next(iter(ours), None)) is not None:
        # Zuora would refuse the element or, worse, ignore it and pay something else.
        message = f"{name} is this bridge's own element and cannot be used here: {verdict.reason}."
        errors = said.told((RowError("INVALID_FIELD", message, name),))
        return Refused(errors, reason=verdict.reason, preference=choice.preference)
    if isinstance(verdict, Translate):
        return replace(verdict, obj=obj, preference=choice.of_rest)
    return _forwarded(verdict, said.obj, call, choice.preference, own=own)


def _classify(said: Expanded, call: Call, tenant: Tenant, choice: Choice) -> Asking[Forward | Translate]:
    """With settlement off everything is forwarded (Zuora: Invoice Settlement overview)."""
    if tenant.settlement is Settlement.OFF:
        return Forward(said.obj, "invoice settlement is off")
    # Only SOAP has a transaction over several objects, so policy has no say there, and no second step.
    if call.op is not Op.CREATE:
        verdict = yield from change.classify(said.obj, call.op, tenant, choice)
        return replace(verdict, fallback=None) if call.single_transaction and isinstance(verdict, Forward) else verdict
    if said.obj.type == "Payment":
        only_rest = _only_rest(said.obj, call)
        return (yield from payment.classify(said, call.version, tenant, choice, only_rest=only_rest))
    return (yield from refund.classify(said, call.version, tenant, choice))


LONGEST_REFERENCE = 60
"""Characters of a ReferenceId in SOAP and Actions; CRUD and REST take 100 (Zuora: Payment object; Create a payment)."""


def _only_rest(obj: ZObject, call: Call) -> bool:
    """Whether Zuora's own CRUD would take what an Action, by which CRUD travels on, would not."""
    reference = obj.get("ReferenceId")
    return call.crud and reference is not None and len(reference) > LONGEST_REFERENCE


def _forwarded(verdict: Forward, obj: ZObject, call: Call, said: Preference, *, own: bool) -> Forward:
    """By SOAP or Actions: as policy says, as far as caller and object can go that way."""
    route, reason = Route.SOAP, verdict.reason
    if own:
        route = Route.ACTION
    elif said.route is not Route.SOAP and call.single_transaction:
        reason = f"{reason}, in one transaction, which only SOAP has"
    elif said.route is Route.ACTION and has_verbatim(obj):
        reason = f"{reason}, with an element that only XML can carry"
    elif said.route is Route.ACTION:
        route = Route.ACTION
    return replace(verdict, reason=reason, route=route, preference=said)


def together(asking: Sequence[Asking[Verdict]]) -> Steps[list[Verdict]]:
    """Run all in step: one ``Lookup`` with everybody's questions per round, each question once."""
    verdicts: dict[int, Verdict] = {}
    waiting = dict(enumerate(asking))
    facts: Facts | None = None
    while waiting:
        questions: dict[Question, None] = {}
        for place, each in list(waiting.items()):
            try:
                asked = next(each) if facts is None else each.send(facts)
            except StopIteration as done:
                verdicts[place] = done.value
                del waiting[place]
            else:
                questions.update(dict.fromkeys(asked))
        if waiting:
            facts = yield Lookup(tuple(questions))
    return [verdicts[place] for place in range(len(asking))]
