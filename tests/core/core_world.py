"""A small world for ``conduct``: callers with patience, processes that die, a journal, a Zuora, one clock.

Nobody sleeps and nothing is random: what runs next is chosen by the test, time moves when nothing else can. The world
watches the invariants while it turns: I1 and the key's bytes at every send, I2 at every new object, I3 at every answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from core_joined import may_be_joined, same
from core_journal import Ledger
from core_objects import ERP, FACTS, TENANT, call, soap
from core_zuora import US, Made, Zuora

from bridge.core import answers
from bridge.core import commands as c
from bridge.core.adapt import adapt
from bridge.core.classify import Prefer
from bridge.core.conduct import Errand, conduct
from bridge.core.conduct.recovery import recover
from bridge.core.conduct.send import SAME_KEY_MS
from bridge.core.facts import (
    Absent,
    Fact,
    NoVerdict,
    Question,
    Showing,
    Shows,
    Standing,
    StillStands,
    WhichLike,
    WhichMade,
    WhichParts,
    WhichSource,
)
from bridge.core.identity import acts
from bridge.core.intent import TRANSITIONS, Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Call, Caller, CallFault, Op, Outcome, Reply, Route, Rows, Tenant, Told, ZObject

MORNING = 1_771_610_400_000
"""2026-02-20T10:00:00-08:00, the fixture's day in Los Angeles."""

FENCE_MS = 2_000
"""How long a sender may take from its commit to the first byte."""

DRIVEN = frozenset({State.RECEIVED, State.PLANNED, State.SENDING, State.NOT_SENT})

Ready = tuple["Play", "Strand"]
Pick = Callable[[Sequence[Ready]], Ready]


class Crashed(Exception):
    """The process dies at this very place."""


@dataclass(eq=False)
class Strand:
    """One generator on its way: the call itself or one of its lanes."""

    steps: c.Steps[Any]
    resume: Callable[[], tuple[Any] | None] = lambda: (None,)
    until: int | None = None
    over: bool = False
    result: Any = None
    lanes: list[Strand] = field(default_factory=list)
    limit: int = 0

    def running(self) -> list[Strand]:
        """Itself, or the lanes it waits for."""
        lanes = [lane for lane in self.lanes if not lane.over][: self.limit]
        return [each for lane in lanes for each in lane.running()] if lanes else [self]


class Play:
    """One call being conducted by one process for a caller who waits ``patience`` seconds."""

    def __init__(
        self, world: World, process: str, asked: Call, caller: Caller, patience: float, *, hears: bool
    ) -> None:
        self.errand = Errand(asked, caller, world.tenant, f"c{next(world.numbers)}", process, world.prefer)
        self.process = process
        self.asked = acts(adapt(asked, world.tenant), caller, world.tenant)
        self.prints = [act.fingerprint for act in self.asked]
        self.reply: Reply | None = None
        self.hears = hears
        self.gone = False
        self.ends_at = world.now + int(patience * 1000)
        # What may be told before the end, what must not be called unsent, whom it drives and whom it has met.
        self.known: dict[int, Outcome] = {}
        self.committed: set[int] = set()
        self.driving: set[str] = set()
        self.met: set[str] = set()
        self.commands: list[c.Command] = []
        self.crash: tuple[int, str] | None = None
        self.whole = Strand(conduct(self.errand))
        self.for_nobody = False
        self._world = world

    @property
    def waiting(self) -> bool:
        """Whether somebody is there to be answered."""
        return self.reply is None and not self.gone and self._world.now < self.ends_at

    def outcomes(self) -> tuple[Outcome, ...]:
        """What each object was told; a fault tells all of them that nothing was done."""
        assert self.reply is not None
        if isinstance(self.reply, CallFault):
            return (Outcome(Told.REFUSED),) * len(self.prints)
        return self.reply.outcomes

    def step(self, strand: Strand) -> None:
        """Let one generator run to its next command, and do it."""
        resumed = strand.resume()
        assert resumed is not None
        try:
            command = strand.steps.send(resumed[0])
        except StopIteration as done:
            strand.over, strand.result = True, done.value
            return
        self.commands.append(command)
        place = len(self.commands)
        if self.crash == (place, "before"):
            raise Crashed
        event = self._world.execute(self, strand, command)
        if event is not None:
            strand.resume, strand.until = (lambda: event), None
        if self.crash == (place, "after"):
            raise Crashed


