"""A Zuora Id settles one create, whatever the route, generation, ordinal or caller of the two that claim it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_examples import KEY, intent, moved, opened, state_of
from postgresql_server import PostgreSQL

from bridge.core.commands import Opened
from bridge.core.intent import TRANSITIONS, IllegalTransition, Intent, State
from bridge.core.model import Op, Route
from bridge.journal import Journal
from bridge.journal.queries import Waiting

CLAIMING = (State.SENDING, State.IN_DOUBT, State.PARKED)
"""From where the table leads to APPLIED."""

act = st.fixed_dictionaries(
    {
        "fingerprint": st.sampled_from("fg"),
        "ordinal": st.integers(0, 2),
        "generation": st.integers(0, 2),
        "route": st.sampled_from(Route),
        "state": st.sampled_from(CLAIMING),
        "owner": st.sampled_from(["w1", "w2"]),
        "caller": st.sampled_from(["erp", "json"]),
    }
)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Addresses of empty databases of either kind."""
    numbers = iter(range(10_000))
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        yield lambda: server.url(server.new_place())


def identity(made: dict[str, Any]) -> tuple[Any, ...]:
    """What the journal takes once."""
    return made["fingerprint"], made["ordinal"], made["generation"]


def test_two_creates_never_have_one_object(fresh: Callable[[], str]) -> None:
    """Of any number that claim it one after another the first has it, and the others stay as they were."""
    with closing(Journal.open(fresh(), KEY, "w1")) as journal:
        turns = iter(range(10_000))

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(act, min_size=2, max_size=5, unique_by=identity))
        def claim(acts: list[dict[str, Any]]) -> None:
            turn = next(turns)
            scope, zuora_id = f"{turn}|", f"z{turn}"
            intents = [intent(f"i{turn}-{place}", scope=scope, **each) for place, each in enumerate(acts)]
            asyncio.run(scene(journal, intents, zuora_id))

        claim()


async def scene(journal: Journal, intents: list[Intent], zuora_id: str) -> None:
    """All are open, and each claims the object in turn."""
    assert await journal.record([Opened(tuple(intents))])
    for place, each in enumerate(intents):
        assert await journal.record([moved(each.id, each.state, owner=each.owner, zuora_id=zuora_id)]) is (place == 0)
    states = [await state_of(journal, each.id) for each in intents]
    assert states == [State.APPLIED, *(each.state for each in intents[1:])]
    assert (await journal.rivals(intents[0].scope, "Payment", (zuora_id, "other"))).claimed == {zuora_id}


def test_every_move_is_cores_or_none(fresh: Callable[[], str]) -> None:
    """Each of the 81 pairs, on either database: made as core's table has it, or an error and nothing changed."""

    async def pairs(journal: Journal) -> None:
        for source in State:
            for target in State:
                name = f"{source.value}-{target.value}"
                assert await journal.record([opened(name, state=source, fingerprint=name)])
                if target in TRANSITIONS[source]:
                    assert await journal.record([moved(name, source, target)])
                    assert await state_of(journal, name) is target
                    continue
                with pytest.raises(IllegalTransition):
                    await journal.record([moved(name, source, target)])
                assert await state_of(journal, name) is source

    with closing(Journal.open(fresh(), KEY, "w1")) as journal:
        asyncio.run(pairs(journal))


def test_what_is_open_is_told_and_measured_on_either_database(fresh: Callable[[], str]) -> None:
    """Creates only as rivals; everything that is not settled by its age."""

    async def told(journal: Journal) -> None:
        await journal.record([opened("i1", state=State.IN_DOUBT, fingerprint="a", created_at=7, route=Route.SOAP)])
        await journal.record([opened("i2", state=State.PARKED, fingerprint="b", created_at=8, route=None)])
        await journal.record([opened("i3", state=State.IN_DOUBT, fingerprint="c", created_at=9, op=Op.DELETE)])
        found = await journal.rivals("10000|", "Payment", ())
        assert [each.id for each in found.open] == ["i1", "i2"]
        assert Waiting(State.IN_DOUBT, Route.SOAP, 1, 7) in await journal.ages()
        assert Waiting(State.PARKED, None, 1, 8) in await journal.ages()

    with closing(Journal.open(fresh(), KEY, "w1")) as journal:
        asyncio.run(told(journal))
