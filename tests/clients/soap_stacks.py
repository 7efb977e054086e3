"""The spellings of stock SOAP stacks, as they were watched: zeep, suds, PHP, Node soap, SOAP::Lite, .NET, Axis, gSOAP.

Must not know what is said.
"""

from __future__ import annotations

from soap_shape import (
    API,
    ENC,
    FAULT,
    OBJECT,
    PAYMENT_FIELDS,
    SOAP11,
    WSA,
    WSSE,
    WSU,
    XSD,
    XSI,
    Shape,
    declare,
    text_in_ascii,
    text_with_breaks,
    text_with_quotes,
    without,
)

# .NET writes nil for every null string, not for absent dates and numbers (those have a Specified flag).
DOTNET_NILS = without(
    PAYMENT_FIELDS, "CancelledOn", "CreatedDate", "MarkedForSubmissionOn", "RefundAmount", "SettledOn", "SubmittedOn",
    "UpdatedDate",
)  # fmt: skip
TOKEN = (
    f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsu:Timestamp wsu:Id="T-1"><wsu:Created>'
    "2026-02-20T18:00:00Z</wsu:Created></wsu:Timestamp><wsse:UsernameToken><wsse:Username>u</wsse:Username>"
    f'<wsse:Password Type="{WSSE[:-4]}#PasswordDigest">/gH+trg=</wsse:Password><wsse:Nonce>MMY04tzcEiI=</wsse:Nonce>'
    "<wsu:Created>2026-02-20T18:00:00Z</wsu:Created></wsse:UsernameToken></wsse:Security>"
)

# A proxy with WS-Addressing switched on (.NET's wsHttpBinding, JAX-WS's AddressingFeature): To must be understood.
ADDRESSED = (
    f'<wsa:To xmlns:wsa="{WSA}" {{mu}}="1">http://127.0.0.1/apps/services/a/64.0</wsa:To>'
    f'<wsa:Action xmlns:wsa="{WSA}" {{mu}}="1">http://api.zuora.com/Soap/createRequest</wsa:Action>'
    f'<wsa:MessageID xmlns:wsa="{WSA}">uuid:0b6b1a8e-7d6e-4d3c-8f63-1f9ff9f3f0aa</wsa:MessageID>'
    f'<wsa:ReplyTo xmlns:wsa="{WSA}"><wsa:Address>http://127.0.0.1:1/elsewhere</wsa:Address></wsa:ReplyTo>'
)

PLAIN = Shape(
    "plain", declared=declare(SOAP__ENV=SOAP11, ns1=API, ns2=OBJECT, xsi=XSI), http_headers=[("Connection", "close")]
)

