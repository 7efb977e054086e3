"""Metrics: Prometheus text, bounded and safe for threads."""

import threading

import pytest

from bridge.telemetry.metrics import Counter, Histogram, Registry


def test_counter_is_rendered_with_its_labels() -> None:
    """One line per series, sorted, after HELP and TYPE."""
    registry = Registry()
    registry.calls.add(op="create", route="soap", told="ok")
    registry.calls.add(2, op="create", route="rest", told="ok")
    text = registry.render()
    assert "# TYPE bridge_calls_total counter\n" in text
    assert 'bridge_calls_total{op="create",route="rest",told="ok"} 2\n' in text
    assert registry.calls.value(op="create", route="soap", told="ok") == 1
    assert text.endswith("\n")


def test_histogram_buckets_are_cumulative() -> None:
    """A value on a bound counts in that bound's bucket, one above all only in +Inf."""
    seconds = Histogram("s", "Seconds.", buckets=(0.1, 1.0))
    for value in (0.1, 0.5, 7.25):
        seconds.observe(value)
    assert seconds.lines() == [
        's_bucket{le="0.1"} 1',
        's_bucket{le="1"} 2',
        's_bucket{le="+Inf"} 3',
        "s_sum 7.85",
        "s_count 3",
    ]


def test_labels_are_fixed() -> None:
    """A missing or additional label is our mistake and said at once."""
    counter = Counter("c", "C.", ("a",))
    with pytest.raises(ValueError, match="labels"):
        counter.add()
    with pytest.raises(ValueError, match="labels"):
        counter.add(a="1", b="2")
    with pytest.raises(ValueError, match="grows"):
        counter.add(-1, a="1")


def test_series_are_bounded() -> None:
    """However many label values come, the family stays small and nothing is lost."""
    counter = Counter("c", "C.", ("a",))
    for n in range(5000):
        counter.add(a=str(n))
    assert len(counter.lines()) <= 1001
    assert counter.value(a="other") == 4000


def test_label_values_are_escaped() -> None:
    """Quotes, backslashes and line ends cannot forge a sample."""
    counter = Counter("c", "C.", ("a",))
    counter.add(a='x"\\\ny')
    assert counter.lines() == ['c{a="x\\"\\\\\\ny"} 1']


def test_threads_lose_no_count() -> None:
    """Concurrent counts and observations all arrive."""
    registry = Registry()

    def work() -> None:
        for _ in range(1000):
            registry.refusals.add(reason="size")
            registry.dispatch_seconds.observe(0.01, route="rest")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.refusals.value(reason="size") == 8000
    assert 'bridge_dispatch_seconds_count{route="rest"} 8000' in registry.render()
