"""The message ids a request comes with, by kind: HTTP's Idempotency-Key, WS-Addressing's MessageID, SAP's GUIDs.

Contract: at most one id per kind, as text; two different ones of a kind are none, since nobody can say which is meant.
Sources: Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header); W3C WS-Addressing 1.0 and its submission of
August 2004; SAP Help: Ensuring Exactly Once Processing (the GUID in the XI message header or the query string); SAP
Community: Exactly Once setup for IDoc and XI receivers (SapMessageIdEx). Must not keep or log an id: they are hashed by
``core.identity``, and nothing else needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

from lxml import etree

_ADDRESSING = frozenset(
    {
        "{http://schemas.xmlsoap.org/ws/2004/08/addressing}MessageID",
        "{http://www.w3.org/2005/08/addressing}MessageID",
    }
)
_SAP_HEADER = "{http://www.sap.com/webas/640/soap/features/messageId/}messageId"
"""What SAP's own web service runtimes put into the SOAP header."""

_XI = "{http://sap.com/xi/XI/Message/30}"
_SAP_HTTP = frozenset({"sap-guid", "sapmessageid", "sapmessageidex"})
_SAP_QUERY = frozenset({"messageid", "msgguid"})


def message_ids(
    headers: Sequence[tuple[str, str]], query: str = "", header: etree._Element | None = None
) -> Mapping[str, str]:
    """Kind -> id. ``headers`` are HTTP's, ``query`` the URL's query string, ``header`` the SOAP header, if any."""
    found: dict[str, set[str]] = {}
    for kind, text in (*_of_http(headers, query), *_of_soap(header)):
        if text.strip():
            found.setdefault(kind, set()).add(text.strip())
    return {kind: texts.pop() for kind, texts in found.items() if len(texts) == 1}


def _of_http(headers: Sequence[tuple[str, str]], query: str) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name.lower() == "idempotency-key":
            yield "Idempotency-Key", value
        elif name.lower() in _SAP_HTTP:
            yield "sap:GUID", _guid(value)
    if query:
        for name, value in parse_qsl(query):
            if name.lower() in _SAP_QUERY:
                yield "sap:GUID", _guid(value)


def _of_soap(header: etree._Element | None) -> Iterator[tuple[str, str]]:
    for block in header if header is not None else ():
        if block.tag in _ADDRESSING:
            yield "wsa:MessageID", _text(block)
        elif block.tag == _SAP_HEADER:
            yield "sap:GUID", _guid(_text(block))
        elif block.tag == f"{_XI}Main":
            yield from (("sap:GUID", _guid(_text(each))) for each in block.iterfind(f"{_XI}MessageId"))
        elif isinstance(block.tag, str) and block.tag.rpartition("}")[2] == "MessageHeader":
            yield from (("sap:GUID", _guid(_text(each))) for each in block if _is_uuid(each))


def _is_uuid(element: etree._Element) -> bool:
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2] == "UUID"


def _text(element: etree._Element) -> str:
    return str(element.xpath("string()")).strip()


def _guid(text: str) -> str:
    """SAP writes one GUID with and without dashes and prefix, in capitals and not."""
    return text.strip().lower().removeprefix("urn:").removeprefix("uuid:").replace("-", "")
