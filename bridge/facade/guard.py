"""The guard: hostile or oversized input is refused before any real parser sees it.

Contract: two steps. ``admit`` reads the headers, ``inspect`` (or ``Intake`` and then ``inspect``) the bytes; both
answer with a value and never raise, whatever comes in, and leave nothing behind. A Refusal of 413 or 415 is answered
as that status; of 500 as a SOAP fault with faultcode ``soapenv:Server``. Must not know operations, objects or Zuora.
The HTTP server must hand over the body as it came (no inflation of its own) and bound the time of receiving.
"""

from collections.abc import Iterable

from bridge.facade.guard_encoding import to_utf8
from bridge.facade.guard_envelope import SOAP11, SOAP12, envelope, parse
from bridge.facade.guard_headers import admit
from bridge.facade.guard_intake import Intake
from bridge.facade.guard_scan import scan, scan_tags
from bridge.facade.guard_surrogates import repaired
from bridge.facade.guard_terms import DEFAULT_LIMITS, Admission, Inspected, Limits, Reason, Refusal
from bridge.facade.guard_vocabulary import Vocabulary, apart

__all__ = [
    "DEFAULT_LIMITS",
    "SOAP11",
    "SOAP12",
    "Admission",
    "Inspected",
    "Intake",
    "Limits",
    "Reason",
    "Refusal",
    "admit",
    "inspect",
    "inspect_received",
]

_VOCABULARY = Vocabulary()


def inspect(
    body: bytes | Iterable[bytes], admission: Admission, limits: Limits = DEFAULT_LIMITS
) -> Inspected | Refusal:
    """Receive, inflate and inspect a body that is at hand."""
    intake = Intake(admission, limits)
    for chunk in (body,) if isinstance(body, bytes) else body:
        refusal = intake.feed(chunk)
        if refusal is not None:
            return refusal
    raw = intake.close()
    return raw if isinstance(raw, Refusal) else inspect_received(raw, admission, limits)


def inspect_received(raw: bytes, admission: Admission, limits: Limits = DEFAULT_LIMITS) -> Inspected | Refusal:
    """Inspect what an Intake returned."""
    document = to_utf8(raw, admission.encoding)
    if isinstance(document, Refusal):
        return document
    markup = scan(document, limits)
    if isinstance(markup, Refusal):
        return markup
    document = repaired(document, markup, limits)
    if isinstance(document, Refusal):
        return document
    pieces = _VOCABULARY.pieces(markup)
    known = _VOCABULARY.knows(pieces)
    refusal = scan_tags(markup, limits)
    if refusal is not None:
        return refusal
    try:
        root = parse(document, limits) if known else apart(lambda: parse(document, limits))
    except RuntimeError:
        # "can't start new thread": the machine is at its end, which is not the caller's doing.
        return Refusal(
            500, "malformed", "The bridge is overloaded and did not read the request. Nothing was sent to Zuora."
        )
    if isinstance(root, Refusal):
        return root
    found = envelope(root, raw, admission)
    if not known and isinstance(found, Inspected):
        _VOCABULARY.learn(pieces)
    return found
