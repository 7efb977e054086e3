"""The report as one JSON value, from which the page, the JUnit file, the terminal and the gate are made.

Everything in it is redacted; its digest covers all the rest, so that a report can be filed as evidence. Must not judge:
that is done. Must not read a clock: the moment is given.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge import __version__
from bridge.parity import leaves, statistics
from bridge.parity.capture import Capture
from bridge.parity.compare import DAYS, MONEY, Neutral
from bridge.parity.examples import Example, outcome
from bridge.parity.known import Known
from bridge.parity.terms import CONTROL, FIRST, SECOND, ClassKey, Run
from bridge.parity.verdict import ABSOLUTE, BOOKS, RELATIVE, DifferenceClass, Group, Judgement, Verdict
from bridge.telemetry.redact import redact_text

FORMAT = 1
EXITS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.NOT_ENOUGH: 3}
PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))

RULE = (
    "A class of differences counts if its rate is above the control pair's and their distance is more than "
    f"{RELATIVE:.0%} of their sum and more than {ABSOLUTE:.2%} of the calls (Diffy's rule). A difference of an amount, "
    "a currency or a day always counts: money has no noise. An operation passes if nothing counts and the exact "
    "one-sided 95 % upper bound of its mismatch rate (Clopper and Pearson) is at or below the tolerance; books pass if "
    "every object was compared and nothing counts. Anything else is not enough data."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the run itself does not know: moments, the capture's name, the ledger, the command that repeats it."""

    capture: Capture
    source: str
    made: str
    seconds: float
    seed: int
    ledger: Sequence[Known]
    command: str
    settings: Mapping[str, str]
    wsdl_sha256: str = ""
    """Of the file by which fields were compared."""


def build(
    run: Run, judged: Judgement, told: Told, neutrals: Mapping[str, Neutral], examples: Mapping[ClassKey, Example]
) -> dict[str, Any]:
    """The report; its parts are explained in ``deploy/parity.md``."""
    config = json.dumps(
        {"sides": run.sides, "tolerance": judged.tolerance, "settings": dict(told.settings)}, sort_keys=True
    )
    moments = [each.entry.at for each in run.exchanges]
    at = {each.entry.number: each.entry.at for each in run.exchanges}
    made: dict[str, Any] = {
        "parity_report": FORMAT,
        "verdict": judged.verdict.value,
        "exit": EXITS[judged.verdict],
        "sentence": _sentence(judged),
        "made": told.made,
        "seconds": round(told.seconds, 1),
        "calls": len(run.exchanges),
        "capture": {
            "file": told.source,
            "sha256": told.capture.digest,
            "calls": len(told.capture.entries),
            "dropped": told.capture.dropped,
            "tenant": told.capture.tenant,
            "wsdl": told.capture.wsdl,
            "first": min(moments, default=""),
            "last": max(moments, default=""),
        },
        "bridge": __version__,
        "wsdl_sha256": told.wsdl_sha256,
        "config": hashlib.sha256(config.encode()).hexdigest()[:16],
        "seed": told.seed,
        "sides": dict(run.sides),
        "control": CONTROL in run.sides,
        "tolerance": judged.tolerance,
        "confidence": statistics.CONFIDENCE,
        "rule": RULE,
        "groups": [_group(each) for each in judged.groups],
        "classes": [_class(each, told, examples.get(each.key), at) for each in (*judged.classes, *judged.only_noise)],
        "money": _money(run),
        "outcomes": _outcomes(run, neutrals),
        "books": _books(run, judged),
        "latency": _latency(run, told.seed),
        "ledger": [_entry(each, hits) for each, hits in zip(told.ledger, judged.hits, strict=True)],
        "ledger_faults": judged.faults,
    }
    made["digest"] = digest(made)
    return made


