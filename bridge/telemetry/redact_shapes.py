"""Secrets known by their shape alone: card numbers and international bank account numbers.

Contract: ``mask_shapes`` replaces every Luhn-valid run of 13 to 19 digits, with or without separators, and every
valid IBAN, wherever they stand; ids of 32 hexadecimal digits, dates and times in milliseconds stay. Where it errs, it
hides too much: PCI DSS 4.0.1 requirement 3.5.1 counts logs among the places where a card number must be unreadable.
"""

import re
from collections.abc import Iterator

CARD_MASK = "[card]"
BANK_MASK = "[bank]"

_RUN = re.compile(r"\d(?:[ \u00a0.+-]?\d){12,}")
_GROUP = re.compile(r"\d+")
_HEX_LENGTHS = frozenset({32, 40, 64})
_MOST_GROUPS = 64
_STARTS_LIKE_A_CARD = re.compile(r"[3-6]|2[ \u00a0.+-]?[2-7]")

# Lengths from the IBAN Registry (ISO 13616), as published by SWIFT.
_IBAN_COUNTRIES = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 "
    "EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 "
    "IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 "
    "NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 "
    "TN:24 TR:26 UA:29 VA:22 VG:24 XK:20"
)
_IBAN_LENGTHS = {item[:2]: int(item[3:]) for item in _IBAN_COUNTRIES.split()}
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ \u00a0.+-]?[0-9A-Za-z]){11,30}")
_BETWEEN = " \u00a0.+-"
_GLUED = str.maketrans("", "", _BETWEEN)


def mask_shapes(text: str) -> str:
    """Replace bank account and card numbers."""
    if len(text) < 13:
        return text
    return _RUN.sub(_mask_run, _IBAN.sub(_mask_iban, text))


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where those numbers stand and what is to stand there instead; a span may begin before the one before it ends."""
    for found in _IBAN.finditer(text):
        if (end := _iban_end(found)) is not None:
            yield found.start(), found.start() + end, BANK_MASK
    for found in _RUN.finditer(text):
        for start, end in _cards(found):
            yield found.start() + start, found.start() + end, CARD_MASK


def is_card_number(digits: str) -> bool:
    """Tell whether a text's digits are 13 to 19 and satisfy the Luhn check (ISO/IEC 7812-1, annex B)."""
    numbers = [int(c) for c in digits if c.isdecimal()]
    if not 13 <= len(numbers) <= 19 or not any(numbers):
        return False
    if numbers[0] == 1 and len(numbers) in {13, 16, 19}:
        return False  # time in milli-, micro- or nanoseconds since 1970; only 15-digit cards start with 1
    doubled = (n * 2 - 9 * (n > 4) for n in numbers[-2::-2])
    return (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN by its country's length and its check digits (modulo 97)."""
    plain = text.translate(_GLUED).upper()
    if not plain.isascii() or not plain.isalnum() or len(plain) != _IBAN_LENGTHS.get(plain[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _mask_iban(found: re.Match[str]) -> str:
    end = _iban_end(found)
    return found[0] if end is None else BANK_MASK + found[0][end:]


def _iban_end(found: re.Match[str]) -> int | None:
    words = found[0]
    length = _IBAN_LENGTHS.get(words[:2].upper(), 0)
    end = count = 0
    while count < length and end < len(words):
        count += words[end] not in _BETWEEN
        end += 1
    following = (words[end:] or found.string[found.end() :])[:1]
    return None if count < length or following.isalnum() or not is_iban(words[:end]) else end


def _mask_run(found: re.Match[str]) -> str:
    out: list[str] = []
    at = 0
    for start, end in _cards(found):
        out += [found[0][at:start], CARD_MASK]
        at = end
    return "".join(out) + found[0][at:]


def _cards(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Look for card numbers among a run's groups: an expiry date or a code may follow one."""
    run, index = found[0], 0
    groups = [group.span() for group in _GROUP.finditer(run)][:_MOST_GROUPS]
    while index < len(groups):
        last = _card_from(run, groups, index)
        if last is not None and not (len(groups) == 1 and _inside_hex(found.string, found.start(), found.end())):
            yield groups[index][0], groups[last][1]
            index = last
        index += 1


def _card_from(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the longest card number that starts at ``first`` and has one kind of separator."""
    best: int | None = None
    begin = groups[first][0]
    separator = run[groups[first][1] : groups[first][1] + 1]
    for last in range(first, len(groups)):
        end = groups[last][1]
        if last > first and run[groups[last - 1][1]] != separator:
            break
        digits = run[begin:end]
        # Cards in groups start with 3 to 6 or, since 2017, with 22 to 27: lists of dates do not.
        if end - begin > 40 or (last > first and not _STARTS_LIKE_A_CARD.match(digits)):
            break
        if is_card_number(digits):
            best = last
    return best


def _inside_hex(text: str, start: int, end: int) -> bool:
    hexadecimal = "0123456789abcdefABCDEF"
    while start > 0 and text[start - 1] in hexadecimal:
        start -= 1
    while end < len(text) and text[end] in hexadecimal:
        end += 1
    return end - start in _HEX_LENGTHS
