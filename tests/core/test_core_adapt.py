"""Dates of callers up to WSDL 68: which day a dateTime means, and that nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from core_objects import (
    FACTS,
    LOS_ANGELES,
    TENANT,
    call,
    decide,
    forwarded,
    part,
    payment,
    pays,
    refund,
    refused,
    zobject,
)
from core_world import World
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.adapt import adapt, check_dates, dated
from bridge.core.classify import Forward
from bridge.core.identity import fingerprint
from bridge.core.mapping.lexical import day_of_date, day_of_date_time
from bridge.core.model import Op, Rows, Settlement, Tenant, Version, ZObject
from bridge.core.refusals import Refusal

BERLIN = ZoneInfo("Europe/Berlin")
LITERAL = replace(TENANT, zone=BERLIN, old_dates="literal")
PACIFIC = replace(TENANT, zone=BERLIN, old_dates=LOS_ANGELES)
GERMAN = replace(TENANT, zone=BERLIN)

NO_DATES = [
    "today",
    "2026-02-20 10:00:00",
    "2026-02-20t10:00:00",
    "2026-02-20T10:00",
    "2026-02-20T10:00:00z",
    "2026-02-20T10:00:00.",
    "2026-02-20T10:00:00,5",
    "2026-02-20T10:00:00+0100",
    "2026-02-20T10:00:00+01",
    "2026-02-20T10:00:00+14:01",
    "2026-02-20T10:00:00+01:60",
    "2026-02-20T10:00:00 +01:00",
    "2026-02-20T24:00:01",
    "2026-02-20T24:00:00.001",
    "2026-02-20T24:30:00Z",
    "2026-02-20T25:00:00",
    "2026-02-20T23:60:00",
    "2026-02-20T23:59:60Z",
    "2026-02-29T10:00:00",
    "2026-02-30",
    "2026-02-29",
    "2100-02-29T00:00:00",
    "2026-13-01T10:00:00",
    "2026-00-10",
    "0000-01-01T10:00:00",
    "0000-01-01",
    "-0001-01-01T10:00:00",
    "-2026-02-20",
    "10000-01-01T10:00:00",
    "12026-02-20",
    "+2026-02-20T10:00:00",
    "26-02-20T10:00:00",
    "20260220T100000",
    "٢٠٢٦-٠٢-٢٠T10:00:00",
    "2026-02-20+15:00",
    "2026-02-20T10:00:00Z\n2026-02-21",
]
"""Nothing that XML Schema calls a dateTime or a date, or a day outside the years 1 to 9999."""

BEYOND = ["9999-12-31T24:00:00", "9999-12-31T20:00:00-10:00", "0001-01-01T01:00:00+14:00"]
"""Instants before the year 1 or after 9999, in Berlin or in UTC."""


def day(text: str, tenant: Tenant = TENANT, version: str = "68.0") -> str | None:
    """What EffectiveDate holds after the call was adapted."""
    (obj,) = adapt(call(payment(EffectiveDate=text), version=version), tenant).objects
    return obj.get("EffectiveDate")


# ---------------------------------------------------------------- which day


@pytest.mark.parametrize(
    ("text", "los_angeles", "berlin", "literal", "pacific"),
    [
        # An evening in Los Angeles is the next day in UTC and in Berlin.
        ("2026-02-20T23:30:00-08:00", 20, 21, 20, 20),
        ("2026-02-21T07:30:00Z", 20, 21, 21, 20),
        ("2026-02-21T07:30:00+00:00", 20, 21, 21, 20),
        ("2026-02-21T07:59:59.999Z", 20, 21, 21, 20),
        ("2026-02-21T08:00:00.000Z", 21, 21, 21, 21),
        ("2026-02-20T00:00:01+14:00", 19, 19, 20, 19),
        ("2026-02-20T12:00:00-14:00", 20, 21, 20, 20),
        # Exactly midnight in whatever offset is a date that a stack made a dateTime of.
        ("2026-02-20T00:00:00Z", 20, 20, 20, 20),
        ("2026-02-20T00:00:00.000Z", 20, 20, 20, 20),
        ("2026-02-20T00:00:00+01:00", 20, 20, 20, 20),
        ("2026-02-20T00:00:00-08:00", 20, 20, 20, 20),
        ("2026-02-20T00:00:00.000+14:00", 20, 20, 20, 20),
        ("2026-02-20T00:00:00.0000000001+14:00", 19, 19, 20, 19),
        # 24:00:00 is the midnight that begins the next day.
        ("2026-02-19T24:00:00", 20, 20, 20, 20),
        ("2026-02-19T24:00:00.00+01:00", 20, 20, 20, 20),
        # Without an offset the caller means its own calendar.
        ("2026-02-20T00:00:00", 20, 20, 20, 20),
        ("2026-02-20T23:59:59.5", 20, 20, 20, 20),
        # The date alone, whatever its offset.
        ("2026-02-20", 20, 20, 20, 20),
        ("2026-02-20Z", 20, 20, 20, 20),
        ("2026-02-20-08:00", 20, 20, 20, 20),
        (" 2026-02-20T10:00:00Z ", 20, 20, 20, 20),
    ],
)
def test_a_datetime_becomes_the_day_it_means(
    text: str, los_angeles: int, berlin: int, literal: int, pacific: int
) -> None:
    """In the tenant's zone, as written, or in Pacific time, as the owner has configured (CHOICE: tenant's zone)."""
    days = [day(text, tenant) for tenant in (TENANT, GERMAN, LITERAL, PACIFIC)]
    assert days == [f"2026-02-{each:02}" for each in (los_angeles, berlin, literal, pacific)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-02-29T23:30:00-08:00", "2024-02-29"),
        ("2024-03-01T07:30:00Z", "2024-02-29"),
        ("2023-12-31T24:00:00Z", "2024-01-01"),
        ("2024-02-28T24:00:00", "2024-02-29"),
        ("2026-01-01T07:59:59Z", "2025-12-31"),
        # The days on which Los Angeles changes its clocks: UTC-8 until 10:00Z on 8 March, UTC-7 from then on.
        ("2026-03-08T07:59:59Z", "2026-03-07"),
        ("2026-03-09T06:59:59Z", "2026-03-08"),
        ("2026-11-01T06:59:59Z", "2026-10-31"),
        ("2026-11-02T07:59:59Z", "2026-11-01"),
        ("0001-01-01T00:00:00", "0001-01-01"),
        ("9999-12-31T23:59:59", "9999-12-31"),
    ],
)
def test_calendars_have_leap_days_year_ends_and_summer_time(text: str, meant: str) -> None:
    """All by the zone's own rules."""
    assert day(text) == meant


