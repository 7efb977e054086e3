"""The lease on a payment or a memo: whoever changes it has it to themselves, across replicas.

A lease ends with its intent, so nothing has to be released and a dead process leaves nothing locked that its intent
does not still need. Must not decide what is done under it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from bridge.core.commands import Ask, Hold, Presence, Recorded, Steps, Wait
from bridge.core.conduct.errand import Errand, may_wait
from bridge.core.intent import Dispatch, Intent
from bridge.core.model import Route

PAUSE_SECONDS = 1.0

_LEASED = re.compile(r"/v1/(?:payments|credit-memos|refunds)/([^/]+)")
"""What a request to change or refund something names: what the lease was taken on."""


def lease_key(zuora_id: str) -> str:
    """One spelling of an Id, so that two callers who spell it otherwise hold the same lease."""
    return zuora_id.strip().casefold()


def leased(dispatch: Dispatch) -> str | None:
    """What the request of an intent that is taken over needs the lease on; None for a payment to be made."""
    found = _LEASED.match(dispatch.path) if dispatch.route is Route.REST else None
    return unquote(found[1]) if found is not None else None


def hold(errand: Errand, intent: Intent, key: str, *, whole: bool) -> Steps[str | None]:
    """Take the lease, waiting half as long as the caller does; why it could not be had, or None.

    The other half is for what the call has to do besides: to settle the very orphan that has the lease, perhaps.
    """
    presence: Presence = yield Ask()
    enough = presence.remaining / 2
    while True:
        held = yield Hold(errand.caller.scope, lease_key(key), intent.id, whole)
        if held is Recorded.DONE:
            return None
        if held is Recorded.DOWN:
            return "the journal could not record it"
        presence = yield Ask()
        if presence.remaining < enough or not may_wait(presence, PAUSE_SECONDS):
            return "another change of the same payment or memo is not finished"
        yield Wait(PAUSE_SECONDS)
