"""Fixtures for black-box tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh world with the default settings."""
    # Imported late: a room's own tests must run while another room does not even import.
    from harness import World

    with World(tmp_path) as made:
        yield made
