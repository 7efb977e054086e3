"""Every alert fires from a real scrape, all at once, and resolves; and every query of the dashboards has an answer.

A real Prometheus loads the shipped rules in a hurry (``shortened``) and the shipped scrape configuration with other
targets and five scrapes a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conditions import GROWING, OTHER, SICK, WELL
from dashboards import FOLDER
from exposed import Exposed
from prometheus_server import MONITORING, Prometheus, free_port, needed, promtool
from shortened import shortened

pytestmark = [needed, pytest.mark.xdist_group("prometheus")]

EVERY = "200ms"
SOON = 90.0
"""Seconds in which everything fires, or resolves: some ten on a machine with nothing else to do."""

Alert = tuple[str, str]
RULES = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
ALERTS: list[Alert] = [
    (rule["alert"], rule["labels"]["severity"])
    for group in yaml.safe_load(RULES)["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
WATCHDOG: Alert = ("BridgeWatchdog", "none")
DOWN: Alert = ("BridgeTargetDown", "ticket")
NOBODY: Alert = ("BridgeNoReplica", "page")


@dataclass(frozen=True)
class Night:
    """What Prometheus had firing: when all was wrong, when all was well again, and when nobody was left."""

    wrong: Mapping[Alert, Mapping[str, Any]]
    well: frozenset[Alert]
    alone: frozenset[Alert]
    answers: Mapping[str, int]


def configured(folder: Path) -> Path:
    """The shipped configuration and rules in a folder, in a hurry; the file that names the bridges' addresses."""
    (folder / "alerts.yaml").write_text(shortened(RULES), encoding="utf-8")
    given = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    given["global"] |= {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
    targets = folder / "targets.json"
    (job,) = [each for each in given["scrape_configs"] if each["job_name"] == "bridge"]
    del job["static_configs"]
    job["file_sd_configs"] = [{"files": [str(targets)], "refresh_interval": "1s"}]
    given["scrape_configs"] = [job]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
    return targets


def scrape(file: Path, *addresses: str) -> None:
    """From now on these are the bridges."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps([{"targets": list(addresses)}]), encoding="utf-8")
    fresh.rename(file)


def fired(prometheus: Prometheus, wanted: Callable[[Set[Alert]], bool]) -> dict[Alert, Mapping[str, Any]]:
    """Wait for what fires to be as it should; returns it."""
    deadline = time.monotonic() + SOON
    while not wanted((now := prometheus.firing()).keys()):
        lacking = sorted(set(ALERTS) - now.keys())
        assert time.monotonic() < deadline, f"after {SOON} s these fire: {sorted(now)}; these do not: {lacking}"
        time.sleep(0.1)
    return now


def queries() -> dict[str, str]:
    """Every query of the dashboards, with its variables filled in, by dashboard, panel and letter."""
    found = {}
    for file in sorted(FOLDER.glob("*.json")):
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                said = target["expr"].replace("$job", "bridge").replace("$instance", ".*")
                said = said.replace("$__rate_interval", "3s")
                found[f"{file.stem}: {panel['title']} {target['refId']}"] = said
    return found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Everything goes wrong, everything is well again, everybody is gone."""
    folder = tmp_path_factory.mktemp("night")
    file = configured(folder)
    with ExitStack() as stack, ExitStack() as last:
        sick = stack.enter_context(Exposed(SICK, GROWING))
        other = stack.enter_context(Exposed(OTHER, {}))
        well = last.enter_context(Exposed(WELL, {}))
        nobody = f"127.0.0.1:{free_port()}"
        scrape(file, sick.address, other.address, nobody)
        prometheus = stack.enter_context(Prometheus(folder))
        wrong = fired(prometheus, lambda alerts: alerts >= set(ALERTS))
        answers = {name: len(prometheus.value_of(said)) for name, said in queries().items()}
        scrape(file, well.address)
        resolved = fired(prometheus, lambda alerts: alerts == {WATCHDOG})
        last.close()
        gone = fired(prometheus, lambda alerts: alerts >= {NOBODY, DOWN})
        yield Night(wrong, frozenset(resolved), frozenset(gone), answers)


@pytest.mark.parametrize("alert", ALERTS, ids="-".join)
def test_an_alert_fires_from_a_real_scrape(night: Night, alert: Alert) -> None:
    """With its texts filled in."""
    told = night.wrong[alert]["annotations"]
    for text in told.values():
        assert not any(each in text for each in ("<error", "<no value>", "{{", "%!")), text


def test_everything_resolves(night: Night) -> None:
    """A bridge with nothing wrong has no alert, but the one that says that alerts work."""
    assert night.well == {WATCHDOG}


def test_who_is_gone_is_missed(night: Night) -> None:
    """Though nothing is exposed any more that could say so."""
    assert night.alone == {WATCHDOG, NOBODY, DOWN}


@pytest.mark.parametrize("name", queries())
def test_a_query_of_the_dashboards_has_an_answer(night: Night, name: str) -> None:
    """On the same Prometheus, when all was wrong: none is empty, so none asks for what there is not."""
    assert night.answers[name] >= 1


def test_the_rules_in_a_hurry_are_the_shipped_ones() -> None:
    """Every length is a six hundredth, and nothing else differs."""
    assert shortened("expr: x[6h] offset 1h > 5\n        for: 30m\n") == (
        "expr: x[36000ms] offset 6000ms > 5\n        for: 3000ms\n"
    )
    kept, quick = (text.splitlines() for text in (RULES, shortened(RULES)))
    assert len(kept) == len(quick)
    for before, after in zip(kept, quick, strict=True):
        assert before == after or "[" in before or "offset " in before or before.strip().startswith("for: ")


def test_promtool_takes_the_rules_in_a_hurry(tmp_path: Path) -> None:
    """As Prometheus would."""
    (tmp_path / "alerts.yaml").write_text(shortened(RULES), encoding="utf-8")
    done = promtool("check", "rules", "alerts.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
