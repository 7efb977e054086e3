"""The stage that the console's tests share, as it was at first for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from browser import why_not
from console_stage import TOKENS, Stage
from console_visitor import Visitor
from console_window import Window

SignedIn = Callable[[str], Visitor]


@pytest.fixture(scope="session")
def _stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    """A console before an API that tells what a test wants it to."""
    _stage.reset()
    return _stage


@pytest.fixture
def signed_in(stage: Stage) -> SignedIn:
    """Signs a person in by name."""
    return lambda name: Visitor(stage.url).sign_in(TOKENS[name])


@pytest.fixture(scope="session")
def _window() -> Iterator[Window]:
    if reason := why_not():
        pytest.skip(reason)
    window = Window()
    yield window
    window.close()


@pytest.fixture
def window(_window: Window) -> Window:
    """A real browser, signed in nowhere."""
    _window.forget()
    _window.ask("Emulation.setScriptExecutionDisabled", value=False)
    return _window
