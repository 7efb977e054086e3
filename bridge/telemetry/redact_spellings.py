"""Card and bank account numbers as XML, JSON and URLs may also write them, and inside base64.

Contract: ``mask_spelled`` finds what ``redact_shapes`` would find once character references, percent-encodings, the
escapes of JSON and Python, comments and CDATA sections are read as what they mean (XML 1.0, 2.4 to 2.7 and 4.1; RFC
3986, 2.1; RFC 8259, 7), and numbers in base64 (RFC 4648). What it takes out leaves XML well-formed. Linear in the text.
Must not change a text that holds no such number.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right

from bridge.telemetry.redact_shapes import CARD_MASK, spans

_TOKEN = re.compile(
    r"&(?:amp;){0,3}(?:#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));|nbsp;)"
    r"|%(?:25){0,3}([0-9a-fA-F]{2})|(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))"
    r"|<!--[^<>]{0,200}?-->|<!\[CDATA\[|\]\]>"
)
_SECTION = re.compile(r"<!\[CDATA\[|\]\]>")
_OPEN, _CLOSE = "<![CDATA[", "]]>"
_UTF8_LEAD = "\u00c2"
"""%C2%A0 is a no-break space."""
_BEYOND = 0xD800

# Base64 of three bytes that are digits, blanks, dots or dashes: any number of 13 digits has three such in a row.
_QUADS = re.compile(r"(?:[ILMNO][CDSTijyz][AEIMQUYcgk04][gtuw-z0-5]){3,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")
_BASE64_BEFORE = re.compile(r"[A-Za-z0-9+/]*\Z")
_FURTHEST = 400


def mask_spelled(text: str) -> str:
    """Replace card and bank account numbers that are not written plainly."""
    if len(text) < 13:
        return text
    if "&" in text or "%" in text or "\\" in text or "<!" in text or "]]>" in text:
        text = _mask_escaped(text)
    return _mask_base64(text) if _QUADS.search(text) else text


def _mask_escaped(text: str) -> str:
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return text
    plain, starts, sources = _read(text, tokens)
    out: list[str] = []
    at = 0
    for start, end, mask in sorted(spans(plain)):
        first, last = _source(start, starts, sources)[0], _source(end - 1, starts, sources)[1]
        if last <= at:
            continue
        if first >= at:
            out += [text[at:first], mask]
        out.append(_sections_left(text[max(first, at) : last]))
        at = last
    return "".join(out) + text[at:]


def _read(text: str, tokens: list[re.Match[str]]) -> tuple[str, list[int], list[tuple[int, int, bool]]]:
    """The text as it is meant, and where in it each piece begins, with the piece's place in the source.

    A piece is plain text, letter for letter, or one token, which is a character or nothing.
    """
    pieces: list[str] = []
    starts: list[int] = []
    sources: list[tuple[int, int, bool]] = []
    length = at = 0
    for token in (*tokens, None):
        begin, end = token.span() if token is not None else (len(text), len(text))
        meant = _meant(token) if token is not None else ""
        for piece, source in ((text[at:begin], (at, begin, False)), (meant, (begin, end, True))):
            if piece:
                pieces.append(piece)
                starts.append(length)
                sources.append(source)
                length += len(piece)
        at = end
    return "".join(pieces), starts, sources


def _source(position: int, starts: list[int], sources: list[tuple[int, int, bool]]) -> tuple[int, int]:
    """Where in the source a character of the plain text stands."""
    which = bisect_right(starts, position) - 1
    begin, end, is_token = sources[which]
    return (begin, end) if is_token else (begin + position - starts[which], begin + position - starts[which] + 1)


def _meant(token: re.Match[str]) -> str:
    hexadecimal = token[1] or token[3] or token[4] or token[5]
    number = int(hexadecimal, 16) if hexadecimal else int(token[2]) if token[2] else None
    if number is None:
        return "\u00a0" if token[0].endswith("nbsp;") else ""
    # Of two bytes of UTF-8 the first counts as nothing, so that a no-break space is one character.
    if token[3] and chr(number) == _UTF8_LEAD:
        return ""
    return chr(number) if number < _BEYOND else "\ufffd"


def _sections_left(taken: str) -> str:
    """The beginnings and ends of CDATA sections in a piece that is taken out, whose other half is not in it."""
    left: list[str] = []
    for mark in _SECTION.findall(taken):
        if mark == _CLOSE and left and left[-1] == _OPEN:
            left.pop()
        else:
            left.append(mark)
    return "".join(left)


def _mask_base64(text: str) -> str:
    out: list[str] = []
    at = 0
    while found := _QUADS.search(text, at):
        before = _BASE64_BEFORE.search(text, max(at, found.start() - _FURTHEST), found.start())
        after = _BASE64.match(text, found.end(), found.end() + _FURTHEST)
        begin = found.start() - (found.start() - before.start() if before else 0) // 4 * 4
        end = after.end() if after else found.end()
        whole = text[begin : begin + (end - begin) // 4 * 4]
        rest = text[begin + len(whole) : end]
        said = base64.b64decode(whole + (rest + "=" * (4 - len(rest)) if len(rest) > 1 else "")).decode("latin-1")
        if any(True for _ in spans(said)):
            out += [text[at:begin], CARD_MASK]
        else:
            out.append(text[at:end])
        at = end
    return "".join(out) + text[at:]
