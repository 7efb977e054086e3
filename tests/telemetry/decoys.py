"""Decoys: card numbers, bank accounts and secrets that never were, made from a seed, each of them once.

A decoy is known by what must not be seen anywhere: the first and the last digits of a number, or a word of ten
characters behind a mark that nothing else has. Numbers of accounts that are no IBAN and all words have no shape: only
the name they stand behind can save them. Must not know where a decoy is put.
"""

from __future__ import annotations

import itertools
import random
import string
from dataclasses import dataclass
from typing import Literal

MARK = "Zq7h"
"""What every word begins with."""

WORD = 10
DIGITS = 12
"""So many digits of a number, at its beginning or its end, are too many (PCI DSS 4.0.1, 3.4.1 allows six and four)."""

Kind = Literal["card", "iban", "account", "password", "session", "token", "secret"]
Words = Literal["password", "session", "token", "secret"]

# Issuer prefixes and lengths (ISO/IEC 7812-1; the schemes' published ranges), in turn.
BRANDS = (
    ("4", 16),
    ("51", 16),
    ("2221", 16),
    ("34", 15),
    ("36", 14),
    ("6011", 16),
    ("3528", 16),
    ("62", 19),
    ("4", 13),
    ("6304", 12 + 5),
    ("37", 15),
    ("55", 16),
    ("4", 19),
    ("5018", 18),
)
_FORMS: dict[str, str] = {
    # What callers' passwords look like, and what must be escaped to stand in XML, JSON or a URL.
    "password": "{}&<\u00fc>/'\"x",
    "session": "{}+/Ab9==",
    "token": "eyJhbGciOiJIUzI1NiJ9.{}.sig-_x",
    "secret": "{}=Qs",
}


@dataclass(frozen=True)
class Decoy:
    """One of them: what is sent, and the part that must never be seen, in lower case."""

    kind: Kind
    value: str
    core: str


class Decoys:
    """Makes decoys, and remembers all of them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._brands = itertools.cycle(BRANDS)
        self._seen: set[str] = set()
        self.all: list[Decoy] = []

    def card(self) -> str:
        """A Luhn-valid number of the next brand."""
        prefix, length = next(self._brands)
        while True:
            digits = prefix + self._digits(length - len(prefix) - 1)
            value = digits + luhn(digits)
            if self._new(value[:DIGITS], value[-DIGITS:]):
                return self._made("card", value, value)

    def iban(self) -> str:
        """A valid German or Norwegian account."""
        country, length = self._random.choice((("DE", 18), ("NO", 11), ("AT", 16)))
        while True:
            account = self._digits(length)
            check = 98 - int(account + "".join(str(int(each, 36)) for each in country) + "00") % 97
            value = f"{country}{check:02}{account}"
            if self._new(value[2 : 2 + DIGITS], value[-DIGITS:]):
                return self._made("iban", value, value[2:])

    def account(self) -> str:
        """A bank account's number of 17 digits that is no card's."""
        while True:
            value = "9" + self._digits(16)
            if luhn(value[:-1]) != value[-1] and self._new(value[:DIGITS], value[-DIGITS:]):
                return self._made("account", value, value)

    def word(self, kind: Words) -> str:
        """A password, session, bearer token or client secret."""
        while True:
            core = MARK + "".join(self._random.choices(string.ascii_letters + string.digits, k=WORD))
            if self._new(core.lower()):
                return self._made(kind, _FORMS[kind].format(core), core.lower())

    def _digits(self, count: int) -> str:
        return "".join(self._random.choices(string.digits, k=count))

    def _new(self, *parts: str) -> bool:
        if not self._seen.isdisjoint(parts):
            return False
        self._seen.update(parts)
        return True

    def _made(self, kind: Kind, value: str, core: str) -> str:
        self.all.append(Decoy(kind, value, core))
        return value


def luhn(digits: str) -> str:
    """The check digit (ISO/IEC 7812-1, annex B)."""
    doubled = [int(each) * 2 - 9 * (int(each) > 4) for each in digits[::-2]]
    return str(-(sum(doubled) + sum(int(each) for each in digits[-2::-2])) % 10)
