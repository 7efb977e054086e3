"""Pay an invoice and a debit memo through the bridge, with zeep: python pay.py ACCOUNT METHOD DAY INVOICE SUM MEMO SUM.

ZUORA_URL is the bridge's address in place of Zuora's, with this program's own version: http://bridge/apps/services/a/107.0
"""

import os
import sys
import time
from datetime import date
from decimal import Decimal

import requests
import zeep
from zeep.exceptions import Fault, TransportError, XMLSyntaxError

# Longer than the bridge lets a caller wait (50 s): whoever hangs up earlier only has to ask again.
TIMEOUT = 120
PAUSES = [float(each) for each in os.environ.get("REPEAT_PAUSES", "1 10 60 300").split()]
UNKNOWN = "TRANSACTION_TIMEOUT"
LATER = ("TEMPORARY_ERROR", "SERVER_UNAVAILABLE", "REQUEST_EXCEEDED_RATE")


class Refused(Exception):
    """Nothing was paid; code and message say why."""


class Unknown(Exception):
    """Nobody knows yet. Keep the payment open, repeat it unchanged later, and never pay it in another way."""


class Zuora:
    """A client of the WSDL, logged in."""

    def __init__(self, url: str, user: str, password: str) -> None:
        transport = zeep.Transport(timeout=TIMEOUT, operation_timeout=TIMEOUT)
        self._client = zeep.Client(f"{url}?wsdl", transport=transport)
        self._service = self._client.create_service(next(iter(self._client.wsdl.bindings)), url)
        self._user, self._password = user, password
        self.log_in()

    def log_in(self) -> None:
        """A new session, used at the address that the answer tells: the bridge's own."""
        told = self._service.login(self._user, self._password)
        header = self._client.get_element("{http://api.zuora.com/}SessionHeader")
        self._headers = [header(session=told.Session)]
        self._service = self._client.create_service(next(iter(self._client.wsdl.bindings)), told.ServerUrl)

    def pay(self, **fields: object) -> str:
        """The Id of the payment. The fields are those of one act: whoever changes one pays something else."""
        payment = self._client.get_type("{http://object.api.zuora.com/}Payment")(**fields)
        for pause in [*PAUSES, None]:
            try:
                (row,) = self._service.create([payment], _soapheaders=self._headers)
            except (requests.RequestException, TransportError, XMLSyntaxError) as lost:
                # No answer, or a 504: it may have been paid. The repeat joins the first call and does not pay again.
                trouble, again = str(lost), True
            except Fault as fault:
                code = str(fault.code).rpartition(":")[2]
                if code == "INVALID_SESSION":
                    self.log_in()
                trouble, again = f"{code}: {fault.message}", code in (UNKNOWN, "INVALID_SESSION", *LATER)
            else:
                if row.Success:
                    return str(row.Id)
                (error, *_) = row.Errors
                trouble = f"{error.Code}: {error.Message}"
                again = error.Code in (UNKNOWN, *LATER) or error.Message.startswith("OUTCOME UNKNOWN")
            if not again:
                raise Refused(trouble)
            print(f"not known yet ({trouble})", file=sys.stderr)
            if pause is not None:
                time.sleep(pause)
        raise Unknown(trouble)


def main(account: str, method: str, day: str, invoice: str, invoice_sum: str, memo: str, memo_sum: str) -> None:
    """Pay both, then ask for the memo's payment again as if its answer had been lost."""
    zuora = Zuora(os.environ["ZUORA_URL"], os.environ["ZUORA_USER"], os.environ["ZUORA_PASSWORD"])

    def payment(document: str, amount: str) -> dict[str, object]:
        return {
            "AccountId": account,
            "Amount": Decimal(amount),
            "AppliedInvoiceAmount": Decimal(amount),
            "EffectiveDate": date.fromisoformat(day),
            "InvoiceId": document,  # a debit memo's id just as well
            "PaymentMethodId": method,
            "ReferenceId": f"ERP-{document}",  # the ERP's own number of this payment: Zuora can be asked for it
            "Status": "Processed",
            "Type": "External",
        }

    print("invoice", zuora.pay(**payment(invoice, invoice_sum)))
    print("memo", zuora.pay(**payment(memo, memo_sum)))
    print("again", zuora.pay(**payment(memo, memo_sum)))


if __name__ == "__main__":
    main(*sys.argv[1:])
