"""Message ids as the doors harvest them, and what becomes of them between the wire and the journal's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import ERP, Answer, World, payment, post, saved
from json_callers import action, keys, rows
from lxml import etree

from bridge.facade.message_ids import message_ids

W3C = "http://www.w3.org/2005/08/addressing"
SUBMISSION = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
SAP = "http://www.sap.com/webas/640/soap/features/messageId/"
XI = "http://sap.com/xi/XI/Message/30"
GUID = "005056BF-38E0-1EDD-B58C-9B5814A5E450"
PLAIN_GUID = "005056bf38e01eddb58c9b5814a5e450"
ID = "a-message-id-of-the-erp"
FORTY = payment(Amount="40", InvoiceId="@D1", AppliedInvoiceAmount="40")
THIRTY = payment(Amount="30", InvoiceId="@D1", AppliedInvoiceAmount="30")


def header(blocks: str) -> etree._Element:
    """A SOAP header."""
    return etree.fromstring(f"<Header>{blocks}</Header>")


# ------------------------------------------------------------------ what is harvested


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (f'<w:MessageID xmlns:w="{W3C}"> urn:uuid:1 </w:MessageID>', {"wsa:MessageID": "urn:uuid:1"}),
        (f'<MessageID xmlns="{SUBMISSION}">urn:uuid:2</MessageID>', {"wsa:MessageID": "urn:uuid:2"}),
        ('<MessageID xmlns="urn:another">3</MessageID>', {}),
        (f'<m:messageId xmlns:m="{SAP}">uuid:{GUID}</m:messageId>', {"sap:GUID": PLAIN_GUID}),
        (f'<s:Main xmlns:s="{XI}"><s:MessageId>{GUID}</s:MessageId></s:Main>', {"sap:GUID": PLAIN_GUID}),
        (f"<MessageHeader><ID>7</ID><UUID>{GUID}</UUID></MessageHeader>", {"sap:GUID": PLAIN_GUID}),
        ("<MessageHeader><!-- none --><ID>7</ID></MessageHeader><?none?>", {}),
        (f'<w:MessageID xmlns:w="{W3C}"> </w:MessageID>', {}),
    ],
    ids=["WS-Addressing 1.0", "of 2004", "neither", "SAP runtime", "XI", "MessageHeader", "no UUID", "empty"],
)
def test_the_soap_header_is_searched(blocks: str, expected: Mapping[str, str]) -> None:
    """Whatever prefixes it uses."""
    assert message_ids([], "", header(blocks)) == expected


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ([("idempotency-KEY", " k1 ")], "", {"Idempotency-Key": "k1"}),
        ([("SapMessageIdEx", GUID)], "", {"sap:GUID": PLAIN_GUID}),
        ([("SAP-GUID", GUID)], "", {"sap:GUID": PLAIN_GUID}),
        ([], f"version=3.0&MessageId={GUID}", {"sap:GUID": PLAIN_GUID}),
        ([], f"msgguid={PLAIN_GUID}", {"sap:GUID": PLAIN_GUID}),
        ([("Idempotency-Key", "k1"), ("Idempotency-Key", "k1")], "", {"Idempotency-Key": "k1"}),
        ([("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")], "", {}),
        ([("SapMessageId", GUID)], f"MessageId={PLAIN_GUID}", {"sap:GUID": PLAIN_GUID}),
        ([("X-Request-Id", "r1"), ("Idempotency-Key", "")], "wsdl", {}),
    ],
    ids=["key", "CPI", "plain", "query", "plain HTTP", "twice", "two different", "same GUID", "none"],
)
def test_http_is_searched(headers: list[tuple[str, str]], query: str, expected: Mapping[str, str]) -> None:
    """Two different ids of a kind say nothing."""
    assert message_ids(headers, query) == expected


# ------------------------------------------------------------------ through the doors


@pytest.fixture
def house(tmp_path: Path) -> Iterator[World]:
    """A bridge whose ERP keeps its ids, of any kind."""
    kinds = ["Idempotency-Key", "wsa:MessageID", "sap:GUID"]
    erp: dict[str, Any] = {"usernames": [ERP], "allow": ["*"], "message_ids": kinds}
    with World(tmp_path, callers={"erp": erp}) as world:
        yield world


def soap(world: World, one: Any, *http: tuple[str, str], blocks: str = "", query: str = "") -> Answer:
    """A create with these HTTP headers, SOAP header blocks and query string."""
    message = world.message(saved("create", [world.resolve(one)]), headers=blocks)
    return post(world.endpoint() + query, message, (("Content-Type", "text/xml; charset=utf-8"), *http))


def later(world: World, seconds: int) -> None:
    """Time passes; by the answer to a login the bridge hears Zuora's clock."""
    world.advance(seconds)
    world.log_in_again()


