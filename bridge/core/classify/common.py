"""What payments and refunds share while they are classified: reading facts, required fields, the gateway."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.core.classify.verdicts import Asking
from bridge.core.commands import Facts
from bridge.core.facts import AccountFact, Fact, GatewayFact, NoVerdict, Question, WhichGateway
from bridge.core.model import ZObject
from bridge.core.refusals import invalid, missing
from bridge.core.words import shown


class NoVerdictError(Exception):
    """A look-up without a verdict: nothing may be sent on it."""


def fact(facts: Facts, question: Question) -> Fact:
    """The fact; raises ``NoVerdictError`` where the look-up got none."""
    answer = facts[question]
    if isinstance(answer, NoVerdict):
        raise NoVerdictError(answer.reason)
    return answer


def required(obj: ZObject, name: str) -> str:
    """The field's text without surrounding white space; raises ``Refusal`` MISSING_REQUIRED_VALUE."""
    value = obj.word(name)
    if value is None:
        raise missing(name)
    return value


def names(obj: ZObject) -> Iterator[str]:
    """Every name in the object, at any depth."""
    yield from obj.fields
    yield from obj.verbatim
    for name, rows in obj.children.items():
        yield name
        for row in rows:
            yield from names(row)


def gateway_of(obj: ZObject, account: AccountFact) -> Asking[GatewayFact | None]:
    """The gateway instance named by the caller or, for an electronic movement, the account's default.

    SOAP names instances, REST takes ids. An unknown or inactive name is INVALID_VALUE; no default leaves the choice
    to Zuora's gateway routing.
    """
    name = obj.word("Gateway")
    field: str | None = "Gateway"
    if name is None:
        if obj.word("Type") != "Electronic" or account.gateway is None:
            return None
        # The caller did not send the account's default, so no field of theirs is to blame for it.
        name, field = account.gateway, None
    facts = yield (WhichGateway(name),)
    gateway = fact(facts, WhichGateway(name))
    if not isinstance(gateway, GatewayFact):
        raise invalid(field, f"There is no payment gateway {shown(name, 100)!r}.")
    if not gateway.active:
        raise invalid(field, f"The payment gateway {gateway.name} is not active.")
    return gateway


def has_verbatim(obj: ZObject) -> bool:
    """Whether any element, at any depth, is known only as XML."""
    return bool(obj.verbatim) or any(has_verbatim(row) for rows in obj.children.values() for row in rows)
