"""Which path and method is which operation, and which permission it takes.

Source: Zuora: API reference. A template's `{}` stands for a key (id or number); its second `{}` for the key of a part.
Must not know HTTP beyond method, path, headers and bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.orders import NONE, Orders
from bridge.sandbox.records import DEBIT_MEMO, INVOICE
from bridge.sandbox.rest import documents, lists, object_query, parts, payments, references, refunds, shapes
from bridge.sandbox.rest.bodies import parse_json
from bridge.sandbox.sessions import Grant


@dataclass(frozen=True)
class RestRequest:
    """An authenticated request; `sub` is the key of a part where the path has one."""

    grant: Grant
    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    orders: Orders = NONE
    sub: str = ""

    @property
    def tenant(self) -> Tenant:
        """The tenant asked."""
        return self.grant.tenant

    @property
    def by(self) -> str:
        """Who is asking."""
        return self.grant.user.id

    def json(self, *, may_be_empty: bool = False) -> dict[str, Any]:
        """Return the body as an object."""
        return parse_json(self.body, may_be_empty=may_be_empty)


class Route(NamedTuple):
    """An operation and the permission it takes."""

    permission: str
    run: Callable[[RestRequest, str], Json]


Methods = Mapping[str, Route]


def find(parts_of_path: Sequence[str], request: RestRequest) -> tuple[Methods | None, RestRequest, str]:
    """Find the methods of a path, the request with the part's key in it, and the object's key."""
    exact = ROUTES.get(tuple(parts_of_path))
    if exact is not None or len(parts_of_path) < 3:
        return exact, request, ""
    key = parts_of_path[2]
    found = ROUTES.get((*parts_of_path[:2], "{}", *parts_of_path[3:]))
    if found is None and len(parts_of_path) > 4:
        found = ROUTES.get((*parts_of_path[:2], "{}", parts_of_path[3], "{}", *parts_of_path[5:]))
        request = replace(request, sub=parts_of_path[4])
    return found, request, key


def _list(kind: str) -> Callable[[RestRequest, str], Json]:
    return lambda request, _: lists.answer_list(request.tenant, kind, request.query, request.headers, request.base_url)


def _query_list(kind: str) -> Callable[[RestRequest, str], Json]:
    return lambda request, _: object_query.answer_list(request.tenant, kind, request.query, request.headers)


def _query_one(kind: str) -> Callable[[RestRequest, str], Json]:
    return lambda request, key: object_query.answer_one(request.tenant, kind, key, request.query)


def _create_refund(request: RestRequest, key: str) -> Json:
    return refunds.of_payment(request.tenant, key, request.json(), request.by, verdict=request.orders.verdict)


def _create_refund_unapplying(request: RestRequest, key: str) -> Json:
    return refunds.of_payment_unapplying(
        request.tenant, key, request.json(), request.by, verdict=request.orders.verdict
    )


def _refund_memo(request: RestRequest, key: str) -> Json:
    return refunds.of_credit_memo(request.tenant, key, request.json(), request.by, verdict=request.orders.verdict)


def _paged(operation: Callable[[RestRequest, str], dict[str, Json]]) -> Callable[[RestRequest, str], Json]:
    def run(request: RestRequest, key: str) -> Json:
        whole = operation(request, key)
        return lists.cut(request.tenant, whole, request.query, f"{request.base_url}{request.path}")

    return run


def _items(kind: str) -> Callable[[RestRequest, str], Json]:
    def operation(request: RestRequest, key: str) -> dict[str, Json]:
        if kind == "credit":
            return lists.all_rows("items", shapes.memo_items(references.credit_memo(request.tenant, key)))
        document = references.document(request.tenant, DEBIT_MEMO if kind == "debit" else INVOICE, key)
        return lists.all_rows("items" if kind == "debit" else "invoiceItems", shapes.document_items(document))

    return _paged(operation)


_PAYMENTS: Final[dict[tuple[str, ...], Methods]] = {
    ("v1", "payments"): {
        "GET": Route("Payment.read", _list("payments")),
        "POST": Route(
            "Payment.create", lambda r, _: payments.create(r.tenant, r.json(), r.by, verdict=r.orders.verdict)
        ),
    },
    ("v1", "payments", "{}"): {
        "GET": Route("Payment.read", lambda r, key: shapes.payment(r.tenant, references.payment(r.tenant, key))),
        "PUT": Route("Payment.update", lambda r, key: payments.update(r.tenant, key, r.json(), r.by)),
        "DELETE": Route("Payment.delete", lambda r, key: payments.delete(r.tenant, key)),
    },
    ("v1", "payments", "{}", "parts"): {
        "GET": Route("Payment.read", _paged(lambda r, key: parts.of_payment(r.tenant, key)))
    },
    ("v1", "payments", "{}", "parts", "{}"): {
        "GET": Route("Payment.read", lambda r, key: parts.one_of_payment(r.tenant, key, r.sub))
    },
    ("v1", "payments", "{}", "parts", "{}", "item-parts"): {
        "GET": Route("Payment.read", _paged(lambda r, key: parts.items_of_payment(r.tenant, key, r.sub)))
    },
    ("v1", "payments", "{}", "apply"): {
        "PUT": Route("Payment.apply", lambda r, key: payments.apply(r.tenant, key, r.json(), r.by))
    },
    ("v1", "payments", "{}", "unapply"): {
        "PUT": Route("Payment.unapply", lambda r, key: payments.unapply(r.tenant, key, r.json(may_be_empty=True), r.by))
    },
    ("v1", "payments", "{}", "transfer"): {
        "PUT": Route("Payment.transfer", lambda r, key: payments.transfer(r.tenant, key, r.json(), r.by))
    },
    ("v1", "payments", "{}", "cancel"): {
        "PUT": Route("Payment.cancel", lambda r, key: payments.cancel(r.tenant, key, r.by))
    },
    ("v1", "payments", "{}", "refunds"): {"POST": Route("Refund.create", _create_refund)},
    ("v1", "payments", "{}", "refunds", "unapply"): {
        "POST": Route("Refund.createUnapplying", _create_refund_unapplying)
    },
}

_REFUNDS: Final[dict[tuple[str, ...], Methods]] = {
    ("v1", "refunds"): {"GET": Route("Refund.read", _list("refunds"))},
    ("v1", "refunds", "{}"): {
        "GET": Route("Refund.read", lambda r, key: shapes.refund(r.tenant, references.refund(r.tenant, key))),
        "PUT": Route("Refund.update", lambda r, key: refunds.update(r.tenant, key, r.json(), r.by)),
        "DELETE": Route("Refund.delete", lambda r, key: refunds.delete(r.tenant, key)),
    },
    ("v1", "refunds", "{}", "cancel"): {
        "PUT": Route("Refund.cancel", lambda r, key: refunds.cancel(r.tenant, key, r.by))
    },
    ("v1", "refunds", "{}", "parts"): {
        "GET": Route("Refund.read", _paged(lambda r, key: parts.of_refund(r.tenant, key)))
    },
    ("v1", "refunds", "{}", "parts", "{}"): {
        "GET": Route("Refund.read", lambda r, key: parts.one_of_refund(r.tenant, key, r.sub))
    },
    ("v1", "refunds", "{}", "parts", "{}", "item-parts"): {
        "GET": Route("Refund.read", _paged(lambda r, key: parts.items_of_refund(r.tenant, key, r.sub)))
    },
}

_DOCUMENTS: Final[dict[tuple[str, ...], Methods]] = {
    ("v1", "credit-memos"): {"GET": Route("CreditMemo.read", _list("credit-memos"))},
    ("v1", "credit-memos", "{}"): {
        "GET": Route(
            "CreditMemo.read", lambda r, key: shapes.credit_memo(r.tenant, references.credit_memo(r.tenant, key))
        )
    },
    ("v1", "credit-memos", "{}", "items"): {"GET": Route("CreditMemo.read", _items("credit"))},
    ("v1", "credit-memos", "{}", "parts"): {
        "GET": Route("CreditMemo.read", _paged(lambda r, key: parts.of_credit_memo(r.tenant, key)))
    },
    ("v1", "credit-memos", "{}", "refund"): {"POST": Route("CreditMemo.refund", _refund_memo)},
    ("v1", "credit-memos", "{}", "refunds"): {"POST": Route("CreditMemo.refund", _refund_memo)},
    ("v1", "credit-memos", "{}", "apply"): {
        "PUT": Route("CreditMemo.apply", lambda r, key: documents.apply_credit_memo(r.tenant, key, r.json(), r.by))
    },
    ("v1", "credit-memos", "{}", "unapply"): {
        "PUT": Route(
            "CreditMemo.unapply",
            lambda r, key: documents.unapply_credit_memo(r.tenant, key, r.json(may_be_empty=True), r.by),
        )
    },
    ("v1", "debit-memos"): {"GET": Route("DebitMemo.read", _list("debit-memos"))},
    ("v1", "debit-memos", "{}"): {
        "GET": Route(
            "DebitMemo.read",
            lambda r, key: shapes.debit_memo(r.tenant, references.document(r.tenant, DEBIT_MEMO, key)),
        )
    },
    ("v1", "debit-memos", "{}", "items"): {"GET": Route("DebitMemo.read", _items("debit"))},
    ("v1", "debit-memos", "{}", "application-parts"): {
        "GET": Route("DebitMemo.read", _paged(lambda r, key: parts.of_document(r.tenant, DEBIT_MEMO, key)))
    },
    ("v1", "invoices", "{}"): {
        "GET": Route("Invoice.read", lambda r, key: shapes.invoice(references.document(r.tenant, INVOICE, key)))
    },
    ("v1", "invoices", "{}", "items"): {"GET": Route("Invoice.read", _items("invoice"))},
    ("v1", "invoices", "{}", "application-parts"): {
        "GET": Route("Invoice.read", _paged(lambda r, key: parts.of_document(r.tenant, INVOICE, key)))
    },
    ("v1", "accounts", "{}"): {
        "GET": Route("Account.read", lambda r, key: shapes.account(r.tenant, references.account(r.tenant, key)))
    },
    ("v1", "payment-gateways"): {"GET": Route("Gateway.read", lambda r, _: documents.gateways(r.tenant))},
    ("v1", "sequence-sets"): {"GET": Route("SequenceSet.read", lambda r, _: documents.sequence_sets(r.tenant))},
}

ROUTES: Final[dict[tuple[str, ...], Methods]] = {
    **_PAYMENTS,
    **_REFUNDS,
    **_DOCUMENTS,
    **{("object-query", kind): {"GET": Route("ObjectQuery.read", _query_list(kind))} for kind in object_query.OBJECTS},
    **{
        ("object-query", kind, "{}"): {"GET": Route("ObjectQuery.read", _query_one(kind))}
        for kind in object_query.OBJECTS
    },
}
