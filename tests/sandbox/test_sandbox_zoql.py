"""ZOQL: the grammar, the fields each version knows, paging and its end."""

import pytest
from sandbox_clients import API, Client


def ids(client: Client, where: str, *, kind: str = "Payment", version: str = "107.0") -> list[str]:
    """Run a query and name the fixture objects it found."""
    reply = client.query(f"select Id from {kind} where {where}", version=version)
    assert reply.status == 200, reply.body
    names = {key: name for name, key in client.names.items()}
    return [names[row["Id"]] for row in reply.records]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Amount = 45", ["P1"]),
        ("Amount = '45.00'", ["P1"]),
        ("Amount > 20 and Amount <= 80", ["P1", "P2"]),
        ("Amount != 80", ["P1", "P3"]),
        ("Type = 'Electronic' or Amount = 45 and Status = 'Processed'", ["P1", "P3"]),
        ("Type = 'electronic'", ["P3"]),
        ("paymentnumber like 'P-0000000_'", ["P1", "P2", "P3"]),
        ("PaymentNumber like '%3'", ["P3"]),
        ("Comment = null", ["P1", "P2", "P3"]),
        ("GatewayOrderId != null", ["P3"]),
        ("EffectiveDate >= '2026-02-10'", ["P2", "P3"]),
        ("CreatedDate < '2026-02-10T00:00:00-08:00'", ["P1"]),
        ("UnappliedAmount > 0 and AppliedAmount = 50", ["P2"]),
        ("ReferenceId = 'it\\'s'", []),
    ],
)
def test_conditions(client: Client, where: str, found: list[str]) -> None:
    """`and` binds tighter than `or`; strings ignore case; null, like and escapes work."""
    assert ids(client, where) == found


@pytest.mark.parametrize(
    "text",
    [
        "select * from Payment",
        "select Id from Nonsense",
        "select Id Payment",
        "select from Payment",
        "select Id from Payment where",
        "select Id from Payment where (Amount = 1)",
        "select Id from Payment where Amount in (1)",
        "select Id from Payment where Amount = 1 order by Amount",
        "select Id from Payment where PaymentNumber like '%a%'",
        "select Id from Payment where PaymentNumber = 'x",
        "",
    ],
)
def test_what_is_not_zoql_has_the_recorded_text(client: Client, text: str) -> None:
    """MalformedQueryFault MALFORMED_QUERY with the one text seen in the field."""
    fault = client.query(text).fault
    assert fault == ("fns:MALFORMED_QUERY", "MalformedQueryFault", "You have an error in your ZOQL syntax")


@pytest.mark.parametrize(
    ("kind", "field", "version"),
    [
        ("Payment", "InvoicePaymentData", "107.0"),
        ("Payment", "InvoiceId", "107.0"),
        ("Payment", "UnappliedAmount", "106.0"),
        ("Payment", "Gateway__", "107.0"),
        ("Refund", "PaymentId", "107.0"),
        ("Invoice", "CreditMemoAmount", "127.0"),
    ],
)
def test_fields_a_version_cannot_query(client: Client, kind: str, field: str, version: str) -> None:
    """The object as in the WSDL, the field in lower case."""
    fault = client.query(f"select Id, {field} from {kind.lower()}", version=version).fault
    expected = f"invalid field for query: {kind}.{field.lower()}"
    assert fault == ("fns:INVALID_FIELD", "MalformedQueryFault", expected)


def test_date_literals_must_fit_the_field_from_69_on(client: Client) -> None:
    """A dateTime against a date field is INVALID_VALUE; up to 68 both are taken."""
    text = "select Id from Payment where EffectiveDate = '2026-02-10T00:00:00-08:00'"
    assert client.query(text).fault[0] == "fns:INVALID_VALUE"
    assert len(client.query(text, version="68.0").records) == 1
    assert client.query("select Id from Payment where CreatedDate > '2026-02-10'").fault[0] == "fns:INVALID_VALUE"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "x"])
