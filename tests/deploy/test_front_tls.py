"""The front's TLS: old callers on a listener of their own, new ones, and those with a certificate. The real HAProxy."""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import front_proxy
import pytest
from certificates import Authority
from front_proxy import Front
from harness import World
from harness_wire import XML_HEADERS, Answer, envelope
from stand_in import StandIn

pytestmark = front_proxy.needed


@dataclass(frozen=True)
class Papers:
    """The authority of the servers, that of the clients, and one that nobody knows."""

    folder: Path
    servers: Authority
    clients: Authority
    foreign: Authority

    def settings(self) -> dict[str, str]:
        """The front's."""
        return {
            "FRONT_TLS_CERT": str(self.servers.server("front")),
            "FRONT_OLD_TLS_CERT": str(self.servers.server("old-front", rsa_key=True)),
            "FRONT_MTLS_CERT": str(self.servers.server("front-for-clients")),
            "FRONT_MTLS_CA": str(self.clients.pem),
        }


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Made once: an RSA key takes its time."""
    folder = tmp_path_factory.mktemp("papers")
    return Papers(folder, *(Authority(folder, name) for name in ("servers", "clients", "foreign")))


@pytest.fixture
def bridge() -> Iterator[StandIn]:
    """A stand-in for a bridge."""
    with StandIn() as made:
        yield made


@pytest.fixture
def front(tmp_path: Path, bridge: StandIn, papers: Papers) -> Iterator[Front]:
    """The front with all its listeners."""
    with Front(tmp_path, [bridge.addresses], **papers.settings()) as made:
        made.sees(bridge_1="UP")
        yield made


def modern(papers: Papers, client: Path | None = None) -> ssl.SSLContext:
    """A caller of today, with a certificate where one is given."""
    context = ssl.create_default_context(cafile=str(papers.servers.pem))
    if client is not None:
        context.load_cert_chain(client)
    return context


def old(papers: Papers, version: ssl.TLSVersion, ciphers: str = "AES128-SHA") -> ssl.SSLContext:
    """A caller that knows one old version and old ciphers (RSA key exchange, CBC, SHA-1)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(papers.servers.pem)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


class Told:
    """What one call over TLS came to."""

    def __init__(self, answer: Answer, version: str | None, cipher: str) -> None:
        self.answer, self.version, self.cipher = answer, version, cipher


def call(front: Front, listener: str, context: ssl.SSLContext, body: bytes = b"<pay/>", path: str = "") -> Told:
    """One POST."""
    wire = http.client.HTTPSConnection("127.0.0.1", front.port(listener), timeout=20, context=context)
    try:
        wire.request("POST", path or "/apps/services/a/107.0", body, dict(XML_HEADERS))
        assert isinstance(wire.sock, ssl.SSLSocket)
        version, cipher = wire.sock.version(), wire.sock.cipher()
        came = wire.getresponse()
        answer = Answer(came.status, tuple(came.getheaders()), came.read())
    finally:
        wire.close()
    return Told(answer, version, cipher[0] if cipher else "")


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1, "AES128-SHA"),
        (ssl.TLSVersion.TLSv1, "AES256-SHA"),
        (ssl.TLSVersion.TLSv1, "ECDHE-RSA-AES128-SHA"),
        (ssl.TLSVersion.TLSv1_1, "AES128-SHA"),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA256"),
    ],
)
def test_an_old_caller_is_served_on_the_listener_for_old_callers(
    front: Front, papers: Papers, version: ssl.TLSVersion, ciphers: str
) -> None:
    """With the version and cipher it has, and the certificate is checked by it."""
    told = call(front, "OLD_TLS", old(papers, version, ciphers))
    assert told.answer.status == 200
    assert (told.version, told.cipher) == (version.name.replace("_", "."), ciphers)


