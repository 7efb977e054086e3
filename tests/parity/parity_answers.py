"""Answers as Zuora writes them, and ways to spoil one in exactly one place. Must not compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.parity.capture import entry
from bridge.parity.corpus import HEADERS, PATH, envelope
from bridge.parity.terms import Answer, Difference, Entry, Exchange, Kind, Run

TEXT = {
    "content-type": "text/xml;charset=UTF-8",
    "cache-control": "max-age=0, no-cache, no-store",
    "pragma": "no-cache",
}
OPEN = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
)
CLOSE = "</soapenv:Body></soapenv:Envelope>"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
ID = "8ad0f53f312a9f099f87dc0b78c377b7"
OTHER = "8ad0ada98d634c1e4ac05842c381ca97"


def said(body: str, status: int = 200, **headers: str) -> Answer:
    """A complete answer."""
    return Answer(status, {**TEXT, **headers}, f"{OPEN}{body}{CLOSE}".encode(), 0.01)


def rows(*results: str) -> str:
    """The answer to a create."""
    made = "".join(f"<ns1:result>{each}</ns1:result>" for each in results)
    return f'<ns1:createResponse xmlns:ns1="http://api.zuora.com/">{made}</ns1:createResponse>'


def good(key: str = ID) -> str:
    """A row of success."""
    return f"<ns1:Id>{key}</ns1:Id><ns1:Success>true</ns1:Success>"


def refused(code: str = "INVALID_VALUE", message: str = "no") -> str:
    """A refused row."""
    error = f"<ns1:Code>{code}</ns1:Code><ns1:Message>{message}</ns1:Message>"
    return f"<ns1:Errors>{error}</ns1:Errors><ns1:Success>false</ns1:Success>"


def record(fields: str, key: str = ID) -> str:
    """A row of a query."""
    return (
        f'<ns1:records xmlns:ns2="http://object.api.zuora.com/" {XSI} xsi:type="ns2:Payment">'
        f"<ns2:Id>{key}</ns2:Id>{fields}</ns1:records>"
    )


def found(*records: str) -> str:
    """The answer to a query."""
    return (
        '<ns1:queryResponse xmlns:ns1="http://api.zuora.com/"><ns1:result><ns1:done>true</ns1:done>'
        f'<ns1:queryLocator {XSI} xsi:nil="1" />{"".join(records)}<ns1:size>{len(records)}</ns1:size></ns1:result>'
        "</ns1:queryResponse>"
    )


def fault(code: str = "fns:INVALID_SESSION", text: str = "invalid session") -> str:
    """A fault."""
    name = code.removeprefix("fns:")
    return (
        f'<soapenv:Fault xmlns:fns="http://fault.api.zuora.com/"><faultcode>{code}</faultcode>'
        f"<faultstring>{text}</faultstring><detail><fns:UnexpectedErrorFault><fns:FaultCode>{name}</fns:FaultCode>"
        f"<fns:FaultMessage>{text}</fns:FaultMessage></fns:UnexpectedErrorFault></detail></soapenv:Fault>"
    )


FIELDS = (
    "<ns2:Amount>82.8</ns2:Amount><ns2:Comment>x</ns2:Comment>"
    "<ns2:CreatedDate>2015-12-28T02:14:58.000-08:00</ns2:CreatedDate>"
    "<ns2:Currency>USD</ns2:Currency><ns2:EffectiveDate>2026-02-20</ns2:EffectiveDate>"
)


@dataclass(frozen=True)
class Spoiled:
    """One change of an answer, and the one difference that it must be found as."""

    name: str
    before: str
    after: str
    path: str
    kind: Kind
    money: bool = False


ROW = "queryResponse/result[0]/records[0]"
SPOILED = (
    Spoiled("an amount", ">82.8<", ">82.9<", f"{ROW}/Amount", Kind.VALUE, money=True),
    Spoiled("a trailing zero", ">82.8<", ">82.80<", f"{ROW}/Amount", Kind.PRECISION),
    Spoiled("an amount that is none", ">82.8<", ">much<", f"{ROW}/Amount", Kind.TYPE, money=True),
    Spoiled("no amount", "<ns2:Amount>82.8</ns2:Amount>", "", f"{ROW}/Amount", Kind.MISSING, money=True),
    Spoiled(
        "an amount more",
        "<ns2:Comment>",
        "<ns2:AppliedAmount>1</ns2:AppliedAmount><ns2:Comment>",
        f"{ROW}/AppliedAmount",
        Kind.EXTRA,
        money=True,
    ),
    Spoiled("a currency", ">USD<", ">EUR<", f"{ROW}/Currency", Kind.VALUE, money=True),
    Spoiled("a day", ">2026-02-20<", ">2026-02-21<", f"{ROW}/EffectiveDate", Kind.VALUE, money=True),
    Spoiled(
        "a date as a moment", ">2026-02-20<", ">2026-02-20T00:00:00<", f"{ROW}/EffectiveDate", Kind.TYPE, money=True
    ),
    Spoiled("an offset", "02:14:58.000-08:00", "10:14:58.000+00:00", f"{ROW}/CreatedDate", Kind.TIMEZONE),
    Spoiled("no offset", "02:14:58.000-08:00", "02:14:58.000", f"{ROW}/CreatedDate", Kind.TIMEZONE),
    Spoiled("a moment", "02:14:58", "02:14:59", f"{ROW}/CreatedDate", Kind.VALUE),
    Spoiled("a comment", ">x<", ">y<", f"{ROW}/Comment", Kind.VALUE),
    Spoiled("an empty comment", "<ns2:Comment>x</ns2:Comment>", "<ns2:Comment/>", f"{ROW}/Comment", Kind.MISSING),
    Spoiled(
        "the order of fields",
        "<ns2:Amount>82.8</ns2:Amount><ns2:Comment>x</ns2:Comment>",
        "<ns2:Comment>x</ns2:Comment><ns2:Amount>82.8</ns2:Amount>",
        f"{ROW}/*",
        Kind.ORDER,
    ),
    Spoiled("an object type", '"ns2:Payment"', '"ns2:Refund"', f"{ROW}/@type", Kind.TYPE),
    Spoiled(
        "the spelling of nil", 'xsi:nil="1"', 'xsi:nil="true"', "queryResponse/result[0]/queryLocator/@nil", Kind.NIL
    ),
    Spoiled("a blank between rows", "<ns1:size>", " <ns1:size>", f"{ROW}/tail()", Kind.TEXT),
    Spoiled("the quotes of the declaration", "version='1.0'", 'version="1.0"', "declaration", Kind.TEXT),
    Spoiled("a line at the end", CLOSE, CLOSE + "\n", "body", Kind.TEXT),
    Spoiled(
        "the count of rows", ">1</ns1:size>", ">2</ns1:size>", "queryResponse/result[0]/size", Kind.VALUE, money=False
    ),
    Spoiled("done", "<ns1:done>true", "<ns1:done>false", "queryResponse/result[0]/done", Kind.VALUE),
)


def whole() -> str:
    """The answer that is spoiled."""
    return f"{OPEN}{found(record(FIELDS))}{CLOSE}"


def call(number: int, body: str, **more: object) -> Entry:
    """An entry."""
    made = entry(number, PATH, HEADERS, envelope(body), at="2026-02-20T10:00:00-08:00", source="by hand")
    return made if not more else Entry(**{**{n: getattr(made, n) for n in made.__slots__}, **more})


def run_of(pairs: list[tuple[Entry, Mapping[str, Answer]]], *, control: bool = True) -> Run:
    """A run that was never sent."""
    names = ("left", "right", "control") if control else ("left", "right")
    run = Run(sides={name: f"side {name}" for name in names}, neutral={name: {} for name in names})
    run.exchanges = [Exchange(one, answers) for one, answers in pairs]
    return run


Compare = Callable[[Answer, Answer], list[Difference]]
