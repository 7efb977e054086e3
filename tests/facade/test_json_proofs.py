"""The proof of a JSON caller's tenant by itself: what is read, under whose credential, and what the answers prove."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from bridge.core.commands import Lost
from bridge.core.facts import Absent, AccountFact, Fact, NoVerdict, Question, WhichAccount
from bridge.core.model import Call, Caller, CallFault, Op, Version, ZObject
from bridge.facade.json_tenancy import Proof, Tenancy, Unproved
from bridge.upstream.credential import Credential
from bridge.upstream.rest import Json

ACCOUNT, PAYMENT = "a" * 32, "b" * 32
WHO = Credential(own=(("Authorization", "Bearer x"),))
ERP = Caller("10000", "json", "json", own=True)


class Zuora:
    """Answers reads under the caller's credential from a table, and as the bridge's directory; counts both."""

    def __init__(self, bodies: Mapping[str, object], accounts: Mapping[str, Fact] | None = None) -> None:
        self.bodies = bodies
        self.accounts = accounts or {}
        self.asked: list[str] = []

    async def get(self, path: str, *, headers: Any, credential: Sequence[tuple[str, str]] | None) -> Any:
        """Read something."""
        assert credential == WHO.own
        self.asked.append(path)
        await asyncio.sleep(0)
        found = self.bodies.get(path)
        if found is None:
            return Json(404, {"success": False, "reasons": [{"code": 50000040}]})
        return Json(200, found) if isinstance(found, dict) else found

    async def answer(self, questions: Iterable[Question], entity: str) -> dict[Question, Fact]:
        """The bridge's own view."""
        return {each: self.accounts.get(each.key, Absent()) for each in questions if isinstance(each, WhichAccount)}


def proofs(zuora: Zuora, *objects: ZObject, op: Op = Op.CREATE, look: bool = True) -> tuple[Proof, ...]:
    """What a call of these objects proves."""
    tenancy = Tenancy(zuora, zuora if look else None, "10000", {}, Caller, {("Refund", "Memo__c"): "CreditMemoNumber"})
    call = Call(op, Version(79), objects[0].type, objects)
    return asyncio.run(tenancy.prove(call, ERP, WHO))


OURS = {ACCOUNT: AccountFact(ACCOUNT, "USD", "Active")}
READABLE = {
    f"/v1/accounts/{ACCOUNT}": {"basicInfo": {"id": ACCOUNT}},
    "/v1/accounts/A1": {"basicInfo": {"id": ACCOUNT}},
    f"/v1/payments/{PAYMENT}": {"id": PAYMENT, "accountId": ACCOUNT},
    f"/v1/refunds/{PAYMENT}": {"id": PAYMENT, "accountId": ACCOUNT},
    "/v1/credit-memos/CM1": {"id": "c" * 32, "accountId": ACCOUNT},
}


@pytest.mark.parametrize(
    ("one", "op", "paths"),
    [
        (ZObject("Payment", {"AccountId": f" {ACCOUNT} "}), Op.CREATE, [f"/v1/accounts/{ACCOUNT}"]),
        (ZObject("Payment", {"Id": PAYMENT, "AccountId": "x"}), Op.UPDATE, [f"/v1/payments/{PAYMENT}"]),
        (ZObject("Refund", {"Id": PAYMENT}), Op.DELETE, [f"/v1/refunds/{PAYMENT}"]),
        (ZObject("Refund", {"AccountId": ACCOUNT, "PaymentId": "x"}), Op.CREATE, [f"/v1/accounts/{ACCOUNT}"]),
        (ZObject("Refund", {"PaymentId": PAYMENT}), Op.CREATE, [f"/v1/payments/{PAYMENT}"]),
        (ZObject("Refund", {"PaymentId": "CM1"}), Op.CREATE, ["/v1/payments/CM1", "/v1/credit-memos/CM1"]),
        (ZObject("Refund", {"CreditMemoNumber": "CM1"}), Op.CREATE, ["/v1/credit-memos/CM1"]),
        (ZObject("Refund", {"Memo__c": "CM1"}), Op.CREATE, ["/v1/credit-memos/CM1"]),
    ],
)
def test_an_object_is_proved_by_what_it_names(one: ZObject, op: Op, paths: list[str]) -> None:
    """The account, the object itself, or the source of a refund."""
    zuora = Zuora(READABLE, OURS)
    assert proofs(zuora, one, op=op) == (None,)
    assert zuora.asked == paths


