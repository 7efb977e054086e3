"""Zuora's limits as its edge enforces and tells them: concurrent requests, and requests per minute.

Source: Zuora Developer Center, "Rate and concurrency limits" (40 at once, the token endpoint excepted; 50,000 a minute,
2,000 for logins and tokens; what fails counts too), and "SOAP API calls" for the fault and its ``Retry-After: 120``.
REST answers tell what is left; one with a 5xx need not, and does not here. Contract: what entered leaves once. Must not
look into a request.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.sandbox.clock import TenantClock
from bridge.sandbox.settings import Settings

RETRY_SECONDS = 120
MINUTE = 60
LOGINS_PER_MINUTE = 2_000


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A request that is turned away, with the headers that say for how long."""

    headers: dict[str, str]


@dataclass(slots=True)
class Limits:
    """What is under way at a host, and what came in this minute of the tenant's clock."""

    clock: TenantClock
    _under_way: int = 0
    _minute: int = -1
    _counts: dict[str, int] = field(default_factory=dict)

    def enter(self, face: str, login: bool, settings: Settings) -> Exceeded | None:
        """Count a request in, whatever becomes of it; or turn it away, which counts as well."""
        kind = "auth" if login else "api"
        second = int(self.clock.now().timestamp())
        if second // MINUTE != self._minute:
            self._minute = second // MINUTE
            self._counts.clear()
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        self._under_way += 1
        if count > self._per_minute(kind, settings):
            self._under_way -= 1
            return Exceeded({"Retry-After": str(MINUTE - second % MINUTE), **self._rate(kind, settings)})
        if face != "oauth" and self._under_way > settings.concurrent_requests:
            self._under_way -= 1
            return Exceeded({"Retry-After": str(RETRY_SECONDS), **self.told(face, 429, settings)})
        return None

    def leave(self) -> None:
        """A request that entered has its answer, or never will."""
        self._under_way -= 1

    def told(self, face: str, status: int, settings: Settings) -> dict[str, str]:
        """What an answer of this face and status says of the limits."""
        if face == "soap" or status >= 500:
            return {}
        if face == "oauth":
            return self._rate("auth", settings)
        most = settings.concurrent_requests
        return {
            **self._rate("api", settings),
            "Concurrency-Limit-Type": "default",
            "Concurrency-Limit-Limit": str(most),
            "Concurrency-Limit-Remaining": str(max(0, most - self._under_way)),
        }

    def _rate(self, kind: str, settings: Settings) -> dict[str, str]:
        most = self._per_minute(kind, settings)
        left = max(0, most - self._counts.get(kind, 0))
        reset = MINUTE - int(self.clock.now().timestamp()) % MINUTE
        return {"ratelimit-limit": str(most), "ratelimit-remaining": str(left), "ratelimit-reset": str(reset)}

    @staticmethod
    def _per_minute(kind: str, settings: Settings) -> int:
        return settings.requests_per_minute if kind == "api" else LOGINS_PER_MINUTE
