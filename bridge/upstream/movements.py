"""Reads movements for reconciliation: payments and refunds by their Ids, and those made since a moment.

By Id on Object Query, 99 at a time; what it does not know may only lag, so each of those is asked for by itself. Since
a moment on v1's lists, the newest first (Zuora: List payments: "+" sorts descending), whose times are the tenant's
without saying so. Also reads the amount out of a recorded request. Anything but a plain answer raises ``Unusable``.
Must not send anything but GETs, or judge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from lxml import etree

from bridge.core.intent import Dispatch
from bridge.core.mapping.lexical import from_json, reduced
from bridge.core.model import Instant, Route
from bridge.core.reconcile import Movement
from bridge.upstream import readings
from bridge.upstream.readings import Body, Unusable
from bridge.upstream.rest import Json, ZuoraRest, segment

PATHS = {"Payment": "payments", "Refund": "refunds"}
_QUERY_ROWS = 99
_PAGE_ROWS = 40
_MAX_PAGES = 5000
_MARKERS = ("referenceId", "referenceID", "gatewayOrderId")


class MovementReader:
    """Reads under the bridge's own credential."""

    def __init__(self, rest: ZuoraRest, zone: tzinfo) -> None:
        self._rest = rest
        self._zone = zone

    async def by_ids(self, object_type: str, ids: Sequence[str], entity: str) -> dict[str, Movement | None]:
        """Each Id with its movement, or None where Zuora said that there is none."""
        found: dict[str, Movement | None] = {}
        path = f"/object-query/{PATHS[object_type]}"
        for start in range(0, len(ids), _QUERY_ROWS):
            part = ids[start : start + _QUERY_ROWS]
            params = (("filter[]", f"id.IN:[{','.join(part)}]"), ("pageSize", str(_QUERY_ROWS)))
            body = await self._read(path, params, entity)
            for row in () if body is None else readings.rows(body, "data"):
                movement = self._movement(object_type, row)
                found[movement.zuora_id] = movement
        for zuora_id in ids:
            if zuora_id not in found:
                one = await self._read(f"/v1/{PATHS[object_type]}/{segment(zuora_id)}", (), entity)
                found[zuora_id] = None if one is None else self._movement(object_type, one)
        return found

    async def since(
        self, object_type: str, since: Instant, entity: str, creator: str | None = None
    ) -> AsyncIterator[Movement]:
        """Those made since then, the newest first; by one user where one is given."""
        params = [("sort", "+createdDate"), ("pageSize", str(_PAGE_ROWS))]
        if creator is not None:
            params.append(("createdById", creator))
        for page in range(1, _MAX_PAGES + 1):
            path = f"/v1/{PATHS[object_type]}"
            body = await self._read(path, (*params, ("page", str(page))), entity)
            if body is None:
                raise Unusable(f"Zuora has no list of {PATHS[object_type]}")
            for row in readings.rows(body, PATHS[object_type]):
                movement = self._movement(object_type, row)
                if movement.created is None:
                    raise Unusable(f"a {object_type} without createdDate")
                if movement.created < since:
                    return
                yield movement
            if not body.get("nextPage"):
                return
        raise Unusable(f"more than {_MAX_PAGES} pages of {PATHS[object_type]}")

    async def _read(self, path: str, params: Sequence[tuple[str, str]], entity: str) -> Body | None:
        headers = (("Zuora-Entity-Ids", entity),) if entity else ()
        came = await self._rest.get(path, params, headers=headers)
        if not isinstance(came, Json):
            raise Unusable(f"no answer: {came.reason}")
        if came.not_found:
            return None
        if came.good is None:
            raise Unusable(came.trouble)
        return came.good

    def _movement(self, object_type: str, row: Body) -> Movement:
        zuora_id, status, amount = row.get("id"), row.get("status"), row.get("amount")
        if not isinstance(zuora_id, str) or not isinstance(status, str):
            raise Unusable(f"a {object_type} without id or status")
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise Unusable(f"a {object_type} whose amount is no number")
        creator = row.get("createdById")
        markers = {value for name in _MARKERS if isinstance(value := row.get(name), str) and value}
        return Movement(
            object_type,
            zuora_id,
            Decimal(amount),
            status,
            creator if isinstance(creator, str) else None,
            self._moment(row.get("createdDate")),
            frozenset(markers),
        )

    def _moment(self, text: object) -> Instant | None:
        if not isinstance(text, str):
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        since = (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1000


def amount_asked(dispatches: Iterable[Dispatch], intent_id: str) -> Decimal | None:
    """What the newest of these requests that says an amount says for this intent; None where none does."""
    asked = None
    for dispatch in dispatches:
        if dispatch.method == "POST" and intent_id in dispatch.intent_ids:
            text = _amount(dispatch, dispatch.intent_ids.index(intent_id))
            asked = text if text is not None else asked
    return asked


def _amount(dispatch: Dispatch, place: int) -> Decimal | None:
    if dispatch.route is Route.SOAP:
        text = _of_soap(dispatch.body, place)
    else:
        body: Any = from_json(dispatch.body)
        objects = body.get("objects") if dispatch.route is Route.ACTION else None
        if objects is not None:
            body = objects[place] if place < len(objects) else {}
        text = next((str(body[name]) for name in ("amount", "totalAmount", "Amount") if _has(body, name)), None)
    plain = reduced(text) if text is not None else None
    return Decimal(plain) if plain is not None else None


def _has(body: Mapping[str, Any], name: str) -> bool:
    return body.get(name) is not None


def _of_soap(body: bytes, place: int) -> str | None:
    # Our own message, but read as any other: no entities, no network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    objects = list(etree.fromstring(body, parser).iter("{*}zObjects"))
    if place >= len(objects):
        return None
    return next((each.text for each in objects[place] if etree.QName(each).localname == "Amount"), None)
