"""A SOAP file as the Call it would be, for ``bridge plan``. Must not send or record anything."""

from __future__ import annotations

from bridge.contract.decode import Decoder
from bridge.contract.errors import DecodeError
from bridge.core.model import Call, Version
from bridge.facade.door import Way, look
from bridge.facade.guard import Refusal, admit, inspect
from bridge.facade.service import call_of


class NotAWrite(Exception):
    """The file holds nothing to plan; the text says why."""


def call_in(raw: bytes, version: Version, decoder: Decoder) -> Call:
    """The journaled write in one SOAP envelope; raises ``NotAWrite``."""
    admission = admit({"Content-Type": "text/xml"})
    assert not isinstance(admission, Refusal)
    inspected = inspect(raw, admission)
    if isinstance(inspected, Refusal):
        raise NotAWrite(inspected.text)
    seen = look(inspected.payload)
    if seen.way is not Way.JOURNAL or inspected.payload is None:
        raise NotAWrite(seen.why or "The file holds no create, update or delete of Payment or Refund; it would pass.")
    try:
        return call_of(decoder, inspected.payload, inspected.header, seen.type, version)
    except DecodeError as error:
        raise NotAWrite(str(error)) from None
