"""What two bridges expose when everything is wrong at once: the values that the alerts of ``alerts.yaml`` are for.

Series as a bridge writes them; a counter's number is its growth per second. Must not know an alert.
"""

from __future__ import annotations

from collections.abc import Mapping

CALL = 'object="Payment",version="107.0",caller="erp"'
OWN = ("guard", "decode", "journal", "render")

SICK: Mapping[str, float] = {
    'bridge_build_info{version="0.1.0",wsdl="107.0"}': 1,
    "bridge_ready": 0,
    "bridge_journal_up": 0,
    'bridge_unsettled{state="in_doubt",route="rest"}': 3,
    'bridge_unsettled{state="parked",route="soap"}': 2,
    'bridge_unsettled_oldest_seconds{state="in_doubt",route="rest"}': 500,
    'bridge_unsettled_oldest_seconds{state="parked",route="soap"}': 4000,
    "bridge_reconciliation_open": 2,
    'bridge_calls_in_flight{door="soap"}': 12,
    'bridge_upstream_limit{limit="concurrency"}': 40,
    'bridge_upstream_remaining{limit="concurrency"}': 3,
    "bridge_upstream_in_flight": 36,
    "bridge_cutover_stopped": 1,
    "bridge_cutover_revision": 7,
    'bridge_ramp_percent{rule="pilot"}': 20,
    'bridge_ramp_verdict{rule="pilot",verdict="ROLL BACK"}': 1,
    'bridge_ramp_percent{rule="the last one"}': 0,
    'bridge_parity_verdict{operation="create",object="Payment",verdict="FAIL"}': 1,
}
"""One bridge's gauges."""

GROWING: Mapping[str, float] = {
    f'bridge_calls_total{{door="soap",operation="create",{CALL},route="rest",outcome="applied"}}': 50,
    f'bridge_calls_total{{door="soap",operation="create",{CALL},route="rest",outcome="refused"}}': 5,
    f'bridge_calls_total{{door="soap",operation="create",{CALL},route="rest",outcome="unknown"}}': 20,
    f'bridge_calls_total{{door="soap",operation="create",{CALL},route="none",outcome="fault"}}': 40,
    'bridge_calls_total{door="soap",operation="other",object="other",version="none",caller="other",'
    'route="none",outcome="fault"}': 300,
    f'bridge_calls_total{{door="soap",operation="query",{CALL},route="rest",outcome="page"}}': 10,
    'bridge_call_seconds_bucket{door="soap",operation="create",route="rest",le="1.0"}': 90,
    'bridge_call_seconds_bucket{door="soap",operation="create",route="rest",le="+Inf"}': 115,
    **{f'bridge_stage_seconds_bucket{{stage="{stage}",le="0.025"}}': 60.0 for stage in OWN},
    **{f'bridge_stage_seconds_bucket{{stage="{stage}",le="0.25"}}': 70.0 for stage in OWN},
    **{f'bridge_stage_seconds_bucket{{stage="{stage}",le="+Inf"}}': 100.0 for stage in OWN},
    **{f'bridge_stage_seconds_count{{stage="{stage}"}}': 100.0 for stage in OWN},
    'bridge_for_people_total{kind="left_over"}': 2,
    'bridge_dispatches_total{route="rest",operation="create",verdict="done"}': 10,
    'bridge_dispatches_total{route="rest",operation="create",verdict="doubt"}': 20,
    'bridge_dispatch_seconds_bucket{route="rest",le="1.0"}': 25,
    'bridge_dispatch_seconds_bucket{route="rest",le="+Inf"}': 30,
    'bridge_lookups_total{outcome="none"}': 10,
    "bridge_upstream_throttled_total": 30,
    'bridge_journal_commits_total{outcome="done"}': 80,
    'bridge_journal_commits_total{outcome="down"}': 20,
    'bridge_journal_commit_seconds_bucket{le="0.25"}': 60,
    'bridge_journal_commit_seconds_bucket{le="2.5"}': 80,
    'bridge_journal_commit_seconds_bucket{le="+Inf"}': 80,
    "bridge_journal_batch_changes_sum": 400,
    "bridge_journal_batch_changes_count": 80,
    'bridge_guard_refusals_total{reason="doctype"}': 300,
    'bridge_twins_refused_total{policy="fault"}': 10,
    'bridge_joins_total{state="applied"}': 5,
    'bridge_shadow_comparisons_total{kind="plan",equal="0"}': 5,
    'bridge_shadow_dropped_total{reason="full"}': 5,
}
"""Its counters, per second."""

OTHER: Mapping[str, float] = {
    'bridge_build_info{version="0.2.0",wsdl="107.0"}': 1,
    "bridge_ready": 0,
    "bridge_cutover_revision": 6,
}
"""A second bridge, of another version, which has not heard of the newest rules."""
