"""Every way we know to charge twice or lose a payment, each with the tests that prove what is said of it.

``never_twice_page.py`` writes the page, ``test_never_twice_page.py`` holds it. A proof is ``room/file.py::test`` under
``tests/``, or a number of the scenarios, such as ``53b``. Must not promise what no proof shows.
"""

from __future__ import annotations

from never_twice_beyond import CANNOT, PEOPLE, ZUORA
from never_twice_terms import UNMARKED, Entry, Part

KILLS = "attack/test_twenty_kills.py::test_twenty_kills_under_load_double_nothing_and_lose_nothing"

CALLER = Part(
    "Between the caller and the bridge",
    (
        Entry(
            "The caller repeats after a time-out",
            "The ERP's HTTP client gives up, the payment is made all the same, and the ERP sends the message again.",
            "The repeat has the same content, so it is the same intent; it waits for the first or is told its Id.",
            "One payment; the repeat is told its Id.",
            "I2, I6",
            "The repeat has to say the same. What an ERP changes between two tries is another act (see below).",
            ("53", "53b", "1044", "core/test_core_joins.py::test_a_duplicate_waits_for_the_first_and_is_told_the_same"),
        ),
        Entry(
            "The answer gets lost on the way back",
            "The bridge answered, a proxy or the network dropped the answer, and the ERP repeats much later.",
            "Delivery is noted only once the answer was handed over; an undelivered answer is joined however late.",
            "The Id of the first.",
            "I6",
            "An answer handed to a proxy that loses it counts as delivered; then the 15 minutes of a repeat count.",
            ("core/test_core_joins.py::test_an_undelivered_answer_is_joined_however_late", "1010"),
        ),
        Entry(
            "A proxy or client library repeats by itself",
            "Eight equal requests arrive at one moment, from layers the ERP knows nothing of.",
            "Each identity opens once in the journal (a unique index); who loses waits for who won.",
            "One payment; all are told the same.",
            "I2, I6",
            "Equal requests that come later than 15 minutes after the answer fall under the caller's twin policy.",
            (
                "1044",
                "attack/test_kill_and_repeat.py::test_two_processes_on_one_file_pay_a_call_once_that_both_get_at_once",
            ),
        ),
        Entry(
            "The caller hangs up in the middle of a batch",
            "Half of fifty payments are made; the repeat makes them again.",
            "What was sent settles in the journal, what was not is not sent; the repeat joins and sends the rest.",
            "Fifty payments, not a hundred and not twenty-five.",
            "I2, I3",
            "None known.",
            ("52", "core/test_core_conduct_races.py::test_who_hangs_up_in_the_middle_stops_what_was_not_sent"),
        ),
        Entry(
            "The same act by another door",
            "The ERP repeats a SOAP call as a JSON action, or the other way round.",
            "The identity is made of the act, whatever its spelling; the route is pinned to the intent.",
            "Joined, and never sent by another route.",
            "I4, I6",
            "Only inside one tenant and entity.",
            (
                "facade/test_json_writes.py::test_the_same_act_by_another_door_is_joined",
                "facade/test_json_writes.py::test_an_act_by_json_is_joined_by_soap",
            ),
        ),
        Entry(
            "Equal objects in one batch",
            "Two equal payments are meant, and one is dropped as a duplicate; or the repeat pays a third.",
            "Equal objects of a call are numbered; a repeat pairs them off one by one.",
            "As many payments as objects, also after the repeat.",
            "I2, I6",
            "A repeat that leaves some of the equal objects out joins the first ones.",
            (
                "core/test_core_conduct.py::test_equal_objects_of_one_call_are_distinct_acts",
                "core/test_core_conduct_races.py::test_equal_objects_of_two_calls_at_once_pair_up",
            ),
        ),
        Entry(
            "A payment is canceled in Zuora, and the ERP repeats twice",
            "The first repeat makes it anew; the second one meets the canceled payment again and makes a third.",
            "Attempts in one place are counted; only the newest is joined, and of one place never two.",
            "One payment that stands for each that is meant.",
            "I2, I6",
            "Found by the simulation after 720,000 calls, among equal objects in changed places; its seed is kept.",
            (
                "core/test_core_keys.py::test_of_several_attempts_in_one_place_only_the_newest_is_joined",
                "simulation/test_simulation.py::test_a_repeat_does_not_join_an_attempt_that_another_one_has_replaced",
            ),
        ),
        Entry(
            "A genuine second payment of the same content",
            "Taken for a repeat, the second payment is lost; taken for new, a late repeat is paid twice.",
            "References tell them apart. Without one, equal content after 15 minutes is refused and the first named.",
            "Nothing is dropped in silence and nothing is paid on a guess.",
            "I6",
            "Within 15 minutes of the answer equal content without a reference is a repeat. "
            "The owner may choose `allow`; then a late repeat is paid.",
            ("59a", "59b", "59c", "1011"),
        ),
        Entry(
            "A write slips past the journal",
            "A spelling, encoding or path that the door does not know passes to Zuora and is recorded nowhere.",
            "What the guard cannot read goes nowhere; what it reads is looked for writes in every spelling.",
            "Every payment and refund write is journaled.",
            "I10",
            "What the ERP sends to Zuora's own address the bridge never sees.",
            (
                "facade/test_doors.py::test_no_spelling_of_the_body_passes_by",
                "facade/test_doors.py::test_a_body_that_the_guard_does_not_read_goes_nowhere",
                "facade/test_doors.py::test_no_action_passes_by",
            ),
        ),
    ),
)

