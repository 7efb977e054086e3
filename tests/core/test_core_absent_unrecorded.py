"""What was proved absent is a new attempt only once the journal has it: until then it may be found, or proved, anew."""

from __future__ import annotations

import pytest
from core_adversary import QUIET_MS
from core_objects import call, pays
from core_world import World

from bridge.core.intent import State
from bridge.core.model import Rows, Told

MARKED = pays("i1", "10", ReferenceId="ERP-1")


@pytest.mark.parametrize("when", range(1, 6))
def test_a_journal_that_fails_at_any_record_lets_no_second_attempt_out_beside_the_first(when: int) -> None:
    """A SOAP payment without an answer, looked for by its reference; the world watches every first send (I6)."""
    world = World("lost before")
    world.zuora.markers_of_soap = lambda _: "ERP-1"
    world.call(MARKED)
    world.crash("first")
    world.pass_time(QUIET_MS)
    count = iter(range(1, 100))
    world.journal_state = lambda: "down" if next(count) == when else "up"
    play = world.begin(call(MARKED), "second")
    world.run()
    if isinstance(play.reply, Rows) and play.reply.outcomes[0].told is Told.APPLIED:
        assert world.zuora.requests[-1][0].intent_ids[0] == play.reply.outcomes[0].intent_id
    unsettled = [each for each in world.journal.intents.values() if not each.state.settled]
    assert len(unsettled) <= 1
    assert {each.state for each in unsettled} <= {State.IN_DOUBT, State.SENDING}
