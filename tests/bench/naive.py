"""A naive peer, as a first attempt would be written: Spyne in front, zeep and requests behind, nothing else.

Stock ``Soap11`` and ``WsgiApplication``, zeep's own transport for invoices, a plain POST for debit memos; the kind of a
document is looked up once and remembered. No journal, no joining of repeats, no check of the tenant, no exact wire
shape. Served by the standard library's wsgiref, a thread per connection; its HTTP/1.0 handler is taught to keep
connections alive, because otherwise the comparison would be about connecting. Wherever there was a choice, the
cheaper way was taken, so what the bench says of the naive way is a lower bound.
"""

from __future__ import annotations

import argparse
import warnings
from decimal import Decimal
from functools import cached_property
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

import requests

from bridge.contract.compat import Application, ComplexModel, Service, Soap11, WsgiApplication, primitive, rpc
from bridge.contract.files import own_wsdl

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import zeep

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
MANY = "unbounded"


class zObject(ComplexModel):
    """The base of all objects."""

    __namespace__ = OBJECT
    Id = primitive.Unicode


class Account(zObject):
    """What the query of the bench selects."""

    __namespace__ = OBJECT
    AccountNumber = primitive.Unicode
    Balance = primitive.Decimal
    Currency = primitive.Unicode
    Name = primitive.Unicode
    Status = primitive.Unicode


class Payment(zObject):
    """The fields that callers are known to send."""

    __namespace__ = OBJECT
    AccountId = primitive.Unicode
    Amount = primitive.Decimal
    AppliedInvoiceAmount = primitive.Decimal
    Comment = primitive.Unicode
    Currency = primitive.Unicode
    EffectiveDate = primitive.Date
    Gateway = primitive.Unicode
    InvoiceId = primitive.Unicode
    InvoiceNumber = primitive.Unicode
    PaymentMethodId = primitive.Unicode
    ReferenceId = primitive.Unicode
    Status = primitive.Unicode
    Type = primitive.Unicode


class SessionHeader(ComplexModel):
    """The session of a login."""

    __namespace__ = API
    session = primitive.Unicode


class create(ComplexModel):
    """The body of a create."""

    __namespace__ = API
    zObjects = Payment.customize(max_occurs=MANY)


class Error(ComplexModel):
    """Why a row failed."""

    __namespace__ = API
    Code = primitive.Unicode
    Message = primitive.Unicode


class SaveResult(ComplexModel):
    """One row of the answer."""

    __namespace__ = API
    Errors = Error.customize(max_occurs=MANY)
    Id = primitive.Unicode
    Success = primitive.Boolean


class createResponse(ComplexModel):
    """The answer to a create."""

    __namespace__ = API
    result = SaveResult.customize(max_occurs=MANY)


class query(ComplexModel):
    """The body of a query."""

    __namespace__ = API
    queryString = primitive.Unicode


class QueryResult(ComplexModel):
    """The rows found."""

    __namespace__ = API
    done = primitive.Boolean
    records = Account.customize(max_occurs=MANY)
    size = primitive.Integer


class queryResponse(ComplexModel):
    """The answer to a query."""

    __namespace__ = API
    result = QueryResult


