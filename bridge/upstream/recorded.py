"""What a recorded request says, for people who search or look: account, documents, amount, currency, reference, Id.

Read from the bytes that were sent, on whichever route. What is not said is None; what cannot be read says nothing.
Amounts are Decimal. Must not be used to decide anything about money: core's own proofs read requests for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from lxml import etree

from bridge.core.intent import Dispatch
from bridge.core.mapping.lexical import from_json, reduced
from bridge.core.model import Route

Fields = list[tuple[str, str]]
"""Names in lower case with their values, outermost first."""

_DOCUMENTS = frozenset(
    f"{kind}{part}" for kind in ("invoice", "debitmemo", "creditmemo", "payment") for part in ("id", "number")
)
_AMOUNTS = ("amount", "totalamount", "appliedinvoiceamount")
_REFERENCES = ("referenceid", "gatewayorderid", "secondpaymentreferenceid")
_PATH = re.compile(r"/v1/(payments|refunds|credit-memos)/([^/?]+)")
_MOST_FIELDS = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """What the request of one object says. ``own_id`` is the object's, where it exists already."""

    account: str | None = None
    documents: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    reference: str | None = None
    own_id: str | None = None

    def names(self, document: str) -> bool:
        """Whether it is about this document, in any case of its letters."""
        return document.casefold() in (each.casefold() for each in self.documents)


def said(requests: Iterable[tuple[int, Dispatch]]) -> Said:
    """What the requests of one object say together; each with the place that the object has in it.

    Where two speak of the same, the first counts: a retry says what the first attempt said.
    """
    whole = Said()
    for place, dispatch in requests:
        try:
            fields = list(_of_soap(dispatch, place) if dispatch.route is Route.SOAP else _of_json(dispatch, place))
        except (ValueError, etree.LxmlError, RecursionError):
            continue
        whole = _with(whole, fields)
    return whole


def _with(whole: Said, fields: Fields) -> Said:
    def first(*names: str) -> str | None:
        return next((value for name in names for known, value in fields if known == name), None)

    amount = next((found for name in _AMOUNTS if (found := _decimal(first(name))) is not None), None)
    documents = dict.fromkeys((*whole.documents, *(value for name, value in fields if name in _DOCUMENTS)))
    return replace(
        whole,
        account=whole.account or first("accountid", "accountnumber"),
        documents=tuple(documents),
        amount=whole.amount if whole.amount is not None else amount,
        currency=whole.currency or first("currency"),
        reference=whole.reference or first(*_REFERENCES),
        own_id=whole.own_id or first("id"),
    )


def _decimal(text: str | None) -> Decimal | None:
    plain = reduced(text) if text is not None else None
    return Decimal(plain) if plain is not None else None


def _of_json(dispatch: Dispatch, place: int) -> Iterator[tuple[str, str]]:
    body: Any = from_json(dispatch.body) if dispatch.body else {}
    if dispatch.route is Route.ACTION:
        listed = body.get("objects", body.get("ids", ())) if isinstance(body, Mapping) else ()
        one = listed[place] if place < len(listed) else {}
        body = {"id": one} if isinstance(one, str) else one
    elif (path := _PATH.match(dispatch.path)) is not None:
        # What a refund is of, or the object that is changed.
        kind, key = path[1], unquote(path[2])
        of_source = dispatch.path.partition("?")[0].endswith(("/refunds", "/refund", "/unapply", "/apply"))
        yield ("paymentid" if kind == "payments" else "creditmemoid") if of_source else "id", key
    yield from _flat(body)


def _flat(body: object) -> Iterator[tuple[str, str]]:
    """Breadth first, so that what the object says itself comes before what its parts say."""
    below: list[object] = [body]
    for each in below:
        if len(below) > _MOST_FIELDS:
            return
        if isinstance(each, Mapping):
            for name, value in each.items():
                if isinstance(value, Mapping | list | tuple):
                    below.append(value)
                elif value is not None and not isinstance(value, bool):
                    yield str(name).lower(), str(value)
        elif isinstance(each, list | tuple):
            below.extend(each)


def _of_soap(dispatch: Dispatch, place: int) -> Iterator[tuple[str, str]]:
    # Our own message, but read as any other: no entities, no network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(dispatch.body, parser)
    objects = list(root.iter("{*}zObjects"))
    if place < len(objects):
        below = [objects[place]]
        for each in below:
            for child in each.iterchildren("*"):
                if len(child):
                    below.append(child)
                elif child.text:
                    yield etree.QName(child).localname.lower(), child.text.strip()
        return
    # A delete names Ids and no objects.
    ids = list(root.iter("{*}ids"))
    if place < len(ids) and (text := ids[place].text):
        yield "id", text.strip()
