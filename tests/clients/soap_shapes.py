"""How real SOAP stacks spell one and the same call: prefixes, headers, nils, types, encodings and framing.

Written after watching stock stacks (Python zeep and suds, PHP SoapClient, Node soap, Perl SOAP::Lite, .NET proxies by
Mono's wsdl, Java Axis 1.4, gSOAP) and reading public Zuora clients. A shape only spells; what it says is in ``Said``.
"""

from __future__ import annotations

from dataclasses import replace

from soap_shape import (
    API,
    ENC,
    ENC12,
    FAULT,
    LATIN,
    OBJECT,
    PAYMENT_FIELDS,
    ROW_FIELDS,
    SOAP11,
    SOAP12,
    WSA,
    WSA_2004,
    XSD,
    XSI,
    Said,
    Shape,
    declare,
    text_as_it_is,
    text_in_cdata,
    text_in_decimals,
)
from soap_stacks import ADDRESSED, AXIS, GSOAP, LITE, MONO, MU, NODE, PHP, PLAIN, STRING, SUDS, TOKEN, ZEEP

__all__ = ["ILL_FORMED", "PLAIN", "SHAPES", "SOAP11", "SOAP12", "SOAP12_SHAPES", "Said", "Shape"]


SHAPES: tuple[Shape, ...] = (
    ZEEP,
    replace(ZEEP, name="zeep-NIL", nils=("GatewayOrderId",), nil=f' xmlns:xsi="{XSI}" xsi:nil="true"'),
    replace(ZEEP, name="zeep-WSSE", headers=TOKEN),
    SUDS,
    replace(
        SUDS,
        name="suds-ELHDR",
        declared=declare(SOAP__ENV=SOAP11, xsi=XSI, ns1=API, ns0=API, ns2=OBJECT),
        session="<ns1:SessionHeader><ns1:session>{}</ns1:session></ns1:SessionHeader>",
        # It binds one prefix to the api namespace in the header and to the envelope's on the Body.
        body=f'ns1: xmlns:ns1="{SOAP11}"',
        api="ns0:",
        row="ns0:InvoicePayment",
    ),
    replace(SUDS, name="suds-NULL", nils=("GatewayOrderId",)),
    replace(SUDS, name="suds-PRETTY", declaration='<?xml version="1.0" encoding="UTF-8"?>\n', pretty="   "),
    PHP,
    NODE,
    replace(NODE, name="nodesoap-NULLS", nils=("GatewayOrderId",)),
    replace(
        NODE,
        name="nodesoap-RAWHDR",
        session=f'<zns:SessionHeader xmlns:zns="{API}"><zns:session>{{}}</zns:session></zns:SessionHeader>',
    ),
    replace(NODE, name="nodesoap-WSSE", headers=TOKEN),
    replace(NODE, name="nodesoap-GZIP", zipped=True),
    replace(NODE, name="nodesoap-KA", http_headers=[*NODE.http_headers, ("Keep-Alive", "timeout=5")]),
    LITE,
    replace(LITE, name="soaplite-DEFACTION", action='"http://api.zuora.com/#create"'),
    replace(
        LITE,
        name="soaplite-AUTOTYPE",
        types={
            "": STRING,
            "Amount": ' xsi:type="xsd:float"',
            "Comment": ' xsi:type="xsd:base64Binary"',
            "EffectiveDate": ' xsi:type="xsd:date"',
        },
    ),
    replace(LITE, name="soaplite-DEFNS", op_attributes=declare(_=API)),
    replace(
        LITE,
        name="soaplite-MU",
        session='<zns:SessionHeader soap:mustUnderstand="1"><zns:session>{}</zns:session></zns:SessionHeader>',
    ),
    replace(
        LITE,
        name="soaplite-READABLE",
        declaration='<?xml version="1.0" encoding="UTF-8"?>\n',
        declared=LITE.declared.replace(" xmlns", " \n    xmlns"),
        pretty="  ",
    ),
    replace(LITE, name="soaplite-STRTYPE", types={"": STRING}),
    MONO,
    replace(MONO, name="mono-wsdl-NOEXPECT", expects=False),
    replace(
        MONO,
        name="mono-wsdl-LATIN1",
        declaration='<?xml version="1.0" encoding="iso-8859-1"?>',
        encoding="iso-8859-1",
        comment=LATIN,
        media="text/xml; charset=iso-8859-1",
    ),
    replace(
        MONO,
        name="mono-wsdl-UTF16",
        declaration='<?xml version="1.0" encoding="utf-16"?>',
        encoding="utf-16",
        media="text/xml; charset=utf-16",
    ),
    replace(MONO, name="mono-wsdl-UTF8BOM", bom=True),
    replace(MONO, name="mono-wsdl-GZIP", zipped_when_asked=True),
    replace(MONO, name="mono-wsdl-UNSPEC", day="{}", http_headers=[*MONO.http_headers, ("Cookie", "JSESSIONID=1")]),
    replace(
        MONO,
        name="mono-wsdl-PREAUTH",
        http_headers=[*MONO.http_headers, ("Authorization", "Basic dTpw")],
    ),
    AXIS,
    replace(AXIS, name="axis1 in decimal references", escaped=text_in_decimals),
    replace(
        AXIS,
        name="axis1-httpclient",
        http="1.1",
        http_headers=[("User-Agent", "Axis/1.4")],
        pretty=" ",
        chunk=512,
    ),
    GSOAP,
    replace(
        GSOAP,
        name="gsoap-CANON",
        declaration="",
        declared=declare(SOAP__ENV=SOAP11),
        session=f'<ns1:SessionHeader xmlns:ns1="{API}"{MU}><ns1:session>{{}}</ns1:session></ns1:SessionHeader>',
        op_attributes=declare(ns1=API),
        z_attributes=declare(ns2=OBJECT, xsi=XSI) + ' xsi:type="ns2:Payment"',
        empty="<{tag}></{tag}>",
        options="",
    ),
    replace(GSOAP, name="gsoap-CHUNK", chunk=1250),
    replace(GSOAP, name="gsoap-KEEPALIVE", http_headers=[("User-Agent", "gSOAP/2.8"), ("Connection", "keep-alive")]),
    replace(
        GSOAP,
        name="gsoap-DEFNS",
        env="",
        declared=declare(_=SOAP11, SOAP__ENV=SOAP11, SOAP__ENC=ENC, xsi=XSI, xsd=XSD, ns2=OBJECT, ns3=FAULT, ns1=API),
        session=f'<SessionHeader xmlns="{API}"{MU}><session>{{}}</session></SessionHeader>',
        api="",
        op_attributes=declare(_=API),
        obj="",
        obj_attributes=declare(_=OBJECT),
        row="InvoicePayment",
        row_attributes=declare(_=API),
        # Its rows' fields are left in the api namespace.
        row_leaf="-",
        options="",
    ),
    replace(GSOAP, name="gsoap-INDENT", pretty="\t"),
    replace(
        GSOAP,
        name="gsoap-NIL",
        session=f'<ns1:CallOptions{MU} xsi:nil="true"/><ns1:QueryOptions{MU} xsi:nil="true"/>{GSOAP.session}',
        options="",
        nils=PAYMENT_FIELDS,
        row_nils=ROW_FIELDS,
    ),
    replace(GSOAP, name="gsoap-GRAPH"),
    # What public Zuora clients in other languages send.
    replace(
        PLAIN,
        name="session in no namespace",
        session="<SessionHeader><session>{}</session></SessionHeader>",
    ),
    replace(
        PLAIN,
        name="session in the envelope's namespace, capitalised",
        session="<SOAP-ENV:SessionHeader><ns2:Session>{}</ns2:Session></SOAP-ENV:SessionHeader>",
    ),
    replace(PLAIN, name="the type's name in the wrong namespace", z_attributes=' xsi:type="ns1:Payment"'),
    replace(
        PLAIN,
        name="the type without a prefix",
        z_attributes=f' xmlns="{OBJECT}" xsi:type="Payment"',
    ),
    replace(PLAIN, name="all fields in the api namespace", obj="ns1:"),
    replace(PLAIN, name="the container in the api namespace", container="ns1:"),
    replace(PLAIN, name="a type on the nested row", row_attributes=' xsi:type="ns2:InvoicePayment"'),
    replace(PLAIN, name="every value in CDATA", escaped=text_in_cdata),
    replace(PLAIN, name="nil written as 1", nils=PAYMENT_FIELDS, nil=' xsi:nil="1"'),
    replace(PLAIN, name="a decimal without its last zero", amount=lambda amount: amount.rstrip("0")),
    replace(PLAIN, name="a date with an offset", day="{}-08:00"),
    replace(PLAIN, name="a date of Greenwich", day="{}Z"),
    replace(PLAIN, name="text/plain", media="text/plain; charset=utf-8"),
    replace(PLAIN, name="SOAP 1.1 as application/soap+xml", media='application/soap+xml; charset=utf-8; action=""'),
    replace(PLAIN, name="no charset", media="text/xml"),
    replace(PLAIN, name="a quoted charset", media='text/xml; charset="utf-8"'),
    replace(PLAIN, name="a trailing semicolon", media="text/xml; charset=utf-8;"),
    replace(PLAIN, name="no SOAPAction", action=None),
    replace(PLAIN, name="an empty SOAPAction", action=""),
    replace(PLAIN, name="a SOAPAction that lies", action='"http://api.zuora.com/#query"'),
    replace(PLAIN, name="a SOAPAction without quotes", action="create"),
    replace(PLAIN, name="WS-Addressing", headers=ADDRESSED.format(mu="SOAP-ENV:mustUnderstand")),
    replace(
        PLAIN,
        name="WS-Addressing of 2004",
        headers=ADDRESSED.replace(WSA, WSA_2004).format(mu="SOAP-ENV:mustUnderstand"),
    ),
    replace(
        PLAIN,
        name="headers for others that must be understood",
        headers=f'<x:Route xmlns:x="urn:x"{MU} SOAP-ENV:actor="urn:gateway"/><x:Trace xmlns:x="urn:x"{MU}/>{TOKEN}',
    ),
    replace(PLAIN, name="no declaration", declaration=""),
    replace(
        PLAIN,
        name="a standalone declaration and a comment",
        declaration='<?xml version="1.0" encoding="UTF-8" standalone="yes"?><!-- ERP -->',
    ),
)

