"""The same query by pass-through and by REST: the same bytes but for the order of rows, which Zuora leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import World, payment, post, refund
from query_calls import BY_REST, options, page, query, row_bytes

COMMON = (
    "AccountId, AccountingCode, Amount, CancelledOn, Comment, CreatedById, CreatedDate, GatewayResponse, "
    "GatewayResponseCode, GatewayState, MarkedForSubmissionOn, PaymentMethodId, SettledOn, SoftDescriptor, "
    "SoftDescriptorPhone, Status, SubmittedOn, TransferredToAccounting, Type, UpdatedById, UpdatedDate, Gateway, "
    "PaymentMethodSnapshotId"
)
PAYMENT = (
    f"{COMMON}, AppliedCreditBalanceAmount, AuthTransactionId, BankIdentificationNumber, EffectiveDate, "
    "GatewayOrderId, PaymentNumber, ReferenceId, RefundAmount, SecondPaymentReferenceId, Source, SourceName"
)
REFUND = (
    f"{COMMON}, MethodType, ReasonCode, ReferenceID, RefundDate, RefundNumber, RefundTransactionTime, "
    "SecondRefundReferenceId, SourceType"
)
LINKS = "Amount, CreatedById, CreatedDate, InvoiceId, PaymentId, RefundAmount, UpdatedById, UpdatedDate"

CUSTOM = {"Region__c": "EU", "Amount__c": "7.50", "Approved__c": "true", "ValueDate__c": "2026-02-03"}

QUERIES = [
    f"select {PAYMENT} from Payment",
    "select type, ID, amount, Status from payment where status = 'Processed' and Amount >= 45",
    "SELECT Id FROM Payment WHERE PaymentNumber like 'P-0000000_'",
    "\n  select Id, Amount\n  from Payment\n  where Amount = 45 or Amount = '80.00' and Type = 'External'\n",
    "select Id, Amount from Payment where AccountId = '@A' and Comment = null",
    "select Id, GatewayOrderId from Payment where GatewayOrderId != null",
    "select Id from Payment where Id = '@P1' or Id = '@P2' or Id = '@P3'",
    "select Amount, Status from Payment where Status != 'Error'",
    "select Id from Payment where CreatedDate >= '2026-02-10T09:00:00-08:00' and CreatedDate < '2026-02-20T11:00:00Z'",
    "select Id from Payment where ReferenceId = 'none'",
    "select Id, ReferenceId from Payment where ReferenceId = 'it\\'s <here> & \\\\there'",
    "select Id, Comment from Payment where Comment like 'caf\u00e9%'",
    f"select {REFUND} from Refund",
    "select Id, SourceType from Refund where SourceType = 'CreditMemo'",
    "select Id, RefundDate from Refund where CreatedDate > '2026-02-20T00:00:00-08:00' and Amount < 10",
    f"select {LINKS} from InvoicePayment",
    "select InvoiceId, Amount from InvoicePayment where PaymentId = '@P1'",
    "select Id, Amount from InvoicePayment where InvoiceId = '@I4'",
    "select Id, RefundAmount, RefundId, InvoiceId from RefundInvoicePayment",
    # Custom fields, whose types the WSDL of this bridge does not tell.
    "select Region__c, Amount__c, Approved__c, ValueDate__c from Payment where Amount = 12.5",
    "select Id from Payment where Approved__c = true or Amount__c = 7.5 and Region__c = 'eu'",
    # Faults whose text is known from recorded traffic.
    "select Id, InvoicePaymentData from Payment",
    "select Id, AppliedInvoiceAmount from payment",
    "select PaymentId from Refund",
]
SINCE_107 = [
    "select Id, Amount, AppliedAmount, UnappliedAmount, Currency from Payment where UnappliedAmount > 0",
    "select Id from Payment where AppliedAmount = 50",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with the fixture's payments and some more, whose queries go by REST."""
    folder: Path = tmp_path_factory.mktemp("queries")
    with World(folder, routes=BY_REST, zuora={"settlement_rows": True}) as made:
        text = "it's <here> & \\there"
        answer = made.create(
            payment(Amount="12.50", AppliedInvoiceAmount="12.50", InvoiceId="@I1", ReferenceId=text, **CUSTOM),
            payment(Amount="7.00", AppliedCreditBalanceAmount="7.00", Comment="Caf\u00e9 \u2603"),
        )
        paid = answer.ids
        for each in (
            refund(PaymentId=paid[0], Amount="2.10", Comment="a & b"),
            refund(PaymentId="@C1", Amount="5.00"),
        ):
            made.create(each).ids  # noqa: B018 - asserts success
        yield made


