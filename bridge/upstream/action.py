"""Zuora's JSON Actions: the 50-object semantics of SOAP, with an Idempotency-Key (Zuora: Actions).

Composes what SOAP composes, from the same objects: a value that the contract calls a number or a boolean goes out as
one, exactly as it was written, everything else as text. What is recorded holds no credential; the caller's own or the
bridge's is put back when it is sent. Must not retry, drop a field, or read an answer strictly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Final, Protocol

from lxml import etree

from bridge.contract.contract import Contract, Field
from bridge.core.commands import Answer, Composed, Lost, NotSent, SoapAnswer
from bridge.core.intent import Dispatch
from bridge.core.model import Op, ZObject
from bridge.upstream.action_answers import read_action
from bridge.upstream.soap_objects import Uncomposable

NUMBERS: Final = frozenset({"decimal", "double", "float", "integer", "long", "int", "short", "byte"})
NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?\Z")
"""RFC 8259, 6."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
_BOOLEANS: Final = {"true": "true", "1": "true", "false": "false", "0": "false"}
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


class Sender(Protocol):
    """What this needs of ``upstream.rest``: a recorded dispatch out under a credential (None: the bridge's own)."""

    def send(
        self,
        dispatch: Dispatch,
        not_after: float | None = None,
        credential: Sequence[tuple[str, str]] | None = None,
    ) -> Awaitable[Answer | NotSent | Lost]:
        """Send it once."""


class ZuoraActions:
    """Actions at the version of ``contract``, the tenant's own WSDL."""

    def __init__(self, contract: Contract, rest: Sender) -> None:
        self._contract = contract
        self._rest = rest
        self._types: dict[str, dict[str, Field]] = {}

    def compose(self, op: Op, objects: tuple[ZObject, ...], entity: str = "") -> Composed:
        """The request as it will be recorded; the same objects give the same bytes. Raises ``Uncomposable``."""
        kind = json.dumps(objects[0].type)
        if op is Op.DELETE:
            ids = ",".join(json.dumps(_id(each)) for each in objects)
            body = f'{{"type":{kind},"ids":[{ids}]}}'
        else:
            body = f'{{"type":{kind},"objects":[{",".join(map(self._object, objects))}]}}'
        headers = [("Content-Type", "application/json"), ("X-Zuora-WSDL-Version", str(self._contract.version))]
        if entity:
            headers.append(("Zuora-Entity-Ids", entity))
        return Composed(f"/v1/action/{op.value}", tuple(headers), body.encode())

    async def send(
        self, dispatch: Dispatch, not_after: float | None, own: Sequence[tuple[str, str]] | None = None
    ) -> SoapAnswer | NotSent | Lost:
        """Send a recorded dispatch, under a JSON caller's ``own`` headers or the bridge's OAuth client."""
        came = await self._rest.send(dispatch, not_after, own)
        if isinstance(came, Answer):
            return read_action(came.status, came.body, came.retry_after)
        return came

    def _object(self, given: ZObject) -> str:
        fields = self._fields(given.type)
        pairs = [(name, self._value(fields.get(name), text)) for name, text in given.fields.items()]
        pairs += [(name, self._rows(fields.get(name), rows)) for name, rows in given.children.items()]
        pairs += [(name, _verbatim(text)) for name, text in given.verbatim.items()]
        if given.nulls:
            pairs.append(("fieldsToNull", json.dumps(given.nulls, separators=(",", ":"))))
        return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in pairs) + "}"

    def _fields(self, kind: str) -> dict[str, Field]:
        made = self._types.get(kind)
        if made is None:
            found = self._contract.objects.get(kind)
            if found is None:
                raise Uncomposable(f"Zuora's WSDL has no object type {kind[:60]!r}")
            made = self._types[kind] = {item.name: item for item in found.fields}
        return made

    def _value(self, item: Field | None, text: str) -> str:
        primitive = self._contract.primitive(item.type) if item is not None else None
        if primitive in NUMBERS:
            return _number(text) or json.dumps(text)
        if primitive == "boolean":
            return _BOOLEANS.get(text.strip()) or json.dumps(text)
        return json.dumps(text)

    def _rows(self, item: Field | None, rows: tuple[ZObject, ...]) -> str:
        """Rows under the name that their container has for their type, which the file may derive from another."""
        if item is None or self._contract.is_object(item.type):
            written = [self._object(row) for row in rows]
            single = item is not None and not item.repeats
            return written[0] if single and len(written) == 1 else f"[{','.join(written)}]"
        inside = self._contract.complex_types[item.type].fields
        made: dict[str, list[str]] = {}
        for row in rows:
            found = self._contract.objects.get(row.type)
            lineage = list(self._contract.lineage(found.name)) if found is not None else []
            name = next((child.name for child in inside if child.type in lineage), row.type)
            made.setdefault(name, []).append(self._object(row))
        return "{" + ",".join(f"{json.dumps(name)}:[{','.join(each)}]" for name, each in made.items()) + "}"


def _id(given: ZObject) -> str:
    text = given.get("Id")
    if not text:
        raise Uncomposable("an object to delete has no Id")
    return text


def _number(text: str) -> str | None:
    """A number as JSON spells it, digit for digit, or None for what is no number."""
    stripped = text.strip()
    if _PLAIN.match(stripped):
        return stripped
    return format(Decimal(stripped), "f") if _DECIMAL.match(stripped) else None


def _verbatim(text: str) -> str:
    """What the contract does not know: JSON as it came, XML as the nearest JSON."""
    if not text.startswith("<"):
        return text
    try:
        found = [_nearest(each) for each in etree.fromstring(f"<all>{text}</all>", _PARSER)]
    except etree.XMLSyntaxError:
        raise Uncomposable("an element that the WSDL lacks is not well-formed XML on its own") from None
    return json.dumps(found[0] if len(found) == 1 else found, separators=(",", ":"))


def _nearest(element: etree._Element) -> object:
    if element.get(NIL, "").strip() in ("true", "1"):
        return None
    inside: dict[str, list[object]] = {}
    for child in element:
        if isinstance(child.tag, str):
            inside.setdefault(child.tag.rpartition("}")[2], []).append(_nearest(child))
    if not inside:
        return element.text or ""
    return {name: each[0] if len(each) == 1 else each for name, each in inside.items()}
