"""What gateway options were worth is erased once their payment is settled for good, and never sent again (I9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from journal_examples import KEY, dispatch, intent, moved, newest, url_of

from bridge.core.commands import Added, Adopted, Opened, Sent
from bridge.core.intent import Dispatch, State
from bridge.core.model import Route
from bridge.journal import Journal
from bridge.journal.crypto import Keys
from bridge.journal.operator import Verdict
from bridge.journal.options import ERASED, holds_options, without_values
from bridge.journal.retention import erase_left
from bridge.journal.schema import HOLDS, UNKNOWN

Scene = Callable[[Journal], Awaitable[None]]
Play = Callable[[Scene], None]

SECRET = "4-digit-secret"
REST = (
    f'{{"accountId":"a","amount":10.00,"gatewayOptions":{{"name":"{SECRET}","code":"{SECRET}"}},"type":"External"}}'
).encode()
ACTION = (
    '{"type":"Payment","objects":[{"Amount":12.50,"GatewayOptionData":{"GatewayOption":['
    f'{{"name":"code","value":"{SECRET}"}},{{"name":"other","value":12.3}}]}}}},{{"Amount":7}}]}}'
).encode()
SOAP = (
    "<?xml version='1.0' encoding='utf-8'?>\n"
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:o="http://object.api.zuora.com/"><e:Body>'
    "<create><zObjects><o:Amount>10.00</o:Amount><o:Comment>a &lt; b é</o:Comment><o:GatewayOptionData>"
    f"<o:GatewayOption><o:name>code</o:name><o:value>{SECRET}</o:value></o:GatewayOption>"
    "<o:GatewayOption><o:value/><o:name>empty</o:name></o:GatewayOption>"
    "</o:GatewayOptionData></zObjects></create></e:Body></e:Envelope>"
).encode()
BODIES = {"rest": (Route.REST, REST), "action": (Route.ACTION, ACTION), "soap": (Route.SOAP, SOAP)}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a journal that is not there yet."""
    if request.param == "sqlite":
        return url_of(tmp_path)
    server = request.getfixturevalue("postgresql")
    return str(server.url(server.new_place()))


@pytest.fixture
def play(url: str) -> Play:
    """Run a scene on a journal of either kind, under ``keys`` and as ``instance``."""

    def run(scene: Scene, instance: str = "w1", keys: Keys = Keys(KEY)) -> None:  # noqa: B008
        async def bounded() -> None:
            with closing(Journal.open(url, keys, instance)) as journal:
                await asyncio.wait_for(scene(journal), 60)

        asyncio.run(bounded())

    return run


def with_options(*intents: str, name: str = "d1", body: bytes = REST, **fields: Any) -> Dispatch:
    """A request that carries gateway options."""
    return dispatch(name, *(intents or ("i1",)), body=body, **fields)


async def body_of(journal: Journal, name: str = "i1") -> bytes:
    """The newest request of an intent as it is kept now."""
    found = await newest(journal, name)
    assert found is not None
    return found.body


def flags(journal: Journal) -> Awaitable[dict[str, int | None]]:
    """What the journal knows of each request's options."""
    return journal._read(lambda: dict(journal._database.rows("SELECT id, options FROM dispatch", {})))


@pytest.mark.parametrize("kind", BODIES)
def test_only_the_values_go_and_all_else_stays(kind: str) -> None:
    """Names, amounts digit for digit, texts and the order are as they were, whatever the route."""
    body = BODIES[kind][1]
    expected = body.replace(SECRET.encode(), ERASED.encode()).replace(b"12.3}", b'"%s"}' % ERASED.encode())
    assert without_values(body) == expected
    assert without_values(expected) == expected


@pytest.mark.parametrize(
    "body",
    [
        b'{"GatewayOptionData":"secret"}',
        b'{"GatewayOptionData":[{"name":"a","value":{"deep":["secret"]}}]}',
        b'{"objects":[{"GatewayOptionData":{"GatewayOption":{"name":"a","Value":"secret"}}}]}',
        b'{"gatewayOptions":["secret",{"name":"secret"}]}',
        b"<a><GatewayOptionData>secret<b>x</b>secret</GatewayOptionData></a>",
        b"<a><GatewayOption><name>a<name>secret</name></name><value><![CDATA[secret]]></value></GatewayOption></a>",
        b'<a><GatewayOption value="secret"><value><!-- secret --></value></GatewayOption></a>',
    ],
)
def test_a_shape_that_nobody_expected_keeps_no_value_either(body: bytes) -> None:
    """What is below the options is a value unless it is the name of one."""
    assert b"secret" not in without_values(body)


