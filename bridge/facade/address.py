"""The bridge's own address as a caller reaches it: what stands in a login's ServerUrl and in the served WSDL.

``BRIDGE_PUBLIC_URL`` wins. Otherwise it is the request's Host, unless the request came from a proxy that the owner
trusts (``BRIDGE_TRUSTED_PROXIES``): then what that proxy says of the caller's request (RFC 7239 Forwarded, or
X-Forwarded-Proto, -Host and -Prefix). Both are lists that grow to the right, so they are believed from the right and
no further than the proxies are trusted: what stands further left, anybody can have written. Must not put anything
into the address but what can be a scheme, a host and a plain path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import web

from bridge.telemetry.log import get_logger

log = get_logger("address")

Network = IPv4Network | IPv6Network
Hop = IPv4Address | IPv6Address | None
"""An address a request came from; None where it is hidden or no address."""

UNKNOWN: Final = "http://127.0.0.1"
"""What a caller without a usable Host is told: it helps nobody else."""

# RFC 3986, 3.2.2, without escapes and user information; the underscore is for the names that container platforms make.
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+){0,16}")
_PREFIX_LONGEST = 200
_LIST_LONGEST = 4096

# RFC 7239, 4: pairs of a token and a token or quoted string; elements are parted by commas.
_PAIR = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+)|\"((?:[^\"\\]|\\.)*)\")\s*")
_PORT = re.compile(r"(?::[0-9]{1,5}|:_[A-Za-z0-9._-]+)\Z")


@dataclass(frozen=True, slots=True)
class Told:
    """What a proxy says that its caller asked for; None where it says nothing."""

    proto: str | None = None
    host: str | None = None
    prefix: str | None = None


class Addresses:
    """Answers where callers reach the bridge; shared by all requests."""

    def __init__(self, public_url: str | None, proxies: Iterable[Network] = ()) -> None:
        self._public_url = public_url
        self._proxies = tuple(proxies)

    def of(self, request: web.BaseRequest) -> str:
        """Scheme, authority and prefix as this caller reaches the bridge, without a slash at the end."""
        if self._public_url is not None:
            return self._public_url
        host = request.headers.get("Host", "")
        if not self._proxies or not self._trusted(_peer(request)):
            return f"http://{host}" if _HOST.fullmatch(host) else UNKNOWN
        names = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix")
        told = self.told({name: ",".join(request.headers.getall(name, ())) for name in names})
        host = told.host or host
        return f"{told.proto or 'http'}://{host}{told.prefix or ''}" if _HOST.fullmatch(host) else UNKNOWN

    def told(self, headers: Mapping[str, str]) -> Told:
        """What trusted proxies say in these headers; nothing where they contradict themselves or cannot be read."""
        if any(len(value) > _LIST_LONGEST for value in headers.values()):
            return Told()
        by_forwarded = self._forwarded(headers.get("Forwarded", ""))
        by_older = self._x_forwarded(headers)
        if by_forwarded == Told() or by_older == Told():
            return by_older if by_forwarded == Told() else by_forwarded
        agreed = by_forwarded.proto == by_older.proto and by_forwarded.host == by_older.host
        if not agreed:
            # One of the two came from the caller, through a proxy that writes the other: nobody can say which.
            log.warning("Forwarded and X-Forwarded-... disagree and are ignored: set BRIDGE_PUBLIC_URL")
            return Told()
        return by_older

    def _trusted(self, hop: Hop) -> bool:
        return hop is not None and any(hop in network for network in self._proxies)

    def _hops(self, before: Sequence[Hop]) -> int:
        """How many trusted proxies wrote at the right end: the one we see, and each that it names before itself."""
        count = 1
        for hop in reversed(before):
            if not self._trusted(hop):
                break
            count += 1
        return count

    def _forwarded(self, header: str) -> Told:
        elements = _elements(header)
        if not elements:
            return Told()
        mine = elements[-self._hops([_hop(each.get("for", "")) for each in elements]) :]
        return Told(
            next((proto for each in mine if (proto := _proto(each.get("proto", "")))), None),
            next((host for each in mine if (host := _host(each.get("host", "")))), None),
        )

    def _x_forwarded(self, headers: Mapping[str, str]) -> Told:
        hops = self._hops([_hop(each) for each in _listed(headers.get("X-Forwarded-For", ""))])

        def outermost(name: str) -> str:
            values = _listed(headers.get(name, ""))
            return values[-min(hops, len(values))] if values else ""

        return Told(
            _proto(outermost("X-Forwarded-Proto")),
            _host(outermost("X-Forwarded-Host")),
            _prefix(outermost("X-Forwarded-Prefix")),
        )


def _peer(request: web.BaseRequest) -> Hop:
    transport = request.transport
    name = transport.get_extra_info("peername") if transport is not None else None
    return _hop(str(name[0])) if isinstance(name, tuple) and name else None


def _hop(text: str) -> Hop:
    """``192.0.2.1``, ``192.0.2.1:80``, ``[2001:db8::1]:80``; None for ``unknown``, ``_hidden`` and anything else."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = _PORT.sub("", bare)[1:-1]
    elif bare.count(":") == 1:
        bare = _PORT.sub("", bare)
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens on both families shows IPv4 peers so (RFC 4291, 2.5.5.2).
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _listed(header: str) -> list[str]:
    return [each.strip() for each in header.split(",") if each.strip()]


def _proto(text: str) -> str | None:
    return text.lower() if text.lower() in ("http", "https") else None


def _host(text: str) -> str | None:
    return text if _HOST.fullmatch(text) else None


def _prefix(text: str) -> str | None:
    plain = text.rstrip("/")
    return plain if plain and len(plain) <= _PREFIX_LONGEST and _PREFIX.fullmatch(plain) else None


def _elements(header: str) -> list[dict[str, str]]:
    """The elements of a Forwarded header; none at all where one of them cannot be read."""
    found: list[dict[str, str]] = [{}]
    for separator, name, value in _pairs(header):
        if separator == ",":
            found.append({})
        if name in found[-1]:
            return []
        found[-1][name] = value
    return found if found != [{}] else []


def _pairs(header: str) -> Iterator[tuple[str, str, str]]:
    """What stands before each pair, its name in lower case and its value; ends with nothing but pairs, or with none."""
    place, separator = 0, ""
    read: list[tuple[str, str, str]] = []
    while place < len(header):
        pair = _PAIR.match(header, place)
        if pair is None:
            return
        value = pair[2] if pair[2] is not None else re.sub(r"\\(.)", r"\1", pair[3])
        read.append((separator, pair[1].lower(), value))
        place = pair.end()
        separator = header[place : place + 1]
        if separator not in ("", ",", ";"):
            return
        place += 1
    yield from read
