"""From a run to verdicts: classes of differences, their noise, the bound of each group, PASS, FAIL or NOT ENOUGH DATA.

A class counts when it is above its own noise. The rule is Diffy's: raw > noise, and their distance is more than 20 % of
their sum and more than 0.03 % of the calls. Money has no noise: one difference of an amount, a currency or a day fails.
PASS needs the one-sided exact 95 % upper bound of the mismatch rate at or below the tolerance. Must not send anything.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.parity.compare import Comparison, Neutral, books
from bridge.parity.known import Known
from bridge.parity.statistics import needed, upper_bound
from bridge.parity.terms import CONTROL, FIRST, SECOND, ClassKey, Difference, Exchange, Run

RELATIVE = 0.20
ABSOLUTE = 0.0003
"""Diffy's two thresholds, as it ships them."""

BOOKS = "books"


class Verdict(enum.Enum):
    """What a run says about a step."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    NOT_ENOUGH = "NOT ENOUGH DATA"


@dataclass(slots=True)
class DifferenceClass:
    """All differences of one kind at one place. ``calls`` are the numbers of the calls that show it.

    One that only the control pair shows has no ``calls``; it is told as noise: a reader sees what was set aside.
    """

    key: ClassKey
    trials: int
    calls: list[int] = field(default_factory=list)
    noise: int = 0
    noise_trials: int = 0
    noise_calls: list[int] = field(default_factory=list)
    money: bool = False
    known: Known | None = None
    sample: Difference | None = None
    noise_sample: Difference | None = None
    smallest: Exchange | None = None

    @property
    def above_noise(self) -> bool:
        """Diffy's rule, on rates, since the control pair may have fewer trials."""
        raw = len(self.calls) / self.trials
        noise = self.noise / self.noise_trials if self.noise_trials else 0.0
        distance = raw - noise
        return distance > 0 and distance / (raw + noise) > RELATIVE and distance > ABSOLUTE

    @property
    def counts(self) -> bool:
        """Whether it fails its group."""
        return self.money or (self.known is None and self.above_noise)


@dataclass(slots=True)
class Group:
    """One operation and object, or one shelf of the books."""

    operation: str
    object: str
    calls: int = 0
    silent: int = 0
    mismatched: int = 0
    raw: int = 0
    noise: int = 0
    noise_calls: int = 0
    money: int = 0
    bound: float = 1.0
    verdict: Verdict = Verdict.NOT_ENOUGH
    why: str = ""


@dataclass(slots=True)
class Judgement:
    """The whole. ``hits`` are those of the ledger's entries, in its order; ``faults`` why the ledger itself fails."""

    verdict: Verdict
    groups: list[Group]
    classes: list[DifferenceClass]
    hits: list[int]
    faults: list[str]
    tolerance: float
    only_noise: list[DifferenceClass] = field(default_factory=list)


def judge(
    run: Run,
    comparison: Comparison,
    neutrals: Mapping[str, Neutral],
    *,
    ledger: Sequence[Known] = (),
    between: str = "",
    tolerance: float,
) -> Judgement:
    """Judge a run; the ledger's own faults are for the caller, who knows the day."""
    groups: dict[tuple[str, str], Group] = {}
    classes: dict[ClassKey, DifferenceClass] = {}
    per_call: list[tuple[tuple[str, str], list[ClassKey]]] = []
    with_control = CONTROL in run.sides
    for exchange in run.exchanges:
        name = exchange.entry.group
        group = groups.setdefault(name, Group(*name))
        left, right = exchange.answers[FIRST], exchange.answers[SECOND]
        if left.trouble and right.trouble:
            group.silent += 1
            continue
        group.calls += 1
        found = comparison.answers(left, right, neutrals[FIRST], neutrals[SECOND])
        per_call.append((name, _noted(classes, exchange, name, found)))
        group.raw += bool(found)
        if with_control and not left.trouble:
            control = exchange.answers[CONTROL]
            group.noise_calls += 1
            noise = comparison.answers(left, control, neutrals[FIRST], neutrals[CONTROL])
            group.noise += bool(noise)
            _noisy(classes, exchange, name, noise)
    _books(run, groups, classes, per_call)
    _finish(groups, classes)
    hits = _known(classes.values(), ledger, between)
    live = {key: each for key, each in classes.items() if each.calls}
    for name, keys in per_call:
        counted = [live[key] for key in keys if live[key].counts]
        groups[name].mismatched += bool(counted)
        groups[name].money += any(each.money for each in counted)
    for group in groups.values():
        _decide(group, tolerance)
    ordered = sorted(live.values(), key=lambda each: (not each.money, not each.counts, -len(each.calls), str(each.key)))
    noisy = sorted((each for each in classes.values() if not each.calls), key=lambda each: (-each.noise, str(each.key)))
    return Judgement(_whole(groups.values()), list(groups.values()), ordered, hits, [], tolerance, noisy)