def test_what_has_no_options_is_not_looked_at() -> None:
    """One search in the bytes tells; a comment that speaks of them is looked at and stays as it is."""
    assert not holds_options(dispatch())
    spoken = dispatch(body=b'{"comment":"GatewayOption"}')
    assert holds_options(spoken)
    assert without_values(spoken.body) == spoken.body


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("target", [State.APPLIED, State.REFUSED])
def test_the_values_are_erased_with_the_settlement(play: Play, kind: str, target: State) -> None:
    """In its transaction, on every route; until then the request is whole."""
    route, body = BODIES[kind]
    sent = with_options(route=route, body=body)

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(route=route),), (sent,))])
        assert await newest(journal, "i1") == sent
        assert await journal.record([moved(target=target)])
        kept = await newest(journal, "i1")
        assert kept == replace(sent, body=without_values(body), erased=True)
        assert SECRET.encode() not in kept.body
        assert await flags(journal) == {"d1": 0}

    play(scene)


def test_a_request_without_options_costs_and_changes_nothing(play: Play) -> None:
    """No mark, no entry in the index, not a byte of it written anew."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (dispatch(),))])
        sealed = await journal._read(lambda: journal._database.rows("SELECT sealed FROM dispatch", {}))
        assert await journal.record([moved()])
        assert await erase_left(journal) == 0
        assert await journal._read(lambda: journal._database.rows("SELECT sealed FROM dispatch", {})) == sealed
        assert await flags(journal) == {"d1": None}

    play(scene)


def test_what_may_be_sent_again_or_waits_for_a_person_keeps_them(play: Play) -> None:
    """In doubt, parked, proved not applied; a person's word settles it for good."""

    async def scene(journal: Journal) -> None:
        names = ("doubt", "parked", "absent")
        for name in names:
            assert await journal.record([Opened((intent(name),), (with_options(name, name=f"d-{name}"),))])
            assert await journal.record([moved(name, target=State.IN_DOUBT)])
        assert await journal.record([moved("parked", State.IN_DOUBT, State.PARKED)])
        assert await journal.record([moved("absent", State.IN_DOUBT, State.NOT_APPLIED)])
        assert await erase_left(journal) == 0
        assert [await body_of(journal, name) for name in names] == [REST] * 3
        said = Verdict("parked", State.REFUSED, None, "looked at the ledger", "Ada")
        assert await journal.operator.resolve(said, dry=True) is None
        assert await body_of(journal, "parked") == REST
        assert await journal.operator.resolve(said) is None
        assert await body_of(journal, "parked") == without_values(REST)
        assert [await body_of(journal, name) for name in ("doubt", "absent")] == [REST] * 2

    play(scene)


def test_a_batch_keeps_them_until_its_last_object_is_settled(play: Play) -> None:
    """Its bytes are whole as long as one of its objects may need them."""

    async def scene(journal: Journal) -> None:
        batch = with_options("i1", "i2", route=Route.ACTION, body=ACTION)
        assert await journal.record([Opened((intent("i1"), intent("i2", position=1)), (batch,))])
        assert await journal.record([moved("i1"), moved("i2", target=State.IN_DOUBT)])
        assert await body_of(journal, "i2") == ACTION
        assert await journal.record([moved("i2", State.IN_DOUBT, State.APPLIED)])
        assert await body_of(journal, "i2") == without_values(ACTION)

    play(scene)


def test_all_requests_of_an_intent_are_erased_with_it(play: Play) -> None:
    """The steps of a saga, and each attempt."""

    async def scene(journal: Journal) -> None:
        steps = (dispatch("s0"), with_options(name="s1", step=1), with_options(name="s1b", step=1, attempt=1))
        assert await journal.record([Opened((intent(),), steps[:2])])
        assert await journal.record([Added(steps[2])])
        assert await journal.record([moved()])
        assert await flags(journal) == {"s0": None, "s1": 0, "s1b": 0}

    play(scene)


def test_what_a_crash_or_another_process_left_is_swept(play: Play) -> None:
    """Who settles it need not have recorded it: at its next round any process erases what is left."""

    async def recorded(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (with_options(),))])

    async def settled_elsewhere(journal: Journal) -> None:
        assert await journal.record([Adopted("i1", "w1", "w2"), moved(owner="w2")])
        assert await body_of(journal) == REST
        assert await erase_left(journal) == 1
        assert await body_of(journal) == without_values(REST)
        assert await erase_left(journal) == 0
        rows = await journal._read(lambda: journal._database.rows("SELECT detail FROM audit WHERE kind = 'erased'", {}))
        assert [detail for (detail,) in rows] == ['{"what":"gateway options","requests":1}']

    play(recorded)
    play(settled_elsewhere, "w2")


def test_who_takes_a_request_over_erases_it_with_its_own_settlement(play: Play) -> None:
    """It has read the request before, so it knows."""

    async def recorded(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (with_options(),))])

    async def taken_over(journal: Journal) -> None:
        assert await journal.record([Adopted("i1", "w1", "w2")])
        assert await body_of(journal) == REST
        assert await journal.record([moved(owner="w2")])
        assert await body_of(journal) == without_values(REST)

    play(recorded)
    play(taken_over, "w2")


