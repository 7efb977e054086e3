"""Families of metrics: prometheus-client behind a fixed name, fixed labels and a bound on the number of series.

Contract: nothing is opened before the first use, so that a worker process can say before where it shares its numbers.
A family makes at most ``most`` series; what comes after that counts under ``other``, and of a family in which strangers
can make series they get half of the room. Safe for threads. Must not hold a secret: labels are our own words, names
that the owner has configured, or ``other``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 125.0)
MOST_SERIES = 1000

Across = Literal["livesum", "livemin", "livemostrecent", "same"]
"""How the processes of one bridge make one number of a gauge. ``same``: each knows the whole, so whoever is asked
tells its own."""

Key = tuple[str, ...]


class Family:
    """What all have: a name, what it means, labels, and the one place where a series is made."""

    kind: ClassVar[str] = ""

    def __init__(
        self,
        exposition: Exposition,
        name: str,
        text: str,
        labels: tuple[str, ...] = (),
        *,
        most: int = MOST_SERIES,
        stranger: str | None = None,
    ) -> None:
        self.name, self.text, self.labels = name, text, labels
        self._exposition = exposition
        self._most = most
        self._stranger = labels.index(stranger) if stranger is not None else None
        self._lock = threading.Lock()
        self._children: dict[Key, Any] = {}
        self._opened: Any = None

    def _open(self) -> Any:
        """The library's own family."""
        raise NotImplementedError

    def _child(self, given: Mapping[str, str]) -> Any:
        if len(given) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}")
        try:
            key = tuple([given[label] for label in self.labels])
        except KeyError:
            raise ValueError(f"{self.name} has the labels {self.labels}") from None
        child = self._children.get(key)
        return child if child is not None else self._made(key)

    def _made(self, key: Key) -> Any:
        with self._lock:
            key = self._bounded(key)
            if key not in self._children:
                if self._opened is None:
                    self._opened = self._open()
                self._children[key] = self._opened.labels(*key) if key else self._opened
            return self._children[key]

    def _bounded(self, key: Key) -> Key:
        strange = self._stranger is not None and key[self._stranger] == OTHER
        full = len(self._children) >= (self._most // 2 if strange else self._most)
        return (OTHER,) * len(key) if full and key not in self._children else key

    @property
    def known(self) -> bool:
        """Whether there is any series yet."""
        return bool(self._children)

    def value(self, **labels: str) -> float:
        """What this process has of one series."""
        child = self._children.get(tuple(labels[label] for label in self.labels))
        return 0.0 if child is None else float(child._value.get())


class Counter(Family):
    """A number that only grows."""

    kind = "counter"

    def add(self, amount: float = 1, /, **labels: str) -> None:
        """Count."""
        if amount < 0:
            raise ValueError(f"{self.name} only grows")
        self._child(labels).inc(amount)

    def _open(self) -> Any:
        from prometheus_client import Counter as Made

        return Made(self.name, self.text, self.labels, registry=self._exposition.registry)


class Gauge(Family):
    """A number as it is now, of one process or of all."""

    kind = "gauge"

    def __init__(
        self, exposition: Exposition, name: str, text: str, labels: tuple[str, ...] = (), *, across: Across = "same"
    ) -> None:
        super().__init__(exposition, name, text, labels)
        self.across = across

    def set(self, value: float, /, **labels: str) -> None:
        """It is this now."""
        self._child(labels).set(value)

    def up(self, amount: float = 1, /, **labels: str) -> None:
        """It is more by so much, or less."""
        self._child(labels).inc(amount)

    def only(self, values: Mapping[Key, float]) -> None:
        """These are all the series there are now; for a gauge that every process knows whole."""
        assert self.across == "same", "what another process has said cannot be taken back"
        fresh = {key: _Held() for key in list(values)[: self._most]}
        for key, held in fresh.items():
            held.set(values[key])
        self._children = dict(fresh)

    def collect(self) -> Iterator[Metric]:
        """What this process knows of the whole."""
        from prometheus_client.core import GaugeMetricFamily

        made = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for key, held in sorted(self._children.items()):
            made.add_metric(key, held.get())
        yield made

    def _open(self) -> Any:
        from prometheus_client import Gauge as Made

        if self.across == "same":
            return _Hand()
        return Made(
            self.name, self.text, self.labels, registry=self._exposition.registry, multiprocess_mode=self.across
        )


class _Held:
    """One number in memory."""

    def __init__(self) -> None:
        self._now = 0.0

    def set(self, value: float) -> None:
        self._now = float(value)

    def inc(self, amount: float) -> None:
        self._now += amount

    def get(self) -> float:
        return self._now

    @property
    def _value(self) -> _Held:
        return self


class _Hand(_Held):
    """What stands for the library's family where each process tells the whole by itself."""

    def labels(self, *_: str) -> _Held:
        return _Held()


class Histogram(Family):
    """How often what size was seen, in buckets."""

    kind = "histogram"

    def __init__(
        self,
        exposition: Exposition,
        name: str,
        text: str,
        labels: tuple[str, ...] = (),
        *,
        buckets: tuple[float, ...] = SECONDS,
    ) -> None:
        # Each series of it is twenty of the others.
        super().__init__(exposition, name, text, labels, most=MOST_SERIES // 4)
        self.buckets = buckets

    def observe(self, amount: float, /, **labels: str) -> None:
        """Note one."""
        self._child(labels).observe(amount)

    def _open(self) -> Any:
        from prometheus_client import Histogram as Made

        return Made(self.name, self.text, self.labels, registry=self._exposition.registry, buckets=self.buckets)


class Exposition:
    """All families of one process, and where its numbers go."""

    def __init__(self) -> None:
        self.families: list[Family] = []
        self._folder: Path | None = None
        self._place = 0
        self._registry: CollectorRegistry | None = None

    def share(self, folder: Path, place: int) -> None:
        """This process is worker number ``place`` of several, which keep their numbers in ``folder``.

        Before the first use. A worker that takes a dead one's place counts on from where that one ended.
        """
        if self._registry is not None:
            raise RuntimeError("numbers have been counted already, which nobody would ever see")
        self._folder, self._place = folder, place

    @property
    def registry(self) -> CollectorRegistry:
        """The library's registry; made at the first use."""
        if self._registry is None:
            from prometheus_client import CollectorRegistry, disable_created_metrics, values

            if self._folder is None:
                # Where the variable is set for somebody else, the library would share with them.
                values.ValueClass = values.MutexValue
            else:
                os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder)
                values.ValueClass = values.MultiProcessValue(lambda: self._place)  # type: ignore[no-untyped-call]
            # A gauge of the same name with the time of the start beside each counter: nothing here reads it.
            disable_created_metrics()  # type: ignore[no-untyped-call]
            self._registry = CollectorRegistry(auto_describe=False)
        return self._registry

    def render(self) -> bytes:
        """Everything, of all workers, as Prometheus text (exposition format 0.0.4). May take a while: not on a loop."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self.registry
        if self._folder is not None:
            registry = CollectorRegistry(auto_describe=False)
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        told = generate_latest(registry)
        for family in self.families:
            if isinstance(family, Gauge) and family.across == "same" and family.known:
                told += generate_latest(family)
        return told + self._silent(told)

    def _silent(self, told: bytes) -> bytes:
        """What has no series yet is named all the same: who looks for it sees that it is there."""
        known = set(told.split())
        lines = (
            f"# HELP {each.name} {each.text}\n# TYPE {each.name} {each.kind}\n"
            for each in self.families
            if each.name.encode() not in known
        )
        return "".join(lines).encode()


def dead(folder: Path, place: int) -> None:
    """The worker in this place is no more: what it had in hand counts no longer, what it has done does."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(place, str(folder))  # type: ignore[no-untyped-call]
