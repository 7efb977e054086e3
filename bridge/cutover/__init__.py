"""Policy: which route carries what more than one can carry. Must not touch the wire.

Ordered, versioned rules kept in the journal database come with the cutover issue; until then the owner's fixed routes
(``BRIDGE_ROUTES``) answer, and where none is given the default stands: ``soap``, for JSON callers ``action``.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.core.classify import Prefer
from bridge.core.model import Caller, Op, Route, ZObject

__all__ = ["Policy", "default_route"]

QUERY = "query"


def default_route(_obj: ZObject) -> Route:
    """The route where no rule matches, for SOAP callers."""
    return Route.SOAP


class Policy:
    """Fixed routes by ``Payment.create``, ``Refund.*``, ``*.query`` or ``*``; the most particular name wins."""

    def __init__(self, routes: Mapping[str, Route] | None = None) -> None:
        self._routes = dict(routes or {})

    def prefer(self, caller: Caller, op: Op, object_type: str) -> Prefer:
        """The policy for one call, as core asks it object by object."""
        route = self._route(object_type, op.value, Route.ACTION if caller.own else Route.SOAP)
        if caller.own and route is Route.SOAP:
            # A JSON caller has no SOAP session.
            route = Route.ACTION
        return lambda _obj: route

    def query_route(self, caller: Caller, object_type: str) -> Route:
        """The route of a query; ``soap`` stands for passing the caller's own request through."""
        del caller
        route = self._route(object_type, QUERY, Route.SOAP)
        return Route.REST if route is Route.REST else Route.SOAP

    def query_may_rest(self, object_type: str) -> bool:
        """Whether any caller's query of this object goes by REST; asked before it is known who calls."""
        return self._route(object_type, QUERY, Route.SOAP) is Route.REST

    def _route(self, object_type: str, op: str, default: Route) -> Route:
        names = (f"{object_type}.{op}", f"{object_type}.*", f"*.{op}", "*")
        return next((self._routes[name] for name in names if name in self._routes), default)
