"""What the contract tests share: contracts read once, and envelopes as legacy stacks write them."""

from functools import cache

from lxml import etree

from bridge.contract import files
from bridge.contract.contract import Contract
from bridge.contract.decode import Decoder
from bridge.contract.reader import read_own

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
FAULT = "http://fault.api.zuora.com/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DECLARED = f'xmlns:zns="{API}" xmlns:ons="{OBJECT}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'


@cache
def own() -> Contract:
    """Our own file, extension included."""
    return read_own()


@cache
def plain() -> Contract:
    """Our own file as it is."""
    return read_own(extended=False)


@cache
def decoder() -> Decoder:
    """A decoder of the extended contract."""
    return Decoder(own())


def raw_wsdl() -> bytes:
    """The bytes of our own file."""
    return files.own_wsdl().read_bytes()


def raw_extension() -> bytes:
    """The bytes of the extension file."""
    return files.extension().read_bytes()


def element(xml: str) -> etree._Element:
    """A parsed fragment, the usual prefixes declared on its root."""
    name = xml[1:].split(">", 1)[0].split("/", 1)[0].split(" ", 1)[0]
    return etree.fromstring(xml.replace(f"<{name}", f"<{name} {DECLARED}", 1))


def payment(inner: str, attributes: str = 'xsi:type="ons:Payment"') -> etree._Element:
    """A zObjects element with these fields."""
    return element(f"<zns:zObjects {attributes}>{inner}</zns:zObjects>")
