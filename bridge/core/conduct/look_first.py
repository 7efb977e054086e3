"""Look-up-first: after a restore or a failover the journal may lack what Zuora has, so Zuora is asked before a create.

What is found, and is no create that the journal knows, is an act that the journal has lost, so the caller's twin policy
answers: refused naming its Id, joined, or sent all the same. Of equal objects as many are answered by what was found as
there was found, and the others are sent. Where a look-up gets no verdict, or nothing can be looked up, nothing is sent.
Must not record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.core import plan
from bridge.core.classify import Forward, Refused, Translate, Verdict
from bridge.core.commands import Lookup, Rivalry, Rivals, Steps
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.proof import made_by, question_of
from bridge.core.facts import Absent, Alike, Fact, Like, WhichLike, WhichMade
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Op, Outcome, Told
from bridge.core.refusals import twin, unsent

Joined = Mapping[int, Outcome]
"""By the place among the verdicts: what is told as done by an object that was there already."""


def look_first(
    errand: Errand, verdicts: Sequence[Verdict], prints: Sequence[str]
) -> Steps[tuple[list[Verdict], Joined]]:
    """The verdicts of a create after Zuora was asked for each; ``prints`` are the objects' fingerprints."""
    made = list(verdicts)
    if errand.caller.twins == "allow":
        return made, {}
    alike: dict[WhichLike, list[int]] = {}
    for place, verdict in enumerate(verdicts):
        if isinstance(verdict, Refused):
            continue
        question = _question(verdict)
        if question is None:
            none = _unsent(errand, "nothing of it can be looked up, which is due after a restore")
            made[place] = none.instead_of(verdict)
        else:
            alike.setdefault(question, []).append(place)
    facts: Mapping[object, Fact] = (yield Lookup(tuple(alike))) if alike else {}
    found = {each: fact.objects for each, fact in facts.items() if isinstance(fact, Alike)}
    ids = tuple(like.id for likes in found.values() for like in likes)
    rivalry: Rivalry | None = (
        (yield Rivals(errand.caller.scope, errand.call.type, ids)) if ids else Rivalry(frozenset(), ())
    )
    joined: dict[int, Outcome] = {}
    for question, places in alike.items():
        fact = facts[question]
        if rivalry is None or not isinstance(fact, Alike | Absent):
            for place in places:
                made[place] = _unsent(errand, _WHY).instead_of(made[place])
            continue
        likes = found.get(question, ())
        lost = [each for each in likes if each.stands and each.id not in rivalry.claimed]
        for place, like in _shared(places, lost, prints):
            if like is not None and errand.caller.twins == "join" and not errand.call.single_transaction:
                joined[place] = Outcome(Told.APPLIED, zuora_id=like.id, joined=True)
            else:
                made[place] = _twin(errand, like or lost[-1]).instead_of(made[place])
    return (plan.permitted(errand.call, errand.caller, made) if errand.call.single_transaction else made), joined


_WHY = "what Zuora has of it could not be looked up, which is due after a restore"


def _shared(places: Sequence[int], lost: Sequence[Like], prints: Sequence[str]) -> list[tuple[int, Like | None]]:
    """Which object answers which place; None where it is one of ``lost`` and nothing tells which."""
    if len({prints[place] for place in places}) > 1:
        # Acts that only look alike: any of them may be the one that is there already.
        return [(place, None) for place in places] if lost else []
    return list(zip(places, lost, strict=False))


def _question(verdict: Forward | Translate) -> WhichLike | None:
    if isinstance(verdict, Forward):
        question = question_of(verdict.obj, Op.CREATE, None)
    else:
        # Not by the reference that the bridge would give: what was lost may have been another attempt.
        question = made_by(verdict.obj, verdict.path, verdict.body or {})
    if not isinstance(question, WhichMade):
        return question if isinstance(question, WhichLike) else None
    return WhichLike(
        question.object_type,
        question.amount,
        question.account_id.casefold() if question.account_id is not None else None,
        source=question.source.casefold() if question.source is not None else None,
        source_is_memo=question.source_is_memo,
        field=question.field,
        marker=question.marker,
    )


def _unsent(errand: Errand, why: str) -> Refused:
    return Refused(unsent(errand.call.version, why), unsent=True)


def _twin(errand: Errand, like: Like) -> Refused:
    day = zone_day(like.created, errand.tenant.zone).isoformat() if like.created is not None else "a day before"
    return Refused(twin(like.id, day))
