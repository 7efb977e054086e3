"""The sentences about doubt: each follows from what core can look for, and from when on."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from bridge.admin.missing import Case, following, missing
from bridge.core.conduct.proof import CLOCK_MS, ENDED_MS, SEND_MS
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route
from bridge.upstream.recorded import said

SENT = 1_771_610_400_000
QUIET = SENT + SEND_MS + ENDED_MS + CLOCK_MS + 60_000
HOUR = 3_600_000
MARKED = b'{"amount":7.5,"accountId":"A1","currency":"EUR","referenceId":"R-1"}'
UNMARKED = b'{"amount":7.5,"accountId":"A1"}'


def request(body: bytes = MARKED, **fields: Any) -> Dispatch:
    """A REST payment that was sent and got no answer."""
    known: dict[str, Any] = {
        "id": "d",
        "call_id": "c",
        "route": Route.REST,
        "op": Op.CREATE,
        "method": "POST",
        "path": "/v1/payments",
        "headers": (),
        "body": body,
        "intent_ids": ("i",),
        "key": "k",
        "recorded_at": SENT,
        "first_sent_at": SENT,
    }
    return Dispatch(**(known | fields))


def case(*dispatches: Dispatch, state: State = State.IN_DOUBT, now: int = SENT + 1000, **fields: Any) -> Case:
    """A create of a payment in doubt, a second after it was sent."""
    op, kind, driven = fields.pop("op", Op.CREATE), fields.pop("kind", "Payment"), fields.pop("driven", False)
    one = Intent("i", "s", "erp", "c", 0, op, kind, "f", 0, 0, Route.REST, state, SENT, "w1/c", **fields)
    return Case(one, dispatches, said((0, each) for each in dispatches), now, 60, UTC, driven)


def words(of: Case) -> tuple[str, str]:
    """What is missing, and what follows."""
    return " ".join(missing(of)), " ".join(following(of))


def test_a_marker_is_named_with_what_must_agree() -> None:
    """And that an absence proves nothing before nothing can be on its way."""
    lacks, follows = words(case(request()))
    assert "No answer: the request was sent at 2026-02-20 18:00:00 UTC" in lacks
    assert "No Payment with referenceId R-1 and amount 7.5 has been found yet" in lacks
    assert "proves nothing before 2026-02-20 18:05:37 UTC" in lacks
    assert "before 2026-02-21 14:00:00 UTC and before midnight (UTC)" in follows
    assert "a Payment of 7.5 EUR on account A1 with reference R-1" in follows
    assert "Do not settle it as NOT_APPLIED before 2026-02-20 18:05:37 UTC" in follows


def test_once_it_is_quiet_an_absence_counts_but_must_be_seen_twice() -> None:
    """No look is kept, so none is claimed; nobody is warned any more."""
    lacks, follows = words(case(request(), now=QUIET))
    assert "Absence counts since 2026-02-20 18:05:37 UTC" in lacks
    assert "must then be seen twice, 2 s apart" in lacks
    assert "Do not settle" not in follows


@pytest.mark.parametrize(
    ("now", "counts"), [(SENT + 5 * HOUR, True), (SENT + 7 * HOUR, False), (SENT + 21 * HOUR, False)]
)
def test_a_key_counts_for_the_day_and_twenty_hours(now: int, counts: bool) -> None:
    """Midnight is six hours away (I5)."""
    _, follows = words(case(request(), now=now))
    assert ("the same bytes go out under the same key" in follows) is counts
    assert ("Its key counts no more" in follows) is not counts


def test_soap_is_never_sent_again() -> None:
    """It has no key; what is to be looked for was kept with it."""
    kept = json.dumps({"questions": {"i": {"field": "referenceId", "marker": "R", "amount": "7", "account": None}}})
    lacks, follows = words(case(request(b"<a/>", route=Route.SOAP, key=None, snapshot=kept)))
    assert "referenceId R and amount 7" in lacks
    assert "SOAP knows no key: it is never sent again for this call" in follows


def test_without_a_marker_only_the_look_is_left() -> None:
    """Nothing ends it before it is quiet; parked, it says that candidates cannot be told apart."""
    lacks, follows = words(case(request(UNMARKED)))
    assert "No marker: the request has no ReferenceId and no GatewayOrderId" in lacks
    assert "Under which user it went is not known" in lacks
    assert "Neither a find nor an absence ends it before" in follows
    lacks, _ = words(case(request(UNMARKED, snapshot='{"by": "u1"}'), state=State.PARKED))
    assert "Under which user" not in lacks
    assert "nothing tells which object is whose" in lacks


def test_what_nothing_can_tell_is_said() -> None:
    """No account, a batch that shares its marker, a change that REST does not show."""
    lacks, follows = words(case(request(b'{"amount":7}')))
    assert "names no reference and no account" in lacks
    assert "it is parked for a person, at the earliest at 2026-02-20 18:05:37 UTC" in follows
    action = request(b'{"objects":[{"Amount":"7","ReferenceId":"R"}]}', route=Route.ACTION, path="/v1/action/create")
    assert "other objects of the same call have the same reference" in words(case(action))[0]
    void = request(b"<a/>", route=Route.SOAP, key=None, op=Op.UPDATE)
    assert "no look-up will ever tell" in words(case(void, op=Op.UPDATE))[0]


def test_a_change_is_proved_by_its_values_and_a_delete_by_absence() -> None:
    """A person looks at the object itself."""
    cancel = request(b"", method="PUT", path="/v1/payments/p1/cancel", op=Op.UPDATE, key=None)
    lacks, follows = words(case(cancel, op=Op.UPDATE))
    assert "The values it was to leave (status) have not been seen on the Payment." in lacks
    assert "look in Zuora for the Payment p1" in follows
    gone = request(b"", method="DELETE", path="/v1/refunds/r1", op=Op.DELETE, key=None)
    assert "The Refund has not been seen to be gone." in words(case(gone, op=Op.DELETE, kind="Refund"))[0]


def test_what_is_parked_stays_so_until_a_person_comes() -> None:
    """No timer ends it."""
    lacks, follows = words(case(request(), state=State.PARKED, now=QUIET))
    assert "two objects have that marker, or only one that is older" in lacks
    assert "The bridge does nothing more by itself" in follows
    assert "A person can look in Zuora" in follows


def test_a_saga_is_proved_by_the_payment_s_parts() -> None:
    """Which of its steps happened."""
    steps = [request(step=step, first_sent_at=SENT if not step else None) for step in (0, 1, 2)]
    lacks, follows = words(case(*steps, kind="Refund"))
    assert "a refund in three requests" in lacks
    assert "looks for it again by itself" in follows


def test_what_never_left_moved_nothing() -> None:
    """There is nothing to prove."""
    assert "no money moved" in words(case(state=State.PLANNED))[0]
    assert "No byte of its request left" in words(case(request(), state=State.NOT_SENT))[0]
    assert words(case(request(), state=State.SENDING, driven=True))[1].startswith("The process w1 lives")


@pytest.mark.parametrize("state", [State.APPLIED, State.REFUSED, State.NOT_APPLIED])
def test_what_is_settled_misses_nothing(state: State) -> None:
    """What was proved not done may come again."""
    lacks, follows = words(case(request(), state=state))
    assert lacks == ""
    assert ("a new attempt" in follows) is (state is State.NOT_APPLIED)


def test_what_does_not_open_is_not_guessed_about() -> None:
    """Nothing follows from bytes that nobody can read."""
    shut = request(b"", path="", method="")
    told = Case(case(shut).intent, (shut,), said([]), SENT, 60, UTC, driven=False, readable=False)
    assert len(missing(told)) == 1
    assert "Nothing to look for" not in " ".join(missing(told))
