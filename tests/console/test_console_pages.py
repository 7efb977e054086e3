"""The console's pages by plain HTTP: what they show, what each role can do, and how a change is decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import SignedIn
from console_stage import TOKENS, Stage
from console_told import EVIDENCE, NOW, OVERVIEW, TOLD
from console_visitor import Visitor

REPORT = Path(__file__).parent / "report.json"
"""A report whose captured texts are hostile, as ``bridge parity replay`` writes one."""

HOSTILE = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
WHO = {"reason": "incident 7"}


def posts(stage: Stage) -> list[tuple[str, Any]]:
    """What the console had the API do."""
    return [(each.path, json.loads(each.body)) for each in stage.asked if each.method == "POST"]


# ---------------------------------------------------------------- reading


def test_the_overview_tells_first_what_somebody_must_do(stage: Stage, signed_in: SignedIn) -> None:
    """Calls that wait, and since when; what is stopped, silent or broken is said in a sentence."""
    vera = signed_in("vera")
    words = vera.get("/").words
    assert "Payments and refunds are taken" in words
    assert "2 calls wait to be settled 1 for a person, the oldest for 50 min" in words
    assert "1 break is open between journal and Zuora." in words
    gone = [{**OVERVIEW["instances"][0], "alive": False}]
    on = {"on": True, "until": None, "why": "a restore"}
    told = {**OVERVIEW, "ready": False, "reasons": ["no credential"], "instances": gone, "lookUpFirst": on}
    stage.told["overview"] = told | {"stopped": True, "doubt": {"in_doubt": 0, "parked": 0, "oldest": None}}
    words = vera.get("/").words
    assert "New payments and refunds are refused" in words
    assert "Nothing is in doubt and nothing waits for a person." in words
    assert "Not ready: no credential." in words
    assert "1 process has gone silent: 412-9f31c0aa17e2." in words
    assert "Every create is looked up before it is sent: a restore." in words


def test_a_stop_is_said_on_every_page_with_who_and_why(stage: Stage, signed_in: SignedIn) -> None:
    """While the stop itself is the latest word; behind a later one only that it goes on."""
    vera = signed_in("vera")
    stage.told["cutover"] = TOLD["cutover"] | {"stopped": True, "what": "stop", "author": "otto", "reason": "INC-7"}
    said = "New payments and refunds are refused since 2026-08-11 23:02:05 by otto: INC-7"
    assert all(said in vera.get(path).words for path in ("/usage", "/calls", "/audit"))
    stage.told["cutover"] = TOLD["cutover"] | {"stopped": True}
    assert "New payments and refunds are refused. To the cutover" in vera.get("/usage").words


@pytest.mark.parametrize(("asked", "minutes"), [("", "60"), ("?minutes=15", "15"), ("?minutes=7;drop", "60")])
def test_the_overview_asks_for_the_window_that_was_chosen(
    stage: Stage, signed_in: SignedIn, asked: str, minutes: str
) -> None:
    """And for the usual one where it was none."""
    signed_in("vera").get(f"/{asked}")
    assert [each.query for each in stage.asked if each.path == "overview"] == [{"minutes": minutes}]


def test_a_quiet_bridge_has_quiet_pages(stage: Stage, signed_in: SignedIn) -> None:
    """Every page says that there is nothing, in a sentence."""
    nothing: dict[str, Any] = {"in_doubt": 0, "parked": 0, "oldest": None}
    quiet = OVERVIEW | {"totals": {"intents": 0}, "traffic": [], "latency": {"soap": None}, "headroom": [], "ramps": []}
    first = {**TOLD["cutover"], "revision": 0, "rules": [], "at": None}
    stage.told |= {
        "overview": quiet | {"doubt": nothing, "breaks": {"open": 0, "oldest": None}},
        "cutover": first | {"fixed": []},
        "cutover/history": [],
        "ramps": {"revision": 0, "ramps": []},
        "ramps/judgements": [],
        "calls": {"calls": [], "next": None, "searched": {"rows": 0}, "complete": True},
        "doubt": {"rows": []},
        "shadow": TOLD["shadow"] | {"verdict": "NOT ENOUGH DATA", "groups": []},
        "reports": {"reports": []},
        "usage": TOLD["usage"] | {"uses": [], "callers": [], "quiet": []},
        "breaks": {"breaks": []},
        "audit": {"running": False, "good": None, "rows": None, "chains": None, "wrong": []},
    }
    anna = signed_in("anna")
    for path, words in (
        ("/", "No payment or refund came in during this time."),
        ("/cutover", "Nobody has set rules: everything goes the default way"),
        ("/cutover/judgements", "Its gate has not judged yet."),
        ("/calls", "No call fits."),
        ("/doubt", "Nothing waits for a person."),
        ("/parity", "There are no reports."),
        ("/usage", "Nobody has called yet"),
        ("/breaks", "Journal and Zuora agree as far as the last run looked."),
        ("/audit", "Not verified yet"),
    ):
        assert words in anna.get(path).words, path


def test_a_search_says_how_far_it_came_and_goes_on(stage: Stage, signed_in: SignedIn) -> None:
    """With the same question, from where it stopped, adding up what was searched."""
    vera = signed_in("vera")
    seen = vera.get("/calls?document=INV00004701&since=9h&amount=&state=APPLIED")
    assert "Searched so far: 2 000 calls, back to 2026-08-11 17:02:05. There is more further back." in seen.words
    asked = next(each for each in stage.asked if each.path == "calls")
    assert asked.query == {"document": "INV00004701", "state": "APPLIED", "since": str(NOW - 9 * 3_600_000)}
    onward = "document=INV00004701&state=APPLIED&since=9h&before=1786400000000.41&rows=2000"
    assert f"/console/calls?{onward}".replace("&", "&amp;") in seen.text
    stage.told["calls"] = {"calls": [], "next": None, "searched": {"rows": 1500}, "complete": True}
    assert "Searched to the end: 3 500 calls." in vera.get("/calls?document=X&before=1.1&rows=2000").words


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-08-11", NOW - 93_725_000),
        ("2026-08-11T22:00:00", NOW - 14_525_000),
        ("2026-08-11 22:00", NOW - 14_525_000),
        ("2026-08-12T00:00:00%2B02:00", NOW - 14_525_000),
        ("90m", NOW - 5_400_000),
    ],
)
def test_moments_are_taken_as_people_write_them(stage: Stage, signed_in: SignedIn, text: str, at: int) -> None:
    """A day, a moment (UTC where it says no zone), an age."""
    signed_in("vera").get(f"/calls?since={text.replace(' ', '%20')}")
    assert [each.query["since"] for each in stage.asked if each.path == "calls"] == [str(at)]


def test_what_is_no_moment_is_said_and_kept_in_the_form(stage: Stage, signed_in: SignedIn) -> None:
    """Nothing is searched."""
    seen = signed_in("vera").get("/calls?since=yesterday&caller=erp")
    assert (seen.status, "yesterday is no time" in seen.words, 'value="erp"' in seen.text) == (400, True, True)
    assert not [each for each in stage.asked if each.path == "calls"]


def test_a_call_s_evidence_is_whole_and_can_be_taken_along(stage: Stage, signed_in: SignedIn) -> None:
    """What came in, why it went so, each request, what happened when, the audit's word; and the same as a file."""
    vera = signed_in("vera")
    words = vera.get(f"/calls/{EVIDENCE['intent']}").words
    for each in (
        "1840.00 USD",
        'by the rule "refunds by action" of revision 14',
        "01:12:05.012 action request, step 0, attempt 0: sent",
        "IN_DOUBT: nobody knows whether it was done",
        "Idempotency-Key: 7b1c9a9e",
        "Which of two refunds of 1840.00 USD",
        "intact 6 rows of this call in 1 chain.",
        "An operator can settle it.",
    ):
        assert each in words, each
    stage.told["calls/i-1/export"] = {"intent": "i-1", "sha256": "00"}
    taken = vera.get("/export/i-1")
    assert taken.headers["Content-Disposition"] == 'attachment; filename="i-1.json"'
    assert json.loads(taken.body) == {"intent": "i-1", "sha256": "00"}