BRIDGE = Part(
    "In the bridge and its journal",
    (
        Entry(
            "Sent, and recorded nowhere",
            "A crash between sending and recording: after the start nobody knows of the payment.",
            "The dispatch is committed with an fsync, with route, key and marker, before its first byte.",
            "Nothing is sent unrecorded.",
            "I1",
            "The disk must honour fsync; PostgreSQL without fsync or synchronous_commit is refused at start.",
            (
                "core/test_core_conduct.py::test_every_send_follows_its_commit",
                "runtime/test_driver.py::test_a_dispatch_is_in_the_journal_before_it_is_sent",
                "journal/test_journal_processes.py::test_what_was_recorded_survives_a_kill",
                "journal/test_journal_postgresql_start.py::test_a_server_without_fsync_is_refused",
            ),
        ),
        Entry(
            "An Action is sent again for one object while another is given up",
            "One request carries many payments. Sent again for one of them, it makes all; a neighbour that was proved "
            "absent a moment before is made a second time by its repeat.",
            "Each object of a repeat is driven under a name of its own. Who sends the Action again takes all of its "
            "intents over first, and who has lost an intent can record nothing of it.",
            "Of one request's intents, one decides.",
            "I2, I5",
            "Found by the simulation after 632,000 calls; its seed is kept.",
            (
                "core/test_core_batch.py::test_each_object_of_an_orphaned_action_is_driven_under_a_name_of_its_own",
                "simulation/test_simulation.py"
                "::test_an_action_that_is_sent_again_for_one_of_its_intents_keeps_the_others_from_being_absent",
            ),
        ),
        Entry(
            "The bridge is killed in mid-call",
            "SIGKILL, a power cut, an out-of-memory kill: the request may or may not be in Zuora.",
            "What was SENDING is looked for; with a key it goes out again, byte for byte, for the caller's repeat.",
            "At most one payment, and no false answer.",
            "I2, I3, I5",
            UNMARKED,
            (KILLS, "1042", "core/test_core_crash.py::test_a_call_dropped_at_any_command_is_finished_by_its_repeat"),
        ),
        Entry(
            "The disk is full",
            "The payment goes out, its record does not.",
            "Without a commit nothing is sent: SERVER_UNAVAILABLE. With space again the bridge goes on by itself.",
            "Refused before anything is sent.",
            "I1",
            "A verdict that cannot be recorded is still told; after a restart it is found out anew.",
            (
                "attack/test_journal_gone.py::test_a_full_disk_refuses_the_call_before_anything_is_sent",
                "journal/test_journal_commit.py::test_a_full_disk_is_journal_down_and_nothing_is_changed",
            ),
        ),
        Entry(
            "The database is gone or locked",
            "As above; or the call waits until the ERP repeats it.",
            "Every wait is bounded; then SERVER_UNAVAILABLE and nothing is sent.",
            "Refused before anything is sent.",
            "I1",
            "None known.",
            ("1008", "replicas/test_replicas.py::test_a_replica_without_its_database_refuses_before_anything_is_sent"),
        ),
        Entry(
            "A commit of unknown outcome",
            "The connection breaks within COMMIT: treated as failed, the record is denied; as done, it may be missing.",
            "The database is asked for the transaction's status; where nobody can say, nothing is sent nor run again.",
            "Recorded once, or refused.",
            "I1, I2",
            "None known.",
            (
                "journal/test_journal_postgresql_failures.py::"
                "test_a_connection_that_breaks_in_a_commit_leaves_everything_recorded_once",
                "journal/test_journal_postgresql_failures.py::"
                "test_a_commit_nobody_can_ask_about_is_uncertain_and_nothing_is_run_again",
            ),
        ),
        Entry(
            "Records expire while a repeat may come",
            "A retention job deletes an intent in doubt, and the repeat is a new payment.",
            "Only what was settled long ago is let go; what is unsettled stays, whatever its age.",
            "No unsettled intent is ever forgotten.",
            "I5, I6",
            "A repeat of what was settled longer ago than the retention is a new act.",
            ("journal/test_journal_retention.py::test_only_what_was_settled_long_ago_is_let_go",),
        ),
        Entry(
            "A time limit turns doubt into a retry",
            "In other tools a record in progress expires and the same withdrawal runs again.",
            "No timer leads from IN_DOUBT to a send. Only a caller's repeat does, once absence is proved.",
            "Never resent blindly.",
            "I5",
            "So an intent can stay in doubt until a person looks.",
            ("58b", "50b", "core/test_core_recovery.py::test_what_is_proved_absent_is_not_applied_and_nothing_is_sent"),
        ),
        Entry(
            "Somebody edits the journal",
            "A settled row is changed, so that a repeat is paid or joined wrongly, and nobody sees it.",
            "Audit rows are chained by hashes; heads are signed; `bridge journal verify` compares.",
            "A changed, removed, added or moved audit row is seen.",
            "I2",
            "Who has the journal's key can write anything. Rows younger than the last signed head can be cut unseen.",
            ("journal/test_audit_chain.py::test_whatever_is_done_to_the_chain_is_seen",),
        ),
    ),
)

