"""What the bridge is made of: the lock file, and what the installed distributions say of themselves.

Read in the environment that the lock file was installed into. Must not judge, ask a network or write a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ITSELF = "bridge"
TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What an environment has before anything is installed into it."""

UNKNOWN = ""
TEST = "test"

SPDX = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""Licences by the names of classifiers and of old metadata; the two that say just BSD have a text of three clauses."""


@dataclass(frozen=True)
class Part:
    """One line of the lock file, with what is known of it here."""

    name: str
    version: str
    line: str
    applies: bool
    """Whether its marker is true on this machine."""
    installed: str | None = None
    """The version that is installed."""
    licence: str = UNKNOWN
    """An SPDX expression."""
    summary: str = ""
    needs: frozenset[str] = field(default_factory=frozenset)


def locked() -> dict[str, Part]:
    """The lock file, by name."""
    found = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        text = line.split(" \\")[0].strip()
        if not text or text.startswith(("#", "--hash")):
            continue
        part = _part(text)
        found[part.name] = part
    return found


def _part(text: str) -> Part:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return Part(text, "", text, True)
    name = canonicalize_name(requirement.name)
    pin = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
    applies = _true(requirement.marker)
    made = Part(name, pin[1] if pin else "", text, applies)
    try:
        there = distribution(name)
    except PackageNotFoundError:
        return made
    needs = frozenset(each for each, _ in _needs(there, frozenset(requirement.extras)))
    summary = there.metadata["Summary"] or ""
    return Part(name, made.version, text, applies, there.version, licence_of(there), summary, needs)


def installed() -> dict[str, str]:
    """Every distribution of this environment but the bridge and pip, with its version."""
    found = {canonicalize_name(each.name): each.version for each in distributions()}
    return {name: version for name, version in found.items() if name not in {ITSELF, *TOOLS}}


def wanted(extra: str = "") -> frozenset[str]:
    """What the bridge itself asks for, and all that this asks for in turn; with an extra, where one is given."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(_needs(distribution(ITSELF), frozenset({extra} if extra else ())))
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            waiting += _needs(distribution(name), extras)
        except PackageNotFoundError:
            continue
    # An extra may ask for another one of the bridge's own.
    return frozenset(name for name, _ in seen if name != ITSELF)


def extras() -> list[str]:
    """The bridge's extras."""
    return distribution(ITSELF).metadata.get_all("Provides-Extra") or []


def licence_of(there: Distribution) -> str:
    """What it says of its licence, as SPDX; empty where it says nothing that is known."""
    metadata = there.metadata
    if expression := metadata["License-Expression"]:
        return str(expression)
    names = [text.rpartition("::")[2].strip() for text in metadata.get_all("Classifier") or () if "License ::" in text]
    text = (metadata["License"] or "").strip()
    # A whole licence in the field is no name; those packages have a classifier.
    names = ([text] if text and "\n" not in text else []) + names
    return next((SPDX.get(name.lower(), name) for name in names), UNKNOWN)


def _needs(there: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in there.requires or ():
        requirement = Requirement(text)
        if any(_true(requirement.marker, extra) for extra in ("", *extras)):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def _true(marker: Marker | None, extra: str = "") -> bool:
    return marker is None or marker.evaluate({"extra": extra})
