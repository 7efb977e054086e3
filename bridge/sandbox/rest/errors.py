"""REST errors: eight digits whose last two are the category, and the HTTP status that follows from it.

Source: Zuora: Error handling (error codes); API upgrades 2024-05-20 (below it, 200 with success:false) and 2025-08-12
(Object Query errors). Must not decide what is an error.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from bridge.sandbox.idempotency import Answer
from bridge.sandbox.money import Json, dump_json
from bridge.sandbox.refusal import Refusal

JSON_TYPE: Final = "application/json;charset=UTF-8"
STATUS_BY_CATEGORY_SINCE: Final = "2024-05-20"
STRICT_PARAMETERS_SINCE: Final = "2025-08-12"
_STATUS: Final = {
    10: 403,
    11: 401,
    **dict.fromkeys((20, 21, 22, 23, 27, 30, 90), 400),
    40: 404,
    45: 405,
    50: 409,
    **dict.fromkeys((60, 61, 99), 500),
    70: 429,
}
# Authentication and limits answer before any version rule applies.
_ALWAYS: Final = (11, 70)
GENERIC: Final = "500000"
_DATED = re.compile(r"\d{4}-\d\d-\d\d")


def at_least(headers: Mapping[str, str], version: str) -> bool:
    """Tell whether Zuora-Version is a dated version from the given one on; without the header it is 186.0."""
    given = headers.get("zuora-version", "186.0").strip()
    return bool(_DATED.fullmatch(given)) and given >= version


def standard_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what every JSON answer carries; the caller's track id comes back."""
    answer = {"Content-Type": JSON_TYPE, "Zuora-Request-Id": secrets.token_hex(16)}
    track = headers.get("zuora-track-id")
    if track is not None:
        answer["Zuora-Track-Id"] = track
    return answer


def problem(
    category: int,
    message: str,
    headers: Mapping[str, str],
    *,
    status: int = 0,
    resource: str = GENERIC,
    extra: Mapping[str, str] | None = None,
) -> Answer:
    """Return an error answer with one reason; a status given wins over the version rule."""
    return problems([Refusal(category, message, status=status)], headers, resource=resource, extra=extra)


def problems(
    reasons: Sequence[Refusal],
    headers: Mapping[str, str],
    *,
    resource: str = GENERIC,
    extra: Mapping[str, str] | None = None,
    query: bool = False,
) -> Answer:
    """Return an error answer; the first reason decides the status."""
    first = reasons[0]
    status = first.status or _STATUS[first.category]
    if not at_least(headers, STATUS_BY_CATEGORY_SINCE) and not first.status and first.category not in _ALWAYS:
        status = 200
    answer_headers = {**standard_headers(headers), **(extra or {})}
    listed: list[Json] = [
        {"code": int(f"{resource}{reason.category:02d}"), "message": reason.message} for reason in reasons
    ]
    request_id = answer_headers["Zuora-Request-Id"]
    body: dict[str, Json] = {"reasons": listed, "requestId": request_id}
    if not (query and at_least(headers, STRICT_PARAMETERS_SINCE)):
        body = {"success": False, "processId": secrets.token_hex(8).upper(), "requestId": request_id, "reasons": listed}
    return Answer(status, answer_headers, dump_json(body).encode())


def plain_answer(status: int, message: str, headers: Mapping[str, str]) -> Answer:
    """Return the answers of the idempotency layer, which carry no category."""
    body = dump_json({"success": False, "message": message}).encode()
    return Answer(status, standard_headers(headers), body)
