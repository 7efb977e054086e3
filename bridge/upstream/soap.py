"""Zuora's SOAP API by its own WSDL: zeep owns the contract, the binding and the message; sending is ours.

A composed message holds a placeholder where the session goes, so that what is recorded never holds a session.
Must not load anything but the one WSDL file, retry, or read an answer strictly (see ``soap_answers``).
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from copy import copy
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from bridge.contract.errors import ContractError
from bridge.core.commands import Composed, Lost, NotSent, SoapAnswer, SoapFault
from bridge.core.facts import NoVerdict, Standing, StillStands
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Version, ZObject
from bridge.upstream.budget import Budget
from bridge.upstream.readings import standing_of
from bridge.upstream.rest import LOOK_UP_DEADLINE, SEND_DEADLINE
from bridge.upstream.soap_answers import UserInfo, read_answer, read_status, read_user_info
from bridge.upstream.transport import Exchange, Headers, Transport, retry_after

with warnings.catch_warnings():
    # zeep imports requests and isodate, whose deprecations are not ours to mend.
    warnings.simplefilter("ignore", DeprecationWarning)
    from zeep import Client, Settings

    from bridge.upstream.soap_objects import API, OBJECT, XSI, Hole, Tables, Uncomposable

__all__ = ["Composed", "Uncomposable", "UserInfo", "ZuoraSoap"]

_SESSION = "@session@"
_HELD = f">{_SESSION}<".encode("ascii")
_HEADERS = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
_ADDRESS = re.compile(r"/apps/services/a/(\d+(?:\.\d+)?)/?$")
_ZUORA_ID = re.compile(r"[0-9a-zA-Z]{32}")
# zeep logs whole messages at DEBUG and values it cannot read at ERROR; neither belongs into a log.
logging.getLogger("zeep").setLevel(logging.CRITICAL)


class _LocalFile:
    """What zeep loads through: one file, and no network. It is never asked to post."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, url: Any) -> bytes:
        if str(url) != str(self._path):
            raise ValueError("Zuora's WSDL is one file; this one wants to load another, which is refused")
        return self._path.read_bytes()

    def get(self, *_: Any) -> NoReturn:
        raise RuntimeError("zeep does not send: bridge.upstream.transport does")

    post = post_xml = get


def _client(wsdl_path: Path) -> Client:
    # zeep asks for absolute names, and the one file must be recognised by its own.
    path = Path(os.path.abspath(wsdl_path))
    client = Client(
        str(path),
        transport=_LocalFile(path),
        settings=Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True),
    )
    # Declared once on the envelope; otherwise every field declares its namespace again, which doubles the message.
    for prefix, namespace in (("zns", API), ("ons", OBJECT), ("xsi", XSI)):
        client.set_ns_prefix(prefix, namespace)
    return client


