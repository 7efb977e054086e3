"""The shipped rules and scrape configuration, checked by promtool; and that every alert says what a person needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_rule import RESOURCE, text
from prometheus_server import MONITORING, needed, promtool

SEVERITIES = {"page", "ticket", "none"}


def rules() -> list[dict[str, Any]]:
    """All rules, in order."""
    read = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def alerts() -> Iterator[Any]:
    """Each alert as a parameter, by its name and severity."""
    for rule in rules():
        if "alert" in rule:
            yield pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}")


@needed
def test_promtool_takes_the_rules() -> None:
    """With every expression parsed."""
    done = promtool("check", "rules", "alerts.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


@needed
def test_promtool_takes_the_scrape_configuration() -> None:
    """The file that the compose file mounts, with the rules it names beside it."""
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout


@needed
def test_every_alert_fires_and_is_silent_in_promtool() -> None:
    """The unit tests that ship beside the rules."""
    done = promtool("test", "rules", "alerts_test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_tests_see_every_alert_firing_and_silent() -> None:
    """A new alert needs both; what always fires is silent for nobody."""
    read = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text(encoding="utf-8"))
    names = {each["name"] for each in read["tests"]}
    wanted = {f"{rule['alert']} {what}" for rule in rules() if "alert" in rule for what in ("fires", "is silent")} - {
        "BridgeWatchdog is silent"
    }
    assert wanted - names == set()
    for each in read["tests"]:
        expected = [check.get("exp_samples") for check in each["promql_expr_test"]]
        assert any(expected) == ("fires" in each["name"]), each["name"]


def test_the_unit_tests_see_every_severity_of_an_alert() -> None:
    """An alert with a page and a ticket is seen with both."""
    text = (MONITORING / "alerts_test.yaml").read_text(encoding="utf-8")
    seen = set(re.findall(r'ALERTS\{alertname="(\w+)", alertstate="firing", severity="(\w+)"', text))
    assert seen == {(rule["alert"], rule["labels"]["severity"]) for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("alert", list(alerts()))
def test_an_alert_says_what_a_person_needs(alert: dict[str, Any]) -> None:
    """Its severity; one line; what it means for money and what is first; where to read on."""
    assert alert["labels"]["severity"] in SEVERITIES
    told = alert["annotations"]
    assert set(told) == {"summary", "description", "runbook_url"}
    assert len(told["summary"]) <= 100
    assert not told["summary"].endswith(".")
    assert " First: " in told["description"]
    words = told["description"].lower()
    assert any(word in words for word in ("money", "payment", "paid", "wrong answer")), "what does it mean for money?"
    assert re.fullmatch(r"deploy/runbooks/[a-z-]+\.md#[a-z-]+", told["runbook_url"])


def test_a_command_in_an_alert_is_one_that_the_pages_show() -> None:
    """And the pages' commands are run by tests as they stand there."""
    pages = [page.read_text(encoding="utf-8") for page in MONITORING.parent.rglob("*.md")]
    shown = {line for page in pages for line in re.findall(r"^ *\$ (bridge [a-z]+ [a-z]+)", page, re.MULTILINE)}
    told = " ".join(rule["annotations"]["description"] for rule in rules() if "alert" in rule)
    named = set(re.findall(r"`(bridge [a-z]+ [a-z]+)", told))
    assert len(named) >= 5
    assert named - shown == set()


def test_few_alerts_wake_somebody() -> None:
    """A page is for what does not mend itself; half of them at the most."""
    severities = [rule["labels"]["severity"] for rule in rules() if "alert" in rule]
    assert severities.count("page") <= len(severities) / 2


def test_the_replicas_are_scraped_one_by_one_under_the_name_that_the_rules_expect() -> None:
    """Through the proxy their counters would be mixed."""
    read = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = [each for each in read["scrape_configs"] if each["job_name"] == "bridge"]
    assert job["static_configs"] == [{"targets": ["bridge-1:8081", "bridge-2:8081"]}]
    assert read["rule_files"] == ["alerts.yaml"]
    assert 'job="bridge"' in (MONITORING / "alerts.yaml").read_text(encoding="utf-8")


def test_the_operator_s_resource_holds_the_same_rules() -> None:
    """`python tests/deploy/prometheus_rule.py` writes it."""
    assert RESOURCE.read_text(encoding="utf-8") == text()
    read = yaml.safe_load(text())
    assert read["kind"] == "PrometheusRule"
    assert [rule for group in read["spec"]["groups"] for rule in group["rules"]] == rules()
