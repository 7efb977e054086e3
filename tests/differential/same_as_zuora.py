"""Runs every case at one door, both ways, and tells where the answers or the books part. Must not know a case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from differential_cases import CASES
from differential_known import APART, DEFAULT, Known, allowed, differences, known
from differential_objects import dated
from differential_steps import Step
from two_zuoras import DOORS, Seen, Two

BOOKS = 8
"""Cases between two looks at the books, which grow: each look costs as much as a case."""


def parted(two: Two, door: str, version: str, *, policy: str = DEFAULT, apart: bool = False) -> list[str]:
    """Every difference that is not a known one; ``apart`` runs the cases whose books part, and those alone."""
    number = int(version.partition(".")[0])
    found: list[str] = []
    since = ""
    for place, (name, steps) in enumerate(CASES.items()):
        expected = known(name, door, policy, number)
        if (expected is not None and expected.level in APART) is not apart:
            continue
        if not all(DOORS[door](step, version, two.zuora) for step in steps):
            continue
        tag = f"{name} ({door} {version})"
        found += _case(two, dated(steps, number, tag), door, version, tag, expected)
        since = since or tag
        if not apart and (place % BOOKS == 0 or found):
            if books := _books(two, door, policy):
                # What comes after on parted books would differ too.
                return [*found, *(f"the books, from {since} to {tag}: {each}" for each in books)]
            since = ""
    if not apart:
        found += [f"the books at the end: {each}" for each in _books(two, door, policy)]
    else:
        found += [f"{door} {version}: {each}" for world in two.sides for each in world.world.ledger()["violations"]]
    return found


def _books(two: Two, door: str, policy: str) -> list[str]:
    zuora, bridged = two.ledgers()
    return differences(zuora, told_alike(bridged, door, policy))


def _case(two: Two, steps: Iterable[Step], door: str, version: str, tag: str, expected: Known | None) -> list[str]:
    two.forget()
    found, differs = [], False
    for place, step in enumerate(steps):
        zuora, bridged = two.both(lambda side, step=step: DOORS[door](step, version, side))  # type: ignore[misc]
        if (zuora.status, zuora.headers, zuora.body) == (bridged.status, bridged.headers, bridged.body):
            continue
        if expected is not None and allowed(expected.level, zuora, bridged):
            differs = True
            continue
        found.append(f"{tag}, request {place}: {_shown(zuora)}\n    but through the bridge: {_shown(bridged)}")
    if expected is not None and expected.strict and not differs and not found:
        found.append(f"{tag}: no difference, although one is known: {expected.why}")
    return found


def _shown(seen: Seen) -> str:
    body = seen.body.partition("<soapenv:Body>")[2].partition("</soapenv:Body>")[0] or seen.body
    return f"{seen.status} {dict(seen.headers)} {body[:800]}"


_OWN_REFERENCE = re.compile(r"i-[0-9a-f]{30}")


def told_alike(books: Mapping[str, Any], door: str, policy: str) -> Mapping[str, Any]:
    """The books without what the bridge is known to leave in them.

    What goes under its own credential was created by its own OAuth client, and a refund that it makes by REST carries
    the id of its intent where the caller gave no reference.
    """
    own = door not in ("action", "crud") or policy == "rest"
    if policy == DEFAULT or not own:
        return books
    return {shelf: _without_traces(objects, door) for shelf, objects in books.items()}


def _without_traces(objects: Any, door: str) -> Any:
    if not isinstance(objects, Mapping):
        return objects
    made = {}
    for key, one in objects.items():
        plain = dict(one)
        if plain.get("createdById") == "client" and door not in ("action", "crud"):
            plain["createdById"] = "user"
        if _OWN_REFERENCE.fullmatch(str(plain.get("referenceId"))):
            plain["referenceId"] = None
        made[key] = plain
    return made
