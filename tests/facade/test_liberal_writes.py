"""Updates and deletes as real clients spell them: nil is not given, fieldsToNull comes first, order is free."""

from __future__ import annotations

import re

import pytest
from harness import Answer, Seen, World, part, payment, post

READ_ONLY = "CreatedById CreatedDate UpdatedById UpdatedDate PaymentNumber SettledOn GatewayResponse Amount AccountId"


def made(world: World, count: int = 1) -> list[str]:
    """New payments of an invoice."""
    rows = [part("InvoicePayment", Amount="0.50", InvoiceId="@I1")]
    numbers = range(len(world.payments()), len(world.payments()) + count)
    objects = [payment(Amount="0.50", Comment=f"made {n}", InvoicePaymentData=rows) for n in numbers]
    return world.create(*objects).ids


def update(world: World, *objects: str) -> Answer:
    """An update of payments."""
    inside = "".join(f'<ns1:zObjects xsi:type="ns2:Payment">{each}</ns1:zObjects>' for each in objects)
    return post(world.endpoint(), world.message(f"<ns1:update>{inside}</ns1:update>"))


def delete(world: World, inside: str) -> Answer:
    """A delete; ``inside`` is its content."""
    return post(world.endpoint(), world.message(f"<ns1:delete>{inside}</ns1:delete>"))


def found(world: World, key: str) -> dict[str, str | None] | None:
    """What the books say of a payment."""
    return next((one for one in world.payments() if one["id"] == key), None)


ONE = "<ns2:fieldsToNull>Comment</ns2:fieldsToNull>"
BOOKED = "<ns2:TransferredToAccounting>Yes</ns2:TransferredToAccounting>"
UPDATES = {
    "fieldsToNull before the Id": ONE + "<ns2:Id>{}</ns2:Id>" + BOOKED,
    "fieldsToNull behind the Id": "<ns2:Id>{}</ns2:Id>" + ONE + BOOKED,
    "fieldsToNull at the end": "<ns2:Id>{}</ns2:Id>" + BOOKED + ONE,
    "fieldsToNull in the api namespace": ONE.replace("ns2", "ns1") + "<ns2:Id>{}</ns2:Id>" + BOOKED,
    "fieldsToNull in CDATA": "<ns2:fieldsToNull><![CDATA[Comment]]></ns2:fieldsToNull><ns2:Id>{}</ns2:Id>" + BOOKED,
    "fieldsToNull beside a nil one": ONE + '<ns2:fieldsToNull xsi:nil="1"/><ns2:Id>{}</ns2:Id>' + BOOKED,
}


@pytest.mark.parametrize("name", UPDATES)
def test_only_fields_to_null_clears(name: str, house: World) -> None:
    """It reaches Zuora as its engine wants it, before the Id, and the rest of the update is done."""
    (key,) = made(house)
    mark = house.mark()
    assert update(house, UPDATES[name].format(key)).ids == [key]
    (seen,) = house.writes(mark)
    assert re.findall(r"<\w+:(\w+)>([^<]+)</", _object(seen)) == [
        ("fieldsToNull", "Comment"),
        ("Id", key),
        ("TransferredToAccounting", "Yes"),
    ]
    assert (found(house, key) or {})["transferredToAccounting"] == "Yes"


@pytest.mark.parametrize("nil", ['xsi:nil="true"', 'xsi:nil="1"'])
def test_nil_changes_nothing_in_an_update(nil: str, house: World) -> None:
    """Proxies send every field that they hold, read-only ones included; only what has a value is an update."""
    (key,) = made(house)
    before = found(house, key)
    nils = "".join(f"<ns2:{name} {nil}/>" for name in READ_ONLY.split())
    mark = house.mark()
    empty = "<ns2:Comment/><ns2:ReferenceId></ns2:ReferenceId><ns2:InvoicePaymentData " + nil + "/>"
    assert update(house, f"<ns2:Id>{key}</ns2:Id>{nils}{empty}{BOOKED}").ids == [key]
    (seen,) = house.writes(mark)
    assert re.findall(r"<\w+:(\w+)[ >]", _object(seen)) == ["Id", "TransferredToAccounting"]
    assert before is not None
    assert {**(found(house, key) or {}), "transferredToAccounting": "No"} == before


def test_an_update_of_a_nil_id_says_so(house: World) -> None:
    """A nil Id is no Id: Zuora's own words, and nothing changes."""
    before = house.payments()
    (row,) = update(house, '<ns2:Id xsi:nil="true"/>' + BOOKED).rows
    assert (row["success"], row["id"]) == ("false", None)
    assert house.payments() == before


def _object(seen: Seen) -> str:
    return re.split(r"<\w+:zObjects[^>]*>|</\w+:zObjects>", seen.body)[1]


TYPE = "<ns1:type>Payment</ns1:type>"
DELETES = {
    "type and ids": TYPE + "<ns1:ids>{0}</ns1:ids><ns1:ids>{1}</ns1:ids>",
    "ids and type": "<ns1:ids>{0}</ns1:ids><ns1:ids>{1}</ns1:ids>" + TYPE,
    "the type between the ids": "<ns1:ids>{0}</ns1:ids>" + TYPE + "<ns1:ids>{1}</ns1:ids>",
    "no namespace": "<type>Payment</type><ids>{0}</ids><ids>{1}</ids>",
    "the object namespace": "<ns2:type>Payment</ns2:type><ns2:ids>{0}</ns2:ids><ns2:ids>{1}</ns2:ids>",
    "CDATA": "<ns1:type><![CDATA[Payment]]></ns1:type><ns1:ids><![CDATA[{0}]]></ns1:ids><ns1:ids>{1}</ns1:ids>",
    "white space": "<ns1:type>\n Payment </ns1:type><ns1:ids> {0}\n</ns1:ids>\n<ns1:ids>{1}</ns1:ids>\n",
    "types of XML Schema": (
        '<ns1:type xmlns:d="http://www.w3.org/2001/XMLSchema" xsi:type="d:string">Payment</ns1:type>'
        '<ns1:ids xsi:type="ns1:ID">{0}</ns1:ids><ns1:ids xsi:type="ns1:ID">{1}</ns1:ids>'
    ),
}


@pytest.mark.parametrize("name", DELETES)
def test_any_spelling_of_a_delete_deletes(name: str, house: World) -> None:
    """One row per id in the order of the ids, and both payments are gone."""
    keys = made(house, 2)
    cancel = "<ns2:Id>{}</ns2:Id><ns2:Status>Canceled</ns2:Status>"
    assert update(house, *(cancel.format(key) for key in keys)).ids == keys
    answer = delete(house, DELETES[name].format(*keys))
    assert answer.ids == keys
    assert [found(house, key) for key in keys] == [None, None]