def test_a_report_is_shown_in_a_box_of_its_own(stage: Stage, signed_in: SignedIn) -> None:
    """Whatever was captured can run nothing there, and is not of the console's origin."""
    vera = signed_in("vera")
    stage.told["reports/"] = json.loads(REPORT.read_text())
    shown = vera.get("/parity/2026-08-11-night")
    policy = shown.headers["Content-Security-Policy"].split("; ")
    assert (shown.status, policy[:2]) == (200, ["sandbox", "default-src 'none'"])
    assert {"form-action 'none'", "frame-ancestors 'none'"} < set(policy)
    stage.said["reports/"] = 404, {"error": "There is no such report."}
    missing = vera.get("/parity/none")
    assert (missing.status, "There is no such report." in missing.words) == (404, True)


def test_what_callers_wrote_stays_text(stage: Stage, signed_in: SignedIn) -> None:
    """On every page that shows it."""
    bad = dict.fromkeys(("caller", "account", "reference", "amount", "told", "operation", "state"), HOSTILE)
    row = EVIDENCE | bad | {"documents": [HOSTILE], "missing": [HOSTILE], "next": [HOSTILE]}
    revision = TOLD["cutover"] | {"author": HOSTILE, "reason": HOSTILE, "stopped": True}
    stage.told |= {
        "calls": TOLD["calls"] | {"calls": [row]},
        "calls/": row | {"state": "PARKED"},
        "doubt": {"rows": [row]},
        "cutover": revision,
        "cutover/history": [revision],
        "breaks": {"breaks": [TOLD["breaks"]["breaks"][0] | {"owner": HOSTILE, "expected": HOSTILE}]},
        "usage": TOLD["usage"] | {"verdict": HOSTILE, "callers": [HOSTILE]},
    }
    anna = signed_in("anna")
    for path in ("/calls", "/calls/i-1", "/doubt", "/cutover", "/cutover/difference?to=14", "/breaks", "/usage"):
        seen = anna.get(path)
        assert seen.status == 200, path
        assert "<script>alert" not in seen.text, path
        assert "<img" not in seen.text, path


