"""Reads a Dockerfile into stages and steps: the instructions that ours uses, and no other.

What is not understood is an error, so that no step can be passed over in silence. Must not run anything.
Source of the rules: Docker: Dockerfile reference.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

FLAGS = {
    "FROM": set(),
    "RUN": {"mount"},
    "COPY": {"from"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
}
PLAIN = {"ARG", "ENV", "LABEL", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
_NAME = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class NotUnderstood(Exception):
    """The Dockerfile has something that this reader does not know."""


@dataclass(frozen=True)
class Step:
    """One instruction: its flags and the rest of its line, unexpanded."""

    name: str
    flags: dict[str, str]
    rest: str
    line: int

    @property
    def words(self) -> list[str]:
        """The JSON form's list, or the words of the line."""
        return exec_form(self.rest) or shlex.split(self.rest)


@dataclass(frozen=True)
class Stage:
    """What begins with a FROM."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def only(self, name: str) -> Step:
        """The one step of this name."""
        (one,) = [step for step in self.steps if step.name == name]
        return one


def expand(text: str, values: dict[str, str]) -> str:
    """``$NAME`` and ``${NAME}`` replaced; one that nobody has set is an error here."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in values:
            raise NotUnderstood(f"nobody has set ${name}")
        return values[name]

    return _NAME.sub(value, text)


def exec_form(text: str) -> list[str] | None:
    """The list of ``["a", "b"]``; None for the shell form."""
    if not text.startswith("["):
        return None
    found = json.loads(text)
    if not all(isinstance(each, str) for each in found):
        raise NotUnderstood(f"no list of texts: {text}")
    return list(found)


def pairs(text: str) -> dict[str, str]:
    """``A=b C="d e"`` of ENV and LABEL, unexpanded."""
    made = {}
    for word in shlex.split(text):
        name, equals, value = word.partition("=")
        if not equals:
            raise NotUnderstood(f"no NAME=value: {word}")
        made[name] = value
    return made


def lines(text: str) -> list[tuple[int, str]]:
    """The logical lines with the number of their first; comments may stand within a continued one."""
    made: list[tuple[int, str]] = []
    going = ""
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first = first if going else number
        if line.rstrip().endswith("\\"):
            going += line.rstrip()[:-1] + " "
            continue
        made.append((first, (going + line).strip()))
        going = ""
    if going:
        raise NotUnderstood("the last line is continued")
    return made


def read(text: str, arguments: dict[str, str] | None = None) -> list[Stage]:
    """The stages. ``arguments`` are those of ``--build-arg`` for what stands before the first FROM."""
    stages: list[Stage] = []
    values: dict[str, str] = {}
    for number, line in lines(text):
        name, _, rest = line.partition(" ")
        name, rest = name.upper(), rest.strip()
        if name not in FLAGS and name not in PLAIN:
            raise NotUnderstood(f"line {number}: {name}")
        flags: dict[str, str] = {}
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[found[1]], rest = found[2], rest[found.end() :]
        if extra := set(flags) - FLAGS.get(name, set()):
            raise NotUnderstood(f"line {number}: --{extra.pop()} of {name}")
        if "<<" in rest:
            raise NotUnderstood(f"line {number}: a here-document")
        if name == "FROM":
            base, _, called = expand(rest, values).partition(" AS ")
            stages.append(Stage(base.strip(), called.strip() or str(len(stages))))
        elif stages:
            stages[-1].steps.append(Step(name, flags, rest, number))
        elif name == "ARG":
            values |= {key: (arguments or {}).get(key, value) for key, value in pairs(rest).items()}
        else:
            raise NotUnderstood(f"line {number}: {name} before FROM")
    return stages
