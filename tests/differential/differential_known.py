"""What a caller can tell the bridge from Zuora by, each with its reason; everything else must be equal.

Of every answer the status, the headers that a caller may act on and the bytes are compared, of both sides the books.
Never compared, because they cannot be equal: the bridge's own headers (``Bridge-Intent``, ``Bridge-Route``,
``Bridge-Joined``), ``Server``, ``Date`` and ``Expires``, Zuora's request ids, the framing of the body. ids, numbers and
origins are compared as what they stand for. Must not send anything.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from two_zuoras import Seen


class Level(enum.Enum):
    """How far two answers may differ."""

    WORDS = "the same answer in other words, or with the name of a field"
    CODE = "the same rows refused, with another code"
    ROW = "Zuora refuses the whole call, the bridge its row"
    MORE = "Zuora refuses, the bridge does it"
    LESS = "Zuora does it, the bridge refuses"
    NEWER = "the bridge reads a field that Zuora does not know at this version"


APART: Final = frozenset({Level.ROW, Level.MORE, Level.LESS, Level.NEWER})
"""Where the books part as well: such cases run on books of their own."""

SOAP: Final = frozenset({"soap11", "soap12"})
JSON: Final = frozenset({"action", "crud"})
DEFAULT: Final = "soap"


@dataclass(frozen=True)
class Known:
    """A difference that is meant, or that nobody can decide; ``cases`` is matched against the whole name of a case.

    Where it is ``strict`` a case that it is about must show it: what is no longer different must not stand here.
    """

    level: Level
    why: str
    cases: str
    doors: frozenset[str] = SOAP | JSON
    policies: frozenset[str] = frozenset({DEFAULT, "action", "rest"})
    first: int = 0
    last: int = 999
    strict: bool = True

    def applies(self, case: str, door: str, policy: str, version: int) -> bool:
        """Whether it is about this case at this door."""
        return (
            door in self.doors
            and policy in self.policies
            and self.first <= version <= self.last
            and re.fullmatch(self.cases, case) is not None
        )


REST: Final = frozenset({"rest"})

BY_REST: Final = (
    Known(
        Level.MORE,
        "REST takes documents by their number, and refunds of a payment by the payment's.",
        "payment: an invoice id that is none|refund: of an id that is none",
        policies=REST,
    ),
    Known(
        Level.MORE,
        "Without a split REST chooses the documents that give back; SOAP wants to be told.",
        "refund: of two invoices, unsplit",
        policies=REST,
    ),
    Known(
        Level.CODE,
        "REST's one category for business errors is TRANSACTION_FAILED where no field of the caller's can be blamed.",
        "refund: electronic of a check",
        policies=REST,
    ),
    Known(
        Level.LESS,
        "REST wants custom fields in their JSON type, which a tenant's own file tells; without it they are text.",
        "(refund|change): (a refund's )?custom fields",
        policies=REST,
    ),
    Known(
        Level.LESS,
        "REST refuses a custom field that the tenant lacks; SOAP ignores it.",
        "change: custom fields Zuora lacks",
        policies=REST,
    ),
    Known(
        Level.LESS,
        "A refund whose AccountId is not that of its payment is refused; SOAP has no use for the field.",
        "refund: with another account",
        policies=REST,
    ),
    Known(
        Level.LESS,
        "A gateway that is not active is refused, also for a check, which needs none: REST takes ids of gateways only.",
        "payment: a check by an inactive gateway",
        policies=REST,
    ),
    Known(
        Level.MORE,
        "REST takes No for TransferredToAccounting too.",
        "change: transferred to nowhere",
        policies=REST,
    ),
    Known(
        Level.MORE,
        "REST cancels an electronic payment, which SOAP calls voiding; the money itself goes back by neither.",
        "change: a card canceled",
        policies=REST,
    ),
)

KNOWN: Final = (
    *BY_REST,
    Known(
        Level.MORE,
        "An absent Amount is filled by the documented sum: callers from before Invoice Settlement never sent it.",
        "payment: (no Amount|a name in the wrong case)",
    ),
    Known(
        Level.ROW,
        "A text that is no id is refused in its row before it is sent: the fault of Zuora's engine for the whole call "
        "is no verdict about money, so the call would stay in doubt.",
        ".*: (an|of an|an invoice) id that is none( among others)?",
        SOAP | {"action"},
    ),
    Known(
        Level.CODE,
        "The same for one object of CRUD, whose errors have codes: INVALID_ID in the bridge's words.",
        ".*: (an|of an|an invoice) id that is none",
        frozenset({"crud"}),
    ),
    Known(
        Level.ROW,
        "A text that is no date is refused in its row, for the same reason.",
        ".*: (a date that is none|the 30th of February)",
        SOAP | {"action"},
    ),
    Known(
        Level.WORDS,
        "The bridge says what a date must look like and names the field.",
        ".*: (a date that is none|the 30th of February)",
        frozenset({"crud"}),
    ),
    Known(
        Level.WORDS,
        "The bridge says what a date must look like and names the field.",
        "batch: a date that is none among others",
        first=69,
    ),
    Known(
        Level.WORDS,
        "The engine's words for a number that is none are known from one recorded fault, without the field's name.",
        ".*: (of )?an amount that is none( among others)?",
        SOAP | {"crud"},
    ),
    Known(
        Level.CODE,
        "An Action with a number that is none is refused as a whole on both sides; Zuora's shape of that is not known.",
        ".*: (of )?an amount that is none( among others)?",
        frozenset({"action"}),
    ),
    Known(Level.WORDS, "A refusal of the bridge's own names the field.", "change: an id that is none deleted", SOAP),
    Known(
        Level.WORDS,
        "Zuora's words for more than fifty objects are not known; code and fault are.",
        "batch: fifty-one( ids)?",
    ),
    Known(Level.WORDS, "Zuora's words for objects of several types are unknown.", "fault: mixed types", SOAP),
    Known(Level.WORDS, "So are the engine's for an undeclared prefix.", "fault: an undeclared prefix", SOAP),
    Known(
        Level.ROW,
        "A nil object is read as one without fields, which Zuora refuses in its row.",
        "fault: a nil object",
        SOAP,
    ),
    Known(
        Level.MORE,
        "fieldsToNull is understood wherever it stands.",
        "fault: fields to null behind the id",
        SOAP,
    ),
    Known(
        Level.CODE,
        "What Zuora answers to an Action without objects is not known; the bridge says what is missing.",
        "batch: none( to update| to delete)?|fault: nothing in the body",
        frozenset({"action"}),
    ),
    Known(
        Level.WORDS,
        "A JSON caller proves whose object it is by reading what the object names; where that fails, the row says so.",
        "payment: (an unknown account|an id in digits)|refund: of nothing|batch: refunds|.*: nothing at all",
        JSON,
    ),
    Known(
        Level.WORDS,
        "What an older tenant's file would say in other terms the bridge says itself, and names the field.",
        "payment: no PaymentMethodId",
        first=121,
    ),
    Known(
        Level.LESS,
        "A field newer than the caller's version travels on, where Zuora would ignore it: unknown never means dropped, "
        "and a caller generated from such a file has no such field.",
        "payment: another currency",
        last=76,
    ),
    Known(
        Level.NEWER,
        "The same with rows of documents, which came with version 64: they are understood at every version.",
        "payment: (several invoices.*|one row|an invoice and rows|a row without .*|rows .*|an unknown invoice in a row|"
        "201 rows)|refund: (of two invoices.*|a split .*)",
        last=63,
    ),
    Known(
        Level.NEWER,
        "The same with a refund's reason (44) and second reference (47).",
        "refund: (references|an unknown reason)|change: a refund's reason.*",
        last=46,
        strict=False,
    ),
    Known(
        Level.MORE,
        "A date without a time is understood from callers whose file has a dateTime there.",
        "payment: a date with an offset",
        last=68,
    ),
    Known(
        Level.WORDS,
        "What REST or the bridge before it refuses is told in their words, with the field and Zuora's process id.",
        ".*",
        policies=REST,
        strict=False,
    ),
)


def known(case: str, door: str, policy: str, version: int) -> Known | None:
    """The difference that is expected of a case, if any."""
    return next((each for each in KNOWN if each.applies(case, door, policy, version)), None)


_TEXTS: Final = re.compile(
    r"<(faultstring|Exception|(?:\w+:)?(?:Message|FaultMessage|Text))( [^>]*)?>[^<]*<|"
    r'"(Message|FaultMessage|message)":"(?:[^"\\]|\\.)*"'
)
_FIELD: Final = re.compile(r"<ns1:Field>[^<]*</ns1:Field>")
_CODES: Final = re.compile(r'<(faultcode|\w+:(?:Code|FaultCode|Value))>[^<]*<|"(Code|FaultCode)":"[^"]*"')
_SUCCESS: Final = re.compile(r"<ns1:[Ss]uccess>(true|false)<|\"[Ss]uccess\":(true|false)")


def wordless(body: str) -> str:
    """An answer without what is for people."""
    return _FIELD.sub("", _TEXTS.sub("text", body))


def successes(body: str) -> list[bool]:
    """Of each row whether it says success."""
    return ["true" in found for found in map("".join, _SUCCESS.findall(body))]


def allowed(level: Level, zuora: Seen, bridge: Seen) -> bool:
    """Whether two answers that differ do so only as far as the level says."""
    same = zuora.status == bridge.status and zuora.headers == bridge.headers
    if level is Level.WORDS:
        return same and wordless(zuora.body) == wordless(bridge.body)
    if level is Level.CODE:
        return True not in (*successes(zuora.body), *successes(bridge.body)) and bridge.status in (200, 400, 500)
    if level is Level.ROW:
        return not successes(zuora.body) and zuora.status >= 400 and False in successes(bridge.body)
    if level is Level.NEWER:
        return bridge.status in (200, 400) and len(successes(zuora.body)) == len(successes(bridge.body))
    more, less = (zuora, bridge) if level is Level.MORE else (bridge, zuora)
    return True not in successes(more.body) and True in successes(less.body)


def differences(zuora: Any, bridge: Any, path: str = "") -> list[str]:
    """Where two books part."""
    if isinstance(zuora, Mapping) and isinstance(bridge, Mapping):
        found = []
        for name in sorted({*zuora, *bridge}):
            found += differences(zuora.get(name), bridge.get(name), f"{path}/{name}")
        return found
    return [] if zuora == bridge else [f"{path}: Zuora has {zuora!r}, behind the bridge it is {bridge!r}"[:400]]
