"""The table of fields: it knows every field of the WSDL, and what it says is what happens.

There and back: whatever a write says is found again in the REST request, in the place and the value the table gives it,
unless the table says that it does not travel; and the request holds nothing that the write did not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    FACTS,
    METHOD,
    TENANT,
    A,
    answered,
    call,
    credit_memo,
    debit_memo,
    invoice,
    paid,
    rest,
    soap,
    zobject,
)
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract.files import extension, own_wsdl
from bridge.contract.reader import read
from bridge.core.classify import Translate, classify
from bridge.core.facts import Fact, Question, WhichDocument, WhichSource
from bridge.core.mapping.errors import NAMES
from bridge.core.mapping.fields import CONTAINERS, CUSTOM_SUFFIXES, FIELDS_TO_NULL, ROWS, TABLE, Target, dropped
from bridge.core.model import Tenant, ZObject

WSDL = read(own_wsdl().read_bytes(), extension=extension().read_bytes())
ID = "8ad0" + "1" * 28
TYPED = replace(TENANT, custom_types={"Payment.Rate__c": "decimal", "Refund.Rate__c": "decimal"})


# ---------------------------------------------------------------- the table and the WSDL


@pytest.mark.parametrize("target", Target)
def test_every_field_of_the_object_has_a_fate(target: Target) -> None:
    """No more and no less than the WSDL's, our extension included."""
    wildcards = {f"*{suffix}" for suffix in CUSTOM_SUFFIXES}
    assert set(TABLE[target]) - wildcards == {field.name for field in WSDL.objects[target.object_type].fields}


@pytest.mark.parametrize("row", [name for name in ROWS if name != "GatewayOption"])
def test_every_field_of_a_row_has_a_fate(row: str) -> None:
    """But the two of the base type that no row has a use for, where our own rows leave them out."""
    assert {field.name for field in WSDL.objects[row].fields} - set(ROWS[row]) <= {"Id", FIELDS_TO_NULL}
    assert set(ROWS[row]) <= {field.name for field in WSDL.objects[row].fields}


def test_every_container_is_known_with_its_rows() -> None:
    """As the WSDL has them."""
    held = {
        field.name: inner.name
        for kind in ("Payment", "Refund", *ROWS)
        for field in (WSDL.objects[kind].fields if kind in WSDL.objects else ())
        if field.type in WSDL.complex_types
        for inner in WSDL.complex_types[field.type].fields
    }
    assert held == CONTAINERS


def test_what_does_not_travel_says_why() -> None:
    """And what travels changed says how."""
    for table in (*TABLE.values(), *ROWS.values()):
        for name, fate in table.items():
            assert fate.rest or fate.rule, name
            assert fate.copied is (bool(fate.rest) and not fate.rule)


def test_every_rest_name_can_be_told_by_the_callers() -> None:
    """An error about any place of a request finds the field it came from."""
    for target, table in TABLE.items():
        for name, fate in table.items():
            for path in fate.rest:
                key = path.replace("[]", "").rpartition(".")[2] if "[]." not in path else path.replace("[]", "")
                assert "{" in path or path == "*" or name in NAMES[target.object_type][key], path


def test_a_target_knows_what_it_is() -> None:
    """For headings."""
    assert [(each.object_type, each.op.value, each.request.partition(" ")[0]) for each in Target] == [
        ("Payment", "create", "POST"),
        ("Payment", "update", "PUT"),
        ("Refund", "create", "POST"),
        ("Refund", "create", "POST"),
        ("Refund", "update", "PUT"),
    ]


# ---------------------------------------------------------------- there and back

