"""A call as a caller of the tenant's own version would write it.

Run before fingerprints are taken, so that a retry that stamps another time of the same day is the same act, and shared
by all doors. What differs is the day in a date field: callers up to WSDL 68 send a dateTime there, and from 69 on that
is INVALID_VALUE (Zuora: Date field changes in the WSDL), on route soap too, which speaks the tenant's version. Amounts
that were doubles are decimals since they were decoded; fields newer than the caller's version travel as they are. Must
not drop a field or change one that is no date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, tzinfo

from bridge.core.mapping.lexical import day_of_date, day_of_date_time
from bridge.core.model import Call, Op, RowError, Tenant, Version, ZObject
from bridge.core.refusals import Refusal, invalid
from bridge.core.versions import DATES, DATES_SINCE


def adapt(call: Call, tenant: Tenant) -> Call:
    """The call with days where a caller up to WSDL 68 sent dateTimes; ``check_dates`` judges what cannot be read."""
    if call.version >= DATES_SINCE or call.op is Op.DELETE:
        return call
    zone = _zone(tenant)
    return replace(call, objects=tuple(_adapted(obj, zone, tenant.custom_types) for obj in call.objects))


def _zone(tenant: Tenant) -> tzinfo | None:
    if tenant.old_dates == "zone":
        return tenant.zone
    return None if tenant.old_dates == "literal" else tenant.old_dates


def _adapted(obj: ZObject, zone: tzinfo | None, custom_types: Mapping[str, str]) -> ZObject:
    standard = DATES.get(obj.type, frozenset())
    fields = dict(obj.fields)
    for name, text in obj.fields.items():
        if name in standard or custom_types.get(f"{obj.type}.{name}") == "date":
            # Clients of every version also send the day alone; its offset, if any, says nothing about a day.
            found = day_of_date(text.strip()) or day_of_date_time(text.strip(), zone)
            if found is not None:
                fields[name] = found.isoformat()
    children = {name: tuple(_adapted(row, zone, custom_types) for row in rows) for name, rows in obj.children.items()}
    return replace(obj, fields=fields, children=children)


def dated(obj: ZObject, call: Call, today: date) -> ZObject:
    """The object with today's EffectiveDate where CRUD lets it be left out (Zuora: CRUD, Create payment).

    Not part of ``adapt``: a repeat after midnight of a payment without a date is still the same act.
    """
    external = call.crud and call.op is Op.CREATE and obj.type == "Payment" and obj.word("Type") == "External"
    if not external or obj.word("EffectiveDate") is not None:
        return obj
    return replace(obj, fields={**obj.fields, "EffectiveDate": today.isoformat()})


def check_dates(obj: ZObject, version: Version) -> None:
    """Raise ``Refusal`` INVALID_VALUE for a date field that, after ``adapt``, holds no date.

    Sent by SOAP it could come back as a fault without a verdict, which would leave the whole call in doubt.
    """
    for name in DATES.get(obj.type, ()):
        text = obj.word(name)
        if text is None or day_of_date(text) is not None:
            continue
        if version >= DATES_SINCE:
            raise invalid(name, f"{name} must be a date such as 2026-02-20; from WSDL {DATES_SINCE} on it has no time.")
        raise invalid(
            name,
            f"{name} must be a dateTime such as 2026-02-20T00:00:00 or 2026-02-20T09:30:00-08:00, or a date such as "
            "2026-02-20.",
        )


def check_ids(obj: ZObject, op: Op, tenant: Tenant) -> None:
    """Raise ``Refusal`` INVALID_ID for a text that the tenant's file does not take for an id.

    Zuora's SOAP engine answers it with a fault of its own for the whole call (Zuora: SOAP API WSDL, the type ID), which
    is no verdict: a call that was certainly refused would stay in doubt. Only for what goes to that engine: elsewhere
    a number can stand where an id does.
    """
    for name in obj.fields:
        text = obj.word(name)
        pattern = tenant.patterns.get(f"{obj.type}.{name}")
        if text is not None and pattern is not None and pattern.fullmatch(text) is None:
            # The words of Zuora's SOAP for an id that is none.
            what = f"invalid id for {op.value}" if name == "Id" else f"{name} is not an id of Zuora's"
            raise Refusal(RowError("INVALID_ID", what, name))
    for rows in obj.children.values():
        for row in rows:
            check_ids(row, op, tenant)
