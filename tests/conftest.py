"""Fixtures for black-box tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh world with the default settings."""
    with World(tmp_path) as made:
        yield made
