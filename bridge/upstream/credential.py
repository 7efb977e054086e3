"""Under what a call's requests go to Zuora: a SOAP caller's session, or a JSON caller's own headers.

Held in memory for one call and given to the senders; never recorded, and its representation says nothing (I9). What is
a credential is Zuora's to judge: OAuth bearer, ``apiAccessKeyId`` with ``apiSecretAccessKey``, or a session as
``Authorization: ZSession`` or cookie (Zuora: Authentication; Actions). Must not judge, refresh or log any of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.upstream.transport import Headers

_PLAIN = ("authorization", "apiaccesskeyid", "apisecretaccesskey")
_COOKIE = re.compile(r"(?:\A|;)\s*(ZSession)\s*=\s*([^;]*)", re.IGNORECASE)
_LONGEST = 8192

ORGANISATIONS = "Zuora-Org-Ids"
"""Which of a tenant's organisations a request is about (Zuora: Multi-Org); it goes with the credential it narrows."""


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """``session`` and ``host`` for SOAP; ``own`` for Actions and REST (None: the bridge's own OAuth client)."""

    session: str = ""
    host: str | None = None
    own: tuple[tuple[str, str], ...] | None = None

    def __repr__(self) -> str:
        return "Credential(...)"

    @property
    def digest(self) -> bytes:
        """A name for this credential that is no secret."""
        spelled = "\n".join(f"{name.lower()}:{value}" for name, value in self.own or ((("session"), self.session),))
        return hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).digest()


def of_json(headers: Headers) -> Credential | None:
    """A JSON caller's own credential, or None where the request bears none that can be passed on unchanged.

    Two different values under one name are none: Zuora might read the other one.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, value in _relevant(headers):
        if not (value.isascii() and value.isprintable() and len(value) <= _LONGEST):
            return None
        if found.setdefault(name.lower(), (name, value)) != (name, value):
            return None
    keys = [name in found for name in ("apiaccesskeyid", "apisecretaccesskey")]
    if any(keys) != all(keys) or not ({"authorization", "apiaccesskeyid", "cookie"} & found.keys()):
        return None
    return Credential(own=tuple(found.values()))


def key_id(credential: Credential) -> str | None:
    """The ``apiAccessKeyId`` where nothing else could be what Zuora goes by."""
    own = {name.lower(): value for name, value in credential.own or ()}
    return None if own.keys() & {"authorization", "cookie"} else own.get("apiaccesskeyid")


def _relevant(headers: Headers) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        if name.lower() in _PLAIN and value.strip():
            yield name, value.strip()
        elif name.lower() == ORGANISATIONS.lower():
            yield ORGANISATIONS, value.strip()
        elif name.lower() == "cookie":
            # Of a browser's cookies only this one is Zuora's.
            for cookie, session in _COOKIE.findall(value):
                yield "Cookie", f"{cookie}={session.strip()}"