_WORDS = st.text(alphabet="abc XYZ012é&<", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
_CENTS = st.integers(1, 10**12).map(lambda cents: format(Decimal(cents).scaleb(-2), "f"))
_DAYS = st.dates(min_value=date(2026, 2, 2)).map(lambda day: day.isoformat())
_KEYS = st.text(alphabet="abcdef0123456789", min_size=32, max_size=32)


def fields(target: Target, *left_out: str) -> st.SearchStrategy[dict[str, str]]:
    """Any of the fields that are texts, whatever their fate, and custom fields."""
    table = TABLE[target]
    names = [
        name for name in table if not name.startswith("*") and name not in (*CONTAINERS, *left_out, FIELDS_TO_NULL)
    ]
    some = st.dictionaries(st.sampled_from(names), _WORDS, max_size=12)
    customs = st.dictionaries(st.sampled_from(["Region__c", "ErpKey__NS", "region__c"]), _WORDS, max_size=3)
    rates = st.dictionaries(st.just("Rate__c"), _CENTS, max_size=1)
    return st.builds(lambda one, two, three: one | two | three, some, customs, rates)


OPTIONS = st.dictionaries(_WORDS, _WORDS, max_size=3)


def options(given: Mapping[str, str]) -> list[ZObject]:
    """GatewayOptionData's rows."""
    return [zobject("GatewayOption", name=name, value=value) for name, value in given.items()]


def items(row: str, item: str, tax: str) -> st.SearchStrategy[list[ZObject]]:
    """Rows of single items."""
    made = st.builds(
        lambda key, is_tax, amount: zobject(row, **{tax if is_tax else item: key, "Amount": amount}),
        _KEYS,
        st.booleans(),
        _CENTS,
    )
    return st.lists(made, max_size=3, unique_by=lambda each: (each.word(item), each.word(tax)))


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a JSON body under its path, ``[]`` for the places of a list."""
    if isinstance(value, Mapping) and path != "gatewayOptions":
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def read_back(name: str, text: str) -> object:
    """A text as the REST value it should be: by its kind alone."""
    if name in ("Amount", "AppliedInvoiceAmount", "RefundAmount", "Rate__c"):
        return Decimal(text)
    return text.strip() if name in ("EffectiveDate", "RefundDate", "Type", "MethodType") else text


def said(obj: ZObject, table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value of a write that travels, with the places where it may be."""
    for name, text in obj.fields.items():
        wild = next((f"*{suffix}" for suffix in CUSTOM_SUFFIXES if name.endswith(suffix)), name)
        places = tuple(name if path == "*" else path for path in table[wild].rest)
        if places and not all("{" in place for place in places):
            yield places, read_back(name, text)
    for name, rows in obj.children.items():
        if name == "GatewayOptionData" and rows:
            yield ("gatewayOptions",), {row.fields["name"]: row.fields["value"] for row in rows}
        elif name != "GatewayOptionData" and table[name].rest:
            for row in rows:
                yield from said(row, ROWS[CONTAINERS[name]])


def check(obj: ZObject, verdict: object, target: Target, *implied: str) -> None:
    """Everything said that travels is there once, and nothing is there that was not said but ``implied``."""
    assert isinstance(verdict, Translate), verdict
    found = list(leaves(verdict.body or {}))
    for places, value in said(obj, TABLE[target]):
        match = next((each for each in found if each[0] in places and each[1] == value), None)
        assert match is not None, (places, value, found)
        assert type(match[1]) is type(value)
        found.remove(match)
    assert {re.sub(r"\[\]", "", path) for path, _ in found} <= set(implied), found


def translated(obj: ZObject, facts: Mapping[Question, Fact], tenant: Tenant = TYPED, **more: Any) -> object:
    """The verdict on a create."""
    return answered(classify(obj, call(obj), tenant, soap), {**FACTS, **facts}, **more)


WHOLE = {"AccountId": A, "PaymentMethodId": METHOD, "Type": "External", "Status": "Processed"}
NOT_FREE = ("InvoiceId", "InvoiceNumber", "DebitMemoId", "DebitMemoNumber", "SecondPaymentReferenceId", "Gateway")
AMOUNTS = ("Amount", "AppliedInvoiceAmount", "AppliedCreditBalanceAmount", "Currency", "EffectiveDate")


@given(
    fields(Target.CREATE_PAYMENT, *WHOLE, *NOT_FREE, *AMOUNTS),
    OPTIONS,
    _DAYS,
    st.lists(
        st.tuples(
            st.booleans(),
            items("InvoiceItemPayment", "InvoiceItemId", "TaxItemId"),
            _CENTS,
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_payment_loses_nothing(
    free: dict[str, str], gateway: dict[str, str], day: str, rows: list[tuple[bool, list[ZObject], str]]
) -> None:
    """With rows of invoices and debit memos, their items, options and custom fields."""
    facts: dict[Question, Fact] = {}
    parts: list[ZObject] = []
    whole = Decimal(0)
    for place, (memo, single, amount) in enumerate(rows):
        key = f"{place:032x}"
        amount = format(sum((Decimal(row.fields["Amount"]) for row in single), Decimal(0)) or Decimal(amount), "f")
        whole += Decimal(amount)
        facts[WhichDocument(key)] = debit_memo(key, str(10**15)) if memo else invoice(key)
        parts.append(zobject("InvoicePayment", InvoiceId=key, Amount=amount, InvoiceItemPaymentData=single))
    if not rows[0][0]:
        facts[WhichDocument("d" * 32)] = debit_memo("d" * 32, str(10**15))
        parts.append(zobject("InvoicePayment", InvoiceId="d" * 32, Amount="0.01"))
        whole += Decimal("0.01")
    obj = zobject(
        "Payment",
        **free,
        **WHOLE,
        EffectiveDate=day,
        Currency="USD",
        Amount=format(whole, "f"),
        InvoicePaymentData=parts,
        GatewayOptionData=options(gateway),
    )
    check(obj, translated(obj, facts), Target.CREATE_PAYMENT)


@given(
    fields(Target.CREATE_PAYMENT, *WHOLE, *NOT_FREE, *AMOUNTS),
    st.sampled_from(["InvoiceId", "InvoiceNumber", "DebitMemoId", "DebitMemoNumber"]),
    _CENTS,
)
def test_a_payment_of_one_document_loses_nothing(free: dict[str, str], field: str, amount: str) -> None:
    """A number becomes the id it names; the currency, where it was not said, is the account's."""
    facts = {WhichDocument("d" * 32): debit_memo("d" * 32, str(10**15))}
    more = {"EffectiveDate": "2026-02-20", "Amount": amount, "AppliedInvoiceAmount": amount, field: "d" * 32}
    obj = zobject("Payment", **free, **WHOLE, **more)
    check(obj, translated(obj, facts), Target.CREATE_PAYMENT, "currency")


EXTERNAL = {"Type": "External", "MethodType": "Check"}
SOURCES = ("PaymentId", "CreditMemoId", "CreditMemoNumber", "AccountId", "SourceType")


@given(
    fields(Target.REFUND_PAYMENT, *EXTERNAL, *SOURCES, "Amount", "RefundDate"),
    OPTIONS,
    _DAYS,
    st.lists(_CENTS, min_size=1, max_size=3),
)
def test_a_payments_refund_loses_nothing(
    free: dict[str, str], gateway: dict[str, str], day: str, amounts: list[str]
) -> None:
    """With its split over debit memos."""
    rows = [
        zobject("RefundInvoicePayment", InvoiceId=f"{place:032x}", RefundAmount=text)
        for place, text in enumerate(amounts)
    ]
    facts = {WhichSource(ID): paid(ID, str(10**14), *(row.fields["InvoiceId"] for row in rows))}
    obj = zobject(
        "Refund",
        **free,
        **EXTERNAL,
        PaymentId=ID,
        RefundDate=day,
        Amount=format(sum(map(Decimal, amounts), Decimal(0)), "f"),
        RefundInvoicePaymentData=rows,
        GatewayOptionData=options(gateway),
    )
    check(obj, translated(obj, facts), Target.REFUND_PAYMENT)


@given(
    fields(Target.REFUND_MEMO, *EXTERNAL, *SOURCES, "Amount", "RefundDate", "PaymentMethodId", "Gateway"),
    OPTIONS,
    _DAYS,
    items("CreditMemoItemRefund", "CreditMemoItemId", "CreditTaxItemId"),
    _CENTS,
)
def test_a_credit_memos_refund_loses_nothing(
    free: dict[str, str], gateway: dict[str, str], day: str, single: list[ZObject], amount: str
) -> None:
    """With single items or none."""
    whole = sum((Decimal(row.fields["Amount"]) for row in single), Decimal(0)) or Decimal(amount)
    facts = {WhichSource(ID): credit_memo(ID, str(10**14))}
    obj = zobject(
        "Refund",
        **free,
        **EXTERNAL,
        PaymentId=ID,
        RefundDate=day,
        Amount=format(whole, "f"),
        CreditMemoItemRefundData=single,
        GatewayOptionData=options(gateway),
    )
    check(obj, translated(obj, facts), Target.REFUND_MEMO)


@given(fields(Target.REFUND_MEMO, *EXTERNAL, *SOURCES, "Amount", "RefundDate", "PaymentMethodId", "Gateway"))
def test_an_electronic_refund_of_a_credit_memo_loses_nothing(free: dict[str, str]) -> None:
    """But what REST wants of external refunds alone; the gateway's name becomes its id."""
    facts = {WhichSource(ID): credit_memo(ID)}
    obj = zobject("Refund", **free, PaymentId=ID, Amount="1", Type="Electronic", PaymentMethodId=METHOD)
    check(obj, translated(obj, facts), Target.REFUND_MEMO, "gatewayId")


@pytest.mark.parametrize("target", [Target.UPDATE_PAYMENT, Target.UPDATE_REFUND])
@given(st.data())
def test_an_update_loses_nothing(target: Target, data: st.DataObject) -> None:
    """Of what SOAP lets be changed."""
    ours = ("DebitMemoId", "DebitMemoNumber", "CreditMemoId", "CreditMemoNumber")
    free = data.draw(fields(target, "Id", "Status", *ours, "EffectiveDate", "RefundDate"))
    obj = zobject(target.object_type, **(free | {"Id": ID, "Region__c": "West"}))
    check(obj, answered(classify(obj, call(obj, op=target.op), TYPED, rest)), target)


# ---------------------------------------------------------------- unknown names


def test_unknown_names_are_named() -> None:
    """At any depth, whatever they hold; custom fields as texts, and what the table knows, are not among them."""
    row = replace(zobject("InvoicePayment", InvoiceId="i1", RefundAmount="1", Odd="x"), verbatim={"Stranger": "<x/>"})
    known = {"Amount": "1", "Source": "x", "Region__c": "w", "X__NS": "y", "InvoicePaymentData": [row]}
    obj = replace(zobject("Payment", **known, Colour="red", New=[row]), verbatim={"Shape__c": "<x/>", "Amount": "<x/>"})
    assert dropped(obj) == ("Colour", "Shape__c", "New", "Odd", "Stranger")
    assert dropped(zobject("Refund", Amount="1", InvoiceId="x")) == ("InvoiceId",)
    option = zobject("GatewayOption", name="a", value="b", x="c")
    assert dropped(zobject("Payment", GatewayOptionData=[option])) == ("x",)
