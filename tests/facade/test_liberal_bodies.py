"""Every spelling of the body that real clients send and Zuora takes is taken here, and does what was meant.

Over real HTTP, one test per liberty; see ``liberal_spellings``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import pytest
from harness import API, OBJECT, SOAP11, TODAY, XSI, World, post
from liberal_spellings import (
    ENC,
    SOAP12,
    TEXT_XML,
    WSA,
    WSSE,
    XSD,
    Spelled,
    assert_paid,
    in_header,
    leaves,
    plain,
    swapped,
    unescaped,
)

# ------------------------------------------------------------------ spellings of the body

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
SESSION = re.compile(r"<ns1:SessionHeader><ns1:session>(.*?)</ns1:session></ns1:SessionHeader>")
SECURITY = (
    f'<w:Security xmlns:w="{WSSE}" soapenv:mustUnderstand="1"><w:UsernameToken><w:Username>u</w:Username><w:Password '
    f'Type="{WSSE[:-4]}#PasswordDigest">x</w:Password></w:UsernameToken></w:Security>'
)
ADDRESSING = (
    f'<a:To xmlns:a="{WSA}" soapenv:mustUnderstand="1">http://127.0.0.1:1/</a:To>'
    f'<a:Action xmlns:a="{WSA}" soapenv:mustUnderstand="1">create</a:Action>'
    f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>http://127.0.0.1:1/x</a:Address></a:ReplyTo>'
    f'<a:FaultTo xmlns:a="{WSA}"><a:Address>http://127.0.0.1:1/x</a:Address></a:FaultTo>'
    f'<a:MessageID xmlns:a="{WSA}">uuid:1</a:MessageID>'
)


def session(block: str) -> Spelled:
    """The session's header written in another way; ``{}`` is the session."""

    def spelled(text: str) -> str:
        made, count = SESSION.subn(lambda found: block.format(found[1]), text)
        assert count == 1
        return made

    return spelled


def typed(attributes: str) -> Spelled:
    """Other attributes on the objects."""
    return swapped((' xsi:type="ns2:Payment"', attributes))


def nils(mark: str) -> Spelled:
    """Every field that is not set, as nil: what proxies of Java and .NET send."""
    names = (
        "Id AccountingCode AppliedCreditBalanceAmount AuthTransactionId CancelledOn CreatedById CreatedDate Gateway "
        "GatewayOptionData GatewayOrderId InvoiceId InvoiceNumber PaymentNumber ReferenceId RefundAmount SettledOn "
        "SecondPaymentReferenceId SoftDescriptor SubmittedOn TransferredToAccounting UpdatedById UpdatedDate"
    )
    objects = "".join(f"<ns2:{name} {mark}/>" for name in names.split())
    row = "".join(f"<ns2:{name} {mark}/>" for name in ("Id", "CreatedDate", "PaymentId", "RefundAmount"))
    return swapped(
        ("<ns2:AccountId>", objects + "<ns2:AccountId>"), ("<ns1:InvoicePayment>", "<ns1:InvoicePayment>" + row)
    )


def _type(name: str, text: str, kinds: Mapping[str, str]) -> str:
    kind = kinds.get(name, kinds[""])
    if "base64" in kind:
        text = base64.encodebytes(unescaped(text).encode()).decode()
    return f'<ns2:{name} xsi:type="{kind}">{text}</ns2:{name}>'


def auto_typed(strings: str, amounts: str, comments: str) -> Spelled:
    """A type on every leaf."""
    kinds = {"": strings, "Amount": amounts, "Comment": comments}
    write = leaves(lambda name, text: _type(name, text, kinds))
    declared = f'xmlns:xsi="{XSI}" xmlns:xsd="{XSD}" xmlns:old="http://www.w3.org/1999/XMLSchema" xmlns:enc="{ENC}"'
    return lambda text: str(write(text)).replace(f'xmlns:xsi="{XSI}"', declared)


def all_of(*spellings: Spelled) -> Spelled:
    """One after the other."""

    def spelled(text: str) -> str | bytes:
        made: str | bytes = text
        for each in spellings:
            made = each(made)  # type: ignore[arg-type]
        return made

    return spelled


def pretty(text: str) -> str:
    """White space between all elements that hold elements."""
    return re.sub(
        r">(?=</?(?:soapenv:|ns1:|ns2:)\w+>?)(?<!</ns2)", ">\r\n\t ", re.sub(r"(</ns2:\w+>)(?=<)", r"\1\n", text)
    )


