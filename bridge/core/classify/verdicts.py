"""What classification comes to. Plain values; must not decide anything."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bridge.core.commands import Facts
from bridge.core.facts import Question
from bridge.core.model import Route, RowError, ZObject

_T = TypeVar("_T")
Asking = Generator[tuple[Question, ...], Facts, _T]
"""Yields questions, is sent facts, returns its result."""

Prefer = Callable[[ZObject], Route]
"""Policy: which route carries an object that both can."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Goes by Zuora's SOAP, as ``obj``: the caller's, with an absent Amount filled where the rule says so."""

    obj: ZObject
    reason: str


@dataclass(frozen=True, slots=True)
class Translate:
    """Goes by REST as ``POST path`` with ``body``. Objects of one ``lane`` (an account) run one after another."""

    obj: ZObject
    path: str
    body: Mapping[str, object]
    lane: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused before anything was sent. ``unsent``: for want of a verdict, so that a repeat is a new attempt."""

    errors: tuple[RowError, ...]
    unsent: bool = False


Verdict = Forward | Translate | Refused