CARRIED: Mapping[str, Mapping[str, Any]] = {
    "Idempotency-Key": {"http": [("Idempotency-Key", ID)]},
    "wsa:MessageID": {"blocks": f'<w:MessageID xmlns:w="{W3C}">{ID}</w:MessageID>'},
    "sap:GUID": {"blocks": f'<m:messageId xmlns:m="{SAP}">{ID}</m:messageId>'},
    "sap:GUID in the query": {"query": f"?MessageId={ID}"},
}


@pytest.mark.parametrize("kind", CARRIED)
def test_a_soap_caller_s_id_identifies(house: World, kind: str) -> None:
    """Same content joins after hours, other content is refused, another id pays; nothing of the id is written down."""
    how = dict(CARRIED[kind])
    http = how.pop("http", [])
    first = soap(house, FORTY, *http, **how)
    later(house, 30 * 3600)
    again = soap(house, FORTY, *http, **how)
    assert again.rows[0]["id"] == first.rows[0]["id"]
    assert (again.header("Bridge-Joined"), again.header("Bridge-Intent")) == ("true", first.header("Bridge-Intent"))
    (row,) = soap(house, THIRTY, *http, **how).rows
    assert (row["success"], row["errors"][0]["Code"]) == ("false", "DUPLICATE_VALUE")
    assert len(house.payments()) == 1
    assert soap(house, FORTY, ("Idempotency-Key", "another")).rows[0]["success"] == "true"
    assert len(house.payments()) == 2
    for file in house.folder.iterdir():
        assert ID.encode() not in file.read_bytes()
        assert ID.replace("-", "").encode() not in file.read_bytes()


def test_a_json_caller_s_key_identifies(house: World) -> None:
    """Actions by the user's keys, and CRUD's headers are the same."""
    who, key = keys(), ("Idempotency-Key", ID)
    first = rows(action(house, "create", [FORTY, THIRTY], who, key))
    later(house, 30 * 3600)
    answer = action(house, "create", [FORTY, THIRTY], who, key)
    assert rows(answer) == first
    assert answer.header("Bridge-Joined") == "true"
    refused = rows(action(house, "create", [FORTY, FORTY], who, key))
    assert [each["Success"] for each in refused] == [False, False]
    assert len(house.payments()) == 2


def test_no_id_is_logged(house: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither by the door nor by what is behind it."""
    soap(house, FORTY, ("Idempotency-Key", ID))
    soap(house, THIRTY, ("Idempotency-Key", ID))
    out, err = capfd.readouterr()
    assert ID not in out + err


def test_an_id_of_a_caller_without_the_setting_only_adds_a_join(world: World) -> None:
    """A fresh one for each attempt prevents none."""
    key = ("Idempotency-Key", ID)
    first = soap(world, FORTY, key)
    assert soap(world, FORTY, ("Idempotency-Key", "another")).rows == first.rows
    later(world, 3600)
    assert soap(world, FORTY).rows[0]["success"] == "false"
    assert soap(world, FORTY, key).rows[0]["id"] == first.rows[0]["id"]
    assert soap(world, THIRTY, key).rows[0]["success"] == "true"
