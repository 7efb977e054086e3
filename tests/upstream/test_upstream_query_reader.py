"""The reads behind a query: pages, cursors in every form, numbers that stay exact, and troubles by their kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
from upstream_servers import Request, as_json, serving, transporting

from bridge.core.zoql import Asked, Filter, PaidBy, Payments, ReadPage, RowsRead, Told, Unread
from bridge.upstream.budget import Budget
from bridge.upstream.query_reader import AT_ONCE, QueryReader
from bridge.upstream.rest import ZuoraRest

OWN = (("Authorization", "Bearer own"),)
PAGE = ReadPage("payments", ())
INVOICE = "a" * 32


def tell(asked: Asked, *answers: bytes, entity: str = "") -> tuple[Told, list[Request]]:
    """What the reader makes of these answers, the last one repeated, and what it asked for."""

    async def run() -> tuple[Told, list[Request]]:
        left = list(answers)

        async def script(_: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

        async with serving(script) as zuora, transporting() as transport:
            rest = ZuoraRest(transport, zuora.origin, None, Budget())
            told = await QueryReader(rest, pause=0).tell(asked, entity, OWN)
            return told, zuora.requests

    return asyncio.run(run())


def test_a_page_is_asked_for_with_its_filters_and_cursor() -> None:
    """Sorted by id, as large as may be, for the entity and under the credential that was given."""
    filters = (Filter("referenceid", "EQ", "a b+c"), Filter("createddate", "GE", "2026-02-10T17:00:00+00:00"))
    asked = ReadPage("payments", filters, "W3sib==")
    told, (request,) = tell(asked, as_json(200, {"data": []}), entity="e1")
    assert told == RowsRead(())
    assert request.target == (
        "/object-query/payments?filter%5B%5D=referenceid.EQ%3Aa%20b%2Bc"
        "&filter%5B%5D=createddate.GE%3A2026-02-10T17%3A00%3A00%2B00%3A00"
        "&sort%5B%5D=id.ASC&pageSize=99&cursor=W3sib%3D%3D"
    )
    assert request.header("Zuora-Entity-Ids") == "e1"
    assert request.header("Authorization") == "Bearer own"


def test_numbers_stay_exact() -> None:
    """No float is ever made."""
    told, _ = tell(PAGE, as_json(200, '{"data": [{"id": "a", "amount": 0.1, "big": 12345678901234567890.123}]}'))
    assert told == RowsRead(({"id": "a", "amount": Decimal("0.1"), "big": Decimal("12345678901234567890.123")},))


@pytest.mark.parametrize(
    ("following", "cursor"),
    [
        ("W3sib==", "W3sib=="),
        ("https://rest.zuora.com/object-query/payments?pageSize=99&cursor=W3sib%3D%3D", "W3sib=="),
        ("/object-query/payments?cursor=abc", "abc"),
        ("cursor=", "cursor="),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_the_next_page_is_a_cursor_or_an_address(following: object, cursor: str | None) -> None:
    """Both are read."""
    told, _ = tell(PAGE, as_json(200, {"data": [{"id": "a"}], "nextPage": following}))
    assert told == RowsRead(({"id": "a"},), cursor)


@pytest.mark.parametrize(
    ("answer", "status", "categories"),
    [
        (as_json(403, {"reasons": [{"code": 50000010}, {"code": "50000020"}, {"code": None}, "x"]}), 403, (10, 20)),
        (as_json(200, {"success": False, "reasons": [{"code": 90000011}]}), 200, (11,)),
        (as_json(400, {"reasons": "none"}), 400, ()),
        (as_json(404, {"success": False}), 404, (40,)),
        (as_json(401, "[]"), 401, ()),
        (as_json(200, {"data": {"id": "a"}}), 500, ()),
        (as_json(503, {}), 503, ()),
    ],
)
def test_what_gives_no_page_is_told_by_status_and_category(
    answer: bytes, status: int, categories: tuple[int, ...]
) -> None:
    """For core to say whose fault it is; the words are for the operator and none of Zuora's."""
    told, _ = tell(PAGE, answer)
    assert isinstance(told, Unread)
    assert (told.status, told.categories) == (status, categories)


def test_a_passing_trouble_is_tried_three_times() -> None:
    """Reading moves nothing."""
    told, requests = tell(PAGE, as_json(500, {}), as_json(502, {}), as_json(200, {"data": []}))
    assert (told, len(requests)) == (RowsRead(()), 3)
    told, requests = tell(PAGE, as_json(500, {}))
    assert isinstance(told, Unread)
    assert len(requests) == 3
    told, requests = tell(PAGE, as_json(429, {}))
    assert isinstance(told, Unread)
    assert len(requests) == 1


def test_queries_leave_room_for_payments() -> None:
    """Of the many reads of many queries, a quarter of the tenant's limit is under way at once."""
    under_way = most = 0

    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        # Every read that may begin has begun before the first one ends.
        while most < AT_ONCE:
            await asyncio.sleep(0)
        under_way -= 1
        writer.write(as_json(200, {"data": []}))
        await writer.drain()

    async def run() -> list[Told]:
        async with serving(script) as zuora, transporting() as transport:
            reader = QueryReader(ZuoraRest(transport, zuora.origin, None, Budget()), pause=0)
            return await asyncio.gather(*(reader.tell(PAGE, "", OWN) for _ in range(3 * AT_ONCE)))

    assert asyncio.run(run()) == [RowsRead(())] * (3 * AT_ONCE)
    assert most == AT_ONCE


def test_no_answer_is_no_status() -> None:
    """A connection that nobody takes."""

    async def run() -> Told:
        async with transporting() as transport:
            rest = ZuoraRest(transport, "http://127.0.0.1:9", None, Budget())
            return await QueryReader(rest, pause=0).tell(PAGE, "", OWN)

    told = asyncio.run(run())
    assert isinstance(told, Unread)
    assert told.status is None


def test_the_payments_of_an_invoice_are_read_over_all_pages() -> None:
    """Credit memos are applied to it too, and count nothing here."""
    first = {"applicationParts": [{"paymentId": "p1"}, {"paymentId": None, "creditMemoId": "c"}], "nextPage": "/v1/x"}
    told, requests = tell(
        PaidBy(INVOICE), as_json(200, first), as_json(200, {"applicationParts": [{"paymentId": "p2"}]})
    )
    assert told == Payments(("p1", "p2"))
    assert [each.path for each in requests] == [f"/v1/invoices/{INVOICE}/application-parts"] * 2
    assert [each.query["page"] for each in requests] == ["1", "2"]


@pytest.mark.parametrize(
    "asked",
    [lambda: tell(PaidBy(INVOICE), as_json(404, {"success": False})), lambda: tell(PaidBy("."), as_json(200, {}))],
    ids=["not found", "no id"],
)
def test_an_invoice_that_is_not_there_has_no_payments(asked: Callable[[], tuple[Told, list[Request]]]) -> None:
    """Said by Zuora, or proved without asking."""
    assert asked()[0] == Payments(())


def test_an_invoice_whose_parts_do_not_end_is_not_read() -> None:
    """250 pages are more than any invoice has."""
    told, requests = tell(PaidBy(INVOICE), as_json(200, {"applicationParts": [], "nextPage": "again"}))
    assert isinstance(told, Unread)
    assert len(requests) == 250


def test_parts_that_zuora_does_not_give_are_no_empty_list() -> None:
    """A refusal is none of "not found"."""
    told, _ = tell(PaidBy(INVOICE), as_json(403, {"success": False, "reasons": [{"code": 50000010}]}))
    assert isinstance(told, Unread)
    assert told.status == 403
