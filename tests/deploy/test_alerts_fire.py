"""Every alert fires from a real scrape, all at once, and resolves; and every query of the dashboards has an answer.

A real Prometheus loads the shipped rules in a hurry (``shortened``) and the shipped scrape configuration with other
targets and five scrapes a second. What a bridge can be brought to in seconds happens to a real one (``suffering``); all
of it, and what it cannot, is exposed besides (``conditions``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conditions import GROWING, OTHER, SICK
from dashboards import FOLDER
from exposed import Exposed
from prometheus_server import MONITORING, Prometheus, free_port, needed, promtool
from shortened import shortened
from suffering import Serving

pytestmark = [needed, pytest.mark.xdist_group("prometheus")]

EVERY = "200ms"
SOON = 90.0
"""Seconds in which all of one kind has fired, or resolved: some ten on a machine with nothing else to do."""

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
LATE: Set[Alert] = {
    ("BridgeStoppedForLong", "page"),
    ("BridgeJournalDown", "page"),
    ("BridgeJournalCommitsFailing", "page"),
}
"""What ends all else: it comes last."""

SUFFERING = "suffering"
"""The job of the bridge that everything happens to, so that its alerts are told from those of exposed values."""


FROM_A_BRIDGE: list[Alert] = [
    ("BridgeInDoubtTooLong", "page"),
    ("BridgeParked", "page"),
    ("BridgeMoneyUnanswered", "page"),
    ("BridgeMoneyUnanswered", "ticket"),
    ("BridgeFaults", "ticket"),
    ("BridgeJournalDown", "page"),
    ("BridgeJournalCommitsFailing", "page"),
    ("BridgeZuoraUnreachable", "page"),
    ("BridgeZuoraThrottles", "page"),
    ("BridgeStoppedForLong", "page"),
    ("BridgeRampRolledBack", "ticket"),
    ("BridgeGuardRefusals", "ticket"),
    ("BridgeGuardRefusals", "page"),
    ("BridgeTwinsRefused", "ticket"),
]
"""What a bridge can be brought to in seconds; the rest needs exposed values, or that nobody is there."""


@dataclass(frozen=True)
class Night:
    """What Prometheus had firing: of exposed values and of a bridge when all was wrong, then when all was well again,
    and when nobody was left; and how many samples each query of the dashboards had."""

    exposed: Mapping[Alert, Mapping[str, Any]]
    bridge: Set[Alert]
    well: Set[Alert]
    gone: Set[Alert]
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


def scrape(file: Path, *addresses: str, suffering: str = "") -> None:
    """From now on these are the bridges, and one of them suffers, under a job of its own."""
    groups: list[dict[str, Any]] = [{"targets": list(addresses)}]
    if suffering:
        groups.append({"targets": [suffering], "labels": {"job": SUFFERING}})
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(groups), encoding="utf-8")
    fresh.rename(file)


def fired(
    prometheus: Prometheus, wanted: Set[Alert], job: str = "bridge", *, exactly: bool = False
) -> dict[Alert, Mapping[str, Any]]:
    """Wait until all of these alerts of a job were seen firing, or nothing else does; returns what was seen."""
    deadline = time.monotonic() + SOON
    seen: dict[Alert, Mapping[str, Any]] = {}
    while True:
        now = {
            (each["labels"]["alertname"], each["labels"]["severity"]): each
            for each in prometheus.firing()
            if exactly or each["labels"].get("job", job) == job
        }
        seen |= now
        if (now.keys() == wanted) if exactly else (seen.keys() >= wanted):
            return now if exactly else seen
        lacking = sorted(wanted - seen.keys())
        assert time.monotonic() < deadline, f"after {SOON} s these fire: {sorted(now)}; these did not: {lacking}"
        time.sleep(0.1)


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
    nobody = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack, ExitStack() as last:
        sick = stack.enter_context(Exposed(SICK, GROWING))
        other = stack.enter_context(Exposed(OTHER, {}))
        bridge = stack.enter_context(Serving(tmp_path_factory.mktemp("suffering")))
        scrape(file, sick.address, other.address, nobody, suffering=bridge.address)
        prometheus = stack.enter_context(Prometheus(folder))
        bridge.rolled_back()
        bridge.doubt()
        bridge.noise()
        exposed = fired(prometheus, set(ALERTS))
        answers = {name: len(prometheus.value_of(said)) for name, said in queries().items()}
        early = fired(prometheus, set(FROM_A_BRIDGE) - LATE, SUFFERING)
        bridge.silence()
        bridge.stopped()
        with bridge.world.journal_locked():
            late = fired(prometheus, LATE, SUFFERING)
        well = last.enter_context(Serving(tmp_path_factory.mktemp("well")))
        scrape(file, well.address)
        resolved = fired(prometheus, {WATCHDOG}, exactly=True)
        last.close()
        gone = fired(prometheus, {WATCHDOG, NOBODY, DOWN}, exactly=True)
        yield Night(exposed, early.keys() | late.keys(), resolved.keys(), gone.keys(), answers)


@pytest.mark.parametrize("alert", ALERTS, ids="-".join)
def test_an_alert_fires_from_a_real_scrape(night: Night, alert: Alert) -> None:
    """With its texts filled in."""
    told = night.exposed[alert]["annotations"]
    for text in told.values():
        assert not any(each in text for each in ("<error", "<no value>", "{{", "%!")), text


@pytest.mark.parametrize("alert", FROM_A_BRIDGE, ids="-".join)
def test_an_alert_fires_for_a_bridge_that_suffers(night: Night, alert: Alert) -> None:
    """For a real one, to which it really happened."""
    assert alert in night.bridge


def test_a_bridge_that_is_well_has_no_alert(night: Night) -> None:
    """A real one again, after a payment; everything has resolved, but for the one that says that alerts work."""
    assert night.well == {WATCHDOG}


def test_who_is_gone_is_missed(night: Night) -> None:
    """Though nothing is exposed any more that could say so."""
    assert night.gone == {WATCHDOG, NOBODY, DOWN}


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
