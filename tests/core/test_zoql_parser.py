"""The grammar of ZOQL: what is a query, what is none and where it goes wrong, and that nothing else ever leaves."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.zoql import Select, ZoqlError, object_of, parse, printed
from bridge.core.zoql.syntax import RESERVED, Condition, Form, Literal, Operator

EQ, NE, LIKE = Operator.EQ, Operator.NE, Operator.LIKE


def text(value: str) -> Literal:
    """A quoted text."""
    return Literal(Form.TEXT, value)


def number(value: str) -> Literal:
    """A number as written."""
    return Literal(Form.NUMBER, value)


def where(query: str) -> tuple[tuple[Condition, ...], ...]:
    """The conditions of a query on some object."""
    return parse(f"select Id from X where {query}").where


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select Id from Payment", Select(("Id",), "Payment")),
        ("select Id, Amount,Status from Payment", Select(("Id", "Amount", "Status"), "Payment")),
        ("SELECT Id FROM payment", Select(("Id",), "payment")),
        ("\n\t select\r\n Id \u00a0 from\n Payment \n", Select(("Id",), "Payment")),
        ("select Any_Field__c from X", Select(("Any_Field__c",), "X")),
        (
            "select Id from Payment WHERE Status='Processed'",
            Select(("Id",), "Payment", ((Condition("Status", EQ, text("Processed")),),)),
        ),
    ],
)
def test_queries_are_read(query: str, expected: Select) -> None:
    """Keywords in any case, white space anywhere, as recorded traffic has them."""
    assert parse(query) == expected


@pytest.mark.parametrize("operator", Operator)
def test_every_comparison_is_read(operator: Operator) -> None:
    """With and without white space around it."""
    expected = ((Condition("A", operator, text("x")),),)
    assert where(f"A {operator.value.upper()} 'x'") == expected
    assert where(f"A {operator.value}'x'") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("''", text("")),
        (r"'it\'s'", text("it's")),
        (r"'a\\b'", text("a\\b")),
        (r"'\n\t\r\b\f'", text("\n\t\r\b\f")),
        (r"'\%\x'", text("%x")),
        ("'a < b & \u00e9 from where'", text("a < b & \u00e9 from where")),
        ("5", number("5")),
        ("-5.50", number("-5.50")),
        ("+.5", number("+.5")),
        ("5.", number("5.")),
        ("TRUE", Literal(Form.TRUE)),
        ("false", Literal(Form.FALSE)),
        ("Null", Literal(Form.NULL)),
    ],
)
def test_every_literal_is_read(written: str, expected: Literal) -> None:
    """Texts with escapes, numbers as written, booleans and null."""
    assert where(f"A = {written}") == ((Condition("A", EQ, expected),),)


def test_and_binds_tighter_than_or() -> None:
    """Without parentheses a query is alternatives of conditions that must all hold."""
    a, b, c, d = (Condition(name, EQ, number("1")) for name in "ABCD")
    assert where("A = 1 or B = 1 and C = 1 or D = 1") == ((a,), (b, c), (d,))


@pytest.mark.parametrize(
    ("query", "at", "why"),
    [
        ("", 1, "'select' is expected, not the end of the query"),
        ("delete from Payment", 1, "'select' is expected, not 'delete'"),
        ("select * from accountsX", 8, "the name of a field is expected, not '*'"),
        ("select from Payment", 8, "the name of a field is expected, not 'from'"),
        ("select Id Payment", 11, "'from' is expected, not 'Payment'"),
        ("select Id, from Payment", 12, "the name of a field is expected, not 'from'"),
        ("select Id from", 15, "the name of an object is expected, not the end of the query"),
        ("select Id from 'Payment'", 16, "the name of an object is expected, not 'Payment'"),
        ("select Id from Payment p", 24, "'where' is expected, not 'p'"),
        ("select Id from Payment, Refund", 23, "'where' is expected, not ','"),
        ("select Id from Payment where", 29, "the name of a field is expected, not the end of the query"),
        ("select Id from Payment where (A = 1)", 30, "the name of a field is expected, not '('"),
        ("select Id from Payment where A in (1)", 32, "a comparison (= != > >= < <= like) is expected, not 'in'"),
        ("select Id from Payment where A '='  1", 32, "a comparison (= != > >= < <= like) is expected, not '='"),
        ("select Id from Payment where A = B", 34, "a value ('text', a number, true, false or null) is expected"),
        ("select Id from Payment where A = 1 B = 1", 36, "'and' or 'or' is expected, not 'B'"),
        ("select Id from Payment where A = 1 order by A", 36, "'and' or 'or' is expected, not 'order'"),
        ("select Id from Payment where A = 1 and", 39, "the name of a field is expected, not the end"),
        ("select Id from Payment where A = 'x", 34, "a text has no closing quote"),
        ("select Id from Payment where A = 'x\\", 34, "a text has no closing quote"),
        ("select Id from Payment where A = 2015-02-28", 38, "'and' or 'or' is expected, not '-02'"),
        ("select Id from Payment where A = 1x", 34, "'1x' is no number"),
        ("select Id from Payment where A = 1.2.3", 34, "'1.2.' is no number"),
        ("select Id from Payment where A = 1e5", 34, "'1e' is no number"),
        ("select Id from Payment where A = -", 34, "'-' is no number"),
        ("select Id from Payment where A = +.", 34, "'+.' is no number"),
        ('select Id from Payment where A = "x"', 34, "not '\"'"),
        ("select Id from Payment where A ! 1", 32, "a comparison (= != > >= < <= like) is expected, not '!'"),
        ("select Id from Payment;", 23, "'where' is expected, not ';'"),
        ("select Id from Payment where A = " + "z\u0007" * 30, 34, "a value"),
    ],
)
def test_what_is_no_query_says_where_it_goes_wrong(query: str, at: int, why: str) -> None:
    """Zuora's own text first, because clients match it; then what was expected, and the character, from 1."""
    with pytest.raises(ZoqlError) as error:
        parse(query)
    fault = error.value.fault
    assert (fault.code, fault.kind, error.value.at) == ("MALFORMED_QUERY", "MalformedQueryFault", at)
    assert fault.message.startswith("You have an error in your ZOQL syntax: ")
    assert why in fault.message
    assert fault.message.endswith(f"(at character {at})")


