"""The rules that say which route carries what more than one can carry, and the one place that applies them.

Rules are ordered: the first that matches answers. What no rule matches goes by the default: ``soap``, for JSON callers
``action``. Rules are data, checked as a whole before they count. Must not read a clock, keep anything or know a wire.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bridge.core.model import Instant, Route
from bridge.cutover.buckets import place

OPERATIONS = ("create", "update", "delete", "query")
OBJECTS = ("Payment", "Refund", "InvoicePayment", "RefundInvoicePayment")


class Way(enum.Enum):
    """What a rule answers."""

    SOAP = "soap"
    ACTION = "action"
    REST = "rest"
    SHADOW = "shadow"


ROUTES = {Way.SOAP: Route.SOAP, Way.ACTION: Route.ACTION, Way.REST: Route.REST}
"""A shadow is no route of its own: the default one answers, and what REST would have done is compared afterwards."""


STEPS = tuple(Decimal(each) for each in (1, 5, 20, 50, 100))
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Ramp:
    """How a rule's percentage goes up by itself, and what makes it go back.

    ``error_rate`` is by how much the share of failed calls may exceed that of the other route, ``mismatch_rate`` the
    share of comparisons that may differ (None: none are asked for), ``slower`` how many times the other route's p95 may
    be (None: any). ``samples`` are calls of each route (and comparisons) before anything is concluded, ``soak_ms`` how
    long a step lasts at least, ``parity_max_age_ms`` how old a comparison may be. With ``approval`` a person takes each
    step. A ``halted`` ramp never goes on by itself; at 0 % it was rolled back.
    """

    steps: tuple[Decimal, ...] = STEPS
    error_rate: Decimal = Decimal("0.02")
    mismatch_rate: Decimal | None = None
    slower: Decimal | None = None
    samples: int = 200
    soak_ms: int = 30 * MINUTE_MS
    approval: bool = False
    parity_max_age_ms: int = 7 * 24 * 60 * MINUTE_MS
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. An empty condition matches everything; all that are given must match.

    ``accounts`` are Ids; ``account_percent`` matches the accounts whose place is below it, and leaves the others to
    the rules that follow. ``since`` is the moment from which the rule counts, by Zuora's clock. With ``percent`` the
    rule answers ``way`` for the accounts below it and ``otherwise`` for all others; a ``ramp`` moves ``percent``.
    """

    name: str
    way: Way
    callers: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    account_percent: Decimal | None = None
    since: Instant | None = None
    percent: Decimal | None = None
    otherwise: Way = Way.SOAP
    ramp: Ramp | None = None

    @property
    def asks_account(self) -> bool:
        """Whether it cannot be applied without the object's account."""
        return bool(self.accounts) or self.account_percent is not None or self.percent is not None

    @property
    def parts_accounts(self) -> bool:
        """Whether it answers for some accounts and not, or otherwise, for others: 0 and 100 % are the same for all."""
        return bool(self.accounts) or any(
            each is not None and 0 < each < 100 for each in (self.account_percent, self.percent)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is wanted for. ``account`` is None where the object does not tell it and nobody has looked."""

    tenant: str
    caller: str
    operation: str
    object_type: str
    account: str | None
    now: Instant
    own: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The route, and everything that led to it.

    ``passed`` are the rules before the one that answered, each with the first condition that failed. ``rule`` is None
    where none matched. ``place`` is the account's place, if a percentage asked for it. ``shadowed``: the default route
    answers, and REST is compared with it off the caller's path.
    """

    route: Route
    rule: Rule | None
    passed: tuple[tuple[str, str], ...] = ()
    place: Decimal | None = None
    inside: bool | None = None
    shadowed: bool = False

    @property
    def shadow(self) -> str | None:
        """The name of the rule for which it is compared with REST, if it is."""
        return self.rule.name if self.rule is not None and self.shadowed else None

    @property
    def ramp(self) -> str | None:
        """The name of the rule whose ramp counts what it decided, if one does."""
        return self.rule.name if self.rule is not None and self.rule.ramp is not None else None


def default_route(*, own: bool) -> Route:
    """Where no rule answers. A JSON caller has no SOAP session."""
    return Route.ACTION if own else Route.SOAP


def decide(rules: Sequence[Rule], asked: Asked) -> Decision:
    """Apply the rules in their order."""
    passed: list[tuple[str, str]] = []
    for rule in rules:
        why = next(_against(rule, asked), None)
        if why is not None:
            passed.append((rule.name, why))
            continue
        inside = None if rule.percent is None else _below(asked, rule.percent)
        way = rule.otherwise if inside is False else rule.way
        shown = place(asked.tenant, asked.account) if asked.account is not None and _by_percent(rule) else None
        return Decision(_route(way, asked), rule, tuple(passed), shown, inside, way is Way.SHADOW)
    return Decision(default_route(own=asked.own), None, tuple(passed))


def may_shadow(rules: Sequence[Rule], asked: Asked) -> bool:
    """Whether some account's object of this kind could be shadowed; cheap, for those that cannot be."""
    for rule in rules:
        if next(_against_all(rule, asked), None) is None:
            if Way.SHADOW in (rule.way, rule.otherwise if rule.percent is not None else None):
                return True
            if not rule.accounts and rule.account_percent is None:
                return False
    return False


def needs_account(rules: Sequence[Rule], asked: Asked) -> bool:
    """Whether the account could make a difference: a rule that parts accounts is reached before one that takes all."""
    for rule in rules:
        if rule.account_percent == 0 or next(_against_all(rule, asked), None) is not None:
            continue
        return rule.parts_accounts
    return False


def _route(way: Way, asked: Asked) -> Route:
    if way is Way.SHADOW or (way is Way.SOAP and asked.own):
        return default_route(own=asked.own)
    return ROUTES[way]


def _by_percent(rule: Rule) -> bool:
    return rule.percent is not None or rule.account_percent is not None


def _below(asked: Asked, percent: Decimal) -> bool:
    # Without an account there is no place: it stays where it was, and counts only where everybody does.
    return percent >= 100 if asked.account is None else place(asked.tenant, asked.account) < percent


def _against_all(rule: Rule, asked: Asked) -> Iterator[str]:
    """What speaks against a rule, whatever the account, in the order in which people think of it."""
    if rule.since is not None and asked.now < rule.since:
        yield "it does not count yet"
    if rule.callers and asked.caller not in rule.callers:
        yield f"it is not for the caller {asked.caller}"
    if rule.operations and asked.operation not in rule.operations:
        yield f"it is not for {asked.operation}"
    if rule.objects and asked.object_type not in rule.objects:
        yield f"it is not for {asked.object_type}"


def _against(rule: Rule, asked: Asked) -> Iterator[str]:
    """The same, and then the account."""
    yield from _against_all(rule, asked)
    if rule.accounts and (asked.account or "").strip().lower() not in rule.accounts:
        yield "it does not list the account" if asked.account else "the object names no account"
    if rule.account_percent is not None and not _below(asked, rule.account_percent):
        yield (
            f"the account stands at {place(asked.tenant, asked.account)} %, not below {rule.account_percent} %"
            if asked.account
            else "the object names no account"
        )
