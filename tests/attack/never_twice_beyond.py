"""The entries beyond the bridge: Zuora, people, and what nobody can guarantee. Must not promise without a proof."""

from __future__ import annotations

from never_twice_terms import UNMARKED, Entry, Part

ZUORA = Part(
    "Between the bridge and Zuora",
    (
        Entry(
            "Zuora's answer is lost after the payment was made",
            "A library repeats the POST and pays twice; or the caller hears of a failure that was none.",
            "No transport repeats by itself. REST goes again under its key; SOAP is looked up by its reference.",
            "One payment; told Id or unknown, never failure.",
            "I2, I3, I5",
            UNMARKED,
            (
                "53",
                "54",
                "50a",
                "upstream/test_upstream_transport.py::test_whatever_goes_wrong_after_the_first_byte_is_lost_and_arrives_once",
            ),
        ),
        Entry(
            "A 500 or an error page that hides a payment",
            "Taken for a failure, the ERP pays again.",
            "Every 5xx, HTML, and SOAP fault that may come after the work is doubt, not a verdict.",
            "Told as unknown until it is known.",
            "I3",
            "None known.",
            (
                "67b",
                "67c",
                "core/test_core_verdict.py::test_faults_that_may_come_after_the_work_are_no_verdict",
                "core/test_core_verdict.py::test_each_category_is_a_refusal_busy_or_no_verdict",
            ),
        ),
        Entry(
            "409 in both of its meanings",
            "Zuora's pages say that it means in progress, and that it means complete; either guess can be wrong.",
            "409 without a category of its own is doubt: the same key, then a look. Category 50 (a lock) is a no.",
            "One payment; no new key while the first may still come.",
            "I2, I5",
            "None known.",
            ("55", "56a", "56b"),
        ),
        Entry(
            "A key expires after 24 hours",
            "Zuora has forgotten it; the repeat under it is a new payment.",
            "No resend on another day of the tenant's, nor later than 20 hours after the first; then only a look.",
            "Never sent under a key that may be dead.",
            "I5",
            UNMARKED,
            (
                "58a",
                "58b",
                "core/test_core_lanes.py::test_the_key_is_not_repeated_on_the_next_day",
                "core/test_core_joins.py::test_the_day_is_counted_from_the_first_send",
            ),
        ),
        Entry(
            "A failure is stored under the key",
            "Every repeat gets the stored failure, and the payment is never made; or a new key pays twice.",
            "Absence is proved by two looks, when nothing can be on its way any more; then a new attempt.",
            "One payment in the end.",
            "I2, I5",
            "Without a reference absence is proved only where nothing of its look is there; else a person decides.",
            (
                "60a",
                "60b",
                "core/test_core_saga.py::test_a_refund_whose_failure_is_stored_gets_a_new_key_after_proved_absence",
            ),
        ),
        Entry(
            "A look finds nothing because it is too early",
            "Zuora's search lags behind; absence is concluded, and the payment is made again.",
            "Absence counts only after sending, Zuora's own end and the visibility window; and takes two looks.",
            "No absence by a single look.",
            "I5",
            "A search that lags for longer than the configured window would deceive it.",
            (
                "core/test_core_proof.py::test_absence_counts_from_the_end_of_everything_that_could_still_come",
                "core/test_core_batch.py::test_a_soap_payment_that_appears_late_is_found_by_the_repeat",
            ),
        ),
        Entry(
            "A look finds somebody else's payment",
            "The same reference twice: one is taken for the other, and a payment is lost.",
            "Marker, amount, account and source must agree; two with one marker, or an older one, prove nothing.",
            "Left for a person.",
            "I3",
            "A foreign payment of the same reference, amount and account, made after the send, cannot be told apart.",
            (
                "core/test_core_attacks.py::test_one_marker_of_two_different_payments_proves_neither",
                "core/test_core_recovery.py::test_two_objects_with_one_marker_are_for_a_person",
                "upstream/test_upstream_evidence.py::test_an_older_object_with_the_same_marker_is_neither_proof_nor_absence",
            ),
        ),
        Entry(
            "The token or a limit gets in between",
            "A 401 or 429 behind a lost answer is taken for 'not done'.",
            "After a doubt only what the request itself produced counts. A token is renewed under the same key.",
            "One payment.",
            "I3, I5",
            "None known.",
            (
                "62",
                "64",
                "65a",
                "core/test_core_verdict.py::test_after_a_doubt_only_what_the_request_itself_produced_is_proof",
            ),
        ),
        Entry(
            "The route changes between two tries",
            "A percentage, a rollback or a fall-back sends the repeat by REST while SOAP's may still arrive.",
            "The route is pinned to the intent; a fall-back follows a definite refusal only.",
            "Never two routes for one intent in doubt.",
            "I4",
            "None known.",
            (
                "71c",
                "core/test_core_action_siblings.py::test_a_row_of_the_action_does_not_end_what_went_on_by_rest",
                "attack/test_kill_and_repeat.py::test_a_killed_bridge_and_a_repeating_erp_move_everything_once",
            ),
        ),
        Entry(
            "A batch whose answer covers it only in part",
            "One result too few or one Id twice: rows are matched with the wrong objects.",
            "A count unlike the request's, or one Id for two objects, is trusted for none of them.",
            "Unknown rather than wrong.",
            "I3",
            "None known.",
            ("core/test_core_verdict.py::test_one_id_for_two_new_objects_is_trusted_for_neither",),
        ),
        Entry(
            "A refund of several steps stops half-way",
            "Unapplied and not refunded, or refunded twice on the second try.",
            "Each step is a recovery point; a started saga is finished, or taken back where its refund is refused.",
            "Refunded once, or as it was.",
            "I2, I3",
            "Where the way back is locked, the payment stays unapplied and is told so.",
            (
                "88",
                "89",
                "90",
                "90b",
                "core/test_core_saga.py::test_a_saga_dropped_at_any_command_is_finished_by_its_repeats",
            ),
        ),
        Entry(
            "An unapply without a sure key",
            "Its answer is lost; sent again on guess it unapplies what somebody applied since.",
            "What the payment shows, before and after, tells whether it happened; foreign changes park the intent.",
            "Never unapplied twice for one refund.",
            "I2, I5",
            "A foreign change that leaves the very amounts expected looks like our own.",
            ("90c", "core/test_core_saga.py::test_a_snapshot_tells_before_from_after_and_from_foreign_changes"),
        ),
    ),
)

