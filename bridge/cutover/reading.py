"""Rules as their owner writes them: TOML or JSON in, ``Rule`` out, and back.

Everything wrong is said at once, each sentence with the rule and the name at fault: whoever moves money between two
APIs should not have to guess. Must not decide a route or keep anything.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bridge.cutover.rules import OBJECTS, OPERATIONS, STEPS, Ramp, Rule, Way

USUAL = Ramp()

MOST = 200
"""Rules in a set: more than that nobody reads, and every call walks over them."""

LONGEST_NAME = 80


class RulesRefused(ValueError):
    """The rules are at fault and nothing was changed. ``sentences`` say what is wrong, one each."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


def _several(given: object) -> object:
    """One name stands for a list of one."""
    return [given] if isinstance(given, str) else given


def _number(given: object) -> object:
    """TOML's numbers are floats; their shortest text is what was written."""
    return repr(given) if isinstance(given, float) else given


Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], BeforeValidator(_several)]
Percent = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=100, decimal_places=2)]


_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = re.compile(r"([0-9]{1,6})([smhd])")


def _span(given: object) -> object:
    """``30m`` and its like in milliseconds."""
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise ValueError("it is a time such as 90s, 30m, 2h or 7d")
    return int(found[1]) * _UNITS[found[2]]


Span = Annotated[int, BeforeValidator(_span)]
Share = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=1)]


class _Ramp(BaseModel):
    """A ``[rule.ramp]`` table as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[list[Annotated[Percent, Field(gt=0)]], Field(min_length=1, max_length=100)] = list(STEPS)
    error_rate: Share = USUAL.error_rate
    mismatch_rate: Share | None = None
    slower: Annotated[Decimal, BeforeValidator(_number), Field(ge=1, le=1000)] | None = None
    samples: Annotated[int, Field(ge=1, le=2000)] = USUAL.samples
    soak: Span = USUAL.soak_ms
    approval: bool = False
    parity_max_age: Span = USUAL.parity_max_age_ms
    halted: bool = False

    @field_validator("steps")
    @classmethod
    def _go_up(cls, steps: list[Decimal]) -> list[Decimal]:
        if any(later <= earlier for earlier, later in pairwise(steps)):
            raise ValueError("they go up")
        return steps


class _Written(BaseModel):
    """A rule as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    route: Way
    caller: Names = []
    operation: Names = []
    object: Names = []
    accounts: Names = []
    account_percent: Percent | None = None
    since: AwareDatetime | None = None
    percent: Percent | None = None
    otherwise: Way | None = None
    ramp: _Ramp | None = None

    @field_validator("operation")
    @classmethod
    def _known_operation(cls, names: list[str]) -> list[str]:
        return _known(names, OPERATIONS)

    @field_validator("object")
    @classmethod
    def _known_object(cls, names: list[str]) -> list[str]:
        return _known(names, OBJECTS)


def _known(names: list[str], known: Sequence[str]) -> list[str]:
    for each in names:
        if each not in known:
            raise ValueError(f"{each!r} is none of {', '.join(known)}")
    return names


def parse(text: str) -> tuple[Rule, ...]:
    """Rules of a TOML file with ``[[rule]]`` tables; raises ``RulesRefused``."""
    try:
        made = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise RulesRefused([f"It is no TOML: {error}."]) from None
    if strange := sorted(made.keys() - {"rule"}):
        raise RulesRefused([f"{strange[0]!r} is not known here; rules are written as [[rule]] tables."])
    return from_plain(made.get("rule", []))


def from_plain(given: object) -> tuple[Rule, ...]:
    """Rules of plain values, as JSON or TOML has them; raises ``RulesRefused``."""
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise RulesRefused(["Rules are a list of tables."])
    if len(given) > MOST:
        raise RulesRefused([f"There are {len(given)} rules; {MOST} are the most."])
    sentences: list[str] = []
    rules: list[Rule] = []
    for number, each in enumerate(given, 1):
        try:
            rules.append(_rule(_Written.model_validate(each)))
        except ValidationError as error:
            sentences += _said(number, each, error)
    sentences += _together(rules) if not sentences else ()
    if sentences:
        raise RulesRefused(sentences)
    return tuple(rules)


def _rule(written: _Written) -> Rule:
    since, ramp = written.since, _ramp(written.ramp) if written.ramp is not None else None
    percent = written.percent if written.percent is not None or ramp is None else ramp.steps[0]
    return Rule(
        written.name,
        written.route,
        frozenset(written.caller),
        frozenset(written.operation),
        frozenset(written.object),
        frozenset(each.strip().lower() for each in written.accounts),
        written.account_percent,
        None if since is None else round(since.timestamp() * 1000),
        percent,
        written.otherwise or Way.SOAP,
        ramp,
    )


def _ramp(written: _Ramp) -> Ramp:
    return Ramp(
        tuple(written.steps),
        written.error_rate,
        written.mismatch_rate,
        written.slower,
        written.samples,
        written.soak,
        written.approval,
        written.parity_max_age,
        written.halted,
    )


def _said(number: int, given: Mapping[str, Any], error: ValidationError) -> Iterator[str]:
    name = given.get("name")
    title = f"Rule {number}" + (f" ({name})" if isinstance(name, str) and name else "")
    for each in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in each["loc"] if not isinstance(part, int))
        yield f"{title}: {place}: {each['msg'].removeprefix('Value error, ')}."


