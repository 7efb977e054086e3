"""A SOAP file as the Call it would be, for ``bridge plan``. Must not send or record anything."""

from __future__ import annotations

from bridge.contract.decode import Decoder, single_transaction
from bridge.contract.errors import DecodeError
from bridge.core.model import Call, Op, Version, ZObject
from bridge.facade.door import Way, look
from bridge.facade.guard import Refusal, admit, inspect


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
    op = Op(seen.operation)
    try:
        if op is Op.DELETE:
            deletion = decoder.deletion(inspected.payload)
            objects = tuple(ZObject(deletion.type, {"Id": each}) for each in deletion.ids)
        else:
            objects = decoder.objects(inspected.payload, version)
        return Call(op, version, seen.type, objects, single_transaction(inspected.header))
    except DecodeError as error:
        raise NotAWrite(str(error)) from None
