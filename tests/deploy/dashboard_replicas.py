"""The dashboard for who runs the replicas: which one carries what, who calls, and what is full first."""

from __future__ import annotations

from dataclasses import replace

from dashboard_parts import Panel, Query, columns, dashboard, lines, stat, states, table
from dashboard_queries import (
    BAD,
    COMMITS,
    EACH,
    GOOD,
    HEADROOM,
    HERE,
    JOB,
    LEFT,
    NEUTRAL,
    SLOW,
    SOON,
    ZUORA,
    quantile,
    rate,
)

REPLICAS_NOW: tuple[Panel, ...] = (
    stat(
        "Calls",
        "reqps",
        Query(f"sum(rate(bridge_calls_total{{{HERE}}}[5m]))"),
        says="Calls answered per second, all doors.",
        runbook="first-day.md#not-ready",
    ),
    stat(
        "Calls open",
        "none",
        Query(f"sum(bridge_calls_in_flight{{{HERE}}})"),
        says="Calls that have come and are not answered yet. The number of replicas follows it.",
        runbook="first-day.md#not-ready",
    ),
    stat(
        "Slowest hundredth",
        "s",
        Query(f"histogram_quantile(0.99, sum by (le) (rate(bridge_call_seconds_bucket{{{HERE}}}[5m])))"),
        says="p99 of all calls within five minutes, Zuora's time included.",
        runbook=SLOW,
    ),
    stat(
        "Zuora's slots in use",
        "percentunit",
        Query(f'sum(bridge_upstream_in_flight{{{JOB}}}) / max(bridge_upstream_limit{{{JOB}, limit="concurrency"}})'),
        says="The bridge's own requests of the tenant's concurrent ones. Over 80 % is a ticket.",
        runbook=HEADROOM,
        steps=((None, NEUTRAL), (0.8, SOON), (0.95, BAD)),
    ),
    stat(
        "Commits",
        "ops",
        Query(f"sum(rate(bridge_journal_commits_total{{{HERE}}}[5m]))"),
        says="Commits to the journal per second; one carries the changes of many calls.",
        runbook=SLOW,
    ),
    stat(
        "Versions",
        "none",
        Query(f"count(count by (version, wsdl) (bridge_build_info{{{JOB}}}))"),
        says="More than one for an hour is an upgrade that was not ended.",
        runbook="upgrade.md#mixed-versions",
        steps=((None, NEUTRAL), (2, SOON)),
    ),
)

REPLICAS = dashboard(
    "bridge-replicas",
    "Bridge: replicas and capacity",
    "For who runs it: which replica carries what, who calls, and what is full first.",
    [
        ("Now", REPLICAS_NOW),
        (
            "Replicas",
            (
                states(
                    "Which replicas are ready?",
                    Query(f"min by (instance) (bridge_ready{{{HERE}}})", "{{instance}}"),
                    says="As /readyz says; its reasons stand there.",
                    runbook="first-day.md#not-ready",
                    width=8,
                    values={"0": ("not ready", BAD), "1": ("ready", GOOD)},
                ),
                lines(
                    "Who carries the load?",
                    "reqps",
                    Query(rate("bridge_calls_total", "instance"), "{{instance}}"),
                    says="Calls answered by each replica. One that carries none is out of the proxy's round.",
                    runbook="first-day.md#not-ready",
                    width=8,
                ),
                lines(
                    "Where do calls wait?",
                    "none",
                    Query(f"sum by (instance) (bridge_calls_in_flight{{{HERE}}})", "{{instance}}"),
                    says="Open calls of each replica.",
                    runbook=SLOW,
                    width=8,
                ),
            ),
        ),
        (
            "Callers",
            (
                lines(
                    "Who calls?",
                    "reqps",
                    Query(f"topk(10, {rate('bridge_calls_total', 'caller')})", "{{caller}}"),
                    says="By the names in BRIDGE_CALLERS, the ten busiest.",
                    runbook="first-day.md#faults",
                    width=8,
                ),
                lines(
                    "Through which door, in which version?",
                    "reqps",
                    Query(rate("bridge_calls_total", "door, version"), "{{door}} {{version}}"),
                    says="SOAP callers by the WSDL they were built from.",
                    runbook="first-day.md#faults",
                    width=8,
                    stacked="normal",
                ),
                lines(
                    "What is repeated or refused unread?",
                    "reqps",
                    Query(rate("bridge_guard_refusals_total", "reason"), "guard: {{reason}}"),
                    Query(rate("bridge_twins_refused_total", "policy"), "twin: {{policy}}"),
                    Query(rate("bridge_joins_total", "state"), "joined: {{state}}"),
                    says="Hostile or broken input; payments equal to earlier ones; repeats that joined the first.",
                    runbook="first-day.md#guard-refusals",
                    width=8,
                ),
            ),
        ),
        (
            "Zuora",
            (
                lines(
                    "How full are Zuora's slots?",
                    "none",
                    Query(f"sum by (instance) (bridge_upstream_in_flight{{{HERE}}})", "{{instance}}"),
                    Query(f'max(bridge_upstream_limit{{{JOB}, limit="concurrency"}})', "limit"),
                    says="Concurrent requests of each replica, and what the tenant may have in all.",
                    runbook=HEADROOM,
                    width=8,
                ),
                replace(LEFT, width=8),
                lines(
                    "How long does Zuora take?",
                    "s",
                    Query(quantile(0.5, "bridge_dispatch_seconds", "route"), "{{route}} p50"),
                    Query(quantile(0.99, "bridge_dispatch_seconds", "route"), "{{route}} p99"),
                    says="From sending to its whole answer, by route.",
                    runbook=ZUORA,
                    width=8,
                ),
            ),
        ),
        (
            "Journal",
            (
                replace(COMMITS, width=8),
                lines(
                    "How much does one commit carry?",
                    "none",
                    Query(
                        f"sum by (instance) (rate(bridge_journal_batch_changes_sum{{{HERE}}}{EACH})) / "
                        f"sum by (instance) (rate(bridge_journal_batch_changes_count{{{HERE}}}{EACH}))",
                        "{{instance}}",
                    ),
                    says="Changes per commit. It grows with load, which is how a slow disk keeps up.",
                    runbook=SLOW,
                    width=8,
                ),
                table(
                    "What runs?",
                    Query(f"bridge_build_info{{{HERE}}}"),
                    says="Each replica's version, and the WSDL it sends by.",
                    runbook="upgrade.md#mixed-versions",
                    width=8,
                    more=columns("instance", "version", "wsdl", instance="Replica", version="Version", wsdl="WSDL"),
                ),
            ),
        ),
    ],
)