@given(
    st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-14 * 60, 14 * 60), st.sampled_from(["", ".0", ".000"])
)
def test_a_midnight_of_any_offset_keeps_its_day(on: date, minutes: int, fraction: str) -> None:
    """In every zone and under every setting."""
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = f"{on.isoformat()}T00:00:00{fraction}{offset}"
    assert {day(text, tenant) for tenant in (TENANT, GERMAN, LITERAL, PACIFIC)} == {on.isoformat()}


@given(st.datetimes().map(lambda each: each.replace(microsecond=1)), st.integers(-14 * 60, 14 * 60))
def test_any_other_time_is_the_day_at_that_instant(at: Any, minutes: int) -> None:
    """As the standard library's own arithmetic has it, wherever the result is a day at all."""
    offset = timezone(timedelta(minutes=minutes))
    meant = at.replace(tzinfo=offset)
    try:
        expected = meant.astimezone(LOS_ANGELES).date()
    except OverflowError:
        expected = None
    assert day_of_date_time(meant.isoformat().replace("+00:00", "Z"), LOS_ANGELES) == expected


@given(st.text("0123456789-+:.TZ ", max_size=30))
def test_no_text_makes_the_readers_raise(text: str) -> None:
    """They answer with a day or with None."""
    assert day_of_date(text) is None or day_of_date_time(text, LOS_ANGELES) is None


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("text", [*NO_DATES, *BEYOND])
@pytest.mark.parametrize(("kind", "name"), [("Payment", "EffectiveDate"), ("Refund", "RefundDate")])
def test_what_is_no_date_is_refused_by_name(kind: str, name: str, text: str) -> None:
    """It stays as it was sent until it is judged, and nothing is looked up for it."""
    asked: list[Any] = []
    (obj,) = adapt(call(zobject(kind, **{name: text}), version="68.0"), GERMAN).objects
    assert obj.get(name) == text
    assert refused(zobject(kind, **{name: obj.get(name)}), version="68.0", asked=asked) == ("INVALID_VALUE", name)
    assert asked == []


