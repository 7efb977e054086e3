"""What a spelling of SOAP is made of: what the calls say, and one stack's prefixes, headers, nils, types and framing.

A shape only spells; what it says is in ``Said``. Must not know a stack.
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