@pytest.mark.parametrize("version", ["68.0", "83.0", "107.0"])
@pytest.mark.parametrize("text", [*QUERIES, *SINCE_107])
def test_a_query_has_the_same_answer_by_rest(world: World, text: str, version: str) -> None:
    """Envelope, rows and faults, byte for byte; only which row comes first is nobody's promise."""
    ours, theirs = query(world, text, version), query(world, text, version, direct=True)
    assert ours.status == theirs.status
    assert row_bytes(ours) == row_bytes(theirs)
    assert ours.header("Content-Type") == theirs.header("Content-Type")
    if ours.status == 200:
        assert ours.header("Bridge-Route") == "rest"


@pytest.mark.parametrize("text", SINCE_107)
def test_what_is_newer_than_the_caller_is_refused_as_zuora_does(world: World, text: str) -> None:
    """I8: a field of 107 to a caller of 83 is INVALID_FIELD in Zuora's words."""
    answer = query(world, text, "83.0")
    assert answer.status == 500
    assert answer.fault["code"] == "INVALID_FIELD"
    assert answer.fault["message"].startswith("invalid field for query: Payment.")


def test_the_queries_of_this_page_are_not_all_empty(world: World) -> None:
    """Most of them find something: equal emptiness would prove little."""
    sizes = [page(each).size for text in QUERIES if (each := query(world, text)).status == 200]
    assert sum(size > 0 for size in sizes) >= len(sizes) - 2


def test_case_counts_where_the_caller_says_so(world: World) -> None:
    """QueryOptions.caseSensitive, as Zuora takes it."""
    text = "select Id from Payment where Status = 'processed'"
    for case_sensitive in (True, False):
        headers = options(case_sensitive=case_sensitive)
        ours, theirs = query(world, text, headers=headers), query(world, text, direct=True, headers=headers)
        assert row_bytes(ours) == row_bytes(theirs)
        assert (page(ours).size == 0) is case_sensitive


def test_an_empty_query_is_one_nil_record(world: World) -> None:
    """As every recorded empty answer has it; clients count on it."""
    answer = query(world, "select Id from Payment where Amount = 12345")
    assert page(answer).rows == [None]
    nil = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1" />'
    assert (
        b"<ns1:done>true</ns1:done><ns1:queryLocator" + nil + b"<ns1:records" + nil + b"<ns1:size>0</ns1:size>"
    ) in answer.body


def test_a_caller_of_soap_12_gets_the_same_body_in_its_envelope(world: World) -> None:
    """Rows and faults, on the same address."""
    for text in ("select Id, Amount from Payment where Amount = 45", "select Nonsense from Payment"):
        body = world.message(f"<ns1:query><ns1:queryString>{text}</ns1:queryString></ns1:query>")
        soap12 = body.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")
        answer = post(world.endpoint(), soap12, (("Content-Type", "application/soap+xml; charset=utf-8"),))
        assert answer.header("Content-Type") == "application/soap+xml;charset=utf-8"
        assert b'xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope"' in answer.body
        if answer.status == 200:
            expected = query(world, text).body.partition(b"<soapenv:Body>")[2]
            assert answer.body.partition(b"<soapenv:Body>")[2] == expected
        else:
            assert b"fns:INVALID_FIELD" in answer.body


def test_a_refund_of_a_credit_memo_can_be_shown_as_one_of_credit_balance(tmp_path: Path) -> None:
    """For callers with a closed list: shown and filtered by that word."""
    erp = {"usernames": ["erp@example.com"], "allow": ["*"], "credit_memo_as": "CreditBalance"}
    with World(tmp_path, routes=BY_REST, callers={"erp": erp}) as made:
        (key,) = made.create(refund(PaymentId="@C1", Amount="5.00")).ids
        for word, found in (("CreditBalance", [key]), ("CreditMemo", [])):
            answer = query(made, f"select SourceType from Refund where SourceType = '{word}'")
            assert page(answer).ids == found
            assert (b"<ns2:SourceType>CreditBalance</ns2:SourceType>" in answer.body) is bool(found)
