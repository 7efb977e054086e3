"""Who may call, other tenants, and what passes through (113 to 120, 1001 to 1004)."""

from __future__ import annotations

from harness import Obj
from scenario_objects import D1_WHOLE, pays, post_memo
from scenario_terms import Call, Err, Fault, Ok, Relayed, Row, Soap

ROWS: tuple[Row, ...] = (
    Row(
        115,
        "Invoice Settlement is off: everything is forwarded, the tenant has no debit memos to look for",
        [
            Call(
                [D1_WHOLE],
                [Err("INVALID_VALUE", None, "invoice")],
                "soap",
                [Soap([0])],
                reads=["getUserInfo"],
            )
        ],
        zuora={"settlement": "off"},
        given="BRIDGE_ZUORA__SETTLEMENT is off.",
    ),
    Row(
        116,
        "Invoice Settlement is harmonised: adjustments are Zuora's, by SOAP, unchanged",
        [
            Call(
                [
                    Obj(
                        "InvoiceItemAdjustment",
                        {
                            "AdjustmentDate": "2026-02-20",
                            "Amount": "10",
                            "InvoiceId": "@I1",
                            "SourceId": "@ii1",
                            "SourceType": "InvoiceDetail",
                            "Type": "Credit",
                        },
                    )
                ],
                Relayed(500, ["InvalidTypeFault", "InvoiceItemAdjustment"]),
                sent=[Soap([0])],
            )
        ],
        zuora={"settlement": "harmonised"},
        given="BRIDGE_ZUORA__SETTLEMENT is harmonised.",
    ),
    Row(
        116,
        "With it payments and refunds are as if it were on: a debit memo goes by REST",
        [Call([pays("@D1", "80")], [Ok()], "rest", [post_memo("@D1", "80")])],
        {"D1": "0"},
        ["80 = D1 80"],
        zuora={"settlement": "harmonised"},
        given="BRIDGE_ZUORA__SETTLEMENT is harmonised.",
        part="b",
    ),
    Row(
        119,
        "A login that Zuora refuses, as it does from a forbidden address: its fault is relayed",
        [
            Call(
                op="login",
                body="<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>x</ns1:password></ns1:login>",
                told=Relayed(500, ["LoginFault", "fns:INVALID_VALUE"]),
            )
        ],
    ),
    Row(
        1001,
        "A session of another tenant on the same host proves nothing here",
        [
            Call(
                [D1_WHOLE],
                Fault("NO_PERMISSION", says="another Zuora tenant"),
                user="other@example.com",
                reads=["getUserInfo"],
            )
        ],
    ),
    Row(
        1002,
        "The owner has not said which tenant this is: no journaled write",
        [Call([D1_WHOLE], Fault("NO_PERMISSION", says="has not said"), reads=[])],
        zuora={"tenant_id": None},
        given="BRIDGE_ZUORA__TENANT_ID is not set.",
    ),
    Row(
        1003,
        "A user whom nobody allowed: REST rows are refused, the SOAP rows of the same call go on",
        [
            Call(
                [pays("@D1", "80"), pays("@I1", "100")],
                [Err("NO_PERMISSION", None, "owner of the bridge"), Ok()],
                "- soap",
                [Soap([1])],
            )
        ],
        {"I1": "0"},
        ["100 = I1 100"],
        settings={"callers": {}},
        given="BRIDGE_CALLERS is empty.",
    ),
    Row(
        1004,
        "A caller below 69 with a date at midnight: the day as written, whatever its offset",
        [
            Call(
                [pays("@D1", "80", EffectiveDate="2026-02-20T00:00:00-08:00")],
                [Ok()],
                "rest",
                [post_memo("@D1", "80")],
                version="68.0",
            )
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
)
