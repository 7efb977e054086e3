"""The stage that the console's tests share, as it was at first for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from console_stage import TOKENS, Stage
from console_visitor import Visitor

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
