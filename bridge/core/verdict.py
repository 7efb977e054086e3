"""What an upstream event proves about money: decided here and nowhere else (DESIGN: verdicts).

*Unsent*: no byte left. *Done*: an Id came back. *No*: Zuora refused, nothing moved. *Busy*: refused for now, a new key
may follow. *Doubt*: everything else, well formed or not. After a doubt only an answer that the idempotent request
itself produced is proof; one that Zuora may have given before looking at the key is not. Must not act on a verdict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.commands import Answer, Lost, NotSent, SendEvent, SoapAnswer, SoapFault, SoapRow
from bridge.core.mapping.errors import Reason, row_error
from bridge.core.mapping.lexical import from_json
from bridge.core.model import CallFault, Op, Route, RowError, ZObject

_ID = re.compile(r"[0-9a-zA-Z]{32}\Z")
_LONGEST_CODE = 18
_LONGEST_PROCESS = 64

DEFINITE = frozenset({*range(10, 46), 50, 70, 90})
"""Categories that say nothing moved (Zuora: Error codes). 60, 61 and 99 are no verdict: stored answers include
failures, and a gateway may have been reached."""

PRODUCED_BY_THE_REQUEST = frozenset({*range(20, 45), 50})
"""Of those, the ones an idempotent request answers after its key was looked at, so that a replay repeats them. Not
permission (10, 11), method and media type (45), the limit (70) and malformed JSON (90)."""

NO_VERDICT_FAULTS = frozenset(
    {"TRANSACTION_TIMEOUT", "TRANSACTION_TERMINATED", "UNKNOWN_ERROR", "SERVER_UNAVAILABLE", "TEMPORARY_ERROR"}
)


@dataclass(frozen=True, slots=True)
class Unsent:
    """Proved: no byte left for Zuora."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """Zuora made or changed the object with this Id."""

    zuora_id: str


@dataclass(frozen=True, slots=True)
class No:
    """Zuora refused; nothing moved."""

    errors: tuple[RowError, ...]
    fault: CallFault | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Zuora refused for now (a lock, the concurrency limit); nothing moved under this key."""

    errors: tuple[RowError, ...]
    retry_after: int | None
    limited: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """No verdict; the request may have been carried out. ``stored``: this very answer is what a repeat would get."""

    reason: str
    stored: bool = False


Verdict = Unsent | Done | No | Busy | Doubt


