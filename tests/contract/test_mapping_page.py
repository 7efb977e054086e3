"""The mapping page: made of the tables, complete for every field of the WSDL, and true of what the code does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import mapping_page
import pytest
from contract_samples import own, plain

from bridge.core.classify import Prefer, Preference
from bridge.core.commands import Compose, Composed, Lookup
from bridge.core.facts import (
    AccountFact,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    Part,
    PaymentFact,
    Question,
    Standing,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichMemos,
    WhichSource,
)
from bridge.core.mapping.fields import CONTAINERS, FIELDS_TO_NULL, ROWS, TABLE, Fate, Target, is_custom
from bridge.core.mapping.query import SOURCES
from bridge.core.model import Call, Caller, Op, Route, Tenant, Version, ZObject
from bridge.core.preview import preview

A, PM, I1, D1, C1, P1 = (letter * 32 for letter in "abcdef")
DAY = "2026-02-20"
TYPES = {"Payment.Sample__c": "decimal", "Refund.Sample__c": "decimal"}


def test_the_page_is_as_the_tables_say() -> None:
    """Rewrite it with ``python tests/contract/mapping_page.py``."""
    text = mapping_page.PAGE.read_text(encoding="utf-8")
    assert text == mapping_page.page(text)


@pytest.mark.parametrize("target", Target, ids=lambda target: target.name)
def test_every_field_of_the_wsdl_has_a_row_for_every_request(target: Target) -> None:
    """Ours with the extension; and no row is of a field that is not there."""
    listed = {name for name in TABLE[target] if not name.startswith("*")}
    assert listed == {field.name for field in own().objects[target.object_type].fields}


@pytest.mark.parametrize("kind", ROWS)
def test_every_field_of_a_row_inside_a_container_has_one(kind: str) -> None:
    """The same for what containers hold."""
    fields = {field.name for field in own().objects[kind].own}
    assert fields <= set(ROWS[kind]) <= fields | {"Id"}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_field_of_the_wsdl_says_where_a_query_reads_it(kind: str) -> None:
    """Also those that no query may name."""
    columns = {column.soap for column in SOURCES[kind].columns.values()}
    assert columns == {field.name for field in plain().objects[kind].fields} - {FIELDS_TO_NULL}


# ------------------------------------------------------------------ what the code does

DOCUMENT = {
    I1: DocumentRef(Kind.INVOICE, I1, "INV00000001", A, "USD", "Posted", Decimal(1000), date(2026, 1, 5)),
    D1: DocumentRef(Kind.DEBIT_MEMO, D1, "DM00000001", A, "USD", "Posted", Decimal(1000), date(2026, 1, 5)),
    C1: DocumentRef(Kind.CREDIT_MEMO, C1, "CM00000001", A, "USD", "Posted", Decimal(1000), date(2026, 1, 5)),
}
BY_KEY = DOCUMENT | {ref.number: ref for ref in DOCUMENT.values()}
PAYMENT = PaymentFact(
    P1, A, "Processed", "External", Decimal(1000), date(2026, 1, 5), frozenset({D1}),
    parts=(Part(Kind.DEBIT_MEMO, D1, Decimal(1000)),), currency="USD",
)  # fmt: skip


def fact(question: Question) -> Fact:
    """What a tenant with one document of each kind answers."""
    match question:
        case WhichDocument(key):
            return BY_KEY[key]
        case WhichSource(key):
            return PAYMENT if key == P1 else BY_KEY[key]
        case WhichAccount():
            return AccountFact(A, "USD", "Active", "TestGateway")
        case WhichGateway(name):
            return GatewayFact(f"id of {name}", name, active=True)
        case WhichMemos():
            return Memos((DOCUMENT[C1],))
        case _:
            return Standing(stands=True, status="Processed")


Told = Mapping[str, str] | str
"""The leaves of the request that would be sent, by path; or the refusal's code, or "soap"."""


