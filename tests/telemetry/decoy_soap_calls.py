"""Calls by SOAP that are full of decoys: every field and spelling, both versions of SOAP, all routes and headers."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from decoy_scene import Scene
from decoy_spellings import XML, percent
from decoys import Decoys
from harness import API, OBJECT, SOAP11, XML_HEADERS, XSI, Headers

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
HEADERS12 = (("Content-Type", 'application/soap+xml; charset=utf-8; action=""'),)
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

PAYMENT_TEXTS = ("AuthTransactionId", "BankIdentificationNumber", "Comment", "GatewayOrderId", "ReferenceId")
PAYMENT_MORE = ("AccountingCode", "Region__c", "SoftDescriptor", "SoftDescriptorPhone", "Source", "SourceName")
REFUND_TEXTS = ("Comment", "ReferenceID", "ReasonCode", "SecondRefundReferenceId", "Region__c", "SoftDescriptor")
NAMED = {
    "CreditCardNumber": "card",
    "CreditCardSecurityCode": "secret",
    "AchAccountNumber": "account",
    "AchAbaCode": "account",
    "BankTransferAccountNumber": "account",
    "IBAN": "iban",
    "TokenId": "token",
    "Password": "password",
}
"""What other objects of Zuora's hold, by the kind of decoy."""


def named(decoys: Decoys) -> dict[str, str]:
    """One of each, by its name."""
    made = {"card": decoys.card, "iban": decoys.iban, "account": decoys.account}
    return {name: made[kind]() if kind in made else decoys.word(kind) for name, kind in NAMED.items()}


ENDPOINT = "/apps/services/a/107.0"


def envelope(body: str, headers: str = "", *, soap12: bool = False) -> bytes:
    """An envelope whose headers are given as they are."""
    uri = SOAP12 if soap12 else SOAP11
    return (
        f'<e:Envelope xmlns:e="{uri}" xmlns:ns1="{API}" xmlns:ns2="{OBJECT}" xmlns:xsi="{XSI}" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema"><e:Header>{headers}</e:Header><e:Body>{body}</e:Body>'
        "</e:Envelope>"
    ).encode()


def session_header(session: str) -> str:
    """Zuora's."""
    return f"<ns1:SessionHeader><ns1:session>{escape(session)}</ns1:session></ns1:SessionHeader>"


def soap_headers(decoys: Decoys) -> str:
    """Blocks that other stacks put there, secrets and all."""
    return (
        f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>{decoys.card()}</w:Username>'
        f"<w:Password>{escape(decoys.word('password'))}</w:Password><w:Nonce>{decoys.word('secret')}</w:Nonce>"
        f'</w:UsernameToken></w:Security><x:Card xmlns:x="urn:x" pan="{decoys.card()}">{decoys.card()}</x:Card>'
        f'<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">{decoys.card()}</a:MessageID>'
    )


def http_headers(decoys: Decoys) -> Headers:
    """What callers and proxies send along."""
    user = base64.b64encode(f"erp:{decoys.word('password')}".encode()).decode()
    return (
        ("Authorization", f"Basic {user}"),
        ("Cookie", f"ZSession={decoys.word('session')}; card={decoys.card()}"),
        ("X-Card", decoys.card()),
        ("User-Agent", f"erp/{decoys.card()}"),
        ("Referer", f"https://erp:{decoys.word('secret')}@erp.example/?access_token={decoys.word('token')}"),
        ("X-Forwarded-For", decoys.card()),
        ("Proxy-Authorization", f"Bearer {decoys.word('token')}"),
        (f"X-{decoys.card()}", "1"),
    )


def fields(given: Mapping[str, str]) -> str:
    """Elements of an object, their content as it is; what begins with @ is an attribute as well."""
    return "".join(f"<ns2:{name}>{text}</ns2:{name}>" for name, text in sorted(given.items()))


def create(scene: Scene, kind: str, given: Mapping[str, str], **more: str) -> str:
    """The body of a create of one object."""
    ids = {name: scene.world.id(text) for name, text in given.items()}
    whole = fields(ids) + more.get("raw", "")
    return f"<ns1:create><ns1:zObjects xsi:type='ns2:{kind}'>{whole}</ns1:zObjects></ns1:create>"