@pytest.mark.parametrize("listener", ["TLS", "MTLS"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused_elsewhere(
    front: Front, bridge: StandIn, papers: Papers, listener: str, version: ssl.TLSVersion
) -> None:
    """No byte of it reaches a bridge."""
    with pytest.raises(OSError, match=r"alert protocol version|reset|EOF"):
        call(front, listener, old(papers, version, "ALL"))
    assert bridge.calls == []


def test_old_ciphers_are_refused_by_the_listener_for_everybody(front: Front, papers: Papers) -> None:
    """Also under TLS 1.2."""
    with pytest.raises(OSError, match="handshake failure"):
        call(front, "TLS", old(papers, ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES128-SHA256"))


def test_old_tls_is_taken_from_named_networks_only(tmp_path: Path, bridge: StandIn, papers: Papers) -> None:
    """Anybody else is refused before the handshake."""
    settings = {**papers.settings(), "FRONT_OLD_TLS_FROM": "192.0.2.0/24 198.51.100.7"}
    with Front(tmp_path, [bridge.addresses], **settings) as front:
        front.sees(bridge_1="UP")
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", front.port("OLD_TLS")), 20) as wire:
            # Not by way of Python's ssl: a socket that is reset before its handshake is left open by it for a while.
            wire.sendall(b"\x16\x03\x01")
            assert wire.recv(1) == b""
        assert bridge.calls == []
        assert call(front, "TLS", modern(papers)).answer.status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_caller_of_today_is_served(front: Front, bridge: StandIn, papers: Papers, version: ssl.TLSVersion) -> None:
    """And the bridge hears that it came by https."""
    context = modern(papers)
    context.minimum_version = context.maximum_version = version
    assert call(front, "TLS", context).version == version.name.replace("_", ".")
    assert [each.all("X-Forwarded-Proto") for each in bridge.calls] == [["https"]]
    assert bridge.calls[0].all("Bridge-Client-Subject") == []


def test_the_subject_of_a_clients_certificate_reaches_the_bridge(front: Front, bridge: StandIn, papers: Papers) -> None:
    """As the certificate has it."""
    assert call(front, "MTLS", modern(papers, papers.clients.client("erp", "Example, Inc."))).answer.status == 200
    assert bridge.calls[0].all("Bridge-Client-Subject") == [r"CN=erp,O=Example\, Inc.,C=DE"]


def test_without_a_certificate_nobody_is_served_where_one_is_required(
    front: Front, bridge: StandIn, papers: Papers
) -> None:
    """The handshake fails."""
    with pytest.raises(OSError, match=r"alert certificate required|reset|EOF"):
        call(front, "MTLS", modern(papers))
    assert bridge.calls == []


def test_a_certificate_of_a_foreign_authority_is_refused(front: Front, bridge: StandIn, papers: Papers) -> None:
    """Though its subject be the same."""
    with pytest.raises(OSError, match=r"alert unknown ca|reset|EOF"):
        call(front, "MTLS", modern(papers, papers.foreign.client("erp", "Example, Inc.")))
    assert bridge.calls == []


def test_a_session_of_another_listener_does_not_open_the_one_for_certificates(
    front: Front, bridge: StandIn, papers: Papers
) -> None:
    """A resumed session is not asked for a certificate again, so one that never had any must not count."""
    context = modern(papers)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    first = http.client.HTTPSConnection("127.0.0.1", front.port("TLS"), timeout=20, context=context)
    first.connect()
    assert isinstance(first.sock, ssl.SSLSocket)
    session = first.sock.session
    assert session is not None
    assert session.id
    first.close()
    reused, told = _resumed(front.port("MTLS"), context, session)
    assert reused in (True, None)
    assert b" 200 " not in told
    assert bridge.calls == []


def _resumed(port: int, context: ssl.SSLContext, session: ssl.SSLSession) -> tuple[bool | None, bytes]:
    """Whether the session was resumed (None: the handshake failed), and what was answered."""
    with socket.create_connection(("127.0.0.1", port), 20) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as wire:
                wire.sendall(b"POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 0\r\n\r\n")
                return wire.session_reused, wire.recv(1000)
        except OSError:
            return None, b""


def test_logins_and_the_wsdl_name_the_address_under_which_the_caller_came(tmp_path: Path, papers: Papers) -> None:
    """https, and the front's own host: a real bridge that trusts the front, with callers of all kinds."""
    client = papers.clients.client("erp", "Example")
    with (
        World(tmp_path, trusted_proxies="127.0.0.0/8") as world,
        Front(tmp_path, [(world.url, world.bridges[0].admin_url)], **papers.settings()) as front,
    ):
        front.sees(bridge_1="UP")
        body = "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
        for listener, context in (
            ("TLS", modern(papers)),
            ("OLD_TLS", old(papers, ssl.TLSVersion.TLSv1)),
            ("MTLS", modern(papers, client)),
        ):
            address = f"https://127.0.0.1:{front.port(listener)}/apps/services/a/"
            login = call(front, listener, context, envelope(body)).answer
            assert f"ServerUrl>{address}107.0</".encode() in login.body
            wire = http.client.HTTPSConnection("127.0.0.1", front.port(listener), timeout=20, context=context)
            wire.request("GET", "/apps/services/a/107.0?wsdl")
            assert f'"{address}107.0"'.encode() in wire.getresponse().read()
            wire.close()