def judge_rest(
    event: SendEvent,
    obj: ZObject,
    *,
    doubted: bool = False,
    known: str | None = None,
    own: bool = False,
    op: Op = Op.CREATE,
    names: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict on one REST request. ``doubted``: an earlier send of the same bytes got none.

    ``known`` is the Id of the object an update or delete is about, which a success need not repeat; ``own`` says that
    the request went under the caller's own credential; ``names`` are those an error may give (``names_of``).
    """
    if isinstance(event, NotSent):
        return Doubt(event.reason) if doubted else Unsent(event.reason)
    if isinstance(event, Lost):
        return Doubt(event.reason)
    assert isinstance(event, Answer)
    read, process_id = _read(event, known)
    if event.status >= 500:
        return Doubt(f"HTTP {event.status}", stored=bool(read))
    if isinstance(read, str):
        return Done(read)
    if event.status in (401, 422, 429) and doubted:
        return Doubt(f"HTTP {event.status}")
    given = names if names is not None else {*obj.fields, *obj.children}
    errors = tuple(row_error(obj.type, reason, given, op=op, process_id=process_id) for reason in read)
    limited = bool(read) and all(reason.category == 70 for reason in read)
    if event.status == 429:
        return Busy((LIMIT,), event.retry_after, limited=True)
    if event.status in (401, 422):
        return No((UNAUTHENTICATED,) if own and event.status == 401 else _ours(event.status))
    proof = PRODUCED_BY_THE_REQUEST if doubted else DEFINITE
    if not read or not all(reason.category in proof for reason in read):
        return Doubt(f"HTTP {event.status} without a verdict", stored=bool(read))
    if any(reason.category in (50, 70) for reason in read):
        return Busy((LIMIT,) if limited else errors, event.retry_after, limited=limited)
    return No(errors)


LIMIT = RowError(
    "REQUEST_EXCEEDED_LIMIT",
    # Zuora: SOAP API concurrent request limits, the documented text.
    "The total number of concurrent requests has exceeded the limit allowed by the system. "
    "Please resubmit your request later.",
)


UNAUTHENTICATED = RowError("INVALID_SESSION", "Authentication error")
"""Zuora did not accept the caller's own credential (Zuora: Actions, 401)."""


def _ours(status: int) -> tuple[RowError, ...]:
    what = "did not accept the bridge's own OAuth client" if status == 401 else "saw the request's key used otherwise"
    return (RowError("UNKNOWN_ERROR", f"Zuora {what}. Nothing was changed; the owner of the bridge must act."),)


def _read(event: Answer, known: str | None) -> tuple[str | tuple[Reason, ...], str | None]:
    """The Id of a success body, or the reasons of a failure (an empty tuple where it is neither) and its process id."""
    try:
        body = from_json(event.body)
    except ValueError:
        return (), None
    if not isinstance(body, dict):
        return (), None
    success, reasons, process = body.get("success"), body.get("reasons"), body.get("processId")
    if success is True:
        made = body.get("id", known)
        return made if isinstance(made, str) and _ID.match(made) else (), None
    refused = event.status >= 400 or (event.status == 200 and success is False)
    if not refused or not isinstance(reasons, list):
        return (), None
    support = process[:_LONGEST_PROCESS] if isinstance(process, str) else None
    return tuple(map(_reason, reasons)), support


def _reason(each: object) -> Reason:
    # Zuora's documents have the code as an integer, its SDK as a string.
    if not isinstance(each, Mapping):
        return Reason(0, "unreadable reason")
    code, message = each.get("code"), each.get("message")
    text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    readable = text.isascii() and text.isdigit() and len(text) <= _LONGEST_CODE
    return Reason(int(text) if readable else 0, message if isinstance(message, str) else "")


def judge_batch(
    event: SendEvent,
    count: int,
    *,
    creates: bool = True,
    doubted: bool = False,
    route: Route = Route.SOAP,
    own: bool = False,
) -> tuple[Verdict, ...]:
    """The verdicts on a SOAP request or Action of ``count`` objects, in their order. A definite fault is in every
    ``No``. After a doubt (``doubted``) only rows are proof: a fault may come from before the key was looked at.
    ``own``: under the caller's own credential.
    """
    if isinstance(event, NotSent):
        return (Doubt(event.reason) if doubted else Unsent(event.reason),) * count
    if isinstance(event, Lost):
        return (Doubt(event.reason),) * count
    assert isinstance(event, SoapAnswer)
    if doubted and (event.fault is not None or event.rows is None):
        return (Doubt(f"HTTP {event.status} without rows"),) * count
    if event.status == 401 and route is Route.ACTION:
        if not own:
            return (No(_ours(401)),) * count
        return (No((UNAUTHENTICATED,), CallFault(UNAUTHENTICATED.code, UNAUTHENTICATED.message, status=401)),) * count
    if event.fault is not None and (fault := _definite(event.fault, event)) is not None:
        return (No((RowError(fault.code, fault.message),), fault),) * count
    if event.status == 429:
        fault = CallFault(LIMIT.code, LIMIT.message, status=429, retry_after=event.retry_after)
        return (No((LIMIT,), fault),) * count
    if event.status != 200 or event.rows is None or len(event.rows) != count:
        return (Doubt(f"HTTP {event.status} without the rows of the request"),) * count
    verdicts = tuple(_judge_row(row) for row in event.rows)
    ids = Counter(each.zuora_id for each in verdicts if isinstance(each, Done))
    if creates and any(times > 1 for times in ids.values()):
        # One new object cannot be two: whichever row the Id belongs to, the answer is not to be trusted.
        return tuple(
            Doubt("one Id for two objects") if isinstance(each, Done) and ids[each.zuora_id] > 1 else each
            for each in verdicts
        )
    return verdicts


def _definite(fault: SoapFault, event: SoapAnswer) -> CallFault | None:
    """The fault to relay, where it is Zuora's own word that nothing was processed."""
    prefix, _, outer = fault.faultcode.partition(":")
    code = fault.code or outer
    if prefix != "fns" or not code or event.status not in (200, 400, 403, 429, 500):
        return None
    limited = event.status == 429
    if not limited and not NO_VERDICT_FAULTS.isdisjoint((code, outer)):
        return None
    message = fault.message if fault.message is not None else fault.faultstring
    return CallFault(code, message, fault.kind or "UnexpectedErrorFault", 429 if limited else 500, event.retry_after)


def _judge_row(row: SoapRow) -> Verdict:
    if row.success is True:
        return Done(row.id) if row.id else Doubt("a success row without an Id")
    if row.success is False and row.errors:
        if any(error.code == "TRANSACTION_TIMEOUT" for error in row.errors):
            return Doubt("TRANSACTION_TIMEOUT", stored=True)
        return No(row.errors)
    return Doubt("a row without Success or Errors")
