"""A legacy caller on zeep that pays on order: a JSON line in, the Id of the payment or a problem out.

Makes no second attempt by itself: whoever orders repeats. Must not know what the right answers are.
"""

import json
import sys
from datetime import date

import zeep

client = zeep.Client(sys.argv[1])
binding = next(iter(client.wsdl.bindings))
header = client.get_element("{http://api.zuora.com/}SessionHeader")
payment = client.get_type("{http://object.api.zuora.com/}Payment")

for line in sys.stdin:
    order = json.loads(line)
    try:
        service = client.create_service(binding, order["url"])
        (row,) = service.create(
            [payment(**{**order["fields"], "EffectiveDate": date.fromisoformat(order["fields"]["EffectiveDate"])})],
            _soapheaders=[header(session=order["session"])],
        )
        told = {"id": row.Id} if row.Success else {"problem": row.Errors[0].Code, "text": row.Errors[0].Message}
    except Exception as trouble:
        told = {"problem": type(trouble).__name__, "text": str(trouble)}
    print(json.dumps(told), flush=True)