REPLICAS = Part(
    "Replicas and clocks",
    (
        Entry(
            "Two replicas get the same call",
            "Both look, both find nothing, both pay.",
            "One database, one unique identity: one opens it, the other waits.",
            "One payment, both tell its Id.",
            "I2, I6",
            "Reads of the journal go to the primary only; the bridge knows no other.",
            ("replicas/test_replicas.py::test_the_same_call_at_two_replicas_at_once_moves_money_once", "1041"),
        ),
        Entry(
            "A replica dies and another takes over",
            "Both send; or nobody does and the call is lost.",
            "A dead owner's intent is adopted by one process (a guarded update), within 10 s of the last heartbeat.",
            "Under the same key by REST; by SOAP only looked for.",
            "I2, I4, I5",
            UNMARKED,
            (
                "replicas/test_replicas.py::test_what_a_killed_replica_left_is_taken_over_by_the_repeat",
                "replicas/test_replicas.py::test_replicas_killed_under_load_pay_everything_once",
            ),
        ),
        Entry(
            "A suspended replica wakes up",
            "It had its commit, slept through the takeover, and sends on waking.",
            "A fence: no first byte later than 2 s after the commit, by a clock that counts sleep, checked last.",
            "It sends nothing.",
            "I2",
            "Between the check and the kernel's send are some instructions; a stop exactly there, for longer than "
            "absence takes to be proved (minutes), would be sent late.",
            (
                "replicas/test_replicas.py::test_a_replica_suspended_after_its_commit_sends_nothing_when_it_wakes",
                "runtime/test_lease.py::test_a_process_suspended_within_its_commit_wakes_up_behind_the_fence",
                "runtime/test_driver.py::test_who_goes_while_it_is_recorded_gets_nothing_sent",
            ),
        ),
        Entry(
            "Two refunds of one payment at once",
            "Both unapply and refund the same money.",
            "A lease on the payment for the whole saga, across replicas.",
            "One after the other; the second is refused if nothing is left.",
            "I2",
            "Users in Zuora's UI hold no lease (see below).",
            ("87d", "core/test_core_saga_lease.py::test_two_refunds_of_one_payment_go_one_after_the_other"),
        ),
        Entry(
            "Clocks disagree",
            "A key is taken for alive that has expired, or a living replica for dead.",
            "Keys and proofs go by Zuora's own clock, heartbeats by the database's, the fence by a monotonic one. A "
            "single Date far away moves nothing; a proof of absence is late enough by two answers' time.",
            "No machine's own clock can hasten a proof or a repeat.",
            "I5",
            "If Zuora's servers agree on a wrong time, so does the bridge.",
            (
                "upstream/test_upstream_relay.py::test_a_single_wrong_date_moves_nothing",
                "upstream/test_upstream_relay.py::test_a_change_that_answers_agree_on_is_believed",
                "journal/test_journal_postgresql.py::test_replicas_see_each_other_alive_by_the_servers_clock",
                "core/test_core_lanes.py::test_a_key_lives_for_twenty_hours_at_most",
            ),
        ),
    ),
)

PARTS = (CALLER, BRIDGE, REPLICAS, ZUORA, PEOPLE, CANNOT)
