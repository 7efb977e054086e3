"""Looks for decoys in what was written down, however it was written there.

All decoys are looked for at once: runs of digits by their pieces in one dictionary, words behind their mark in another.
A text is read as it is and without zero bytes (UTF-16), with its escapes undone (percent, XML, JSON, Python), without
markup between digits, and what looks like base64 or hexadecimal is read as what it says. Must not know redaction.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from decoys import DIGITS, MARK, WORD, Decoy

_RUN = re.compile(rf"\d{{{DIGITS},}}")
_BETWEEN = re.compile(r"(?<=\d)(?:<[^<>]{0,200}>|[^0-9a-z<]){1,4}(?=\d)")
_NULS = re.compile(rb"\0{8,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){12,}")
_ESCAPE = re.compile(r"\\+(?:u00|x)([0-9a-fA-F]{2})")
_OPAQUE = re.compile(r"<!--.*?-->|<!\[CDATA\[|\]\]>", re.DOTALL)
_DEEPEST = 2


class Search:
    """All decoys of a run."""

    def __init__(self, decoys: Iterable[Decoy]) -> None:
        self._pieces: dict[str, Decoy] = {}
        self._words: dict[str, Decoy] = {}
        for each in decoys:
            if each.core.isdigit():
                self._pieces[each.core[:DIGITS]] = self._pieces[each.core[-DIGITS:]] = each
            else:
                self._words[each.core] = each

    def found(self, written: bytes) -> dict[Decoy, str]:
        """What is in it, and where: a few characters around."""
        hits: dict[Decoy, str] = {}
        for text in _views(_NULS.sub(b"\n\n", written)):
            for decoy, at in (*self._worded(text), *self._numbered(_BETWEEN.sub("", text))):
                hits.setdefault(decoy, at)
        return hits

    def _worded(self, text: str) -> Iterator[tuple[Decoy, str]]:
        mark, at = MARK.lower(), -1
        while (at := text.find(mark, at + 1)) >= 0:
            decoy = self._words.get(text[at : at + len(mark) + WORD])
            if decoy is not None:
                yield decoy, text[max(0, at - 80) : at + 40]

    def _numbered(self, text: str) -> Iterator[tuple[Decoy, str]]:
        for run in _RUN.finditer(text):
            digits = run[0]
            for at in range(len(digits) - DIGITS + 1):
                decoy = self._pieces.get(digits[at : at + DIGITS])
                if decoy is not None:
                    yield decoy, text[max(0, run.start() - 80) : run.end() + 40]


def _views(written: bytes, depth: int = 0) -> Iterator[str]:
    """Every way to read it, in lower case."""
    for raw in {written, written.replace(b"\0", b"")}:
        text = raw.decode("latin-1")
        yield text.lower()
        plain = text
        for _ in range(2):
            plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), _OPAQUE.sub("", html.unescape(plain)))
            plain = unquote_to_bytes(plain.encode("latin-1", "replace")).decode("latin-1")
        if plain != text:
            yield plain.lower()
        if depth < _DEEPEST:
            inner = b"\n\n".join(_encoded(text) if plain == text else (*_encoded(text), *_encoded(plain)))
            if inner:
                yield from _views(inner, depth + 1)


def _encoded(text: str) -> Iterator[bytes]:
    # Each once: a log of pages has the same words again and again.
    for found in dict.fromkeys(_HEX.findall(text)):
        yield _inflated(bytes.fromhex(found))
    for found in dict.fromkeys(_BASE64.findall(text)):
        token = found.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        # Where it begins is not always told: letters may stand before it.
        for start in range(4) if len(token) < 2000 else (0,):
            piece = token[start:]
            try:
                yield _inflated(base64.b64decode(piece[: len(piece) // 4 * 4] + _rest(piece)))
            except (binascii.Error, ValueError):
                continue


def _rest(piece: str) -> str:
    rest = piece[len(piece) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _inflated(data: bytes) -> bytes:
    """With what a zlib stream in it says, wherever that begins."""
    at = data.find(b"\x78\xda")
    if at >= 0:
        try:
            return data + b"\n" + zlib.decompressobj().decompress(data[at:], 1 << 20)
        except zlib.error:
            return data
    return data
