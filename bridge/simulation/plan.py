"""What a seed does to a world: the acts of its ERPs and everything that is to go wrong at a known time.

A plan is made whole before anything runs. ``without`` names what is taken out of it again (acts, events, and single
fates that chance gives while it runs), so that a failing plan can be made smaller. Must not run anything.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from bridge.core.model import Op, Route
from bridge.simulation.chance import Chance

EPOCHS = (0.0, 900.0, 4 * 3600.0, 21 * 3600.0, 26 * 3600.0)
"""When there is a rush: at once, after a quarter of an hour, within the key's day, on another day."""

RUSH = 120.0
"""Seconds in which the acts of an epoch begin."""

STARTS = (0.0, 0.0, 0.0, 13.985 * 3600, -9.95 * 3600)
"""Seconds from ten in the morning by Zuora: in daytime, just before midnight, just after it."""

ACCOUNTS = ("A", "B", "C")


class Kind(enum.Enum):
    """What an ERP wants."""

    INVOICE = "pays an invoice"
    MEMO = "pays a debit memo"
    UNAPPLIED = "pays nothing in particular"
    BATCH = "pays this and that"
    EQUALS = "pays the same several times"
    AGAIN = "pays what it has paid before"
    REFUND = "refunds a payment"
    REFUND_MEMO_PAYMENT = "refunds a payment of a debit memo"
    REFUND_CREDIT = "refunds a credit memo"
    CANCEL = "cancels what it paid"


KINDS = (
    *(Kind.INVOICE,) * 5,
    *(Kind.MEMO,) * 5,
    Kind.UNAPPLIED,
    *(Kind.BATCH,) * 4,
    *(Kind.EQUALS,) * 3,
    *(Kind.AGAIN,) * 2,
    *(Kind.REFUND,) * 3,
    *(Kind.REFUND_MEMO_PAYMENT,) * 2,
    *(Kind.REFUND_CREDIT,) * 2,
    *(Kind.CANCEL,) * 2,
)


class Mail(enum.Enum):
    """The message ids that an ERP's calls come with."""

    NONE = "none"
    KEPT = "one for an act, as its configuration promises"
    SAME = "one for an act, and no promise"
    CHANGING = "another for each call"


MAILS = (Mail.NONE, Mail.NONE, Mail.KEPT, Mail.SAME, Mail.CHANGING)

REFUNDS = (Kind.REFUND, Kind.REFUND_MEMO_PAYMENT, Kind.REFUND_CREDIT)


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: what it is about (a name in the books), how much, and the caller's own reference."""

    kind: Kind
    about: str
    cents: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One time that an ERP says it: when, how patiently, to which replica, and what becomes of the connection."""

    epoch: int
    pause: float
    patience: float
    slot: int
    hears: bool = True
    leaves: float | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What one ERP wants done once, however often it says so. ``stubborn`` ones say it again after a success.

    With ``again`` it is wanted a second time, as another act with the same words, in the last epoch.
    """

    number: int
    kind: Kind
    op: Op
    things: tuple[Thing, ...]
    tries: tuple[Try, ...]
    stubborn: bool = False
    version: str = "107.0"
    again: Try | None = None
    mail: Mail = Mail.NONE

    @property
    def name(self) -> str:
        """For traces and for taking it out of the plan."""
        return f"a{self.number}"


class What(enum.Enum):
    """What can happen to the bridge and its surroundings."""

    CRASH = "crash"
    SLEEP = "sleep"
    JUMP = "clock jump"
    FOREIGN = "somebody cancels a payment"
    ROUTE = "route"
    STORM = "storm"
    DOWN = "database down"
    UNDONE = "database undoes commits"
    UNCERTAIN = "database loses commits' answers"
    SLOW = "database slow"