def told(target: Target, obj: ZObject) -> Told:
    """What the code makes of an object where policy prefers REST."""
    # Without our own marker, which would differ with every field.
    tenant = Tenant(ZoneInfo("America/Los_Angeles"), custom_types=TYPES, refund_reference=False)
    call = Call(target.op, Version(107), target.object_type, (obj,))
    steps = preview(
        call, Caller("t", "u", allow=frozenset({"*"})), tenant, Prefer(lambda _obj, _account: Preference(Route.REST))
    )
    event: Any = None
    while True:
        try:
            command = steps.send(event)
        except StopIteration as done:
            made = done.value
            break
        if isinstance(command, Lookup):
            event = {question: fact(question) for question in command.questions}
        elif isinstance(command, Compose):
            event = Composed("/apps/services/a/107.0", (), b"")
    (seen,) = made.objects
    if seen.route != "rest":
        return seen.route if seen.route == "soap" else seen.reason.split(":")[0].split(" ")[0]
    dispatch = made.dispatches[-1].dispatch
    leaves = dict(_leaves("", json.loads(dispatch.body, parse_float=str, parse_int=str) if dispatch.body else {}))
    return leaves | {"{path}": dispatch.path}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(f"{path}[]", inner)
    else:
        yield path, str(value)


def part(kind: str, **fields: str | tuple[ZObject, ...]) -> ZObject:
    """A row of a container."""
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    return ZObject(kind, texts, {name: value for name, value in fields.items() if not isinstance(value, str)})


def item(kind: str, **fields: str) -> tuple[ZObject, ...]:
    """One item row."""
    return (part(kind, Amount="10", **fields),)


MEMO_ROW = part("DebitMemoPayment", Amount="10", DebitMemoId=D1)
BASES = {
    Target.CREATE_PAYMENT: part(
        "Payment", AccountId=A, Amount="10", AppliedInvoiceAmount="10", EffectiveDate=DAY, InvoiceId=D1,
        PaymentMethodId=PM, Status="Processed", Type="External",
    ),
    Target.UPDATE_PAYMENT: part("Payment", Id=P1, AccountingCode="Cash"),
    Target.REFUND_PAYMENT: part(
        "Refund", Amount="10", MethodType="Check", PaymentId=P1, RefundDate=DAY, Type="External"
    ),
    Target.REFUND_MEMO: part(
        "Refund", Amount="10", MethodType="Check", PaymentId=C1, RefundDate=DAY, Type="External"
    ),
    Target.UPDATE_REFUND: part("Refund", Id=C1, ReasonCode="Standard Refund"),
}  # fmt: skip
ELECTRONIC = {Target.REFUND_MEMO: {"PaymentMethodId", "Gateway"}, Target.CREATE_PAYMENT: {"Gateway"}}
"""Fields that only an electronic transaction carries."""
SINGLE = ("InvoiceId", "AppliedInvoiceAmount")
INSTEAD = {
    "InvoiceNumber": ("InvoiceId",),
    "DebitMemoId": ("InvoiceId",),
    "DebitMemoNumber": ("InvoiceId",),
    "InvoicePaymentData": SINGLE,
    "DebitMemoPaymentData": SINGLE,
    "CreditMemoId": ("PaymentId",),
    "CreditMemoNumber": ("PaymentId",),
}
"""What of the base a field takes the place of."""
VALUES: Mapping[str, str | tuple[ZObject, ...]] = {
    "AccountId": A,
    "Amount": "10",
    "AppliedCreditBalanceAmount": "0",
    "CreditMemoId": C1,
    "CreditMemoItemRefundData": item("CreditMemoItemRefund", CreditMemoItemId=I1),
    "CreditMemoNumber": "CM00000001",
    "Currency": "USD",
    "DebitMemoId": D1,
    "DebitMemoNumber": "DM00000001",
    "DebitMemoPaymentData": (MEMO_ROW,),
    "DebitMemoRefundData": (part("DebitMemoRefund", DebitMemoId=D1, RefundAmount="10"),),
    "EffectiveDate": DAY,
    "Gateway": "OtherGateway",
    "GatewayOptionData": (part("GatewayOption", name="a", value="b"),),
    "InvoiceNumber": "DM00000001",
    "InvoicePaymentData": (part("InvoicePayment", Amount="10", InvoiceId=D1),),
    "MethodType": "Check",
    "RefundDate": DAY,
    "RefundInvoicePaymentData": (part("RefundInvoicePayment", InvoiceId=D1, RefundAmount="10"),),
    "SourceType": "Payment",
    "Status": "Processed",
    "Type": "External",
}
OTHERS = {"Status": "Canceled"}
"""Another value on update, where the usual one means nothing."""


