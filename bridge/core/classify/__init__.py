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
from bridge.core.classify.common import NoVerdictError, has_verbatim, names
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Refused, Translate, Verdict
from bridge.core.commands import Facts, Lookup, Steps
from bridge.core.facts import Question
from bridge.core.mapping import payment as payment_table
from bridge.core.mapping import refund as refund_table
from bridge.core.mapping.directives import ITEMS, Expanded, expand
from bridge.core.model import Call, Op, Route, RowError, Settlement, Tenant, ZObject
from bridge.core.refusals import Refusal, unsent

__all__ = ["Asking", "Forward", "Prefer", "Refused", "Translate", "Verdict", "classify", "together"]


EXTENSION = payment_table.EXTENSION | payment_table.ITEM_LEVEL | refund_table.EXTENSION | refund_table.ITEM_LEVEL


def classify(obj: ZObject, call: Call, tenant: Tenant, prefer: Prefer, *, own: bool = False) -> Asking[Verdict]:
    """Decide about one object. ``own``: the caller has no SOAP session, so that Actions stand in for SOAP.

    What is forwarded is the object without its directives, what is translated names the caller's own object; errors
    name the caller's own fields.
    """
    said = Expanded(obj)
    try:
        check_dates(obj, call.version)
        said = expand(obj, tenant)
        verdict = yield from _classify(said, call, tenant, prefer)
        if isinstance(verdict, Forward):
            check_ids(verdict.obj, call.op, tenant)
    except Refusal as refusal:
        return Refused(said.told(refusal.errors))
    except NoVerdictError as doubt:
        return Refused(unsent(call.version, f"a look-up got no answer: {doubt}"), unsent=True)
    if isinstance(verdict, Translate) and call.op is Op.CREATE:
        return replace(verdict, obj=obj)
    ours = (ITEMS,) if said.items else (each for each in names(said.obj) if each in EXTENSION)
    if (name := next(iter(ours), None)) is not None:
        # Zuora would refuse the element or, worse, ignore it and pay something else.
        message = f"{name} is this bridge's own element and cannot be used here: {verdict.reason}."
        return Refused(said.told((RowError("INVALID_FIELD", message, name),)))
    if isinstance(verdict, Translate):
        return replace(verdict, obj=obj)
    return replace(verdict, route=_route(said.obj, call, prefer, own=own))


def _classify(said: Expanded, call: Call, tenant: Tenant, prefer: Prefer) -> Asking[Forward | Translate]:
    """With settlement off everything is forwarded (Zuora: Invoice Settlement overview)."""
    if tenant.settlement is Settlement.OFF:
        return Forward(said.obj, "invoice settlement is off")
    if call.single_transaction:
        # Only SOAP has a transaction over several objects, so policy has no say here, and no second step.
        prefer = _soap
    if call.op is not Op.CREATE:
        verdict = change.classify(said.obj, call.op, tenant, prefer)
        return replace(verdict, fallback=None) if call.single_transaction and isinstance(verdict, Forward) else verdict
    if said.obj.type == "Payment":
        only_rest = _only_rest(said.obj, call)
        return (yield from payment.classify(said, call.version, tenant, prefer, only_rest=only_rest))
    return (yield from refund.classify(said, call.version, tenant, prefer))


def _soap(_obj: ZObject) -> Route:
    return Route.SOAP


LONGEST_REFERENCE = 60
"""Characters of a ReferenceId in SOAP and Actions; CRUD and REST take 100 (Zuora: Payment object; Create a payment)."""


def _only_rest(obj: ZObject, call: Call) -> bool:
    """Whether Zuora's own CRUD would take what an Action, by which CRUD travels on, would not."""
    reference = obj.get("ReferenceId")
    return call.crud and reference is not None and len(reference) > LONGEST_REFERENCE


def _route(obj: ZObject, call: Call, prefer: Prefer, *, own: bool) -> Route:
    """SOAP or Actions for what is forwarded: as policy says, as far as caller and object can go that way."""
    if own:
        return Route.ACTION
    if call.single_transaction or has_verbatim(obj):
        # Actions have no transaction, and JSON has no place for an element that is known only as XML.
        return Route.SOAP
    return Route.ACTION if prefer(obj) is Route.ACTION else Route.SOAP


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