@pytest.mark.parametrize(
    "one", [ZObject("Payment", {"Amount": "1"}), ZObject("Refund", {"Amount": "1"}), ZObject("Payment", {"Id": " "})]
)
def test_an_object_that_names_nothing_is_not_taken(one: ZObject) -> None:
    """Nothing is asked."""
    zuora = Zuora(READABLE, OURS)
    (proof,) = proofs(zuora, one)
    assert isinstance(proof, Unproved)
    assert (proof.errors[0].code, zuora.asked) == ("MISSING_REQUIRED_VALUE", [])


def test_equal_names_are_asked_once() -> None:
    """However many objects of a call there are."""
    zuora = Zuora(READABLE, OURS)
    one = ZObject("Payment", {"AccountId": ACCOUNT})
    assert proofs(zuora, one, one, one) == (None, None, None)
    assert len(zuora.asked) == 1


@pytest.mark.parametrize(
    ("came", "unsent"),
    [
        (Lost("x"), True),
        (Json(500, None), True),
        (Json(200, {"success": True}), True),
        (Json(200, {"basicInfo": {"id": 7}}), True),
        (Json(404, None), True),
        (Json(429, {"success": False, "reasons": [{"code": 50000070}]}), True),
        (Json(403, {"success": False, "reasons": [{"code": 50000010}]}), False),
        (Json(404, {"success": False, "reasons": [{"code": 50000040}]}), False),
    ],
)
def test_no_answer_is_no_proof(came: object, unsent: bool) -> None:
    """What may be otherwise at the next try is told as not sent."""
    (proof,) = proofs(Zuora({f"/v1/accounts/{ACCOUNT}": came}, OURS), ZObject("Payment", {"AccountId": ACCOUNT}))
    assert isinstance(proof, Unproved)
    assert proof.unsent is unsent


def test_what_the_bridge_cannot_read_is_another_tenants() -> None:
    """Or, without an answer, not known yet."""
    one = ZObject("Payment", {"AccountId": ACCOUNT})
    (proof,) = proofs(Zuora(READABLE, {}), one)
    assert isinstance(proof, CallFault)
    assert proof.code == "NO_PERMISSION"
    (proof,) = proofs(Zuora(READABLE, {ACCOUNT: NoVerdict("x")}), one)
    assert isinstance(proof, Unproved)
    assert proof.unsent


def test_401_is_about_the_whole_call() -> None:
    """Zuora did not take the credential."""
    zuora = Zuora({f"/v1/accounts/{ACCOUNT}": Json(401, {"message": "Authentication error"})}, OURS)
    (proof,) = proofs(zuora, ZObject("Payment", {"AccountId": ACCOUNT}))
    assert isinstance(proof, CallFault)
    assert proof.status == 401


def test_without_the_bridges_view_only_an_id_counts() -> None:
    """Numbers are unique within a tenant only."""
    assert proofs(Zuora(READABLE), ZObject("Payment", {"AccountId": ACCOUNT}), look=False) == (None,)
    (proof,) = proofs(Zuora(READABLE), ZObject("Payment", {"AccountId": "A1"}), look=False)
    assert isinstance(proof, Unproved)


@pytest.mark.parametrize("key", ["..", ".", "x" * 300])
def test_a_key_that_can_name_nothing_is_not_asked_for(key: str) -> None:
    """It must not become a path."""
    zuora = Zuora(READABLE, OURS)
    (proof,) = proofs(zuora, ZObject("Payment", {"AccountId": key}))
    assert isinstance(proof, Unproved)
    assert zuora.asked == []


def test_a_credential_that_was_refused_proves_itself_again() -> None:
    """Its proofs are forgotten, those of others are kept."""
    zuora = Zuora(READABLE, OURS)
    tenancy = Tenancy(zuora, zuora, "10000", {}, Caller)
    call = Call(Op.CREATE, Version(79), "Payment", (ZObject("Payment", {"AccountId": ACCOUNT}),))

    async def scene() -> None:
        await tenancy.prove(call, ERP, WHO)
        tenancy.forget(Credential(own=(("Authorization", "Bearer y"),)))
        await tenancy.prove(call, ERP, WHO)
        assert len(zuora.asked) == 1
        tenancy.forget(WHO)
        await tenancy.prove(call, ERP, WHO)

    asyncio.run(scene())
    assert len(zuora.asked) == 2