# ---------------------------------------------------------------- what the API refuses


def test_a_page_that_fails_says_so_and_tells_nothing(stage: Stage, signed_in: SignedIn) -> None:
    """An answer of another shape than any known is a fault of ours: it is in the log, and not on the page."""
    stage.told["usage"] = {"uses": "a secret"}
    seen = signed_in("vera").get("/usage")
    assert (seen.status, seen.text) == (500, "The console failed to show this page; the log says why.")
    assert "default-src 'none'" in seen.headers["Content-Security-Policy"]


def test_what_the_api_refuses_is_shown_in_its_words(stage: Stage, signed_in: SignedIn) -> None:
    """With its status, within the console's frame."""
    stage.said["usage"] = 500, {"error": "Cutover revision 9 cannot be read by this bridge."}
    seen = signed_in("vera").get("/usage")
    assert (seen.status, "Cutover revision 9 cannot be read by this bridge." in seen.words) == (500, True)


def test_with_the_journal_down_the_console_still_says_what_that_means(stage: Stage, signed_in: SignedIn) -> None:
    """Every page, and the frame too: nobody can tell whether calls are taken."""
    down = 503, {"error": "The journal cannot be reached; nothing was changed."}
    stage.said = dict.fromkeys(TOLD, down)
    vera = Visitor(stage.url).sign_in(TOKENS["vera"])
    for path in ("/", "/calls", "/doubt", "/cutover", "/audit"):
        seen = vera.get(path)
        assert seen.status == 503, path
        assert "The journal cannot be read." in seen.words
        assert "the bridge sends nothing that moves money" in seen.words


# ---------------------------------------------------------------- deciding


def test_each_role_is_shown_what_it_can_do(stage: Stage, signed_in: SignedIn) -> None:
    """A viewer no form, an operator what makes things safer, an administrator everything."""
    shown = {name: signed_in(name).get("/cutover").text for name in ("vera", "otto", "anna")}
    has = {
        name: [word in text for word in ("cutover/stop", "ramps/promote", "Change the rules")]
        for name, text in shown.items()
    }
    assert has == {"vera": [False] * 3, "otto": [True, False, False], "anna": [True] * 3}
    evidence = {name: "doubt/resolve" in signed_in(name).get("/calls/i-1").text for name in ("vera", "otto")}
    assert evidence == {"vera": False, "otto": True}


@pytest.mark.parametrize(
    "path", ["/cutover/stop", "/cutover/start", "/ramps/promote", "/doubt/resolve", "/breaks/accept"]
)
def test_who_sends_a_form_that_was_not_shown_is_refused_by_the_api(
    stage: Stage, signed_in: SignedIn, path: str
) -> None:
    """The page is a courtesy; the API decides."""
    vera = signed_in("vera")
    refused = vera.post(path, step="confirm", **WHO)
    assert (refused.status, "That takes the role" in refused.words) == (403, True)
    assert posts(stage) == []


