"""The lease on a payment or a memo: whoever changes it has it to themselves, across replicas.

A lease ends with its intent, so nothing has to be released and a dead process leaves nothing locked that its intent
does not still need. Must not decide what is done under it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from bridge.core.commands import Ask, Hold, Presence, Recorded, Steps, Wait
from bridge.core.conduct.errand import Errand, may_wait
from bridge.core.conduct.proof import HELD, kept_with
from bridge.core.intent import Dispatch
from bridge.core.model import Route

PAUSE_SECONDS = 1.0

_LEASED = re.compile(r"/v1/(?:payments|credit-memos|refunds)/([^/]+)")
"""What a request to change or refund something names: what the lease was taken on."""


def lease_key(zuora_id: str) -> str:
    """One spelling of an Id, so that two callers who spell it otherwise hold the same lease."""
    return zuora_id.strip().casefold()


def leased(dispatch: Dispatch) -> Mapping[str, str]:
    """What the request of an intent that is taken over needs the lease on, with the intent that takes it.

    Nothing for payments to be made. A REST request names it; of a batch it was kept with it.
    """
    if dispatch.route is not Route.REST:
        return dict(kept_with(dispatch).get(HELD, {}))
    found = _LEASED.match(dispatch.path)
    return {unquote(found[1]): dispatch.intent_ids[0]} if found is not None else {}


def hold_all(errand: Errand, takers: Mapping[str, str]) -> Steps[dict[str, str]]:
    """Take several, each for its intent, and say which could not be had and why.

    In an order that is everybody's, so that two calls never wait for each other.
    """
    refused: dict[str, str] = {}
    for key in sorted(takers, key=lease_key):
        why = yield from hold(errand, takers[key], key, whole=False)
        if why is not None:
            refused[key] = why
    return refused


def hold(errand: Errand, intent_id: str, key: str, *, whole: bool) -> Steps[str | None]:
    """Take the lease, waiting half as long as the caller does; why it could not be had, or None.

    The other half is for what the call has to do besides: to settle the very orphan that has the lease, perhaps.
    """
    presence: Presence = yield Ask()
    enough = presence.remaining / 2
    while True:
        held = yield Hold(errand.caller.scope, lease_key(key), intent_id, whole)
        if held is Recorded.DONE:
            return None
        if held is Recorded.DOWN:
            return "the journal could not record it"
        presence = yield Ask()
        if presence.remaining < enough or not may_wait(presence, PAUSE_SECONDS):
            return "another change of the same payment or memo is not finished"
        yield Wait(PAUSE_SECONDS)
