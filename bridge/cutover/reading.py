"""Rules as their owner writes them: TOML or JSON in, ``Rule`` out, and back.

Everything wrong is said at once, each sentence with the rule and the name at fault: whoever moves money between two
APIs should not have to guess. Must not decide a route or keep anything.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bridge.cutover.rules import OBJECTS, OPERATIONS, Rule, Way

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
    since = written.since
    return Rule(
        written.name,
        written.route,
        frozenset(written.caller),
        frozenset(written.operation),
        frozenset(written.object),
        frozenset(each.strip().lower() for each in written.accounts),
        written.account_percent,
        None if since is None else round(since.timestamp() * 1000),
        written.percent,
        written.otherwise or Way.SOAP,
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
            yield f"{title}: route: queries go by soap or rest."
        if rule.operations == {"query"} and rule.asks_account:
            yield f"{title}: accounts: a query has no account."
        writes = rule.operations - {"query"} or not rule.operations
        if writes and rule.objects and rule.objects.isdisjoint({"Payment", "Refund"}):
            names = ", ".join(sorted(rule.objects))
            yield f"{title}: object: writes of {names} are passed through; only their queries have a route."
        if (hidden := _hides(rules[: number - 1], rule)) is not None:
            yield f"{title}: the rule {hidden.name} before it takes everything that it could match."


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
    return made


def toml(rules: Sequence[Rule]) -> str:
    """The rules as their owner may write them; ``parse`` reads it back."""
    return "\n".join("[[rule]]\n" + "".join(_lines(plain(rule))) for rule in rules)


def _lines(made: Mapping[str, object]) -> Iterator[str]:
    for name, value in made.items():
        # A JSON text or list of texts is a TOML one; a percentage is a number, a moment has a form of its own.
        bare = name in ("account_percent", "percent", "since")
        yield f"{name} = {value if bare else json.dumps(value, ensure_ascii=False)}\n"
