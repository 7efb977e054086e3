"""What policy says of one object, and the account that it says it of.

The account is the same however it is found: by its Id, by its number, or through the payment, refund or document that
the object names. It is looked up only where policy can answer otherwise for it. Must not hold a rule.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.core.classify.common import fact
from bridge.core.classify.verdicts import Prefer, Preference
from bridge.core.commands import Facts
from bridge.core.facts import AccountFact, Question, WhichAccount
from bridge.core.model import Route, ZObject

_ID = re.compile(r"[0-9a-fA-F]{32}")
"""How an Id looks that Zuora makes; anything else in its place may be a number (Zuora: Accounts, account-key)."""


class Choice:
    """Policy asked about one object: once, and after its account is known as far as it can be.

    ``looks``: whether the account may be looked up. ``only_soap``: policy is asked for the record alone.
    """

    __slots__ = ("_asked", "_number", "_obj", "_only_soap", "_open", "_prefer", "account", "asks")

    def __init__(self, prefer: Prefer, obj: ZObject, *, looks: bool, only_soap: bool) -> None:
        named = obj.word("AccountId")
        known = named is not None and _ID.fullmatch(named) is not None
        self._prefer, self._obj, self._only_soap = prefer, obj, only_soap
        self._asked: Preference | None = None
        self._open = False
        self._number = None if known else named
        self.account = named if known else None
        self.asks = looks and prefer.asks_account and not known

    @property
    def questions(self) -> tuple[Question, ...]:
        """What to ask where the object names its account by something that is no Id."""
        return (WhichAccount(self._number),) if self.asks and self._number is not None else ()

    def hear(self, facts: Facts) -> None:
        """The answer to ``questions``; raises ``NoVerdictError``. An account that Zuora lacks is none."""
        for question in self.questions:
            answer = fact(facts, question)
            self.found(answer.id if isinstance(answer, AccountFact) else None)
            self.asks = False

    def found(self, account: str | None) -> None:
        """The account as what the object names has it."""
        if account is not None:
            self.account, self.asks = account, False

    @property
    def preference(self) -> Preference:
        """What policy says."""
        if self._asked is None:
            self._asked = self._prefer.of(self._obj, self.account)
        return self._asked

    def rest(self) -> bool:
        """Whether policy wants REST and has a say; asked last, where both routes could carry the object."""
        self._open = True
        return not self._only_soap and self.preference.route is Route.REST

    @property
    def of_rest(self) -> Preference:
        """What policy says of an object that goes by REST; no ramp counts it where nothing else was possible."""
        return self.preference if self._open else replace(self.preference, ramp=None)