def payment(scene: Scene, **given: str) -> dict[str, str]:
    """A payment of an amount of its own."""
    amount = scene.amount()
    common = {
        "AccountId": "@A",
        "Amount": amount,
        "AppliedInvoiceAmount": amount,
        "EffectiveDate": "2026-02-20",
        "InvoiceId": "@I1",
        "PaymentMethodId": "@PMx",
        "Status": "Processed",
        "Type": "External",
    }
    return {name: text for name, text in {**common, **given}.items() if text}


def refund(scene: Scene, **given: str) -> dict[str, str]:
    """A refund of an amount of its own."""
    common = {"Amount": scene.amount(), "MethodType": "Check", "PaymentId": "@P1", "RefundDate": "2026-02-20"}
    return {name: text for name, text in {**common, "Type": "External", **given}.items() if text}


def filled(decoys: Decoys, names: Sequence[str], spelling: str) -> dict[str, str]:
    """A card number in each of these fields, and now and then an account."""
    return {name: XML[spelling](decoys.iban() if name == "Comment" else decoys.card()) for name in names}


def every_spelling(scene: Scene) -> None:
    """Payments and refunds by every route, with a number in every text."""
    session = scene.world.session
    for place, spelling in enumerate(XML):
        soap12 = place % 3 == 2
        headers = HEADERS12 if soap12 else XML_HEADERS
        for document in ("@I1", "@D1"):
            more = PAYMENT_MORE if place % 2 else ()
            given = payment(scene, InvoiceId=document, **filled(scene.decoys, (*PAYMENT_TEXTS, *more), spelling))
            body = envelope(create(scene, "Payment", given), session_header(session), soap12=soap12)
            scene.ask(f"a payment, {spelling}", f"{ENDPOINT}?n={percent(scene.decoys.card())}", body, headers)
        for source in ("@P1", "@C1"):
            given = refund(scene, PaymentId=source, **filled(scene.decoys, REFUND_TEXTS, spelling))
            body = envelope(create(scene, "Refund", given), session_header(session), soap12=soap12)
            scene.ask(f"a refund, {spelling}", ENDPOINT, body, headers)


def names_and_options(scene: Scene) -> None:
    """In names of elements, attributes and types, in comments, in gateway options, in headers of both kinds."""
    decoys, session = scene.decoys, scene.world.session
    for document in ("@I1", "@D1"):
        raw = (
            f"<ns2:C{decoys.card()}__c>x</ns2:C{decoys.card()}__c>".replace(decoys.all[-1].value, decoys.all[-2].value)
            + f"<ns2:Odd a{decoys.card()}='1' pan={quoteattr(decoys.card())}>{decoys.card()}</ns2:Odd>"
            + f"<!-- {decoys.card()} -->"
            + "<ns2:GatewayOptionData>"
            + f"<ns2:GatewayOption><ns2:name>pan</ns2:name><ns2:value>{decoys.card()}</ns2:value></ns2:GatewayOption>"
            + f"<ns2:GatewayOption><ns2:name>{decoys.card()}</ns2:name>"
            + f"<ns2:value>{decoys.word('secret')}</ns2:value></ns2:GatewayOption></ns2:GatewayOptionData>"
        )
        headers = session_header(session) + soap_headers(decoys)
        for given in (raw, raw.partition("<!--")[0]):
            body = envelope(create(scene, "Payment", payment(scene, InvoiceId=document), raw=given), headers)
            more = http_headers(decoys)
            scene.ask("names and options", ENDPOINT, body, (*XML_HEADERS[:1], ("SOAPAction", decoys.card()), *more))
    body = envelope(create(scene, "Payment", payment(scene)), session_header(session))
    scene.ask("a message id", ENDPOINT, body, (*XML_HEADERS, ("Idempotency-Key", decoys.card())))
    encoded = (
        f'<ns2:Comment xsi:type="xs:base64Binary">{base64.b64encode(decoys.card().encode()).decode()}</ns2:Comment>'
    )
    body = envelope(create(scene, "Payment", payment(scene), raw=encoded), session_header(session))
    scene.ask("a text sent as base64", ENDPOINT, body, XML_HEADERS)


