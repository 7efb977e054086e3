"""The console's style sheet by itself: every text on every ground it can stand on, in both themes, and no ornament."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bridge.console

FOLDER = Path(bridge.console.__file__).parent
SHEET = (FOLDER / "static" / "console.css").read_text(encoding="utf-8")
TEXTS = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "card", "wash")),
    *((tone, ground) for tone in ("good", "bad", "wait") for ground in ("paper", "card", f"{tone}-wash")),
    ("on-accent", "accent"),
    ("on-bad", "bad"),
]
SHAPES = [(shape, ground) for shape in ("edge", "soap", "action", "rest", "unknown") for ground in ("paper", "card")]


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme; the dark one's stand upon the light one's."""
    light, dark = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)[:2]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found if theme == "light" else found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def ratio(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, 1.4.3)."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (SHAPES, 3.0)], ids=["texts", "shapes"])
def test_everything_can_be_told_from_its_ground(theme: str, pairs: list[tuple[str, str]], least: float) -> None:
    """Texts 4.5 to 1, borders of fields and bars 3 to 1."""
    found = tokens(theme)
    made = {pair: ratio(found[pair[0]], found[pair[1]]) for pair in pairs}
    assert {pair: round(each, 2) for pair, each in made.items() if each < least} == {}


def test_colours_are_tokens_and_nothing_is_fetched() -> None:
    """One place says what a colour is; the sheet asks for its own icon and nothing else."""
    rules = SHEET.split("*, *::before", 1)[1]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", rules) == []
    assert re.findall(r"url\(([^)]*)\)", SHEET) == ["icon.svg"]
    assert "@import" not in SHEET


def test_templates_have_nothing_inline_and_mark_nothing_safe() -> None:
    """What a caller wrote is escaped everywhere, and the policy has no exception to make."""
    for template in (FOLDER / "templates").iterdir():
        text = template.read_text(encoding="utf-8")
        assert re.findall(r"\|\s*safe\b|autoescape|<style|style=|\son[a-z]+=|javascript:|https?://", text) == [], (
            template
        )


def test_scripts_stay_small_and_at_home() -> None:
    """They ask the page's own address and evaluate nothing."""
    script = (FOLDER / "static" / "console.js").read_text(encoding="utf-8")
    assert len(script) < 6_000
    assert re.findall(r"eval|innerHTML|https?://|localStorage|new Function", script) == []
