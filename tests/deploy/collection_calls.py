"""The calls of the collections in ``deploy/collections``: the demo's, the JSON doors', and those of the admin listener.

SOAP bodies are written by the contract: its names, order and namespaces, so a field that the WSDL lacks cannot be in
one. ``{{name}}`` stands for a variable. Must not know Postman or SoapUI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.sax.saxutils import escape

from bridge.contract.contract import Contract, Field, QName

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Mapping[str, Value]]"

VARIABLES = {
    "bridgeUrl": "http://127.0.0.1:8080",
    "adminUrl": "http://127.0.0.1:8081",
    "adminToken": "",
    "username": "erp@example.com",
    "password": "",
    "today": "2026-02-20",
    "accountId": "",
    "paymentMethodId": "",
    "invoiceId": "",
    "secondInvoiceId": "",
    "debitMemoId": "",
    "creditMemoId": "",
    "paymentId": "",
}
"""What a user fills in, with what can be known beforehand. ``paymentId`` is of a payment to refund."""

KEPT = ("session", "memoPaymentId", "objectId")
"""What answers fill in."""

SECRET = frozenset({"adminToken", "password", "session"})


@dataclass(frozen=True)
class Keep:
    """A value of the answer that later calls need: by a pattern for Postman, by a path for SoapUI."""

    name: str
    pattern: str
    path: str


@dataclass(frozen=True)
class Call:
    """One request and what its answer must be: a status, texts in the body (which may be variables), headers."""

    name: str
    about: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 200
    holds: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[Keep, ...] = ()
    operation: str = ""


@dataclass(frozen=True)
class Folder:
    """Calls that belong together, in the order in which they are meant to be sent."""

    name: str
    about: str
    calls: tuple[Call, ...]


# ------------------------------------------------------------------ SOAP, by the contract


class Soap:
    """Envelopes of one contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.url = f"{{{{bridgeUrl}}}}/apps/services/a/{contract.version}"

    def call(self, operation: str, body: str, name: str, about: str, **more: object) -> Call:
        """One operation."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        envelope = self.envelope(body, session=operation != "login")
        return Call(name, about, "POST", self.url, headers, envelope, operation=operation, **more)  # type: ignore[arg-type]

    def envelope(self, body: str, *, session: bool) -> str:
        """SOAP 1.1, with the session of the login where one is needed."""
        header = self.element("SessionHeader", session="{{session}}") if session else ""
        return (
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            f'xmlns:ns1="{API}" xmlns:ns2="{OBJECT}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
            f"<soapenv:Header>{header}</soapenv:Header>\n<soapenv:Body>\n{body}\n</soapenv:Body>\n</soapenv:Envelope>"
        )

    def element(self, name: str, **values: str) -> str:
        """A global element of the API's namespace with its fields in the file's order."""
        found = self._contract.elements[QName(API, name)]
        return f"<ns1:{name}>{self._fields(found.fields, values)}</ns1:{name}>"

    def create(self, *objects: tuple[str, Mapping[str, Value]]) -> str:
        """``create`` of objects by their types."""
        (zobjects,) = self._contract.elements[self._contract.operation("create").input].fields
        rows = []
        for kind, values in objects:
            inside = self._fields(self._contract.objects[kind].fields, values, "\n    ")
            rows.append(f'  <ns1:{zobjects.name} xsi:type="ns2:{kind}">{inside}\n  </ns1:{zobjects.name}>')
        return "<ns1:create>\n" + "\n".join(rows) + "\n</ns1:create>"

    def _fields(self, fields: Sequence[Field], values: Mapping[str, Value], before: str = "") -> str:
        known = {each.name for each in fields}
        assert set(values) <= known, f"the contract lacks {set(values) - known}"
        return "".join(self._field(each, values[each.name], before) for each in fields if each.name in values)

    def _field(self, item: Field, value: Value, before: str) -> str:
        name = f"{'ns1' if item.namespace == API else 'ns2'}:{item.name}"
        if isinstance(value, str):
            return f"{before}<{name}>{escape(value)}</{name}>"
        rows = [value] if isinstance(value, Mapping) else value
        inside = self._contract.complex_types[item.type].fields
        return "".join(f"{before}<{name}>{self._fields(inside, row)}</{name}>" for row in rows)


def payment(amount: str, document: str = "", **more: Value) -> tuple[str, Mapping[str, Value]]:
    """An external payment, of one document where one is given."""
    common: dict[str, Value] = {
        "AccountId": "{{accountId}}",
        "Amount": amount,
        "EffectiveDate": "{{today}}",
        "PaymentMethodId": "{{paymentMethodId}}",
        "Status": "Processed",
        "Type": "External",
    }
    if document:
        common |= {"AppliedInvoiceAmount": amount, "InvoiceId": document}
    return "Payment", common | dict(more)


def refund(amount: str, source: str) -> tuple[str, Mapping[str, Value]]:
    """An external refund of a payment or, in the same field, of a credit memo."""
    return "Refund", {
        "Amount": amount,
        "MethodType": "Check",
        "PaymentId": source,
        "RefundDate": "{{today}}",
        "SourceType": "Payment",
        "Type": "External",
    }


# ------------------------------------------------------------------ the folders

GOOD = "Success>true<"
BAD = "Success>false<"
KEYS = {
    "Content-Type": "application/json",
    "apiAccessKeyId": "{{username}}",
    "apiSecretAccessKey": "{{password}}",
}
ADMIN = {"Authorization": "Bearer {{adminToken}}"}
REPEATED = payment("10.00", "{{debitMemoId}}")


def folders(contract: Contract) -> tuple[Folder, ...]:
    """Everything, for this contract."""
    soap = Soap(contract)
    return (
        Folder("SOAP, as the demo calls", "Log in first: the session goes into the others.", _demo(soap)),
        Folder("JSON Actions and CRUD", "The same acts by Zuora's JSON calls, under the user's own keys.", _json()),
        Folder("Admin listener", "Health and metrics need no token, the API one of role viewer.", _admin(soap)),
    )


def _demo(soap: Soap) -> tuple[Call, ...]:
    parts = [{"Amount": "15", "InvoiceId": "{{invoiceId}}"}, {"Amount": "10", "InvoiceId": "{{debitMemoId}}"}]
    both = payment("25", InvoicePaymentData={"InvoicePayment": parts})
    batch = [payment("1", document) for document in ("{{invoiceId}}", "{{debitMemoId}}") * 2]
    query = "select Id, Amount, AppliedAmount from Payment where AccountId = '{{accountId}}'"
    session = Keep("session", "Session>([^<]+)<", f"declare namespace ns1='{API}'; //ns1:Session")
    memo_payment = Keep("memoPaymentId", "Id>([0-9a-f]{32})<", f"declare namespace ns1='{API}'; //ns1:Id")

    def create(name: str, about: str, route: str, *objects: tuple[str, Mapping[str, Value]], **more: object) -> Call:
        told = {"Bridge-Route": route}
        return soap.call("create", soap.create(*objects), name, about, **{"holds": (GOOD,), "told": told, **more})

    return (
        Call("The WSDL", "With the bridge's own address.", "GET", f"{soap.url}?wsdl", holds=("SoapBinding",)),
        Call(
            "The WSDL with elements for memos",
            "For callers that can be changed a little.",
            "GET",
            f"{soap.url}?wsdl&extended",
            holds=("DebitMemoId",),
        ),
        soap.call(
            "login",
            soap.element("login", username="{{username}}", password="{{password}}"),
            "Log in",
            "Passes through to Zuora; ServerUrl in the answer is the bridge.",
            holds=("Session>", "ServerUrl>"),
            keeps=(session,),
        ),
        create("Pay an invoice", "Goes on by SOAP.", "soap", payment("20", "{{secondInvoiceId}}")),
        create(
            "Pay a debit memo", "Its id stands in InvoiceId; goes by REST.", "rest", REPEATED, keeps=(memo_payment,)
        ),
        create("Pay both in one", "One payment with a row for each.", "rest", both),
        create("Refund a payment", "45, in one piece.", "soap", refund("45", "{{paymentId}}")),
        create("Refund a credit memo", "Its id stands in PaymentId.", "rest", refund("60", "{{creditMemoId}}")),
        create("A mixed batch", "Answered in its own order.", "soap,rest,soap,rest", *batch),
        soap.call("query", soap.element("query", queryString=query), "Query payments", "Passes.", holds=("size>",)),
        create(
            "Pay the debit memo again",
            "As an ERP does that has not heard the answer: the same call joins the first and gets the same Id.",
            "rest",
            REPEATED,
            holds=(GOOD, "{{memoPaymentId}}"),
            told={"Bridge-Route": "rest", "Bridge-Joined": "true"},
        ),
    )


def _json() -> tuple[Call, ...]:
    def body(value: object) -> str:
        # Amounts become bare numbers digit for digit: they were never binary fractions.
        return re.sub(r'("\w*Amount": )"([0-9.]+)"', r"\1\2", json.dumps(value, indent=2))

    query = {"queryString": "select Id, Amount from Payment where AccountId = '{{accountId}}'"}
    made = '"Success": ?true'
    return (
        Call(
            *("Create by Action", "Several objects of one type.", "POST", "{{bridgeUrl}}/v1/action/create", KEYS),
            body({"type": "Payment", "objects": [payment("3.25", "{{debitMemoId}}")[1]]}),
            holds=(made,),
            told={"Bridge-Route": "rest"},
        ),
        Call(
            *("Query by Action", "Passes.", "POST", "{{bridgeUrl}}/v1/action/query", KEYS),
            body(query),
            holds=('"done": ?true',),
        ),
        Call(
            *("Create by CRUD", "One object.", "POST", "{{bridgeUrl}}/v1/object/payment", KEYS),
            body(payment("2.75", "{{debitMemoId}}")[1]),
            holds=(made,),
            keeps=(Keep("objectId", '"Id": ?"([0-9a-f]{32})"', "$.Id"),),
        ),
        Call(
            *("Read by CRUD", "Passes.", "GET", "{{bridgeUrl}}/v1/object/payment/{{objectId}}", KEYS),
            holds=("{{objectId}}",),
        ),
        Call(
            *("Update by CRUD", "A comment.", "PUT", "{{bridgeUrl}}/v1/object/payment/{{objectId}}", KEYS),
            body({"Comment": "seen"}),
            holds=(made,),
        ),
    )


def _admin(soap: Soap) -> tuple[Call, ...]:
    message = soap.envelope(soap.create(payment("12", "{{debitMemoId}}")), session=False)
    rules = {"rules": []}
    json_too = {**ADMIN, "Content-Type": "application/json"}
    looks = [
        ("Who am I", "whoami", '"role"'),
        ("Overview", "overview?minutes=60", '"ready"'),
        ("Rules", "cutover", '"revision"'),
        ("History of the rules", "cutover/history?limit=5", r"\["),
        ("Ramps", "ramps", ""),
        ("Who still calls what", "usage", ""),
        ("Shadows", "shadow", ""),
    ]
    return (
        Call("Alive", "The process answers.", "GET", "{{adminUrl}}/healthz"),
        Call("Ready", "200, or 503 with the reasons.", "GET", "{{adminUrl}}/readyz", holds=('"ready": ?true',)),
        Call("Metrics", "For Prometheus.", "GET", "{{adminUrl}}/metrics", holds=("# TYPE bridge_",)),
        *(
            Call(name, "Reads.", "GET", f"{{{{adminUrl}}}}/admin/api/{path}", ADMIN, holds=(text,) if text else ())
            for name, path, text in looks
        ),
        Call(
            *("Check rules", "Changes nothing.", "POST", "{{adminUrl}}/admin/api/cutover/check", json_too),
            json.dumps(rules),
            holds=('"good": ?true',),
        ),
        Call(
            *("Explain a call that nobody has made", "Sends no write.", "POST"),
            *("{{adminUrl}}/admin/api/explain", json_too),
            json.dumps({"soap": message, "caller": "erp", "version": soap.url.rpartition("/")[2]}),
            holds=('"rest"',),
        ),
    )
