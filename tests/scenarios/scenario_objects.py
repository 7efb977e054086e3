"""What many scenarios are written with: the caller's objects, the JSON that Zuora gets, settings. Holds data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness import Obj, part, payment, refund
from scenario_terms import Json, Rest

PAYMENTS = "/v1/payments"
NOTHING = "0" * 32


def pays(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document, all of it applied."""
    return payment(**{"Amount": amount, "InvoiceId": document, "AppliedInvoiceAmount": amount, **more})


def pays_several(amount: str, *parts: tuple[str, str], **more: Any) -> Obj:
    """A payment of several documents."""
    rows = [part("InvoicePayment", InvoiceId=document, Amount=share) for document, share in parts]
    return payment(Amount=amount, InvoicePaymentData=rows, **more)


def posted(amount: str, *, currency: str = "USD", account: str = "@A", **more: Json) -> Mapping[str, Json]:
    """The JSON of an external payment."""
    return {
        "amount": amount,
        "currency": currency,
        "type": "External",
        "accountId": account,
        "paymentMethodId": "@PMx",
        "effectiveDate": "2026-02-20",
        **more,
    }


def memo_share(memo: str, amount: str) -> Json:
    """``debitMemos`` with one debit memo."""
    return [{"debitMemoId": memo, "amount": amount}]


def post_memo(memo: str, amount: str, key: str = "", **more: Any) -> Rest:
    """The payment of one debit memo over REST, all of it applied."""
    return Rest(PAYMENTS, posted(amount, debitMemos=memo_share(memo, amount), **more), key=key)


def electronic(document: str, amount: str, **more: Any) -> Obj:
    """A card payment of one document."""
    return pays(document, amount, **{"PaymentMethodId": "@PMc", "Type": "Electronic", **more})


def refunds(source: str, amount: str, **more: Any) -> Obj:
    """An external refund of a payment or credit memo."""
    return refund(**{"PaymentId": source, "Amount": amount, **more})


MEMO_REFUND_OF_60 = {
    "totalAmount": "60",
    "type": "External",
    "methodType": "Check",
    "refundDate": "2026-02-20",
    "referenceId": "@intent",
}
C1_REFUND = "/v1/credit-memos/@C1/refund"
P2_REFUND = "/v1/payments/@P2/refunds/unapply"

D1_WHOLE = pays("@D1", "80")
POSTS = {"method": "POST", "path": PAYMENTS}
SOAP_CREATE = {"operation": "create"}

FIFTY = [pays("@I1" if place % 2 == 0 else "@D1", "1.00") for place in range(50)]
"""25 of 1.00 on the invoice and 25 on the debit memo, one by one in turn."""

ONE_ON_D1 = post_memo("@D1", "1.00")
EVEN = tuple(range(0, 50, 2))

BROKEN_FIFTY = [*FIFTY]
BROKEN_FIFTY[2] = pays("@I1", "200")
BROKEN_FIFTY[7] = pays("@D2", "1.00")

SELECT_PAYMENTS = (
    "<ns1:query><ns1:queryString>select Id, Amount, AppliedAmount, UnappliedAmount from Payment "
    "where AccountId = '@A'</ns1:queryString></ns1:query>"
)
SELECT_ALL = "<ns1:query><ns1:queryString>select Id, Amount from Payment</ns1:queryString></ns1:query>"
QUERY_MORE = "<ns1:queryMore><ns1:queryLocator>@locator</ns1:queryLocator></ns1:queryMore>"
PAGES_OF_2000 = "<ns1:QueryOptions><ns1:batchSize>2000</ns1:batchSize></ns1:QueryOptions>"
PAGES_OF_2 = "<ns1:QueryOptions><ns1:batchSize>2</ns1:batchSize></ns1:QueryOptions>"

IMPATIENT = {"callers": {"erp": {"usernames": ["erp@example.com"], "allow": ["*"], "wait_seconds": 1}}}
IN_DOUBT = "OUTCOME UNKNOWN, repeat unchanged"


def waiting(seconds: int, **more: str | list[str]) -> Mapping[str, Any]:
    """The bridge's settings for an ERP that waits so long for an answer."""
    return {"callers": {"erp": {"usernames": ["erp@example.com"], "allow": ["*"], "wait_seconds": seconds, **more}}}


IMPATIENT = waiting(1)
