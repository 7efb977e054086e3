"""The bridge's own address in the served WSDL and in ServerUrl: the public URL, trusted proxies, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import API, Answer, World, envelope, raw
from hypothesis import given
from hypothesis import strategies as st

from bridge.facade.address import Addresses, Told
from bridge.settings import ConfigurationError, load
from bridge.settings_terms import networks

PROXY = "127.0.0.1"
LOGIN = envelope("<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>")
Started = Callable[..., World]


def asked(world: World, method: str, target: str, body: bytes, *headers: tuple[str, str]) -> Answer:
    """One request with exactly these headers; the Host is among them."""
    sent = [("Host", "bridge.example:8080")] if all(name != "Host" for name, _ in headers) else []
    sent += [*headers, ("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(body)))]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent), "", ""]
    return raw(world.url, "\r\n".join(lines).encode() + body)


def addresses(world: World, *headers: tuple[str, str]) -> set[str]:
    """The origins that a caller with these headers is told: of the served file, and of its login."""
    file = asked(world, "GET", "/apps/services/a/83.0?wsdl", b"", *headers)
    login = asked(world, "POST", "/apps/services/a/83.0", LOGIN, *headers)
    found = re.search(rb'location="([^"]*)/apps/services/a/107.0"', file.body)
    url = login.payload.findtext(f"{{{API}}}result/{{{API}}}ServerUrl") or ""
    assert found is not None
    return {found[1].decode(), url.removesuffix("/apps/services/a/83.0")}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Worlds with these settings, stopped afterwards."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(World(tmp_path, **settings))


FORWARDED = (
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "zuora.example.com"),
    ("X-Forwarded-Prefix", "/zuora/"),
)


def test_without_trusted_proxies_forwarded_headers_mean_nothing(started: Started) -> None:
    """Anybody can send them; the Host is what the caller itself called."""
    world = started()
    assert addresses(world, *FORWARDED) == {"http://bridge.example:8080"}
    assert addresses(world, ("Forwarded", "proto=https;host=evil.example")) == {"http://bridge.example:8080"}


def test_a_trusted_proxy_says_how_the_caller_reaches_the_bridge(started: Started) -> None:
    """Scheme, host and prefix, in the older headers and in RFC 7239's."""
    world = started(trusted_proxies=f"10.0.0.0/8, {PROXY}")
    assert addresses(world, *FORWARDED) == {"https://zuora.example.com/zuora"}
    assert addresses(world, ("X-Forwarded-Proto", "https")) == {"https://bridge.example:8080"}
    assert addresses(world, ("Forwarded", 'for=192.0.2.1;Proto=HTTPS;host="zuora.example.com:8443"')) == {
        "https://zuora.example.com:8443"
    }
    assert addresses(world) == {"http://bridge.example:8080"}


def test_a_proxy_that_is_not_on_the_list_is_not_believed(started: Started) -> None:
    """The list is of addresses, not a switch."""
    assert addresses(started(trusted_proxies="10.0.0.0/8"), *FORWARDED) == {"http://bridge.example:8080"}


def test_the_public_url_wins_over_every_header(started: Started) -> None:
    """Also its path."""
    world = started(trusted_proxies=PROXY, public_url="https://pay.example.com/soap/")
    assert addresses(world, *FORWARDED) == {"https://pay.example.com/soap"}


@pytest.mark.parametrize(
    "host", ["", "a b", 'x"/><evil', "user@h", "h/../x", "h:99999999", "[::1", "ü.example", "h?x", "%68"]
)
def test_a_hostile_host_never_reaches_the_file(started: Started, host: str) -> None:
    """Not as Host and not through a trusted proxy."""
    world = started(trusted_proxies=PROXY)
    assert addresses(world, ("X-Forwarded-Host", host)) == {"http://bridge.example:8080"}
    answer = asked(world, "GET", "/apps/services/a/83.0?wsdl", b"", ("Host", host))
    # The HTTP parser refuses some of them by itself.
    assert answer.status == 400 or b'location="http://127.0.0.1/apps' in answer.body


