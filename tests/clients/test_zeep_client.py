"""zeep, unmodified and strict, generated from the WSDL that the bridge serves, as a legacy caller would use it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from harness import TODAY, World

# The bridge has imported zeep with the deprecations of its dependencies muted.
zeep = pytest.importorskip("zeep")


class Legacy:
    """A program that logs in, follows ServerUrl and calls."""

    def __init__(self, world: World, session: requests.Session, query: str = "wsdl") -> None:
        self.world = world
        address = f"{world.endpoint()}?{query}"
        self.client = zeep.Client(address, transport=zeep.Transport(session=session))
        login = self.client.service.login("erp@example.com", "demo")
        self.server_url = login.ServerUrl
        self.service = self.client.create_service("{http://api.zuora.com/}SoapBinding", login.ServerUrl)
        self.header = self.api("SessionHeader")(session=login.Session)

    def api(self, name: str) -> Any:
        """An element of the api namespace."""
        return self.client.get_element(f"{{http://api.zuora.com/}}{name}")

    def object(self, kind: str, **fields: Any) -> Any:
        """An object with ids resolved."""
        made = self.client.get_type(f"{{http://object.api.zuora.com/}}{kind}")
        return made(**{n: self.world.id(v) if isinstance(v, str) else v for n, v in fields.items()})

    def payment(self, amount: str, **fields: Any) -> Any:
        """A payment."""
        common = {"AccountId": "@A", "PaymentMethodId": "@PMx", "Type": "External", "Status": "Processed"}
        return self.object("Payment", **common, EffectiveDate=TODAY, Amount=Decimal(amount), **fields)

    def call(self, operation: str, *arguments: Any, headers: tuple[Any, ...] = ()) -> Any:
        """One call under the session."""
        return getattr(self.service, operation)(*arguments, _soapheaders=[*headers, self.header])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world; the tests use different documents or their own references."""
    with World(tmp_path_factory.mktemp("zeep")) as world:
        yield world


@pytest.fixture
def legacy(house: World) -> Iterator[Legacy]:
    """A caller generated from the plain WSDL."""
    with requests.Session() as session:
        yield Legacy(house, session)


@pytest.fixture
def extended(house: World) -> Iterator[Legacy]:
    """A caller generated from the WSDL with the extension elements."""
    with requests.Session() as session:
        yield Legacy(house, session, "wsdl&extended")


def test_login_leads_to_the_bridge(legacy: Legacy, house: World) -> None:
    """A client that switches to ServerUrl stays with the bridge."""
    assert legacy.server_url == house.endpoint()


def test_the_wsdl_itself_points_to_the_bridge(legacy: Legacy, house: World) -> None:
    """The service address of the generated client is the bridge's, so login goes there without configuration."""
    assert legacy.client.service._binding_options["address"] == house.endpoint()


def test_payments_over_both_routes_are_created_in_order(legacy: Legacy, house: World) -> None:
    """Strict zeep reads two results; the Ids are those of the payments made."""
    calls = [legacy.payment("1", InvoiceId="@D1", AppliedInvoiceAmount=Decimal(1), ReferenceId="zeep-1")]
    calls.append(legacy.payment("2", InvoiceId="@I1", AppliedInvoiceAmount=Decimal(2), ReferenceId="zeep-2"))
    results = legacy.call("create", calls)
    made = {one["id"]: one["amount"] for one in house.payments()}
    assert [(result.Success, made[result.Id], result.Errors) for result in results] == [
        (True, "1", []),
        (True, "2", []),
    ]


def test_a_refused_row_has_code_message_and_field(legacy: Legacy) -> None:
    """A failed row reads as Zuora's own, without an Id."""
    (result,) = legacy.call("create", [legacy.payment("40", InvoiceId="@D2", AppliedInvoiceAmount=Decimal(40))])
    assert (result.Success, result.Id) == (False, None)
    assert [(error.Code, error.Field) for error in result.Errors] == [("INVALID_VALUE", "InvoiceId")]
    assert "Draft" in result.Errors[0].Message


def test_update_answers_with_rows(legacy: Legacy, house: World) -> None:
    """A payment is marked as transferred to accounting."""
    update = legacy.object("Payment", Id="@P2", TransferredToAccounting="Yes")
    (result,) = legacy.call("update", [update])
    assert (result.Success, result.Id) == (True, house.id("@P2"))
    assert house.document("P2")["transferredToAccounting"] == "Yes"