@pytest.mark.parametrize("text", ["2026-02-20T00:00:00", "2026-02-20T10:00:00.000-08:00", "2026-02-20T10:00:00Z"])
@pytest.mark.parametrize("version", ["69.0", "83.0", "107.0", "153.0", "200.0"])
def test_a_datetime_is_refused_from_69_on(version: str, text: str) -> None:
    """INVALID_VALUE, as Zuora documents; it is not adapted either."""
    asked = call(payment(EffectiveDate=text), version=version)
    assert adapt(asked, TENANT) is asked
    assert refused(pays("i1", "1", EffectiveDate=text), version=version) == ("INVALID_VALUE", "EffectiveDate")
    assert refused(refund(PaymentId="p1", Amount="1", RefundDate=text), version=version) == (
        "INVALID_VALUE",
        "RefundDate",
    )


@pytest.mark.parametrize("version", ["68.0", "69.0"])
def test_the_text_says_what_the_callers_version_takes(version: str) -> None:
    """A dateTime or a date below 69, a date from there on."""
    with pytest.raises(Refusal) as raised:
        check_dates(payment(EffectiveDate="x"), Version.parse(version))
    (error,) = raised.value.errors
    assert ("dateTime such as" in error.message) is (version == "68.0")
    assert "2026-02-20" in error.message


@pytest.mark.parametrize("op", [Op.CREATE, Op.UPDATE])
@pytest.mark.parametrize("settlement", Settlement)
def test_a_bad_date_never_reaches_zuora(settlement: Settlement, op: Op) -> None:
    """Its SOAP could answer with a fault that is no verdict, and the whole call would be in doubt."""
    tenant = replace(TENANT, settlement=settlement)
    bad = payment(Id="p1", EffectiveDate="2026-02-31")
    assert refused(bad, version="107.0", tenant=tenant, op=op) == ("INVALID_VALUE", "EffectiveDate")


def test_an_absent_date_is_not_a_bad_one() -> None:
    """White space alone is absent; who must send a date is asked elsewhere."""
    check_dates(payment(EffectiveDate=None), Version(68))
    check_dates(payment(EffectiveDate="  "), Version(107))
    check_dates(zobject("Account", EffectiveDate="never"), Version(107))


# ---------------------------------------------------------------- what changes and what does not


@pytest.mark.parametrize("op", [Op.CREATE, Op.UPDATE])
def test_only_dates_change(op: Op) -> None:
    """Stamps stay dateTimes in every version, and fields newer than the caller travel."""
    obj = payment(
        Id="p1",
        EffectiveDate="2026-02-20T09:30:00-08:00",
        CancelledOn="2026-02-20T09:30:00-08:00",
        Currency="USD",
        Comment="2026-02-20T09:30:00-08:00",
        Unknown="x",
        InvoicePaymentData=[part("i1", "1")],
    )
    obj = replace(obj, nulls=("Region__c",), verbatim={"New": "<New><a/></New>"})
    adapted = adapt(call(obj, version="20.0", op=op), TENANT)
    assert adapted == call(replace(obj, fields={**obj.fields, "EffectiveDate": "2026-02-20"}), version="20.0", op=op)
    assert list(adapted.objects[0].fields) == list(obj.fields)


def test_another_objects_date_field_is_none_of_this() -> None:
    """RefundDate of a Payment is an unknown field and travels as it is."""
    asked = call(payment(RefundDate="2026-02-20T09:30:00-08:00"), version="68.0")
    assert adapt(asked, TENANT) == asked


