"""Which door a path leads to. Paths that two servers could read differently are refused, not guessed.

A path with empty or dot segments, encoded separators or parameters may be normalised by one server and not by the
next (RFC 3986, 6.2.2); behind such a path a journaled write could pass the journal by (I10). Must not look at bodies.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from urllib.parse import unquote

_SOAP = re.compile(r"/apps/services/a/([^/]+)/?\Z", re.IGNORECASE)
_JSON = re.compile(r"/v1/(action|object)/(.*)")
_UNCLEAR = re.compile(r"//|/\.{1,2}(/|\Z)|[\\;\x00-\x1f\x7f]|%")


class Door(enum.Enum):
    """What answers at a path."""

    SOAP = "soap"
    WSDL = "wsdl"
    ACTION = "action"
    CRUD = "crud"
    APPS = "apps"
    REST = "rest"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Found:
    """A door, and what the path says besides: the version for SOAP, the last segments for Actions and CRUD."""

    door: Door
    rest: str = ""


def find(raw_path: str) -> Found:
    """The door of a path as it came, still encoded, without its query."""
    path = unquote(raw_path)
    if not path.startswith("/") or _UNCLEAR.search(path) or path.count("/") != raw_path.count("/"):
        return Found(Door.UNCLEAR)
    lower = path.lower().rstrip("/") or "/"
    if soap := _SOAP.match(path):
        return Found(Door.SOAP, soap[1])
    if lower == "/apps/servlet/generatewsdl":
        return Found(Door.WSDL)
    # Wherever it stands in the path: a host that serves the same doors behind a prefix must not become a way round.
    if json_door := _JSON.search(lower):
        return Found(Door.ACTION if json_door[1] == "action" else Door.CRUD, json_door[2])
    return Found(Door.APPS if lower == "/apps" or lower.startswith("/apps/") else Door.REST)
