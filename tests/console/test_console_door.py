"""The console's door: who gets in, for how long, from where, and what every answer forbids a browser."""

from __future__ import annotations

import pytest
from conftest import SignedIn
from console_stage import KEY, TOKENS, SignedOut, Stage
from console_told import NOW
from console_visitor import Visitor

from bridge.admin import Api
from bridge.admin.asking import Person, Role
from bridge.console.sessions import Sessions

MINUTE = 60_000
PAGES = (
    *("/", "/calls", "/calls/i-1", "/doubt", "/cutover", "/cutover/rules", "/cutover/difference?to=14"),
    *("/cutover/judgements", "/parity", "/usage", "/breaks", "/audit"),
)


def test_nobody_sees_a_page_without_a_session(stage: Stage) -> None:
    """Every page leads to the sign-in, and back to itself afterwards; nothing is asked of the API."""
    for path in PAGES:
        seen = Visitor(stage.url).get(path)
        assert (seen.status, seen.headers["Location"].startswith("/console/login")) == (303, True), path
    assert Visitor(stage.url).get("/cutover?done=14").headers["Location"].endswith("next=cutover%3Fdone%3D14")
    asked = Visitor(stage.url).get("/calls?document=a%26b&reference=%C3%A9").headers["Location"]
    assert asked == "/console/login?next=calls%3Fdocument%3Da%2526b%26reference%3D%25C3%25A9"
    onward = {"token": TOKENS["vera"], "next": "calls?document=a%26b&reference=%C3%A9"}
    assert Visitor(stage.url).send("/login", onward).headers["Location"] == f"/console/{onward['next']}"
    assert stage.asked == []


def test_who_signs_in_sees_every_page_and_who_signs_out_none(stage: Stage, signed_in: SignedIn) -> None:
    """With a cookie that is not the token, and that ends here and now when signed out, also for a copy of it."""
    vera = signed_in("vera")
    assert "vera" not in vera.cookie
    assert [vera.get(path).status for path in PAGES] == [200] * len(PAGES)
    copy = Visitor(stage.url, vera.cookie)
    left = vera.post("/logout")
    assert (left.status, left.headers["Location"], "Max-Age=0" in left.cookies[0]) == (303, "/console/login", True)
    assert copy.get("/").status == 303


def test_who_signs_out_while_the_journal_is_down_is_signed_out_here(stage: Stage, signed_in: SignedIn) -> None:
    """The process that was asked knows it; nothing fails, and who stays signed in is told what is down."""
    vera, otto = signed_in("vera"), signed_in("otto")
    copy = Visitor(stage.url, vera.cookie)
    stage.ends.down = True
    assert (vera.post("/logout").status, copy.get("/").status, otto.get("/cutover").status) == (303, 303, 200)


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(stage: Stage) -> None:
    """HttpOnly, SameSite=Strict, this path only; Secure as soon as the browser came by https."""
    by_http = Visitor(stage.url).send("/login", {"token": TOKENS["otto"]})
    (cookie,) = by_http.cookies
    assert {"Path=/console", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    origin = {"Origin": stage.url.replace("http:", "https:")}
    (cookie,) = Visitor(stage.url).send("/login", {"token": TOKENS["otto"]}, **origin).cookies
    assert cookie.endswith("; Secure")


@pytest.mark.parametrize("token", ["", "nobody's-0123456789", TOKENS["otto"][:-1], TOKENS["otto"] + "x", "caf\xe9" * 9])
def test_a_wrong_token_is_refused_and_not_repeated(stage: Stage, token: str) -> None:
    """With a sentence, and without what was given."""
    refused = Visitor(stage.url).send("/login", {"token": token})
    assert (refused.status, "That is no token" in refused.words) == (403, True)
    assert refused.cookies == []
    assert not token or token not in refused.text


def test_guessing_is_slowed_down(stage: Stage) -> None:
    """Five wrong ones a minute from an address; then even the right one waits, and is taken a minute later."""
    for _ in range(5):
        Visitor(stage.url).send("/login", {"token": "wrong"})
    late = Visitor(stage.url).send("/login", {"token": TOKENS["otto"]})
    assert (late.status, late.headers["Retry-After"], late.cookies) == (429, "60", [])
    stage.now += MINUTE
    Visitor(stage.url).sign_in(TOKENS["otto"])


def test_a_session_ends_by_itself(stage: Stage, signed_in: SignedIn) -> None:
    """After 30 minutes in which nobody asked for anything, and after twelve hours in any case."""
    otto = signed_in("otto")
    stage.now += 29 * MINUTE
    assert otto.get("/cutover").status == 200
    stage.now += 29 * MINUTE
    assert otto.get("/cutover").status == 200
    stage.now += 30 * MINUTE
    assert otto.get("/cutover").status == 303
    busy = signed_in("otto")
    for _ in range(25):
        stage.now += 28 * MINUTE
        assert busy.get("/cutover").status == 200
    stage.now += 28 * MINUTE
    assert busy.get("/cutover").status == 303


def test_a_page_that_refreshes_itself_keeps_no_session_alive(stage: Stage, signed_in: SignedIn) -> None:
    """Nobody sits before it."""
    otto = signed_in("otto")
    for _ in range(3):
        stage.now += 9 * MINUTE
        alone = otto.get("/doubt?live=1")
        assert (alone.status, alone.cookies, "<main" in alone.text) == (200, [], False)
    stage.now += 9 * MINUTE
    assert otto.get("/doubt?live=1").status == 401


def test_every_process_on_the_journal_knows_a_session(stage: Stage) -> None:
    """The cookie is sealed with a key of the journal's; a process with another key knows it not."""
    sessions, other = Sessions(KEY, lambda: NOW, SignedOut()), Sessions(bytes(32), lambda: NOW, SignedOut())
    cookie = Visitor(stage.url).sign_in(TOKENS["anna"]).cookie
    found = sessions.open(cookie)
    assert found is not None
    assert sessions.person(found, Api(stage.people)) == Person("anna", Role.ADMIN)
    assert other.open(cookie) is None
    for changed in (cookie[:-4], cookie[:20] + ("A" if cookie[20] != "A" else "B") + cookie[21:], "x", "", "é"):
        assert sessions.open(changed) is None


def test_a_session_is_worth_what_its_token_is_worth_today(stage: Stage) -> None:
    """Another role counts at once; a token that is none any more ends it."""
    sessions = Sessions(KEY, lambda: NOW, SignedOut())
    session = sessions.begin(TOKENS["anna"], secure=False)
    assert sessions.person(session, Api({TOKENS["anna"]: Person("anna", Role.VIEWER)})) == Person("anna", Role.VIEWER)
    assert sessions.person(session, Api({TOKENS["otto"]: Person("otto", Role.OPERATOR)})) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Content_Type": "text/plain"},
    ],
)
def test_a_form_of_another_site_changes_nothing(stage: Stage, signed_in: SignedIn, headers: dict[str, str]) -> None:
    """By where the browser says it comes from, even if it knew the form's token."""
    otto = signed_in("otto")
    form = {"form": otto.form_token, "reason": "r", "seen": "14", "step": "confirm"}
    stage.asked.clear()
    assert otto.send("/cutover/stop", form, **headers).status in (403, 413)
    assert stage.asked == []
    assert Visitor(stage.url).send("/login", {"token": TOKENS["otto"]}, **headers).cookies == []


