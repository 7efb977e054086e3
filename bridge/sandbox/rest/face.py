"""The REST operations: which path is what, who may call it, and the JSON that answers.

Source: Zuora: API reference; Create an OAuth token. Must not know HTTP beyond method, path, headers and bytes.
"""

import hashlib
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.idempotency import Answer
from bridge.sandbox.ledger import InvariantBroken, Tenant
from bridge.sandbox.money import Json, dump_json
from bridge.sandbox.records import DEBIT_MEMO, INVOICE
from bridge.sandbox.refusal import INTERNAL, NOT_FOUND, PERMISSION, UNSUPPORTED, Reasons, Refusal
from bridge.sandbox.rest import actions, documents, lists, object_query, payments, references, refunds, shapes
from bridge.sandbox.rest.bodies import parse_json
from bridge.sandbox.rest.errors import GENERIC, plain_answer, problem, problems, standard_headers
from bridge.sandbox.sessions import Grant, Sessions
from bridge.sandbox.soap.face import SoapFace


@dataclass(frozen=True)
class RestRequest:
    """An authenticated request."""

    grant: Grant
    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    decline: bool = False

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


Operation = Callable[[RestRequest, str], Json]


class RestFace:
    """Zuora's REST API for all tenants on this host."""

    def __init__(self, sessions: Sessions, soap: SoapFace) -> None:
        self._sessions = sessions
        self._soap = soap

    def token(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer POST /oauth/token, which is form-encoded and needs no authorization."""
        if method != "POST":
            return problem(UNSUPPORTED, "The request method is not supported.", headers)
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/x-www-form-urlencoded":
            return problem(UNSUPPORTED, "The media type is not supported.", headers, status=415)
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
        granted = self._sessions.token(form.get("client_id", ""), form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials" or granted is None:
            return plain_answer(401, "Invalid client id or secret", headers)
        token, grant = granted
        answer: dict[str, Json] = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": grant.tenant.settings.token_seconds,
            "scope": f"entity.{_entity(grant)} service.usage.delete",
            "jti": token[:32],
        }
        return Answer(200, standard_headers(headers), dump_json(answer).encode())

    def answer(self, request: RestRequest) -> Answer:
        """Answer one request."""
        headers = request.headers
        if request.tenant.settings.legacy_http_status:
            headers = {name: value for name, value in headers.items() if name != "zuora-version"}
        parts = [urllib.parse.unquote(part) for part in request.path.strip("/").split("/")]
        if len(parts) > 1:
            parts[1] = _OLD_NAMES.get(parts[1], parts[1])
        legacy = self._legacy(request, parts)
        if legacy is not None:
            return legacy
        key = parts[2] if len(parts) > 2 else ""
        methods = _ROUTES.get(tuple(parts)) or _ROUTES.get((*parts[:2], "{}", *parts[3:]) if key else ())
        query = parts[0] == "object-query"
        if methods is None:
            return problems([Refusal(NOT_FOUND, "The requested path does not exist.")], headers, query=query)
        route = methods.get(request.method)
        resource = GENERIC if request.method in ("GET", "DELETE") else _RESOURCES.get(parts[1], GENERIC)
        try:
            body = dump_json(_run(route, request, key)).encode()
        except Refusal as refusal:
            return problems([refusal], headers, resource=resource, query=query)
        except Reasons as reasons:
            return problems(reasons.reasons, headers, resource=resource, query=query)
        except InvariantBroken as broken:
            return problem(INTERNAL, f"Internal error: {broken}", headers, resource=resource)
        return Answer(200, standard_headers(headers), body)

    def _legacy(self, request: RestRequest, parts: Sequence[str]) -> Answer | None:
        if parts[:2] == ["v1", "action"] and len(parts) == 3 and request.method == "POST":
            strict = dict(request.query).get("rejectUnknownFields") == "true"
            return actions.answer_action(
                self._soap,
                request.grant,
                parts[2],
                request.headers,
                request.body,
                strict=strict,
                decline=request.decline,
            )
        if parts[:2] == ["v1", "object"] and len(parts) > 2:
            return actions.answer_crud(
                request.grant, request.method, parts[2:], request.headers, request.body, decline=request.decline
            )
        return None


def _run(route: Operation | None, request: RestRequest, key: str) -> Json:
    if route is None:
        raise Refusal(UNSUPPORTED, "The request method is not supported.")
    _check_media(request)
    if request.method != "GET" and request.tenant.settings.deny_writes:
        raise Refusal(PERMISSION, "You do not have permission to perform this operation.")
    return route(request, key)


def _entity(grant: Grant) -> str:
    return hashlib.sha256(grant.tenant.tenant_id.encode()).hexdigest()[:32]


def _check_media(request: RestRequest) -> None:
    if request.method not in ("POST", "PUT", "PATCH") or not request.body.strip():
        return
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Refusal(UNSUPPORTED, "The media type is not supported.", status=415)


def _list(kind: str) -> Operation:
    return lambda request, _: lists.answer_list(request.tenant, kind, request.query, request.headers, request.base_url)


def _query_list(kind: str) -> Operation:
    return lambda request, _: object_query.answer_list(request.tenant, kind, request.query, request.headers)


def _query_one(kind: str) -> Operation:
    return lambda request, key: object_query.answer_one(request.tenant, kind, key, request.query)


def _create_refund(request: RestRequest, key: str) -> Json:
    return refunds.of_payment(request.tenant, key, request.json(), request.by, decline=request.decline)


def _create_refund_unapplying(request: RestRequest, key: str) -> Json:
    return refunds.of_payment_unapplying(request.tenant, key, request.json(), request.by, decline=request.decline)


def _refund_memo(request: RestRequest, key: str) -> Json:
    return refunds.of_credit_memo(request.tenant, key, request.json(), request.by, decline=request.decline)


def _payment_parts(request: RestRequest, key: str) -> Json:
    return lists.page_of_all("parts", shapes.parts(references.payment(request.tenant, key)))


def _memo_parts(request: RestRequest, key: str) -> Json:
    return lists.page_of_all("parts", shapes.parts(references.credit_memo(request.tenant, key)))


def _refund_parts(request: RestRequest, key: str) -> Json:
    refund = references.refund(request.tenant, key)
    part: Json = {
        "id": refund.parts[0].id if refund.parts else refund.id,
        "amount": refund.amount,
        "paymentId": refund.payment_id,
        "creditMemoId": refund.credit_memo_id,
        **shapes.stamps(refund),
    }
    return lists.page_of_all("parts", [part])


def _items(kind: str) -> Operation:
    def operation(request: RestRequest, key: str) -> Json:
        if kind == "credit":
            memo = references.credit_memo(request.tenant, key)
            rows: list[Json] = [
                {"id": item.id, "amount": item.amount, "unappliedAmount": item.open} for item in memo.items.values()
            ]
            return lists.page_of_all("items", rows)
        document = references.document(request.tenant, DEBIT_MEMO if kind == "debit" else INVOICE, key)
        return lists.page_of_all("items", shapes.document_items(document))

    return operation


_OLD_NAMES = {"creditmemos": "credit-memos", "debitmemos": "debit-memos", "paymentgateways": "payment-gateways"}
# Six digits say the resource; the list is not public, so these stand for themselves.
_RESOURCES = {
    "payments": "537000",
    "refunds": "538000",
    "credit-memos": "531000",
    "debit-memos": "532000",
}

_ROUTES: dict[tuple[str, ...], dict[str, Operation]] = {
    ("v1", "payments"): {
        "GET": _list("payments"),
        "POST": lambda r, _: payments.create(r.tenant, r.json(), r.by, decline=r.decline),
    },
    ("v1", "payments", "{}"): {
        "GET": lambda r, key: shapes.payment(r.tenant, references.payment(r.tenant, key)),
        "PUT": lambda r, key: payments.update(r.tenant, key, r.json(), r.by),
        "DELETE": lambda r, key: payments.delete(r.tenant, key),
    },
    ("v1", "payments", "{}", "parts"): {"GET": _payment_parts},
    ("v1", "payments", "{}", "apply"): {"PUT": lambda r, key: payments.apply(r.tenant, key, r.json(), r.by)},
    ("v1", "payments", "{}", "unapply"): {
        "PUT": lambda r, key: payments.unapply(r.tenant, key, r.json(may_be_empty=True), r.by)
    },
    ("v1", "payments", "{}", "cancel"): {"PUT": lambda r, key: payments.cancel(r.tenant, key, r.by)},
    ("v1", "payments", "{}", "refunds"): {"POST": _create_refund},
    ("v1", "payments", "{}", "refunds", "unapply"): {"POST": _create_refund_unapplying},
    ("v1", "refunds"): {"GET": _list("refunds")},
    ("v1", "refunds", "{}"): {
        "GET": lambda r, key: shapes.refund(r.tenant, references.refund(r.tenant, key)),
        "PUT": lambda r, key: refunds.update(r.tenant, key, r.json(), r.by),
        "DELETE": lambda r, key: refunds.delete(r.tenant, key),
    },
    ("v1", "refunds", "{}", "cancel"): {"PUT": lambda r, key: refunds.cancel(r.tenant, key, r.by)},
    ("v1", "refunds", "{}", "parts"): {"GET": _refund_parts},
    ("v1", "credit-memos"): {"GET": _list("credit-memos")},
    ("v1", "credit-memos", "{}"): {
        "GET": lambda r, key: shapes.credit_memo(r.tenant, references.credit_memo(r.tenant, key))
    },
    ("v1", "credit-memos", "{}", "items"): {"GET": _items("credit")},
    ("v1", "credit-memos", "{}", "parts"): {"GET": _memo_parts},
    ("v1", "credit-memos", "{}", "refund"): {"POST": _refund_memo},
    ("v1", "credit-memos", "{}", "refunds"): {"POST": _refund_memo},
    ("v1", "credit-memos", "{}", "apply"): {
        "PUT": lambda r, key: documents.apply_credit_memo(r.tenant, key, r.json(), r.by)
    },
    ("v1", "credit-memos", "{}", "unapply"): {
        "PUT": lambda r, key: documents.unapply_credit_memo(r.tenant, key, r.json(may_be_empty=True), r.by)
    },
    ("v1", "debit-memos"): {"GET": _list("debit-memos")},
    ("v1", "debit-memos", "{}"): {
        "GET": lambda r, key: shapes.debit_memo(r.tenant, references.document(r.tenant, DEBIT_MEMO, key))
    },
    ("v1", "debit-memos", "{}", "items"): {"GET": _items("debit")},
    ("v1", "invoices", "{}"): {
        "GET": lambda r, key: shapes.invoice(r.tenant, references.document(r.tenant, INVOICE, key))
    },
    ("v1", "invoices", "{}", "items"): {"GET": _items("invoice")},
    ("v1", "accounts", "{}"): {"GET": lambda r, key: shapes.account(r.tenant, references.account(r.tenant, key))},
    ("v1", "payment-gateways"): {"GET": lambda r, _: documents.gateways(r.tenant)},
    ("v1", "sequence-sets"): {"GET": lambda r, _: documents.sequence_sets(r.tenant)},
    **{("object-query", kind): {"GET": _query_list(kind)} for kind in object_query.OBJECTS},
    **{("object-query", kind, "{}"): {"GET": _query_one(kind)} for kind in object_query.OBJECTS},
}
