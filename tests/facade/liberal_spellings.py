"""One and the same create in many spellings, and the books that it must leave. Must not test.

Two payments, one that goes by REST and one by SOAP, are told from others by their comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from harness import TODAY, Answer, World, part, payment, saved

XSD = "http://www.w3.org/2001/XMLSchema"
ENC = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
TEXT_XML = ("Content-Type", "text/xml; charset=utf-8")
SPECIAL = " é <A&B> \"q\" 'a'\nline2\ttab"

Spelled = Callable[[str], "str | bytes"]


def plain(world: World, name: str) -> str:
    """A create as a careful client writes it."""
    objects = [
        payment(Amount="0.50", Comment=name + SPECIAL, InvoicePaymentData=[part("InvoicePayment", **row)])
        for row in ({"Amount": "0.50", "InvoiceId": "@D1"}, {"Amount": "0.50", "InvoiceId": "@I1"})
    ]
    return world.message(saved("create", [world.resolve(each) for each in objects])).decode()


def assert_paid(world: World, name: str, answer: Answer) -> None:
    """Both payments are in the books with everything that was said, and nothing else."""
    ids = answer.ids
    assert answer.header("Bridge-Route") == "rest,soap"
    made = {one["id"]: one for one in world.payments() if one["comment"] == name + SPECIAL}
    assert sorted(made) == sorted(ids)
    for each, document in zip(ids, ("@D1", "@I1"), strict=True):
        one = made[each]
        (its,) = one["parts"]
        assert (its["debitMemoId"] or its["invoiceId"], its["amount"]) == (world.id(document), "0.5")
        assert (one["accountId"], one["paymentMethodId"]) == (world.id("@A"), world.id("@PMx"))
        assert (one["amount"], one["effectiveDate"], one["type"]) == ("0.5", TODAY, "External")
        assert {one[key] for key in ("referenceId", "secondReferenceId", "accountingCode", "softDescriptor")} == {None}
        assert one["status"] == "Processed"


def swapped(*changes: tuple[str, str]) -> Spelled:
    """Texts in place of others, each of which must be there."""

    def spelled(text: str) -> str:
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        return text

    return spelled


def leaves(made: Callable[[str, str], str]) -> Spelled:
    """Every leaf of the objects written anew from its name and its escaped text."""

    def spelled(text: str) -> str:
        head, body = text.split("<soapenv:Body>")
        body = re.sub(r"<ns2:(\w+)>([^<]*)</ns2:\1>", lambda found: made(found[1], found[2]), body)
        return f"{head}<soapenv:Body>{body}"

    return spelled


def encoded(codec: str, declared: str | None, mark: bytes = b"") -> Spelled:
    """In another encoding."""

    def spelled(text: str) -> bytes:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        rest = text.partition("?>")[2]
        return mark + (declaration + rest).encode(codec, "xmlcharrefreplace")

    return spelled


def unescaped(text: str) -> str:
    """What an escaped text says."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def in_header(*blocks: str) -> Spelled:
    """More blocks before and after the session's."""
    return swapped(
        ("<soapenv:Header>", "<soapenv:Header>" + blocks[0]), ("</soapenv:Header>", blocks[-1] + "</soapenv:Header>")
    )
