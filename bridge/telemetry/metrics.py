"""Every metric of the bridge, in one place: its name, what it counts, and what its labels can say.

Contract: names follow Prometheus' conventions (the unit in the name, ``_total`` for what only grows). A label is one of
our own words, a name that the owner has configured, or ``other``; what it can be stands in ``LABELS``, and what depends
on the family in ``MEANT``. ``deploy/monitoring/metrics.md`` is written from here. Must not hold a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.telemetry.families import OTHER, SECONDS, Counter, Exposition, Gauge, Histogram

__all__ = ["CONTENT_TYPE", "LABELS", "MEANT", "METRICS", "OTHER", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_STATES = "received, planned, sending, not_sent, in_doubt, parked"

LABELS: Final[Mapping[str, str]] = {
    "caller": "the caller's name in BRIDGE_CALLERS, `json` for JSON callers without one, or `other`",
    "came": "the state that an intent was brought to: applied, not_applied, refused, or one that is not settled",
    "door": "soap, action, crud; pass for everything that is streamed unread",
    "equal": "1, 0 or noise (the data changed in between)",
    "kind": "see the meaning",
    "limit": "as Zuora's headers tell: concurrency, concurrency_high_volume, rate_minute, rate_hour, rate_day",
    "object": "Payment, Refund or other",
    "operation": (
        "create, update, delete, query, queryMore, login, getUserInfo, ... as Zuora's WSDL has them; read and write "
        "for what is streamed; wsdl; other"
    ),
    "outcome": "see the meaning",
    "policy": "the caller's twin policy: fault, join or allow",
    "reason": "one of the bridge's own words",
    "route": "soap, rest, action; pass for unchanged bytes; mixed for a batch that went by several; none",
    "rule": "the name that its owner gave to a cutover rule",
    "stage": "guard, session, decode, lookup, journal, send, render",
    "state": "see the meaning",
    "verdict": "see the meaning",
    "version": "the caller's WSDL version (107.0), other, or none",
    "wsdl": "the version of Zuora's WSDL that the bridge sends by",
}
"""What a label can say, unless ``MEANT`` says it for one family."""

MEANT: Final[Mapping[tuple[str, str], str]] = {
    ("bridge_build_info", "version"): "the bridge's own version",
    ("bridge_calls_total", "outcome"): (
        "of several objects the one that most needs a person: unknown, unsent, refused, twin, applied; fault for a "
        "call refused as a whole, page for a query answered by the bridge, passed for Zuora's own answer"
    ),
    ("bridge_dispatches_total", "verdict"): (
        "done, no (Zuora refused), busy (refused for now), doubt, unsent; mixed for rows of several kinds; none where "
        "the bridge broke off"
    ),
    ("bridge_for_people_total", "kind"): "parked, left_over (unapplied and not applied again)",
    ("bridge_guard_refusals_total", "reason"): (
        "what the guard found; head (it did not come in time), connections (one that waited made room for another)"
    ),
    ("bridge_joins_total", "state"): "what the joined one was told as: applied, refused, unknown",
    ("bridge_journal_commits_total", "outcome"): "done, down (not recorded, so nothing is sent on it), refused",
    ("bridge_lookups_total", "outcome"): "found, absent, none (no verdict)",
    ("bridge_objects_total", "outcome"): "applied, refused, unsent, unknown, twin",
    ("bridge_parity_verdict", "verdict"): "PASS, FAIL, NOT ENOUGH DATA",
    ("bridge_ramp_verdict", "verdict"): "PROMOTE, HOLD, NOT ENOUGH DATA, ROLL BACK",
    ("bridge_shadow_comparisons_total", "kind"): "query, plan, effect",
    ("bridge_unsettled", "state"): _STATES,
    ("bridge_unsettled_oldest_seconds", "state"): _STATES,
}

_CHANGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE = (0.0001, 0.00025, *_COMMIT, 30.0, 125.0)


class Metrics(Exposition):
    """All families of one process."""

    def __init__(self) -> None:
        super().__init__()
        self.build_info = self._gauge("bridge_build_info", "1, with what runs here.", "version", "wsdl")
        self.ready = self._gauge("bridge_ready", "1 where /readyz says so, else 0.")

        self.calls = Counter(
            self,
            "bridge_calls_total",
            "Calls answered.",
            ("door", "operation", "object", "version", "caller", "route", "outcome"),
            most=4000,
            stranger="caller",
        )
        self.families.append(self.calls)
        self.objects = self._counter(
            "bridge_objects_total", "Objects of journaled calls.", "operation", "object", "route", "outcome"
        )
        self.in_flight = Gauge(self, "bridge_calls_in_flight", "Calls not answered yet.", ("door",), across="livesum")
        self.families.append(self.in_flight)
        self.call_seconds = self._histogram(
            "bridge_call_seconds", "From a call's headers to its answer.", "door", "operation", "route"
        )
        self.stage_seconds = self._histogram(
            "bridge_stage_seconds", "Time in one part of a call; a call can have one more than once.", "stage",
            buckets=_STAGE,
        )  # fmt: skip

        self.dispatches = self._counter(
            "bridge_dispatches_total", "Recorded requests sent to Zuora.", "route", "operation", "verdict"
        )
        self.dispatch_seconds = self._histogram(
            "bridge_dispatch_seconds", "From sending to Zuora's whole answer.", "route"
        )
        self.lookups = self._counter("bridge_lookups_total", "Questions about the tenant, answered.", "outcome")

        self.unfinished = self._gauge("bridge_unfinished", "Intents that are neither settled nor parked.")
        self.unsettled = self._gauge(
            "bridge_unsettled", "Intents that are not settled, parked ones included.", "state", "route"
        )
        self.oldest_seconds = self._gauge(
            "bridge_unsettled_oldest_seconds", "Age of the oldest of them, 0 without one.", "state", "route"
        )
        self.for_people = self._counter("bridge_for_people_total", "What only a person can bring to an end.", "kind")
        self.recovered = self._counter("bridge_recovered_total", "Intents the recoverer looked for.", "came")

        self.upstream_limit = Gauge(
            self, "bridge_upstream_limit", "Zuora's limit, as its newest answer told it.", ("limit",),
            across="livemostrecent",
        )  # fmt: skip
        self.upstream_remaining = Gauge(
            self, "bridge_upstream_remaining", "What is left of it, as its newest answer told it.", ("limit",),
            across="livemostrecent",
        )  # fmt: skip
        self.upstream_in_flight = Gauge(
            self, "bridge_upstream_in_flight", "Requests of the bridge's own under way at Zuora.", across="livesum"
        )
        self.families += [self.upstream_limit, self.upstream_remaining, self.upstream_in_flight]
        self.throttled = self._counter("bridge_upstream_throttled_total", "Answers 429 of Zuora.")

        self.commits = self._counter("bridge_journal_commits_total", "Ends of journal writes.", "outcome")
        self.commit_seconds = self._histogram(
            "bridge_journal_commit_seconds", "From beginning a transaction to its end.", buckets=_COMMIT
        )
        self.batch_changes = self._histogram(
            "bridge_journal_batch_changes", "Writes that shared one transaction.", buckets=_CHANGES
        )
        self.journal_up = Gauge(self, "bridge_journal_up", "0 while the journal cannot be written.", across="livemin")
        self.families.append(self.journal_up)

        self.joins = self._counter("bridge_joins_total", "Objects answered by an earlier call's intent.", "state")
        self.twins = self._counter("bridge_twins_refused_total", "Objects refused as somebody's twin.", "policy")
        self.refusals = self._counter("bridge_guard_refusals_total", "Requests the guard refused.", "reason")

        self.cutover_revision = self._gauge("bridge_cutover_revision", "The revision of the rules that count here.")
        self.cutover_stopped = self._gauge("bridge_cutover_stopped", "1 while new money calls are stopped.")
        self.ramp_percent = self._gauge("bridge_ramp_percent", "Where a rule's ramp stands.", "rule")
        self.ramp_verdict = self._gauge(
            "bridge_ramp_verdict", "1 for what a rule's gate judges now.", "rule", "verdict"
        )

        self.shadow_comparisons = self._counter(
            "bridge_shadow_comparisons_total", "What shadows compared.", "kind", "equal"
        )
        self.shadow_dropped = self._counter(
            "bridge_shadow_dropped_total", "What no shadow compared, and why.", "reason"
        )
        self.parity_verdict = self._gauge(
            "bridge_parity_verdict", "1 for what the shadows of seven days prove.", "operation", "object", "verdict"
        )
        self.reconciliation_open = self._gauge(
            "bridge_reconciliation_open", "Breaks that reconciliation found and nobody has closed."
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        made = Counter(self, name, text, labels)
        self.families.append(made)
        return made

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        made = Gauge(self, name, text, labels)
        self.families.append(made)
        return made

    def _histogram(self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
        made = Histogram(self, name, text, labels, buckets=buckets)
        self.families.append(made)
        return made


METRICS = Metrics()
