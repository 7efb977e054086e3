"""Policy as a call asks for it: the live rules, then the owner's fixed routes (``BRIDGE_ROUTES``), then the default.

Whatever they say, what only REST can do goes by REST: that is capability, and core's. Must not touch the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bridge.core.classify import Prefer, Preference
from bridge.core.model import Caller, Instant, Op, Route, ZObject
from bridge.cutover.record import written
from bridge.cutover.rules import (
    OBJECTS,
    OPERATIONS,
    ROUTES,
    Asked,
    Decision,
    Rule,
    Way,
    decide,
    may_shadow,
    needs_account,
)
from bridge.cutover.standing import FIRST, Standing

QUERY = "query"
FIXED = "BRIDGE_ROUTES"
"""What the fixed routes are called in explanations; a rule of theirs adds the name as it was set."""

_WAYS = {route: way for way, route in ROUTES.items()}


def fixed(routes: Mapping[str, Route]) -> tuple[Rule, ...]:
    """``Payment.create``, ``Refund.*``, ``*.query`` or ``*`` as rules; the most particular name comes first."""
    return tuple(_fixed(name, routes[name]) for name in sorted(routes, key=_breadth))


def _breadth(name: str) -> tuple[bool, bool, str]:
    kind, _, op = name.partition(".")
    return kind == "*", op in ("*", ""), name


def _fixed(name: str, route: Route) -> Rule:
    kind, _, op = name.partition(".")
    objects = frozenset() if kind == "*" else frozenset({kind})
    operations = frozenset() if op in ("*", "") else frozenset({op})
    return Rule(f"{FIXED} {name}", _WAYS[route], operations=operations, objects=objects)


class Policy:
    """Answers by what ``standing`` gives at that moment; ``now`` is Zuora's clock."""

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        standing: Callable[[], Standing] = lambda: FIRST,
        now: Callable[[], Instant] = lambda: 0,
    ) -> None:
        self._fixed = fixed(routes or {})
        self._standing = standing
        self._now = now

    @property
    def rules(self) -> Sequence[Rule]:
        """Everything that is asked, in its order."""
        return (*self._standing().rules, *self._fixed)

    def stopped(self) -> str | None:
        """Why no new money call is taken, or None."""
        standing = self._standing()
        return standing.reason if standing.stopped else None

    def decide(self, caller: Caller, operation: str, object_type: str, account: str | None) -> Decision:
        """The route of one object, and why."""
        name = caller.name or caller.username
        return decide(
            self.rules, Asked(caller.tenant, name, operation, object_type, account, self._now(), own=caller.own)
        )

    def prefer(self, caller: Caller, op: Op, object_type: str) -> Prefer:
        """The policy for one call, as core asks it object by object. What counted when the call came counts for it."""
        standing, name = self._standing(), caller.name or caller.username
        rules = (*standing.rules, *self._fixed)
        nobody = Asked(caller.tenant, name, op.value, object_type, None, self._now(), own=caller.own)
        known: dict[str | None, Preference] = {}

        def of(_obj: ZObject, account: str | None) -> Preference:
            # The objects of a call are often of one account.
            if account not in known:
                asked = replace(nobody, account=account)
                made = decide(rules, asked)
                said = written(made, asked, standing.number)
                known[account] = Preference(made.route, said, made.ramp, made.shadow)
            return known[account]

        return Prefer(of, needs_account(rules, nobody))

    def may_shadow(self, caller: Caller, op: Op, object_type: str) -> bool:
        """Whether an object of such a call could be shadowed, whatever its account."""
        name = caller.name or caller.username
        asked = Asked(caller.tenant, name, op.value, object_type, None, self._now(), own=caller.own)
        return may_shadow(self.rules, asked)

    def query_shadow(self, caller: Caller, object_type: str) -> str | None:
        """The rule for which a query that passes to Zuora is compared with REST, or None."""
        return self.decide(caller, QUERY, object_type, None).shadow

    def query_may_shadow(self, object_type: str) -> bool:
        """Whether any caller's query of this object is shadowed; asked before it is known who calls."""
        return any(
            Way.SHADOW in (rule.way, rule.otherwise if rule.percent is not None else None)
            and _for_query(rule, object_type)
            for rule in self.rules
        )

    def query_route(self, caller: Caller, object_type: str) -> Route:
        """The route of a query; ``soap`` stands for passing the caller's own request through."""
        seen = self.decide(caller, QUERY, object_type, None)
        return Route.REST if seen.route is Route.REST else Route.SOAP

    def query_may_rest(self, object_type: str) -> bool:
        """Whether any caller's query of this object goes by REST; asked before it is known who calls."""
        return any(rule.way is Way.REST and _for_query(rule, object_type) for rule in self.rules)


def _for_query(rule: Rule, object_type: str) -> bool:
    return (not rule.operations or QUERY in rule.operations) and (not rule.objects or object_type in rule.objects)


assert set(OPERATIONS) == {QUERY, *(op.value for op in Op)}
assert {"Payment", "Refund"} < set(OBJECTS)