ZEEP = Shape(
    "zeep",
    declaration="<?xml version='1.0' encoding='utf-8'?>\n",
    env="soap-env:",
    declared=declare(soap__env=SOAP11),
    session=f'<ns0:SessionHeader xmlns:ns0="{API}"><ns0:session>{{}}</ns0:session></ns0:SessionHeader>',
    api="ns0:",
    op_attributes=f' xmlns:ns0="{API}"',
    z_attributes=f' xmlns:ns{{n}}="{OBJECT}" xmlns:xsi="{XSI}" xsi:type="ns{{n}}:Payment"',
    obj="ns{n}:",
    obj_attributes=f' xmlns:ns{{n}}="{OBJECT}"',
    row="ns0:InvoicePayment",
    http_headers=[
        ("User-Agent", "Zeep/4.3.3 (www.python-zeep.org)"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept", "*/*"),
        ("Connection", "keep-alive"),
    ],
)
SUDS = Shape(
    "suds",
    declaration='<?xml version="1.0" encoding="UTF-8"?>',
    declared=declare(SOAP__ENV=SOAP11, xsi=XSI, zns=API, ns0=SOAP11, ns1=API, ns2=OBJECT),
    session="<zns:SessionHeader><zns:session>{}</zns:session></zns:SessionHeader>",
    body="ns0:",
    escaped=text_with_quotes,
    http_headers=[("Accept-Encoding", "identity"), ("User-Agent", "Python-urllib/3.11"), ("Connection", "close")],
)
PHP = Shape(
    "php",
    declared=declare(SOAP__ENV=SOAP11, ns1=OBJECT, xsi=XSI, ns2=API),
    session="<ns2:SessionHeader><ns2:session>{}</ns2:session></ns2:SessionHeader>",
    # What PHP calls ns1 is the object namespace: prefixes mean nothing.
    api="ns2:",
    z_attributes=' xsi:type="ns1:Payment"',
    obj="ns1:",
    row="ns2:InvoicePayment",
    options="<ns2:QueryOptions><ns2:batchSize>200</ns2:batchSize></ns2:QueryOptions>",
    nils=("GatewayOrderId",),
    http_headers=[("Connection", "Keep-Alive"), ("User-Agent", "PHP-SOAP/8.2.36")],
)
NODE = Shape(
    "nodesoap",
    declaration='<?xml version="1.0" encoding="utf-8"?>',
    env="soap:",
    declared=declare(soap=SOAP11, xsi=XSI) + " " + declare(zns=API, ons=OBJECT, fns=FAULT),
    session=f'<SessionHeader xmlns="{API}"><session>{{}}</session></SessionHeader>',
    api="zns:",
    op_attributes=declare(zns=API, _=API),
    z_attributes=' xsi:type="ons:Payment"' + declare(ons=OBJECT),
    obj="ons:",
    obj_attributes=declare(ons=OBJECT),
    # Its generator puts the row into the object namespace.
    row="ons:InvoicePayment",
    row_leaf="ons:",
    escaped=text_with_breaks,
    http_headers=[
        ("Accept", "text/html,application/xhtml+xml,application/xml,text/xml;q=0.9,*/*;q=0.8"),
        ("User-Agent", "node-soap/1.13.0"),
        ("Accept-Encoding", "none"),
        ("Accept-Charset", "utf-8"),
        ("Connection", "keep-alive"),
    ],
)
LITE = Shape(
    "soaplite",
    declaration='<?xml version="1.0" encoding="UTF-8"?>',
    env="soap:",
    declared=f' soap:encodingStyle="{ENC}"' + declare(ons=OBJECT, soap=SOAP11, soapenc=ENC, xsd=XSD, xsi=XSI, zns=API),
    session="<zns:SessionHeader><zns:session>{}</zns:session></zns:SessionHeader>",
    api="zns:",
    z_attributes=' xsi:type="ons:Payment"',
    obj="ons:",
    row="zns:InvoicePayment",
    empty="<{tag} />",
    nils=("GatewayOrderId",),
    http_headers=[
        ("TE", "deflate,gzip;q=0.3"),
        ("Connection", "TE, close"),
        ("Accept", "text/xml"),
        ("Accept", "multipart/*"),
        ("Accept", "application/soap"),
        ("User-Agent", "SOAP::Lite/Perl/1.27"),
    ],
)
STRING = ' xsi:type="xsd:string"'
MONO = Shape(
    "mono-wsdl",
    declaration='<?xml version="1.0" encoding="utf-8"?>',
    env="soap:",
    declared=declare(soap=SOAP11, xsi=XSI, xsd=XSD),
    session=f'<SessionHeader xmlns="{API}"><session>{{}}</session></SessionHeader>',
    options=f'<QueryOptions xmlns="{API}"><batchSize>200</batchSize></QueryOptions>',
    api="",
    op_attributes=declare(_=API),
    z_attributes=declare(q1=OBJECT) + ' xsi:type="q1:Payment"',
    obj="q1:",
    row="InvoicePayment",
    empty="<{tag} />",
    nils=DOTNET_NILS,
    row_nils=("Id", "CreatedById", "PaymentId", "UpdatedById"),
    expects=True,
    http_headers=[
        ("User-Agent", "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)")
    ],
)
AXIS = Shape(
    "axis1",
    declaration='<?xml version="1.0" encoding="UTF-8"?>',
    env="soapenv:",
    declared=declare(soapenv=SOAP11, xsd=XSD, xsi=XSI),
    session='<ns1:SessionHeader soapenv:actor="http://schemas.xmlsoap.org/soap/actor/next" soapenv:mustUnderstand="0" '
    f'xmlns:ns1="{API}"><session xmlns="{API}">{{}}</session></ns1:SessionHeader>',
    api="",
    op_attributes=declare(_=API),
    z_attributes=' xsi:type="ns2:Payment"' + declare(ns2=OBJECT),
    row="InvoicePayment",
    escaped=text_in_ascii,
    http="1.0",
    http_headers=[
        ("Accept", "application/soap+xml, application/dime, multipart/related, text/*"),
        ("User-Agent", "Axis/1.4"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
    ],
)
MU = ' SOAP-ENV:mustUnderstand="1"'
GSOAP = Shape(
    "gsoap",
    declared=declare(SOAP__ENV=SOAP11, SOAP__ENC=ENC, xsi=XSI, xsd=XSD, ns2=OBJECT, ns3=FAULT, ns1=API),
    session=f"<ns1:SessionHeader{MU}><ns1:session>{{}}</ns1:session></ns1:SessionHeader>",
    options=f"<ns1:QueryOptions{MU}><ns1:batchSize>200</ns1:batchSize></ns1:QueryOptions>",
    empty="<{tag}/>",
    ending="\r\n",
    http_headers=[("User-Agent", "gSOAP/2.8"), ("Connection", "close")],
)
