"""What an owner may decide otherwise, over the real bridge: each setting, and what Zuora's books say then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from harness import Answer, World, payment, refund
from json_callers import bearer, crud, told

from bridge.sandbox.sower import Sower

D1_SECOND = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80", SecondPaymentReferenceId="two")
CREDIT = refund(SourceType="CreditBalance", AccountId="@A", Amount="10")


def test_a_second_reference_is_refused_unless_the_owner_says_otherwise(tmp_path: Path) -> None:
    """Dropped, with a warning, the payment goes through."""
    with World(tmp_path) as world:
        assert blamed(world.create(D1_SECOND)) == [("INVALID_FIELD", "SecondPaymentReferenceId")]
        assert world.payments() == []
    dropping = tmp_path / "dropping"
    dropping.mkdir()
    with World(dropping, zuora={"second_reference": "drop"}) as world:
        mark = world.mark()
        assert world.create(D1_SECOND).ids
        (seen,) = world.writes(mark)
    assert b"two" not in seen.body.encode()


def test_a_second_reference_goes_to_a_custom_field(tmp_path: Path) -> None:
    """The tenant's books have it."""
    with World(tmp_path, zuora={"second_reference": "Region__c"}) as world:
        mark = world.mark()
        assert world.create(D1_SECOND).ids
        (seen,) = world.writes(mark)
    assert seen.json["Region__c"] == "two"


def test_the_user_stands_in_the_comment(tmp_path: Path) -> None:
    """What the bridge creates for a SOAP caller by REST says for whom."""
    erp = {"usernames": ["erp@example.com"], "allow": ["*"], "user_in": "Comment"}
    with World(tmp_path, callers={"erp": erp}) as world:
        mark = world.mark()
        assert world.create(D1_SECOND.but(SecondPaymentReferenceId=None)).ids
        (seen,) = world.writes(mark)
    assert seen.json["comment"] == "erp@example.com"


@pytest.mark.parametrize(
    ("since", "version", "code"),
    [
        ("never", "107.0", "UNKNOWN_ERROR"),
        ("70", "69.0", "UNKNOWN_ERROR"),
        ("70", "70.0", "NO_PERMISSION"),
        ("20", "20.0", "NO_PERMISSION"),
    ],
)
def test_who_is_told_an_undocumented_code_is_the_owners_to_say(
    since: str, version: str, code: str, tmp_path: Path
) -> None:
    """To whom it is never told, the text keeps it."""
    with World(tmp_path, callers={}, zuora={"error_codes": {"NO_PERMISSION": since}}) as world:
        answer = world.create(D1_SECOND.but(SecondPaymentReferenceId=None), version=version)
        assert [error for error, _ in blamed(answer)] == [code]
        assert b"NO_PERMISSION" in answer.body


def test_a_long_reference_by_crud_goes_where_it_fits(world: World) -> None:
    """Zuora's own CRUD takes 100 characters."""
    long = payment(Amount="7.10", AppliedCreditBalanceAmount="7.10", ReferenceId="R" * 100)
    mark = world.mark()
    answer = crud(world, "POST", "payment", long, bearer(world))
    assert (answer.status, told(answer)["Success"]) == (200, True)
    assert [one.line for one in world.writes(mark) if one.path != "/oauth/token"] == ["POST /v1/payments"]
    assert world.payments()[0]["referenceId"] == "R" * 100


def test_several_covering_memos_are_refused_where_the_owner_says_so(tmp_path: Path) -> None:
    """The error names them; by default the oldest is refunded."""
    with World(tmp_path, zuora={"covering_memo": "refuse"}) as world:
        second_memo(world)
        answer = world.create(CREDIT)
        assert b"CM00000001, CM00000009" in answer.body
        assert blamed(answer) == [("INVALID_VALUE", "SourceType")]
        assert world.refunds() == []


def second_memo(world: World) -> None:
    """Another posted memo that covers the amount."""
    tenant = world.sandbox.tenant
    with tenant.change():
        Sower(tenant).memo("C9", "CM00000009", tenant.accounts[world.id("@A")], "40", date(2026, 2, 3))


def blamed(answer: Answer) -> list[tuple[str, str | None]]:
    """Code and field of every error of the answer's rows."""
    return [(error["Code"], error.get("Field")) for row in answer.rows for error in row["errors"]]
