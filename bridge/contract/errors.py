"""The only exceptions that leave this room: one for a WSDL we cannot use, one for a request we cannot read.

A ``DecodeError`` says which rule was broken and by what, so that the facade chooses the fault; its text is fit for a
``faultstring`` and never repeats more than 40 characters of the caller's value. Must not hold lxml objects.
"""

from __future__ import annotations

import enum

from bridge.core.words import numberless


class ContractError(ValueError):
    """A WSDL or extension file that is malformed, contradictory or beyond what this room can model."""


class Problem(enum.Enum):
    """What a request's element got wrong."""

    MISSING_TYPE = "missing type"
    UNKNOWN_TYPE = "unknown type"
    WRONG_TYPE = "wrong type"
    INVALID_VALUE = "invalid value"
    DUPLICATE = "duplicate element"
    UNEXPECTED = "unexpected element"
    MISSING_ELEMENT = "missing element"


class DecodeError(ValueError):
    """A request element that cannot be read without guessing. ``subject`` is the element or type it is about."""

    def __init__(self, problem: Problem, subject: str, message: str) -> None:
        super().__init__(numberless(message))
        self.problem = problem
        self.subject = subject
