"""Every alert and every panel sends people to a page that exists, and to a heading on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from dashboards import FOLDER
from prometheus_server import MONITORING

ROOT = MONITORING.parents[1]
RUNBOOKS = ROOT / "deploy" / "runbooks"


def links() -> dict[str, str]:
    """Where alerts and panels point to, as path and anchor below the root, by who points there."""
    read = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    found = {
        f"{rule['alert']}-{rule['labels']['severity']}": rule["annotations"]["runbook_url"]
        for group in read["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    for file in sorted(FOLDER.glob("*.json")):
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for link in panel.get("links", ()):
                if link["url"].startswith("${runbooks}/"):
                    page = link["url"].removeprefix("${runbooks}/")
                    found[f"{file.stem}: {panel['title']}"] = f"deploy/runbooks/{page}"
    return found


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).strip().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("who", links())
def test_a_runbook_link_leads_to_a_heading(who: str) -> None:
    """At three in the morning nobody searches."""
    page, _, anchor = links()[who].partition("#")
    assert (ROOT / page).is_file(), page
    assert anchor in anchors(ROOT / page), f"{page} has no heading for #{anchor}"


def test_the_page_on_monitoring_names_files_that_exist() -> None:
    """And every file beside it is on the page."""
    text = (MONITORING / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#]+)\)", text)
    assert [each for each in named if not (MONITORING / each).exists()] == []
    beside = {each.name for each in MONITORING.iterdir() if each.suffix in (".yaml", ".yml")}
    assert beside - set(named) == set()
