"""Repeats, lost answers, keys and twins (53 to 60)."""

from __future__ import annotations

from scenario_objects import (
    D1_WHOLE,
    IMPATIENT,
    IN_DOUBT,
    POSTS,
    SOAP_CREATE,
    pays,
    post_memo,
    waiting,
)
from scenario_terms import Advance, Call, Err, Gone, Ok, Order, Row, Soap

FORTY = pays("@D1", "40", ReferenceId="a")
OTHER_FORTY = pays("@D1", "40", ReferenceId="b")
FORTY_POST = post_memo("@D1", "40", referenceId="a")
OTHER_FORTY_POST = post_memo("@D1", "40", referenceId="b")
I1_WHOLE = pays("@I1", "100")
MARKED = pays("@D1", "80", ReferenceId="ERP-58")
_MESSAGE_ID = '<w:MessageID xmlns:w="http://www.w3.org/2005/08/addressing">urn:uuid:{}</w:MessageID>'
ID_1, ID_2 = (_MESSAGE_ID.format(number) for number in (1, 2))
DAY = 24 * 60 * 60

ROWS: tuple[Row, ...] = (
    Row(
        53,
        "Zuora's answer is lost and the caller gives up; its repeat gets the payment that was made",
        [
            Order("drop_after", POSTS),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key")],
            ),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")], joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
    ),
    Row(
        53,
        "Zuora is slower than the caller is patient; the POST goes on, and the repeat gets its payment",
        [
            Order("delay", POSTS, {"seconds": 1.5}),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80")],
            ),
            Call([D1_WHOLE], [Ok()], "rest", joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="b",
    ),
    Row(
        54,
        "The connection breaks in the first POST: the bridge repeats the same bytes under the same key",
        [
            Order("drop_before", POSTS, {"reset": True}),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        55,
        "Zuora says that the key is in progress: the bridge waits and asks again under the same key",
        [
            Order("in_progress_409", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80", "one key")] * 2),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
    ),
    Row(
        56,
        "The account is locked for a moment: a new attempt under a new key",
        [
            Order("lock", POSTS),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80"), post_memo("@D1", "80")]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        part="a",
    ),
    Row(
        56,
        "The account stays locked longer than the caller waits",
        [
            Order("lock", POSTS, {"times": 9}),
            Call([D1_WHOLE], [Err("LOCK_COMPETITION")], "rest", [post_memo("@D1", "80")]),
        ],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="b",
    ),
    Row(
        56,
        "The same for a caller below 60, whose version lacks the code",
        [
            Order("lock", POSTS, {"times": 9}),
            Call(
                [D1_WHOLE.but(EffectiveDate="2026-02-20T00:00:00-08:00")],
                [Err("UNKNOWN_ERROR", None, "LOCK_COMPETITION")],
                "rest",
                [post_memo("@D1", "80")],
                version="50.0",
            ),
        ],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="c",
    ),
    Row(
        58,
        "Yesterday's message again, whose answer was lost: its key has expired, its reference is found",
        [
            Order("drop_after", POSTS),
            Order("html_503", {"method": "GET", "path": "/object-query/payments"}),
            Call(
                [MARKED],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", referenceId="ERP-58")],
            ),
            Advance(25 * 60 * 60),
            Call([MARKED], [Ok()], "rest", joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="a",
    ),
    Row(
        58,
        "The same without a reference: the one payment that looks like it, made since by the bridge's user, is it",
        [
            Order("drop_after", POSTS),
            Call([D1_WHOLE], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "rest", [post_memo("@D1", "80")]),
            Advance(25 * 60 * 60),
            Call([D1_WHOLE], [Ok()], "rest", joined=True),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="b",
    ),
    Row(
        59,
        "Two payments with references of their own are two; the second's content long after is refused as its twin",
        [
            Call([FORTY], [Ok()], "rest", [FORTY_POST]),
            Call([OTHER_FORTY], [Ok()], "rest", [OTHER_FORTY_POST], keep="second"),
            Advance(20 * 60),
            Call(
                [OTHER_FORTY],
                [Err("DUPLICATE_VALUE", None, "Equal to @second of 2026-02-20; another ReferenceId")],
                "-",
            ),
        ],
        {"D1": "0"},
        ["40 = D1 40", "40 = D1 40"],
        part="a",
    ),
    Row(
        59,
        "The same for a caller whose twins are allowed: a third payment",
        [
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")]),
            Advance(20 * 60),
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")]),
        ],
        {"D1": "40"},
        ["20 = D1 20", "20 = D1 20"],
        settings=waiting(50, twins="allow"),
        given="The caller's twins are allowed.",
        part="b",
    ),
    Row(
        59,
        "The same for a caller whose twins are joined: the Id of the first",
        [
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")], keep="first"),
            Advance(20 * 60),
            Call([pays("@D1", "20")], [Ok(same_as="first")], "rest", joined=True),
        ],
        {"D1": "60"},
        ["20 = D1 20"],
        settings=waiting(50, twins="join"),
        given="The caller's twins are joined.",
        part="c",
    ),
    Row(
        59,
        "All but equal to one whose answer was lost: refused until that one's call was repeated, then a second payment",
        [
            Order("delay", POSTS, {"seconds": 0.4}),
            Call([FORTY], Gone(1), sent=[FORTY_POST]),
            Call([OTHER_FORTY], [Err("DUPLICATE_VALUE", None, "repeat its call first")], "-"),
            Call([FORTY], [Ok()], "rest", joined=True),
            Call([OTHER_FORTY], [Ok()], "rest", [OTHER_FORTY_POST]),
        ],
        {"D1": "0"},
        ["40 = D1 40", "40 = D1 40"],
        part="d",
    ),
    Row(
        59,
        "All but equal to one that is in doubt: not sent, told so in the caller's version",
        [
            Order("html_503", SOAP_CREATE),
            Call([pays("@I1", "40")], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
            Call([pays("@I1", "40", Comment="once more")], [Err("TEMPORARY_ERROR", None, "not sent")], "-"),
        ],
        settings=IMPATIENT,
        given="The caller waits one second.",
        part="e",
    ),
    Row(
        59,
        "A caller whose message ids identify: equal content under another id is paid, other content under one is not",
        [
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")], keep="first", headers=ID_1),
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")], headers=ID_2),
            Advance(80 * 60 * 60),
            Call([pays("@D1", "20")], [Ok(same_as="first")], "rest", joined=True, headers=ID_1),
            Call(
                [pays("@D1", "30")],
                [Err("DUPLICATE_VALUE", None, "for another content with @first")],
                "-",
                headers=ID_1,
            ),
        ],
        {"D1": "40"},
        ["20 = D1 20", "20 = D1 20"],
        settings=waiting(50, message_ids=["wsa:MessageID"]),
        given="The caller's configuration has `message_ids` wsa:MessageID.",
        part="f",
    ),
    Row(
        59,
        "A caller whose message ids identify nothing: they only add a join, long after",
        [
            Call([pays("@D1", "20")], [Ok()], "rest", [post_memo("@D1", "20")], keep="first", headers=ID_1),
            Call([pays("@D1", "20")], [Ok(same_as="first")], "rest", joined=True, headers=ID_2),
            Advance(20 * 60),
            Call([pays("@D1", "20")], [Err("DUPLICATE_VALUE", None, "Equal to @first")], "-", headers=ID_2),
            Call([pays("@D1", "20")], [Ok(same_as="first")], "rest", joined=True, headers=ID_1),
            Call([pays("@D1", "30")], [Ok()], "rest", [post_memo("@D1", "30")], headers=ID_1),
        ],
        {"D1": "30"},
        ["20 = D1 20", "30 = D1 30"],
        part="g",
    ),
    Row(
        59,
        "A caller whose ReferenceId is unique per payment: one value is one payment, whatever else is said",
        [
            Call([FORTY], [Ok()], "rest", [FORTY_POST], keep="first"),
            Call([OTHER_FORTY], [Ok()], "rest", [OTHER_FORTY_POST]),
            Advance(80 * 60 * 60),
            Call([FORTY], [Ok(same_as="first")], "rest", joined=True),
            Call(
                [pays("@D1", "30", ReferenceId="a")], [Err("DUPLICATE_VALUE", None, "This ReferenceId was used")], "-"
            ),
        ],
        {"D1": "0"},
        ["40 = D1 40", "40 = D1 40"],
        settings=waiting(50, unique_field="ReferenceId"),
        given="The caller's configuration has `unique_field` ReferenceId.",
        part="h",
    ),
    Row(
        60,
        "Zuora keeps a failure under the key: absence is proved, then the repeat is sent under a new key",
        [
            Order("error_500_before", POSTS, {"category": 61, "stored": True}),
            Call(
                [MARKED],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key", referenceId="ERP-58")] * 3,
            ),
            Advance(900),
            Call([MARKED], [Ok()], "rest", [post_memo("@D1", "80", referenceId="ERP-58")]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=waiting(4),
        given="The caller waits four seconds.",
        part="a",
    ),
    Row(
        60,
        "The same without a reference: nothing looks like it, and the repeat is a new attempt",
        [
            Order("error_500_before", POSTS, {"category": 61, "stored": True}),
            Call(
                [D1_WHOLE],
                [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)],
                "rest",
                [post_memo("@D1", "80", "one key")] * 3,
            ),
            Advance(900),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80")]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings=waiting(4),
        given="The caller waits four seconds.",
        part="b",
    ),
    Row(
        60,
        "SOAP without a reference: the answer is lost, and the repeat finds the one payment that looks like it",
        [
            Order("drop_after", SOAP_CREATE),
            Call([I1_WHOLE], [Err("TRANSACTION_TIMEOUT", None, IN_DOUBT)], "soap", [Soap([0])]),
            Advance(900),
            Call([I1_WHOLE], [Ok()], "soap", joined=True),
        ],
        {"I1": "0"},
        ["100 = I1 100"],
        part="c",
    ),
    Row(
        60,
        "After a restore a payment that Zuora has and the journal lacks is refused with its Id; another one is sent",
        [
            Call([pays("@I4", "45", EffectiveDate="2026-02-05")], [Err("DUPLICATE_VALUE", None, "Equal to ")], "-"),
            Call([D1_WHOLE], [Ok()], "rest", [post_memo("@D1", "80")]),
        ],
        {"D1": "0"},
        ["80 = D1 80"],
        settings={"journal": {"look_up_first": True}},
        given="The bridge is in look-up-first mode.",
        part="d",
    ),
)