def digest(report: Mapping[str, Any]) -> str:
    """SHA-256 over everything but itself and a signature of it."""
    rest = {name: value for name, value in report.items() if name not in ("digest", "signature")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def signature(report: Mapping[str, Any], key: bytes) -> str:
    """HMAC-SHA-256 of the digest, under a key that whoever makes reports does not share with who could edit them."""
    return hmac.digest(key, b"parity report" + str(report["digest"]).encode(), "sha256").hex()


def fault(report: Mapping[str, Any], key: bytes | None) -> str:
    """Why a report is not what was made, "" if it is; without a key only its digest is checked."""
    if report.get("digest") != digest(report):
        return "the report was changed after it was made: its digest does not fit"
    if key is None:
        return ""
    if not report.get("signature"):
        return "the report is not signed"
    if not hmac.compare_digest(str(report["signature"]), signature(report, key)):
        return "the signature is not of this key: the report was made elsewhere, or changed and given a new digest"
    return ""


def _sentence(judged: Judgement) -> str:
    failed = [each for each in judged.groups if each.verdict is Verdict.FAIL]
    short = [each for each in judged.groups if each.verdict is Verdict.NOT_ENOUGH]
    money = sum(each.money for each in judged.groups)
    if judged.faults and not failed:
        return f"The ledger of known differences does not hold: {judged.faults[0]}."
    if money:
        return f"Money differs in {money} places. Do not take the step."
    if failed:
        names = ", ".join(f"{each.operation} {each.object}" for each in failed[:4])
        return f"{names} {'differs' if len(failed) == 1 else 'differ'} above the noise. Do not take the step."
    if short:
        names = ", ".join(f"{each.operation} {each.object}".strip() for each in short[:4])
        return f"Nothing counts against the step, but there are too few calls of {names} to say so with confidence."
    calls = [each for each in judged.groups if each.operation != BOOKS]
    worst = max((each.bound for each in calls), default=1.0)
    return f"No operation differs in more than {worst:.2%} of its calls, at 95 % confidence, and the books are equal."


def _group(group: Group) -> dict[str, Any]:
    return {
        "operation": group.operation,
        "object": group.object,
        "verdict": group.verdict.value,
        "why": group.why,
        "calls": group.calls,
        "silent": group.silent,
        "raw": group.raw,
        "raw_rate": _rate(group.raw, group.calls),
        "noise": group.noise,
        "noise_calls": group.noise_calls,
        "noise_rate": _rate(group.noise, group.noise_calls),
        "counted": group.mismatched,
        "bound": group.bound,
        "money": group.money,
    }


def _rate(hits: int, trials: int) -> float | None:
    return hits / trials if trials else None


def _class(one: DifferenceClass, told: Told, example: Example | None, at: Mapping[int, str]) -> dict[str, Any]:
    sample = one.sample or one.noise_sample
    assert sample is not None
    known = one.known
    seen = one.calls or one.noise_calls
    # Books are read once, after the last call: an object has no moment of its own.
    moments = [] if one.key.operation == BOOKS else [at[number] for number in (*one.calls, *one.noise_calls)]
    return {
        "operation": one.key.operation,
        "object": one.key.object,
        "path": one.key.path,
        "kind": one.key.kind.value,
        "calls": len(one.calls),
        "trials": one.trials,
        "rate": _rate(len(one.calls), one.trials),
        "noise": one.noise,
        "noise_rate": _rate(one.noise, one.noise_trials),
        "first": seen[0] if seen else None,
        "last": seen[-1] if seen else None,
        "first_at": min(moments, default=""),
        "last_at": max(moments, default=""),
        "noise_trials": one.noise_trials,
        "money": one.money,
        "counts": bool(one.calls) and one.counts,
        "state": "money"
        if one.money and one.calls
        else "known"
        if known
        else "counts"
        if one.calls and one.counts
        else "noise",
        "known": None if known is None else _entry(known, len(one.calls)),
        "sample": {
            "path": sample.path,
            "left": redact_text(sample.left),
            "right": redact_text(sample.right),
        },
        "example": None if example is None else example.told(),
        "command": _command(one, told, example),
    }


def _command(one: DifferenceClass, told: Told, example: Example | None) -> str:
    """What replays just this example; the books are those of the whole run."""
    if one.smallest is None:
        return ""
    if example is not None and example.capture:
        return told.command.replace(told.source, example.capture)
    return f"{told.command} --only {one.smallest.entry.number}"


def _entry(entry: Known, hits: int) -> dict[str, Any]:
    return {
        "path": entry.path,
        "kind": entry.kind.value,
        "operation": entry.operation,
        "object": entry.object,
        "owner": entry.owner,
        "reason": entry.reason,
        "ticket": entry.ticket,
        "expires": entry.expires.isoformat(),
        "shipped": entry.shipped,
        "hits": hits,
    }


def _money(run: Run) -> list[dict[str, Any]]:
    """Per shelf, field and currency: how many values were compared as decimals, their sums, how many differ."""
    if not (FIRST in run.books and SECOND in run.books):
        return []
    rows: dict[tuple[str, str, str], list[Any]] = {}
    for shelf, left in run.books[FIRST].items():
        right = run.books[SECOND][shelf]
        for key in dict.fromkeys((*left, *right)):
            one, other = _facts(left.get(key)), _facts(right.get(key))
            currency = str(one.get("currency") or other.get("currency") or "")
            for name in (*sorted(MONEY - {"currency"}), *sorted(DAYS)):
                if name not in one and name not in other:
                    continue
                row = rows.setdefault((shelf, name, currency if name in MONEY else ""), [0, 0, Decimal(0), Decimal(0)])
                row[0] += 1
                row[1] += not _same(one.get(name), other.get(name))
                for place, side in ((2, one), (3, other)):
                    row[place] += (leaves.decimal(str(side.get(name))) or 0) if name in MONEY else 0
    return [
        {
            "shelf": shelf,
            "field": name,
            "currency": currency,
            "compared": row[0],
            "differ": row[1],
            "left": format(row[2], "f") if name in MONEY else "",
            "right": format(row[3], "f") if name in MONEY else "",
        }
        for (shelf, name, currency), row in rows.items()
    ]


def _facts(one: object) -> Mapping[str, object]:
    return one if isinstance(one, Mapping) else {}


def _same(one: object, other: object) -> bool:
    numbers = [leaves.decimal(str(each)) for each in (one, other)]
    return one == other or (numbers[0] is not None and numbers[0] == numbers[1])


def _outcomes(run: Run, neutrals: Mapping[str, Neutral]) -> list[dict[str, Any]]:
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for each in run.exchanges:
        left, right = (outcome(each.answers[side], neutrals[side]) for side in (FIRST, SECOND))
        counted[each.entry.operation, each.entry.object, left, right] += 1
    return [
        {"operation": op, "object": kind, "left": left, "right": right, "calls": calls, "same": left == right}
        for (op, kind, left, right), calls in sorted(counted.items(), key=lambda item: (item[0][:2], -item[1]))
    ]


def _books(run: Run, judged: Judgement) -> list[dict[str, Any]]:
    groups = {each.object: each for each in judged.groups if each.operation == BOOKS}
    return [
        {
            "shelf": shelf,
            "objects": {side: len(books[shelf]) for side, books in run.books.items()},
            "compared": group.calls,
            "differ": group.raw,
            "counted": group.mismatched,
            "verdict": group.verdict.value,
        }
        for shelf, group in groups.items()
    ]


def _latency(run: Run, seed: int) -> list[dict[str, Any]]:
    """Per operation and object, in milliseconds; right less left with its interval."""
    groups: dict[tuple[str, str], dict[str, list[float]]] = {}
    for each in run.exchanges:
        if any(answer.trouble for answer in each.answers.values()):
            continue
        sides = groups.setdefault(each.entry.group, {side: [] for side in run.sides})
        for side, answer in each.answers.items():
            sides[side].append(answer.seconds * 1000)
    made = []
    for (operation, kind), sides in groups.items():
        shares = {name: statistics.difference(sides[FIRST], sides[SECOND], share, seed) for name, share in PERCENTILES}
        made.append(
            {
                "operation": operation,
                "object": kind,
                "calls": len(sides[FIRST]),
                "sides": {
                    side: {name: round(statistics.percentile(values, share), 2) for name, share in PERCENTILES}
                    for side, values in sides.items()
                },
                "difference": {
                    name: {"value": round(each.value, 2), "low": round(each.low, 2), "high": round(each.high, 2)}
                    for name, each in shares.items()
                },
            }
        )
    return made
