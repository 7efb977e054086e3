"""Near twins: what a new object does about another call's that is all but equal and not both settled and told.

It is never sent beside that one unasked. It waits, with nothing of its own call on its way, so that no two calls can
wait for each other; then, if that one was done, the caller's twin policy answers as for an equal call. Of two that know
nothing of each other the journal lets one be recorded first, and the other finds it. Must not send, and must not settle
what another call began.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bridge.core.commands import Ask, Matched, Presence, Steps, Wait, Watch, Watched
from bridge.core.conduct.errand import Errand, may_wait
from bridge.core.conduct.joins import TURN_SECONDS, as_policy_says
from bridge.core.identity import TWIN_MS, Act, Identity
from bridge.core.intent import Intent, State
from bridge.core.model import Instant, Outcome, Told
from bridge.core.refusals import unsent

UNSETTLED = "one that is all but equal is not settled yet"


def near_twins(act: Act, matched: Matched, call_id: str, passed: Collection[str], came: Instant) -> list[Intent]:
    """The open intents of other calls that this act is near to, the oldest first.

    ``passed`` are those it may stand beside: what its own call has joined, and what was waited for already. An answer
    that was lost guards no longer than any other does: 72 hours.
    """
    return [
        each
        for each in matched.near
        if each.near == act.near
        and each.call_id != call_id
        and each.id not in passed
        # An equal one is a matter of joining, unless a key says that they are two.
        and (act.keyed or act.exact not in (each.fingerprint, each.alias))
        and not _told_before(each, came)
        and (each.settled_at is None or each.settled_at >= came - TWIN_MS)
    ]


def _told_before(intent: Intent, came: Instant) -> bool:
    """Whether its end was told before the call came. A mark on what is not settled is of an end that got lost."""
    return intent.state.settled and intent.delivered_at is not None and intent.delivered_at <= came


def wait_for(errand: Errand, twins: Sequence[Intent], came: Instant) -> Steps[Outcome | None]:
    """What the caller is told, or None where the object may be sent beside all of them. ``came`` is when it called."""
    for each in twins:
        outcome = yield from _wait_for(errand, each, came)
        if outcome is not None:
            return outcome
    return None


def _wait_for(errand: Errand, twin: Intent, came: Instant) -> Steps[Outcome | None]:
    patient = True
    while True:
        watched: Watched = yield Watch((twin.id,))
        twin = watched.intents[0]
        presence: Presence = yield Ask()
        longer = watched.waiting and may_wait(presence, TURN_SECONDS)
        if twin.state is State.APPLIED:
            if _told_before(twin, came):
                return None
            if twin.delivered_at is not None or not (patient and longer):
                return (yield from _as_policy_says(errand, twin))
            # The mark of its delivery is written a little later than the answer itself.
            patient = False
        elif twin.state.settled:
            return None
        elif not longer or twin.state is State.PARKED:
            return _not_sent(errand)
        # Nobody drives it: whoever called for it repeats, or the recoverer looks for it.
        yield Wait(TURN_SECONDS)


def _as_policy_says(errand: Errand, twin: Intent) -> Steps[Outcome | None]:
    outcome = yield from as_policy_says(errand, twin)
    # That the other one cannot be read leaves no doubt about this one.
    return _not_sent(errand) if outcome is not None and outcome.told is Told.UNKNOWN else outcome


def _not_sent(errand: Errand) -> Outcome:
    return Outcome(Told.UNSENT, errors=unsent(errand.call.version, UNSETTLED))


def identities(acts: Mapping[int, Act], places: Mapping[int, int], matched: Matched) -> dict[int, Identity]:
    """The identities of new intents, each with the first free place among the open ones of its near fingerprint."""
    used: dict[str | None, set[int | None]] = {}
    for each in matched.near:
        used.setdefault(each.near, set()).add(each.near_place)
    made = {}
    for position, act in acts.items():
        taken = used.setdefault(act.near, set())
        free = next(place for place in range(len(taken) + 1) if place not in taken)
        taken.add(free)
        generation = matched.generations.get((act.fingerprint, places[position]), 0)
        made[position] = Identity(act, places[position], generation, free)
    return made
