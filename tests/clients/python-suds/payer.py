"""A legacy caller on suds that pays on order: a JSON line in, the Id of the payment or a problem out.

Makes no second attempt by itself: whoever orders repeats. Must not know what the right answers are.
"""

import json
import sys
from datetime import date

import suds.client
from suds.sax.element import Element

client = suds.client.Client("file://" + sys.argv[1], cache=None)
API = ("ns1", "http://api.zuora.com/")

for line in sys.stdin:
    order = json.loads(line)
    try:
        session = Element("SessionHeader", ns=API).append(Element("session", ns=API).setText(order["session"]))
        client.set_options(location=order["url"], soapheaders=[session])
        payment = client.factory.create("{http://object.api.zuora.com/}Payment")
        for name, value in order["fields"].items():
            payment[name] = date.fromisoformat(value) if name == "EffectiveDate" else value
        (row,) = client.service.create([payment])
        told = (
            {"id": str(row.Id)}
            if row.Success
            else {"problem": str(row.Errors[0].Code), "text": str(row.Errors[0].Message)}
        )
    except Exception as trouble:
        told = {"problem": type(trouble).__name__, "text": str(trouble)}
    print(json.dumps(told), flush=True)
