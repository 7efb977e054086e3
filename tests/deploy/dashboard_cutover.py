"""The dashboard for who moves traffic: which way it goes, whether that way is worse, and what is proved."""

from __future__ import annotations

from dashboard_parts import Panel, Query, columns, dashboard, lines, stat, states, table
from dashboard_queries import BAD, GOOD, JOB, MONEY, NEUTRAL, SOON, quantile, rate

CUTOVER_NOW: tuple[Panel, ...] = (
    stat(
        "Money calls",
        "none",
        Query(f"max(bridge_cutover_stopped{{{JOB}}})"),
        says="Whether somebody has stopped all new payments and refunds.",
        runbook="rollback.md#stopped",
        values={"0": ("flow", NEUTRAL), "1": ("stopped", BAD)},
    ),
    stat(
        "Revision of the rules",
        "none",
        Query(f"max(bridge_cutover_revision{{{JOB}}})"),
        says="What counts now; the history has its author and reason.",
        runbook="cutover.md#replicas-disagree",
    ),
    stat(
        "Replicas behind",
        "none",
        Query(
            f"count(bridge_cutover_revision{{{JOB}}} < on (job) group_left () "
            f"max by (job) (bridge_cutover_revision{{{JOB}}})) or vector(0)"
        ),
        says="Replicas that follow older rules. A change is in force everywhere within a second.",
        runbook="cutover.md#replicas-disagree",
        steps=((None, NEUTRAL), (1, BAD)),
    ),
    stat(
        "Ramps rolled back",
        "none",
        Query(f"count(min by (rule) (bridge_ramp_percent{{{JOB}}}) == 0) or vector(0)"),
        says="They stand at 0 % and wait for a person.",
        runbook="rollback.md#ramp-rolled-back",
        steps=((None, NEUTRAL), (1, SOON)),
    ),
    stat(
        "Shadows that differ",
        "none",
        Query(f'count(max by (operation, object) (bridge_parity_verdict{{{JOB}, verdict="FAIL"}}) == 1) or vector(0)'),
        says="Operations of which REST would have answered otherwise. Callers got the old route's answer.",
        runbook="cutover.md#parity-fails",
        steps=((None, NEUTRAL), (1, SOON)),
    ),
    stat(
        "Breaks open",
        "none",
        Query(f"max(bridge_reconciliation_open{{{JOB}}}) or vector(0)"),
        says="Where journal and Zuora do not agree about money, and nobody has closed it.",
        runbook="in-doubt.md#reconciliation",
        steps=((None, NEUTRAL), (1, BAD)),
    ),
)

CUTOVER = dashboard(
    "bridge-cutover",
    "Bridge: the cutover",
    "For who moves traffic from SOAP to REST: which way it goes, whether that way is worse, and what is proved.",
    [
        ("Now", CUTOVER_NOW),
        (
            "Routes",
            (
                lines(
                    "Which way does money go?",
                    "reqps",
                    Query(rate("bridge_calls_total", "route", MONEY), "{{route}}"),
                    says="Payments and refunds by route, as a share of all.",
                    runbook="cutover.md#move-traffic-from-soap-to-rest",
                    stacked="percent",
                ),
                lines(
                    "Which way do queries go?",
                    "reqps",
                    Query(rate("bridge_calls_total", "route", 'operation=~"query|queryMore"'), "{{route}}"),
                    says="Queries by route, as a share of all; pass is Zuora's SOAP, byte for byte.",
                    runbook="cutover.md#move-traffic-from-soap-to-rest",
                    stacked="percent",
                ),
                lines(
                    "Is one way worse?",
                    "percentunit",
                    Query(
                        rate("bridge_calls_total", "route", f'{MONEY}, outcome=~"unknown|unsent"')
                        + " / "
                        + rate("bridge_calls_total", "route", MONEY),
                        "{{route}} unanswered",
                    ),
                    Query(
                        rate("bridge_calls_total", "route", f'{MONEY}, outcome="refused"')
                        + " / "
                        + rate("bridge_calls_total", "route", MONEY),
                        "{{route}} refused",
                    ),
                    says="Of each route's money calls: without an answer, and refused. A gate compares the same.",
                    runbook="rollback.md#ramp-in-breach",
                ),
                lines(
                    "Is one way slower?",
                    "s",
                    Query(quantile(0.95, "bridge_call_seconds", "route", MONEY), "{{route}} p95"),
                    says="p95 of money calls by route, Zuora's time included. A ramp's `slower` compares it.",
                    runbook="rollback.md#ramp-in-breach",
                ),
            ),
        ),
        (
            "Ramps",
            (
                lines(
                    "How far are the ramps?",
                    "percent",
                    Query(f"min by (rule) (bridge_ramp_percent{{{JOB}}})", "{{rule}}"),
                    says="The percentage of accounts that go by the new route. 0 is rolled back.",
                    runbook="cutover.md#move-traffic-from-soap-to-rest",
                    most=100,
                ),
                states(
                    "What do the gates say?",
                    Query(f"max by (rule, verdict) (bridge_ramp_verdict{{{JOB}}})", "{{rule}}: {{verdict}}"),
                    says="ROLL BACK that lasts is a gate that cannot act: take the ramp back by hand.",
                    runbook="rollback.md#ramp-in-breach",
                    values={"0": ("", "transparent"), "1": ("now", GOOD)},
                ),
            ),
        ),
        (
            "Parity",
            (
                lines(
                    "Do shadows agree?",
                    "reqps",
                    Query(rate("bridge_shadow_comparisons_total", "kind, equal"), "{{kind}}, equal {{equal}}"),
                    says="Comparisons: 1 equal, 0 different, noise where Zuora itself said something else by then.",
                    runbook="cutover.md#parity-fails",
                    width=8,
                ),
                lines(
                    "What was not compared?",
                    "reqps",
                    Query(rate("bridge_shadow_dropped_total", "reason"), "{{reason}}"),
                    says="Dropped, so that no caller waits for a comparison.",
                    runbook="cutover.md#parity-fails",
                    width=8,
                ),
                table(
                    "What do shadows prove?",
                    Query(f"max by (operation, object, verdict) (bridge_parity_verdict{{{JOB}}}) == 1"),
                    says="The verdict of seven days, per operation and object.",
                    runbook="cutover.md#parity-fails",
                    width=8,
                    empty="No shadow compares",
                    values={
                        "PASS": ("PASS", GOOD),
                        "FAIL": ("FAIL", BAD),
                        "NOT ENOUGH DATA": ("NOT ENOUGH DATA", SOON),
                    },
                    more=columns(
                        *("operation", "object", "verdict"),
                        operation="Operation",
                        object="Object",
                        verdict="Verdict",
                    ),
                ),
            ),
        ),
    ],
)