def test_delete_reads_its_lower_case_rows(legacy: Legacy, house: World) -> None:
    """A canceled payment is deleted, a processed one is not; names in deleteResponse are in lower case."""
    (made,) = legacy.call("create", [legacy.payment("3", AppliedCreditBalanceAmount=Decimal(3), ReferenceId="zeep-3")])
    legacy.call("update", [legacy.object("Payment", Id=made.Id, Status="Canceled")])
    done, refused = legacy.call("delete", "Payment", [made.Id, house.id("@P1")])
    assert (done.success, done.id) == (True, made.Id)
    assert refused.success is False
    assert [error.Code for error in refused.errors] == ["CANNOT_DELETE"]
    assert made.Id not in {one["id"] for one in house.payments()}


def test_query_and_query_more_page_through(legacy: Legacy, house: World) -> None:
    """Rows come as typed objects; the locator leads to the next page."""
    pages = (legacy.api("QueryOptions")(batchSize=2),)
    zoql = "select Id, Amount from Payment where AccountId = '{}' and Status = 'Processed'".format(house.id("@A"))
    page = legacy.call("query", zoql, headers=pages)
    rows = list(page.records)
    assert (page.done, len(rows)) == (False, 2)
    while not page.done:
        page = legacy.call("queryMore", page.queryLocator, headers=pages)
        rows += page.records
    assert len(rows) == page.size
    assert {type(row).__name__ for row in rows} == {"Payment"}
    assert {house.id(name): amount for name, amount in (("@P1", 45), ("@P2", 80), ("@P3", 20))}.items() <= {
        row.Id: row.Amount for row in rows
    }.items()


@pytest.mark.parametrize(
    ("operation", "kind", "code"),
    [("query", "MalformedQueryFault", "MALFORMED_QUERY"), ("create", "UnexpectedErrorFault", "MAX_RECORDS_EXCEEDED")],
)
def test_a_fault_is_typed(legacy: Legacy, operation: str, kind: str, code: str) -> None:
    """Relayed or the bridge's own, a fault's detail is of a type that the WSDL declares; its code is literal."""
    argument = "BADQ" if operation == "query" else [legacy.payment("1")] * 51
    with pytest.raises(zeep.exceptions.Fault) as caught:
        legacy.call(operation, argument)
    assert caught.value.code == f"fns:{code}"
    (detail,) = caught.value.detail
    typed = legacy.client.wsdl.types.get_element(detail.tag).parse(detail, legacy.client.wsdl.types)
    assert detail.tag == f"{{http://fault.api.zuora.com/}}{kind}"
    assert (typed.FaultCode, typed.FaultMessage) == (code, caught.value.message)


def test_the_plain_wsdl_has_no_extension(legacy: Legacy) -> None:
    """What Zuora's file does not have, ours does not show unless asked."""
    with pytest.raises(TypeError, match="DebitMemoId"):
        legacy.payment("1", DebitMemoId="@D1")


def test_the_extended_wsdl_pays_a_debit_memo_by_its_name(extended: Legacy, house: World) -> None:
    """A caller that can be changed a little says DebitMemoId; Zuora's SOAP never sees it."""
    mark = house.mark()
    payment = extended.payment("4", DebitMemoId="@D1", AppliedInvoiceAmount=Decimal(4), ReferenceId="zeep-4")
    (result,) = extended.call("create", [payment])
    (sent,) = house.writes(mark)
    assert (sent.line, sent.json["debitMemos"]) == (
        "POST /v1/payments",
        [{"debitMemoId": house.id("@D1"), "amount": "4"}],
    )
    assert result.Id in {one["id"] for one in house.payments()}


def test_the_extended_wsdl_names_several_debit_memos(extended: Legacy, house: World) -> None:
    """DebitMemoPaymentData holds typed rows."""
    row = extended.client.get_type("{http://object.api.zuora.com/}DebitMemoPayment")
    data = extended.client.get_type("{http://api.zuora.com/}DebitMemoPaymentData")
    rows = data(DebitMemoPayment=[row(DebitMemoId=house.id("@D1"), Amount=Decimal(5))])
    (result,) = extended.call("create", [extended.payment("5", DebitMemoPaymentData=rows, ReferenceId="zeep-5")])
    (made,) = [one for one in house.payments() if one["id"] == result.Id]
    assert [(part["debitMemoId"], part["amount"]) for part in made["parts"]] == [(house.id("@D1"), "5")]
