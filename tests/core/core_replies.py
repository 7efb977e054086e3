"""What a played call came to, in words short enough to compare: its rows, its requests, its intents. Must not test."""

from __future__ import annotations

import json

from core_world import World

from bridge.core.model import Outcome, Reply, Route, Rows


def rows(reply: Reply | None) -> tuple[Outcome, ...]:
    """The rows of an answer that has some."""
    assert isinstance(reply, Rows)
    return reply.outcomes


def told(reply: Reply | None) -> list[str]:
    """What the rows say, in a word each."""
    return [each.told.value for each in rows(reply)]


def posts(world: World) -> list[str]:
    """The amounts that went out by REST, in order."""
    return [str(json.loads(each.body)["amount"]) for each, _ in world.zuora.requests if each.route is Route.REST]


def routes(world: World) -> list[str]:
    """The requests that went out, in order."""
    return [each.route.value for each, _ in world.zuora.requests]


def states(world: World) -> list[str]:
    """Where all intents stand, by position."""
    return [each.state.value for each in sorted(world.journal.intents.values(), key=lambda each: each.position)]