class ZuoraSoap:
    """Compose by the WSDL at ``wsdl_path`` and send to ``origin``, or to the host a session belongs to.

    Raises ``ContractError`` for a file that zeep cannot use.
    """

    def __init__(self, wsdl_path: Path, origin: str, transport: Transport, budget: Budget) -> None:
        try:
            self._client = _client(wsdl_path)
            self._service = self._client.service
            self._session_header = self._client.get_element(f"{{{API}}}SessionHeader")(session=_SESSION)
            self._who = self._message("getUserInfo", {}, [self._session_header])
        except Exception as error:  # zeep has many ways to say that a file lacks something
            raise ContractError(f"zeep cannot compose by this file: {type(error).__name__}: {error}") from error
        self._tables = Tables(self._client.wsdl.types)
        self.version = _version(self._service._binding_options["address"])
        self.path = f"/apps/services/a/{self.version}"
        scheme, host = urlsplit(origin)[:2]
        self._scheme, self._host = scheme, host
        self._transport = transport
        self._budget = budget
        self._templates: dict[tuple[Op, str, bool], tuple[bytes, str, str, bytes]] = {}

    def over(self, transport: Transport, budget: Budget) -> ZuoraSoap:
        """The same contract, read once, over another transport."""
        made = copy(self)
        made._transport, made._budget = transport, budget
        return made

    def compose(self, op: Op, objects: tuple[ZObject, ...], single_transaction: bool) -> Composed:
        """The message as it will be recorded; the same objects give the same bytes. Raises ``Uncomposable``."""
        if op is not Op.DELETE:
            return Composed(self.path, _HEADERS, self._filled(op, objects, single_transaction))
        content = {"type": objects[0].type, "ids": [_id(each) for each in objects]}
        return Composed(self.path, _HEADERS, self._message(op.value, content, self._headers(single_transaction)))

    def _headers(self, single_transaction: bool) -> list[Any]:
        headers = [self._session_header]
        if single_transaction:
            headers.append(self._client.get_element(f"{{{API}}}CallOptions")(useSingleTransaction=True))
        return headers

    def _filled(self, op: Op, objects: tuple[ZObject, ...], single_transaction: bool) -> bytes:
        """zeep's message around our objects. Everything around them is the same for every call, so it is made once."""
        kind = objects[0].type
        key = (op, kind, single_transaction)
        template = self._templates.get(key)
        if template is None:
            self._tables.of(kind)
            made = self._message(op.value, {"zObjects": [Hole(kind)]}, self._headers(single_transaction))
            head, _, tail = made.partition(Hole.MARK.encode())
            head, less, tag = head.rpartition(b"<")
            end, greater, tail = tail.partition(b">")
            template = self._templates[key] = (head, (less + tag).decode(), (end + greater).decode(), tail)
        before, opening, closing, after = template
        out: list[str] = []
        for each in objects:
            out.append(opening)
            try:
                self._tables.text(each, out)
            except Uncomposable:
                raise
            except ValueError:
                raise Uncomposable(f"a {each.type[:60]} holds a name or a text that XML cannot carry") from None
            out.append(closing)
        return b"".join((before, "".join(out).encode(), after))

    async def send(
        self,
        dispatch: Dispatch,
        session: str,
        host: str | None = None,
        not_after: float | None = None,
        *,
        deadline: float = SEND_DEADLINE,
    ) -> SoapAnswer | NotSent | Lost:
        """Send a recorded dispatch under ``session``; ``host`` is the session's own, already allow-listed."""
        came = await self._post(dispatch.path, dispatch.headers, dispatch.body, session, host, deadline, not_after)
        if isinstance(came, Exchange):
            return read_answer(came.status, came.body, retry_after(came.headers))
        return came

    async def user_info(
        self, session: str, host: str | None = None, *, deadline: float = LOOK_UP_DEADLINE
    ) -> UserInfo | SoapFault | NotSent | Lost:
        """Whose session it is. A status other than 200 never proves anything but a fault."""
        came = await self._post(self.path, _HEADERS, self._who, session, host, deadline, None)
        if not isinstance(came, Exchange):
            return came
        read = read_user_info(came.body)
        if read is None or (isinstance(read, UserInfo) and came.status != 200):
            return Lost(f"an unreadable answer to getUserInfo, HTTP {came.status}")
        return read

    async def standing(self, question: StillStands, session: str, host: str | None = None) -> Standing | NoVerdict:
        """Whether an object still stands, read under the caller's session: for a bridge without a REST credential."""
        if _ZUORA_ID.fullmatch(question.zuora_id) is None or not question.object_type.isalpha():
            return NoVerdict("not an id that can be looked up")
        zoql = f"select Id, Status from {question.object_type} where Id = '{question.zuora_id}'"  # noqa: S608
        message = self._message("query", {"queryString": zoql}, [self._session_header])
        came = await self._post(self.path, _HEADERS, message, session, host, LOOK_UP_DEADLINE, None)
        if not isinstance(came, Exchange):
            return NoVerdict(came.reason)
        status = read_status(came.body) if came.status == 200 else None
        if status is None:
            return NoVerdict(f"an unreadable answer to a query, HTTP {came.status}")
        return standing_of(status) if status else Standing(stands=False, status="deleted")

    async def _post(
        self,
        path: str,
        headers: Headers,
        body: bytes,
        session: str,
        host: str | None,
        deadline: float,
        not_after: float | None,
    ) -> Exchange | NotSent | Lost:
        # The header precedes the body, so the first placeholder is ours, whatever a caller's texts contain.
        before, found, after = body.partition(_HELD)
        if not found:
            return NotSent("the recorded message has no place for a session")
        message = b"".join((before, b">", escape(session).encode("utf-8", "replace"), b"<", after))
        url = f"{self._scheme}://{host or self._host}{path}"
        async with self._budget.slot() as free:
            if not free:
                return NotSent("budget")
            came = await self._transport.exchange("POST", url, headers, message, deadline, not_after=not_after)
            if isinstance(came, Exchange):
                self._budget.heard(came.status, came.headers)
            return came

    def _message(self, operation: str, content: dict[str, Any], headers: list[Any]) -> bytes:
        try:
            envelope = self._client.create_message(self._service, operation, _soapheaders=headers, **content)
        except Uncomposable:
            raise
        except ValueError:
            raise Uncomposable(f"the {operation} holds a text that XML cannot carry") from None
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def _id(given: ZObject) -> str:
    text = given.get("Id")
    if not text:
        raise Uncomposable("an object to delete has no Id")
    return text


def _version(address: str) -> Version:
    found = _ADDRESS.search(urlsplit(address).path)
    if found is None:
        raise ValueError(f"the WSDL's address does not end in /apps/services/a/<version>: {address[:200]!r}")
    return Version.parse(found[1])
