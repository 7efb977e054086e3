"""The scenarios that a table cannot hold: what they are about, and the test that plays each. Holds data only."""

from __future__ import annotations

from scenario_terms import Story

STORIES: tuple[Story, ...] = (
    Story(
        17,
        "A dateTime of an old WSDL pays a debit memo on the caller's day",
        "The caller is on WSDL 60; in UTC its evening is the next day.",
        "A payment of D1 with EffectiveDate 2026-02-20T23:30:00-08:00",
        "Success, over REST with effectiveDate 2026-02-20",
        "D1 0",
        "test_a_datetime_of_wsdl_60_pays_a_debit_memo_on_its_own_day",
    ),
    Story(
        18,
        "A dateTime of an old WSDL pays an invoice as a date",
        "The caller is on WSDL 60, the tenant's file of 107 takes no dateTime there.",
        "A payment of I1 with EffectiveDate 2026-02-20T23:30:00-08:00",
        "Success, over SOAP with EffectiveDate 2026-02-20",
        "I1 0",
        "test_a_datetime_of_wsdl_60_pays_an_invoice_as_a_date",
    ),
    Story(
        19,
        "An old caller need not send Amount",
        "The caller is on WSDL 50.",
        "A payment of D1 with AppliedInvoiceAmount 80 and no Amount",
        "Success, over REST with amount 80",
        "D1 0",
        "test_a_caller_of_wsdl_50_need_not_send_amount",
    ),
    Story(
        66,
        "An old caller meets the request limit",
        "The caller is on WSDL 45, whose ErrorCode lacks REQUEST_EXCEEDED_LIMIT.",
        "A payment of I1; Zuora answers 429",
        "HTTP 429 with the fault UNKNOWN_ERROR, whose text keeps REQUEST_EXCEEDED_LIMIT, and Retry-After",
        "Nothing",
        "test_a_caller_of_wsdl_45_meets_the_request_limit",
    ),
    Story(
        1041,
        "Two bridges on one journal get the same call at once",
        "Two processes' worth of bridge share a SQLite file.",
        "The same payment of D1, posted to both at the same moment",
        "Both callers get the same Id",
        "One payment",
        "test_two_bridges_with_one_journal_pay_once",
    ),
    Story(
        1042,
        "The bridge is killed while a POST is on its way",
        "`bridge serve` as a process; Zuora is slow; SIGKILL after the POST arrived; started again.",
        "The payment of D1, then the same once more",
        "The repeat gets the Id",
        "One payment",
        "test_a_bridge_killed_in_the_middle_of_a_post_pays_once",
    ),
    Story(
        1043,
        "The bridge is asked to stop while a POST is on its way",
        "`bridge serve` as a process; Zuora is slow; SIGTERM after the POST arrived.",
        "The payment of D1; another payment while it stops",
        "The first gets its Id, the second the fault SERVER_UNAVAILABLE; exit code 0",
        "One payment",
        "test_a_bridge_told_to_stop_settles_what_it_began",
    ),
    Story(
        1044,
        "Many callers repeat one call at the same moment",
        "One bridge, eight connections.",
        "The same payment of D1 eight times at once",
        "All get the same Id",
        "One payment",
        "test_equal_calls_at_the_same_moment_pay_once",
    ),
)
