"""Who a REST request acts for: bearer tokens, the legacy keys and sessions, and the entity it names.

Source: Zuora: Authentication, Create an OAuth token, Connections (apiAccessKeyId, apiSecretAccessKey, ZSession), Zuora
Multi-entity (Zuora-Entity-Ids). Must not know an operation.
"""

import re
from collections.abc import Mapping

from bridge.sandbox.idempotency import Answer
from bridge.sandbox.money import dump_json
from bridge.sandbox.refusal import AUTHENTICATION, INVALID_VALUE, PERMISSION, UNSUPPORTED
from bridge.sandbox.rest.errors import plain_answer, problem, standard_headers
from bridge.sandbox.sessions import Grant, Sessions

_COOKIE = re.compile(r"(?:^|;)\s*ZSession=\"?([^;\"]+)")


def is_legacy(path: str) -> bool:
    """Tell the JSON Actions and CRUD objects, which have error shapes of their own."""
    return path.startswith(("/v1/action/", "/v1/object/"))


def admit(sessions: Sessions, path: str, headers: Mapping[str, str]) -> Grant | Answer:
    """Return whom a request acts for, on the books of the entity it names; or the answer that turns it away."""
    grant = _granted(sessions, headers)
    if grant is None:
        return unauthenticated(path, headers)
    inside = grant.within(headers.get("zuora-entity-ids", "").strip())
    if inside is None:
        return problem(PERMISSION, "You do not have access to the entity.", headers)
    return inside


def unauthenticated(path: str, headers: Mapping[str, str]) -> Answer:
    """Answer a request without valid credentials."""
    if is_legacy(path):
        return Answer(401, standard_headers(headers), dump_json({"message": "Authentication error"}).encode())
    return problem(AUTHENTICATION, "Authentication error", headers)


def connect(sessions: Sessions, method: str, headers: Mapping[str, str]) -> Answer:
    """Answer POST /v1/connections: a ZSession cookie for a user's name and password in headers."""
    if method != "POST":
        return problem(UNSUPPORTED, "The request method is not supported.", headers)
    grant = _by_keys(sessions, headers)
    if grant is None:
        return problem(AUTHENTICATION, "this resource is protected, please sign in first", headers, resource="900000")
    inside = grant.within(headers.get("entityid") or headers.get("entityname") or "")
    if inside is None:
        return problem(INVALID_VALUE, "The entity is invalid.", headers)
    answer = plain_answer(200, "", headers)
    cookie = f"ZSession={sessions.open(inside)}; Path=/; HttpOnly"
    return Answer(200, {**answer.headers, "Set-Cookie": cookie}, dump_json({"success": True}).encode())


def _granted(sessions: Sessions, headers: Mapping[str, str]) -> Grant | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return sessions.by_bearer(headers["authorization"])
    if scheme.lower() == "zsession":
        return sessions.by_session(value.strip())
    found = _COOKIE.search(headers.get("cookie", ""))
    if found is not None:
        return sessions.by_session(found[1])
    return _by_keys(sessions, headers)


def _by_keys(sessions: Sessions, headers: Mapping[str, str]) -> Grant | None:
    if "apiaccesskeyid" not in headers:
        return None
    return sessions.check(headers["apiaccesskeyid"], headers.get("apisecretaccesskey", ""))
