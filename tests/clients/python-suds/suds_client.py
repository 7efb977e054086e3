"""A legacy caller on suds: the scenario of tests/clients/README.md, one JSON document a step.

Reads name=value arguments; must not know what the right answers are.
"""

import json
import sys
from datetime import date, datetime

import suds.client
from suds.sax.element import Element

given = dict(each.split("=", 1) for each in sys.argv[1:])
wsdl = given["wsdl"] if "://" in given["wsdl"] else "file://" + given["wsdl"]
client = suds.client.Client(wsdl, cache=None)
API = ("ns1", "http://api.zuora.com/")
today = date.fromisoformat(given["day"])
# A legacy program's dateTime is its machine's midnight, without a zone.
day = today if given["dates"] == "date" else datetime(today.year, today.month, today.day)  # noqa: DTZ001
WANTED = ("Id", "Amount", "Comment", "CreatedDate", "EffectiveDate", "PaymentNumber", "ReferenceId", "Status")


def header(name, child, value):
    """Headers as the public Python clients of Zuora write them."""
    return Element(name, ns=API).append(Element(child, ns=API).setText(value))


def use(*headers):
    """Send these headers from now on."""
    client.set_options(soapheaders=list(headers))


def obj(kind, namespace="http://object.api.zuora.com/", **values):
    """An object of a type of the WSDL."""
    made = client.factory.create(f"{{{namespace}}}{kind}")
    for name, value in values.items():
        made[name] = value
    return made


def tell(step, **told):
    """Print what happened at a step."""
    print(json.dumps({"step": step, **told}, default=str), flush=True)


def value(thing, name):
    """A leaf as text, or None where it is not there."""
    found = getattr(thing, name, None)
    return None if found is None else found if isinstance(found, (bool, int)) else str(found)


def errors(listed):
    """Code, message and field of each error."""
    return [{"code": value(e, "Code"), "message": value(e, "Message"), "field": value(e, "Field")} for e in listed]


def saved(results):
    """The rows of a create."""
    return [
        {"success": each.Success, "id": value(each, "Id"), "errors": errors(getattr(each, "Errors", []))}
        for each in results
    ]


def page(result):
    """One page of a query."""
    return {
        "done": result.done,
        "size": result.size,
        "locator": value(result, "queryLocator"),
        "records": [
            {"type": row.__class__.__name__, **{name: value(row, name) for name in WANTED}}
            for row in getattr(result, "records", [])
        ],
    }


def fault(step, operation, *arguments):
    """Make a call that must fault and tell what the fault says."""
    try:
        tell(step, answered=str(getattr(client.service, operation)(*arguments)))
    except suds.WebFault as caught:
        ((kind, detail),) = caught.fault.detail
        tell(
            step,
            code=caught.fault.faultcode,
            message=caught.fault.faultstring,
            kind=kind,
            detail_code=detail.FaultCode,
            detail_message=detail.FaultMessage,
        )


def payment(amount, **fields):
    """An external payment of today."""
    return obj(
        "Payment",
        AccountId=given["account"],
        Amount=amount,
        EffectiveDate=day,
        PaymentMethodId=given["method"],
        Status="Processed",
        Type="External",
        **fields,
    )


def refund(of, amount):
    """An external refund of today."""
    return obj("Refund", Amount=amount, MethodType="Check", PaymentId=of, RefundDate=day, Type="External")


login = client.service.login(given["user"], given["password"])
tell("login", session=value(login, "Session"), server_url=value(login, "ServerUrl"))
client.set_options(location=login.ServerUrl)
session = header("SessionHeader", "session", login.Session)
use(session)

part = obj("InvoicePayment", Amount="12.50", InvoiceId=given["invoice"])
parts = obj("InvoicePaymentData", namespace="http://api.zuora.com/", InvoicePayment=[part])
split = payment("12.50", Comment=given["comment"], InvoicePaymentData=parts)
memo = payment("7.25", AppliedInvoiceAmount="7.25", Comment=given["comment"], InvoiceId=given["memo"])
paid = client.service.create([split, memo])
tell("pay", rows=saved(paid))
tell("refund", rows=saved(client.service.create([refund(paid[0].Id, "2.5"), refund(given["credit"], "3")])))
tell("query", **page(client.service.query(f"select {', '.join(WANTED)} from Payment where Id = '{paid[0].Id}'")))

use(session, header("QueryOptions", "batchSize", "2"))
pages = [client.service.query(f"select Id, Amount from Payment where AccountId = '{given['account']}'")]
while not pages[-1].done:
    pages.append(client.service.queryMore(pages[-1].queryLocator))
tell("page", pages=[page(each) for each in pages])
use(session)
tell("empty", **page(client.service.query("select Id from Payment where ReferenceId = 'there is none'")))

draft = payment("40", AppliedInvoiceAmount="40", InvoiceId=given["draft"])
tell("row_error", rows=saved(client.service.create([draft])))
tell(
    "delete",
    rows=[
        {"success": each.success, "id": value(each, "id"), "errors": errors(getattr(each, "errors", []))}
        for each in client.service.delete("Payment", [paid[0].Id])
    ],
)
fault("malformed", "query", "BADQ")
use(header("SessionHeader", "session", "expired"))
fault("bad_session", "create", [payment("1", AppliedInvoiceAmount="1", InvoiceId=given["memo"])])
