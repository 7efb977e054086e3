"""The words of the guard: its limits, what it admits, what it hands on and how it says no.

Contract: plain frozen values, no behaviour beyond building a text that is safe to log and to answer with.
Must not parse anything, and must not carry more than a few escaped characters of the caller's input.
"""

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from bridge.core.words import numberless

Reason = Literal[
    "attributes",
    "charset",
    "content-encoding",
    "depth",
    "doctype",
    "elements",
    "empty",
    "encoding",
    "entity",
    "envelope",
    "gzip",
    "headers",
    "malformed",
    "media-type",
    "name",
    "namespaces",
    "processing-instruction",
    "ratio",
    "size",
    "surrogates",
    "text",
    "xop",
]

ECHO = 40
"""How many of the caller's own characters a refusal may repeat (OWASP Logging Cheat Sheet: sanitise event data)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceilings; the defaults are the public contract's."""

    body_bytes: int = 8 * 1024 * 1024
    gzip_ratio: int = 100
    # Below this a high ratio is only a short body that repeats itself, and no danger to memory.
    gzip_ratio_from: int = 64 * 1024
    # RFC 1952 section 2.2 allows many members; no SOAP stack writes more than one, and each costs an inflater.
    gzip_members: int = 16
    depth: int = 32
    attributes: int = 64
    namespaces: int = 32
    elements: int = 200_000
    # All attributes and declarations of a document together: each costs libxml2 two nodes, about 200 bytes.
    all_attributes: int = 200_000
    text_characters: int = 1024 * 1024
    name_characters: int = 256
    # Pairs of surrogate references that are repaired: a call of 50 objects has not a tenth of them in its texts.
    surrogate_pairs: int = 50_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Admission:
    """Headers that were accepted: what the body is expected to be.

    ``charset`` is the caller's own spelling (the answer repeats it), ``encoding`` the canonical name or None.
    """

    media_type: str
    charset: str | None
    encoding: str | None
    gzip: bool
    declared_length: int | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """A body that was accepted: one SOAP envelope, and the inflated bytes exactly as they came.

    ``soap12`` is what the envelope's namespace says, whatever the Content-Type did.
    """

    envelope: etree._Element
    header: etree._Element | None
    body: etree._Element
    payload: etree._Element | None
    raw: bytes
    admission: Admission
    soap12: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no: 413 and 415 are answered as such, 500 as a SOAP fault with faultcode ``soapenv:Server``.

    ``reason`` is one of a fixed set, fit for a metric's label; ``text`` is one line of printable ASCII. The fault is
    one of SOAP 1.1 unless ``soap12``: the root was an Envelope of SOAP 1.2.
    """

    status: Literal[413, 415, 500]
    reason: Reason
    text: str
    soap12: bool = False


def too_large(reason: Literal["size", "ratio"], what: str) -> Refusal:
    """Refuse with 413."""
    return Refusal(413, reason, f"The request is too large: {what}. Nothing was sent to Zuora.")


def unsupported(reason: Literal["media-type", "charset", "content-encoding"], what: str) -> Refusal:
    """Refuse with 415."""
    return Refusal(415, reason, f"The request's headers ask for something not served here: {what}.")


def fault(reason: Reason, what: str) -> Refusal:
    """Refuse with a fault that names the caller's request as the cause."""
    return Refusal(
        500, reason, f"The request was refused: {what}. The cause is in the request; nothing was sent to Zuora."
    )


def excerpt(words: str) -> str:
    """Return at most a few characters of what the caller wrote, with nothing left that could break a log or a page.

    What looks like an account's number is not repeated, nor what a cut would leave of one.
    """
    words = numberless(words)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "/.+-_=; ") else "?" for c in words[:ECHO])
    return f"'{safe}...'" if len(words) > ECHO else f"'{safe}'"
