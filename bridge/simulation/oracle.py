"""Keeps the truth by intent and compares it with what was sent, moved and told.

It knows what each ERP wants, sees every first byte, every change of Zuora's books and every answer, and reads the
journal as it stands on the disk. What it finds is a violation, named by its invariant. Must not influence anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.core.conduct.send import SAME_KEY_MS
from bridge.core.intent import TRANSITIONS, Dispatch, Intent, State
from bridge.core.model import CallFault, Op, Outcome, Reply, Route, Told
from bridge.sandbox.clock import ZONE
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.payments import cancel_payment
from bridge.sandbox.records import Payment, Refund
from bridge.sandbox.refusal import Refusal
from bridge.simulation.books import cents
from bridge.simulation.erp import Visited
from bridge.simulation.loop import Actor
from bridge.simulation.plan import Act, Kind, Plan, Thing
from bridge.simulation.storage import Storage

SLACK = 2.5
"""Seconds that a first byte may follow the last look at the caller: the fence's two, and a look at the clock."""

CLOCK_MS = 2_000
"""How far the bridge's estimate of Zuora's clock may be off, plus the fence."""

PRESENT = frozenset({State.SENDING, State.IN_DOUBT})
STANDS = "Processed"

Key = tuple[str, str, str | None]


@dataclass(slots=True)
class Want:
    """What one thing of an act is to come to: so many movements of this kind, amount and reference."""

    act: Act
    count: int = 0
    made: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sent:
    """A dispatch that has left, and when it did so first and last, by Zuora's clock and day."""

    first: float
    day: object
    times: int = 1
    last_call: Visited | None = None
    last: float = 0.0


def key_of(thing: Thing) -> Key:
    """What a movement for it looks like in the books."""
    payment = thing.kind in (Kind.INVOICE, Kind.MEMO, Kind.UNAPPLIED)
    return ("Payment" if payment else "Refund"), cents(thing.cents), thing.reference if payment else None


def marked(act: Act, thing: Thing, route: Route | None) -> bool:
    """Whether a look-up can find what became of it: by its reference, or because it names what it changes."""
    if thing.reference is not None and sum(one.reference == thing.reference for one in act.things) > 1:
        # What several objects of one call share tells none of them from the others.
        return False
    if thing.kind is Kind.CANCEL:
        return True
    if thing.kind in (Kind.INVOICE, Kind.MEMO, Kind.UNAPPLIED):
        return thing.reference is not None
    # The bridge gives a refund by REST its intent's id as reference.
    return route is Route.REST