def values_of_other_types(scene: Scene) -> None:
    """Where an id, a date, an amount, a name or a type is wanted."""
    session = session_header(scene.world.session)
    for spelling in ("plain", "spaces", "in a sentence"):
        for name in (
            "AccountId",
            "Amount",
            "AppliedInvoiceAmount",
            "Currency",
            "EffectiveDate",
            "Gateway",
            "InvoiceId",
        ):
            given = payment(scene, **{name: XML[spelling](scene.decoys.card())})
            _judged(scene, name, envelope(create(scene, "Payment", given), session))
        for name in ("PaymentMethodId", "Status", "Type", "InvoiceNumber", "DebitMemoId", "Id", "CancelledOn"):
            given = payment(scene, **{name: XML[spelling](scene.decoys.card())})
            _judged(scene, name, envelope(create(scene, "Payment", given), session))
        for name in ("PaymentId", "SourceType", "RefundDate", "MethodType", "CreditMemoId", "Amount"):
            given = refund(scene, **{name: XML[spelling](scene.decoys.card())})
            _judged(scene, name, envelope(create(scene, "Refund", given), session))
        for op in ("update", "delete"):
            key = XML[spelling](scene.decoys.card())
            body = f"<ns1:zObjects xsi:type='ns2:Payment'><ns2:Id>{key}</ns2:Id></ns1:zObjects>"
            body = body if op == "update" else f"<ns1:type>Payment</ns1:type><ns1:ids>{key}</ns1:ids>"
            message = envelope(f"<ns1:{op}>{body}</ns1:{op}>", session)
            scene.ask(f"{op} of none", ENDPOINT, message, XML_HEADERS, echo="id" if op == "delete" else "")
    long = f"{'x' * 25}{scene.decoys.card()}"
    given = payment(scene, Amount=long)
    scene.ask("cut off in its middle", ENDPOINT, envelope(create(scene, "Payment", given), session), XML_HEADERS)
    kind = f"C{scene.decoys.card()}"
    scene.ask(
        "a type that is none",
        ENDPOINT,
        envelope(create(scene, kind, payment(scene)), session),
        XML_HEADERS,
    )
    options = f"<ns2:GatewayOptionData><ns2:C{scene.decoys.card()}/></ns2:GatewayOptionData>"
    body = envelope(create(scene, "Payment", payment(scene), raw=options), session)
    scene.ask("an element where none is", ENDPOINT, body, XML_HEADERS)


