"""Fixtures for black-box tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from _pytest.nodeid import coerce_node_id

if TYPE_CHECKING:
    from harness import World
    from postgresql_server import PostgreSQL


# The same examples in every run, and no verdict about the speed of the machine: CI fails for a defect and for nothing
# else. To look for new ones: ``pytest --hypothesis-profile=explore``.
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a group's tests in one process: pytest 9.2 has another place for what pytest-xdist 3.8 writes it to."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        suffix = f"@{'_'.join(groups)}"
        if groups and not item.nodeid.endswith(suffix):
            item._id = coerce_node_id(item.nodeid + suffix)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh world with the default settings."""
    # Imported late: a room's own tests must run while another room does not even import.
    from harness import World

    with World(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for all tests that need one; they make places of their own in it."""
    # Imported late, as above.
    from postgresql_server import PostgreSQL, why_not

    if reason := why_not():
        pytest.skip(reason)
    server = PostgreSQL()
    yield server
    server.end()
