"""Whether a row is one of a query's: every comparison, null, case, like; and the whole search against a naive model."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from core_objects import LOS_ANGELES
from hypothesis import given
from hypothesis import strategies as st
from zoql_tenant import V68, V107, ObjectQuery, bound, run, shown

from bridge.core.model import Version
from bridge.core.zoql import Found, printed
from bridge.core.zoql.evaluate import like
from bridge.core.zoql.syntax import Condition, Form, Literal, Operator, Select

PAYMENT: dict[str, Any] = {
    "id": "a" * 32,
    "amount": Decimal("82.80"),
    "status": "Processed",
    "comment": "",
    "effectiveDate": "2026-02-10",
    "createdDate": "2026-02-10T09:00:00-08:00",
    "transferredToAccounting": False,
    "gatewayOrderId": "Order_1",
    "Score__c": 7,
}


def found(where: str, **more: Any) -> bool:
    """Whether the payment is one of the query's."""
    query = bound(f"select Id from Payment where {where}", more.pop("version", V107), **more)
    result = run(query, ObjectQuery({"payments": [PAYMENT]}))
    assert isinstance(result, Found)
    return bool(result.rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Amount = 82.8", True),
        ("Amount = 82.80", True),
        ("Amount != 82.8", False),
        ("Amount > 82.8", False),
        ("Amount >= 82.8", True),
        ("Amount < 100", True),
        ("Amount <= 82.79999999999999999999999999", False),
        ("Status = 'processed'", True),
        ("Status != 'PROCESSED'", False),
        ("Status > 'error'", True),
        ("Status < 'Q'", True),
        ("Status <= 'processed'", True),
        ("Status >= 'processe'", True),
        ("Id = '" + "A" * 32 + "'", True),
        ("EffectiveDate = '2026-02-10'", True),
        ("EffectiveDate > '2026-02-09'", True),
        ("CreatedDate = '2026-02-10T17:00:00Z'", True),
        ("CreatedDate < '2026-02-10T17:00:00.001Z'", True),
        ("CreatedDate > '2026-02-10T17:00:00Z'", False),
        ("TransferredToAccounting = 'no'", True),
        # An empty text is null, as in the WSDL.
        ("Comment = null", True),
        ("Comment != null", False),
        ("Comment = 'x'", False),
        ("Comment != 'x'", True),
        ("Comment > 'x'", False),
        ("Comment like '%'", False),
        ("ReferenceId = null", True),
        ("Status = null", False),
        ("Status != null", True),
        ("SettledOn < '2027-01-01T00:00:00Z'", False),
        ("GatewayOrderId like 'order%'", True),
        ("GatewayOrderId like '%_1'", True),
        ("GatewayOrderId like 'Order_'", False),
        ("Score__c = '7'", True),
        ("Missing__c = null", True),
        ("Amount = 1 or Status = 'Processed'", True),
        ("Amount = 1 or Status = 'Processed' and Amount = 2", False),
    ],
)
def test_comparisons(where: str, expected: bool) -> None:
    """Texts without regard to case, amounts as decimals, moments as moments."""
    assert found(where) is expected


def test_case_counts_where_the_caller_says_so() -> None:
    """QueryOptions.caseSensitive."""
    assert not found("Status = 'processed'", case_sensitive=True)
    assert not found("GatewayOrderId like 'order%'", case_sensitive=True)
    assert found("GatewayOrderId like 'Order%'", case_sensitive=True)


def test_a_value_is_compared_as_the_caller_sees_it() -> None:
    """A refund of a credit memo, to a caller that knows only credit balance."""
    refunds = ObjectQuery({"refunds": [{"id": "r", "sourceType": "CreditMemo"}, {"id": "s", "sourceType": "Payment"}]})
    names = {("SourceType", "CreditMemo"): "CreditBalance"}
    query = bound("select SourceType from Refund where SourceType = 'CreditBalance'", names=names)
    assert shown(query, refunds) == [{"Id": "r", "SourceType": "CreditBalance"}]
    query = bound("select SourceType from Refund where SourceType != 'CreditBalance'", names=names)
    assert shown(query, refunds) == [{"Id": "s", "SourceType": "Payment"}]


@given(st.text("ab_%", max_size=6), st.text("ab_", max_size=4), st.sampled_from(["", "start", "end"]))
def test_like_is_that_of_a_regular_expression(text: str, core: str, where: str) -> None:
    """One wildcard at an end, any number of underscores."""
    pattern = {"": core, "start": f"%{core}", "end": f"{core}%"}[where]
    written = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in pattern)
    assert like(text, pattern) == bool(re.fullmatch(written, text, re.DOTALL))


