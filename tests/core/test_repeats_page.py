"""deploy/repeats.md says what happens: its tables and examples are played in the small world, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from core_objects import ERP, call, pays
from core_world import Play, World

from bridge.core.identity import harvested
from bridge.core.model import Call, Caller, Outcome, Rows, Told, ZObject

PAGE = Path(__file__).parents[2] / "deploy" / "repeats.md"
MINUTE = 60_000
HOUR = 60 * MINUTE
FIRST = pays("i1", "40", ReferenceId="a")
ALL_BUT = pays("i1", "40", ReferenceId="b")
ANOTHER = pays("i1", "41", ReferenceId="a")


def table(name: str) -> Iterator[list[str]]:
    """The rows of a table of the page, its head first."""
    found = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- /table -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    for line in found[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not set(line) <= set("|-"):
            yield cells


def cells(name: str, said: int) -> Iterator[object]:
    """Each cell: what is said before it, its column, and what it says."""
    head, *body = table(name)
    assert len(body) > 5
    for row in body:
        for column, cell in zip(head[said:], row[said:], strict=True):
            yield pytest.param(*row[:said], column.strip("`"), cell, id=", ".join((*row[:said], column)))


def rows(play: Play) -> tuple[Outcome, ...]:
    """What was told."""
    assert isinstance(play.reply, Rows)
    return play.reply.outcomes


def asks(world: World, asked: Call, caller: Caller, *, hears: bool = True) -> tuple[Outcome, ...]:
    """A call from its beginning to its end."""
    play = world.begin(asked, "one", caller=caller, hears=hears, patience=20)
    world.acts.update(dict.fromkeys(play.prints, 2))
    world.run()
    return rows(play)


def word(world: World, told: Outcome, before: int) -> str:
    """The page's word for an outcome; ``before`` is how many were paid before it."""
    paid = len(world.zuora.made) - before
    if told.joined and told.told is Told.APPLIED:
        assert paid == 0
        return "joins"
    if told.told is Told.APPLIED:
        assert paid == 1
        return "pays again" if before else "pays"
    assert paid == 0
    if told.told is Told.UNSENT:
        assert "not sent" in told.errors[0].message
        return "not sent"
    if told.told is Told.UNKNOWN:
        return "in doubt"
    assert told.errors[0].code == "DUPLICATE_VALUE"
    assert world.zuora.made[0].id in told.errors[0].message
    return "refused"


def beside(world: World, first: Call, second: Call, caller: Caller) -> str:
    """The second comes while the first is being sent; ``pays`` where neither has to do with the other."""
    one = world.begin(first, "one", caller=caller)
    while not world.journal.intents:
        world.turn()
    other = world.begin(second, "other", caller=caller)
    world.run(lambda ready: ready[-1])
    assert rows(one)[0].told is Told.APPLIED
    if world.zuora.made[0].intent_id != rows(one)[0].intent_id:
        return "pays"
    return word(world, rows(other)[0], 1 if len(world.zuora.made) == 2 else len(world.zuora.made))


SECOND = {"the same": FIRST, "all but the same": ALL_BUT, "another payment": ANOTHER}
AGO = {
    "just now": 0,
    "14 minutes ago": 14 * MINUTE,
    "16 minutes ago": 16 * MINUTE,
    "an hour ago": HOUR,
    "71 hours ago": 71 * HOUR,
    "73 hours ago": 73 * HOUR,
    "ten days ago": 240 * HOUR,
}


@pytest.mark.parametrize(("sent", "first", "policy", "says"), list(cells("twins", 2)))
def test_the_table_of_policies_is_true(sent: str, first: str, policy: str, says: str) -> None:
    """Every cell of it."""
    caller, second = replace(ERP, twins=policy), call(SECOND[sent])
    if first == "is still on its way":
        assert beside(World(), call(FIRST), second, caller) == says
        return
    state, _, ago = first.rpartition(", ")
    moods = {"was refused by Zuora": ["no"], "is in doubt": ["lost before"]}.get(first, [])
    world = World(*moods)
    (told,) = asks(world, call(FIRST), caller, hears=not state.endswith("never arrived"))
    if not moods:
        assert told.told is Told.APPLIED
        assert state in ("was paid and answered", "was paid, its answer never arrived")
        world.pass_time(AGO[ago])
    before = len(world.zuora.made)
    (told,) = asks(world, second, caller)
    assert word(world, told, before) == says


def keyed(setting: str, name: str, obj: ZObject) -> Call:
    """A call under this id, or with this value; an empty one is none."""
    if setting == "unique_field":
        fields = {each: text for each, text in obj.fields.items() if each != "ReferenceId"}
        return call(replace(obj, fields={**fields, **({"ReferenceId": name} if name else {})}))
    return harvested(call(obj), {"Idempotency-Key": name})


