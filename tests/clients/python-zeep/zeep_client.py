"""A legacy caller on zeep: the scenario of tests/clients/README.md, one JSON document a step.

Reads name=value arguments; must not know what the right answers are.
"""

import json
import sys
from datetime import date, datetime
from decimal import Decimal

import zeep
from zeep.exceptions import Fault

given = dict(each.split("=", 1) for each in sys.argv[1:])
client = zeep.Client(given["wsdl"])
service = client.service
headers: list[object] = []
today = date.fromisoformat(given["day"])
# A legacy program's dateTime is its machine's midnight, without a zone.
day = today if given["dates"] == "date" else datetime(today.year, today.month, today.day)  # noqa: DTZ001


def api(name, **values):
    """An element of the api namespace."""
    return client.get_element(f"{{http://api.zuora.com/}}{name}")(**values)


def obj(name, **values):
    """An object of a type of the WSDL."""
    return client.get_type(f"{{http://object.api.zuora.com/}}{name}")(**values)


def container(name, **values):
    """A container of rows, declared in the api namespace."""
    return client.get_type(f"{{http://api.zuora.com/}}{name}")(**values)


def tell(step, **told):
    """Print what happened at a step."""
    print(json.dumps({"step": step, **told}, default=str), flush=True)


def call(operation, *arguments, more=()):
    """One call under the session."""
    return getattr(service, operation)(*arguments, _soapheaders=[*headers, *more])


def saved(results):
    """The rows of a create."""
    return [
        {
            "success": result.Success,
            "id": result.Id,
            "errors": [{"code": e.Code, "message": e.Message, "field": e.Field} for e in result.Errors],
        }
        for result in results
    ]


def page(result):
    """One page of a query."""
    return {
        "done": result.done,
        "size": result.size,
        "locator": result.queryLocator,
        "records": [
            {"type": type(row).__name__, **{name: row[name] for name in row if name in WANTED}}
            for row in result.records
        ],
    }


def fault(step, operation, *arguments):
    """Make a call that must fault and tell what the fault says."""
    try:
        tell(step, answered=str(call(operation, *arguments)))
    except Fault as caught:
        (detail,) = caught.detail
        typed = client.wsdl.types.get_element(detail.tag).parse(detail, client.wsdl.types)
        tell(
            step,
            code=caught.code,
            message=caught.message,
            kind=type(typed).__name__,
            detail_code=typed.FaultCode,
            detail_message=typed.FaultMessage,
        )


def payment(amount, **fields):
    """An external payment of today."""
    return obj(
        "Payment",
        AccountId=given["account"],
        Amount=Decimal(amount),
        EffectiveDate=day,
        PaymentMethodId=given["method"],
        Status="Processed",
        Type="External",
        **fields,
    )


def refund(of, amount):
    """An external refund of today."""
    return obj("Refund", Amount=Decimal(amount), MethodType="Check", PaymentId=of, RefundDate=day, Type="External")


WANTED = ("Id", "Amount", "Comment", "CreatedDate", "EffectiveDate", "PaymentNumber", "ReferenceId", "Status")

login = service.login(given["user"], given["password"])
tell("login", session=login.Session, server_url=login.ServerUrl)
service = client.create_service("{http://api.zuora.com/}SoapBinding", login.ServerUrl)
headers.append(api("SessionHeader", session=login.Session))

part = obj("InvoicePayment", Amount=Decimal("12.50"), InvoiceId=given["invoice"])
paid = call(
    "create",
    [
        payment(
            "12.50", Comment=given["comment"], InvoicePaymentData=container("InvoicePaymentData", InvoicePayment=[part])
        ),
        payment("7.25", AppliedInvoiceAmount=Decimal("7.25"), Comment=given["comment"], InvoiceId=given["memo"]),
    ],
)
tell("pay", rows=saved(paid))
tell("refund", rows=saved(call("create", [refund(paid[0].Id, "2.5"), refund(given["credit"], "3")])))
tell("query", **page(call("query", f"select {', '.join(WANTED)} from Payment where Id = '{paid[0].Id}'")))

small = (api("QueryOptions", batchSize=2),)
pages = [call("query", f"select Id, Amount from Payment where AccountId = '{given['account']}'", more=small)]
while not pages[-1].done:
    pages.append(call("queryMore", pages[-1].queryLocator, more=small))
tell("page", pages=[page(each) for each in pages])
tell("empty", **page(call("query", "select Id from Payment where ReferenceId = 'there is none'")))

tell(
    "row_error", rows=saved(call("create", [payment("40", AppliedInvoiceAmount=Decimal(40), InvoiceId=given["draft"])]))
)
tell(
    "delete",
    rows=[
        {
            "success": result.success,
            "id": result.id,
            "errors": [{"code": e.Code, "message": e.Message, "field": e.Field} for e in result.errors],
        }
        for result in call("delete", "Payment", [paid[0].Id])
    ],
)
fault("malformed", "query", "BADQ")
headers[:] = [api("SessionHeader", session="expired")]
fault("bad_session", "create", [payment("1", AppliedInvoiceAmount=Decimal(1), InvoiceId=given["memo"])])
