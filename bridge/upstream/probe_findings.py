"""What a probe found: a subject, how it stands to the configuration, and what to set. Must not probe anything."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class State(enum.Enum):
    """How a finding stands to what is configured."""

    AGREES = "agrees"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    UNKNOWN = "cannot be probed"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact. ``configured`` is empty where nothing configures it; ``advice`` is what to set or do, a line each."""

    subject: str
    state: State
    found: str
    configured: str = ""
    advice: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The finding for ``--json``."""
        return {
            "subject": self.subject,
            "state": self.state.value,
            "found": self.found,
            "configured": self.configured,
            "advice": list(self.advice),
        }


def any_wrong(findings: Iterable[Finding]) -> bool:
    """Whether something has to be put right."""
    return any(each.state is State.WRONG for each in findings)