@dataclass(frozen=True, slots=True)
class Event:
    """Something at a time. ``size`` is in seconds, for a route and a storm a lot; ``slot`` is a replica."""

    number: int
    at: float
    what: What
    seconds: float = 0.0
    slot: int = 0
    route: Route | None = None
    rule: str = ""

    @property
    def name(self) -> str:
        """For traces and for taking it out of the plan."""
        return f"e{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One world, from beginning to end."""

    seed: int
    start: float
    epochs: int
    calm: float
    lag: int
    write_off: bool
    crashes: float
    naps: float
    acts: tuple[Act, ...]
    events: tuple[Event, ...]
    without: frozenset[str] = field(default_factory=frozenset)

    def smaller(self, names: frozenset[str]) -> Plan:
        """The same without these as well."""
        acts = tuple(act for act in self.acts if act.name not in names)
        events = tuple(event for event in self.events if event.name not in names)
        return replace(self, acts=acts, events=events, without=self.without | names)


def make(seed: int, acts: int) -> Plan:
    """The plan of a seed with so many acts."""
    chance = Chance(seed)
    epochs = chance.number(1, 4, "epochs")
    return Plan(
        seed=seed,
        start=chance.among(STARTS, "start"),
        epochs=epochs,
        calm=chance.between(0.45, 0.97, "calm"),
        lag=chance.among((0, 0, 30, 59), "lag"),
        write_off=chance.happens(0.6, "write off"),
        crashes=chance.among((0.0, 0.05, 0.2), "crashes"),
        naps=chance.among((0.0, 0.03, 0.1), "naps") if _rumours(chance) else 0.0,
        acts=tuple(_acts(chance, acts, epochs)),
        events=tuple(_events(chance, epochs)),
    )


def _acts(chance: Chance, acts: int, epochs: int) -> Iterator[Act]:
    cents = count(101)
    for number in range(acts):
        kind = chance.among(KINDS, number, "kind")
        op = Op.UPDATE if kind is Kind.CANCEL else Op.CREATE
        again = None
        if kind is Kind.AGAIN and epochs > 1:
            pause = chance.between(0, RUSH, number, "again at")
            again = Try(epochs - 1, pause, 50.0, chance.number(0, 1, number, "again slot"))
        yield Act(
            number,
            kind,
            op,
            tuple(_things(chance, number, kind, cents)),
            tuple(_tries(chance, number, kind, epochs)),
            stubborn=chance.happens(0.2, number, "stubborn"),
            version=chance.among(("107.0", "107.0", "107.0", "55.0"), number, "version"),
            again=again,
            mail=chance.among(MAILS, number, "mail"),
        )


def _things(chance: Chance, number: int, kind: Kind, cents: Iterator[int]) -> Iterator[Thing]:
    account = chance.among(ACCOUNTS, number, "account")
    if kind in REFUNDS and chance.happens(0.6, number, "the same account"):
        account = ACCOUNTS[0]
    marked = chance.happens(0.6, number, "marked")

    def thing(kind: Kind, place: int, amount: int, *, reference: bool = marked) -> Thing:
        payment = kind in (Kind.INVOICE, Kind.MEMO, Kind.UNAPPLIED, Kind.CANCEL)
        marker = f"ERP-{number}-{place}" if reference and payment else None
        which = number if kind is Kind.CANCEL else chance.number(1, 2, number, place, "which")
        return Thing(kind, f"{account}.{kind.name}.{which}", amount, marker)

    if kind is Kind.BATCH:
        among = (Kind.INVOICE, Kind.MEMO, Kind.UNAPPLIED)
        for place in range(chance.number(2, 5, number, "size")):
            one = chance.among(among, number, place, "kind")
            yield thing(one, place, next(cents), reference=chance.happens(0.7, number, place, "marked"))
    elif kind is Kind.EQUALS:
        one, amount = chance.among((Kind.INVOICE, Kind.MEMO), number, "of"), next(cents)
        first = thing(one, 0, amount)
        # With different references they are genuine twins, with one or none they are told apart by their number alone.
        alike = chance.happens(0.7, number, "alike")
        for place in range(chance.number(2, 3, number, "size")):
            yield Thing(one, first.about, amount, f"ERP-{number}-{0 if alike else place}" if marked else None)
    elif kind is Kind.AGAIN:
        one = chance.among((Kind.INVOICE, Kind.MEMO), number, "of")
        yield thing(one, 0, next(cents), reference=False)
    else:
        yield thing(kind, 0, next(cents))


