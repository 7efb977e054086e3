"""Rules, dashboards and what the tests expose name only metrics that a bridge has, with labels and words it uses.

The names are read from ``/metrics`` of a bridge that was started; labels and their words from where they are made.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator

import pytest
import yaml
from conditions import GROWING, SICK
from dashboards import FOLDER
from harness import World
from prometheus_server import MONITORING
from test_alert_rules import rules
from test_alerts_fire import queries

from bridge.telemetry.metrics import LABELS, MEANT, METRICS

SUFFIXES = ("_bucket", "_sum", "_count")
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""

FREE = {"le", "version", "wsdl", "caller", "rule", "reason"}
"""Labels of which the bridge lists no words: numbers, versions, names that the owner gives, and many reasons."""

SELECTOR = re.compile(r"\b(bridge_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(?:=~|!=|!~|=)"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|on|group_left) \(([^)]*)\)")
FAMILIES = {family.name: family for family in METRICS.families}


def family_of(name: str) -> str:
    """The family of a sample's name."""
    bare = next((name.removesuffix(each) for each in SUFFIXES if name.endswith(each)), name)
    return bare if bare in FAMILIES and FAMILIES[bare].kind == "histogram" else name


def labels_of(name: str) -> set[str]:
    """What a sample of this name is labelled with."""
    family = family_of(name)
    return set(FAMILIES[family].labels) | SCRAPED | ({"le"} if name.endswith("_bucket") else set())


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression that is shipped, and each series that the tests expose, by where it stands."""
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    yield from queries().items()
    for file in sorted(FOLDER.glob("*.json")):
        text = file.read_text(encoding="utf-8")
        yield from ((f"{file.stem}: a variable", each) for each in re.findall(r"label_values\((\w+)", text))
    read = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text(encoding="utf-8"))
    for test in read["tests"]:
        yield from ((test["name"], series["series"]) for series in test["input_series"])
    yield from (("conditions", series) for series in (*SICK, *GROWING))


PLACES: dict[str, list[str]] = {}
for where, said in expressions():
    PLACES.setdefault(where, []).append(said)

every_place = pytest.mark.parametrize("place", PLACES)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The families that a bridge that was just started tells of."""
    folder = tmp_path_factory.mktemp("metrics")
    with World(folder) as world, urllib.request.urlopen(f"{world.bridges[0].admin_url}/metrics", timeout=10) as came:
        told = came.read().decode()
    return frozenset(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))


@every_place
def test_a_metric_is_one_that_a_started_bridge_exposes(exposed: frozenset[str], place: str) -> None:
    """A rule on a name that nobody exposes is silent for ever."""
    names = {name for said in PLACES[place] for name, _ in SELECTOR.findall(said)}
    assert {family_of(name) for name in names} - exposed == set()


@every_place
def test_a_label_is_one_of_its_metric(place: str) -> None:
    """A matcher on another label matches nothing, a group by one is a single group."""
    for said in PLACES[place]:
        allowed = set(SCRAPED)
        for name, chosen in SELECTOR.findall(said):
            assert {label for label, _ in MATCHER.findall(chosen)} <= labels_of(name), name
            allowed |= labels_of(name)
        if allowed != SCRAPED:
            grouped = {label for labels in GROUPED.findall(said) for label in re.findall(r"\w+", labels)}
            assert grouped <= allowed, said


@every_place
def test_a_label_s_words_are_ones_that_the_bridge_says(place: str) -> None:
    """Where a bridge tells of `in_doubt`, a rule on `doubtful` waits in vain."""
    for said in PLACES[place]:
        for name, chosen in SELECTOR.findall(said):
            for label, words in MATCHER.findall(chosen):
                if label in SCRAPED | FREE or words == ".*":
                    continue
                meant = MEANT.get((family_of(name), label), LABELS[label])
                for word in words.split("|"):
                    assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", meant), f"{name}: {label}={word}"