@pytest.mark.parametrize(("sent", "setting", "says"), list(cells("keys", 1)))
def test_the_table_of_ids_is_true(sent: str, setting: str, says: str) -> None:
    """Every cell of it."""
    by_id, by_field = replace(ERP, message_ids=("Idempotency-Key",)), replace(ERP, unique_field="ReferenceId")
    caller = by_id if setting == "message_ids" else by_field
    which, what, *_ = sent.split(", ")
    name = {"the same id or value": "m1", "another id or value": "m2", "no id or value": ""}[which]
    # Without a value the content cannot be the same, unless the first had none either.
    first = keyed(setting, "m1" if name or setting == "message_ids" else "", FIRST)
    second = keyed(setting, name, ANOTHER if what == "another content" else FIRST)
    if what == "the first is still on its way":
        assert beside(World(), first, second, caller) == says
        return
    world = World()
    (told,) = asks(world, first, caller, hears="never arrived" not in sent)
    assert told.told is Told.APPLIED
    for text, ago in (("14 minutes", 14 * MINUTE), ("16 minutes", 16 * MINUTE), ("399 days", 399 * 24 * HOUR)):
        world.pass_time(ago if text in sent else 0)
    (told,) = asks(world, second, caller)
    assert word(world, told, 1) == says


# ---------------------------------------------------------------- the examples


def example_1() -> None:
    """A retry after a time-out."""
    world = World()
    asks(world, call(FIRST), ERP, hears=False)
    world.pass_time(7 * 24 * HOUR)
    (told,) = asks(world, call(FIRST), ERP)
    assert word(world, told, 1) == "joins"


def example_2() -> None:
    """Yesterday's file again."""
    file = call(FIRST, ANOTHER, FIRST)
    for policy, expected in (("fault", Told.REFUSED), ("join", Told.APPLIED)):
        world = World()
        caller = replace(ERP, twins=policy)
        paid = {each.zuora_id for each in asks(world, file, caller)}
        world.pass_time(24 * HOUR)
        again = asks(world, file, caller)
        assert {each.told for each in again} == {expected}
        assert len(world.zuora.made) == 3
        if policy == "join":
            assert {each.zuora_id for each in again} == paid
        world.pass_time(73 * HOUR)
        assert {each.joined for each in asks(world, file, caller)} == {False}
        assert len(world.zuora.made) == 6


def example_3() -> None:
    """Two genuine equal payments."""
    world = World()
    assert [asks(world, call(each), ERP)[0].told for each in (FIRST, ALL_BUT)] == [Told.APPLIED] * 2
    bare = call(pays("i1", "40"))
    assert [each.joined for _ in range(2) for each in asks(world, bare, ERP)] == [False, True]
    world.pass_time(16 * MINUTE)
    (told,) = asks(world, bare, ERP)
    assert (told.told, told.errors[0].code) == (Told.REFUSED, "DUPLICATE_VALUE")


def example_4() -> None:
    """A batch sent again after one line was edited."""
    line = pays("i1", "7", Comment="a")
    commented = pays("i1", "7", Comment="b")
    for hears, edited, expected in (
        (True, pays("i1", "8", Comment="a"), Told.APPLIED),
        (False, pays("i1", "8", Comment="a"), Told.APPLIED),
        (True, commented, Told.APPLIED),
        (False, commented, Told.REFUSED),
    ):
        world = World()
        asks(world, call(FIRST, line), ERP, hears=hears)
        untouched, told = asks(world, call(FIRST, edited), ERP)
        assert untouched.joined
        assert told.told is expected
        assert len(world.zuora.made) == 2 + (expected is Told.APPLIED)


def example_5() -> None:
    """Two systems pay the same invoice at once."""
    shop = replace(ERP, username="shop@example.com", name="shop")
    world = World()
    assert beside(world, call(FIRST), call(ALL_BUT), shop) == "refused"
    (told,) = asks(World(), call(ALL_BUT), shop)
    assert told.told is Told.APPLIED


EXAMPLES: list[Callable[[], None]] = [example_1, example_2, example_3, example_4, example_5]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_are_true(number: int) -> None:
    """Each is on the page under its number and title, and there is none besides."""
    listed = re.findall(r"^([0-9]+)\. \*\*(.+?)\*\*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed[number] == (str(number + 1), EXAMPLES[number].__doc__)
    assert len(listed) == len(EXAMPLES)
    EXAMPLES[number]()