def test_what_is_no_number_is_invalid_value(client: Client, text: str) -> None:
    """Against a decimal field, also what a decimal can hold without being one."""
    assert client.query(f"select Id from Payment where Amount > '{text}'").fault[:2] == (
        "fns:INVALID_VALUE",
        "MalformedQueryFault",
    )


def test_formats_of_values(client: Client) -> None:
    """Decimals without trailing zeros, dateTimes with milliseconds and offset, dates by version."""
    text = f"select Amount, CreatedDate, EffectiveDate, GatewayOrderId from Payment where Id = '{client.names['P3']}'"
    new, old = client.query(text).records[0], client.query(text, version="68.0").records[0]
    assert new["CreatedDate"] == "2026-02-12T09:00:00.000-08:00"
    assert (new["Amount"], new["EffectiveDate"]) == ("20", "2026-02-12")
    assert old["EffectiveDate"] == "2026-02-12T00:00:00.000-08:00"


def test_pages_carry_the_total_and_a_locator(client: Client) -> None:
    """size is the total on every page; the locator's offset grows; the last page is done."""
    first = client.query("select Id from Payment", batch=2)
    locator = first.xml.findtext(f".//{API}queryLocator") or ""
    assert (first.xml.findtext(f".//{API}done"), first.xml.findtext(f".//{API}size")) == ("false", "3")
    assert locator[32:] == "-2"
    last = client.query_more(locator, batch=2)
    assert (last.xml.findtext(f".//{API}done"), last.xml.findtext(f".//{API}size")) == ("true", "3")
    assert len(last.records) == 1
    assert b"queryMoreResponse" in last.body


def test_a_locator_ends_after_a_quarter_of_an_hour_without_use(client: Client) -> None:
    """Use keeps it alive; silence ends it; a wrong one never lived."""
    client.control("POST", "settings", {"sessionSeconds": 28800})
    locator = client.query("select Id from Payment", batch=1).xml.findtext(f".//{API}queryLocator") or ""
    for _ in range(2):
        client.control("POST", "clock", {"advance_seconds": 800})
        assert client.query_more(locator, batch=1).status == 200
    client.control("POST", "clock", {"advance_seconds": 901})
    assert client.query_more(locator).fault[:2] == ("fns:INVALID_VALUE", "InvalidQueryLocatorFault")
    assert client.query_more("0" * 32 + "-2000").fault[1] == "InvalidQueryLocatorFault"


def test_link_objects_show_invoice_links_only(client: Client) -> None:
    """P1 paid an invoice, P2 a debit memo: only the first has an InvoicePayment."""
    names = client.names
    one = client.query(f"select InvoiceId, Amount from InvoicePayment where PaymentId = '{names['P1']}'").records
    assert [(row["InvoiceId"], row["Amount"]) for row in one] == [(names["I4"], "45")]
    assert client.query(f"select Id from InvoicePayment where PaymentId = '{names['P2']}'").records == []


def test_account_balance_follows_the_documented_sum(client: Client) -> None:
    """Invoices and debit memos less unapplied payments and credit memos."""
    text = f"select Balance, TotalInvoiceBalance, Currency from Account where Id = '{client.names['A']}'"
    row = client.query(text).records[0]
    # I1 100 + I2 20 + 5, D1 80 + 5, less P2 30, P3 20, C1 60.
    assert (row["Balance"], row["TotalInvoiceBalance"], row["Currency"]) == ("100", "125", "USD")


def test_too_long_and_too_many(client: Client) -> None:
    """10,000 characters and 200 conditions are the end."""
    many = " or ".join("Amount = 1" for _ in range(201))
    assert client.query(f"select Id from Payment where {many}").fault[1] == "MalformedQueryFault"
    assert client.query("select Id from Payment " + " " * 10_000 + "x").fault[1] == "MalformedQueryFault"
