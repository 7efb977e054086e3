"""Whether a step may be taken, from one report: promote, hold or roll back.

Contract: ``decide`` is pure; it reads nothing but the report and the limits that it is given, so that a
ramp's own gates can use it. NOT ENOUGH DATA holds and never promotes. Must not change a rule.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.parity.report import FORMAT, digest
from bridge.parity.terms import ParityError


class Step(enum.Enum):
    """What to do; its value is the command's exit status."""

    PROMOTE = 0
    ROLL_BACK = 1
    HOLD = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step demands. ``operations`` as ``create Payment``; none means all that the report has.

    ``max_mismatch`` bounds the exact upper bound of each rate, ``max_slower_ms`` p95's interval; ``books``
    demands that what was left behind was compared.
    """

    max_mismatch: float | None = None
    min_calls: int = 0
    operations: Sequence[str] = ()
    max_slower_ms: float | None = None
    books: bool = False
    max_age_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A step and its reason, in one paragraph."""

    step: Step
    reason: str


def decide(report: Mapping[str, Any], limits: Limits, now: datetime | None = None) -> Decision:
    """Decide; ``ParityError`` where the report is none or was changed. ``now`` is needed for ``max_age_hours`` only."""
    if report.get("parity_report") != FORMAT:
        raise ParityError(f"not a parity report of format {FORMAT}")
    if report.get("digest") != digest(report):
        raise ParityError("the report was changed after it was made: its digest does not fit")
    groups = [each for each in report["groups"] if _wanted(each, limits.operations)]
    failed = [each for each in groups if each["verdict"] == "FAIL"]
    money = [each for each in report["groups"] if each["money"]]
    if money or failed:
        told = "; ".join(f"{_name(each)}: {each['why']}" for each in (money or failed)[:3])
        return Decision(Step.ROLL_BACK, f"Roll back. {told}.")
    if report["ledger_faults"]:
        return Decision(Step.ROLL_BACK, f"Roll back. The known differences do not hold: {report['ledger_faults'][0]}.")
    reasons = _reasons(report, groups, limits, now)
    if reasons:
        return Decision(Step.HOLD, f"Hold. {'; '.join(reasons[:4])}.")
    calls = [each for each in groups if each["operation"] != "books"]
    worst = max(calls, key=lambda each: float(each["bound"]))
    return Decision(
        Step.PROMOTE,
        f"Promote. {sum(each['calls'] for each in calls)} calls of {len(calls)} operations were compared; the weakest "
        f"bound is {float(worst['bound']):.2%} ({_name(worst)}), no money differs, and what was left behind "
        f"{'is equal' if len(groups) > len(calls) else 'was not read'}.",
    )


def _reasons(
    report: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], limits: Limits, now: datetime | None
) -> list[str]:
    """Everything that speaks for waiting."""
    found = []
    if limits.max_age_hours is not None:
        assert now is not None
        made = datetime.fromisoformat(str(report["made"]))
        if now - made > timedelta(hours=limits.max_age_hours):
            found.append(f"the report is of {report['made']}, older than {limits.max_age_hours:g} hours")
    if limits.books and not any(each["operation"] == "books" for each in groups):
        found.append("what the calls left behind was not read")
    absent = [each for each in limits.operations if not any(_name(group) == each for group in groups)]
    found += [f"there is no {each} in the report" for each in absent]
    calls = [each for each in groups if each["operation"] != "books"]
    if not calls:
        found.append("no call was compared")
    for each in calls:
        if each["verdict"] != "PASS":
            found.append(f"{_name(each)}: {each['why']}")
        elif each["calls"] < limits.min_calls:
            found.append(f"{_name(each)}: {each['calls']} calls, {limits.min_calls} are asked for")
        elif limits.max_mismatch is not None and float(each["bound"]) > limits.max_mismatch:
            found.append(
                f"{_name(each)}: bounded at {float(each['bound']):.2%}, asked for is {limits.max_mismatch:.2%}"
            )
    if limits.max_slower_ms is not None:
        found += [
            f"{each['operation']} {each['object']}: p95 may be {each['difference']['p95']['high']:.1f} ms slower"
            for each in report["latency"]
            if float(each["difference"]["p95"]["high"]) > limits.max_slower_ms and _wanted(each, limits.operations)
        ]
    return found


def _wanted(group: Mapping[str, Any], operations: Sequence[str]) -> bool:
    # What was left behind concerns every step.
    return not operations or group["operation"] == "books" or _name(group) in operations


def _name(group: Mapping[str, Any]) -> str:
    return f"{group['operation']} {group['object']}".strip()