def value_of(target: Target, name: str) -> str | tuple[ZObject, ...]:
    """A value that fits the field's type."""
    if target.op is Op.UPDATE and name in OTHERS:
        return OTHERS[name]
    if name == "SourceType" and target is Target.REFUND_MEMO:
        return "CreditMemo"
    if name in BASES[target].fields:
        return BASES[target].fields[name]
    if name in VALUES:
        return VALUES[name]
    kinds = {field.name: own().primitive(field.type) for field in own().objects[target.object_type].fields}
    samples = {"decimal": "5", "date": DAY, "dateTime": f"{DAY}T10:00:00.000-08:00"}
    fate = TABLE[target].get(name)
    text = "0" * min(32, (fate.longest if fate is not None else None) or 32)
    return samples.get(kinds.get(name) or "", "5" if is_custom(name) else text)


def objects(target: Target, name: str) -> tuple[ZObject, ZObject]:
    """An object with the field and one without it, and nothing else between them."""
    base = BASES[target]
    gone = () if target is Target.REFUND_PAYMENT else INSTEAD.get(name, ())
    fields = {key: text for key, text in base.fields.items() if key not in (*gone, name)}
    if target.op is Op.UPDATE and name == "Status":
        # Cancelling is a request of its own.
        fields = {"Id": base.fields["Id"]}
    if name in ELECTRONIC.get(target, ()):
        fields = {key: text for key, text in fields.items() if key not in ("MethodType", "RefundDate")}
        fields |= {"Type": "Electronic"} | ({"PaymentMethodId": PM} if name != "PaymentMethodId" else {})
    without = ZObject(base.type, fields, {})
    value = value_of(target, name)
    if name == FIELDS_TO_NULL:
        return ZObject(base.type, fields, {}, nulls=("Comment",)), without
    if isinstance(value, str):
        return ZObject(base.type, {**fields, name: value}, {}), without
    return ZObject(base.type, fields, {name: value}), without


def goes(path: str, rest: Sequence[str]) -> bool:
    """Whether a leaf is at one of the places that the table names."""
    return any(path == place or path.startswith((f"{place}.", f"{place}[]")) for place in rest)


CELLS = [
    pytest.param(target, name.replace("*", "Sample"), fate, id=f"{target.name}-{name}")
    for target, table in TABLE.items()
    for name, fate in table.items()
]


@pytest.mark.parametrize(("target", "name", "fate"), CELLS)
def test_a_field_has_the_fate_that_the_page_gives_it(target: Target, name: str, fate: Fate) -> None:
    """With it and without it, the request differs there and nowhere else; left out means no difference at all."""
    having, lacking = objects(target, name)
    given, absent = told(target, having), told(target, lacking)
    rest = [name if place == "*" else place for place in fate.rest]
    if fate.copied:
        assert not isinstance(given, str)
        assert given[rest[0]] == value_of(target, name)
    if not rest:
        # A field that is required may mean nothing more than that it is there.
        assert isinstance(given, str) or given == absent or absent == "MISSING_REQUIRED_VALUE"
        if "INVALID_" in fate.rule:
            assert given in fate.rule
        elif "goes by SOAP" in fate.rule:
            assert given == "soap"
        elif "left out" in fate.rule:
            assert given == absent
        return
    assert not isinstance(given, str), given
    if any(place.startswith("{id}") for place in rest):
        assert str(value_of(target, name)) in given["{path}"] or name in ("CreditMemoNumber", "Status")
        return
    there = {path for path in given if goes(path, rest)}
    assert there, f"{name} is nowhere at {rest}: {given}"
    if not isinstance(absent, str):
        differing = {path for path in {*given, *absent} if given.get(path) != absent.get(path)}
        assert all(goes(path, rest) for path in differing - set(DEPENDENT.get(name, ()))), differing


DEPENDENT = {"Type": ("methodType", "refundDate", "gatewayId")}
"""What else a field decides."""


LIMITED = [
    pytest.param(target, name, fate.longest, id=f"{target.name}-{name}")
    for target, table in TABLE.items()
    for name, fate in table.items()
    if fate.longest is not None
]


