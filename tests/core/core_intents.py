"""Intents, dispatches and errands as single pieces, for tests that need no world."""

from __future__ import annotations

from typing import Any

from core_objects import ERP, TENANT, call, pays, soap

from bridge.core.conduct import Errand
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route


def intent(name: str = "i-1", **fields: Any) -> Intent:
    """A create of a payment over REST that is being sent by ``first``."""
    known: dict[str, Any] = {
        "id": name,
        "scope": ERP.scope,
        "caller": "erp",
        "call_id": "c1",
        "position": 0,
        "op": Op.CREATE,
        "object_type": "Payment",
        "fingerprint": f"print of {name}",
        "ordinal": 0,
        "generation": 0,
        "route": Route.REST,
        "state": State.SENDING,
        "created_at": 1_000,
        "owner": "first",
    }
    return Intent(**(known | fields))


def dispatch(*intent_ids: str, **fields: Any) -> Dispatch:
    """A keyed REST request."""
    known: dict[str, Any] = {
        "id": "d-1",
        "call_id": "c1",
        "route": Route.REST,
        "op": Op.CREATE,
        "method": "POST",
        "path": "/v1/payments",
        "headers": (("Idempotency-Key", "k-0"), ("Zuora-Version", "2025-08-12")),
        "body": b"{}",
        "intent_ids": intent_ids or ("i-1",),
        "key": "k-0",
        "recorded_at": 1_000,
        "first_sent_at": 1_000,
    }
    return Dispatch(**(known | fields))


def errand(*objects: Any, owner: str = "first", **fields: Any) -> Errand:
    """A call of the ERP, conducted by ``first``."""
    known: dict[str, Any] = {"caller": ERP, "tenant": TENANT, "call_id": "c1", "owner": owner, "prefer": soap}
    return Errand(call=call(*(objects or (pays("d1", "80"),))), **(known | fields))
