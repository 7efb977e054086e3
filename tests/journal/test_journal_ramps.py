"""What gates read and leave behind, on both databases."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from journal_examples import KEY, intent, play
from postgresql_server import PostgreSQL

from bridge.core.commands import Opened
from bridge.core.intent import State
from bridge.core.model import Route
from bridge.journal import Journal
from bridge.journal.ramps import Act, Compared, Judged


async def scene(journal: Journal) -> None:
    """One of each."""
    for name, route, at, ramp in (
        ("a", Route.REST, 10, "pilot"),
        ("b", Route.SOAP, 20, "pilot"),
        ("c", Route.REST, 5, "pilot"),
        ("d", Route.REST, 30, None),
        ("e", Route.REST, 30, "other"),
        ("f", None, 40, "pilot"),
    ):
        one = intent(name, call_id=name, route=route, created_at=at, ramp=ramp, state=State.REFUSED, unsent=True)
        assert await journal.record([Opened((one,), ())])
    counted = await journal.ramp_counted("pilot", Route.REST, 10)
    assert [(each.call_id, each.route, each.unsent) for each in counted] == [
        ("a", Route.REST, True),
        ("f", None, True),
        ("b", Route.SOAP, True),
    ]
    assert await journal.ramp_wrong_money("pilot", Route.REST, 0) == 0
    operator = journal.operator
    row = {"kind": "report", "rule": "pilot", "operation": "create", "object_type": "Payment", "intent_id": None}
    rows = [
        {**row, "id": "1", "at": 10, "equal": 1, "detail": '{"calls": 60, "unequal": 0}'},
        {**row, "id": "2", "at": 10, "equal": 0, "detail": "no JSON"},
        {**row, "id": "3", "at": 1, "equal": 0, "detail": '{"money": true}'},
    ]
    made = Judged("pilot", 0, 0, "HOLD", {"reason": "it soaks"})
    assert await operator.judged(made, None, rows) is None
    assert await operator.judged(made, None, rows) is None
    assert await journal.ramp_compared("pilot", 10) == Compared(61, 1, None)
    assert (await journal.ramp_compared("pilot", 0)).money is not None
    assert len(await journal.judgements("pilot")) == 1
    act = Act("decided", "why", "gate")
    assert await operator.judged(Judged("pilot", 0, 0, "PROMOTE", {}), act) is None
    late = await operator.judged(Judged("pilot", 0, 0, "PROMOTE", {}), act)
    assert late is not None
    assert "look again" in late
    # Judged by another process before that one acted, and heard of after: the act stays the last word.
    late = await operator.judged(Judged("pilot", 0, 0, "NOT ENOUGH DATA", {}))
    assert late is not None
    assert "revision 1 by gate" in late
    assert [each.verdict for each in await journal.judgements()] == ["PROMOTE", "HOLD"]
    assert [each.author for each in await journal.revisions()] == ["gate"]
    await journal.let_go_of_the_rest(2**50)
    assert await journal.judgements() == []


def test_gates_on_sqlite(tmp_path: Path) -> None:
    """Read, judged, acted once, and let go of."""
    play(tmp_path, scene)


def test_gates_on_postgresql(postgresql: PostgreSQL) -> None:
    """Likewise."""
    with closing(Journal.open(postgresql.url(postgresql.new_place()), KEY, "w1")) as journal:
        asyncio.run(scene(journal))
