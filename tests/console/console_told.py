"""What an admin API could tell on one quiet and one bad night: the same in every run, so that pictures can be compared.

Written by hand in the shapes of the API. Must not use the bridge's own code.
"""

from __future__ import annotations

from typing import Any

NOW = 1_786_500_125_000
"""2026-08-12 02:02:05 UTC."""

MINUTE = 60_000
HOUR = 60 * MINUTE

RAMP: dict[str, Any] = {
    "steps": ["1", "5", "20", "50", "100"],
    "error_rate": "0.02",
    "samples": 200,
    "soak": "30m",
    "approval": False,
    "parity_max_age": "7d",
    "halted": False,
}
RULES: list[dict[str, Any]] = [
    {"name": "big customers stay", "caller": ["erp"], "accounts": ["2c92c0f8", "2c92c0f9"], "route": "soap"},
    {
        "name": "payments step by step",
        "operation": ["create"],
        "object": ["Payment"],
        "route": "rest",
        "percent": "20",
        "otherwise": "soap",
        "ramp": RAMP,
    },
    {"name": "queries by REST", "operation": ["query"], "object": ["Payment"], "route": "rest"},
]


def revision(number: int, what: str, author: str, reason: str, at: int, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """One revision as the history tells it."""
    return {
        "revision": number,
        "what": what,
        "at": at,
        "author": author,
        "reason": reason,
        "stopped": False,
        "rules": rules,
    }


EARLIER = [{**RULES[1], "percent": "5"}, RULES[2]]
HISTORY = [
    revision(14, "set", "anna", "CHG-2231: two customers asked to stay", NOW - 3 * HOUR, RULES),
    revision(13, "promote", "bridge", "payments step by step: PROMOTE", NOW - 5 * HOUR, [RULES[1], RULES[2]]),
    revision(12, "set", "anna", "CHG-2214: first step of payments", NOW - 30 * HOUR, EARLIER),
]
STANDING = HISTORY[0] | {"fixed": [{"name": "BRIDGE_ROUTES Refund.create", "route": "soap"}]}

JUDGED = {
    "rule": "payments step by step",
    "revision": 14,
    "at": NOW - 4_000,
    "verdict": "HOLD",
    "current": True,
    "percent": "20",
    "reason": "all conditions are met; it soaks 12 minutes more",
    "bound": 0.009412,
    "wanting": {},
    "ready_at": NOW + 12 * MINUTE,
    "step": None,
    "awaits_approval": False,
    "new": {"calls": 1204, "failed": 3, "p95_ms": 412, "APPLIED": 1201},
    "other": {"calls": 4816, "failed": 11, "p95_ms": 655, "APPLIED": 4805, "of": "in the same time"},
    "compared": 640,
    "unequal": 0,
    "soaked_ms": 18 * MINUTE,
}


def call(number: int, state: str, **more: Any) -> dict[str, Any]:
    """One call as a search tells it."""
    return {
        "intent": f"i-{number:032x}",
        "call": f"c-{number:032x}",
        "position": 0,
        "caller": "erp",
        "operation": "create",
        "object": "Payment",
        "route": "rest" if number % 3 else "soap",
        "state": state,
        "created": NOW - number * 97_000,
        "settled": None if state in ("IN_DOUBT", "PARKED") else NOW - number * 97_000 + 640,
        "delivered": NOW - number * 97_000 + 700,
        "zuoraId": f"8a8081{number:026x}" if state == "APPLIED" else None,
        "account": "2c92c0f85d42f1a2015d54e1a9f83c11",
        "documents": [f"INV0000{4700 + number}"],
        "amount": f"{129 + number * 37}.50",
        "currency": "USD",
        "reference": f"ERP-2026-08-{1000 + number}",
        "told": {"REFUSED": "INVALID_VALUE: the invoice is paid"}.get(state, "the outcome is unknown"),
        **more,
    }


PARKED = call(
    31,
    "PARKED",
    operation="create",
    object="Refund",
    route="action",
    documents=["CM00000093"],
    amount="1840.00",
    age=50 * MINUTE,
    missing=[
        "Whether Zuora made the refund: no answer came within 125 s.",
        "Which of two refunds of 1840.00 USD on that day is this one: both fit, and neither carries its reference.",
    ],
    next=[
        "The bridge does nothing more by itself.",
        "Compare both refunds in Zuora with the ERP's document, then say below which one it is.",
    ],
)
DOUBTFUL = call(
    6,
    "IN_DOUBT",
    age=9 * MINUTE,
    missing=["A second look that agrees: the first one found nothing at 02:00:41."],
    next=["The bridge looks again at 02:04:10 and settles it as not applied if nothing is there.", "You can wait."],
)
CALLS = [
    call(1, "APPLIED"),
    call(2, "APPLIED", operation="update", amount=None, currency=None, documents=[]),
    call(3, "REFUSED"),
    call(4, "APPLIED", object="Refund", documents=["CM00000090", "CM00000091"]),
    {name: value for name, value in DOUBTFUL.items() if name not in ("age", "missing", "next")},
    call(7, "APPLIED", caller="shop", currency="EUR"),
]

REQUEST_ID = {"dispatch": "d-0000000000000000000000000000a1"}


def event(after: int, kind: str, text: str, detail: dict[str, str] | None = None, by: str | None = None) -> Any:
    """What happened so many milliseconds after the call came in."""
    return {"at": NOW - 50 * MINUTE + after, "kind": kind, "text": text, "detail": detail or {}, "by": by}


REQUEST = [
    "POST /v1/refunds",
    "Idempotency-Key: 7b1c9a9e-8f14-4ad0-9a5e-5f5c2a0d1f11",
    "Authorization: (redacted)",
    "",
    '{"amount": 1840.00, "type": "External", "refundDate": "2026-08-12", "creditMemoId": "8a8081e2"}',
]
EVIDENCE = PARKED | {
    "why": {
        "text": "Refund.create of erp, received 2026-08-12T01:11:58Z, waits for a person. Policy said action, by the "
        'rule "refunds by action" of revision 14. Capability agreed (SOAP cannot refund a credit memo).',
        "rule": "refunds by action",
        "revision": 14,
        "decided": "rule",
        "policyRoute": "action",
    },
    "dispatches": [
        {
            "id": "d-0000000000000000000000000000a1",
            "route": "action",
            "operation": "create",
            "step": 0,
            "attempt": 0,
            "key": "7b1c9a9e-8f14-4ad0-9a5e-5f5c2a0d1f11",
            "marker": None,
            "recorded": NOW - 50 * MINUTE,
            "firstSent": NOW - 50 * MINUTE + 12,
            "lastSent": NOW - 50 * MINUTE + 12,
            "answered": None,
            "verdict": "doubt",
            "httpStatus": None,
            "request": REQUEST,
            "answer": None,
        }
    ],
    "timeline": [
        event(0, "received", "Refund.create came in from erp"),
        event(9, "recorded", "action request, step 0, attempt 0: recorded before a byte of it was sent", REQUEST_ID),
        event(12, "sent", "action request, step 0, attempt 0: sent", REQUEST_ID),
        event(125_012, "move", "IN_DOUBT: nobody knows whether it was done", {"to": "in_doubt"}, "412-9f31c0aa17e2"),
        event(125_090, "delivered", "the caller's side took the answer's last byte"),
        event(600_000, "move", "PARKED: it waits for a person", {"to": "parked"}, "413-02c47de9b5f0"),
    ],
    "siblings": [
        {
            "intent": "i-0000000000000000000000000000001e",
            "position": 1,
            "object": "Refund",
            "operation": "create",
            "route": "rest",
            "state": "APPLIED",
            "zuoraId": "8a8081e2000000000000000000000b5c",
            "created": NOW - 50 * MINUTE,
        }
    ],
    "joins": [],
    "notes": ["Of an answer its verdict is kept, not its bytes. A repeat that joined this call leaves no trace."],
    "audit": {"verdict": "intact", "rows": 6, "chains": 1, "wrong": []},
}

OVERVIEW = {
    "now": NOW,
    "version": "0.1.0",
    "wsdl": "107.0",
    "tenant": "10000",
    "settlement": "on",
    "ready": True,
    "reasons": [],
    "instances": [
        {"id": "412-9f31c0aa17e2", "started": NOW - 71 * HOUR, "heartbeat": NOW - 900, "alive": True},
        {"id": "413-02c47de9b5f0", "started": NOW - 71 * HOUR, "heartbeat": NOW - 1_400, "alive": True},
    ],
    "stopped": False,
    "revision": 14,
    "lookUpFirst": {"on": False, "until": None, "why": None},
    "traffic": [
        {
            "at": NOW - NOW % MINUTE - (60 - n) * MINUTE,
            "soap": 40 + (n * 7) % 23,
            "action": (n * 3) % 5,
            "rest": 10 + (n * 5) % 13,
            "refused": 1 if n % 9 == 0 else 0,
            "unknown": 1 if n in (11, 54) else 0,
        }
        for n in range(60)
    ],
    "totals": {
        "intents": 4_236,
        "applied": 4_227,
        "refused": 7,
        "unknown": 2,
        "byRoute": {"soap": 3_060, "action": 120, "rest": 1_056},
        "errorShare": "0.0021",
    },
    "latency": {
        "soap": {"n": 3058, "p50": 388, "p95": 655, "p99": 1204},
        "action": {"n": 119, "p50": 420, "p95": 702, "p99": 1310},
        "rest": {"n": 1056, "p50": 231, "p95": 412, "p99": 890},
    },
    "doubt": {"in_doubt": 1, "parked": 1, "oldest": NOW - 50 * MINUTE},
    "breaks": {"open": 1, "oldest": NOW - 26 * HOUR},
    "headroom": [
        {"limit": "concurrency", "of": 40, "remaining": 31, "at": NOW - 2_000},
        {"limit": "rate_minute", "of": 2000, "remaining": 182, "at": NOW - 2_000},
    ],
    "ramps": [{"rule": "payments step by step", "percent": "20", "verdict": "HOLD"}],
}

SHADOW = {
    "verdict": "FAIL",
    "since": NOW - 7 * 24 * HOUR,
    "tolerance": 0.01,
    "groups": [
        {
            "rule": "queries aside",
            "operation": "query",
            "object": "Payment",
            "compared": 3120,
            "mismatched": 0,
            "money": 0,
            "noise": 4,
            "known": 12,
            "bound": 0.00096,
            "verdict": "PASS",
            "why": "none of 3120 differs: below 0.10% at 95 %",
            "clusters": [],
        },
        {
            "rule": "payments aside",
            "operation": "create",
            "object": "Payment",
            "compared": 410,
            "mismatched": 2,
            "money": 1,
            "noise": 0,
            "known": 3,
            "bound": 0.0153,
            "verdict": "FAIL",
            "why": "2 of 410 differ, money in 1",
            "clusters": [
                {
                    "path": "AppliedInvoiceAmount",
                    "kind": "value",
                    "money": True,
                    "count": 1,
                    "example": {"left": "240.10", "right": "240.00", "intent": "i-0000000000000000000000000000002a"},
                }
            ],
        },
    ],
}
NIGHT = {"sentence": "SOAP against REST, 14 operations judged.", "signed": True, "fault": None}
REPORTS = {
    "reports": [
        {"name": "2026-08-11-night", "at": NOW - 20 * HOUR, "verdict": "PASS", "calls": 512, **NIGHT},
        {"name": "2026-08-04-night", "at": NOW - 188 * HOUR, "verdict": "FAIL", "calls": 508, **NIGHT},
    ]
}
USAGE = {
    "verdict": "2 callers still need the bridge; the end of Zuora's SOAP would break 1 of 4 uses behind it.",
    "callers": ["erp", "shop"],
    "quiet": ["old-billing"],
    "days": 41,
    "quiet_days": 35,
    "breaking": 1,
    "uses": [
        {
            "caller": caller,
            "version": "91.0",
            "operation": operation,
            "object_type": kind,
            "field": field,
            "count": count,
            "first_seen": NOW - 41 * 24 * HOUR,
            "last_seen": NOW - count * MINUTE,
            "need": need,
            "why": why,
        }
        for caller, operation, kind, field, count, need, why in (
            ("erp", "create", "Payment", "", 4120, "rest", "the bridge sends it by REST"),
            ("erp", "login", "", "", 96, "soap", "a login is answered by Zuora's SOAP alone"),
            ("shop", "query", "Payment", "GatewayResponse", 310, "lossy", "REST shows no GatewayResponse"),
            ("old-billing", "query", "Invoice", "", 12, "soap", "queries of Invoice pass through to Zuora's SOAP"),
        )
    ],
}
BREAKS = {
    "breaks": [
        {
            "break": "b-000000000000000000000000000000c4",
            "kind": "amount",
            "object": "Payment",
            "zuoraId": "8a8081e200000000000000000000beef",
            "intent": "i-0000000000000000000000000000004d",
            "since": NOW - 26 * HOUR,
            "age": 26 * HOUR,
            "seen": NOW - 2 * HOUR,
            "owner": "otto",
            "expected": "240.10",
            "found": "240.00",
        }
    ]
}
AUDIT = {
    "chains": 3,
    "rows": 184_203,
    "unsealed": 4,
    "wrong": [],
    "good": True,
    "running": False,
    "started": NOW - 2 * HOUR,
    "ended": NOW - 2 * HOUR + 41_000,
    "by": "otto",
    "failed": None,
}

TOLD: dict[str, Any] = {
    "cutover": STANDING,
    "cutover/history": HISTORY,
    "ramps": {"revision": 14, "ramps": [{"rule": RULES[1], "judgement": JUDGED}]},
    "ramps/judgements": [{name: value for name, value in JUDGED.items() if name != "current"}],
    "overview": OVERVIEW,
    "calls": {
        "calls": CALLS,
        "next": "1786400000000.41",
        "searched": {"rows": 2000, "from": NOW - 9 * HOUR, "until": NOW},
        "complete": False,
    },
    "calls/": EVIDENCE,
    "doubt": {"rows": [PARKED, DOUBTFUL]},
    "shadow": SHADOW,
    "reports": REPORTS,
    "usage": USAGE,
    "breaks": BREAKS,
    "audit": AUDIT,
}
