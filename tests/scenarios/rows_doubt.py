"""Doubt and restarts (1005 to 1012)."""

from __future__ import annotations

from harness import Obj
from scenario_objects import C1_REFUND, D1_WHOLE, IMPATIENT, IN_DOUBT, POSTS, SOAP_CREATE, pays, post_memo, refunds
from scenario_terms import Advance, Call, Err, Fault, Ok, Order, Rest, Restart, Row, Silence, Soap, Switch

ROWS: tuple[Row, ...] = (
    Row(
        1005,
        "The answer to a SOAP create is lost: told at once as unknown, and not sent again",
        [
            Order("drop_after", SOAP_CREATE),
            Call([pays("@I1", "100")], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
        ],
        {"I1": "0"},
        ["100 = I1 100"],
    ),
    Row(
        1006,
        "The same for a caller below 60, whose version has no word for it: HTTP 504 without an envelope",
        [
            Order("drop_after", SOAP_CREATE),
            Call([refunds("@P1", "45", RefundDate=None)], Silence(), "soap", [Soap([0])], version="50.0"),
        ],
        {"I4": "45", "P1": "0/0/45"},
        refunds=["45 of P1"],
    ),
    Row(
        1007,
        "One row in doubt beside one that is not, below 60: the row says so in words",
        [
            Order("drop_after", SOAP_CREATE),
            Call(
                [refunds("@P1", "45", RefundDate=None), refunds("@C1", "60", RefundDate=None)],
                [Err("UNKNOWN_ERROR", None, IN_DOUBT), Ok()],
                "soap rest",
                [
                    Soap([0]),
                    Rest(
                        C1_REFUND,
                        {
                            "totalAmount": "60",
                            "type": "External",
                            "methodType": "Check",
                            "referenceId": "@intent",
                        },
                        place=1,
                    ),
                ],
                version="50.0",
            ),
        ],
        {"I4": "45", "P1": "0/0/45", "C1": "0"},
        refunds=["45 of P1", "60 of C1"],
    ),
    Row(
        1008,
        "The journal cannot be written: nothing is sent",
        [
            Call(
                [D1_WHOLE],
                Fault("SERVER_UNAVAILABLE", says="nothing was sent"),
                journal_locked=True,
            )
        ],
    ),
    Row(
        1009,
        "The bridge restarts between the lost answer and the repeat: the same key, the same payment",
        [
            Order("drop_after", POSTS),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key")],
            ),
            Restart(),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")], joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
    ),
    Row(
        1010,
        "A repeat after the answer was delivered, within fifteen minutes: joined",
        [
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], keep="first"),
            Call([pays("@D1", "30")], [Ok(same_as="first")], "rest", joined=True, reads=["GET /v1/payments/@first"]),
        ],
        {"D1": "50"},
        ["30 = D1 30"],
    ),
    Row(
        1011,
        "The same content sixteen minutes after the answer was delivered: refused as a twin, the first one named",
        [
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], keep="first"),
            Advance(16 * 60),
            Call([pays("@D1", "30")], [Err("DUPLICATE_VALUE", None, "Equal to @first of 2026-02-20")], "-"),
        ],
        {"D1": "50"},
        ["30 = D1 30"],
    ),
    Row(
        1012,
        "A joined payment that was canceled in the meantime stands no more: a new one is made",
        [
            Switch("soapCancelsDebitMemoPayments", True),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], keep="first"),
            Call(
                [Obj("Payment", {"Id": "@first", "Status": "Canceled"})],
                [Ok(same_as="first")],
                "soap",
                [Soap([0], "update")],
                op="update",
            ),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")]),
        ],
        {"D1": "50"},
        ["30 = canceled", "30 = D1 30"],
    ),
)