def what_is_none(scene: Scene) -> None:
    """Operations, types and versions that Zuora has not."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    name = f"C{decoys.card()}"
    scene.ask("an operation that is none", ENDPOINT, envelope(f"<ns1:{name}/>", session), XML_HEADERS)
    body = envelope(create(scene, f"C{decoys.card()}", payment(scene)), session)
    scene.ask("an object that is none", ENDPOINT, body, XML_HEADERS)
    body = envelope(create(scene, "Payment", payment(scene)), session)
    scene.ask("a version that is none", f"/apps/services/a/{decoys.card()}.0", body, XML_HEADERS)


def _judged(scene: Scene, name: str, message: bytes) -> None:
    """By the bridge or by Zuora."""
    scene.ask(f"{name} that is none", ENDPOINT, message, XML_HEADERS)


def updates(scene: Scene) -> None:
    """Of what is there, by SOAP and by REST."""
    session = session_header(scene.world.session)
    for kind, name in (("Payment", "@P1"), ("Payment", "@P2"), ("Refund", "@P1")):
        for spelling in ("plain", "spaces", "decimal references", "comments between"):
            texts = {"Comment": XML[spelling](scene.decoys.card()), "Id": scene.world.id(name)}
            texts["ReferenceId" if kind == "Payment" else "ReasonCode"] = XML[spelling](scene.decoys.card())
            body = f"<ns1:update><ns1:zObjects xsi:type='ns2:{kind}'>{fields(texts)}</ns1:zObjects></ns1:update>"
            scene.ask(f"update, {spelling}", ENDPOINT, envelope(body, session), XML_HEADERS)


def logins_and_sessions(scene: Scene) -> None:
    """Passwords and sessions, right and wrong, in the header and anywhere else."""
    decoys = scene.decoys
    for _ in range(4):
        user, password = decoys.card(), escape(decoys.word("password"))
        body = f"<ns1:login><ns1:username>{user}</ns1:username><ns1:password>{password}</ns1:password></ns1:login>"
        scene.ask("a login refused", ENDPOINT, envelope(body), XML_HEADERS)
    for _ in range(6):
        session = session_header(decoys.word("session"))
        body = envelope(create(scene, "Payment", payment(scene, Comment=decoys.card())), session)
        scene.ask("a session refused", ENDPOINT, body, XML_HEADERS)
    good = scene.world.session
    twice = session_header(good) + session_header(decoys.word("session"))
    scene.ask("two sessions", ENDPOINT, envelope(create(scene, "Payment", payment(scene)), twice), XML_HEADERS)
    odd = f"<ns1:SessionHeader><ns1:session><x>{decoys.word('session')}</x></ns1:session></ns1:SessionHeader>"
    scene.ask("a session inside", ENDPOINT, envelope(create(scene, "Payment", payment(scene)), odd), XML_HEADERS)
    head = (("Host", f"{decoys.card()}.example"), *XML_HEADERS)
    body = "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
    scene.ask("a login at an odd host", ENDPOINT, envelope(body), head, echo="address")
    scene.ask("the file at an odd host", f"{ENDPOINT}?wsdl={decoys.card()}", b"", head, method="GET", echo="address")


def queries(scene: Scene) -> None:
    """Passed, shadowed, by REST, malformed; and locators that are none."""
    session = session_header(scene.world.session)
    texts = (
        "select Id, Comment, ReferenceId from {} where Comment = '{card}'",
        "select Id from {} where ReferenceId = '{spaced}' or Id = '{card}'",
        "select Id, C{card}__c from {}",
        "select Id from {} where Amount = {card}",
        "select Id from {} where Amount = '{spaced}'",
        "select {card} from {}",
        "select Id from {}{card}",
        "select Id, Comment, AccountId from {} where Amount > 0",
        "selekt {card} from {}",
    )
    for kind in ("Payment", "Refund"):
        for text in texts:
            card, spaced = scene.decoys.card(), XML["spaces"](scene.decoys.card())
            said = text.replace("{}", kind).replace("{card}", card).replace("{spaced}", spaced)
            body = f"<ns1:query><ns1:queryString>{escape(said)}</ns1:queryString></ns1:query>"
            scene.ask(f"query: {text}", ENDPOINT, envelope(body, session), XML_HEADERS, echo="rows")
    size = "<ns1:QueryOptions><ns1:batchSize>1</ns1:batchSize></ns1:QueryOptions>"
    said = f"select Id from Refund where Amount > 0 and Comment != '{scene.decoys.card()}'"
    body = f"<ns1:query><ns1:queryString>{escape(said)}</ns1:queryString></ns1:query>"
    scene.ask("a page of one", ENDPOINT, envelope(body, session + size), XML_HEADERS)
    for _ in range(3):
        locator = f"{scene.decoys.card()}-2000"
        body = f"<ns1:queryMore><ns1:queryLocator>{locator}</ns1:queryLocator></ns1:queryMore>"
        scene.ask("a locator that is none", ENDPOINT, envelope(body, session), XML_HEADERS)


def what_passes(scene: Scene) -> None:
    """Other objects by SOAP, in other encodings of the document; Zuora answers."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    for encoding in ("utf-8", "utf-16", "iso-8859-1", "gzip", "utf-8", "utf-16"):
        made = {name: escape(value) for name, value in named(decoys).items()}
        body = f"<ns1:create><ns1:zObjects xsi:type='ns2:PaymentMethod'>{fields(made)}</ns1:zObjects></ns1:create>"
        text = envelope(body, session + soap_headers(decoys)).decode()
        if encoding == "gzip":
            whole, more = gzip.compress(text.encode()), (("Content-Encoding", "gzip"),)
        else:
            whole, more = text.replace("\u00fc", "&#252;").encode(encoding), ()
        charset = "utf-8" if encoding == "gzip" else encoding
        head = (("Content-Type", f"text/xml; charset={charset}"), ("SOAPAction", '""'), *more)
        scene.ask(f"passed in {encoding}", ENDPOINT, whole, head)
    for encoding in ("utf-16", "iso-8859-1"):
        for name in ("Comment", "ReferenceId", "AuthTransactionId"):
            given = payment(scene, **{name: XML["spaces"](decoys.card())})
            text = envelope(create(scene, "Payment", given), session).decode()
            head = (("Content-Type", f"text/xml; charset={encoding}"), ("SOAPAction", '""'))
            scene.ask(f"a payment in {encoding}", ENDPOINT, text.encode(encoding), head)


CALLS = (
    every_spelling,
    names_and_options,
    values_of_other_types,
    what_is_none,
    updates,
    logins_and_sessions,
    queries,
    what_passes,
)
