"""What does an object ask for, and can SOAP do it?

``classify`` is a generator that yields the questions of one object and returns ``Forward`` (SOAP), ``Translate``
(REST, already checked and written as JSON) or ``Refused``; ``together`` runs many in step so that their questions
travel as one look-up. Must not choose by policy beyond the ``prefer`` it is given, nor send anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.core.classify import payment, refund
from bridge.core.classify.common import NoVerdictError, names
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Refused, Translate, Verdict
from bridge.core.commands import Facts, Lookup, Steps
from bridge.core.facts import Question
from bridge.core.mapping import payment as payment_table
from bridge.core.mapping import refund as refund_table
from bridge.core.model import Call, Op, Route, RowError, Settlement, Tenant, ZObject
from bridge.core.refusals import Refusal, unsent

__all__ = ["Asking", "Forward", "Prefer", "Refused", "Translate", "Verdict", "classify", "together"]


EXTENSION = payment_table.EXTENSION | payment_table.ITEM_LEVEL | refund_table.EXTENSION | refund_table.ITEM_LEVEL


def classify(obj: ZObject, call: Call, tenant: Tenant, prefer: Prefer) -> Asking[Verdict]:
    """Decide about one object."""
    try:
        verdict = yield from _classify(obj, call, tenant, prefer)
    except Refusal as refusal:
        return Refused(refusal.errors)
    except NoVerdictError as doubt:
        return Refused(unsent(call.version, f"a look-up got no answer: {doubt}"), unsent=True)
    if isinstance(verdict, Forward) and (ours := next((each for each in names(obj) if each in EXTENSION), None)):
        # Zuora would refuse the element or, worse, ignore it and pay something else.
        message = f"{ours} is this bridge's own element and cannot be used here: {verdict.reason}."
        return Refused((RowError("INVALID_FIELD", message, ours),))
    return verdict


def _classify(obj: ZObject, call: Call, tenant: Tenant, prefer: Prefer) -> Asking[Verdict]:
    """With settlement off everything is forwarded (Zuora: Invoice Settlement overview)."""
    if tenant.settlement is Settlement.OFF:
        return Forward(obj, "invoice settlement is off")
    if call.op is not Op.CREATE:
        return Forward(obj, f"{call.op.value} goes by SOAP")
    if call.single_transaction:
        # Only SOAP has a transaction over several objects, so policy has no say here.
        prefer = _soap
    if obj.type == "Payment":
        return (yield from payment.classify(obj, call.version, prefer))
    return (yield from refund.classify(obj, tenant, prefer))


def _soap(_obj: ZObject) -> Route:
    return Route.SOAP


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
