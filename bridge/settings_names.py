"""Variables that look like settings and are none: a misspelt one would quietly not count, with money at stake.

Only what comes near to a setting's name is told: other programs have BRIDGE_... variables too, and Kubernetes makes
some of its own for every Service (``BRIDGE_SERVICE_HOST``, ``BRIDGE_PORT_8080_TCP``). Must not read a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from pydantic import BaseModel

PREFIX = "BRIDGE_"

CLOSE = 0.87
"""How alike a name must be to be taken for a misspelling: one letter in eight."""

_NOT_OURS = re.compile(r".*_SERVICE_(HOST|PORT(_\w+)?)|.*_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?")

_OTHERS = re.compile(r"BRIDGE_(CONFIG|PARITY_\w+|TEST_\w+)")
"""What the bridge's own commands and tests read beside the settings."""


def misspelt(variables: Iterable[str], settings: type[BaseModel]) -> list[tuple[str, str]]:
    """Each variable that is no setting and all but one, with the setting that is meant."""
    known = {_flat(name): name for name in _names(settings, PREFIX)}
    parts = {name.upper() for name in settings.model_fields}
    found = []
    for variable in sorted(variables):
        name = variable.upper()
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX).split("__")[0] in parts:
            # What comes behind a part's name is judged where the part is read.
            continue
        if _OTHERS.fullmatch(name) or _NOT_OURS.fullmatch(name):
            continue
        part, nested, _ = name.partition("__")
        if meant := get_close_matches(_flat(name), known, 1, CLOSE):
            found.append((variable, known[meant[0]]))
        elif nested and (meant := get_close_matches(part, known, 1, CLOSE)):
            found.append((variable, f"{known[meant[0]]}__..."))
    return found


def _flat(name: str) -> str:
    return name.replace("__", "_")


def _names(settings: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        yield prefix + name.upper()
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind, f"{prefix}{name.upper()}__")
