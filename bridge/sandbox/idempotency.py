"""Zuora's Idempotency-Key: the first answer, success or failure, is replayed for 24 hours.

Source: Zuora: Idempotent requests. A key used for another tenant, URL or method is 422; one still in progress 409.
Must not look at payloads: the documents do not compare them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFE: Final = timedelta(hours=24)
LONGEST_KEY: Final = 255


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer: status, headers and body bytes."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class _Use:
    scope: tuple[str, str, str]
    until: datetime
    answer: Answer | None = None


class IdempotencyStore:
    """Keys in use, oldest first."""

    def __init__(self) -> None:
        self._uses: dict[str, _Use] = {}

    def begin(self, key: str, scope: tuple[str, str, str], now: datetime) -> Answer | int:
        """Claim a key for (tenant, method, URL): an answer to replay, 409, 422, or 0 to go ahead."""
        self._forget(now)
        use = self._uses.get(key)
        if use is None:
            self._uses[key] = _Use(scope, now + LIFE)
            return 0
        if use.scope != scope:
            return 422
        return use.answer if use.answer is not None else 409

    def finish(self, key: str, answer: Answer) -> None:
        """Store the answer of a claimed key."""
        self._uses[key].answer = answer

    def abandon(self, key: str) -> None:
        """Give a claimed key back: the request turned out never to have reached the operation."""
        self._uses.pop(key, None)

    def _forget(self, now: datetime) -> None:
        while self._uses:
            key = next(iter(self._uses))
            if self._uses[key].until > now:
                return
            del self._uses[key]
