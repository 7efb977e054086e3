"""Writes the shipped Grafana dashboards: ``python tests/deploy/dashboards.py``.

Change the panels in ``dashboard_night``, ``dashboard_cutover`` or ``dashboard_replicas`` and write; a test fails where
file and source differ. Each panel asks what an operator asks and links to the runbook that goes on from there. What
all replicas tell of the one journal is taken once (max), what each tells of itself is added up.
"""

from __future__ import annotations

import json
from pathlib import Path

from dashboard_cutover import CUTOVER
from dashboard_night import NIGHT
from dashboard_parts import Json
from dashboard_replicas import REPLICAS

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring" / "grafana" / "dashboards"

DASHBOARDS: dict[str, Json] = {"night": NIGHT, "cutover": CUTOVER, "replicas": REPLICAS}
"""By the name of the file."""


def text(made: Json) -> str:
    """As it stands in the file."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, made in DASHBOARDS.items():
        (FOLDER / f"{name}.json").write_text(text(made), encoding="utf-8")


if __name__ == "__main__":
    main()
