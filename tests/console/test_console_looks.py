"""Every page in a real browser: policy kept, nothing logged, readable by all, and as its reference picture shows it.

The pictures are in ``screenshots/``; ``BRIDGE_TEST_SCREENSHOTS=new`` makes them anew, to be looked at before they are
committed. Where the browser or the fonts differ from those that made them, the comparison is skipped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from console_looks import CONTRAST, FONTS, STRUCTURE, nameless
from console_stage import TOKENS, Stage
from console_told import EVIDENCE, TOLD
from console_window import Window

pytestmark = pytest.mark.xdist_group("console-browser")

SHOTS = Path(__file__).parent / "screenshots"
NEW = os.environ.get("BRIDGE_TEST_SCREENSHOTS") == "new"
WIDTHS = (1280, 390)
MOST_DIFFERENT = 0.002
"""Share of pixels that may differ: smoothing of letters, and nothing that somebody would see."""

PAGES = {
    "overview": "",
    "calls": "calls",
    "evidence": f"calls/{EVIDENCE['intent']}",
    "doubt": "doubt",
    "cutover": "cutover",
    "rules": "cutover/rules",
    "difference": "cutover/difference?to=13",
    "judgements": "cutover/judgements",
    "parity": "parity",
    "usage": "usage",
    "breaks": "breaks",
    "audit": "audit",
    "missing": "nothing",
}
DECISIONS = {
    "stop": ("cutover", "stop", ""),
    "settle": (f"calls/{EVIDENCE['intent']}", "settle", "document.querySelector('[value=NOT_APPLIED]').click();"),
}


def reviewed(window: Window, stage: Stage, name: str, width: int) -> None:
    """Go to the review of a decision."""
    path, form, first = DECISIONS[name]
    window.open(f"{stage.url}/console/{path}", width)
    field = f"document.getElementById('{form}-reason')"
    window.act(f"{first} {field}.value = 'INC-7: refunds fail'; {field}.form.requestSubmit()")


def sound(window: Window, name: str) -> list[str]:
    """What is wrong with the page that is open."""
    complaints = [] if name == "missing" else list(window.logged)
    tree = window.ask("Accessibility.getFullAXTree")
    return [*window.value(STRUCTURE), *window.value(CONTRAST), *nameless(tree), *complaints]


def test_every_page_is_sound_at_both_widths_and_in_both_themes(window: Window, stage: Stage) -> None:
    """No violation of its policy, nothing logged, nothing from elsewhere; named, ordered, labelled, in contrast."""
    window.sign_in(stage.url, TOKENS["anna"])
    titles = set()
    for name, path in PAGES.items():
        for width, dark in ((1280, False), (1280, True), (390, False)):
            window.open(f"{stage.url}/console/{path}", width, dark=dark)
            assert sound(window, name) == [], (name, width, dark)
            assert {each.split("/console/")[0] for each in window.fetched} == {stage.url}, name
        titles.add(window.value("document.title"))
    assert len(titles) == len(PAGES)
    for name in DECISIONS:
        reviewed(window, stage, name, 390)
        assert sound(window, name) == [], name
    window.forget()
    window.open(f"{stage.url}/console/login", 390)
    assert sound(window, "login") == []


def test_what_is_open_is_sound_too(window: Window, stage: Stage) -> None:
    """Folded parts, an error beside its form, an owner who signs by name, a bridge that is stopped."""
    stage.said["cutover/check"] = 400, {"error": "The rules are at fault.", "wrong": ["Rule 1 (a): route."]}
    stage.told["cutover"] = TOLD["cutover"] | {"stopped": True}
    window.sign_in(stage.url, TOKENS["admin"])
    for path in ("cutover", "breaks", "parity", PAGES["evidence"], ""):
        window.open(f"{stage.url}/console/{path}", 390)
        window.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert sound(window, path) == [], path
    window.open(f"{stage.url}/console/cutover/rules", 390)
    window.act("toml.form.reason.value = toml.form.by.value = 'x'; toml.form.requestSubmit()")
    assert "The rules are at fault." in window.value("document.querySelector('[role=alert]').innerText")
    assert [each for each in sound(window, "rules") if "400" not in each] == []


def test_a_report_shows_itself_in_its_box_and_does_nothing_else(window: Window, stage: Stage) -> None:
    """Its own style and nothing more: no script, no origin, no cookie of the console's."""
    stage.told["reports/"] = json.loads((Path(__file__).parent / "report.json").read_text())
    window.sign_in(stage.url, TOKENS["vera"])
    window.open(f"{stage.url}/console/parity/2026-08-11-night")
    assert window.value("self.origin") == "null"
    assert window.value("getComputedStyle(document.querySelector('.top')).position") == "sticky"
    assert "<script>alert(1)</script>" in window.value("document.body.textContent")
    assert window.value("document.querySelectorAll('script, img').length") == 0
    assert (window.logged, window.fetched) == ([], [f"{stage.url}/console/parity/2026-08-11-night"])


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_looks_as_it_did(window: Window, stage: Stage, width: int) -> None:
    """Compared with pictures that somebody has looked at."""
    window.open(f"{stage.url}/console/login", width)
    fonts = window.value(FONTS)
    kept = SHOTS / "fonts.txt"
    if NEW:
        window.keep(SHOTS, "fonts.txt", fonts.encode())
    elif kept.read_text() != fonts:
        pytest.skip(f"another browser or other fonts than the reference pictures': {fonts}, not {kept.read_text()}")
    pictures = {f"login-{width}.png": window.picture()}
    window.sign_in(stage.url, TOKENS["anna"])
    for name, path in PAGES.items():
        window.open(f"{stage.url}/console/{path}", width)
        pictures[f"{name}-{width}.png"] = window.picture()
    for name in DECISIONS:
        reviewed(window, stage, name, width)
        pictures[f"review-{name}-{width}.png"] = window.picture()
    for name in ("overview", "evidence"):
        window.open(f"{stage.url}/console/{PAGES[name]}", width, dark=True)
        pictures[f"{name}-{width}-dark.png"] = window.picture()
    down = 503, {"error": "The journal cannot be reached; nothing was changed."}
    stage.said = dict.fromkeys(TOLD, down)
    window.open(f"{stage.url}/console/doubt", width)
    pictures[f"down-{width}.png"] = window.picture()
    window.open("about:blank")
    assert [wrong for name, picture in pictures.items() if (wrong := differs(window, name, picture))] == []


def differs(window: Window, name: str, picture: bytes) -> str:
    """How a page differs from its reference picture; empty where it does not."""
    if NEW:
        window.keep(SHOTS, name, window.few_colours(picture))
        return ""
    words, share = window.difference((SHOTS / name).read_bytes(), picture)
    if not words and share <= MOST_DIFFERENT:
        return ""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / "bridge-console-screenshots"
    window.keep(folder, name, picture)
    return f"{name}: {words or f'{share:.2%} of it differs'} (see {folder})"