@pytest.mark.parametrize(
    ("path", "form", "asked", "words"),
    [
        ("/cutover/stop", {}, {}, "refuses payments and refunds with SERVER_UNAVAILABLE"),
        ("/cutover/start", {}, {}, "takes payments and refunds again"),
        ("/cutover/rollback", {}, {}, "new calls go by the earlier rules"),
        ("/cutover/rollback", {"to": "12"}, {"to": 12}, "stays on its route"),
        ("/cutover/set", {"toml": "a = 1\n"}, {"toml": "a = 1\n"}, "new calls go by these rules"),
        ("/ramps/promote", {"rule": "r"}, {"rule": "r"}, "the gate takes the step back by itself"),
        ("/ramps/promote", {"rule": "r", "force": "yes"}, {"rule": "r", "force": True}, "on your word alone"),
        ("/ramps/hold", {"rule": "r"}, {"rule": "r"}, "until somebody resumes it"),
        ("/ramps/resume", {"rule": "r"}, {"rule": "r"}, "goes on from its percentage"),
    ],
)
def test_a_change_is_reviewed_before_it_is_made(
    stage: Stage, signed_in: SignedIn, path: str, form: dict[str, str], asked: dict[str, Any], words: str
) -> None:
    """First what it does to calls and money and which lines change; then the change, on the revision that was seen."""
    anna = signed_in("anna")
    review = anna.post(path, seen="14", **form, **WHO)
    assert (review.status, words in review.words, '+percent = "50"' in review.words) == (200, True, True)
    done = anna.post(path, seen="14", step="confirm", **form, **WHO)
    assert (done.status, done.headers["Location"]) == (303, "/console/cutover?done=15")
    said = {"reason": "incident 7", "seen": 14, **asked}
    assert posts(stage) == [(path[1:], said | {"dryRun": True}), (path[1:], said)]


@pytest.mark.parametrize(
    ("form", "asked", "words"),
    [
        ({"state": "APPLIED", "zuoraId": " " + "a" * 32}, {"state": "APPLIED", "zuoraId": "a" * 32}, "is told Success"),
        ({"state": "NOT_APPLIED"}, {"state": "NOT_APPLIED"}, "the customer pays twice"),
        ({"state": "REFUSED"}, {"state": "REFUSED"}, "would be a new attempt and move money"),
    ],
)
def test_a_verdict_says_what_happens_to_money(
    stage: Stage, signed_in: SignedIn, form: dict[str, str], asked: dict[str, Any], words: str
) -> None:
    """Before it is recorded; afterwards the evidence is shown again."""
    otto = signed_in("otto")
    review = otto.post("/doubt/resolve", intent="i-1", **form, **WHO)
    assert (review.status, words in review.words) == (200, True)
    assert "Create Refund of 1840.00 USD CM00000093 by erp" in review.words
    assert "Which of two refunds of 1840.00 USD on that day is this one" in review.words
    done = otto.post("/doubt/resolve", intent="i-1", step="confirm", **form, **WHO)
    assert (done.status, done.headers["Location"]) == (303, "/console/calls/i-1?done=1")
    assert posts(stage)[-1] == ("doubt/resolve", {"intent": "i-1", "reason": "incident 7"} | asked)


def test_what_was_decided_meanwhile_is_said_and_nothing_is_changed(stage: Stage, signed_in: SignedIn) -> None:
    """At the review and at the confirmation: whoever decides looks again first."""
    sentence = "The rules were changed since: they are at revision 15 by anna; look again."
    stage.said["cutover/stop"] = 409, {"error": sentence, "revision": 15}
    otto = signed_in("otto")
    for step in ("", "confirm"):
        seen = otto.post("/cutover/stop", seen="14", step=step, **WHO)
        assert (seen.status, sentence in seen.words, "Look again" in seen.words) == (409, True, True)
        assert "Stop now" not in seen.words


def test_what_is_at_fault_can_be_mended_where_it_stands(stage: Stage, signed_in: SignedIn) -> None:
    """The API's sentence, and the form with what was written."""
    stage.said["cutover/stop"] = 400, {"error": "reason and by are needed: both go into the history and the audit."}
    seen = signed_in("otto").post("/cutover/stop", seen="14", **WHO)
    assert (seen.status, "reason and by are needed" in seen.words, 'value="incident 7"' in seen.text) == (
        400,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("path", "home"), [("/cutover/stop", "cutover"), ("/ramps/hold", "cutover"), ("/doubt/resolve", "doubt")]
)
def test_a_review_that_is_loaded_again_leads_back(stage: Stage, signed_in: SignedIn, path: str, home: str) -> None:
    """Its address is no page."""
    seen = signed_in("otto").get(path)
    assert (seen.status, seen.headers["Location"]) == (303, f"/console/{home}")


