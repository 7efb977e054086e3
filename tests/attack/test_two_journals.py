"""Two bridges with a journal each before one tenant: what still holds, and what nobody can hold."""

from __future__ import annotations

from pathlib import Path

from harness import World, payment


def test_by_rest_two_journals_share_the_key_and_pay_once(tmp_path: Path) -> None:
    """The key is made of the act itself, so Zuora answers the second bridge with the first one's payment."""
    memo = payment(Amount="30", InvoiceId="@D1", AppliedInvoiceAmount="30")
    with World(tmp_path, bridges=0) as world:
        told = []
        for name in ("one", "two"):
            world.serve(DATABASE_URL=f"sqlite:///{tmp_path / name}.db")
            told += world.create(memo).ids
        assert told[0] == told[1]
        assert [one["id"] for one in world.payments()] == told[:1]


def test_by_soap_two_journals_pay_what_each_is_asked_for(tmp_path: Path) -> None:
    """SOAP has no key, and neither journal knows the other: the limit that the page states."""
    unmarked = payment(Amount="5", AppliedCreditBalanceAmount="5")
    with World(tmp_path, bridges=0) as world:
        told = []
        for name in ("one", "two"):
            world.serve(DATABASE_URL=f"sqlite:///{tmp_path / name}.db")
            told += world.create(unmarked).ids
        assert len({*told}) == len(world.payments()) == 2
