"""What shadows found, summed up: per rule, operation and object how many differ, in what, and what that proves.

The unit is a call's object: its plan and its effect are one. Noise proves nothing and is left out. PASS needs the exact
one-sided 95 % upper bound of the share that differs at or below the tolerance; one difference fails, since what is
accepted stands in the ledger. Pure. Must not read a journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bridge.journal.comparisons import Comparison
from bridge.parity.statistics import needed, upper_bound
from bridge.parity.verdict import Verdict

TOLERANCE = 0.01
EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.NOT_ENOUGH: 3}


@dataclass(slots=True)
class Cluster:
    """Differences of one kind at one place. ``example`` is the smallest, with the intent it is of."""

    path: str
    kind: str
    money: bool = False
    count: int = 0
    example: dict[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Of the example, in characters."""
        return len(str(self.example.get("left", ""))) + len(str(self.example.get("right", "")))


@dataclass(slots=True)
class Shadowed:
    """One rule, operation and object. ``known`` are calls in which only accepted differences were found."""

    rule: str
    operation: str
    object_type: str
    compared: int = 0
    mismatched: int = 0
    money: int = 0
    noise: int = 0
    known: int = 0
    clusters: list[Cluster] = field(default_factory=list)
    bound: float = 1.0
    verdict: Verdict = Verdict.NOT_ENOUGH
    why: str = ""

    def as_json(self) -> dict[str, object]:
        """As commands and the admin API tell it."""
        return {
            "rule": self.rule,
            "operation": self.operation,
            "object": self.object_type,
            "compared": self.compared,
            "mismatched": self.mismatched,
            "money": self.money,
            "noise": self.noise,
            "known": self.known,
            "bound": round(self.bound, 6),
            "verdict": self.verdict.value,
            "why": self.why,
            "clusters": [
                {
                    "path": each.path,
                    "kind": each.kind,
                    "money": each.money,
                    "count": each.count,
                    "example": each.example,
                }
                for each in self.clusters
            ],
        }


def summed(found: Iterable[Comparison], tolerance: float = TOLERANCE) -> list[Shadowed]:
    """The sums, by rule, operation and object."""
    units: dict[tuple[str, str, str], dict[str, list[Comparison]]] = {}
    for each in found:
        key = each.rule or "", each.operation, each.object_type
        units.setdefault(key, {}).setdefault(each.intent_id or each.id, []).append(each)
    return [_one(Shadowed(*key), list(units[key].values()), tolerance) for key in sorted(units)]


def whole(groups: Sequence[Shadowed]) -> Verdict:
    """The verdict about all of them; nothing compared is not enough."""
    found = {each.verdict for each in groups}
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.PASS if found == {Verdict.PASS} else Verdict.NOT_ENOUGH


def _one(group: Shadowed, units: Sequence[Sequence[Comparison]], tolerance: float) -> Shadowed:
    clusters: dict[tuple[str, str], Cluster] = {}
    for unit in units:
        unequal = [each for each in unit if not each.equal and not each.noise]
        if not unequal and any(each.noise for each in unit):
            group.noise += 1
            continue
        group.compared += 1
        group.mismatched += bool(unequal)
        group.money += any(each.detail.get("money") is True for each in unequal)
        group.known += not unequal and any(each.detail.get("known") for each in unit)
        for each in unequal:
            _cluster(clusters, each)
    group.clusters = sorted(clusters.values(), key=lambda each: (not each.money, -each.count, each.path))
    group.bound = upper_bound(group.mismatched, group.compared) if group.compared else 1.0
    if group.mismatched:
        group.verdict = Verdict.FAIL
        what = f", money in {group.money}" if group.money else ""
        group.why = f"{group.mismatched} of {group.compared} differ{what}"
    elif group.compared and group.bound <= tolerance:
        group.verdict = Verdict.PASS
        group.why = f"none of {group.compared} differs: below {group.bound:.2%} at 95 %"
    else:
        group.why = (
            f"none of {group.compared} differs, but {needed(tolerance)} are needed to bound the rate at {tolerance:.2%}"
        )
    return group


def _cluster(clusters: dict[tuple[str, str], Cluster], found: Comparison) -> None:
    listed = found.detail.get("differences")
    rows = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    for each in rows or [{"path": "(cut)", "kind": "value", "money": found.detail.get("money")}]:
        path, kind = str(each.get("path")), str(each.get("kind"))
        made = clusters.setdefault((path, kind), Cluster(path, kind))
        made.money |= each.get("money") is True
        made.count += 1
        example = {name: each.get(name, "") for name in ("left", "right")}
        example |= {"intent": found.intent_id, "request": found.detail.get("request"), "at": found.at}
        size = len(str(example["left"])) + len(str(example["right"]))
        if made.count == 1 or size < made.size:
            made.example = example
