"""Metrics: what Prometheus reads is bounded, safe for threads, and named as Prometheus wants it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import metrics_page
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.telemetry.families import Counter, Exposition, Gauge, Histogram
from bridge.telemetry.metrics import LABELS, MEANT, METRICS, Metrics


def samples(made: Exposition) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads them."""
    return {
        sample.name + "".join(f" {label}={word}" for label, word in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(made.render().decode())
        for sample in family.samples
    }


def counter(*labels: str, most: int = 1000, stranger: str | None = None) -> tuple[Exposition, Counter]:
    """One in an exposition of its own."""
    made = Exposition()
    made.families.append(family := Counter(made, "c_total", "C.", labels, most=most, stranger=stranger))
    return made, family


def test_a_counter_is_told_with_its_labels() -> None:
    """One sample per series."""
    metrics = Metrics()
    metrics.dispatches.add(route="soap", operation="create", verdict="done")
    metrics.dispatches.add(2, route="rest", operation="create", verdict="done")
    told = samples(metrics)
    assert told["bridge_dispatches_total operation=create route=rest verdict=done"] == 2
    assert metrics.dispatches.value(route="soap", operation="create", verdict="done") == 1
    assert metrics.render().endswith(b"\n")


def test_a_histogram_s_buckets_are_cumulative() -> None:
    """A value on a bound counts in that bound's bucket, one above all only in +Inf."""
    made = Exposition()
    made.families.append(seconds := Histogram(made, "s_seconds", "Seconds.", buckets=(0.1, 1.0)))
    for value in (0.1, 0.5, 7.25):
        seconds.observe(value)
    assert samples(made) == {
        "s_seconds_bucket le=0.1": 1,
        "s_seconds_bucket le=1.0": 2,
        "s_seconds_bucket le=+Inf": 3,
        "s_seconds_sum": 7.85,
        "s_seconds_count": 3,
    }


def test_labels_are_fixed() -> None:
    """A missing or additional label is our mistake and said at once."""
    _, family = counter("a")
    for labels in ({}, {"a": "1", "b": "2"}, {"b": "1"}):
        with pytest.raises(ValueError, match="labels"):
            family.add(**labels)
    with pytest.raises(ValueError, match="grows"):
        family.add(-1, a="1")


def test_series_are_bounded() -> None:
    """However many label values come, the family stays small and nothing is lost."""
    made, family = counter("a")
    for n in range(5000):
        family.add(a=str(n))
    assert len(samples(made)) <= 1001
    assert family.value(a="other") == 4000


def test_strangers_cannot_fill_the_room_of_the_known() -> None:
    """Of a family that has callers, whoever is not configured gets half."""
    _, family = counter("a", "caller", most=100, stranger="caller")
    for n in range(500):
        family.add(a=str(n), caller="other")
    family.add(a="1", caller="erp")
    assert family.value(a="other", caller="other") == 450
    assert family.value(a="1", caller="erp") == 1


def test_label_values_are_escaped() -> None:
    """Quotes, backslashes and line ends cannot forge a sample."""
    made, family = counter("a")
    family.add(a='x"\\\ny')
    assert b'c_total{a="x\\"\\\\\\ny"} 1.0\n' in made.render()


def test_a_gauge_of_the_whole_shows_only_what_is() -> None:
    """A rule that is no more leaves no series behind."""
    made = Exposition()
    made.families.append(gauge := Gauge(made, "g", "G.", ("rule",)))
    gauge.set(5, rule="old")
    gauge.only({("new",): 20.0})
    assert samples(made) == {"g rule=new": 20}
    gauge.up(rule="new")
    assert gauge.value(rule="new") == 21


def test_what_was_never_counted_is_named_all_the_same() -> None:
    """Whoever looks for a metric sees that it is there, and what it means."""
    text = Metrics().render().decode()
    assert "# TYPE bridge_for_people_total counter\n" in text
    assert "# HELP bridge_journal_batch_changes Writes" in text


def test_threads_lose_no_count() -> None:
    """Concurrent counts and observations all arrive."""
    metrics = Metrics()

    def work() -> None:
        for _ in range(1000):
            metrics.refusals.add(reason="size")
            metrics.dispatch_seconds.observe(0.01, route="rest")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.refusals.value(reason="size") == 8000
    assert samples(metrics)["bridge_dispatch_seconds_count route=rest"] == 8000


_WORKER = """
import sys
from pathlib import Path
from bridge.telemetry.metrics import METRICS
METRICS.share(Path(sys.argv[1]), int(sys.argv[2]))
METRICS.refusals.add(reason="size")
METRICS.in_flight.up(door="soap")
METRICS.journal_up.set(int(sys.argv[2]))
METRICS.upstream_remaining.set(40 - int(sys.argv[2]), limit="concurrency")
METRICS.call_seconds.observe(0.2, door="soap", operation="create", route="rest")
METRICS.ready.set(1)
if len(sys.argv) > 3:
    sys.stdout.buffer.write(METRICS.render())
"""


def _worker(folder: Path, place: int, *more: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, str(folder), str(place), *more], capture_output=True, check=True
    )
    return {
        sample.name + "".join(f" {word}" for word in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(done.stdout.decode())
        for sample in family.samples
    }


def test_several_workers_tell_one_number(tmp_path: Path) -> None:
    """Sums for what was counted, the least for what is up, the newest for what Zuora said."""
    from bridge.telemetry.families import dead

    _worker(tmp_path, 0)
    told = _worker(tmp_path, 1, "tell")
    assert told["bridge_guard_refusals_total size"] == 2
    assert told["bridge_calls_in_flight soap"] == 2
    assert told["bridge_journal_up"] == 0
    assert told["bridge_upstream_remaining concurrency"] == 39
    assert told["bridge_call_seconds_count soap create rest"] == 2
    assert told["bridge_ready"] == 1
    # A worker dies with a call in hand; another takes its place and counts on.
    dead(tmp_path, 0)
    told = _worker(tmp_path, 0, "tell")
    assert told["bridge_guard_refusals_total size"] == 3
    assert told["bridge_calls_in_flight soap"] == 2
    assert told["bridge_upstream_remaining concurrency"] == 40
    assert {each.name.rpartition("_")[2] for each in tmp_path.iterdir()} == {"0.db", "1.db"}


def test_sharing_begins_before_counting() -> None:
    """Numbers from before would be lost without a word."""
    made, family = counter()
    family.add()
    with pytest.raises(RuntimeError, match="already"):
        made.share(Path("/nowhere"), 0)


def test_names_are_as_prometheus_wants_them() -> None:
    """Prometheus: metric and label naming: a prefix, base units, _total for counters and for nothing else."""
    names = [each.name for each in METRICS.families]
    assert len(set(names)) == len(names)
    for each in METRICS.families:
        assert re.fullmatch(r"bridge(_[a-z0-9]+)+", each.name), each.name
        assert each.name.endswith("_total") == isinstance(each, Counter), each.name
        if isinstance(each, Histogram):
            assert each.name.endswith(("_seconds", "_changes", "_bytes")), each.name
        assert not re.search(r"_(ms|millis|milliseconds|minutes|hours|kb|mb)(_|\Z)", each.name), each.name
        assert each.text.endswith("."), each.name
        assert not set(each.labels) & {"le", "quantile", "instance", "job", "pid"}, each.name


def test_every_label_s_words_are_said() -> None:
    """An operator must not have to guess, and a label that nobody explains may be a caller's."""
    for family in METRICS.families:
        for label in family.labels:
            assert label in LABELS, label
            meant = LABELS[label] != "see the meaning" or (family.name, label) in MEANT
            assert meant, (family.name, label)
    used = {(family.name, label) for family in METRICS.families for label in family.labels}
    assert set(MEANT) <= used


def test_the_page_of_metrics_is_current() -> None:
    """An operator reads it while something burns; `python tests/telemetry/metrics_page.py` writes it."""
    assert metrics_page.PAGE.read_text(encoding="utf-8") == metrics_page.page()
