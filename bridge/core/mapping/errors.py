"""REST error reasons as SOAP row errors (Zuora: Error codes; the last two digits of a code are its category).

Category 30 covers nearly all business errors and only the message tells them apart, so the caller's field is guessed
from it and left out where nothing fits. Codes are those of the newest WSDL: what an older caller cannot know is brought
down when the answer is written. Must not decide whether money moved (``verdict``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bridge.core.mapping.directives import ITEMS
from bridge.core.mapping.fields import CONTAINERS, TABLE, Target, paths_of
from bridge.core.model import Op, RowError


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a REST error body."""

    code: int
    message: str

    @property
    def category(self) -> int:
        """The last two digits: 10 permission ... 99 external system."""
        return self.code % 100


BY_CATEGORY: Mapping[int, str] = {
    10: "NO_PERMISSION",
    20: "INVALID_VALUE",
    21: "INVALID_FIELD",
    22: "MISSING_REQUIRED_VALUE",
    23: "MISSING_REQUIRED_VALUE",
    27: "INVALID_VALUE",
    40: "INVALID_ID",
    50: "LOCK_COMPETITION",
    70: "REQUEST_EXCEEDED_LIMIT",
}
"""The code of a category; 30 is told by its message, and every other is UNKNOWN_ERROR."""

_CLOSED = re.compile(r"accounting period", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate|already (exists|used|been used)", re.IGNORECASE)
_BALANCE = re.compile(r"balance|exceed|greater than|more than|unapplied", re.IGNORECASE)
_DOCUMENT = re.compile(r"debit memo|invoice|credit memo|posted", re.IGNORECASE)
_OTHER_VALUE = re.compile(r"account|currency|method|gateway|date", re.IGNORECASE)
_REST_NAME = re.compile(r"\b([a-z]+(?:[A-Z][a-z]+)*)\b")
_REST_PATH = re.compile(r"\b[a-zA-Z]+(?:\[[0-9]*\])?(?:\.[a-zA-Z]+(?:\[[0-9]*\])?)+")
_INDEX = re.compile(r"\[[0-9]*\]")

_SOURCES = (
    "InvoiceId",
    "InvoiceNumber",
    "DebitMemoId",
    "DebitMemoNumber",
    "InvoicePaymentData",
    "DebitMemoPaymentData",
    "CreditMemoId",
    "CreditMemoNumber",
    "PaymentId",
    "RefundInvoicePaymentData",
    "DebitMemoRefundData",
    ITEMS,
)
"""Where a caller can name a document, in the order in which one is blamed."""

_NOUNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    # What a "not found" is about; the longer noun first, since a payment method is no payment.
    (re.compile(r"payment ?method", re.IGNORECASE), ("PaymentMethodId",)),
    (re.compile(r"gateway", re.IGNORECASE), ("Gateway",)),
    (re.compile(r"debit ?memo|credit ?memo|invoice", re.IGNORECASE), _SOURCES),
    (re.compile(r"account", re.IGNORECASE), ("AccountId",)),
    (re.compile(r"payment", re.IGNORECASE), ("PaymentId",)),
)


def row_error(
    object_type: str,
    reason: Reason,
    given: Collection[str] | Mapping[str, str],
    *,
    op: Op = Op.CREATE,
    process_id: str | None = None,
) -> RowError:
    """One SOAP error for one REST reason.

    ``given`` are the names that the caller sent, the only ones an error may give; as a mapping, by each name of Zuora's
    or ours the one to tell (``directives.names_of``). ``process_id`` is what Zuora's support finds the case by.
    """
    category, message = reason.category, reason.message
    code = BY_CATEGORY.get(category, "UNKNOWN_ERROR")
    field = _named_field(object_type, message, given)
    if category == 30:
        code, field = _business_rule(message, field, given, op)
    elif category == 40:
        field = field or _missing(message, given, op)
        if field is not None and field.endswith("Number"):
            code = "INVALID_VALUE"
    told = given.get(field) if isinstance(given, Mapping) and field is not None else field
    support = f" (Zuora process {process_id})" if process_id else ""
    return RowError(code, f"[REST {reason.code}] {message}{support}", told)


