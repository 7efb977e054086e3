"""What is written by REST and read by REST is what the caller wrote, but for what the mapping table lists as lost.

Over real HTTP: the caller creates in SOAP terms, the bridge translates, and a query answered by REST translates back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from harness import Obj, World, payment, refund
from hypothesis import given, settings
from hypothesis import strategies as st
from query_calls import BY_REST, page, query

from bridge.contract.files import own_wsdl
from bridge.core.mapping.fields import TABLE, Fate, Target
from bridge.core.mapping.query import CUSTOM_KINDS, SOURCES, Kind

EXAMPLES = settings(max_examples=25)

TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
        st.sampled_from("\t\n&<>\"'\\/%\U0001f4b6\u00e9\u0130\u2028"),
    ),
    min_size=1,
    max_size=20,
)
CUSTOM: Mapping[str, tuple[str, st.SearchStrategy[str]]] = {
    "Region__c": ("string", TEXT),
    "Amount__c": ("decimal", st.decimals("-1e9", "1e9", places=2).map(lambda each: format(each, "f"))),
    "Approved__c": ("boolean", st.sampled_from(("true", "false"))),
    "ValueDate__c": ("date", st.dates().map(str)),
}
CENTS = st.decimals("0.01", "0.20", places=2).map(str)

UNUSED: Mapping[str, str] = {
    # A repeat of one of these is a gateway's duplicate, or what a look-up would take for another payment.
    "GatewayOrderId": "GO",
    "ReferenceId": "REF",
    "ReferenceID": "REF",
}


def tenants_file(folder: Path) -> Path:
    """Our own file with the custom fields of the tenant, typed, as a tenant's own has them."""
    text = own_wsdl().read_text(encoding="utf-8")
    added = "".join(
        f'<element minOccurs="0" name="{name}" nillable="true" type="{kind}"/>' for name, (kind, _) in CUSTOM.items()
    )
    for kind in ("Payment", "Refund"):
        text, times = re.subn(
            rf'(<complexType name="{kind}">.*?)(</sequence>)', rf"\1{added}\2", text, count=1, flags=re.DOTALL
        )
        assert times == 1
    path = folder / "tenant.wsdl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose queries go by REST; what is written here has to."""
    folder = tmp_path_factory.mktemp("there")
    with World(folder, routes=BY_REST, zuora={"wsdl": tenants_file(folder)}) as made:
        yield made


def filled(target: Target) -> st.SearchStrategy[dict[str, str]]:
    """Some of the fields that travel as they are, and of the custom ones."""
    texts = {name: _of(fate) for name, fate in TABLE[target].items() if fate.copied}
    customs = {name: values for name, (_, values) in CUSTOM.items()}
    return st.fixed_dictionaries({}, optional={**texts, **customs})


def _of(fate: Fate) -> st.SearchStrategy[str]:
    longest = fate.longest or 20
    return st.one_of(TEXT.map(lambda text: text[:longest]), st.just("x" * longest))


def unused(fields: Mapping[str, str], number: int) -> dict[str, str]:
    """The same with references that nobody has used."""
    return {name: f"{UNUSED[name]}-{number}" if name in UNUSED else text for name, text in fields.items()}


def read_back(world: World, kind: str, zuora_id: str) -> Mapping[str, str]:
    """Every field that a query can name, of one object."""
    names = [column.soap for column in SOURCES[kind].columns.values() if column.queryable]
    told = page(query(world, f"select {', '.join([*names, *CUSTOM])} from {kind} where Id = '{zuora_id}'"))
    (row,) = told.rows
    assert row is not None
    return dict(row)


def lost(target: Target, name: str) -> bool:
    """Whether the tables say that a field is not to be had back: it does not travel, or no query names it."""
    column = SOURCES[target.object_type].columns.get(name.lower())
    fate = TABLE[target].get(name)
    return (column is not None and not column.queryable) or (fate is not None and not fate.rest)


def same(target: Target, sent: Obj, back: Mapping[str, str]) -> None:
    """Field by field, by what each holds."""
    for name, text in sent.fields.items():
        if lost(target, name):
            continue
        assert isinstance(text, str)
        column = SOURCES[target.object_type].columns.get(name.lower())
        kind = column.kind if column is not None else CUSTOM_KINDS.get(CUSTOM[name][0], Kind.TEXT)
        assert name in back, (name, text)
        if kind is Kind.DECIMAL:
            assert Decimal(back[name]) == Decimal(text), name
        else:
            assert back[name] == text, name


_numbers = iter(range(10_000))


@EXAMPLES
@given(fields=filled(Target.CREATE_PAYMENT), memo=CENTS, rest=CENTS, electronic=st.booleans())
def test_a_payment_comes_back_as_it_was_written(
    world: World, fields: dict[str, str], memo: str, rest: str, electronic: bool
) -> None:
    """Of a debit memo, so that only REST could make it; what stays unapplied is told as such."""
    amounts = {"Amount": str(Decimal(memo) + Decimal(rest)), "AppliedInvoiceAmount": memo, "Currency": "USD"}
    card = {"Type": "Electronic", "PaymentMethodId": "@PMc"} if electronic else {}
    base = payment(**{"InvoiceId": "@D1", **amounts, "AppliedCreditBalanceAmount": rest, **card})
    sent = world.resolve(base).but(**unused(fields, next(_numbers)))
    (zuora_id,) = world.create(sent).ids
    back = read_back(world, "Payment", zuora_id)
    same(Target.CREATE_PAYMENT, sent, back)
    assert (Decimal(back["AppliedAmount"]), Decimal(back["UnappliedAmount"])) == (Decimal(memo), Decimal(rest))


@EXAMPLES
@given(fields=filled(Target.REFUND_MEMO), amount=CENTS, of_memo=st.booleans())
def test_a_refund_comes_back_as_it_was_written(
    world: World, fields: dict[str, str], amount: str, of_memo: bool
) -> None:
    """Of a credit memo, or of a payment that paid a debit memo."""
    target = Target.REFUND_MEMO if of_memo else Target.REFUND_PAYMENT
    base = refund(PaymentId="@C1" if of_memo else "@P2", AccountId="@A", Amount=amount)
    sent = world.resolve(base).but(**unused(fields, next(_numbers)))
    (zuora_id,) = world.create(sent).ids
    same(target, sent, read_back(world, "Refund", zuora_id))