def test_a_tenants_own_date_fields_are_dates_too() -> None:
    """Where its WSDL says so, at any depth; what cannot be read there travels as it is, for Zuora to judge."""
    tenant = replace(TENANT, custom_types={"Payment.Due__c": "date", "Payment.At__c": "dateTime", "Row.On__c": "date"})
    late = "2026-02-21T07:30:00Z"
    row = zobject("Row", On__c=late)
    (obj,) = adapt(
        call(
            payment(Due__c=late, At__c=late, Other__c=late, Rows__c=[row, zobject("Row", On__c="soon")]), version="68.0"
        ),
        tenant,
    ).objects
    assert (obj.get("Due__c"), obj.get("At__c"), obj.get("Other__c")) == ("2026-02-20", late, late)
    assert [each.get("On__c") for each in obj.children["Rows__c"]] == ["2026-02-20", "soon"]


def test_a_delete_has_no_dates() -> None:
    """Only an Id."""
    asked = call(ZObject("Payment", {"Id": "p1"}), op=Op.DELETE, version="68.0")
    assert adapt(asked, TENANT) is asked


@pytest.mark.parametrize(
    "text", ["2026-02-20T00:00:00", "2026-02-20", "2026-02-21T01:15:00Z", "2026-02-20T09:00:00-08:00"]
)
def test_a_retry_at_another_time_of_the_same_day_is_the_same_act(text: str) -> None:
    """Though its own offset may say another date."""
    prints = {
        fingerprint(Op.CREATE, adapt(call(payment(EffectiveDate=each), version="60.0"), TENANT).objects[0])
        for each in (text, "2026-02-20T23:59:59-08:00")
    }
    assert len(prints) == 1


def test_an_evening_payment_of_a_debit_memo_keeps_its_day() -> None:
    """In UTC it would be the 21st."""
    (obj,) = adapt(call(pays("d1", "80", EffectiveDate="2026-02-20T23:30:00-08:00"), version="60.0"), TENANT).objects
    verdict = decide(obj, version="60.0", facts=FACTS)
    assert not isinstance(verdict, Forward)
    assert verdict.body["effectiveDate"] == "2026-02-20"  # type: ignore[union-attr]
    (obj,) = adapt(call(pays("i1", "80", EffectiveDate="2026-02-20T23:30:00-08:00"), version="60.0"), TENANT).objects
    assert forwarded(obj, version="60.0").obj.get("EffectiveDate") == "2026-02-20"


@pytest.mark.parametrize(
    ("fields", "more", "told"),
    [
        ({"EffectiveDate": None}, {"crud": True}, "2026-02-20"),
        ({"EffectiveDate": None}, {}, None),
        ({"EffectiveDate": None, "Type": "Electronic"}, {"crud": True}, None),
        ({"EffectiveDate": "2026-02-01"}, {"crud": True}, "2026-02-01"),
        ({"EffectiveDate": None}, {"crud": True, "op": Op.UPDATE}, None),
    ],
)
def test_crud_may_leave_the_date_of_an_external_payment_out(
    fields: dict[str, str | None], more: dict[str, Any], told: str | None
) -> None:
    """Zuora takes today; the other doors and electronic payments need one."""
    obj = pays("d1", "80", **fields)
    assert dated(obj, call(obj, **more), date(2026, 2, 20)).get("EffectiveDate") == told


def test_a_payment_without_a_date_is_the_same_act_after_midnight() -> None:
    """The date is the day on which it is first done, and no part of what was asked for."""
    world, obj = World("lost after"), pays("d1", "80", EffectiveDate=None)
    asked = call(obj, crud=True)
    world.pass_time(13 * 3_600_000 + 59 * 60_000)
    world.begin(asked, patience=2)
    world.run()
    world.pass_time(120_000)
    play = world.begin(asked, "second")
    world.run()
    assert len(world.zuora.made) == 1
    assert json.loads(world.zuora.requests[0][0].body)["effectiveDate"] == "2026-02-20"
    assert isinstance(play.reply, Rows)