def _tries(chance: Chance, number: int, kind: Kind, epochs: int) -> Iterator[Try]:
    epoch = chance.number(0, epochs - 1, number, "epoch")
    pause = chance.between(0, RUSH, number, "at")
    if kind in REFUNDS:
        # Those who refund the same payment meet.
        pause = RUSH / 3 * chance.number(0, 2, number, "meets") + chance.between(0.0, 1.0, number, "meets at")
    patience = chance.among((2.0, 10.0, 50.0, 50.0), number, "patience")
    for place in range(chance.number(2, 6, number, "tries")):
        what = (number, place)
        beside = place > 0 and chance.happens(0.15, *what, "beside")
        yield Try(
            epoch,
            pause,
            patience,
            slot=chance.number(0, 1, *what, "slot"),
            hears=not chance.happens(0.2, *what, "deaf"),
            leaves=chance.between(0.0, 12.0, *what, "when") if chance.happens(0.1, *what, "leaves") else None,
            beside=beside,
        )
        pause = chance.between(0.0, 1.5, *what, "soon") if chance.happens(0.4, *what, "hurry") else chance.between(
            1.0, 60.0, *what, "later"
        )  # fmt: skip
        if epoch + 1 < epochs and chance.happens(0.3, *what, "another epoch"):
            epoch = chance.number(epoch + 1, epochs - 1, *what, "which epoch")


RULES = ("Payment.create", "Refund.create", "Payment.update")
ROUTES = (Route.SOAP, Route.REST, Route.ACTION)


def _rumours(chance: Chance) -> bool:
    return chance.happens(0.5, "rumours")


def _events(chance: Chance, epochs: int) -> Iterator[Event]:
    # A commit that happened though it was reported as lost, and a process that only looks dead, are one fault each;
    # both at once would need a journal that is none.
    kinds = [What.CRASH, What.ROUTE, What.STORM, What.DOWN, What.UNDONE, What.SLOW, What.FOREIGN]
    kinds += [What.SLEEP, What.JUMP] if _rumours(chance) else [What.UNCERTAIN]
    weights = [kind for kind in kinds if chance.happens(0.6, kind.name)]
    midnight = 14 * 3600 - chance.among(STARTS, "start")
    if 0 < midnight < RUSH:
        # So that something is in doubt when the day ends.
        yield Event(9, midnight - 12.0, What.STORM, 20.0)
    for rule, number in zip(RULES, count(), strict=False):
        yield Event(number, 0.0, What.ROUTE, route=chance.among(ROUTES, "route", rule), rule=rule)
    for number in range(10, 10 + (chance.number(2, 5 * epochs, "events") if weights else 0)):
        what = chance.among(weights, "event", number)
        begin = EPOCHS[chance.number(0, epochs - 1, "event epoch", number)]
        at = begin + chance.between(0.0, RUSH * 1.5, "event at", number)
        seconds = {
            What.CRASH: chance.among((0.2, 3.0, 30.0, 400.0), "down for", number),
            What.SLEEP: chance.among((1.0, 2.5, 7.0, 12.0, 300.0), "sleeps for", number),
            What.JUMP: chance.among((-86400.0, -3600.0, -30.0, 30.0, 3600.0, 86400.0), "jumps by", number),
            What.STORM: chance.between(1.0, 60.0, "storms for", number),
            What.SLOW: chance.between(1.0, 40.0, "slow for", number),
        }.get(what, chance.between(0.5, 20.0, "lasts", number))
        yield Event(
            number,
            at,
            what,
            seconds,
            chance.number(0, 1, "event slot", number),
            route=chance.among(ROUTES, "event route", number) if what is What.ROUTE else None,
            rule=chance.among(RULES, "event rule", number) if what is What.ROUTE else "",
        )
