"""Renders the transition table as the Mermaid diagram in ``bridge/README.md``: ``python tests/core/diagram.py``."""

from __future__ import annotations

from bridge.core.intent import TRANSITIONS, State

BEGINS = "<!-- states -->"
ENDS = "<!-- /states -->"


def diagram() -> str:
    """The table as a Mermaid state diagram, states in the order of their declaration."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.RECEIVED.name}"]
    lines += [
        f"    {source.name} --> {target.name}" for source in State for target in State if target in TRANSITIONS[source]
    ]
    lines += [f"    {state.name} --> [*]" for state in State if not TRANSITIONS[state]]
    return "\n".join([*lines, "```"])


def section() -> str:
    """What the README holds, markers included."""
    return f"{BEGINS}\n{diagram()}\n{ENDS}"


if __name__ == "__main__":
    print(section())
