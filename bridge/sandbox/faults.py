"""Faults the control face can order: what to match, what goes wrong, how often.

`POST /sandbox/faults {"match", "kind", "times"}` and the options below. `match` is a text that "METHOD path?query" or
the SOAP operation must contain, or an object of `method`, `path` (how it begins, query included), `operation` (of a
SOAP call), `body` (a text in it), and `nth` (the first of the matching requests to hit, from 1) or `skip` (how many to
let pass, from 0). `times` is how many are hit from there on.

| kind | what happens | options |
|---|---|---|
| delay | the answer takes `seconds` longer, before or after the work | seconds, when |
| drop_before, drop_after | the connection ends without an answer; nothing was done, or all | reset |
| truncated | half an answer, then the end | |
| html_502, html_503 | a page of the edge; `commit`: the work was done | commit |
| rate_limited | 429 with Retry-After | retry_after, message |
| expired_token, expired_session | the credentials are no longer known, on either face | |
| in_progress_409 | as if the Idempotency-Key were in use | message |
| error_500_before, error_500_after | 500 of a category; nothing was done, or all | category, message, stored |
| lock | locking contention: category 50, LOCK_COMPETITION | message, stored |
| success_false_200 | 200 with success:false | category, message |
| refuse | REST: that category; SOAP and JSON objects: that code in each row | category, code, message, stored |
| soap_fault | SOAP: UnexpectedErrorFault of that code; JSON objects: 400 FaultCode | code, message |
| decline..., gateway_timeout... | what the gateway says to an electronic transaction: the table of `gateway` | |

`stored` says whether the answer is kept under the Idempotency-Key. Must not touch the tenant: the server asks here what
to do with a request and does it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridge.sandbox.gateway import VERDICTS
from bridge.sandbox.money import Json

# Where in the life of a request a fault bites. Edge faults never reach Zuora, so no idempotency key is used up.
EDGE: Final = ("drop_before", "html_502", "html_503", "rate_limited", "expired_token", "in_progress_409")
INSIDE: Final = ("error_500_before", "lock", "success_false_200", "expired_session", "refuse", "soap_fault", *VERDICTS)
AFTER: Final = ("drop_after", "error_500_after", "truncated")
KINDS: Final = (*EDGE, *INSIDE, *AFTER, "delay")

_MATCH_KEYS = ("method", "path", "operation", "body", "nth", "skip")
_OPTIONS: Final[dict[str, type]] = {
    "seconds": float,
    "when": str,
    "category": int,
    "message": str,
    "code": str,
    "stored": bool,
    "commit": bool,
    "retry_after": int,
    "reset": bool,
}


@dataclass
class Fault:
    """One order: matching requests get it until it is used up."""

    id: int
    kind: str
    method: str = ""
    path: str = ""
    operation: str = ""
    body: str = ""
    text: str = ""
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    when: str = "before"
    category: int = 0
    message: str = ""
    code: str = ""
    stored: bool | None = None
    commit: bool = False
    retry_after: int = 120
    reset: bool = False
    seen: int = 0
    used: int = 0

    def matches(self, method: str, path: str, operation: str, body: bytes) -> bool:
        """Tell whether a request is meant (not whether it is its turn)."""
        if self.text and self.text not in f"{method} {path}" and self.text not in operation:
            return False
        if (self.method and self.method != method) or (self.operation and self.operation != operation):
            return False
        return path.startswith(self.path) and self.body.encode() in body

    def wire(self) -> dict[str, Json]:
        """Return the fault as the control face shows it."""
        match: dict[str, Json] = {
            key: getattr(self, key) for key in ("method", "path", "operation", "body", "text") if getattr(self, key)
        }
        match["nth"] = self.nth
        return {
            "id": self.id,
            "kind": self.kind,
            "match": match,
            "times": self.times,
            "seen": self.seen,
            "used": self.used,
        }


class Faults:
    """All orders, oldest first."""

    def __init__(self) -> None:
        self.all: list[Fault] = []
        self._count = 0

    def clear(self) -> int:
        """Forget all orders; return how many there were."""
        count = len(self.all)
        self.all.clear()
        return count

    def add(self, given: object) -> Fault | str:
        """Add an order; return it, or what is wrong with it."""
        if not isinstance(given, dict):
            return "the body must be a JSON object with match, kind and times"
        kind = given.get("kind")
        if kind not in KINDS:
            return f"unknown kind {kind!r}; known: {', '.join(KINDS)}"
        fault = Fault(self._count + 1, str(kind))
        problem = _read_match(fault, given.get("match", {})) or _read_options(fault, given)
        if problem:
            return problem
        self._count += 1
        self.all.append(fault)
        return fault

    def take(self, method: str, path: str, operation: str, body: bytes) -> list[Fault]:
        """Return the faults for one request: every delay, and the first other one."""
        if not self.all:
            return []
        taken: list[Fault] = []
        for fault in self.all:
            if fault.used >= fault.times or not fault.matches(method, path, operation, body):
                continue
            fault.seen += 1
            other = any(one.kind != "delay" for one in taken)
            if fault.seen >= fault.nth and not (other and fault.kind != "delay"):
                fault.used += 1
                taken.append(fault)
        return taken


def _read_match(fault: Fault, match: object) -> str:
    if isinstance(match, str):
        fault.text = match
        return ""
    if not isinstance(match, dict):
        return "match must be a text or an object of method, path, operation, body, nth, skip"
    for key, value in match.items():
        if key not in _MATCH_KEYS:
            return f"unknown match {key!r}; known: {', '.join(_MATCH_KEYS)}"
        if key == "nth":
            if not isinstance(value, Decimal) or value < 1 or value != int(value):
                return "match.nth must be a number from 1"
            fault.nth = int(value)
        elif key == "skip":
            if not isinstance(value, Decimal) or value < 0 or value != int(value):
                return "match.skip must be a number from 0"
            fault.nth = int(value) + 1
        elif not isinstance(value, str):
            return f"match.{key} must be a text"
        else:
            setattr(fault, key, value)
    fault.method = fault.method.upper()
    return ""


def _read_options(fault: Fault, given: dict[str, object]) -> str:
    times = given.get("times", Decimal(1))
    if not isinstance(times, Decimal) or times < 1 or times != int(times):
        return "times must be a number from 1"
    fault.times = int(times)
    for key, value in given.items():
        if key in ("match", "kind", "times"):
            continue
        wanted = _OPTIONS.get(key)
        if wanted is None:
            return f"unknown option {key!r}; known: {', '.join(_OPTIONS)}"
        if wanted in (int, float):
            if not isinstance(value, Decimal) or value < 0:
                return f"{key} must be a number"
            setattr(fault, key, wanted(value))
        elif not isinstance(value, wanted):
            return f"{key} must be a {wanted.__name__}"
        else:
            setattr(fault, key, value)
    if fault.when not in ("before", "after"):
        return "when must be before or after"
    return ""