def _together(rules: Sequence[Rule]) -> Iterator[str]:
    """What each rule may say alone, and not beside the others or beside its own words."""
    seen: set[str] = set()
    for number, rule in enumerate(rules, 1):
        title = f"Rule {number} ({rule.name})"
        if rule.name in seen:
            yield f"{title}: another rule has this name; explanations name rules."
        seen.add(rule.name)
        if rule.percent is None and rule.otherwise is not Way.SOAP:
            yield f"{title}: otherwise: it goes with percent."
        if rule.percent is not None and rule.otherwise is rule.way:
            yield f"{title}: otherwise: it is the rule's own route, so the percentage would mean nothing."
        if "query" in rule.operations and len(rule.operations) > 1:
            yield f"{title}: operation: query has a rule of its own, since it moves no money."
        if rule.operations == {"query"} and Way.ACTION in (rule.way, rule.otherwise):
            yield f"{title}: route: queries go by soap or rest, or are shadowed."
        if rule.operations == {"query"} and rule.asks_account:
            yield f"{title}: accounts: a query has no account."
        writes = rule.operations - {"query"} or not rule.operations
        if writes and rule.objects and rule.objects.isdisjoint({"Payment", "Refund"}):
            names = ", ".join(sorted(rule.objects))
            yield f"{title}: object: writes of {names} are passed through; only their queries have a route."
        yield from (f"{title}: ramp: {each}." for each in _against_ramp(rule))
        if (hidden := _hides(rules[: number - 1], rule)) is not None:
            yield f"{title}: the rule {hidden.name} before it takes everything that it could match."


def _against_ramp(rule: Rule) -> Iterator[str]:
    ramp = rule.ramp
    if ramp is None:
        return
    if rule.operations == {"query"} or "query" in rule.operations:
        yield "a query is not journaled, so nothing could be counted"
    if rule.way is Way.SHADOW:
        yield "a shadow moves nothing; give the ramp to a rule of rest whose otherwise is shadow"
    if rule.percent is not None and not rule.percent and not ramp.halted:
        yield "at 0 % nothing can be counted: begin at its first step, or say halted = true"
    if rule.percent is not None and rule.percent > ramp.steps[-1]:
        yield f"the percentage is above its last step, {ramp.steps[-1]}"


def _hides(before: Sequence[Rule], rule: Rule) -> Rule | None:
    """The first earlier rule that leaves nothing to this one."""
    for each in before:
        if each.accounts or each.account_percent is not None or each.since is not None:
            continue
        if all(
            not wide or (narrow and narrow <= wide)
            for wide, narrow in (
                (each.callers, rule.callers),
                (each.operations, rule.operations),
                (each.objects, rule.objects),
            )
        ):
            return each
    return None


def plain(rule: Rule) -> dict[str, object]:
    """A rule as JSON keeps it, in the order in which it is written; ``from_plain`` reads it back."""
    made: dict[str, object] = {"name": rule.name}
    for name, values in (
        ("caller", rule.callers),
        ("operation", rule.operations),
        ("object", rule.objects),
        ("accounts", rule.accounts),
    ):
        if values:
            made[name] = sorted(values)
    if rule.account_percent is not None:
        made["account_percent"] = str(rule.account_percent)
    if rule.since is not None:
        made["since"] = datetime.fromtimestamp(rule.since / 1000, UTC).isoformat().replace("+00:00", "Z")
    made["route"] = rule.way.value
    if rule.percent is not None:
        made |= {"percent": str(rule.percent), "otherwise": rule.otherwise.value}
    if rule.ramp is not None:
        made["ramp"] = _plain_ramp(rule.ramp)
    return made


def _plain_ramp(ramp: Ramp) -> dict[str, object]:
    made: dict[str, object] = {"steps": [str(each) for each in ramp.steps], "error_rate": str(ramp.error_rate)}
    if ramp.mismatch_rate is not None:
        made["mismatch_rate"] = str(ramp.mismatch_rate)
    if ramp.slower is not None:
        made["slower"] = str(ramp.slower)
    made |= {"samples": ramp.samples, "soak": _as_span(ramp.soak_ms), "approval": ramp.approval}
    return made | {"parity_max_age": _as_span(ramp.parity_max_age_ms), "halted": ramp.halted}


def _as_span(span: int) -> str:
    unit = next(each for each in reversed(_UNITS) if not span % _UNITS[each])
    return f"{span // _UNITS[unit]}{unit}"


def toml(rules: Sequence[Rule]) -> str:
    """The rules as their owner may write them; ``parse`` reads it back."""
    return "\n".join("[[rule]]\n" + "".join(_lines(plain(rule))) for rule in rules)


_BARE = frozenset({"account_percent", "percent", "since", "error_rate", "mismatch_rate", "slower"})
"""A JSON text or list of texts is a TOML one; a number is written without quotes, a moment has a form of its own."""


def _lines(made: Mapping[str, object]) -> Iterator[str]:
    for name, value in made.items():
        if isinstance(value, Mapping):
            yield f"[rule.{name}]\n"
            yield from _lines(value)
        elif name == "steps" and isinstance(value, list):
            yield f"steps = [{', '.join(value)}]\n"
        else:
            yield f"{name} = {value if name in _BARE else json.dumps(value, ensure_ascii=False)}\n"
