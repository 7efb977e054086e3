"""What the tests of the doors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import World


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for a whole module, whose tests leave nothing behind or tell their objects from others'."""
    with World(tmp_path_factory.mktemp("house")) as world:
        yield world
