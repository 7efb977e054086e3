"""How real SOAP stacks spell one and the same call: prefixes, headers, nils, types, encodings and framing.

Written after watching stock stacks (Python zeep and suds, PHP SoapClient, Node soap, Perl SOAP::Lite, .NET proxies by
Mono's wsdl, Java Axis 1.4, gSOAP) and reading public Zuora clients. A shape only spells; what it says is in ``Said``.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from xml.sax.saxutils import escape

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
ENC = "http://schemas.xmlsoap.org/soap/encoding/"
ENC12 = "http://www.w3.org/2003/05/soap-encoding"
WSA = "http://www.w3.org/2005/08/addressing"
WSA_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
FAULT = "http://fault.api.zuora.com/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

# All fields that a proxy generated from the WSDL holds, in its order; those not set are sent as nil by some.
_PAYMENT = """
Id AccountId AccountingCode Amount AuthTransactionId BankIdentificationNumber CancelledOn Comment CreatedById
CreatedDate EffectiveDate Gateway GatewayOptionData GatewayOrderId GatewayResponse GatewayResponseCode GatewayState
InvoicePaymentData MarkedForSubmissionOn PaymentMethodId PaymentMethodSnapshotId PaymentNumber ReferenceId
RefundAmount SecondPaymentReferenceId SettledOn SoftDescriptor SoftDescriptorPhone Status SubmittedOn
TransferredToAccounting Type UpdatedById UpdatedDate
"""
_ROW = "Id Amount CreatedById CreatedDate InvoiceId PaymentId RefundAmount UpdatedById UpdatedDate"
PAYMENT_FIELDS = tuple(_PAYMENT.split())
ROW_FIELDS = tuple(_ROW.split())
NO_NILS: tuple[str, ...] = ()
EVERYTHING = "Zahlung <A&B> \"é€\" 'q' 😀\nline2\ttab"
LATIN = EVERYTHING.replace("😀", "").replace("€", "")


@dataclass(frozen=True)
class Said:
    """What the calls say, whatever their spelling."""

    session: str
    account: str
    method: str
    documents: Sequence[str]
    payment: str
    comment: str = EVERYTHING
    amount: str = "1.50"
    day: str = "2026-02-20"


def text(value: str) -> str:
    """Escaped as most stacks do."""
    return escape(value)


def text_with_quotes(value: str) -> str:
    """Quotes escaped as well."""
    return escape(value, {'"': "&quot;", "'": "&apos;"})


def text_with_breaks(value: str) -> str:
    """Quotes, line breaks and tabs as references."""
    return escape(value, {'"': "&quot;", "'": "&apos;", "\n": "&#xA;", "\t": "&#x9;"})


def text_in_ascii(value: str) -> str:
    """Everything beyond ASCII as references, beyond the BMP as a pair of surrogates, as Axis 1.4 does."""
    made = []
    for letter in escape(value, {'"': "&quot;"}):
        code = letter.encode("utf-16-be")
        units = [int.from_bytes(code[at : at + 2], "big") for at in range(0, len(code), 2)]
        made.append(letter if letter.isascii() else "".join(f"&#x{unit:X};" for unit in units))
    return "".join(made)


def text_in_decimals(value: str) -> str:
    """The same in decimal."""
    return re.sub("&#x([0-9A-F]+);", lambda found: f"&#{int(found[1], 16)};", text_in_ascii(value))


def text_in_cdata(value: str) -> str:
    """As one CDATA section."""
    return f"<![CDATA[{value}]]>"


def text_as_it_is(value: str) -> str:
    """Not escaped at all."""
    return value


@dataclass(frozen=True)
class Shape:
    """One stack in one of its modes. ``obj`` with ``{n}`` gets a new number for every element."""

    name: str
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    env: str = "SOAP-ENV:"
    body: str = ""
    """The Body's own prefix where it differs, and what declares it."""
    declared: str = ""
    session: str = "<ns1:SessionHeader><ns1:session>{}</ns1:session></ns1:SessionHeader>"
    headers: str = ""
    options: str = ""
    """The QueryOptions of a query."""
    api: str = "ns1:"
    op_attributes: str = ""
    argument_attributes: str = ""
    z_attributes: str = ' xsi:type="ns2:Payment"'
    obj: str = "ns2:"
    obj_attributes: str = ""
    container: str = ""
    row: str = "ns1:InvoicePayment"
    row_attributes: str = ""
    row_leaf: str = ""
    empty: str = "{open}{close}"
    nils: Sequence[str] = NO_NILS
    row_nils: Sequence[str] = NO_NILS
    nil: str = ' xsi:nil="true"'
    types: Mapping[str, str] = field(default_factory=dict)
    escaped: Callable[[str], str] = text
    amount: Callable[[str], str] = str
    day: str = "{}"
    comment: str = EVERYTHING
    nulls: bool = True
    pretty: str = ""
    ending: str = ""
    encoding: str = "utf-8"
    bom: bool = False
    http: str = "1.1"
    media: str = "text/xml; charset=utf-8"
    action: str | None = '""'
    http_headers: Sequence[tuple[str, str]] = ()
    expects: bool = False
    chunk: int = 0
    zipped: bool = False
    zipped_when_asked: bool = False

    # -------------------------------------------------------------- the five calls

    def create(self, said: Said) -> bytes:
        """create of one payment per document."""
        objects = "".join(self._object(said, document) for document in said.documents)
        return self._envelope(f"{self._op('create')}{objects}{self._end('create')}", said.session)

    def delete(self, said: Said) -> bytes:
        """delete of one payment."""
        return self._arguments("delete", said.session, ("type", "Payment"), ("ids", said.payment))

    def query(self, said: Said) -> bytes:
        """A query with characters that need escaping."""
        zoql = f"select Id, Amount from Payment where Id = '{said.payment}' and Comment != 'a<b & c'"
        return replace(self, headers=self.headers + self.options)._arguments(
            "query", said.session, ("queryString", zoql)
        )

    def query_fault(self, said: Said) -> bytes:
        """A query that is none."""
        return self._arguments("query", said.session, ("queryString", "BADQ"))

    def login(self, said: Said) -> bytes:
        """login, without a session."""
        return self._arguments("login", None, ("username", "erp@example.com"), ("password", "demo"))

    # -------------------------------------------------------------- spelling

    def _arguments(self, op: str, session: str | None, *arguments: tuple[str, str]) -> bytes:
        inner = "".join(
            f"<{self.api}{name}{self.argument_attributes}>{self.escaped(value)}</{self.api}{name}>"
            for name, value in arguments
        )
        return self._envelope(self._op(op) + inner + self._end(op), session)

    def _op(self, op: str) -> str:
        return f"<{self.api}{op}{self.op_attributes}>"

    def _end(self, op: str) -> str:
        return f"</{self.api}{op}>"

    def _envelope(self, content: str, session: str | None) -> bytes:
        header = f"<{self.env}Header/>" if self.body else ""
        if session is not None:
            blocks = self.session.format(session) + self.headers
            header = f"<{self.env}Header>{blocks}</{self.env}Header>"
        body = self.body or self.env
        tag = body.split(" ")[0]
        whole = (
            f"<{self.env}Envelope{self.declared}>{header}<{tag}Body{body[len(tag) :]}>{content}</{tag}Body>"
            f"</{self.env}Envelope>"
        )
        made = self.declaration + self._indented(whole) + self.ending
        encoded = made.encode(self.encoding, "replace")
        return b"\xef\xbb\xbf" + encoded if self.bom else encoded

    def _indented(self, xml: str) -> str:
        """Every element with elements in it spread over lines."""
        if not self.pretty:
            return xml
        lines, depth, open_line = [], 0, False
        for token in re.findall(r"<[^>]*>|[^<]+", xml):
            if not token.startswith("<"):
                lines[-1] += token
            elif token.startswith("</"):
                depth -= 1
                if open_line:
                    lines[-1] += token
                else:
                    lines.append(self.pretty * depth + token)
            else:
                lines.append(self.pretty * depth + token)
                depth += not token.endswith("/>")
            # An element stays on its line until an element inside it comes.
            open_line = not token.startswith("</") and not token.endswith("/>")
        return "\n".join(lines)

    def _object(self, said: Said, document: str) -> str:
        numbers = count(1)
        container = self.container or self.obj
        given = {
            "AccountId": said.account,
            "Amount": self.amount(said.amount),
            "Comment": said.comment,
            "EffectiveDate": self.day.format(said.day),
            "PaymentMethodId": said.method,
            "ReferenceId": "",
            "Status": "Processed",
            "Type": "External",
        }
        made = [self._leaf("fieldsToNull", "AccountingCode", next(numbers))] if self.nulls else []
        for name in PAYMENT_FIELDS:
            number = next(numbers)
            if name == "InvoicePaymentData":
                opened = self._tag(container, name, number)
                made.append(f"<{opened}>{self._row(said, document, number)}</{opened.split(' ')[0]}>")
            elif name in given:
                made.append(self._leaf(name, given[name], number))
            elif name in self.nils:
                made.append(f"<{self._tag(self.obj, name, number)}{self.nil}/>")
        attributes = self.z_attributes.format(n=next(numbers))
        return f"<{self.api}zObjects{attributes}>{''.join(made)}</{self.api}zObjects>"

    def _tag(self, prefix: str, name: str, number: int) -> str:
        return f"{prefix}{name}{self.obj_attributes}".format(n=number)

    def _leaf(self, name: str, value: str, number: int) -> str:
        tag = self._tag(self.obj, name, number)
        kind = self.types.get(name, self.types.get("", ""))
        close = f"</{tag.split(' ')[0]}>"
        if not value:
            return self.empty.format(open=f"<{tag}{kind}>", close=close, tag=f"{tag}{kind}")
        if "base64Binary" in kind:
            value = base64.b64encode(value.encode()).decode()
        return f"<{tag}{kind}>{self.escaped(value)}{close}"

    def _row(self, said: Said, document: str, number: int) -> str:
        prefix = (self.row_leaf or self.obj).format(n=number)
        attributes = "" if self.row_leaf or "{n}" in self.obj else self.obj_attributes
        if self.row_leaf == "-":
            prefix = ""
        given = {"Amount": self.amount(said.amount), "InvoiceId": document}
        made = []
        for name in ROW_FIELDS:
            kind = self.types.get(name, self.types.get("", ""))
            if name in given:
                made.append(f"<{prefix}{name}{attributes}{kind}>{self.escaped(given[name])}</{prefix}{name}>")
            elif name in self.row_nils:
                made.append(f"<{prefix}{name}{attributes}{self.nil}/>")
        return f"<{self.row}{self.row_attributes}>{''.join(made)}</{self.row}>"

    # -------------------------------------------------------------- framing

    def wire(self, path: str, host: str, body: bytes) -> tuple[bytes, bytes]:
        """Head and body as they go over the socket."""
        if self.zipped:
            body = gzip.compress(body)
        headers = [("Host", host), ("Content-Type", self.media), *self.http_headers]
        if self.action is not None:
            headers.append(("SOAPAction", self.action))
        if self.zipped:
            headers.append(("Content-Encoding", "gzip"))
        if self.zipped_when_asked:
            headers.append(("Accept-Encoding", "gzip"))
        if self.expects:
            headers.append(("Expect", "100-continue"))
        if self.chunk:
            headers.append(("Transfer-Encoding", "chunked"))
            pieces = [body[at : at + self.chunk] for at in range(0, len(body), self.chunk)]
            body = b"".join(b"%X\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        else:
            headers.append(("Content-Length", str(len(body))))
        head = f"POST {path} HTTP/{self.http}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        return (head + "\r\n").encode(), body


def declare(**prefixes: str) -> str:
    """Declarations in the order given; a prefix of ``_`` is the default namespace, ``__`` in a name is a hyphen."""
    return "".join(
        f' xmlns="{uri}"' if prefix == "_" else f' xmlns:{prefix.replace("__", "-")}="{uri}"'
        for prefix, uri in prefixes.items()
    )


def without(names: Sequence[str], *left_out: str) -> tuple[str, ...]:
    """Names but these."""
    return tuple(name for name in names if name not in left_out)


# .NET writes nil for every null string, not for absent dates and numbers (those have a Specified flag).
_DOTNET_NILS = without(
    PAYMENT_FIELDS, "CancelledOn", "CreatedDate", "MarkedForSubmissionOn", "RefundAmount", "SettledOn", "SubmittedOn",
    "UpdatedDate",
)  # fmt: skip
_TOKEN = (
    f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsu:Timestamp wsu:Id="T-1"><wsu:Created>'
    "2026-02-20T18:00:00Z</wsu:Created></wsu:Timestamp><wsse:UsernameToken><wsse:Username>u</wsse:Username>"
    f'<wsse:Password Type="{WSSE[:-4]}#PasswordDigest">/gH+trg=</wsse:Password><wsse:Nonce>MMY04tzcEiI=</wsse:Nonce>'
    "<wsu:Created>2026-02-20T18:00:00Z</wsu:Created></wsse:UsernameToken></wsse:Security>"
)

# A proxy with WS-Addressing switched on (.NET's wsHttpBinding, JAX-WS's AddressingFeature): To must be understood.
_ADDRESSED = (
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
_STRING = ' xsi:type="xsd:string"'
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
    nils=_DOTNET_NILS,
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
_MU = ' SOAP-ENV:mustUnderstand="1"'
GSOAP = Shape(
    "gsoap",
    declared=declare(SOAP__ENV=SOAP11, SOAP__ENC=ENC, xsi=XSI, xsd=XSD, ns2=OBJECT, ns3=FAULT, ns1=API),
    session=f"<ns1:SessionHeader{_MU}><ns1:session>{{}}</ns1:session></ns1:SessionHeader>",
    options=f"<ns1:QueryOptions{_MU}><ns1:batchSize>200</ns1:batchSize></ns1:QueryOptions>",
    empty="<{tag}/>",
    ending="\r\n",
    http_headers=[("User-Agent", "gSOAP/2.8"), ("Connection", "close")],
)

SHAPES: tuple[Shape, ...] = (
    ZEEP,
    replace(ZEEP, name="zeep-NIL", nils=("GatewayOrderId",), nil=f' xmlns:xsi="{XSI}" xsi:nil="true"'),
    replace(ZEEP, name="zeep-WSSE", headers=_TOKEN),
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
    replace(NODE, name="nodesoap-WSSE", headers=_TOKEN),
    replace(NODE, name="nodesoap-GZIP", zipped=True),
    replace(NODE, name="nodesoap-KA", http_headers=[*NODE.http_headers, ("Keep-Alive", "timeout=5")]),
    LITE,
    replace(LITE, name="soaplite-DEFACTION", action='"http://api.zuora.com/#create"'),
    replace(
        LITE,
        name="soaplite-AUTOTYPE",
        types={
            "": _STRING,
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
    replace(LITE, name="soaplite-STRTYPE", types={"": _STRING}),
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
        session=f'<ns1:SessionHeader xmlns:ns1="{API}"{_MU}><ns1:session>{{}}</ns1:session></ns1:SessionHeader>',
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
        session=f'<SessionHeader xmlns="{API}"{_MU}><session>{{}}</session></SessionHeader>',
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
        session=f'<ns1:CallOptions{_MU} xsi:nil="true"/><ns1:QueryOptions{_MU} xsi:nil="true"/>{GSOAP.session}',
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
    replace(PLAIN, name="WS-Addressing", headers=_ADDRESSED.format(mu="SOAP-ENV:mustUnderstand")),
    replace(
        PLAIN,
        name="WS-Addressing of 2004",
        headers=_ADDRESSED.replace(WSA, WSA_2004).format(mu="SOAP-ENV:mustUnderstand"),
    ),
    replace(
        PLAIN,
        name="headers for others that must be understood",
        headers=f'<x:Route xmlns:x="urn:x"{_MU} SOAP-ENV:actor="urn:gateway"/><x:Trace xmlns:x="urn:x"{_MU}/>{_TOKEN}',
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
        headers=_ADDRESSED.format(mu="SOAP-ENV:mustUnderstand").replace('"1"', '"true"') + _TOKEN,
    ),
    replace(
        _PLAIN12,
        name="SOAP 1.2 with a role and relay",
        session=f'<ns1:SessionHeader SOAP-ENV:role="{SOAP12}/role/ultimateReceiver" SOAP-ENV:relay="true">'
        "<ns1:session>{}</ns1:session></ns1:SessionHeader>",
    ),
)
