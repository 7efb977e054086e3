"""How single settings are written: addresses, networks, names of custom fields. Must not read the configuration."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

_CUSTOM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,100}(?:__c|__NS)\Z")


def custom(name: str) -> bool:
    """Whether this is the name of a custom or NetSuite field."""
    return _CUSTOM.match(name) is not None


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """``10.0.0.0/8, 192.0.2.7`` as networks; raises ``ValueError``."""
    made = []
    for each in filter(None, map(str.strip, text.split(","))):
        try:
            made.append(ip_network(each))
        except ValueError:
            raise ValueError(f"{each[:60]!r} is no address and no network such as 10.0.0.0/8") from None
    return tuple(made)


def address(text: str) -> tuple[str, int]:
    """``host:port`` as (host, port); raises ``ValueError``."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"must be host:port, not {text[:60]!r}")
    if not host.strip("[]"):
        raise ValueError("must name the host to listen on, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)
