"""An ERP cannot tell the bridge from Zuora, except that more works: the same calls to two Zuoras, one behind a bridge.

``differential_known`` lists what may differ, and why; whatever else does is a defect of the bridge or of the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from differential_known import DEFAULT
from same_as_zuora import parted
from two_zuoras import Two, two_zuoras

VERSIONS = ("38.0", "64.0", "68.0", "69.0", "83.0", "107.0", "121.0", "153.0")
SOME = ("64.0", "83.0", "107.0", "153.0")
ROUTED = [
    *(("soap11", version, policy) for policy in ("action", "rest") for version in ("64.0", "107.0", "153.0")),
    *((door, "107.0", "rest") for door in ("soap12", "action", "crud")),
]
DOORS = [
    *ROUTED,
    *(("soap11", version, DEFAULT) for version in VERSIONS),
    *(("soap12", version, DEFAULT) for version in SOME),
    *((door, version, DEFAULT) for door in ("action", "crud") for version in SOME),
]


@pytest.fixture
def two(tmp_path: Path, policy: str) -> Iterator[Two]:
    """Fresh books on both sides; the bridge goes by this policy."""
    with two_zuoras(tmp_path, routes={} if policy == DEFAULT else {"*": policy}) as pair:
        yield pair


@pytest.mark.parametrize(("door", "version", "policy"), DOORS)
def test_the_same_call_has_the_same_answer_and_effect(door: str, version: str, policy: str, two: Two) -> None:
    """Status, headers, bytes and books."""
    found = parted(two, door, version, policy=policy)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("door", "version", "policy"), DOORS)
def test_where_the_bridge_does_more_it_does_that_and_nothing_else(
    door: str, version: str, policy: str, two: Two
) -> None:
    """The known differences after which the books cannot be equal, on books of their own."""
    found = parted(two, door, version, policy=policy, apart=True)
    assert not found, "\n".join(found)
