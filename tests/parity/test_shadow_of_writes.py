"""Writes whose plan and effect are compared aside: a real bridge, a simulated tenant, real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from harness import World, payment, refund, until

from bridge.cutover.reading import parse
from bridge.cutover.standing import FIRST, with_rules
from bridge.journal import Journal
from bridge.parity.shadow import MOST_WAITING, Shadow, Task
from bridge.sandbox.rest import shapes
from bridge.upstream.budget import Budget

SOON = 15.0
CARD = "4111111111111111"
RULES = """[[rule]]
name = "writes aside"
operation = ["create", "update", "delete"]
route = "shadow"
"""


@contextlib.contextmanager
def shadowed(folder: Path) -> Iterator[World]:
    """A world whose bridge starts with the rule."""
    with World(folder, bridges=0) as world:

        async def decide() -> None:
            with contextlib.closing(Journal.open(f"sqlite:///{world.database}", None, "owner")) as journal:
                decided = with_rules(FIRST, parse(RULES)).decided()
                assert await journal.operator.revise(0, decided, "a test", "alice") is None

        asyncio.run(decide())
        world.add_bridge()
        yield world


def rows(world: World) -> list[tuple[str, str, str | None, bool, dict[str, Any]]]:
    """What was recorded: kind, rule, intent, equal, detail."""
    with contextlib.closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as journal:
        found = journal.execute("SELECT kind, rule, intent_id, equal, detail FROM comparison ORDER BY rowid").fetchall()
    return [(kind, rule, intent, bool(equal), json.loads(detail)) for kind, rule, intent, equal, detail in found]


def recorded(world: World, count: int) -> list[tuple[str, str, str | None, bool, dict[str, Any]]]:
    """So many, once they are there."""
    until(lambda: len(rows(world)) >= count, SOON, f"{count} comparisons")
    return rows(world)


def showing(**lies: Any) -> Any:
    """Zuora's REST shows payments otherwise than they are."""
    shape = shapes.payment
    return mock.patch.object(shapes, "payment", lambda *given, **named: {**shape(*given, **named), **lies})


def paid(amount: str, **more: str) -> Any:
    """A payment of an invoice that SOAP can still make."""
    return payment(Amount=amount, InvoiceId="@I1", AppliedInvoiceAmount=amount, **more)


def test_plan_and_effect_of_a_payment_are_equal_and_nothing_is_written_for_them(tmp_path: Path) -> None:
    """One write reaches Zuora, the caller's; all else is a GET."""
    with shadowed(tmp_path) as world:
        mark = world.mark()
        answer = world.create(paid("1.25"))
        assert answer.header("Bridge-Route") == "soap"
        found = recorded(world, 2)
        assert [(kind, rule, equal) for kind, rule, _, equal, _ in found] == [
            ("plan", "writes aside", True),
            ("effect", "writes aside", True),
        ], found
        assert {intent for _, _, intent, _, _ in found} == {answer.header("Bridge-Intent")}
        assert [detail["money"] for *_, detail in found] == [False, False]
        world.quiet()
        assert [one.operation for one in world.writes(mark)] == ["create"]
        rest = [one for one in world.requests(mark) if one.face == "rest" and one.path != "/oauth/token"]
        assert rest
        assert {one.method for one in rest} == {"GET"}


def test_a_refund_is_planned_as_before_it_was_made(tmp_path: Path) -> None:
    """Its payment has nothing left to refund by then, and that is no difference."""
    with shadowed(tmp_path) as world:
        world.create(refund(Amount="1.75", PaymentId="@P1"))
        found = recorded(world, 2)
        assert [(kind, equal) for kind, _, _, equal, _ in found] == [("plan", True), ("effect", True)], found


def test_another_amount_in_zuora_is_found_and_is_money(tmp_path: Path) -> None:
    """A cent is a difference."""
    with shadowed(tmp_path) as world, showing(amount=Decimal("1.36")):
        world.create(paid("1.35"))
        _, (kind, _, _, equal, detail) = recorded(world, 2)
        assert (kind, equal, detail["money"]) == ("effect", False, True)
        assert [each["path"] for each in detail["differences"]] == ["effect/amount"]


def test_the_caller_does_not_wait_for_what_is_compared(tmp_path: Path) -> None:
    """Zuora's REST takes four seconds to read the payment; the answer is there long before."""
    with shadowed(tmp_path) as world:
        assert world.session
        world.fault("delay", method="GET", path="/v1/payments/", seconds=4)
        began = time.monotonic()
        assert world.create(paid("1.45")).status == 200
        assert time.monotonic() - began < 3
        assert rows(world) == []
        recorded(world, 2)


def test_no_card_number_and_no_session_is_recorded(tmp_path: Path) -> None:
    """Not even where a caller writes one into a comment that differs."""
    with shadowed(tmp_path) as world, showing(comment=f"not {CARD}"):
        session = world.session
        world.create(paid("1.55", Comment=f"paid with {CARD} in {session}"))
        _, (kind, _, _, equal, detail) = recorded(world, 2)
        assert (kind, equal, [each["path"] for each in detail["differences"]]) == ("effect", False, ["effect/comment"])
        with contextlib.closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as journal:
            text = "".join(detail for (detail,) in journal.execute("SELECT detail FROM comparison"))
        assert CARD not in text
        assert session not in text


class _Nowhere:
    def compared(self, made: object) -> None:
        """Keep nothing."""


def test_a_full_queue_drops_and_never_waits() -> None:
    """As many as it has room for are taken, the next is not."""

    async def run() -> None:
        shadow, gate = Shadow(_Nowhere(), Budget()), asyncio.Event()

        async def held() -> list[Any]:
            await gate.wait()
            return []

        assert not shadow.take(Task(held, 1))
        shadow.start()
        taken = [shadow.take(Task(held, 1)) for _ in range(MOST_WAITING + 1)]
        assert taken == [True] * MOST_WAITING + [False]
        await shadow.stop()

    asyncio.run(run())


def test_a_busy_budget_leaves_no_room_for_a_shadow() -> None:
    """Half of the slots in use is too many."""

    async def run() -> None:
        budget = Budget(2)
        shadow = Shadow(_Nowhere(), budget)
        shadow.start()

        async def nothing() -> list[Any]:
            return []

        async with budget.slot():
            assert not shadow.take(Task(nothing, 1))
        assert shadow.take(Task(nothing, 1))
        await shadow.stop()

    asyncio.run(run())
