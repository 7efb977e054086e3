"""What the dashboards share: how their queries choose and count, the runbooks they point to, two panels.

A panel that is on two dashboards is the same on both. Must not hold how a panel looks (``dashboard_parts``).
"""

from __future__ import annotations

from dashboard_parts import Query, lines

JOB = 'job="$job"'
HERE = 'job="$job", instance=~"$instance"'
MONEY = 'operation=~"create|update|delete"'
EACH = "[$__rate_interval]"

NEUTRAL, GOOD, SOON, BAD = "text", "green", "orange", "red"


def quantile(share: float, name: str, by: str, more: str = "") -> str:
    """A quantile of a histogram, by labels."""
    chosen = f"{HERE}, {more}" if more else HERE
    over = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({over}) (rate({name}_bucket{{{chosen}}}{EACH})))"


def rate(name: str, by: str, more: str = "") -> str:
    """What happens per second, by labels."""
    chosen = f"{HERE}, {more}" if more else HERE
    return f"sum by ({by}) (rate({name}{{{chosen}}}{EACH}))"


DOUBT = "in-doubt.md#first-look"
ZUORA = "zuora-down.md#first-look"
SLOW = "database-down.md#slow"
HEADROOM = "zuora-down.md#headroom"

LEFT = lines(
    "How much is left of Zuora's limits?",
    "percentunit",
    Query(
        f"min by (limit) (bridge_upstream_remaining{{{HERE}}} / bridge_upstream_limit{{{HERE}}})",
        "{{limit}}",
    ),
    says="As Zuora's newest answers told it; shared with every other system of the tenant. Below 20 % is a ticket.",
    runbook=HEADROOM,
    steps=((None, BAD), (0.2, GOOD)),
    most=1,
)
COMMITS = lines(
    "Does the journal keep up?",
    "s",
    Query(quantile(0.5, "bridge_journal_commit_seconds", ""), "p50"),
    Query(quantile(0.99, "bridge_journal_commit_seconds", ""), "p99"),
    says="How long a commit takes. Every payment waits for two. Over 250 ms is a ticket; after 2 s nothing is sent.",
    runbook=SLOW,
    steps=((None, GOOD), (0.25, BAD)),
)
