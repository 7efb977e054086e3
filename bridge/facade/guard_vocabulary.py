"""Names that may enter this thread's name table, and a thread of its own for every document with other names.

Why this exists: lxml keeps one libxml2 dictionary per thread and interns every element, attribute, prefix and
namespace name into it, and some runs of white space; nothing is freed before the thread ends (lxml pull request 466,
"Make the XML names dict local to a parser", describes it). Measured with lxml 6.1: documents of ever new names grow
the process for ever, and at about 100 MB libxml2 refuses every further document in that thread. A stranger who has
not logged in could so stop the bridge. Documents made of known names are parsed where they arrive; all others in a
thread that ends with them, and what was learned from accepted ones is bounded.

Contract: ``knows`` is false unless every string libxml2 would intern is known. Must not judge a document.
"""

import re
import threading
from collections.abc import Callable
from typing import TypeVar

from bridge.facade.guard_scan import ATTRIBUTES, TAG

# Everything up to the first ">" and the white space behind it that libxml2 would intern (xmlSAX2TextNode: blank,
# shorter than 60, longer than what fits into the node). A ">" inside an attribute cuts the piece short; such a piece
# does not read as a tag, so it is never learned.
_PIECE = re.compile(rb"<[^>]*+>?(?:[ \t\r\n]{15,60}(?=<))?")
_LONGEST_DOCUMENT = 64 * 1024
_LONGEST_PIECE = 512
_MOST_PIECES = 4096
_MOST_NEW_PIECES = 256

_Result = TypeVar("_Result")


class Vocabulary:
    """The pieces of markup seen in accepted documents, and the names in them, up to a budget of bytes."""

    def __init__(self, budget: int = 256 * 1024) -> None:
        self._budget = budget
        self._pieces: set[bytes] = set()
        self._names: set[bytes] = set()

    def pieces(self, markup: bytes) -> frozenset[bytes] | None:
        """Return the distinct pieces of a document, or None if it is too large to be worth it."""
        return frozenset(_PIECE.findall(markup)) if len(markup) <= _LONGEST_DOCUMENT else None

    def knows(self, pieces: frozenset[bytes] | None) -> bool:
        """Tell whether a document of these pieces adds nothing to the thread's table."""
        return pieces is not None and pieces <= self._pieces

    def learn(self, pieces: frozenset[bytes] | None) -> None:
        """Remember the pieces of an accepted document; at the budget's end nothing new is learned."""
        if pieces is None:
            return
        new = pieces - self._pieces
        if len(new) > _MOST_NEW_PIECES:
            return
        if len(self._pieces) + len(new) > _MOST_PIECES:
            # Names stay counted: they are in the table for good, whether or not we remember the pieces.
            self._pieces = set()
        for piece in new:
            names = _interned(piece)
            if names is None:
                continue
            unknown = names - self._names
            cost = sum(map(len, unknown)) + 32 * len(unknown)
            if cost <= self._budget:
                self._budget -= cost
                self._names |= unknown
                self._pieces.add(piece)


def _interned(piece: bytes) -> set[bytes] | None:
    """Return what libxml2 would intern of one piece, or None if it is not exactly one tag."""
    if len(piece) > _LONGEST_PIECE:
        return None
    tag = piece.rstrip(b" \t\r\n")
    names = {piece[len(tag) :]}
    if tag.startswith(b"</"):
        names.add(tag[2:-1].rstrip())
        return names if tag.endswith(b">") else None
    read = TAG.fullmatch(tag)
    if read is None:
        return None
    names.add(read[1])
    for name, value in ATTRIBUTES.findall(read[2]):
        names.add(name)
        if name.startswith(b"xml"):  # namespace names are interned too, and so would ids be
            names.add(value)
    return names


def apart(work: Callable[[], _Result]) -> _Result:
    """Run ``work`` in a thread of its own, whose name table ends with it and with the documents it made."""
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="guard", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
