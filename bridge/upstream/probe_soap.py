"""What Zuora's SOAP address says of itself: whether it serves our version, and who a user is.

``getUserInfo`` under a session that cannot exist shows that SOAP is served there, and by which version, without any
credential. A login is made only where a user was given; it opens a session, which ends by itself. Must not keep,
print or log a password or a session.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from bridge.core.commands import SoapFault
from bridge.upstream.probe_findings import Finding, State
from bridge.upstream.soap import UserInfo, ZuoraSoap
from bridge.upstream.soap_answers import API, SOAP_11
from bridge.upstream.transport import Exchange, Transport

NO_SESSION = "bridge-doctor"
_DEADLINE = 15.0


@dataclass(frozen=True, slots=True)
class Login:
    """A user to log in as, to see what a caller sees."""

    username: str
    password: str = field(repr=False)


class SoapProbe:
    """Asks the SOAP address at ``origin`` in the version of the WSDL file."""

    def __init__(self, soap: ZuoraSoap, origin: str, transport: Transport) -> None:
        self._soap = soap
        self._origin = origin
        self._transport = transport

    async def reach(self) -> list[Finding]:
        """Whether SOAP of the file's version is there."""
        subject, where = "SOAP API", f"{self._origin}{self._soap.path}"
        came = await self._soap.user_info(NO_SESSION, deadline=_DEADLINE)
        if isinstance(came, SoapFault) and came.code == "INVALID_SESSION":
            return [Finding(subject, State.AGREES, f"Zuora serves version {self._soap.version}", where)]
        if isinstance(came, SoapFault):
            found = f"a fault instead of INVALID_SESSION: {came.faultcode} {came.faultstring[:120]}"
            advice = ("BRIDGE_ZUORA__WSDL=<a file downloaded from this tenant>: its version is what is asked for",)
            return [Finding(subject, State.WRONG, found, where, advice)]
        if isinstance(came, UserInfo):
            found = "an unknown session was accepted: this is no SOAP API of Zuora's"
        else:
            found = f"no answer: {came.reason}"
        advice = ("BRIDGE_ZUORA__SOAP_URL=https://www.zuora.com (or what your WSDL file has in its address)",)
        return [Finding(subject, State.WRONG, found, where, advice)]

    async def who(self, login: Login | None, tenant_id: str | None, hosts: frozenset[str]) -> list[Finding]:
        """The tenant's id and the host of ServerUrl, as a login shows them."""
        configured = f"BRIDGE_ZUORA__TENANT_ID={tenant_id}" if tenant_id else "none"
        if login is None:
            how = ("Run `bridge doctor --user NAME --password-file FILE` to see it.",)
            if tenant_id:
                found = "only a SOAP login would show it"
                return [Finding("tenant id", State.UNKNOWN, found, configured, how)]
            found = "none is configured, so every payment and refund is refused"
            return [Finding("tenant id", State.WRONG, found, configured, ("BRIDGE_ZUORA__TENANT_ID=...", *how))]
        opened = await self._login(login)
        if isinstance(opened, Finding):
            return [opened]
        session, server_url = opened
        host = urlsplit(server_url).netloc.lower()
        return [_host(host, hosts), await self._tenant(session, host if host in hosts else None, tenant_id, configured)]

    async def _tenant(self, session: str, host: str | None, tenant_id: str | None, configured: str) -> Finding:
        came = await self._soap.user_info(session, host, deadline=_DEADLINE)
        if not isinstance(came, UserInfo):
            why = came.faultstring[:120] if isinstance(came, SoapFault) else came.reason
            return Finding("tenant id", State.WRONG, f"getUserInfo after the login: {why}", configured)
        found = f"{came.tenant_id} ({came.tenant_name})"
        if came.tenant_id == tenant_id:
            return Finding("tenant id", State.AGREES, found, configured)
        return Finding("tenant id", State.WRONG, found, configured, (f"BRIDGE_ZUORA__TENANT_ID={came.tenant_id}",))

    async def _login(self, login: Login) -> tuple[str, str] | Finding:
        # Written here and not by zeep: a user's file may declare more arguments, and their order is enforced.
        message = (
            f'<e:Envelope xmlns:e="{SOAP_11}" xmlns:z="{API}"><e:Body><z:login><z:username>{escape(login.username)}'
            f"</z:username><z:password>{escape(login.password)}</z:password></z:login></e:Body></e:Envelope>"
        )
        headers = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
        url = f"{self._origin}{self._soap.path}"
        came = await self._transport.exchange("POST", url, headers, message.encode(), _DEADLINE)
        if not isinstance(came, Exchange):
            return Finding("login", State.WRONG, f"no answer: {came.reason}", login.username)
        texts = _texts(came.body)
        session, server_url = texts.get("Session"), texts.get("ServerUrl")
        if came.status == 200 and session and server_url:
            return session, server_url
        told = texts.get("faultstring") or f"HTTP {came.status}"
        return Finding("login", State.WRONG, f"refused: {told[:120]}", login.username)

    def clock_difference(self) -> float | None:
        """Seconds that Zuora's clock is ahead of this machine's; None before any answer."""
        clock = self._transport.clock
        return None if clock.error is None else clock.now() / 1000 - time.time()


def _host(host: str, hosts: frozenset[str]) -> Finding:
    configured = f"BRIDGE_ZUORA__SOAP_HOSTS={','.join(sorted(hosts))}"
    if host in hosts:
        return Finding("ServerUrl", State.AGREES, f"sessions are at {host}", configured)
    found = f"sessions are at {host}, which is not listed, so it is not followed"
    return Finding(
        "ServerUrl", State.WRONG, found, configured, (f"BRIDGE_ZUORA__SOAP_HOSTS={','.join(sorted({*hosts, host}))}",)
    )


def _texts(body: bytes) -> dict[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    return {etree.QName(each).localname: each.text for each in root.iter(etree.Element) if each.text}
