"""Panels and dashboards in Grafana's JSON, so that all look alike: quiet lines, few colours, red only for what is bad.

Pure: builds values, writes nothing. Must not know a metric (``dashboards``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

WIDTH = 24
SCHEMA = 39
"""Grafana's schemaVersion of 11.0; newer ones migrate it by themselves, as 10 does where it can."""

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

GREY = "#8e8e8e"
COLOURS: Mapping[str, Mapping[str, str]] = {
    "outcome": {
        "applied": "green",
        "refused": "blue",
        "twin": "purple",
        "fault": "yellow",
        "unsent": "orange",
        "unknown": "red",
        "page": "super-light-green",
        "passed": GREY,
        "done": "green",
        "down": "red",
    },
    "verdict": {
        "done": "green",
        "no": "blue",
        "busy": "yellow",
        "mixed": "purple",
        "unsent": "orange",
        "doubt": "red",
        "none": GREY,
    },
    "route": {"soap": "blue", "action": "purple", "rest": "green", "mixed": "yellow", "pass": GREY, "none": GREY},
}
"""One colour for one word on every dashboard, by the label that says it."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and what its series are called. ``instant`` for what only its newest value says."""

    expr: str
    legend: str = ""
    instant: bool = False
    table: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a question as its title, and what answers it. ``steps`` are thresholds, lowest first.

    ``runbook`` is a page and an anchor in ``deploy/runbooks``, ``values`` name values, ``more`` are the kind's options.
    """

    title: str
    kind: str
    unit: str
    queries: tuple[Query, ...]
    says: str
    runbook: str
    width: int = 12
    height: int = 8
    steps: tuple[tuple[float | None, str], ...] = ()
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    stacked: str = "none"
    most: float | None = None
    empty: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def stat(title: str, unit: str, *queries: Query, says: str, runbook: str, **given: Any) -> Panel:
    """One number, large."""
    return Panel(title, "stat", unit, queries, says, runbook, **{"width": 4, "height": 4, "empty": "–", **given})


def lines(title: str, unit: str, *queries: Query, says: str, runbook: str, **given: Any) -> Panel:
    """Numbers over time."""
    return Panel(title, "timeseries", unit, queries, says, runbook, **given)


def states(title: str, *queries: Query, says: str, runbook: str, **given: Any) -> Panel:
    """States over time."""
    return Panel(title, "state-timeline", "none", queries, says, runbook, **given)


def table(title: str, *queries: Query, says: str, runbook: str, **given: Any) -> Panel:
    """Labels, one row a series."""
    return Panel(title, "table", "none", queries, says, runbook, **given)


def dashboard(uid: str, title: str, says: str, rows: Sequence[tuple[str, Sequence[Panel]]]) -> Json:
    """A dashboard of titled rows; panels flow from left to right."""
    panels: list[Json] = []
    y = 0
    for name, shown in rows:
        panels.append(_row(len(panels) + 1, name, y))
        x, y, tallest = 0, y + 1, 0
        for each in shown:
            if x + each.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            panels.append(_panel(len(panels) + 1, each, x, y))
            x, tallest = x + each.width, max(tallest, each.height)
        y += tallest
    return {
        "uid": uid,
        "title": title,
        "description": says,
        "tags": ["bridge"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_annotation(*each) for each in _ANNOTATIONS]},
        "links": [
            _link(
                "Dashboards", "", type="dashboards", tags=["bridge"], asDropdown=True, includeVars=True, keepTime=True
            ),
            _link("Console", "${console}"),
        ],
        "templating": {"list": _variables()},
        "panels": panels,
    }


_ANNOTATIONS = (
    ("Cutover changes", 'max by (job) (changes(bridge_cutover_revision{job="$job"}[1m])) > 0', "blue", "Rules changed"),
    (
        "Pages",
        'ALERTS{job="$job", alertstate="firing", severity="page"}',
        "red",
        "{{alertname}}",
    ),
)


def _annotation(name: str, expr: str, colour: str, title: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "expr": expr,
        "iconColor": colour,
        "titleFormat": title,
        "step": "60s",
    }


def _link(title: str, url: str, **more: Any) -> Json:
    return {
        "title": title,
        "type": "link",
        "url": url,
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "targetBlank": more.get("type") != "dashboards",
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        **more,
    }


def _variables() -> list[Json]:
    def asked(name: str, label: str, query: str, **more: Any) -> Json:
        return {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": DATASOURCE,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            **more,
        }

    def written(name: str, label: str, text: str) -> Json:
        return {
            "name": name,
            "label": label,
            "type": "textbox",
            "query": text,
            "current": {"text": text, "value": text},
            "hide": 2,
        }

    return [
        {"name": "datasource", "label": "Source", "type": "datasource", "query": "prometheus"},
        asked("job", "Bridge", "label_values(bridge_build_info, job)"),
        asked(
            "instance",
            "Replica",
            'label_values(bridge_build_info{job="$job"}, instance)',
            multi=True,
            includeAll=True,
            allValue=".*",
            current={"text": ["All"], "value": ["$__all"]},
        ),
        written("console", "Console", "http://localhost:8081/console/"),
        written("runbooks", "Runbooks", "/public/bridge-runbooks"),
    ]


def _row(number: int, title: str, y: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        "panels": [],
    }


def _panel(number: int, panel: Panel, x: int, y: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "links": [_link("What to do", f"${{runbooks}}/{panel.runbook}"), _link("Console", "${console}")],
        "targets": [_target("ABCDEF"[place], each, panel) for place, each in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": {**_OPTIONS[panel.kind], **panel.more.get("options", {})},
        **{name: each for name, each in panel.more.items() if name != "options"},
    }


def _target(letter: str, query: Query, panel: Panel) -> Json:
    now = query.instant or panel.kind in ("stat", "table")
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    steps = panel.steps or ((None, "text" if panel.kind == "stat" else "green"),)
    made: Json = {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]},
        "mappings": [],
    }
    if panel.most is not None:
        made["max"] = panel.most
    if panel.empty:
        made["noValue"] = panel.empty
    if panel.values:
        named = {
            text: {"text": said, "color": colour, "index": place}
            for place, (text, (said, colour)) in enumerate(panel.values.items())
        }
        made["mappings"] = [{"type": "value", "options": named}]
    if panel.kind == "timeseries":
        made["custom"] = {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "fillOpacity": 10 if panel.stacked == "none" else 35,
            "gradientMode": "none",
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": panel.stacked, "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
            "axisSoftMin": 0,
        }
    elif panel.kind == "state-timeline":
        made["custom"] = {"lineWidth": 0, "fillOpacity": 80}
    elif panel.kind == "table":
        made["custom"] = {"align": "left", "cellOptions": {"type": "color-text"}, "filterable": False}
    return made


def _overrides(panel: Panel) -> list[Json]:
    if panel.kind != "timeseries":
        return []
    # A series is named by its label, alone or before a space: `rest`, `rest p99`.
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/^{word}( .*)?$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for label, words in COLOURS.items()
        if any(query.legend.startswith(f"{{{{{label}}}}}") for query in panel.queries)
        for word, colour in words.items()
    ]


_OPTIONS: Mapping[str, Json] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "textMode": "auto",
        "orientation": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "state-timeline": {
        "mergeValues": True,
        "showValue": "auto",
        "rowHeight": 0.8,
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "table": {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
}


def columns(*shown: str, **named: str) -> Json:
    """For a table: these labels in this order, and no others; ``named`` renames."""
    return {
        "transformations": [
            {"id": "filterFieldsByName", "options": {"include": {"names": list(shown)}}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {},
                    "indexByName": {name: place for place, name in enumerate(shown)},
                    "renameByName": named,
                },
            },
        ]
    }