TRUSTED = Addresses(None, networks("10.0.0.0/8, 2001:db8::/32"))


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, Told()),
        # One proxy: whatever the caller wrote before it stands further left.
        ({"Forwarded": "for=9.9.9.9;host=evil.example;proto=http, for=9.9.9.9;host=a.example;proto=https"},
         Told("https", "a.example")),
        # Two: the inner one names the outer one, whose word on the caller counts.
        ({"Forwarded": "host=evil.example, for=9.9.9.9;host=a.example;proto=https, for=10.0.0.2;host=inner;proto=http"},
         Told("https", "a.example")),
        ({"Forwarded": 'for=9.9.9.9;proto=https, for="[2001:db8::7]:4711";host=inner'}, Told("https", "inner")),
        ({"Forwarded": "for=_hidden;proto=https;host=a.example, for=unknown;proto=http;host=b.example"},
         Told("http", "b.example")),
        ({"Forwarded": 'host="a\\.example"'}, Told(None, "a.example")),
        # What cannot be read says nothing.
        ({"Forwarded": "host"}, Told()),
        ({"Forwarded": 'host="a'}, Told()),
        ({"Forwarded": "host=a;host=b"}, Told()),
        ({"Forwarded": "host=a b"}, Told()),
        ({"Forwarded": "proto=javascript;host=a/b"}, Told()),
        ({"X-Forwarded-Proto": "http, https"}, Told("https")),
        ({"X-Forwarded-For": "9.9.9.9, 10.0.0.2", "X-Forwarded-Proto": "ftp,https,http",
          "X-Forwarded-Host": "evil.example, a.example, inner"}, Told("https", "a.example")),
        ({"X-Forwarded-For": "9.9.9.9, 10.0.0.2", "X-Forwarded-Host": "a.example"}, Told(None, "a.example")),
        ({"X-Forwarded-For": "10.0.0.3:123, [2001:db8::1]", "X-Forwarded-Host": "a, b, c, d"}, Told(None, "b")),
        ({"X-Forwarded-Prefix": "/a/b_c-d.e~"}, Told(prefix="/a/b_c-d.e~")),
        ({"X-Forwarded-Prefix": "/a/../b"}, Told()),
        ({"X-Forwarded-Prefix": "/a//b"}, Told()),
        ({"X-Forwarded-Prefix": "//evil.example"}, Told()),
        ({"X-Forwarded-Prefix": '/"><'}, Told()),
        ({"X-Forwarded-Prefix": "/" + "a" * 300}, Told()),
        ({"X-Forwarded-Prefix": "/"}, Told()),
        ({"X-Forwarded-Host": "a," * 5000}, Told()),
        # Both kinds: only where they agree, for one of them may be the caller's own.
        ({"Forwarded": "host=a.example;proto=https", "X-Forwarded-Host": "a.example", "X-Forwarded-Proto": "https",
          "X-Forwarded-Prefix": "/z"}, Told("https", "a.example", "/z")),
        ({"Forwarded": "host=evil.example;proto=https", "X-Forwarded-Proto": "https"}, Told()),
    ],
)  # fmt: skip
def test_lists_are_believed_from_the_right_and_as_far_as_the_proxies_are_trusted(
    headers: dict[str, str], told: Told
) -> None:
    """RFC 7239, 8.1: everything before the first trusted proxy can be invented."""
    assert TRUSTED.told(headers) == told


_NAMES = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix")


@given(st.dictionaries(st.sampled_from(_NAMES), st.text('for=hostp;,"\\ [].:/x10<&\x00é', max_size=60)))
def test_no_header_puts_anything_else_into_the_address(headers: dict[str, str]) -> None:
    """Any text is a plain scheme, host and path, or nothing."""
    told = TRUSTED.told(headers)
    assert told.proto in (None, "http", "https")
    assert re.fullmatch(r"[\w.:\[\]-]*", told.host or "", re.ASCII)
    assert re.fullmatch(r"(/[\w.~-]+)*", told.prefix or "", re.ASCII)


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "10.0.0.0/99", "*"])
def test_a_list_of_proxies_that_is_none_is_refused_at_start(value: str) -> None:
    """10.0.0.1/8 could mean one address or sixteen million."""
    with pytest.raises(ConfigurationError, match="BRIDGE_TRUSTED_PROXIES"):
        load(trusted_proxies=value)
