"""How outcomes are told: rows, a fault, or silence.

A row in doubt is TRANSACTION_TIMEOUT for callers whose ErrorCode has it. For others a call wholly in doubt is answered
as a lost answer (HTTP 504 without an envelope), which every legacy stack takes as "maybe done"; in a mixed batch the
row says so in words. Must not know why something is in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.core.model import Call, Caller, CallFault, Outcome, Reply, Rows, Silence, Told
from bridge.core.refusals import KNOWS_TRANSACTION_TIMEOUT, unknown, unsent


def reply(call: Call, caller: Caller, outcomes: tuple[Outcome, ...]) -> Reply:
    """The answer for a call whose every object has an outcome."""
    limits = [each.limited for each in outcomes if each.limited is not None]
    if limits and len(limits) == len(outcomes):
        # Zuora's limit met the whole call, which Zuora itself answers by a fault (Zuora: SOAP API concurrent limits).
        error = outcomes[0].errors[0]
        return CallFault(error.code, error.message, status=429, retry_after=max(limits))
    in_doubt = [each.told is Told.UNKNOWN for each in outcomes]
    if any(in_doubt):
        knows = call.version >= KNOWS_TRANSACTION_TIMEOUT
        how = caller.in_doubt
        if how == "auto":
            how = "row" if knows or not all(in_doubt) else "504"
        if how == "504" and all(in_doubt):
            return Silence(outcomes)
        if how == "fault" and all(in_doubt):
            error = unknown(call.version)[0]
            return CallFault(error.code, error.message)
    return Rows(tuple(_worded(call, each) for each in outcomes))


def _worded(call: Call, outcome: Outcome) -> Outcome:
    if outcome.told is Told.UNKNOWN:
        return Outcome(outcome.told, None, unknown(call.version), outcome.route, outcome.intent_id, outcome.joined)
    return outcome


def partial(call: Call, caller: Caller, known: Mapping[int, Outcome], committed: frozenset[int]) -> Reply:
    """The answer when the caller's time is up: what is not known was either begun (unknown) or will not be sent."""
    return reply(
        call,
        caller,
        tuple(
            known.get(place)
            or (
                Outcome(Told.UNKNOWN)
                if place in committed
                else Outcome(Told.UNSENT, errors=unsent(call.version, "the time of the call was up"))
            )
            for place in range(len(call.objects))
        ),
    )