PEOPLE = Part(
    "Operators and restores",
    (
        Entry(
            "An operator settles the wrong way",
            "`not applied` for a payment that was made: the repeat pays again.",
            "Only IN_DOUBT or PARKED can be resolved, with reason and name, never under a living send, no Id twice.",
            "Every such word is in the audit, with its author.",
            "I2",
            "The bridge cannot know better than the person. Reconciliation shows a denied movement the next day.",
            (
                "cli/test_journal_command.py::test_a_misuse_is_exit_2_and_one_sentence",
                "cli/test_journal_command.py::test_what_cannot_be_is_refused",
                "cli/test_journal_command.py::test_an_intent_that_a_living_process_is_sending_for_is_left_to_it",
                "journal/test_reconcile_both_ways.py::test_a_movement_of_an_intent_that_the_journal_denies_is_a_break",
            ),
        ),
        Entry(
            "A backup is restored, once or twice",
            "The journal lacks its last intents; their repeats are new payments.",
            "A change of PostgreSQL's timeline or cluster, or `bridge journal restore`, begins look-up-first mode; "
            "reconciliation lists what the journal lacks. A later word never shortens the mode.",
            "In this mode a create is sent only where Zuora has nothing of its kind that the journal does not know; "
            "otherwise the caller's twin policy answers. Every lost movement is a break.",
            "I2",
            "A restored SQLite file is not noticed by itself: say `bridge journal restore`. A caller whose twins are "
            "allowed is not looked up.",
            (
                "60d",
                "core/test_core_look_first.py::test_what_was_lost_is_answered_by_the_callers_policy",
                "attack/test_doubt_settles.py::test_what_a_restored_journal_lacks_is_not_paid_again",
                "cli/test_restore_runbook.py::test_the_runbook_finds_what_the_restored_journal_lacks",
                "cli/test_journal_command.py::test_restore_begins_the_mode_for_all_processes_and_ends_it",
                "journal/test_look_up_first_mark.py::test_another_timeline_or_cluster_begins_it_for_72_hours",
                "journal/test_look_up_first_mark.py::test_a_failover_under_a_running_bridge_refuses_what_was_under_way",
            ),
        ),
        Entry(
            "Nobody notices",
            "A payment is missing or too many, and it is found by the customer.",
            "`bridge journal reconcile` compares both ways; a break is a record with age and owner; exit 1 while open.",
            "What differs is found by the next run.",
            "I3",
            "Payments by SOAP under the caller's own user are found only by a reference.",
            (
                "journal/test_reconcile_both_ways.py::test_a_break_has_an_owner_and_an_age_over_runs",
                "journal/test_reconcile_both_ways.py::test_a_deleted_payment_is_a_break",
                "journal/test_reconcile_both_ways.py::test_another_amount_is_a_break_on_either_route",
            ),
        ),
    ),
)