def test_rules_at_fault_are_shown_with_each_fault_and_what_was_written(stage: Stage, signed_in: SignedIn) -> None:
    """Nothing is asked of the API but the check."""
    wrong = ["Rule 1 (a): route: it is none of soap, rest."]
    stage.said["cutover/check"] = 400, {"error": "The rules are at fault.", "wrong": wrong}
    seen = signed_in("anna").post("/cutover/rules", toml='[[rule]]\nname = "a"\nroute = "fax"\n', seen="14", **WHO)
    assert (seen.status, wrong[0] in seen.words, "fax" in seen.text) == (400, True, True)
    assert [path for path, _ in posts(stage)] == ["cutover/check"]


def test_who_cannot_set_rules_can_check_them(stage: Stage, signed_in: SignedIn) -> None:
    """Without a reason, and nothing but the check is asked for."""
    otto = signed_in("otto")
    assert 'name="reason"' not in otto.get("/cutover/rules").text
    assert "These rules are good." in otto.post("/cutover/rules", toml="", seen="14").words
    assert [path for path, _ in posts(stage)] == ["cutover/check"]


@pytest.mark.parametrize("seen", ["", "-1", "1e3", "\u0664", "9" * 5000])
def test_a_revision_that_is_no_number_is_not_said(stage: Stage, signed_in: SignedIn, seen: str) -> None:
    """The API then decides on what counts now, after the same review."""
    assert signed_in("otto").post("/cutover/stop", seen=seen, step="confirm", **WHO).status == 303
    assert posts(stage) == [("cutover/stop", {"reason": "incident 7"})]


def test_a_shared_token_signs_with_a_name(stage: Stage, signed_in: SignedIn) -> None:
    """The owner's token is nobody's own, so its forms ask who decides; a person's own token does not."""
    owner = signed_in("admin")
    assert 'name="by"' in owner.get("/cutover").text
    assert 'name="by"' not in signed_in("anna").get("/cutover").text
    owner.post("/cutover/stop", seen="14", step="confirm", by=" Ada ", **WHO)
    assert posts(stage)[-1] == ("cutover/stop", {"reason": "incident 7", "by": "Ada", "seen": 14})


def test_breaks_are_assigned_and_accepted(stage: Stage, signed_in: SignedIn) -> None:
    """After a review; who is to look at it needs no reason."""
    otto = signed_in("otto")
    accepted, assigned = {"break": "b-1", **WHO}, {"break": "b-1", "to": "anna"}
    assert "stays closed while it stays as it is" in otto.post("/breaks/accept", **accepted).words
    assert "The break is anna's to look at." in otto.post("/breaks/assign", **assigned).words
    assert all(said["dryRun"] for _, said in posts(stage))
    otto.post("/breaks/accept", step="confirm", **accepted)
    otto.post("/breaks/assign", step="confirm", **assigned)
    assert [said for _, said in posts(stage)][2:] == [accepted, assigned]


def test_verifying_the_audit_is_begun_and_its_progress_is_shown(stage: Stage, signed_in: SignedIn) -> None:
    """It takes long: the page refreshes itself meanwhile."""
    vera = signed_in("vera")
    assert vera.post("/audit/verify").headers["Location"] == "/console/audit"
    stage.told["audit"] = {"running": True, "rows": 1200, "chains": 2, "wrong": [], "started": NOW, "by": "vera"}
    assert "Verifying: 1 200 rows so far" in vera.get("/audit").words
    stage.told["audit"] = {"running": False, "good": None, "failed": "it took longer than 30 minutes", "wrong": []}
    assert "The check did not come to its end" in vera.get("/audit").words
    stage.told["audit"] = {"running": False, "good": False, "rows": 9, "chains": 2, "wrong": ["row 7 was changed"]}
    assert "The audit is broken" in vera.get("/audit").words
    assert "row 7 was changed" in vera.get("/audit?live=1").text


def test_history_is_compared_revision_by_revision(stage: Stage, signed_in: SignedIn) -> None:
    """Each with the one before it, or with another; one that is not there is said."""
    otto = signed_in("otto")
    words = otto.get("/cutover/difference?to=13").words
    assert ("Against revision 12" in words, "removed: -percent = 5" in words, "added: +percent = 20" in words) == (
        True,
        True,
        True,
    )
    assert "Against revision 12" in otto.get("/cutover/difference?to=14&from=12").words
    assert otto.get("/cutover/difference?to=99").status == 404
    assert otto.get("/cutover/difference?to=14&from=3").status == 404
