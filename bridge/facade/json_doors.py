"""Actions and CRUD, as far as they must not pass the journal by: writes of Payment and Refund are refused for now.

Everything else on these doors passes through. The full JSON doors build the same Call as SOAP does. Must not forward
a body that it could not read.
"""

from __future__ import annotations

import json

from bridge.facade.door import JOURNALED, WRITES

CRUD_OBJECTS = frozenset({"payment", "refund"})

REFUSED = (
    b'{"success":false,"reasons":[{"code":90000045,"message":"The bridge does not carry writes of Payment and Refund '
    b'on this JSON door yet; nothing was sent to Zuora. Use SOAP."}]}'
)
UNREADABLE = b'{"success":false,"reasons":[{"code":90000090,"message":"The body is not JSON; nothing was sent."}]}'


def refusal(method: str, door_rest: str, body: bytes, *, crud: bool) -> tuple[int, bytes] | None:
    """Status and body of a refusal, or None where the request may pass."""
    if crud:
        writes = method.upper() not in ("GET", "HEAD", "OPTIONS")
        return (501, REFUSED) if writes and door_rest.split("/")[0] in CRUD_OBJECTS else None
    if door_rest not in WRITES:
        return None
    try:
        asked = json.loads(body, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return 400, UNREADABLE
    kind = asked.get("type") if isinstance(asked, dict) else None
    if not isinstance(kind, str):
        return 400, UNREADABLE
    return (501, REFUSED) if kind.strip().lower() in JOURNALED else None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object with a name twice is read differently by different parsers (RFC 8259, 4), so it is refused."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name twice")
    return made
