"""How a number or a secret can be written where XML, JSON or a URL stands, each spelling by its name.

Each means the decoy to whoever reads it as it is meant. Must not make a decoy.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

Spelling = Callable[[str], str]


def grouped(separator: str) -> Spelling:
    """In groups of four."""
    return lambda value: separator.join(value[at : at + 4] for at in range(0, len(value), 4))


def percent(value: str) -> str:
    """Every character as a byte of a URL."""
    return "".join(f"%{byte:02X}" for byte in value.encode())


def based(value: str) -> str:
    """Base64 of a text around it."""
    return base64.b64encode(f"no {value} at all".encode()).decode()


def escaped(value: str) -> str:
    """As JSON may write it."""
    return "".join(f"\\u{ord(each):04x}" for each in value)


def _split(opening: str, closing: str = "") -> Spelling:
    return lambda value: f"{escape(value[:6])}{opening}{escape(value[6:9])}{closing}{escape(value[9:])}"


XML: Mapping[str, Spelling] = {
    "plain": escape,
    "spaces": lambda value: escape(grouped(" ")(value)),
    "dashes": lambda value: escape(grouped("-")(value)),
    "no-break spaces": lambda value: escape(grouped("\u00a0")(value)),
    "decimal references": lambda value: "".join(f"&#{ord(each)};" for each in value),
    "hexadecimal references": lambda value: "".join(f"&#x{ord(each):X};" for each in value),
    "CDATA": lambda value: f"<![CDATA[{value}]]>",
    "CDATA in the middle": lambda value: f"{escape(value[:6])}<![CDATA[{value[6:9]}]]>{escape(value[9:])}",
    "comments between": _split("<!-- a -->", "<!---->"),
    "percent": percent,
    "base64": based,
    "escaped as JSON": escaped,
    "in a sentence": lambda value: f"paid by {escape(value)} exp 12/27",
    "beside another number": lambda value: f"ref 20260220-{escape(value)}-01",
    "an element inside a text": lambda value: escape(f"<note><pan>{value}</pan></note>"),
    "JSON inside a text": lambda value: escape(json.dumps({"note": f"n {value}"})),
}
"""What an element's content can look like."""

JSON: Mapping[str, Spelling] = {
    "plain": json.dumps,
    "spaces": lambda value: json.dumps(grouped(" ")(value)),
    "dashes": lambda value: json.dumps(grouped("-")(value)),
    "escapes": lambda value: f'"{escaped(value)}"',
    "no-break spaces": lambda value: json.dumps(grouped("\u00a0")(value)),
    "a bare number": lambda value: value if value.isdigit() and value[0] != "0" else json.dumps(value),
    "JSON inside a text": lambda value: json.dumps(json.dumps({"note": value})),
    "XML inside a text": lambda value: json.dumps(f"<note>{escape(value)}</note>"),
    "percent": lambda value: json.dumps(percent(value)),
    "base64": lambda value: json.dumps(based(value)),
    "in a sentence": lambda value: json.dumps(f"paid by {value}, thanks"),
}
"""What a JSON value can look like."""