ILL_FORMED: tuple[Shape, ...] = (
    replace(LITE, name="soaplite-RAW", escaped=text_as_it_is),
    replace(
        SUDS,
        name="suds-NOPREFIX",
        env="",
        declared=declare(_=SOAP11),
        session=f'<SessionHeader xmlns="{API}"><session>{{}}</session></SessionHeader>',
        body="",
        api="",
        op_attributes=declare(_=API),
        obj="",
        obj_attributes=declare(_=OBJECT),
        row="InvoicePayment",
        row_attributes=declare(_=API),
    ),
)


def _in_soap12(shape: Shape, media: str = 'application/soap+xml; charset=utf-8; action=""') -> Shape:
    """The same stack switched to SOAP 1.2."""

    def moved(text: str) -> str:
        text = text.replace(SOAP11, SOAP12).replace(ENC, ENC12)
        return text.replace('mustUnderstand="1"', 'mustUnderstand="true"').replace("soapenv:actor", "soapenv:role")

    return replace(
        shape,
        name=f"{shape.name}-SOAP12",
        declared=moved(shape.declared),
        session=moved(shape.session),
        options=moved(shape.options),
        body=moved(shape.body),
        media=media,
        action=None,
    )


_PLAIN12 = _in_soap12(PLAIN, "application/soap+xml; charset=utf-8")
SOAP12_SHAPES: tuple[Shape, ...] = (
    _PLAIN12,
    _in_soap12(NODE),
    replace(_in_soap12(LITE, "application/soap+xml; charset=utf-8"), action='""'),
    _in_soap12(MONO),
    replace(_in_soap12(GSOAP), action='""'),
    # As the "zuora" gem's Savon sends it: the session under the envelope's own prefix, its child capitalised.
    replace(
        _in_soap12(PLAIN, "application/soap+xml;charset=UTF-8"),
        name="savon-SOAP12",
        session="<SOAP-ENV:SessionHeader><ns2:Session>{}</ns2:Session></SOAP-ENV:SessionHeader>",
    ),
    # Stacks that cannot switch to it in Debian, with their habits all the same.
    _in_soap12(AXIS),
    _in_soap12(SUDS),
    _in_soap12(ZEEP, 'application/soap+xml; charset=utf-8; action="create"'),
    _in_soap12(PHP, 'application/soap+xml; charset=utf-8; action=""'),
    # The envelope decides, not the media type.
    replace(_PLAIN12, name="SOAP 1.2 as text/xml", media="text/xml; charset=utf-8", action='""'),
    replace(_PLAIN12, name="SOAP 1.2 without a charset", media="application/soap+xml"),
    replace(_PLAIN12, name="SOAP 1.2 in UTF-16", encoding="utf-16", declaration="", media="application/soap+xml"),
    replace(_PLAIN12, name="SOAP 1.2 in gzip and chunks", zipped=True, chunk=300),
    replace(
        _PLAIN12,
        name="SOAP 1.2 with WS-Addressing and WS-Security",
        headers=ADDRESSED.format(mu="SOAP-ENV:mustUnderstand").replace('"1"', '"true"') + TOKEN,
    ),
    replace(
        _PLAIN12,
        name="SOAP 1.2 with a role and relay",
        session=f'<ns1:SessionHeader SOAP-ENV:role="{SOAP12}/role/ultimateReceiver" SOAP-ENV:relay="true">'
        "<ns1:session>{}</ns1:session></ns1:SessionHeader>",
    ),
)
