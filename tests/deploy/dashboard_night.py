"""The dashboard for who is called at night: is money in doubt, who is told what, and where does it come from."""

from __future__ import annotations

from dashboard_parts import Panel, Query, columns, dashboard, lines, stat, table
from dashboard_queries import (
    BAD,
    COMMITS,
    DOUBT,
    EACH,
    GOOD,
    HEADROOM,
    HERE,
    JOB,
    LEFT,
    MONEY,
    NEUTRAL,
    SLOW,
    SOON,
    ZUORA,
    quantile,
    rate,
)

NIGHT_NOW: tuple[Panel, ...] = (
    stat(
        "In doubt",
        "none",
        Query(f'sum(max by (state, route) (bridge_unsettled{{{JOB}, state="in_doubt"}})) or vector(0)'),
        says="Payments and refunds that were sent and whose fate is not known yet. The bridge looks for each.",
        runbook=DOUBT,
        steps=((None, NEUTRAL), (1, SOON)),
    ),
    stat(
        "Oldest in doubt",
        "s",
        Query(f'max(bridge_unsettled_oldest_seconds{{{JOB}, state=~"in_doubt|sending"}}) or vector(0)'),
        says="Promised: settled five minutes after the send deadline, so 425 s after the send. Older wakes somebody.",
        runbook=DOUBT,
        steps=((None, NEUTRAL), (300, SOON), (425, BAD)),
    ),
    stat(
        "Parked, for a person",
        "none",
        Query(f'sum(max by (state, route) (bridge_unsettled{{{JOB}, state="parked"}})) or vector(0)'),
        says="Only a person can settle these: no look-up can ever tell, or somebody else changed the payment.",
        runbook="parked-saga.md#first-look",
        steps=((None, NEUTRAL), (1, BAD)),
    ),
    stat(
        "Money calls without an answer",
        "percentunit",
        Query(f"bridge:money_unanswered:ratio_rate5m{{{JOB}}}"),
        says="Of payments and refunds in five minutes: told unknown or unsent. Objective: at most 0.5 %.",
        runbook=ZUORA,
        steps=((None, NEUTRAL), (0.005, SOON), (0.072, BAD)),
    ),
    stat(
        "Replicas ready",
        "none",
        Query(f"sum(bridge_ready{{{JOB}}}) or vector(0)"),
        says="How many replicas take calls. None wakes somebody.",
        runbook="first-day.md#no-replica",
        steps=((None, BAD), (1, NEUTRAL)),
    ),
    stat(
        "Left of Zuora's limits",
        "percentunit",
        Query(f"min(bridge_upstream_remaining{{{JOB}}} / bridge_upstream_limit{{{JOB}}})"),
        says="The scarcest of Zuora's limits, as its newest answer told it.",
        runbook=HEADROOM,
        steps=((None, BAD), (0.1, SOON), (0.2, NEUTRAL)),
    ),
)

NIGHT = dashboard(
    "bridge-night",
    "Bridge: the night",
    "For who is called: is money in doubt, who is told what, and where does it come from.",
    [
        ("Now", NIGHT_NOW),
        (
            "Doubt",
            (
                table(
                    "What fires?",
                    Query(f'ALERTS{{{JOB}, alertstate="firing", alertname=~"Bridge.+"}}'),
                    says="Alerts that fire now. Each one's runbook_url says what to do first.",
                    runbook="first-day.md#alerting",
                    width=8,
                    empty="Nothing fires",
                    values={"page": ("page", BAD), "ticket": ("ticket", SOON)},
                    more=columns(
                        *("severity", "alertname", "route", "state", "rule", "limit"),
                        severity="For",
                        alertname="Alert",
                    ),
                ),
                lines(
                    "How old is the oldest doubt?",
                    "s",
                    Query(
                        f"max by (state, route) (bridge_unsettled_oldest_seconds{{{JOB}, "
                        'state=~"in_doubt|sending"}) > 0',
                        "{{route}} {{state}}",
                    ),
                    says="By route. A line that climbs past 425 s is money that the bridge cannot settle by itself.",
                    runbook=DOUBT,
                    width=8,
                    steps=((None, GOOD), (425, BAD)),
                ),
                lines(
                    "How much is not settled?",
                    "none",
                    Query(f"sum by (state) (max by (state, route) (bridge_unsettled{{{JOB}}}))", "{{state}}"),
                    says="Intents by state. Sending passes within seconds; in doubt within minutes; parked stays.",
                    runbook=DOUBT,
                    width=8,
                    stacked="normal",
                ),
            ),
        ),
        (
            "Callers",
            (
                lines(
                    "What are callers told?",
                    "reqps",
                    Query(rate("bridge_calls_total", "outcome", 'door!="pass"'), "{{outcome}}"),
                    says="Unknown: money may have moved. Unsent: it has not. Refused and twin are answers.",
                    runbook=ZUORA,
                    stacked="normal",
                ),
                lines(
                    "How fast does the error budget burn?",
                    "percentunit",
                    Query(f"bridge:money_unanswered:ratio_rate5m{{{JOB}}}", "5 minutes"),
                    Query(f"bridge:money_unanswered:ratio_rate1h{{{JOB}}}", "1 hour"),
                    Query(f"bridge:money_unanswered:ratio_rate6h{{{JOB}}}", "6 hours"),
                    says="Money calls without an answer. 0.5 % is the budget; 7.2 % for an hour wakes somebody.",
                    runbook=ZUORA,
                    steps=((None, GOOD), (0.005, SOON), (0.072, BAD)),
                ),
                lines(
                    "How long do callers wait?",
                    "s",
                    Query(quantile(0.5, "bridge_call_seconds", "", MONEY), "p50"),
                    Query(quantile(0.95, "bridge_call_seconds", "", MONEY), "p95"),
                    Query(quantile(0.99, "bridge_call_seconds", "", MONEY), "p99"),
                    says="Payments and refunds, Zuora's time included. A caller is told unknown after 50 s.",
                    runbook=SLOW,
                ),
                lines(
                    "Where does the time go?",
                    "s",
                    Query(quantile(0.99, "bridge_stage_seconds", "stage"), "{{stage}}"),
                    says="p99 of each stage. Look-up, session and send are Zuora's; the others are the bridge's own.",
                    runbook=SLOW,
                ),
            ),
        ),
        (
            "Zuora and the journal",
            (
                lines(
                    "What does Zuora say?",
                    "reqps",
                    Query(rate("bridge_dispatches_total", "verdict"), "{{verdict}}"),
                    Query(f"sum(rate(bridge_upstream_throttled_total{{{HERE}}}{EACH}))", "throttled"),
                    says="Doubt: the answer got lost. Unsent: nothing reached Zuora. Throttled: over its limits.",
                    runbook=ZUORA,
                    stacked="normal",
                ),
                LEFT,
                COMMITS,
                lines(
                    "Are commits lost?",
                    "reqps",
                    Query(rate("bridge_journal_commits_total", "outcome"), "{{outcome}}"),
                    says="Down: not recorded, so nothing was sent on it. Refused: somebody else was first.",
                    runbook="database-down.md#commits-fail",
                    stacked="normal",
                ),
            ),
        ),
    ],
)