def test_200_conditions_are_the_most() -> None:
    """Zuora's limit; the 201st is refused."""
    many = " or ".join(["A = 1"] * 200)
    assert len(where(many)) == 200
    with pytest.raises(ZoqlError, match="at most 200 conditions"):
        where(f"{many} and A = 1")


def test_10000_characters_are_the_most() -> None:
    """White space around the query does not count."""
    query = "select Id from X where A = '" + "x" * 9_971 + "'"
    assert len(query) == 10_000
    parse(f"\n {query} \n")
    with pytest.raises(ZoqlError, match="at most 10000 characters, this one 10001"):
        parse(query.replace("x'", "xx'"))


def test_long_pieces_are_cut_in_messages() -> None:
    """A message stays short and on one line."""
    with pytest.raises(ZoqlError) as error:
        parse("select Id from Payment where A = 1 '" + "y\n" * 4000 + "'")
    assert len(error.value.message) < 160
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select Id from Payment", "Payment"),
        ("select * from Payment", "Payment"),
        ("select Id FROM refund where (x", "refund"),
        ("select Id from Payment where A = 'x", "Payment"),
        ("select 'from Refund' from Payment", "Payment"),
        ("select 'from Payment", None),
        ("select Id from", None),
        ("select Id from 5", None),
        ("select count() Payment", None),
        ("", None),
    ],
)
def test_the_object_is_found_in_a_broken_query_too(query: str, expected: str | None) -> None:
    """Who answers a query depends on its object, also when the answer is that it is wrong."""
    assert object_of(query) == expected


# ------------------------------------------------------------------ properties

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,12}\Z").filter(lambda name: name.lower() not in RESERVED)
NUMBERS = st.from_regex(r"\A[+-]?([0-9]{1,6}(\.[0-9]{0,4})?|\.[0-9]{1,4})\Z")
LITERALS = (
    st.text(max_size=12).map(text)
    | NUMBERS.map(number)
    | st.sampled_from([Literal(Form.TRUE), Literal(Form.FALSE), Literal(Form.NULL)])
)
CONDITIONS = st.builds(Condition, NAMES, st.sampled_from(list(Operator)), LITERALS)
BOTH = st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple)
QUERIES = st.builds(
    Select, st.lists(NAMES, min_size=1, max_size=4).map(tuple), NAMES, st.lists(BOTH, max_size=4).map(tuple)
)


@given(QUERIES)
def test_a_printed_query_is_read_as_the_same_query(query: Select) -> None:
    """parse(printed(query)) = query, and printing is canonical."""
    again = parse(printed(query))
    assert again == query
    assert printed(again) == printed(query)
    assert object_of(printed(query)) == query.object


def _only_its_own_error(query: str) -> None:
    object_of(query)
    try:
        parsed = parse(query)
    except ZoqlError as error:
        assert error.at is not None  # noqa: PT017
        assert 1 <= error.at <= len(query.strip()) + 1  # noqa: PT017
        assert error.message.startswith("You have an error in your ZOQL syntax: ")  # noqa: PT017
    else:
        assert parse(printed(parsed)) == parsed


@given(st.text(max_size=200) | st.text(alphabet=string.printable + "'\\", max_size=200))
def test_any_text_is_read_or_refused(query: str) -> None:
    """Nothing but a query or the parser's own error leaves it."""
    _only_its_own_error(query)


@given(st.data())
def test_a_mutated_query_is_read_or_refused(data: st.DataObject) -> None:
    """One piece of a good query cut out and something put in its place."""
    query = printed(data.draw(QUERIES))
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, min(len(query), start + 6)))
    patch = data.draw(st.text(max_size=4) | st.sampled_from(["'", "\\", "from", " and ", "(", "*", ",", "\x00", "1."]))
    _only_its_own_error(query[:start] + patch + query[end:])