@pytest.mark.parametrize("token", ["", "x" * 44, "another session's"])
def test_a_form_without_this_session_s_token_changes_nothing(stage: Stage, signed_in: SignedIn, token: str) -> None:
    """Each session has its own."""
    otto = signed_in("otto")
    given = signed_in("otto").form_token if token.startswith("another") else token
    stage.asked.clear()
    refused = otto.send("/cutover/stop", {"form": given, "reason": "r", "step": "confirm"})
    assert (refused.status, "not of this session" in refused.text, stage.asked) == (403, True, [])


def test_every_answer_forbids_what_no_page_needs(stage: Stage, signed_in: SignedIn) -> None:
    """Nothing inline, nothing from elsewhere, no frame, no guessing of types, nothing kept."""
    vera = signed_in("vera")
    paths = (*PAGES, "/login", "/nothing", "/static/console.css", "/static/nothing", "/doubt?live=1", "/export/i-1")
    for path in paths:
        seen = vera.get(path)
        policy = seen.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        assert seen.headers["Referrer-Policy"] == "same-origin"
        assert path.startswith("/static/console") or seen.headers["Cache-Control"] == "no-store"


def test_a_link_from_a_chat_does_not_ask_a_signed_in_person_to_sign_in_again(stage: Stage) -> None:
    """The browser keeps a strict cookie back then: a page of ours asks once more, and that request has it."""
    linked = Visitor(stage.url).get("/calls/i-1", Sec_Fetch_Site="cross-site")
    assert (linked.status, 'content="0;url=/console/calls/i-1"' in linked.text) == (200, True)
    assert Visitor(stage.url).get("/calls/i-1", Sec_Fetch_Site="same-origin").status == 303


@pytest.mark.parametrize("onward", ["//evil.example", "/\\evil", "https://evil.example", "login", "a\r\nb: c"])
def test_signing_in_leads_to_no_other_site(stage: Stage, onward: str) -> None:
    """Only to a page of the console."""
    seen = Visitor(stage.url).send("/login", {"token": TOKENS["vera"], "next": onward})
    assert seen.headers["Location"] in ("/console/", f"/console/{onward}")
    assert seen.headers["Location"].startswith("/console/")
    assert "b" not in seen.headers


def test_methods_that_nobody_needs_are_refused(stage: Stage, signed_in: SignedIn) -> None:
    """And what is not there is not found, in the frame of the console."""
    vera = signed_in("vera")
    assert vera.ask("PUT", "/cutover").status == 405
    assert vera.ask("HEAD", "/cutover").body == b""
    missing = vera.get("/nothing")
    assert (missing.status, "There is no such page." in missing.words) == (404, True)


def test_without_anybody_in_the_settings_there_is_no_console(stage: Stage, signed_in: SignedIn) -> None:
    """As there is no admin API."""
    otto = signed_in("otto")
    stage.start_anew({})
    for path in ("/", "/login", "/static/console.css"):
        assert (otto.get(path).status, "so there is no admin API" in otto.get(path).text) == (404, True)


def test_a_restart_ends_no_session_but_of_those_who_are_gone(stage: Stage, signed_in: SignedIn) -> None:
    """A token that was taken out of the settings takes its sessions with it, and who had signed out stays so."""
    otto, anna, left = signed_in("otto"), signed_in("anna"), signed_in("otto")
    copy = Visitor(stage.url, left.cookie)
    left.post("/logout")
    stage.start_anew({token: person for token, person in stage.people.items() if person.name != "anna"})
    assert [each.get("/cutover").status for each in (otto, anna, copy)] == [200, 303, 303]