def _business_rule(message: str, field: str | None, given: Collection[str], op: Op) -> tuple[str, str | None]:
    """INVALID_VALUE where one of the caller's values can be blamed, otherwise TRANSACTION_FAILED."""
    if op is Op.DELETE:
        return "CANNOT_DELETE", "Id"
    if _CLOSED.search(message):
        return "ACCOUNTING_PERIOD_CLOSED", _first(given, ("EffectiveDate", "RefundDate"))
    if _DUPLICATE.search(message):
        return "DUPLICATE_VALUE", field
    if field is None and _BALANCE.search(message):
        field = _first(given, ("AppliedInvoiceAmount", "Amount"))
    elif field is None and _DOCUMENT.search(message):
        field = _first(given, _SOURCES)
    if field is None and op is Op.UPDATE:
        # An update that names a status asks for nothing else: the object cannot get it.
        field = _first(given, ("Status",))
    blamed = field is not None or _OTHER_VALUE.search(message)
    return "INVALID_VALUE" if blamed else "TRANSACTION_FAILED", field


def _missing(message: str, given: Collection[str], op: Op) -> str | None:
    """The field that held what Zuora did not find."""
    if op is not Op.CREATE:
        return "Id"
    named = (_first(given, names) for noun, names in _NOUNS if noun.search(message))
    return next((field for field in named if field is not None), None)


def _first(given: Collection[str], names: Collection[str]) -> str | None:
    return next((name for name in names if name in given), None)


def _named_field(object_type: str, message: str, given: Collection[str]) -> str | None:
    table = NAMES[object_type]
    named = (_first(given, table.get(name, ())) for name in _rest_names(message))
    return next((field for field in named if field is not None), None)


def _rest_names(message: str) -> Iterator[str]:
    for path in _REST_PATH.findall(message):
        *_, outer, inner = _INDEX.sub("", path).split(".")
        yield f"{outer}.{inner}"
        # A row's plain "amount" would read like the object's.
        yield inner if inner != inner.lower() else outer
    for name in _REST_NAME.findall(message):
        # Words such as "amount" and "type" are also plain English; a name with a capital inside is a field.
        if name != name.lower() or f"'{name}'" in message or f'"{name}"' in message:
            yield name


def _names(object_type: str) -> Mapping[str, tuple[str, ...]]:
    made: dict[str, list[str]] = {}
    for target, table in TABLE.items():
        if target.object_type == object_type:
            for soap, fate in table.items():
                rows = paths_of(soap) if soap in CONTAINERS and soap != "GatewayOptionData" else ()
                for path in (*fate.rest, *rows):
                    for key in _keys(path):
                        fields = made.setdefault(key, [])
                        if soap not in fields:
                            fields.append(soap)
    for key in ("items", *(key for key in made if key.startswith("items.") or key.endswith((".items", "ItemId")))):
        # The list of a directive, or the innermost container, is nearer to the fault than the row around it.
        made[key] = [ITEMS, *_ITEM_CONTAINERS, *made.get(key, [])]
    return {key: tuple(sorted(fields, key=_rank)) for key, fields in made.items()}


_ITEM_CONTAINERS = ("InvoiceItemPaymentData", "DebitMemoItemPaymentData", "CreditMemoItemRefundData")


def _rank(name: str) -> int:
    order = (ITEMS, *_ITEM_CONTAINERS, "Amount", "AppliedInvoiceAmount", *_SOURCES)
    return order.index(name) if name in order else len(order)


def _keys(path: str) -> Iterator[str]:
    """The names by which a message may call a place: with its array or group, alone, or only these."""
    if "{" in path or path == "*":
        return
    *groups, name = path.replace("[]", "").split(".")
    if groups:
        yield f"{groups[-1]}.{name}"
        if name != name.lower():
            yield name
            yield groups[-1]
    else:
        yield name


NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    kind: _names(kind) for kind in dict.fromkeys(target.object_type for target in Target)
}
"""The SOAP fields behind a REST name, per object type, in the order in which they are blamed."""
