"""Writes the rules as a resource for the Prometheus Operator: ``python tests/deploy/prometheus_rule.py``.

The groups are those of ``alerts.yaml``, as they stand there. Must not hold a rule.
"""

from __future__ import annotations

from pathlib import Path

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
RESOURCE = MONITORING / "prometheusrule.yaml"
HEAD = """# The rules of alerts.yaml for the Prometheus Operator; tests/deploy/prometheus_rule.py writes this.

apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: bridge
  labels:
    app.kubernetes.io/name: bridge
spec:
"""


def text() -> str:
    """The resource."""
    rules = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
    groups = rules[rules.index("groups:\n") :]
    return HEAD + "".join(f"  {line}" if line.strip() else line for line in groups.splitlines(keepends=True))


if __name__ == "__main__":
    RESOURCE.write_text(text(), encoding="utf-8")