class Oracle:
    """The truth of one world. ``violated`` is called once per finding."""

    def __init__(
        self, plan: Plan, tenant: Tenant, storage: Storage, session: str, now: Callable[[], float],
        violated: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._tenant = tenant
        self._storage = storage
        self._session = session.encode()
        self._now = now
        self._violated = violated
        self._wants: dict[Key, Want] = {}
        for act in plan.acts:
            self.wanted(act)
        self._cancels = {
            tenant.names[thing.about]: act for act in plan.acts for thing in act.things if thing.kind is Kind.CANCEL
        }
        self._canceled: set[str] = set()
        self._elsewhere: dict[str, float] = {}
        self._seen_payments = set(tenant.payments)
        self._seen_refunds = set(tenant.refunds)
        self._sent: dict[str, Sent] = {}
        self._bytes: dict[str, bytes] = {}
        self._routes: dict[str, set[Route]] = defaultdict(set)
        self.act_of_call: dict[str, Act] = {}
        self.made_by: dict[str, str] = {}
        self._denied: dict[str, float] = {}
        self._open: Counter[int] = Counter()
        self.told: Counter[str] = Counter()
        self.last_sent: dict[str, float] = {}

    def wanted(self, act: Act) -> None:
        """An ERP wants this done, or done once more."""
        for thing in act.things:
            if thing.kind is not Kind.CANCEL:
                want = self._wants.setdefault(key_of(thing), Want(act))
                want.count += 1

    # ------------------------------------------------------------ at the first byte

    def first_byte(self, actor: Actor, dispatch: Dispatch, method: str, target: str, body: bytes) -> None:
        """A request that may move money leaves now."""
        self._recorded(dispatch, method, target, body)
        now = self._now()
        for each in dispatch.intent_ids:
            self.last_sent[each] = now
            routes = self._routes[each]
            routes.add(dispatch.route)
            if len(routes) > 1 and dispatch.op is Op.CREATE:
                self._violated(f"I4: {each} is sent by {' and '.join(sorted(route.value for route in routes))}")
        visited = actor.call if isinstance(actor.call, Visited) else None
        creates = dispatch.op is Op.CREATE and "takes" not in (dispatch.snapshot or "")
        if creates and visited is None:
            self._violated(f"I5: {dispatch.id} is sent for nobody")
        elif creates and visited is not None and visited.left_at is not None and now - visited.left_at > SLACK:
            self._violated(f"I5: {dispatch.id} is sent {now - visited.left_at:.1f} s after {visited.name} had left")
        self._again(dispatch, visited, now, creates=creates)

    def _recorded(self, dispatch: Dispatch, method: str, target: str, body: bytes) -> None:
        found = self._storage.queries.dispatches_of(dispatch.intent_ids[0])
        kept = next((each for each in found if each.id == dispatch.id), None)
        if kept is None:
            self._violated(f"I1: {dispatch.id} leaves and is not recorded")
            return
        was = kept.body.replace(b">@session@<", b">" + self._session + b"<", 1)
        if (kept.method, kept.path, was, kept.key, kept.route) != (method, target, body, dispatch.key, dispatch.route):
            self._violated(f"I1: {dispatch.id} leaves with other bytes than were recorded")
        before = self._bytes.setdefault(dispatch.key or dispatch.id, body)
        if before != body:
            self._violated(f"I1: {dispatch.id} is sent again with other bytes")
        if kept.first_sent_at is None and kept.last_sent_at is None:
            self._violated(f"I1: {dispatch.id} leaves and is not recorded as sent")
        intents = self._storage.queries.intents(dispatch.intent_ids, {})
        if len(intents) != len(dispatch.intent_ids):
            self._violated(f"I1: {dispatch.id} leaves for intents that are not recorded")
        if intents and all(not TRANSITIONS[intent.state] for intent in intents):
            # Its gateway options may be erased, so that these are not the bytes that were recorded.
            self._violated(f"I9: {dispatch.id} leaves though all that it carries is settled for good")
        for intent in intents:
            fallback = dispatch.op is not Op.CREATE
            if intent.route is not dispatch.route and not fallback:
                self._violated(f"I4: {dispatch.id} goes by {dispatch.route.value}, {intent.id} is pinned otherwise")

    def _again(self, dispatch: Dispatch, visited: Visited | None, now: float, *, creates: bool) -> None:
        day = self._tenant.clock.now().astimezone(ZONE).date()
        sent = self._sent.get(dispatch.id)
        if sent is None:
            self._sent[dispatch.id] = Sent(now, day, 1, visited, now)
            return
        sent.times += 1
        sent.last = now
        if dispatch.key is None:
            if creates:
                self._violated(f"I5: {dispatch.id} has no key and is sent again")
            return
        if now - sent.first > (SAME_KEY_MS + CLOCK_MS) / 1000:
            self._violated(f"I5: {dispatch.id} is sent again after {now - sent.first:.0f} s")
        if day != sent.day and self._since_midnight() > CLOCK_MS / 1000:
            self._violated(f"I5: {dispatch.id} is sent again on another day")

    def turned_away(self, dispatch: Dispatch) -> None:
        """Zuora has said 401: it has not looked at the request, so its key is as new as before (Zuora: Idempotent
        requests; authentication comes first), and a new token takes the same bytes there, also after midnight."""
        sent = self._sent[dispatch.id]
        sent.times -= 1
        if not sent.times:
            del self._sent[dispatch.id]

    def _since_midnight(self) -> float:
        now = self._tenant.clock.now()
        return now.hour * 3600 + now.minute * 60 + now.second

    # ------------------------------------------------------------ when Zuora has done something

    def done(self, dispatch: Dispatch | None, name: str) -> None:
        """Zuora has answered a request that may move money: what did it change?"""
        for movement in self._new():
            self._moved(movement, dispatch, name)
        if dispatch is not None and dispatch.op is not Op.CREATE:
            for zuora_id in self._cancels:
                if zuora_id not in self._canceled and self._tenant.payments[zuora_id].status != STANDS:
                    self._canceled.add(zuora_id)
                    self.made_by[zuora_id] = dispatch.intent_ids[0]
                    self._against_denials(dispatch.intent_ids[0], name)

    def _new(self) -> Iterator[Payment | Refund]:
        for books, seen in ((self._tenant.payments, self._seen_payments), (self._tenant.refunds, self._seen_refunds)):
            if len(books) > len(seen):
                fresh = []
                for zuora_id in reversed(books):
                    if zuora_id in seen:
                        break
                    fresh.append(zuora_id)
                seen.update(fresh)
                yield from (books[zuora_id] for zuora_id in reversed(fresh))

    def _moved(self, movement: Payment | Refund, dispatch: Dispatch | None, name: str) -> None:
        kind = type(movement).__name__
        key = kind, f"{movement.amount:.2f}", movement.reference_id if kind == "Payment" else None
        want = self._wants.get(key)
        if want is None or dispatch is None:
            self._violated(f"I2: nobody wanted the {kind} of {movement.amount} that {name} made")
            return
        want.made.append(movement.id)
        if len(want.made) > want.count:
            self._violated(f"I2: {name} made {kind} {len(want.made)} of {movement.amount} for {want.act.name}")
            return
        intents = self._storage.queries.intents(dispatch.intent_ids, {})
        taken = set(self.made_by.values())
        mine = [one for one in intents if key_of(want.act.things[one.position]) == key and one.id not in taken]
        if not mine:
            self._violated(f"I2: {name} made a {kind} of {movement.amount} for an intent that has one")
            return
        self.made_by[movement.id] = mine[0].id
        self._against_denials(mine[0].id, name)

    def _against_denials(self, intent_id: str, name: str) -> None:
        denied = self._denied.get(intent_id)
        if denied is None:
            return
        (intent,) = self._storage.queries.intents([intent_id], {})
        act = self.act_of_call[intent.call_id]
        if self.last_sent.get(intent_id, 0.0) <= denied and not self._open[act.number]:
            self._violated(f"I3: {name} was done after the caller of {intent_id} had been told that it was not")

    # ------------------------------------------------------------ when somebody is answered

    def opened(self, visited: Visited, call_id: str) -> None:
        """A call begins."""
        self.act_of_call[call_id] = visited.act
        self._open[visited.act.number] += 1

    def closed(self, visited: Visited) -> None:
        """Nobody waits for it any more."""
        self._open[visited.act.number] -= 1

    def answered(self, visited: Visited, call_id: str, reply: Reply) -> None:
        """The bridge gives its answer; whether it arrives is another matter."""
        if isinstance(reply, CallFault):
            self.told["fault"] += 1
            outcomes: Sequence[Outcome] = (Outcome(Told.REFUSED),) * len(visited.act.things)
        else:
            outcomes = reply.outcomes
        said = [one.zuora_id for one in outcomes if one.told is Told.APPLIED]
        if len(set(said)) < len(said):
            self._violated(f"I3: {visited.name} is told one Id for two objects")
        for place, (thing, outcome) in enumerate(zip(visited.act.things, outcomes, strict=True)):
            self.told[outcome.told.value] += 1
            if outcome.told is Told.APPLIED:
                self._success(visited, thing, outcome)
            elif outcome.told in (Told.REFUSED, Told.UNSENT):
                self._failure(visited, call_id, place, outcome)

    def _success(self, visited: Visited, thing: Thing, outcome: Outcome) -> None:
        zuora_id = outcome.zuora_id or ""
        if zuora_id in visited.not_these:
            self._violated(f"I3: {visited.name} wants a second one and is told the first, {zuora_id}")
        if thing.kind is Kind.CANCEL:
            if self._tenant.payments[self._tenant.names[thing.about]].status == STANDS:
                self._violated(f"I3: {visited.name} is told that it is canceled, and it is not")
            return
        want = self._wants[key_of(thing)]
        if zuora_id not in want.made:
            self._violated(
                f"I3: {visited.name} is told {zuora_id}, which is not its {thing.kind.name} of {thing.cents}"
            )
            return
        if (
            outcome.joined
            and self._elsewhere.get(zuora_id, visited.began) < visited.began
            and self._settled(outcome, visited)
        ):
            self._violated(f"I6: {visited.name} joins {zuora_id}, which does not stand")

    def _settled(self, outcome: Outcome, visited: Visited) -> bool:
        """Whether it was settled before the call began; what is not is waited for, and told as it is found."""
        found = self._storage.queries.intents([outcome.intent_id or ""], {})
        began = (self._tenant.clock.now().timestamp() - (self._now() - visited.began)) * 1000 - CLOCK_MS
        return any(each.settled_at is not None and each.settled_at < began for each in found)

    def _failure(self, visited: Visited, call_id: str, place: int, outcome: Outcome) -> None:
        if any(error.message.startswith("Equal to ") for error in outcome.errors):
            self.told["twin"] += 1
            return
        rows = self._storage.database.rows(
            "SELECT id FROM intent WHERE call_id = :call AND position = :place", {"call": call_id, "place": place}
        )
        about = {row[0] for row in rows} | ({outcome.intent_id} if outcome.intent_id is not None else set())
        made = set(self.made_by.values())
        for intent_id in sorted(about):
            if intent_id in made:
                self._violated(f"I3: {visited.name} is told that {intent_id} was not done, and it was")
            self._denied[intent_id] = self._now()

    # ------------------------------------------------------------ what happens beside the bridge

    def canceled_elsewhere(self, lot: float) -> str | None:
        """Somebody cancels a payment that one of the acts has made; a repeat of it is then a new one."""
        standing = [
            (want, zuora_id)
            for want in self._wants.values()
            for zuora_id in want.made
            if zuora_id in self._tenant.payments and self._tenant.payments[zuora_id].status == STANDS
        ]
        if not standing:
            return None
        want, zuora_id = standing[int(lot * len(standing))]
        with suppress(Refusal):
            cancel_payment(self._tenant, self._tenant.payments[zuora_id], self._tenant.names["user"])
            want.count += 1
            self._elsewhere[zuora_id] = self._now()
            return zuora_id
        return None

    # ------------------------------------------------------------ at the end

    def intents(self) -> tuple[Intent, ...]:
        """Every intent of the journal, oldest first."""
        rows = self._storage.database.rows("SELECT id FROM intent ORDER BY created_at, id", {})
        return self._storage.queries.intents([row[0] for row in rows], {})

    def marked(self, intent: Intent) -> bool:
        """Whether a look-up can find what became of an intent."""
        act = self.act_of_call[intent.call_id]
        return marked(act, act.things[intent.position], intent.route)

    def ambiguous(self, intent: Intent) -> bool:
        """Whether its marker is also another object's, so that no look-up will ever tell."""
        act = self.act_of_call[intent.call_id]
        return act.things[intent.position].reference is not None and not self.marked(intent)

    def _equals(self, one: str | None, other: str | None) -> bool:
        """Whether these are one intent, or two that nobody can tell apart, so that one may have the other's object."""
        prints = {each.id: each.fingerprint for each in self.intents()}
        return one is not None and other is not None and prints.get(one) == prints.get(other)

    def at_the_end(self) -> Mapping[str, int]:
        """Nothing is under way any more: the journal must be right about the books. What is parked, by kind."""
        parked: Counter[str] = Counter()
        maker = {intent_id: zuora_id for zuora_id, intent_id in self.made_by.items()}
        settler = {each.zuora_id: each.id for each in self.intents() if each.state is State.APPLIED}
        settled: set[str | None] = set()
        for intent in self.intents():
            made = maker.get(intent.id)
            if intent.state is State.APPLIED and intent.op is Op.CREATE:
                if intent.zuora_id in settled:
                    self._violated(f"I3: {intent.zuora_id} settles {intent.id} and another")
                settled.add(intent.zuora_id)
            if self.ambiguous(intent):
                # Equal in everything, so that the object of the one may as well be the other's.
                continue
            if (
                intent.state is State.APPLIED
                and intent.op is Op.CREATE
                and not self._equals(self.made_by.get(intent.zuora_id or ""), intent.id)
            ):
                self._violated(f"I3: {intent.id} is settled by {intent.zuora_id}, and made {made}")
            elif intent.state in (State.REFUSED, State.NOT_APPLIED) and made is not None:
                if self._equals(settler.get(made), intent.id):
                    continue
                self._violated(f"I3: {intent.id} is settled as {intent.state.value}, and made {made}")
            elif intent.state is State.PARKED:
                keyed = intent.route is not Route.SOAP
                parked["keyed" if keyed else "neither"] += 1
                if self.marked(intent):
                    self._violated(f"I13: {intent.id} is parked, and could be found")
        for problem in self._tenant.audit():
            self._violated(f"the sandbox's books: {problem}")
        return parked