def _noted(
    classes: dict[ClassKey, DifferenceClass], exchange: Exchange, name: tuple[str, str], found: Sequence[Difference]
) -> list[ClassKey]:
    keys: dict[ClassKey, None] = {}
    for each in found:
        key = ClassKey(*name, each.where, each.kind)
        made = classes.setdefault(key, DifferenceClass(key, 0))
        made.money |= each.money
        if key in keys:
            continue
        keys[key] = None
        made.calls.append(exchange.entry.number)
        if made.smallest is None or _size(exchange) < _size(made.smallest):
            made.smallest, made.sample = exchange, each
    return list(keys)


def _noisy(
    classes: dict[ClassKey, DifferenceClass], exchange: Exchange, name: tuple[str, str], found: Sequence[Difference]
) -> None:
    for key, each in {ClassKey(*name, each.where, each.kind): each for each in found}.items():
        made = classes.setdefault(key, DifferenceClass(key, 0))
        made.noise += 1
        made.noise_calls.append(exchange.entry.number)
        made.noise_sample = made.noise_sample or each


def _size(exchange: Exchange) -> tuple[int, int]:
    return exchange.entry.objects, len(exchange.entry.body)


def _books(
    run: Run,
    groups: dict[tuple[str, str], Group],
    classes: dict[ClassKey, DifferenceClass],
    per_call: list[tuple[tuple[str, str], list[ClassKey]]],
) -> None:
    """Compare what is left behind, object by object."""
    left, right, control = (run.books.get(side) for side in (FIRST, SECOND, CONTROL))
    if left is None or right is None:
        return
    for shelf, ours in left.items():
        if not ours and not right[shelf]:
            continue
        name = (BOOKS, shelf)
        group = groups.setdefault(name, Group(*name))
        for key in dict.fromkeys((*ours, *right[shelf])):
            group.calls += 1
            found = list(books(_only(ours, key), _only(right[shelf], key), shelf))
            keys: dict[ClassKey, None] = {}
            for each in found:
                where = ClassKey(*name, _fieldless(each), each.kind)
                made = classes.setdefault(where, DifferenceClass(where, 0))
                made.money |= each.money
                made.sample = made.sample or each
                if where not in keys:
                    made.calls.append(group.calls)
                keys[where] = None
            group.raw += bool(found)
            per_call.append((name, list(keys)))
            if control is not None:
                noise = list(books(_only(ours, key), _only(control[shelf], key), shelf))
                group.noise_calls += 1
                group.noise += bool(noise)
                for noted, one in {ClassKey(*name, _fieldless(each), each.kind): each for each in noise}.items():
                    made = classes.setdefault(noted, DifferenceClass(noted, 0))
                    made.noise += 1
                    made.noise_sample = made.noise_sample or one


def _only(shelf: Mapping[str, object], key: str) -> Mapping[str, object]:
    return {key: shelf[key]} if key in shelf else {}


def _fieldless(difference: Difference) -> str:
    """The path in which every object of a shelf is one and the same."""
    shelf, _, rest = difference.where.partition("/")
    _, slash, inner = rest.partition("/")
    return f"{shelf}/*{slash}{inner}"


def _finish(groups: Mapping[tuple[str, str], Group], classes: Mapping[ClassKey, DifferenceClass]) -> None:
    for key, each in classes.items():
        group = groups[key.operation, key.object]
        each.trials, each.noise_trials = group.calls, group.noise_calls


def _known(classes: Iterable[DifferenceClass], ledger: Sequence[Known], between: str) -> list[int]:
    hits = [0] * len(ledger)
    for each in classes:
        if each.money or not each.calls:
            continue
        for place, entry in enumerate(ledger):
            if entry.covers(each.key, between):
                each.known = entry
                hits[place] += len(each.calls)
                break
    return hits


def _decide(group: Group, tolerance: float) -> None:
    group.bound = upper_bound(group.mismatched, group.calls) if group.calls else 1.0
    what = "objects" if group.operation == BOOKS else "calls"
    if group.money:
        group.verdict = Verdict.FAIL
        group.why = f"money differs in {group.money} of {group.calls} {what}"
    elif group.mismatched:
        group.verdict = Verdict.FAIL
        group.why = f"{group.mismatched} of {group.calls} {what} differ above the noise"
    elif group.operation == BOOKS and group.calls:
        group.verdict = Verdict.PASS
        group.why = f"all {group.calls} objects were compared, none differs"
    elif group.calls and group.bound <= tolerance:
        group.verdict = Verdict.PASS
        group.why = f"0 of {group.calls} differ: below {group.bound:.2%} at 95 %"
    else:
        group.verdict = Verdict.NOT_ENOUGH
        group.why = (
            f"0 of {group.calls} differ, but {needed(tolerance)} are needed to bound the rate at {tolerance:.2%}"
        )
    if group.silent:
        group.why += f"; {group.silent} had no answer on either side"


def _whole(groups: Iterable[Group]) -> Verdict:
    found = [each.verdict for each in groups]
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.NOT_ENOUGH if Verdict.NOT_ENOUGH in found or not found else Verdict.PASS