class Zuora:
    """Both faces of Zuora, by the libraries everybody knows."""

    def __init__(self, origin: str, client_id: str, secret: str) -> None:
        self._origin = origin
        self._form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        self._kinds: dict[str, str] = {}
        self._http = requests.Session()
        client = zeep.Client(str(own_wsdl()))
        self._service = client.create_service(f"{{{API}}}SoapBinding", f"{origin}/apps/services/a/107.0")
        self._payment = client.get_type(f"{{{OBJECT}}}Payment")

    @cached_property
    def _token(self) -> str:
        return str(self._http.post(f"{self._origin}/oauth/token", data=self._form).json()["access_token"])

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def is_debit_memo(self, key: str) -> bool:
        """Whether an id names a debit memo."""
        kind = self._kinds.get(key)
        if kind is None:
            found = self._http.get(f"{self._origin}/v1/invoices/{key}", headers=self._authorization).json()
            kind = self._kinds[key] = "invoice" if found.get("success") else "memo"
        return kind == "memo"

    def pay_invoices(self, session: str, payments: list[Payment]) -> list[SaveResult]:
        """By SOAP."""
        objects = [self._payment(**{n: v for n, v in vars(each).items() if v is not None}) for each in payments]
        rows = self._service.create(objects, _soapheaders={"SessionHeader": {"session": session}})
        return [
            SaveResult(
                Id=row.Id,
                Success=row.Success,
                Errors=[Error(Code=each.Code, Message=each.Message) for each in row.Errors],
            )
            for row in rows
        ]

    def pay_memo(self, payment: Any) -> SaveResult:
        """By REST."""
        body = {
            "accountId": payment.AccountId,
            "amount": float(payment.Amount),
            "currency": "USD",
            "effectiveDate": payment.EffectiveDate.isoformat(),
            "paymentMethodId": payment.PaymentMethodId,
            "referenceId": payment.ReferenceId,
            "type": payment.Type,
            "debitMemos": [{"debitMemoId": payment.InvoiceId, "amount": float(payment.AppliedInvoiceAmount)}],
        }
        answer = self._http.post(f"{self._origin}/v1/payments", json=body, headers=self._authorization).json()
        if answer.get("success"):
            return SaveResult(Id=answer["id"], Success=True, Errors=[])
        return SaveResult(Success=False, Errors=[Error(Code="INVALID_VALUE", Message=str(answer.get("reasons")))])

    def query(self, session: str, text: str) -> QueryResult:
        """By SOAP."""
        found = self._service.query(text, _soapheaders={"SessionHeader": {"session": session}})
        rows = [
            Account(
                Id=row.Id,
                AccountNumber=row.AccountNumber,
                Balance=None if row.Balance is None else Decimal(row.Balance),
                Currency=row.Currency,
                Name=row.Name,
                Status=row.Status,
            )
            for row in found.records
        ]
        return QueryResult(done=found.done, records=rows, size=found.size)


class ZuoraService(Service):
    """The operations."""

    __in_header__ = SessionHeader

    @rpc(create, _returns=createResponse, _body_style="bare", _operation_name="create")
    def create(ctx: Any, message: Any) -> Any:
        """Pay."""
        zuora: Zuora = ctx.app.zuora
        objects = message.zObjects
        results: list[Any] = [None] * len(objects)
        invoices = []
        for position, payment in enumerate(objects):
            if zuora.is_debit_memo(payment.InvoiceId):
                results[position] = zuora.pay_memo(payment)
            else:
                invoices.append(position)
        if invoices:
            rows = zuora.pay_invoices(ctx.in_header.session, [objects[position] for position in invoices])
            for position, row in zip(invoices, rows, strict=True):
                results[position] = row
        return createResponse(result=results)

    @rpc(query, _returns=queryResponse, _body_style="bare", _operation_name="query")
    def query(ctx: Any, message: Any) -> Any:
        """Ask."""
        return queryResponse(result=ctx.app.zuora.query(ctx.in_header.session, message.queryString))


class _Answering(ServerHandler):
    http_version = "1.1"


class _KeepingAlive(WSGIRequestHandler):
    """wsgiref's handler, for many requests on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        self.close_connection = False
        while not self.close_connection:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                return
            handler = _Answering(self.rfile, self.wfile, self.get_stderr(), self.get_environ(), multithread=True)
            handler.request_handler = self  # type: ignore[attr-defined]
            handler.run(self.server.get_app())
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """No access log; the bridge has none either."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("origin")
    parser.add_argument("client_id")
    parser.add_argument("secret")
    given = parser.parse_args()
    application = Application([ZuoraService], tns=API, in_protocol=Soap11(), out_protocol=Soap11())
    application.zuora = Zuora(given.origin, given.client_id, given.secret)
    with _Server(("127.0.0.1", 0), _KeepingAlive) as server:
        server.set_app(WsgiApplication(application))
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
