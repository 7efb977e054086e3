"""A tenant's own file carries the whole bridge, by its setting alone: a strict client generated from what is served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import tenant_file
from harness import TODAY, World
from lxml import etree

from bridge.settings import ConfigurationError

# The bridge has imported zeep with the deprecations of its dependencies muted.
zeep = pytest.importorskip("zeep")

CUSTOM = {
    "Payment": {
        "Approved__c": "boolean",
        "BankFee__c": "number",
        "Channel__c": "text",
        "IntegrationId__NS": "text indexed",
        "SyncDate__NS": "date",
        "ValueDate__c": "date",
    },
    "Refund": {"CaseNumber__c": "text", "Goodwill__c": "boolean", "Restocking__c": "number"},
    "Account": {"DunningLevel__c": "text", "CreditRating__c": "number", "Blocked__c": "boolean", "ErpKey__NS": "text"},
}
GIVEN: dict[str, Any] = {
    "Approved__c": True,
    "BankFee__c": Decimal("1.50"),
    "Channel__c": "bank & branch",
    "IntegrationId__NS": "NS-1",
    "SyncDate__NS": date(2026, 2, 19),
    "ValueDate__c": date(2026, 2, 21),
}


def start(stack: ExitStack, folder: Path, raw: bytes, path: Path | None = None) -> World:
    """A world whose bridge has this file, and whose tenant has the fields in it."""
    (folder / "tenant.wsdl").write_bytes(raw)
    world = stack.enter_context(World(folder, zuora={"wsdl": path or folder / "tenant.wsdl"}))
    world.control("settings", {"customFields": CUSTOM})
    return world


class Erp:
    """A program generated from the WSDL that the bridge serves at the tenant's version."""

    def __init__(self, world: World, session: requests.Session) -> None:
        self.world = world
        address = world.endpoint("128.0")
        self.client = zeep.Client(f"{address}?wsdl", transport=zeep.Transport(session=session))
        login = self.client.service.login("erp@example.com", "demo")
        self.service = self.client.create_service("{http://api.zuora.com/}SoapBinding", login.ServerUrl)
        self.header = self.client.get_element("{http://api.zuora.com/}SessionHeader")(session=login.Session)

    def object(self, kind: str, **fields: Any) -> Any:
        """An object with ids resolved."""
        made = self.client.get_type(f"{{http://object.api.zuora.com/}}{kind}")
        return made(**{name: self.world.id(v) if isinstance(v, str) else v for name, v in fields.items()})

    def payment(self, document: str, amount: str, **fields: Any) -> Any:
        """A payment of one document."""
        common = {"AccountId": "@A", "PaymentMethodId": "@PMx", "Type": "External", "Status": "Processed"}
        share = {"Amount": Decimal(amount), "AppliedInvoiceAmount": Decimal(amount), "InvoiceId": document}
        return self.object("Payment", **common, **share, EffectiveDate=TODAY, **fields)

    def call(self, operation: str, *arguments: Any) -> Any:
        """One call under the session."""
        return getattr(self.service, operation)(*arguments, _soapheaders=[self.header])

    def saved(self, operation: str, one: Any) -> str:
        """The Id of a create or update of one object, which succeeds."""
        (row,) = self.call(operation, [one])
        assert row.Success, row
        return str(row.Id)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world on the file as Zuora writes it."""
    with ExitStack() as stack:
        yield start(stack, tmp_path_factory.mktemp("tenant"), tenant_file.wsdl())


@pytest.fixture
def erp(house: World) -> Iterator[Erp]:
    """A caller of it."""
    with requests.Session() as session:
        yield Erp(house, session)


def test_the_file_is_served_at_the_bridge_s_address_and_the_file_s_version(house: World) -> None:
    """Byte for byte but for the address, whatever version was asked for."""
    with requests.Session() as session:
        served = session.get(f"{house.endpoint('64.0')}?wsdl").content
    ours = house.endpoint("128.0").encode()
    assert served == tenant_file.wsdl().replace(b"https://www.zuora.com/apps/services/a/128.0", ours)


def test_custom_fields_go_by_soap_in_the_file_s_order(erp: Erp, house: World) -> None:
    """At the tenant's version, as the texts the caller wrote, and Zuora keeps them."""
    mark = house.mark()
    made = erp.saved("create", erp.payment("@I1", "3", ReferenceId="tenant-soap", **GIVEN))
    (sent,) = house.writes(mark)
    assert (sent.face, sent.path) == ("soap", "/apps/services/a/128.0")
    fields = list(sent.objects[0].fields)
    assert fields == [name for name in tenant_file.names("Payment") if name in fields]
    assert set(GIVEN) <= set(fields)
    written = sent.objects[0].fields
    assert (written["Channel__c"], written["BankFee__c"], written["ValueDate__c"]) == (
        "bank & branch",
        "1.50",
        "2026-02-21",
    )
    assert [one["id"] for one in house.payments() if one["referenceId"] == "tenant-soap"] == [made]


