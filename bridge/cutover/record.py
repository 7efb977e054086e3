"""Why an object went its way, as the journal keeps it: written for each intent, read when somebody asks.

The text is bounded: it stands beside every intent. What was written is read for as long as intents are kept, also where
an older bridge wrote it. Must not decide anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bridge.cutover.rules import Asked, Decision

BYTES = 700
"""Of policy's part, in UTF-8; with what was possible beside it an intent keeps less than 1 KB."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def written(made: Decision, asked: Asked, revision: int) -> str:
    """Policy's part, as JSON: of the rules that were passed over the first ones that there is room for."""
    rule = made.rule
    told: dict[str, object] = {
        "rev": revision,
        "rule": rule.name if rule is not None else None,
        "route": made.route.value,
        "account": asked.account,
    }
    if made.place is not None:
        told["place"] = str(made.place)
    if made.inside is not None:
        told["inside"] = made.inside
    if made.shadowed:
        told["shadow"] = True
    if not made.passed:
        return _ENCODE(told)
    text = _ENCODE(told)
    # The longest that may follow: the names of both lists, and the number of those left out.
    room = BYTES - len(text.encode()) - len(',"passed":[],"more":200')
    kept: list[tuple[str, str]] = []
    for each in made.passed:
        room -= len(_ENCODE(each).encode()) + 1
        if room < 0:
            break
        kept.append(each)
    told["passed"] = kept
    if len(kept) < len(made.passed):
        told["more"] = len(made.passed) - len(kept)
    return _ENCODE(told)


class Unread(ValueError):
    """A text that this bridge cannot read: a newer one has written it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What is kept of a decision.

    ``rule`` is the one that answered, None where none did; ``passed`` those before it, each with the first condition
    that failed, and ``more`` how many of them are not kept. ``route`` is policy's; ``reason`` is what the object asks
    for, by which it was decided what is possible, and ``overruled`` says that it did not go policy's way for that.
    ``shadowed``: REST was compared with it.
    """

    revision: int
    rule: str | None
    route: str
    account: str | None
    place: Decimal | None
    inside: bool | None
    passed: tuple[tuple[str, str], ...]
    more: int
    reason: str
    overruled: bool
    shadowed: bool = False


def read(text: str) -> Decided:
    """What an intent keeps; raises ``Unread``."""
    try:
        whole: dict[str, Any] = json.loads(text)
        said: dict[str, Any] = whole["policy"]
        place = said.get("place")
        return Decided(
            int(said["rev"]),
            said["rule"],
            str(said["route"]),
            said["account"],
            Decimal(place) if place is not None else None,
            said.get("inside"),
            tuple((str(name), str(why)) for name, why in said.get("passed", ())),
            int(said.get("more", 0)),
            str(whole["capability"]),
            bool(whole["overruled"]),
            said.get("shadow") is True,
        )
    except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise Unread(f"what was kept of the decision cannot be read by this bridge: {error}") from None
