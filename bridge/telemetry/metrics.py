"""Counters and histograms, rendered as Prometheus text (exposition format 0.0.4).

Contract: every family's labels are fixed when it is made, and the number of series of a family is bounded, so that a
caller's words can never become an endless number of series. Safe for threads. Must not hold a secret: labels are
names out of our own code, never a caller's input; a ramp's rule has the name its owner gave it.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from typing import TypeVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 125.0)
_MOST_SERIES = 1000
_OTHER = "other"


class _Family:
    """What counters and histograms share: a name, fixed labels, and a lock."""

    kind = ""

    def __init__(self, name: str, text: str, labels: tuple[str, ...]) -> None:
        self.name, self.text, self.labels = name, text, labels
        self._lock = threading.Lock()

    def _key(self, given: dict[str, str], known: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
        if given.keys() != set(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}")
        key = tuple(given[label] for label in self.labels)
        return key if key in known or len(known) < _MOST_SERIES else (_OTHER,) * len(self.labels)

    def _sample(self, suffix: str, key: tuple[str, ...], value: float, **more: str) -> str:
        pairs = [*zip(self.labels, key, strict=True), *more.items()]
        labels = ",".join(f'{label}="{_label(word)}"' for label, word in pairs)
        return (
            f"{self.name}{suffix}{{{labels}}} {_number(value)}" if labels else f"{self.name}{suffix} {_number(value)}"
        )

    def lines(self) -> list[str]:
        """Render the samples."""
        raise NotImplementedError


class Counter(_Family):
    """A number that only grows."""

    kind = "counter"

    def __init__(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, text, labels)
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, amount: float = 1, /, **labels: str) -> None:
        """Count."""
        if amount < 0:
            raise ValueError(f"{self.name} only grows")
        with self._lock:
            key = self._key(labels, self._values)
            self._values[key] = self._values.get(key, 0) + amount

    def value(self, **labels: str) -> float:
        """Return what was counted so far."""
        with self._lock:
            return self._values.get(tuple(labels[label] for label in self.labels), 0)

    def lines(self) -> list[str]:
        """Render the samples."""
        with self._lock:
            return [self._sample("", key, value) for key, value in sorted(self._values.items())]


class Gauge(_Family):
    """A number as it is now."""

    kind = "gauge"

    def __init__(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, text, labels)
        self._values: dict[tuple[str, ...], float] = {}

    def set(self, value: float, /, **labels: str) -> None:
        """Say it."""
        with self._lock:
            self._values[self._key(labels, self._values)] = value

    def only(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Say these, by their labels in order, and forget all others."""
        with self._lock:
            self._values = dict(list(values.items())[:_MOST_SERIES])

    def lines(self) -> list[str]:
        """Render the samples."""
        with self._lock:
            return [self._sample("", key, value) for key, value in sorted(self._values.items())]


class Histogram(_Family):
    """Durations in seconds, in buckets."""

    kind = "histogram"

    def __init__(
        self, name: str, text: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = BUCKETS
    ) -> None:
        super().__init__(name, text, labels)
        self._buckets = buckets
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, seconds: float, /, **labels: str) -> None:
        """Note one duration."""
        with self._lock:
            key = self._key(labels, self._sums)
            counts = self._counts.setdefault(key, [0] * (len(self._buckets) + 1))
            counts[bisect_left(self._buckets, seconds)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds

    def lines(self) -> list[str]:
        """Render the samples; buckets are cumulative."""
        out: list[str] = []
        with self._lock:
            for key, counts in sorted(self._counts.items()):
                running = 0
                for bound, count in zip((*self._buckets, float("inf")), counts, strict=True):
                    running += count
                    out.append(self._sample("_bucket", key, running, le=_number(bound)))
                out.append(self._sample("_sum", key, self._sums[key]))
                out.append(self._sample("_count", key, running))
        return out


_F = TypeVar("_F", bound=_Family)


class Registry:
    """All families of one process."""

    def __init__(self) -> None:
        self._families: list[_Family] = []
        self.calls = self._add(Counter("bridge_calls_total", "Calls answered.", ("op", "route", "told")))
        self.dispatches = self._add(Counter("bridge_dispatches_total", "Upstream requests.", ("route", "verdict")))
        self.refusals = self._add(Counter("bridge_guard_refusals_total", "Requests the guard refused.", ("reason",)))
        self.for_people = self._add(
            Counter("bridge_for_people_total", "What only a person can bring to an end.", ("kind",))
        )
        self.recovered = self._add(Counter("bridge_recovered_total", "Intents the recoverer looked for.", ("came",)))
        self.unfinished = self._add(Gauge("bridge_unfinished", "Intents that are neither settled nor parked."))
        self.unsettled = self._add(
            Gauge("bridge_unsettled", "Intents that are not settled, parked ones included.", ("state", "route"))
        )
        self.oldest_seconds = self._add(
            Gauge("bridge_unsettled_oldest_seconds", "Age of the oldest of them, 0 without one.", ("state", "route"))
        )
        self.ramp_percent = self._add(Gauge("bridge_ramp_percent", "Where a rule's ramp stands.", ("rule",)))
        self.ramp_verdict = self._add(
            Gauge("bridge_ramp_verdict", "1 for what a rule's gate judges now.", ("rule", "verdict"))
        )
        self.shadow_comparisons = self._add(
            Counter("bridge_shadow_comparisons_total", "What shadows compared.", ("kind", "equal"))
        )
        self.shadow_dropped = self._add(
            Counter("bridge_shadow_dropped_total", "What no shadow compared, and why.", ("reason",))
        )
        self.call_seconds = self._add(Histogram("bridge_call_seconds", "Time to answer a call.", ("op", "route")))
        self.dispatch_seconds = self._add(Histogram("bridge_dispatch_seconds", "Time of a dispatch.", ("route",)))

    def _add(self, family: _F) -> _F:
        self._families.append(family)
        return family

    def render(self) -> str:
        """Return everything as Prometheus text."""
        lines: list[str] = []
        for family in self._families:
            lines += [f"# HELP {family.name} {family.text}", f"# TYPE {family.name} {family.kind}", *family.lines()]
        return "\n".join(lines) + "\n"


METRICS = Registry()


def _label(word: str) -> str:
    return word.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)