def test_custom_fields_go_by_rest_as_the_types_of_the_file(erp: Erp, house: World) -> None:
    """A decimal is a JSON number with its digits, a boolean true, a date a date, a text a text."""
    mark = house.mark()
    erp.saved("create", erp.payment("@D1", "4", ReferenceId="tenant-rest", **GIVEN))
    (sent,) = house.writes(mark)
    assert sent.line == "POST /v1/payments"
    assert '"BankFee__c":1.50' in sent.body
    assert {name: sent.json[name] for name in GIVEN} == {
        "Approved__c": True,
        "BankFee__c": "1.50",
        "Channel__c": "bank & branch",
        "IntegrationId__NS": "NS-1",
        "SyncDate__NS": "2026-02-19",
        "ValueDate__c": "2026-02-21",
    }


def test_a_refund_of_a_credit_memo_carries_the_file_s_fields(erp: Erp, house: World) -> None:
    """By REST, typed."""
    mark = house.mark()
    fields = {"CaseNumber__c": "0042", "Goodwill__c": False, "Restocking__c": Decimal("0.10")}
    common = {"Type": "External", "MethodType": "Check", "RefundDate": TODAY, "PaymentId": "@C1"}
    erp.saved("create", erp.object("Refund", Amount=Decimal(5), **common, **fields))
    (sent,) = house.writes(mark)
    assert sent.line == f"POST /v1/credit-memos/{house.id('@C1')}/refund"
    assert {name: sent.json[name] for name in fields} == {
        "CaseNumber__c": "0042",
        "Goodwill__c": False,
        "Restocking__c": "0.10",
    }


def test_updates_and_queries_know_the_file_s_fields(erp: Erp, house: World) -> None:
    """An update changes one, and a strict client reads rows with it, typed by its own classes."""
    made = erp.saved("create", erp.payment("@I1", "2", ReferenceId="tenant-query", **GIVEN))
    erp.saved("update", erp.object("Payment", Id=made, Channel__c="web", BankFee__c=Decimal("2.25")))
    names = "Id, Amount, BankFee__c, Channel__c, Approved__c, ValueDate__c"
    answer = erp.call("query", f"select {names} from Payment where Id = '{made}'")
    (row,) = answer.records
    assert (row.Id, row.Amount, row.BankFee__c, row.Channel__c) == (made, Decimal(2), Decimal("2.25"), "web")
    assert (row.Approved__c, row.ValueDate__c) == (True, date(2026, 2, 21))


def test_other_objects_of_the_file_pass(erp: Erp, house: World) -> None:
    """An account is none of the bridge's business, custom fields and all."""
    mark = house.mark()
    changed = erp.object("Account", Id="@A", DunningLevel__c="3", CreditRating__c=Decimal("1.5"))
    assert erp.saved("update", changed) == house.id("@A")
    (sent,) = house.writes(mark)
    assert sent.face == "soap"
    texts = {
        etree.QName(each).localname: each.text for each in etree.fromstring(sent.body.encode()).iter(etree.Element)
    }
    assert (texts["DunningLevel__c"], texts["CreditRating__c"]) == ("3", "1.5")
    info = erp.call("getUserInfo")
    assert info.TenantId == "10000"


@pytest.mark.parametrize("style", ["visual studio", "without imports, as up to 47.1", "BOM", "CRLF", "on one line"])
def test_the_bridge_pays_by_both_routes_on_a_file_in_any_style(style: str, tmp_path: Path) -> None:
    """One call with an invoice and a debit memo, answered in order."""
    with ExitStack() as stack:
        world = start(stack, tmp_path, tenant_file.STYLES[style]())
        erp = Erp(world, stack.enter_context(requests.Session()))
        fee = {"BankFee__c": Decimal("0.75")}
        rows = erp.call("create", [erp.payment("@D1", "6", **fee), erp.payment("@I1", "7", **fee)])
        made = {one["id"]: one["amount"] for one in world.payments()}
        assert [(row.Success, made[row.Id]) for row in rows] == [(True, "6"), (True, "7")]


def test_the_setting_may_be_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the working directory, as every other path."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        world = start(stack, tmp_path, tenant_file.wsdl(), Path("tenant.wsdl"))
        assert Erp(world, stack.enter_context(requests.Session())).call("getUserInfo").TenantId == "10000"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"<sequence>", b"<sequence><choice/>", r"line \d+: <choice> cannot be modelled"),
        (b"/a/128.0", b"/a/83.0", r"version 83\.0; 107\.0 or later is needed"),
        (b"</definitions>", b"", "not well-formed"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, old: bytes, new: bytes, words: str) -> None:
    """One sentence with the setting, the file, the construct and its line."""
    with (
        ExitStack() as stack,
        pytest.raises(ConfigurationError, match=rf"BRIDGE_ZUORA__WSDL: .*tenant\.wsdl: .*{words}"),
    ):
        start(stack, tmp_path, tenant_file.wsdl().replace(old, new, 1))


def test_a_file_that_zeep_cannot_compose_by_stops_the_start(tmp_path: Path) -> None:
    """Hand-edited files lack operations that every call needs."""
    raw = re.sub(rb' *<operation name="getUserInfo">.*\n', b"", tenant_file.wsdl())
    with (
        ExitStack() as stack,
        pytest.raises(ConfigurationError, match=r"BRIDGE_ZUORA__WSDL: .*zeep cannot .*getUserInfo"),
    ):
        start(stack, tmp_path, raw)