API_FIELDS = leaves(lambda name, text: f"<ns1:{name}>{text}</ns1:{name}>")
BODIES: Mapping[str, Spelled] = {
    # envelopes
    "SOAP 1.1": str,
    "SOAP 1.2": swapped((SOAP11, SOAP12)),
    "no declaration": swapped((DECLARATION, "")),
    "a declaration in single quotes": swapped((DECLARATION, "<?xml version='1.0' encoding='utf-8'?>\n")),
    "a standalone declaration": swapped((DECLARATION, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>')),
    "a declaration without an encoding": swapped((DECLARATION, '<?xml version="1.0"?>\r\n')),
    "comments everywhere": lambda text: text.replace(DECLARATION, DECLARATION + "<!-- a -->").replace(
        "><ns", "><!-- <ns1:query/> --><ns"
    ),
    "comments inside values": swapped(
        ("<ns2:Amount>0.50", "<ns2:Amount>0<!-- 9 -->.5<!-- 9 -->0"), ("line2", "li<!---->ne2")
    ),
    "white space between the elements": pretty,
    "a line break at the end": lambda text: text + "\r\n\r\n",
    "an encodingStyle": swapped(("<soapenv:Envelope", f'<soapenv:Envelope soapenv:encodingStyle="{ENC}"')),
    "the envelope in the default namespace": swapped(
        ("soapenv:Envelope xmlns:soapenv", "Envelope xmlns"),
        ("/soapenv:Envelope", "/Envelope"),
        ("soapenv:Header", "Header"),
        ("soapenv:Body", "Body"),
    ),
    "one prefix for two namespaces": swapped(
        ("<soapenv:Body>", f'<ns1:Body xmlns:ns1="{SOAP11}" xmlns:q="{API}">'),
        ("</soapenv:Body>", "</ns1:Body>"),
        ("ns1:create", "q:create"),
        ("ns1:zObjects", "q:zObjects"),
        ("ns1:InvoicePayment", "q:InvoicePayment"),
    ),
    # headers
    "the session in no namespace": session("<SessionHeader><session>{}</session></SessionHeader>"),
    "the session in the envelope's namespace, capitalised": session(
        "<soapenv:SessionHeader><ns2:Session>{}</ns2:Session></soapenv:SessionHeader>"
    ),
    "the session in the object namespace": session(
        "<ns2:SessionHeader><ns2:session>{}</ns2:session></ns2:SessionHeader>"
    ),
    "the session in lower case": session("<sessionheader><SESSION>{}</SESSION></sessionheader>"),
    "the session among white space": session(
        "<ns1:SessionHeader>\n <ns1:session>\n  {}\n </ns1:session>\n</ns1:SessionHeader>"
    ),
    "the session in CDATA": session("<ns1:SessionHeader><ns1:session><![CDATA[{}]]></ns1:session></ns1:SessionHeader>"),
    "the session with mustUnderstand 0 and an actor": session(
        '<ns1:SessionHeader soapenv:mustUnderstand="0" soapenv:actor="http://schemas.xmlsoap.org/soap/actor/next">'
        "<ns1:session>{}</ns1:session></ns1:SessionHeader>"
    ),
    "the session with mustUnderstand 1": session(
        '<ns1:SessionHeader soapenv:mustUnderstand="1"><ns1:session>{}</ns1:session></ns1:SessionHeader>'
    ),
    "the session as xsd:string": session(
        f'<ns1:SessionHeader><ns1:session xmlns:d="{XSD}" xsi:type="d:string">{{}}</ns1:session></ns1:SessionHeader>'
    ),
    "a header for others that must be understood": in_header(
        '<x:R xmlns:x="urn:x" soapenv:mustUnderstand="1" soapenv:actor="urn:gateway"/>'
    ),
    "a header of nobody's that must be understood": in_header(
        '<x:R xmlns:x="urn:x" soapenv:mustUnderstand="1">1</x:R>'
    ),
    "WS-Security": in_header(SECURITY, ""),
    "WS-Addressing": in_header("", ADDRESSING),
    "WS-Security and WS-Addressing around the session": in_header(SECURITY, ADDRESSING),
    "nil CallOptions and QueryOptions": in_header(
        '<ns1:CallOptions xsi:nil="true"/>', '<ns1:QueryOptions xsi:nil="1"/>'
    ),
    "CallOptions with a nil in it": in_header(
        '<ns1:CallOptions><ns1:useSingleTransaction xsi:nil="true"/></ns1:CallOptions>', ""
    ),
    "CallOptions that say false": in_header(
        "<ns1:CallOptions><ns1:useSingleTransaction>false</ns1:useSingleTransaction></ns1:CallOptions>", ""
    ),
    # types
    "the type without a prefix, by the default namespace": typed(f' xmlns="{OBJECT}" xsi:type="Payment"'),
    "the type's name in the api namespace": typed(' xsi:type="ns1:Payment"'),
    "the type's prefix declared on the object": typed(f' xmlns:q1="{OBJECT}" xsi:type="q1:Payment"'),
    "the type among white space": typed(' xsi:type="\n ns2:Payment "'),
    "xsi under another prefix": typed(f' xmlns:i="{XSI}" i:type="ns2:Payment"'),
    "a type on the row": swapped(("<ns1:InvoicePayment>", '<ns1:InvoicePayment xsi:type="ns2:InvoicePayment">')),
    "a type in the wrong namespace on the row": swapped(
        ("<ns1:InvoicePayment>", '<ns1:InvoicePayment xsi:type="ns1:InvoicePayment">')
    ),
    "types of XML Schema on the leaves": auto_typed("xsd:string", "xsd:float", "xsd:base64Binary"),
    "strings on all leaves": auto_typed("xsd:string", "xsd:string", "xsd:string"),
    "types of SOAP encoding on the leaves": auto_typed("enc:string", "enc:double", "enc:base64"),
    "types of the XML Schema of 1999": auto_typed("old:string", "old:decimal", "xsd:string"),
    # namespaces and order
    "all fields in the api namespace": API_FIELDS,
    "all fields in no namespace": leaves(lambda name, text: f"<{name}>{text}</{name}>"),
    "all fields in a foreign namespace": leaves(lambda name, text: f'<{name} xmlns="urn:x">{text}</{name}>'),
    "a prefix of its own for every field": leaves(
        lambda name, text: f'<f{name}:{name} xmlns:f{name}="{OBJECT}">{text}</f{name}:{name}>'
    ),
    "the row in the object namespace": swapped(("ns1:InvoicePayment", "ns2:InvoicePayment")),
    "the container in the api namespace": swapped(("ns2:InvoicePaymentData", "ns1:InvoicePaymentData")),
    "the row and its container in no namespace": swapped(
        ("ns2:InvoicePaymentData", "InvoicePaymentData"), ("ns1:InvoicePayment", "InvoicePayment")
    ),
    "operation and objects in no namespace": swapped(("ns1:create", "create"), ("ns1:zObjects", "zObjects")),
    "fields in another order": swapped(
        ("<ns2:Status>Processed</ns2:Status>", ""),
        ("<ns2:AccountId>", "<ns2:Status>Processed</ns2:Status><ns2:AccountId>"),
    ),
    "unknown fields": swapped(
        ("<ns2:AccountId>", "<ns2:AccountName>x</ns2:AccountName><ns2:accountId>y</ns2:accountId><ns2:AccountId>")
    ),
    # nothing
    "nil for everything, as true": nils('xsi:nil="true"'),
    "nil for everything, as 1": nils('xsi:nil="1"'),
    "nil among white space": nils('xsi:nil=" true "'),
    "empty elements": swapped(
        (
            "<ns2:AccountId>",
            "<ns2:ReferenceId/><ns2:SoftDescriptor></ns2:SoftDescriptor><ns2:AccountingCode /><ns2:AccountId>",
        )
    ),
    "a nil row beside the row": swapped(
        ("</ns1:InvoicePayment>", '</ns1:InvoicePayment><ns1:InvoicePayment xsi:nil="true"/>')
    ),
    "fieldsToNull before the Id": swapped(
        (
            "<ns2:AccountId>",
            '<ns2:fieldsToNull>AccountingCode</ns2:fieldsToNull><ns2:Id xsi:nil="true"/><ns2:AccountId>',
        )
    ),
    "fieldsToNull that is nil": swapped(("<ns2:AccountId>", '<ns2:fieldsToNull xsi:nil="true"/><ns2:AccountId>')),
    # values
    "CDATA around everything": leaves(lambda name, text: f"<ns2:{name}><![CDATA[{unescaped(text)}]]></ns2:{name}>"),
    "CDATA in pieces": swapped(("&lt;A&amp;B&gt;", "<![CDATA[<A]]>&amp;<![CDATA[B>]]>")),
    "line breaks and tabs by reference": swapped(("\nline2\ttab", "&#xA;line2&#x9;tab")),
    "line breaks of Windows": swapped(("\nline2", "\r\nline2")),
    "quotes by reference": swapped(("\"q\" 'a'", "&quot;q&quot; &apos;a&#39;")),
    "letters by reference": swapped(("é", "&#xe9;")),
    "an amount without its last zero": swapped(("0.50", "0.5")),
    "an amount with more zeros": swapped(("0.50", "00.5000")),
    "an amount with a sign": swapped(("0.50", "+0.50")),
    "an amount without its first zero": swapped(("0.50", ".50")),
    "an amount among white space": swapped(("0.50", "\n 0.50\t")),
    "ids among white space": lambda text: re.sub(r"<ns2:(\w+Id)>(\w+)<", r"<ns2:\1>\n \2 <", text),
    "a date with an offset": swapped((TODAY, TODAY + "-08:00")),
    "a date of Greenwich": swapped((TODAY, TODAY + "Z")),
}


@pytest.mark.parametrize("name", BODIES)
def test_any_spelling_of_the_body_is_read(name: str, house: World) -> None:
    """It says the same, so it does the same."""
    text = plain(house, name)
    body = BODIES[name](text)
    answer = post(house.endpoint(), body if isinstance(body, bytes) else body.encode(), [TEXT_XML])
    assert_paid(house, name, answer)
    assert b":Header" not in answer.body
