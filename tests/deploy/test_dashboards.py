"""The shipped Grafana dashboards, by their structure, and what provisions them.

No Grafana can be had where tests run, so nothing is rendered; that every query answers is held on a real Prometheus
(``test_alerts_fire``).
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards import DASHBOARDS, FOLDER, text

PROVISIONING = FOLDER.parent / "provisioning"
FILES = sorted(FOLDER.glob("*.json"))
UNITS = {"s", "none", "reqps", "ops", "percent", "percentunit"}
LETTERS = re.compile(r"\{\{(\w+)\}\}")

every_file = pytest.mark.parametrize("file", FILES, ids=lambda each: each.stem)


def read(file: Path) -> Any:
    """A dashboard."""
    return json.loads(file.read_text(encoding="utf-8"))


def panels(made: Any) -> list[Any]:
    """Its panels, rows left out."""
    return [each for each in made["panels"] if each["type"] != "row"]


def test_the_files_are_what_their_source_writes() -> None:
    """`python tests/deploy/dashboards.py` writes them."""
    assert {file.stem: file.read_text(encoding="utf-8") for file in FILES} == {
        name: text(made) for name, made in DASHBOARDS.items()
    }


def test_no_two_dashboards_have_one_uid() -> None:
    """Grafana would keep one of them."""
    uids = [read(file)["uid"] for file in FILES]
    assert len(set(uids)) == len(uids) == 3


@every_file
def test_panels_have_ids_of_their_own_and_do_not_overlap(file: Path) -> None:
    """Twenty-four columns; what overlaps is moved by Grafana to where nobody meant it."""
    every = read(file)["panels"]
    ids = [each["id"] for each in every]
    assert len(set(ids)) == len(ids)
    for each in every:
        place = each["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
    for one, other in combinations([each["gridPos"] for each in every], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@every_file
def test_every_row_of_panels_is_full(file: Path) -> None:
    """No hole in the page."""
    widths: dict[int, int] = {}
    for each in read(file)["panels"]:
        widths[each["gridPos"]["y"]] = widths.get(each["gridPos"]["y"], 0) + each["gridPos"]["w"]
    assert set(widths.values()) == {24}


@every_file
def test_every_panel_has_a_unit_a_description_and_a_query_of_the_chosen_source(file: Path) -> None:
    """And its series have names."""
    for panel in panels(read(file)):
        title = panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, title
        assert panel["description"].endswith("."), title
        assert len(panel["description"]) <= 120, title
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, title
        assert panel["targets"], title
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        for target in panel["targets"]:
            assert target["expr"].strip(), title
            assert target["datasource"]["uid"] == "${datasource}", title
            for label in LETTERS.findall(target["legendFormat"]):
                assert label in target["expr"], f"{title}: {label} is not kept"


@every_file
def test_a_graph_s_title_is_a_question(file: Path) -> None:
    """What is large on the page answers something."""
    for panel in panels(read(file)):
        assert panel["title"].endswith("?") == (panel["type"] != "stat"), panel["title"]


@every_file
def test_few_panels_answer_on_one_page(file: Path) -> None:
    """Six numbers, and a dozen graphs at the most."""
    kinds = [panel["type"] for panel in panels(read(file))]
    assert kinds.count("stat") == 6
    assert len(kinds) - 6 <= 12


@every_file
def test_every_query_is_about_the_chosen_bridge(file: Path) -> None:
    """Another job's series are another bridge's."""
    for panel in panels(read(file)):
        for target in panel["targets"]:
            selectors = re.findall(r"\b(?:bridge[\w:]*|ALERTS)(\{[^}]*\})?", target["expr"])
            named = [each for each in selectors if each]
            assert named, panel["title"]
            assert all('job="$job"' in each for each in named), panel["title"]


@every_file
def test_a_dashboard_has_its_variables_and_ways_on(file: Path) -> None:
    """The bridge and the replica are chosen; the console and each panel's runbook are one click away."""
    made = read(file)
    names = [each["name"] for each in made["templating"]["list"]]
    assert names == ["datasource", "job", "instance", "console", "runbooks"]
    assert [link["title"] for link in made["links"]] == ["Dashboards", "Console"]
    for panel in panels(made):
        todo, console = panel["links"]
        assert re.fullmatch(r"\$\{runbooks\}/[a-z-]+\.md#[a-z-]+", todo["url"]), panel["title"]
        assert console["url"] == "${console}"


@every_file
def test_nothing_comes_from_elsewhere(file: Path) -> None:
    """No address but the console's on this machine, which is a variable."""
    addresses = set(re.findall(r"https?://[^\"]+", file.read_text(encoding="utf-8")))
    assert addresses == {"http://localhost:8081/console/"}


def test_the_source_and_the_dashboards_are_provisioned() -> None:
    """The source beside the compose file's Prometheus, at its scrape interval."""
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    scraped = yaml.safe_load((FOLDER.parents[1] / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "bridge.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