# ------------------------------------------------------------------ the whole search against a naive model

TEXTS = ["", "a", "A", "ab", "b", "null", "a,b", " a", "é"]
AMOUNTS = [Decimal(each) for each in ("0", "1", "1.0", "2.5", "-1")]
DAYS = ["2026-02-09", "2026-02-10", "2026-02-11"]
MOMENTS = ["2026-02-10T08:59:59-08:00", "2026-02-10T09:00:00-08:00", "2026-02-10T18:00:00+01:00"]
FIELDS: dict[str, tuple[str, list[Any]]] = {
    # SOAP name -> (REST name, values): pushed and not, of every kind.
    "ReferenceId": ("referenceId", TEXTS),
    "Comment": ("comment", TEXTS),
    "Amount": ("amount", list(AMOUNTS)),
    "RefundAmount": ("refundAmount", list(AMOUNTS)),
    "EffectiveDate": ("effectiveDate", list(DAYS)),
    "CreatedDate": ("createdDate", list(MOMENTS)),
    "SettledOn": ("settledOn", list(MOMENTS)),
}


def rows() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Payments with any of these values, or without."""
    one = st.fixed_dictionaries(
        {"id": st.integers(0, 40).map("{:032x}".format)},
        optional={name: st.sampled_from(values) for name, values in FIELDS.values()},
    )
    return st.lists(one, max_size=12, unique_by=lambda row: row["id"])


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """A condition that every version from 69 on takes."""
    name = draw(st.sampled_from(list(FIELDS)))
    values = FIELDS[name][1]
    if draw(st.booleans()) and draw(st.booleans()):
        return Condition(name, draw(st.sampled_from([Operator.EQ, Operator.NE])), Literal(Form.NULL))
    if values is TEXTS and draw(st.booleans()):
        pattern = draw(st.sampled_from(["a%", "%a", "_", "a_%", "%", "b", "n%", "null"]))
        return Condition(name, Operator.LIKE, Literal(Form.TEXT, pattern))
    operator = draw(st.sampled_from([each for each in Operator if each is not Operator.LIKE]))
    value = draw(st.sampled_from(values))
    form = Form.NUMBER if isinstance(value, Decimal) else Form.TEXT
    return Condition(name, operator, Literal(form, str(value)))


QUERIES = st.lists(st.lists(conditions(), min_size=1, max_size=3).map(tuple), max_size=3).map(
    lambda where: Select(("Id", "Amount"), "Payment", tuple(where))
)


def naive(one: Condition, row: dict[str, Any]) -> bool:
    """One comparison, as simply as it can be said."""
    actual = row.get(FIELDS[one.field][0])
    actual = None if actual == "" else actual
    if one.literal.form is Form.NULL:
        return (actual is None) == (one.operator is Operator.EQ)
    if actual is None:
        return one.operator is Operator.NE
    wanted: Any = one.literal.text
    if isinstance(actual, Decimal):
        wanted = Decimal(wanted)
    elif one.field == "EffectiveDate":
        actual, wanted = date.fromisoformat(actual), date.fromisoformat(wanted)
    elif FIELDS[one.field][1] is not TEXTS:
        actual, wanted = datetime.fromisoformat(actual), datetime.fromisoformat(wanted)
    else:
        actual, wanted = actual.lower(), wanted.lower()
    if one.operator is Operator.LIKE:
        written = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in wanted)
        return re.fullmatch(written, actual, re.DOTALL) is not None
    return bool(eval(f"actual {one.operator.value.replace('=', '==', one.operator is Operator.EQ)} wanted"))


@given(rows(), QUERIES, st.sampled_from([Version(69), V107]), st.integers(1, 4))
def test_a_search_finds_what_a_naive_model_finds(
    payments: list[dict[str, Any]], query: Select, version: Version, size: int
) -> None:
    """Whatever is pushed and however many pages there are, exactly the rows that satisfy the query."""
    expected = [
        row["id"]
        for row in payments
        if not query.where or any(all(naive(one, row) for one in both) for both in query.where)
    ]
    result = run(bound(printed(query), version), ObjectQuery({"payments": payments}, size=size))
    assert isinstance(result, Found)
    assert [row.id for row in result.rows] == sorted(expected)


def test_the_naive_model_is_not_trivial() -> None:
    """It says yes and no."""
    one = Condition("Amount", Operator.EQ, Literal(Form.NUMBER, "1.0"))
    assert naive(one, {"amount": Decimal(1)})
    assert not naive(one, {"amount": Decimal(2)})
    assert LOS_ANGELES.key == "America/Los_Angeles"
    assert found("EffectiveDate = '2026-02-10T00:00:00Z'", version=V68)
