"""The REST operations: what a request is, who may do it, and the JSON that answers.

Source: Zuora: API reference; Create an OAuth token. Must not know HTTP beyond method, path, headers and bytes.
"""

import hashlib
import urllib.parse
from collections.abc import Mapping, Sequence

from bridge.sandbox import permissions
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.ledger import InvariantBroken
from bridge.sandbox.money import Json, dump_json
from bridge.sandbox.permissions import PERMISSION_TEXT
from bridge.sandbox.refusal import BUSINESS_RULE, INTERNAL, NOT_FOUND, PERMISSION, UNSUPPORTED, Reasons, Refusal
from bridge.sandbox.rest import access, actions, crud, routes
from bridge.sandbox.rest.errors import GENERIC, plain_answer, problem, problems, standard_headers
from bridge.sandbox.rest.routes import RestRequest, Route
from bridge.sandbox.sessions import Grant, Sessions
from bridge.sandbox.soap.face import SoapFace


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
        tenant, user = f"tenant.{grant.tenant.tenant_id}", f"user.{grant.user.id}"
        answer: dict[str, Json] = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": grant.tenant.settings.token_seconds,
            "scope": f"{user} entity.{_entity(grant)} service.usage.delete {tenant}",
            "jti": token[:32],
        }
        return Answer(200, standard_headers(headers), dump_json(answer).encode())

    def admit(self, path: str, headers: Mapping[str, str]) -> Grant | Answer:
        """Return whom a request acts for, or the answer that turns it away."""
        return access.admit(self._sessions, path, headers)

    def connect(self, method: str, headers: Mapping[str, str]) -> Answer:
        """Answer /v1/connections, which gives sessions and needs none."""
        return access.connect(self._sessions, method, headers)

    def answer(self, request: RestRequest) -> Answer:
        """Answer one request."""
        headers = request.headers
        if request.tenant.settings.legacy_http_status:
            headers = {name: value for name, value in headers.items() if name != "zuora-version"}
        parts = [urllib.parse.unquote(part) for part in request.path.strip("/").split("/")]
        if len(parts) > 1:
            parts[1] = _OLD_NAMES.get(parts[1], parts[1])
        try:
            legacy = self._legacy(request, parts)
            if legacy is not None:
                return legacy
            methods, request, key = routes.find(parts, request)
            query = parts[0] == "object-query"
            if methods is None:
                return problems([Refusal(NOT_FOUND, "The requested path does not exist.")], headers, query=query)
            resource = GENERIC if request.method in ("GET", "DELETE") else _RESOURCES.get(parts[1], GENERIC)
            try:
                body = dump_json(_run(methods.get(request.method), request, key)).encode()
            except Refusal as refusal:
                return problems([refusal], headers, resource=resource, query=query)
            except Reasons as reasons:
                return problems(reasons.reasons, headers, resource=resource, query=query)
        except InvariantBroken as broken:
            return problem(INTERNAL, f"Internal error: {broken}", headers)
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
                orders=request.orders,
            )
        if parts[:2] == ["v1", "object"] and len(parts) > 2:
            return crud.answer_crud(
                request.grant,
                request.method,
                parts[2:],
                request.query,
                request.headers,
                request.body,
                orders=request.orders,
            )
        return None


def _run(route: Route | None, request: RestRequest, key: str) -> Json:
    if route is None:
        raise Refusal(UNSUPPORTED, "The request method is not supported.")
    _check_media(request)
    if request.method != "GET" and request.tenant.settings.deny_writes:
        raise Refusal(PERMISSION, PERMISSION_TEXT)
    if not request.tenant.settings.invoice_settlement and not route.permission.startswith(_WITHOUT_SETTLEMENT):
        raise Refusal(BUSINESS_RULE, "Invoice Settlement is not enabled.")
    permissions.require(request.tenant, request.grant.user, route.permission)
    return route.run(request, key)


def _entity(grant: Grant) -> str:
    return grant.tenant.entity_id or hashlib.sha256(grant.tenant.tenant_id.encode()).hexdigest()[:32]


def _check_media(request: RestRequest) -> None:
    if request.method not in ("POST", "PUT", "PATCH") or not request.body.strip():
        return
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Refusal(UNSUPPORTED, "The media type is not supported.", status=415)


_WITHOUT_SETTLEMENT = ("Account.", "Invoice.", "Gateway.", "SequenceSet.", "ObjectQuery.")
_OLD_NAMES = {"creditmemos": "credit-memos", "debitmemos": "debit-memos", "paymentgateways": "payment-gateways"}
# Six digits say the resource; the list is not public, so these stand for themselves.
_RESOURCES = {
    "payments": "537000",
    "refunds": "538000",
    "credit-memos": "531000",
    "debit-memos": "532000",
}
