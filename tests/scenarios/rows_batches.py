"""Calls with several objects, up to fifty (41 to 52)."""

from __future__ import annotations

from harness import Obj
from scenario_objects import (
    BROKEN_FIFTY,
    D1_WHOLE,
    EVEN,
    FIFTY,
    IMPATIENT,
    IN_DOUBT,
    ONE_ON_D1,
    PAYMENTS,
    POSTS,
    SOAP_CREATE,
    memo_share,
    pays,
    post_memo,
    posted,
)
from scenario_terms import Call, Err, Fault, Gone, Ok, Order, Relayed, Rest, Row, Soap

MARKED_FIFTY = [one.but(ReferenceId=f"R-{place}") for place, one in enumerate(FIFTY)]
"""The same fifty, each with a reference that a look-up can find."""

ROWS: tuple[Row, ...] = (
    Row(
        41,
        "A mixed batch of fifty: one SOAP create, then REST one after another, answered in the caller's order",
        [
            Call(
                FIFTY,
                [Ok()] * 50,
                "soap rest " * 25,
                [Soap(EVEN), *[ONE_ON_D1] * 25],
            )
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
    ),
    Row(
        42,
        "Two of fifty fail, the others do not",
        [
            Call(
                BROKEN_FIFTY,
                [
                    {2: Err("INVALID_VALUE", None, "balance"), 7: Err("INVALID_VALUE", "InvoiceId", "Draft")}.get(
                        i, Ok()
                    )
                    for i in range(50)
                ],
                "soap rest " * 3 + "soap - " + "soap rest " * 21,
                [Soap(EVEN), *[ONE_ON_D1] * 24],
            )
        ],
        {"I1": "76", "D1": "56"},
        ["1 = I1 1", "1 = D1 1"] * 24,
    ),
    Row(
        43,
        "Two payments of one debit memo run in order; the second finds too little left",
        [
            Call(
                [pays("@D1", "50"), pays("@D1", "50.00", ReferenceId="second")],
                [Ok(), Err("INVALID_VALUE", "AppliedInvoiceAmount")],
                "rest rest",
                [
                    post_memo("@D1", "50"),
                    Rest(
                        PAYMENTS,
                        posted("50.00", referenceId="second", debitMemos=memo_share("@D1", "50.00")),
                    ),
                ],
            )
        ],
        {"D1": "30"},
        ["50 = D1 50"],
    ),
    Row(
        44,
        "An invoice and a debit memo of one account go by two routes, one after the other",
        [
            Call(
                [pays("@I1", "100"), pays("@D1", "80")],
                [Ok(), Ok()],
                "soap rest",
                [Soap([0]), post_memo("@D1", "80")],
            )
        ],
        {"I1": "0", "D1": "0"},
        ["100 = I1 100", "80 = D1 80"],
    ),
    Row(
        45,
        "Fifty-one objects: a fault, nothing done",
        [Call([*FIFTY, D1_WHOLE], Fault("MAX_RECORDS_EXCEEDED", says="50"))],
    ),
    Row(
        46,
        "One transaction that SOAP can do whole is forwarded with the caller's wish",
        [
            Call(
                [pays("@I1", "10"), pays("@I1", "20"), pays("@I2", "5")],
                [Ok(), Ok(), Ok()],
                "soap soap soap",
                [Soap([0, 1, 2], single=True)],
                single=True,
            )
        ],
        {"I1": "70", "I2": "15"},
        ["10 = I1 10", "20 = I1 20", "5 = I2 5"],
    ),
    Row(
        46,
        "The same where policy says rest: one transaction can only be SOAP's, so it wins",
        [
            Call(
                [pays("@I1", "10"), pays("@I2", "5")],
                [Ok(), Ok()],
                "soap soap",
                [Soap([0, 1], single=True)],
                single=True,
            )
        ],
        {"I1": "90", "I2": "15"},
        ["10 = I1 10", "5 = I2 5"],
        settings={"routes": {"*": "rest"}},
        given="BRIDGE_ROUTES says that everything goes by REST.",
        part="b",
    ),
    Row(
        47,
        "One transaction over SOAP and REST is impossible: every row refused, nothing done",
        [
            Call(
                [pays("@I1", "10"), pays("@D1", "10")],
                [Err("INVALID_VALUE", None, "useSingleTransaction")] * 2,
                "- -",
                single=True,
            )
        ],
    ),
    Row(
        48,
        "Payments and accounts in one create: a fault, nothing passes",
        [
            Call(
                [pays("@I1", "10"), Obj("Account", {"Name": "New", "Currency": "USD"})],
                Fault("INVALID_TYPE", "InvalidTypeFault"),
            )
        ],
    ),
    Row(
        49,
        "The SOAP part of a mixed batch meets an expired session: its fault is relayed, nothing else is sent",
        [
            Order("expired_session", SOAP_CREATE),
            Call(FIFTY, Fault("INVALID_SESSION"), sent=[Soap(EVEN)]),
        ],
    ),
    Row(
        50,
        "The answer to the SOAP part is lost: its payments are found by their references, and the others go on",
        [
            Order("drop_after", SOAP_CREATE),
            Call(
                MARKED_FIFTY,
                [Ok()] * 50,
                "soap rest " * 25,
                [Soap(EVEN), *[post_memo("@D1", "1.00", referenceId=f"R-{place}") for place in range(1, 50, 2)]],
            ),
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
        part="a",
    ),
    Row(
        50,
        "The same without references: unknown, however often the call is repeated, and never sent again",
        [
            Order("drop_after", SOAP_CREATE),
            Call(
                FIFTY,
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT), Ok()] * 25,
                "soap rest " * 25,
                [Soap(EVEN), *[ONE_ON_D1] * 25],
            ),
            Call(FIFTY, [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT), Ok()] * 25, "soap rest " * 25, joined=True),
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
        part="b",
    ),
    Row(
        50,
        "The SOAP part takes longer than the caller waits: the others are not sent; the repeat sends them",
        [
            Order("delay", SOAP_CREATE, {"seconds": 1.5}),
            Call(
                MARKED_FIFTY[:4],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT), Err("TEMPORARY_ERROR", None, "not sent")] * 2,
                "soap - soap -",
                [Soap([0, 2])],
            ),
            Call(
                MARKED_FIFTY[:4],
                [Ok()] * 4,
                "soap rest soap rest",
                [post_memo("@D1", "1.00", referenceId=f"R-{place}") for place in (1, 3)],
                joined=True,
            ),
        ],
        {"I1": "98", "D1": "78"},
        ["1 = I1 1", "1 = D1 1"] * 2,
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="c",
    ),
    Row(
        51,
        "A create without objects is Zuora's to answer",
        [Call(body="<ns1:create></ns1:create>", sent=[Soap([])], told=Relayed(200))],
    ),
    Row(
        52,
        "The caller hangs up in the middle of fifty: what was sent settles, the rest is not sent, the repeat does it",
        [
            Order("delay", {**POSTS, "nth": 3}, {"seconds": 0.4}),
            Call(FIFTY, Gone(3), sent=[Soap(EVEN), *[ONE_ON_D1] * 3]),
            Call(
                FIFTY,
                [Ok()] * 50,
                "soap rest " * 25,
                [ONE_ON_D1] * 22,
                joined=True,
            ),
        ],
        {"I1": "75", "D1": "55"},
        ["1 = I1 1", "1 = D1 1"] * 25,
    ),
)
