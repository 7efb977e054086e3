"""ZOQL: a small real parser and evaluator.

Source: Zuora: Zuora Object Query Language (ZOQL): one object, no joins, `and` binds tighter than `or`, no
parentheses, `like` with one % at an end. Must not write XML; errors are typed faults of the query operation.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bridge.sandbox.clock import ZONE
from bridge.sandbox.custom import Fields, is_custom
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import number
from bridge.sandbox.soap.faults import TypedFault
from bridge.sandbox.soap.rows import Row, candidates
from bridge.sandbox.soap.schema import DATES_SINCE, SCHEMA, TYPES, Field, Kind

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<operator>!=|>=|<=|=|>|<)|(?P<comma>,)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?(?![\w-]))|(?P<name>[A-Za-z_][\w]*))"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_MOST_CHARACTERS = 10_000
_MOST_CONDITIONS = 200
# A date custom field is a text in the WSDL and compares as one.
_CUSTOM_KINDS: Final[dict[str, Kind]] = {"text": "string", "number": "decimal", "boolean": "boolean", "date": "string"}


@dataclass(frozen=True)
class Condition:
    """One comparison; a value of None is the literal null."""

    field: Field
    operator: str
    value: object


@dataclass(frozen=True)
class Query:
    """A parsed query: alternatives of conditions that must all hold."""

    kind: str
    fields: tuple[str, ...]
    alternatives: tuple[tuple[Condition, ...], ...]
    case_sensitive: bool = False


def malformed(message: str = "You have an error in your ZOQL syntax", code: str = "MALFORMED_QUERY") -> TypedFault:
    """Return the fault of a query that cannot be understood."""
    return TypedFault("MalformedQueryFault", code, message)


def parse(text: str, version: int, *, custom: Mapping[str, Fields], case_sensitive: bool = False) -> Query:
    """Parse a query for a WSDL version; its fields come back in WSDL order whatever order was asked."""
    if len(text) > _MOST_CHARACTERS:
        raise malformed("The query string must not be longer than 10,000 characters.")
    tokens = _tokens(text)
    position = _expect(tokens, 0, "select")
    names: list[str] = []
    while True:
        names.append(_name(tokens, position))
        position += 1
        if position < len(tokens) and tokens[position][0] == "comma":
            position += 1
            continue
        break
    position = _expect(tokens, position, "from")
    kind = TYPES.get(_name(tokens, position).lower())
    if kind is None:
        raise malformed()
    position += 1
    own = custom.get(kind, {})
    fields = dict.fromkeys((_known(kind, name, version, own).name for name in names), True)
    alternatives: list[tuple[Condition, ...]] = []
    if position < len(tokens):
        position = _expect(tokens, position, "where")
        alternatives = _conditions(tokens, position, kind, version, own)
    # Id is always there and first; the others follow the WSDL.
    ordered = tuple(sorted(fields.keys() - {"Id"}))
    return Query(kind, ordered, tuple(alternatives), case_sensitive)


def run(tenant: Tenant, query: Query) -> list[Row]:
    """Return all rows that match."""
    equal = _equalities(query)
    return [row for row in candidates(tenant, query.kind, equal) if _matches(row, query)]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise malformed()
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        position = found.end()
        while position < len(text) and text[position].isspace():
            position += 1
    return tokens


def _expect(tokens: list[tuple[str, str]], position: int, word: str) -> int:
    if position >= len(tokens) or tokens[position][0] != "name" or tokens[position][1].lower() != word:
        raise malformed()
    return position + 1


def _name(tokens: list[tuple[str, str]], position: int) -> str:
    if position >= len(tokens) or tokens[position][0] != "name":
        raise malformed()
    return tokens[position][1]


def _known(kind: str, name: str, version: int, own: Fields) -> Field:
    if name.lower() == "id":
        return Field("Id", "id")
    if is_custom(name) and name in own:
        return Field(name, _CUSTOM_KINDS[own[name].removesuffix(" indexed")])
    found = next((spec for spec in SCHEMA[kind].values() if spec.name.lower() == name.lower()), None)
    if found is None or not found.queryable or found.since > version:
        raise malformed(f"invalid field for query: {kind}.{name.lower()}", "INVALID_FIELD")
    return found


def _conditions(
    tokens: list[tuple[str, str]], position: int, kind: str, version: int, own: Fields
) -> list[tuple[Condition, ...]]:
    alternatives: list[tuple[Condition, ...]] = []
    together: list[Condition] = []
    count = 0
    while True:
        field = _known(kind, _name(tokens, position), version, own)
        if position + 2 >= len(tokens):
            raise malformed()
        operator = tokens[position + 1]
        if operator[0] != "operator" and operator[1].lower() != "like":
            raise malformed()
        value = _literal(tokens[position + 2], field, operator[1].lower(), version)
        together.append(Condition(field, operator[1].lower(), value))
        count += 1
        position += 3
        if count > _MOST_CONDITIONS:
            raise malformed("A query must not have more than 200 conditions.")
        if position == len(tokens):
            return [*alternatives, tuple(together)]
        word = tokens[position][1].lower() if tokens[position][0] == "name" else ""
        if word == "or":
            alternatives.append(tuple(together))
            together = []
        elif word != "and":
            raise malformed()
        position += 1


def _literal(token: tuple[str, str], field: Field, operator: str, version: int) -> object:
    group, text = token
    if group == "name":
        word = text.lower()
        if word == "null":
            return None
        if word in ("true", "false") and field.kind == "boolean":
            return word == "true"
        raise malformed()
    if group == "string":
        text = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL)
    elif group != "number":
        raise malformed()
    if operator == "like":
        # % once, at one end only (Zuora: ZOQL, filter statements).
        if field.kind not in ("string", "id") or text.count("%") > 1 or "%" in text[1:-1]:
            raise malformed()
        return text
    return _typed(text, field, version)


def _typed(text: str, field: Field, version: int) -> object:
    # From 69 a date field takes a date only and a dateTime field a dateTime only (Zuora: Date field changes).
    dated = field.kind == "date" and version >= DATES_SINCE
    wrong = malformed(f"invalid value {text} for {field.name}", "INVALID_VALUE")
    if (dated and len(text) != 10) or (field.kind == "dateTime" and len(text) < 19 and version >= DATES_SINCE):
        raise wrong
    try:
        if field.kind in ("decimal", "int"):
            return number(text)
        if field.kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if dated:
            return date.fromisoformat(text)
        if field.kind in ("date", "dateTime"):
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
            return moment.astimezone(ZONE).date() if field.kind == "date" else moment
    except (ValueError, KeyError):
        raise wrong from None
    return text


def _equalities(query: Query) -> dict[str, str]:
    if len(query.alternatives) != 1:
        return {}
    return {
        condition.field.name: condition.value
        for condition in query.alternatives[0]
        if condition.operator == "=" and isinstance(condition.value, str)
    }


def _matches(row: Row, query: Query) -> bool:
    if not query.alternatives:
        return True
    return any(_all_hold(row, query, together) for together in query.alternatives)


def _all_hold(row: Row, query: Query, together: Iterable[Condition]) -> bool:
    return all(_holds(row, query, condition) for condition in together)


def _holds(row: Row, query: Query, condition: Condition) -> bool:
    name = condition.field.name
    actual = row.id if name == "Id" else row.value(query.kind, name)
    wanted = condition.value
    if wanted is None:
        return (actual is None) == (condition.operator == "=")
    if actual is None:
        return condition.operator == "!="
    if isinstance(wanted, str):
        actual = str(actual)
        if not query.case_sensitive:
            actual, wanted = actual.lower(), wanted.lower()
    elif isinstance(actual, int) and not isinstance(actual, bool):
        actual = Decimal(actual)
    if condition.operator == "like":
        return _like(str(actual), str(wanted))
    return bool(_COMPARE[condition.operator](actual, wanted))


def _like(actual: str, pattern: str) -> bool:
    expression = "".join(".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, actual, re.DOTALL) is not None


_COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