CANNOT = Part(
    "What nobody can guarantee, and why",
    (
        Entry(
            "A SOAP create without marker and reference whose answer is lost",
            "SOAP has no key, and nothing in the object says whose it is.",
            "It is told as unknown and never sent again. Later it is looked for by its look: account, amount, type, "
            "day, made since by that session's user, and nobody else's. One clear candidate is it, none at all is "
            "absence.",
            "Not paid twice by the bridge.",
            "I3, I5",
            "Two acts of one look, or a like payment that the same user made elsewhere at that time, cannot be told "
            "apart: a person decides, or is deceived with the bridge. Give every payment a ReferenceId.",
            (
                "50b",
                "60c",
                "1005",
                "core/test_core_alike.py::test_a_candidate_counts_only_if_it_can_be_nobody_elses",
                "core/test_core_alike.py::test_acts_that_only_look_alike_are_for_a_person",
                "core/test_core_alike.py"
                "::test_an_equal_object_that_was_sent_much_later_does_not_yield_its_payment_to_the_first",
            ),
        ),
        Entry(
            "An ERP that changes the content between two tries",
            "Another amount, day or reference is another act, by every rule there is.",
            "Differences without a meaning (order, padding, time of day) are ignored. One that is all but equal (the "
            "same account, documents, amount, type and method) to one that is under way or unheard of waits for it, "
            "and then the caller's twin policy answers.",
            "While the first is not settled and heard of, the edited one is not paid beside it unasked.",
            "I6",
            "Another amount, or an edit after the first answer was delivered: it is two payments. Only the ERP knows "
            "that it means the same.",
            (
                "59d",
                "59e",
                "core/test_core_twins.py::test_a_near_twin_on_its_way_is_waited_for",
                "core/test_core_identity.py::test_different_amounts_are_different_acts",
                "core/test_core_identity.py::test_any_field_makes_a_difference",
                "facade/test_versions_writes.py::test_a_retry_that_stamps_another_time_is_the_same_act",
            ),
        ),
        Entry(
            "The ERP books one invoice twice",
            "Two vouchers with a reference each are two honest calls.",
            "Each is made once.",
            "None: the bridge cannot know the ERP's books.",
            "I2",
            "Zuora's own balance check is the only other barrier.",
            ("59a", "24"),
        ),
        Entry(
            "Two bridges with two journals before one tenant",
            "Neither knows what the other did.",
            "By REST both make the same key of the same act, so Zuora answers the second with the first's payment.",
            "By REST within the key's day. By SOAP none.",
            "I2",
            "One tenant, one database: that is the rule.",
            (
                "attack/test_two_journals.py::test_by_rest_two_journals_share_the_key_and_pay_once",
                "attack/test_two_journals.py::test_by_soap_two_journals_pay_what_each_is_asked_for",
            ),
        ),
        Entry(
            "The tenant's users and other programs",
            "Somebody pays, cancels or unapplies in Zuora's UI between two steps of the bridge.",
            "What a payment shows is compared before each step; a foreign change parks the intent.",
            "The bridge takes nobody's change back.",
            "I2",
            "It cannot stop them, and a payment made by hand as well is a second payment.",
            (
                "90c",
                "core/test_core_attacks.py::test_what_somebody_else_has_changed_is_not_taken_back",
                "journal/test_reconcile_both_ways.py::test_a_canceled_payment_is_a_break",
            ),
        ),
        Entry(
            "A gateway that charges twice by itself",
            "Zuora has one payment, the card two charges.",
            "The bridge asks Zuora once; what lies behind Zuora it never sees.",
            "One object in Zuora.",
            "I2",
            "Compare the gateway's statement with Zuora's payments; the bridge has no part in it.",
            ("upstream/test_upstream_sandbox.py::test_a_keyed_rest_dispatch_sent_twice_moves_money_once",),
        ),
        Entry(
            "The journal is lost together with its backup, or its key",
            "A fresh journal knows nothing: what was in doubt is forgotten, and repeats by SOAP are new.",
            "A database without its key is refused, not replaced. Reconciliation finds movements without an intent.",
            "Nothing is made up; lost movements in the bridge's name become breaks.",
            "I2",
            "A fresh database alone never begins look-up-first mode: run `bridge journal restore` by hand.",
            (
                "journal/test_journal_secrecy.py::test_a_lost_key_file_is_not_replaced",
                "journal/test_look_up_first_mark.py::test_a_fresh_database_never_begins_the_mode",
                "journal/test_reconcile_both_ways.py::test_a_movement_in_the_bridge_s_name_without_an_intent_is_a_break",
            ),
        ),
        Entry(
            "A write through the bridge that is no payment or refund",
            "A `subscribe` with a payment in it, for example, passes and its answer is lost.",
            "It is passed on once, never repeated by the bridge, and not journaled.",
            "Not sent twice by the bridge.",
            "I10",
            "A repeat by the ERP is a second request for Zuora, as it is without the bridge.",
            ("114", "scenarios/test_passing_stories.py::test_a_subscribe_without_an_answer_is_not_sent_again"),
        ),
    ),
)