@pytest.mark.parametrize(("target", "name", "longest"), LIMITED)
def test_a_text_is_sent_up_to_its_length_and_refused_beyond(target: Target, name: str, longest: int) -> None:
    """It is never cut."""
    _, lacking = objects(target, name)
    (place,) = TABLE[target][name].rest
    fits = told(target, ZObject(lacking.type, {**lacking.fields, name: "x" * longest}))
    assert not isinstance(fits, str)
    assert fits[place] == "x" * longest
    assert told(target, ZObject(lacking.type, {**lacking.fields, name: "x" * (longest + 1)})) == "INVALID_VALUE"


def test_the_containers_of_the_page_are_those_of_the_wsdl() -> None:
    """Each with the rows that the file declares."""
    declared = {
        field.name: own().complex_types[field.type].fields[0].type.name
        for kind in (*ROWS, "Payment", "Refund")
        for field in own().objects[kind].own
        if field.type in own().complex_types
    }
    assert dict(CONTAINERS) == declared


# ------------------------------------------------------------------ rows inside containers

ITEM, TAX = "1" * 32, "2" * 32


def items(kind: str, name: str, tax: str) -> tuple[ZObject, ...]:
    """An item and its tax."""
    return (part(kind, Amount="6", **{name: ITEM}), part(kind, Amount="4", **{tax: TAX}))


INVOICE_ITEMS = items("InvoiceItemPayment", "InvoiceItemId", "TaxItemId")
MEMO_ITEMS = items("DebitMemoItemPayment", "DebitMemoItemId", "TaxItemId")
CREDIT_ITEMS = items("CreditMemoItemRefund", "CreditMemoItemId", "CreditTaxItemId")
FULL: Mapping[str, tuple[Target, str, tuple[ZObject, ...]]] = {
    # Row type -> the request, the container of the object, and rows that between them have every field of theirs.
    "InvoicePayment": (
        Target.CREATE_PAYMENT,
        "InvoicePaymentData",
        (part("InvoicePayment", Amount="10", InvoiceId=D1, InvoiceItemPaymentData=INVOICE_ITEMS),),
    ),
    "DebitMemoPayment": (
        Target.CREATE_PAYMENT,
        "DebitMemoPaymentData",
        (part("DebitMemoPayment", Amount="10", DebitMemoNumber="DM00000001", DebitMemoItemPaymentData=MEMO_ITEMS),),
    ),
    "RefundInvoicePayment": (
        Target.REFUND_PAYMENT,
        "RefundInvoicePaymentData",
        (part("RefundInvoicePayment", InvoiceId=D1, RefundAmount="10"),),
    ),
    "DebitMemoRefund": (
        Target.REFUND_PAYMENT,
        "DebitMemoRefundData",
        (part("DebitMemoRefund", DebitMemoId=D1, RefundAmount="10"),),
    ),
    "CreditMemoItemRefund": (Target.REFUND_MEMO, "CreditMemoItemRefundData", CREDIT_ITEMS),
    "GatewayOption": (Target.REFUND_MEMO, "GatewayOptionData", (part("GatewayOption", name="a", value="b"),)),
}
INNER = {"InvoiceItemPayment": "InvoicePayment", "DebitMemoItemPayment": "DebitMemoPayment"}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_s_fields_go_where_the_page_says(kind: str) -> None:
    """Every field with a place fills one of its places, and a container's rows fill no other."""
    target, container, rows = FULL[INNER.get(kind, kind)]
    _, lacking = objects(target, container)
    given = told(target, ZObject(lacking.type, dict(lacking.fields), {container: rows}))
    assert not isinstance(given, str), given
    for name, fate in ROWS[kind].items():
        assert not fate.rest or any(goes(path, fate.rest) for path in given), (name, given)
    absent = told(target, lacking)
    if not isinstance(absent, str):
        assert all(goes(path, TABLE[target][container].rest) for path in set(given) - set(absent))


@pytest.mark.parametrize("kind", ["InvoicePayment", "RefundInvoicePayment"])
def test_a_row_s_read_only_fields_are_left_out(kind: str) -> None:
    """Legacy proxies send back whole rows."""
    target, container, (row,) = FULL[kind]
    _, lacking = objects(target, container)
    read_only = {name: "0" * 32 for name, fate in ROWS[kind].items() if not fate.rest}
    assert read_only
    more = ZObject(row.type, {**row.fields, **read_only}, row.children)
    told_of = [told(target, ZObject(lacking.type, dict(lacking.fields), {container: (each,)})) for each in (row, more)]
    assert told_of[0] == told_of[1]
    assert not isinstance(told_of[0], str)
