"""The console under somebody's hands: by keyboard alone, without scripts, and while a page refreshes itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from console_looks import FOCUSED
from console_stage import TOKENS, Stage
from console_told import EVIDENCE, OVERVIEW
from console_window import Window
from harness_wire import until

pytestmark = pytest.mark.xdist_group("console-browser")

MOST_KEYS = 80
LOOK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"
"""What the page itself takes as a reason to refresh before its time."""


def tab_to(window: Window, wanted: str) -> dict[str, Any]:
    """Press Tab until what has the focus has this id, name or text; everything on the way shows its focus."""
    for _ in range(MOST_KEYS):
        window.press("Tab")
        at = window.value(FOCUSED)
        if at is None:
            continue
        assert at["seen"], f"no visible focus: {at['what']}"
        if wanted in (at["id"], at["name"], at["text"]):
            return dict(at)
    raise AssertionError(f"{wanted} is not reached by keyboard")


def changes(stage: Stage) -> list[tuple[str, Any]]:
    """What the API was told to do for good."""
    made = [(each.path, json.loads(each.body)) for each in stage.asked if each.method == "POST"]
    return [(path, said) for path, said in made if "dryRun" not in said]


def test_a_stop_is_decided_by_keyboard_alone(window: Window, stage: Stage) -> None:
    """From the sign-in to the confirmation; focus is seen everywhere and never caught."""
    window.forget()
    window.open(f"{stage.url}/console/cutover")
    assert window.value(FOCUSED)["id"] == "token"
    window.write(TOKENS["otto"])
    window.press_and_arrive("Enter")
    tab_to(window, "To the content")
    window.press("Enter")
    assert window.value("document.activeElement.id") == "main"
    tab_to(window, "stop-reason")
    window.write("incident 7")
    window.press_and_arrive("Enter")
    assert window.value("document.querySelector('h1').innerText") == "Stop new money calls"
    tab_to(window, "Stop now")
    window.press_and_arrive("Enter")
    assert window.value("location.pathname + location.search") == "/console/cutover?done=15"
    assert changes(stage) == [("cutover/stop", {"reason": "incident 7", "seen": 14})]


def test_a_doubt_is_settled_by_keyboard_alone(window: Window, stage: Stage) -> None:
    """From the queue: the evidence, what became of it, the Id, the reason, the review, the verdict."""
    window.sign_in(stage.url, TOKENS["otto"])
    window.open(f"{stage.url}/console/doubt")
    at = tab_to(window, "Create Refund of 1840.00 USD")
    assert EVIDENCE["intent"] in at["what"]
    window.press_and_arrive("Enter")
    tab_to(window, "state")
    window.press(" ")
    tab_to(window, "zuoraId")
    window.write("8a8081e2" + "0" * 24)
    tab_to(window, "settle-reason")
    window.write("found it in Zuora")
    window.press_and_arrive("Enter")
    tab_to(window, "Record this verdict")
    stage.told["calls/"] = EVIDENCE | {"state": "APPLIED"}
    window.press_and_arrive("Enter")
    said = {"intent": EVIDENCE["intent"], "state": "APPLIED", "zuoraId": "8a8081e2" + "0" * 24}
    assert changes(stage) == [("doubt/resolve", said | {"reason": "found it in Zuora"})]
    assert "Recorded." in window.value("document.querySelector('[role=status]').innerText")


def test_everything_is_there_without_scripts(window: Window, stage: Stage) -> None:
    """Pages are whole, forms work, and nothing is offered that would need one."""
    window.sign_in(stage.url, TOKENS["otto"])
    window.ask("Emulation.setScriptExecutionDisabled", value=True)
    window.open(f"{stage.url}/console/")
    assert window.value("[...document.querySelectorAll('button')].filter((b) => b.checkVisibility()).length") == 1
    assert "As of" in window.value("document.querySelector('.refresh').innerText")
    window.open(f"{stage.url}/console/cutover", 390)
    window.value("document.getElementById('stop-reason').focus()")
    window.write("incident 7")
    window.press_and_arrive("Enter")
    tab_to(window, "Stop now")
    window.press_and_arrive("Enter")
    assert changes(stage) == [("cutover/stop", {"reason": "incident 7", "seen": 14})]


def test_the_overview_refreshes_itself_and_says_what_is_new(window: Window, stage: Stage) -> None:
    """Its live part alone, in words that are read out once; paused it stands still; the end of a session is told."""
    window.sign_in(stage.url, TOKENS["vera"])
    news = "document.querySelector('[data-news]').textContent"
    state = "document.querySelector('[data-live] .big').innerText"
    word = "document.querySelector('[data-refresh-word]').textContent"
    window.value("document.body.dataset.kept = 'yes'")
    stage.told["overview"] = OVERVIEW | {"stopped": True}
    stage.now += 61_000
    window.value(LOOK_NOW)
    until(lambda: "refused" in window.value(state), 5)
    assert window.value(news) == "2 calls in doubt or parked; 0.21 % of calls refused or unknown."
    assert window.value("document.querySelector('[data-refresh-at]').textContent") == "02:03:06"
    assert window.value("document.body.dataset.kept") == "yes"
    window.value("document.querySelector('[data-refresh-pause]').click()")
    stage.told["overview"] = OVERVIEW
    window.value(LOOK_NOW)
    assert window.value(word) == "Paused at"
    assert "refused" in window.value(state)
    window.value("document.querySelector('[data-refresh-pause]').click()")
    until(lambda: "taken" in window.value(state), 5)
    stage.start_anew({})
    window.value(LOOK_NOW)
    until(lambda: "cannot tell" in window.value(word), 5)
    stage.reset()
    stage.now += 31 * 60_000
    window.value(LOOK_NOW)
    until(lambda: "Signed out" in window.value(word), 5)


def test_the_queue_does_not_jump_under_somebody_s_hands(window: Window, stage: Stage) -> None:
    """While something in it has the focus, it stays as it is."""
    window.sign_in(stage.url, TOKENS["otto"])
    window.open(f"{stage.url}/console/doubt")
    window.value("document.querySelector('[data-live] a').focus()")
    stage.told["doubt"] = {"rows": []}
    asked = len(stage.asked)
    window.value(LOOK_NOW)
    assert window.value("document.querySelectorAll('[data-live] article').length") == 2
    window.value("document.activeElement.blur()")
    window.value(LOOK_NOW)
    until(lambda: window.value("document.querySelectorAll('[data-live] article').length") == 0, 5)
    assert len(stage.asked) > asked


def test_a_link_from_elsewhere_finds_the_session(window: Window, stage: Stage) -> None:
    """Its cookie is not sent with such a link; the console asks once more by itself, and nobody has to sign in."""
    window.sign_in(stage.url, TOKENS["vera"])
    page = f"<a id=x href='{stage.url}/console/usage'>x</a>"
    window.open(f"data:text/html,{page}")
    window.act("document.getElementById('x').click()")
    until(lambda: window.value("document.querySelector('h1')?.innerText") == "Usage radar", 10)
