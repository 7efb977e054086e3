"""The ledger of known differences: what is accepted, by whom, why, under which ticket, and until when.

An entry that has expired fails the run, and so does one that nothing has hit: what is no longer different must not
stand there. Those shipped with the bridge are inherent in two routes of Zuora's and need no hit. No entry covers a
difference of money: there is no field for it. Must not compare.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bridge.parity.terms import ClassKey, Kind, ParityError

SHIPPED = Path(__file__).with_name("known.toml")
_NEEDED = ("path", "kind", "operation", "owner", "reason", "ticket", "expires")


@dataclass(frozen=True, slots=True)
class Known:
    """One entry; patterns are of the shell (``*``, ``?``, ``[ab]``)."""

    path: str
    kind: Kind
    operation: str
    object: str
    owner: str
    reason: str
    ticket: str
    expires: date
    shipped: bool = False
    between: str = "*"

    def covers(self, key: ClassKey, between: str) -> bool:
        """Whether it is about this class; ``between`` names the two sides' routes, such as ``rest soap``."""
        return (
            self.kind is key.kind
            and fnmatchcase(key.path, self.path)
            and fnmatchcase(key.operation, self.operation)
            and fnmatchcase(key.object, self.object)
            and fnmatchcase(between, self.between)
        )


def read(path: Path, *, shipped: bool = False) -> tuple[Known, ...]:
    """A TOML file of ``[[difference]]``; ``ParityError`` names the entry at fault."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ParityError(f"the ledger {path} cannot be read: {type(error).__name__}") from None
    except tomllib.TOMLDecodeError as error:
        raise ParityError(f"{path}: {error}") from None
    listed = told.get("difference", [])
    if not isinstance(listed, list) or set(told) - {"difference"}:
        raise ParityError(f"{path}: only [[difference]] tables are understood")
    return tuple(_known(each, f"{path}, difference {place}", shipped) for place, each in enumerate(listed, 1))


def inherent() -> tuple[Known, ...]:
    """What SOAP and REST differ in by nature."""
    return read(SHIPPED, shipped=True)


def faults(entries: Sequence[Known], hits: Sequence[int], today: date) -> list[str]:
    """Why the ledger itself fails a run."""
    found = []
    for entry, hit in zip(entries, hits, strict=True):
        name = f"{entry.operation} {entry.object} {entry.path} {entry.kind.value} ({entry.owner}, {entry.ticket})"
        if entry.expires < today:
            found.append(f"expired on {entry.expires}: {name}")
        elif not hit and not entry.shipped:
            found.append(f"nothing was hit by: {name}")
    return found


def _known(told: Any, where: str, shipped: bool) -> Known:
    if not isinstance(told, dict):
        raise ParityError(f"{where}: not a table")
    missing = [name for name in _NEEDED if not told.get(name)]
    unknown = sorted(set(told) - {*_NEEDED, "object", "between"})
    if missing or unknown:
        fault = f"{missing[0]} is missing" if missing else f"{unknown[0]} is not understood"
        raise ParityError(f"{where}: {fault}; needed are {', '.join(_NEEDED)}")
    try:
        kind = Kind(told["kind"])
    except ValueError:
        kinds = ", ".join(each.value for each in Kind)
        raise ParityError(f"{where}: {told['kind']!r} is no kind; there are {kinds}") from None
    expires = told["expires"]
    if type(expires) is not date:
        raise ParityError(f"{where}: expires must be a date such as 2027-06-30, without quotes")
    texts = {name: str(told.get(name, "*")) for name in ("path", "operation", "object", "owner", "reason", "ticket")}
    return Known(kind=kind, expires=expires, shipped=shipped, between=str(told.get("between", "*")), **texts)
