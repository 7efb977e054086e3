"""What a request on the JSON doors is about, and the ids that its answer made: Actions and CRUD (Zuora: Actions; CRUD).

The counterpart of ``envelope``. Numbers are ``Number``, the text that was written, so that no amount becomes binary
(I7). Must not change a message but to take a secret or an object out, and must not decide what a difference means.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from bridge.contract.decode_json import Number
from bridge.parity.envelope import About
from bridge.parity.terms import ACTION, CRUD, ParityError
from bridge.telemetry.redact import MASK, is_secret_name, redact_text

ACTIONS: Final = ("create", "update", "delete", "query")
CRUD_TYPES: Final = {"payment": "Payment", "refund": "Refund"}
_CRUD: Final = {("POST", False): "create", ("PUT", True): "update", ("DELETE", True): "delete", ("GET", True): "query"}
_KEPT: Final = frozenset({"fields", "rejectUnknownFields"})
_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
_OPTIONS: Final = "GatewayOptionData"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's door and what it asks for; ``path`` has of its query only what changes the meaning."""

    door: str
    path: str
    about: About


def is_door(path: str) -> bool:
    """Whether a path is of Actions or CRUD."""
    return path.startswith(("/v1/action/", "/v1/object/"))


def about(method: str, path: str, body: str) -> Asked:
    """What a request asks for; ``ParityError`` where it is none that is replayed."""
    bare, _, query = path.partition("?")
    parts = bare.strip("/").split("/")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name in _KEPT]
    whole = redact_text(bare) + (f"?{redact_text(urlencode(kept, safe=','))}" if kept else "")
    if len(parts) == 3 and parts[:2] == ["v1", "action"] and parts[2] in ACTIONS and method == "POST":
        given = parse(body)
        if not isinstance(given, dict):
            raise ParityError("the body of an action must be an object")
        rows = given.get("ids" if parts[2] == "delete" else "objects")
        kind = str(given.get("type") or "")
        if parts[2] == "query":
            found = _FROM.search(str(given.get("queryString") or ""))
            kind = found[1] if found else ""
        count = len(rows) if isinstance(rows, list) else 1
        return Asked(ACTION, whole, About(f"{ACTION} {parts[2]}", kind, max(1, count)))
    operation = _CRUD.get((method, len(parts) == 4))
    if len(parts) in (3, 4) and parts[:2] == ["v1", "object"] and parts[2] in CRUD_TYPES and operation:
        if operation in ("create", "update"):
            parse(body)
        return Asked(CRUD, whole, About(f"{CRUD} {operation}", CRUD_TYPES[parts[2]], 1))
    raise ParityError(f"{method} {bare[:80]} is no action and no CRUD call of payments or refunds")


def parse(text: str) -> Any:
    """JSON with its numbers as they were written; ``ParityError`` where it is none or has a name twice."""
    try:
        return json.loads(
            text, object_pairs_hook=_distinct, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise ParityError("not a JSON message") from None


def dump(value: Any, indent: int | None = None, depth: int = 1) -> str:
    """JSON again, numbers as they were written."""
    outer, inner = ("", "") if indent is None else ("\n" + " " * indent * (depth - 1), "\n" + " " * indent * depth)
    comma = ", " if indent is None else ","
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict) and value:
        listed = [f"{json.dumps(k, ensure_ascii=False)}: {dump(v, indent, depth + 1)}" for k, v in value.items()]
        return "{" + inner + f"{comma}{inner}".join(listed) + outer + "}"
    if isinstance(value, list) and value:
        return "[" + inner + f"{comma}{inner}".join(dump(each, indent, depth + 1) for each in value) + outer + "]"
    return json.dumps(value, ensure_ascii=False)


def pretty(text: str) -> str:
    """A message on several lines; as it is where it is no JSON."""
    try:
        return dump(parse(text), 2)
    except ParityError:
        return text


def captured(text: str) -> str:
    """A request without its secrets, still a request: gateway options go altogether, other secrets are masked."""
    if not text:
        return text
    given = parse(text)
    clean = _clean(given)
    made = text if clean == given else dump(clean)
    if redact_text(made) != made:
        raise ParityError("a secret in it cannot be taken out without breaking it")
    return made


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            redact_text(name): MASK if is_secret_name(name) and isinstance(inner, str | dict | list) else _clean(inner)
            for name, inner in value.items()
            if name != _OPTIONS
        }
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, str):
        masked = redact_text(value)
        # A masked number is a text from here on.
        return value if masked == value else masked
    return value


def made(body: bytes) -> tuple[tuple[str, ...], str]:
    """The ids of an answer's rows, "" for a row without one, and its query locator."""
    try:
        answer = parse(body.decode("utf-8"))
    except (ParityError, UnicodeDecodeError):
        return (), ""
    locator = ""
    if isinstance(answer, dict):
        locator = str(answer.get("queryLocator") or "")
        rows = answer["records"] if isinstance(answer.get("records"), list) else [answer]
    else:
        rows = answer if isinstance(answer, list) else []
    return tuple(_id(row) for row in rows), locator


def _id(row: Any) -> str:
    return next((str(v) for k, v in row.items() if k.lower() == "id"), "") if isinstance(row, dict) else ""


def without_rows(body: str, keep: list[int]) -> str:
    """The same action with only those of its objects."""
    given = parse(body)
    for name in ("objects", "ids"):
        if isinstance(given.get(name), list):
            given[name] = [row for place, row in enumerate(given[name]) if place in keep]
    return dump(given)


def outcome(status: int, body: str) -> str | None:
    """How an answer came out, as ``examples.outcome`` says it; None where it is no JSON."""
    try:
        answer = parse(body)
    except ParityError:
        return None
    rows = answer if isinstance(answer, list) else [answer]
    told = [
        next((v for k, v in row.items() if k.lower() == "success"), None) if isinstance(row, dict) else None
        for row in rows
    ]
    if not told or all(each is None for each in told):
        code = answer.get("FaultCode", answer.get("code", "")) if isinstance(answer, dict) else ""
        return f"{code} (HTTP {status})" if code else f"answered (HTTP {status})"
    good = sum(each is True for each in told)
    if good == len(told):
        return "Success"
    codes = Counter(
        str(error.get("Code", ""))
        for row in rows
        for name, errors in row.items()
        if name.lower() == "errors" and isinstance(errors, list)
        for error in errors
        if isinstance(error, dict)
    )
    listed = ", ".join(sorted(codes))
    return listed if len(told) == 1 else f"{good} of {len(told)} Success, {listed}"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)