def test_what_a_bridge_of_the_release_before_recorded_is_swept_too(play: Play) -> None:
    """It says nothing of options, neither before the migration nor beside new bridges; what has none is told apart."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent("i1"),), (with_options("i1"),))])
        assert await journal.record([Opened((intent("i2"),), (dispatch("d2", "i2"),))])
        assert await journal.record([Opened((intent("i3"),), (with_options("i3", name="d3"),))])
        copied = (
            "id, call_id, route, op, step, attempt, key, marker, recorded_at, first_sent_at, answered_at, verdict, "
            "http_status, key_id, sealed, last_sent_at"
        )

        def as_before() -> None:
            run = journal._database.run
            run("CREATE TEMPORARY TABLE old AS SELECT * FROM dispatch", {})
            run("CREATE TEMPORARY TABLE old_intent AS SELECT * FROM dispatch_intent", {})
            run("DELETE FROM dispatch_intent", {})
            run("DELETE FROM dispatch", {})
            run(f"INSERT INTO dispatch ({copied}) SELECT {copied} FROM old", {})
            run("INSERT INTO dispatch_intent SELECT * FROM old_intent", {})

        await journal.operator.change(lambda: as_before())
        assert await flags(journal) == {"d1": UNKNOWN, "d2": UNKNOWN, "d3": UNKNOWN}
        assert await journal.record([moved("i2")])
        assert await erase_left(journal) == 0
        assert await flags(journal) == {"d1": UNKNOWN, "d2": None, "d3": UNKNOWN}
        journal._changes.erasing.forget()
        assert await journal.record([moved("i1"), moved("i3", target=State.IN_DOUBT)])
        assert await erase_left(journal) == 1
        assert await flags(journal) == {"d1": 0, "d2": None, "d3": UNKNOWN}
        assert await body_of(journal, "i1") == without_values(REST)

    play(scene)


def test_a_settlement_that_is_undone_erases_nothing(play: Play) -> None:
    """Another condition of the same change failed; the repeat of the change erases."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (with_options(),))])
        assert not await journal.record([moved(), moved("nobody")])
        assert await body_of(journal) == REST
        assert await flags(journal) == {"d1": HOLDS}
        assert await journal.record([moved()])
        assert await body_of(journal) == without_values(REST)

    play(scene)


def test_an_erased_request_can_never_be_sent_again(play: Play) -> None:
    """Every send follows a commit that says so, and the journal refuses it; a further attempt as well."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (with_options(),))])
        assert await journal.record([Sent("d1", 1)])
        assert await journal.record([moved()])
        assert not await journal.record([Sent("d1", 2)])
        kept = await newest(journal, "i1")
        assert kept is not None
        assert kept.last_sent_at == 1
        assert not await journal.record([Added(replace(kept, id="d2", attempt=1))])
        assert not await journal.record([Opened((intent("i2"),), (replace(kept, id="d3", intent_ids=("i2",)),))])

    play(scene)


def test_what_opens_under_no_key_does_not_stop_the_others(play: Play) -> None:
    """It is neither settled wrongly nor in the way of the sweep; the key that opens it erases it."""

    async def scene(journal: Journal) -> None:
        for name in ("i1", "i2"):
            assert await journal.record([Opened((intent(name),), (with_options(name, name=f"d-{name}"),))])

    async def settle(journal: Journal) -> None:
        assert await journal.record([Adopted("i1", "w1", "w2"), moved("i1", owner="w2")])
        assert await erase_left(journal) == 0

    async def both(journal: Journal) -> None:
        assert await erase_left(journal) == 1
        assert await body_of(journal, "i1") == without_values(REST)

    new = bytes(range(32, 64))
    play(scene)
    play(lambda journal: _rekeyed_check(journal), "w2", Keys(new, (KEY,)))  # type: ignore[call-arg]
    play(settle, "w2", Keys(new))  # type: ignore[call-arg]
    play(both, "w3", Keys(new, (KEY,)))  # type: ignore[call-arg]


async def _rekeyed_check(journal: Journal) -> None:
    """The journal opens under this process's key alone, though its requests do not yet."""
    await journal.finish_resealing("a test", "Ada")


def test_rekeying_does_not_bring_the_values_back(play: Play) -> None:
    """It seals anew only what still is as it was read."""
    new = bytes(range(32, 64))

    async def recorded(journal: Journal) -> None:
        assert await journal.record([Opened((intent(),), (with_options(),))])

    async def exchanged(journal: Journal) -> None:
        assert await journal.record([Adopted("i1", "w1", "w2")])
        assert await body_of(journal) == REST
        assert await journal.record([moved(owner="w2")])
        assert (await journal.reseal()).count == 0
        assert await body_of(journal) == without_values(REST)

    play(recorded)
    play(exchanged, "w2", Keys(new, (KEY,)))  # type: ignore[call-arg]
