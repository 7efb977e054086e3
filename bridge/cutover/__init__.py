"""Policy: which route carries an object that more than one can carry. Must not touch the wire.

Ordered, versioned rules kept in the journal database come with the cutover issue; until then the answer is the
default that stands where no rule matches: ``soap``.
"""

from __future__ import annotations

from bridge.core.model import Route, ZObject

__all__ = ["default_route"]


def default_route(_obj: ZObject) -> Route:
    """The route where no rule matches."""
    return Route.SOAP