class World:
    """Everything there is. ``mood`` says how Zuora takes the next request."""

    def __init__(
        self,
        *moods: str,
        facts: Mapping[Question, Fact] = FACTS,
        tenant: Tenant = TENANT,
        prefer: Prefer = soap,
    ) -> None:
        self.tenant = tenant
        self.prefer = prefer
        self.now = MORNING
        self.send_ms = 50
        self.numbers = count(1)
        self.journal = Ledger()
        self.zuora = Zuora(self._created)
        self.facts = dict(facts)
        self.alive: set[str] = set()
        self.plays: list[Play] = []
        self.acts: Counter[str] = Counter()
        self.denied: set[str] = set()
        self.journal_state: Callable[[], str] = lambda: "up"
        self.dark: Callable[[], bool] = lambda: False
        self._moods = list(moods)

    def mood(self) -> str:
        """The next mood that was ordered; ``ok`` when there is none left."""
        return self._moods.pop(0) if self._moods else "ok"

    def order(self, *moods: str) -> None:
        """From now on Zuora is in these moods, one request each."""
        self._moods = list(moods)

    # ------------------------------------------------------------ what a test does

    def call(self, *objects: ZObject, process: str = "first", **more: Any) -> Reply:
        """A caller calls and is answered."""
        play = self.begin(call(*objects), process, **more)
        self.run()
        assert play.reply is not None
        return play.reply

    def begin(
        self,
        asked: Call,
        process: str = "first",
        *,
        caller: Caller = ERP,
        patience: float = 50.0,
        hears: bool = True,
    ) -> Play:
        """A call comes in; nothing is done for it yet."""
        self.alive.add(process)
        play = Play(self, process, asked, caller, patience, hears=hears)
        # All calls of one world are repeats of the same acts, so the largest call says how many of each there are.
        self.acts |= Counter(play.prints)
        self.plays.append(play)
        return play

    def recover(self, intent_id: str, process: str = "recoverer") -> Intent | None:
        """The recoverer takes an intent, for nobody, and brings it as far as it can."""
        self.alive.add(process)
        intent = self.intent(intent_id)
        play = Play(self, process, call(ZObject(intent.object_type), op=intent.op), ERP, 3600, hears=False)
        play.whole, play.for_nobody = Strand(recover(play.errand, intent)), True
        self.plays.append(play)
        self.run()
        found: Intent | None = play.whole.result
        return found

    def run(self, pick: Pick = lambda ready: ready[0]) -> None:
        """Turn until every call has been conducted to its end."""
        while self.turn(pick):
            pass

    def turn(self, pick: Pick = lambda ready: ready[0]) -> bool:
        """One command of one call, or some sleep; False when there is nothing left to do."""
        running = [(play, strand) for play in self.plays for strand in play.whole.running()]
        ready = [each for each in running if each[1].resume() is not None]
        if not running:
            return False
        if not ready:
            self._sleep([strand.until for _, strand in running if strand.until is not None])
            return True
        play, strand = pick(ready)
        try:
            play.step(strand)
        except Crashed:
            self.crash(play.process)
            return True
        self.pass_time(1)
        if play.whole.over:
            self.plays.remove(play)
            if not play.for_nobody:
                self._answer(play, play.whole.result)
        return True

    def crash(self, process: str) -> None:
        """The process is gone, with everything it had not recorded."""
        self.alive.discard(process)
        self.plays = [play for play in self.plays if play.process != process]

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass: slow requests end, callers lose patience."""
        self.now += milliseconds
        self.zuora.arrive(self.now)
        for play in self.plays:
            if play.reply is None and self.now >= play.ends_at and not play.for_nobody:
                asked = play.errand
                self._answer(play, answers.partial(asked.call, asked.caller, play.known, frozenset(play.committed)))

    def state(self, intent_id: str | None) -> State:
        """Where an intent stands."""
        return self.intent(intent_id).state

    def intent(self, intent_id: str | None) -> Intent:
        """An intent as the journal has it."""
        assert intent_id is not None
        return self.journal.intents[intent_id]

    # ------------------------------------------------------------ commands

    def execute(self, play: Play, strand: Strand, command: c.Command) -> tuple[Any] | None:
        """Do it and return its event in a tuple, or arrange when the strand goes on."""
        match command:
            case c.Ask():
                return (c.Presence(play.waiting, max(0.0, (play.ends_at - self.now) / 1000), self.now, US),)
            case c.Match(scope, prints, since, keys, nears):
                down = self.journal_state() == "down"
                return (None if down else self.journal.match(scope, prints, since, keys, nears),)
            case c.Lookup(questions):
                return ({each: self._fact(each) for each in questions},)
            case c.Compose(op, objects, single, _):
                texts = [json.dumps([dict(each.fields), len(each.children)]) for each in objects]
                return (c.Composed("/apps/services/a/107.0", (), f"{op.value} {single} {texts}".encode()),)
            case c.Record(changes):
                return (self._record(play, changes),)
            case c.Send(dispatch, waited):
                return (c.NotSent("gone") if waited and not play.waiting else self._send(dispatch),)
            case c.LoadDispatches(intent_id):
                return (self.journal.dispatches_of(intent_id),)
            case c.Hold(scope, key, intent_id, whole):
                if self.journal_state() == "down":
                    return (c.Recorded.DOWN,)
                held = self.journal.hold(scope, key, intent_id, whole=whole)
                return (c.Recorded.DONE if held else c.Recorded.CONFLICT,)
            case c.Rivals(scope, object_type, ids):
                return (None if self.journal_state() == "down" else self.journal.rivals(scope, object_type, ids),)
            case c.Tell(position, outcome):
                play.known[position] = outcome
                return (None,)
            case c.Commit(positions):
                play.committed.update(positions)
                return (None,)
            case c.Wait(seconds):
                until = strand.until = self.now + int(seconds * 1000)
                strand.resume = lambda: (None,) if self.now >= until or not play.waiting else None
            case c.Watch(ids):
                play.met.update(ids)
                strand.resume = lambda: self._watched(play, ids)
            case c.Fork(lanes, limit):
                strand.lanes = [Strand(lane) for lane in lanes]
                strand.limit = limit
                strand.resume = lambda: ([lane.result for lane in strand.lanes],)
        return None

    def _record(self, play: Play, changes: Sequence[c.Change]) -> c.Recorded:
        opened = {intent.id for each in changes if isinstance(each, c.Opened) for intent in each.intents}
        play.driving |= opened
        state = self.journal_state()
        done = state != "down" and self.journal.record(changes)
        if state != "up":
            return c.Recorded.DOWN
        play.met |= opened & self.journal.intents.keys()
        if done:
            play.driving |= {each.intent_id for each in changes if isinstance(each, c.Adopted)}
        return c.Recorded.DONE if done else c.Recorded.CONFLICT

    def _watched(self, play: Play, ids: tuple[str, ...]) -> tuple[c.Watched] | None:
        intents = tuple(self.journal.intents[each] for each in ids)
        if play.waiting and any(self._driven(play, each) for each in intents if not each.state.settled):
            return None
        return (c.Watched(intents, play.waiting),)

    def _driven(self, watcher: Play, intent: Intent) -> bool:
        mine = any(
            intent.id in play.driving for play in self.plays if play is not watcher and play.process == watcher.process
        )
        owner = intent.owner.partition("/")[0]
        others = owner != watcher.process and owner in self.alive and intent.state in DRIVEN
        return mine or others

    def _fact(self, question: Question) -> Fact:
        if self.dark():
            return NoVerdict("the look-up was not answered")
        if isinstance(question, WhichSource) and question.key in self.zuora.unapplied:
            return self.zuora.shown_source(question.key)
        if isinstance(question, StillStands) and question not in self.facts:
            stands = any(each.id == question.zuora_id for each in self.zuora.made)
            return Standing(stands, "Processed" if stands else "deleted")
        if isinstance(question, WhichMade) and question not in self.facts:
            return self.zuora.found(question.marker)
        if isinstance(question, WhichLike) and question not in self.facts:
            return self.zuora.alike(question)
        if isinstance(question, WhichParts) and question not in self.facts:
            return self.zuora.shown_parts(question.payment_id)
        if isinstance(question, Shows) and question not in self.facts:
            status = self.zuora.status.get(question.zuora_id, "Processed")
            shown = Showing(dict(question.expected).get("status", status) == status, status)
            return Absent() if status == "deleted" else shown
        return self.facts.get(question, Absent())

    def _send(self, dispatch: Dispatch) -> c.SendEvent:
        recorded = self.journal.dispatches.get(dispatch.id)
        assert recorded is not None, "I1: sent before it was recorded"
        assert (recorded.body, recorded.key, recorded.path) == (dispatch.body, dispatch.key, dispatch.path)
        assert dispatch.first_sent_at is not None
        states = [self.journal.intents[each].state for each in dispatch.intent_ids]
        assert any(TRANSITIONS[state] for state in states), "I9: sent though all that it carries is settled for good"
        before = [mood for sent, mood in self.zuora.requests if sent.id == dispatch.id]
        if not before:
            self._first_send(dispatch)
        elif dispatch.key is not None:
            sent_at = self.now - FENCE_MS
            first, zone = dispatch.first_sent_at, self.tenant.zone
            assert sent_at - first <= SAME_KEY_MS, "I5: a key is repeated that Zuora may have forgotten"
            assert zone_day(sent_at, zone) <= zone_day(first, zone), "I5: a key is repeated on another day"
        elif dispatch.route is Route.SOAP:
            assert set(before) == {"unsent"}, "I5: SOAP is sent again"
        self.pass_time(self.send_ms)
        return self.zuora.receive(dispatch, self.mood(), self.now)

    # ------------------------------------------------------------ what the world watches

    def _first_send(self, dispatch: Dispatch) -> None:
        begun = [each for each in self.journal.intents.values() if each.state in (State.SENDING, State.IN_DOUBT)]
        ids = {each.id for each in begun}
        assert ids.issuperset(dispatch.intent_ids), "I1: sent for an intent that is not being sent"
        for each in map(self.intent, dispatch.intent_ids):
            alike = [other for other in begun if other.fingerprint == each.fingerprint]
            assert len(alike) <= self.acts[each.fingerprint], "I6: sent beside an unsettled duplicate"
            # Equal ones have been counted above.
            unequal = [other for other in begun if other.fingerprint != each.fingerprint]
            strange = [other for other in unequal if other.call_id != each.call_id and other.near == each.near]
            own = {act.fingerprint for play in self.plays if play.errand.call_id == each.call_id for act in play.asked}
            beside = [other for other in strange if other.near is not None and other.fingerprint not in own]
            assert not beside, "sent beside an unsettled near twin"

    def _created(self, made: Made) -> None:
        each = self.intent(made.intent_id)
        alike = [other for other in self.zuora.made if self.intent(other.intent_id).fingerprint == each.fingerprint]
        assert len(self.zuora.of(made.intent_id)) == 1, "I2: two objects for one intent"
        assert len(alike) <= self.acts[each.fingerprint], "I2: more objects than acts"
        waited_for = any(play.reply is None and each.fingerprint in play.prints for play in self.plays)
        assert made.intent_id not in self.denied or waited_for, "I3: an object after its caller was told that none is"

    def _answer(self, play: Play, reply: Reply) -> None:
        if play.reply is not None:
            return
        play.reply = reply
        told: Counter[str] = Counter()
        for print_, outcome in zip(play.prints, play.outcomes(), strict=True):
            told[print_] += outcome.told in (Told.APPLIED, Told.UNKNOWN)
        # What it has only waited for as a near twin is another act, as is another content under its key.
        found = [self.intent(each) for each in play.met if self.zuora.of(each)]
        met = Counter(each.fingerprint for each in found if any(same(act, each) for act in play.asked))
        assert met <= told, "I3: an object that the call has met and does not tell of"
        for position, outcome in enumerate(play.outcomes()):
            own = {
                each.id
                for each in self.journal.intents.values()
                if (each.call_id, each.position) == (play.errand.call_id, position)
            }
            about = own | ({outcome.intent_id} if outcome.intent_id is not None else set())
            made = [each for each in self.zuora.made if each.intent_id in about]
            assert not outcome.joined or may_be_joined(play, outcome), "I6: joined without waiting or reading"
            if play.errand.call.op is not Op.CREATE:
                if outcome.told in (Told.REFUSED, Told.UNSENT):
                    done = [what for intent_id, what in self.zuora.effects if intent_id in about]
                    assert not done, "I3: a change whose caller is told that there is none"
                continue
            if outcome.told is Told.APPLIED and outcome.intent_id is None:
                assert self.journal.look_up_first, "I3: success without an intent"
                assert outcome.zuora_id not in {each.id for each in self.zuora.made}, "I3: it was not lost"
            elif outcome.told is Told.APPLIED:
                assert [each.id for each in made] == [outcome.zuora_id], "I3: success without its object"
            elif outcome.told is not Told.UNKNOWN:
                assert not made, "I3: an object whose caller is told that there is none"
                self.denied |= about
        if play.hears and not play.gone and isinstance(reply, Rows):
            applied = [each.intent_id for each in reply.outcomes if each.told is Told.APPLIED]
            self.journal.deliver([each for each in applied if each is not None], self.now)

    def _sleep(self, until: Sequence[int]) -> None:
        ends = [play.ends_at for play in self.plays if play.reply is None]
        moments = [*until, *ends, *(each.ends_at for each in self.zuora.late)]
        later = [each for each in moments if each > self.now]
        assert later, "nothing will ever happen again"
        self.pass_time(min(later) - self.now)
