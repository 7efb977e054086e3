"""A running sandbox per test, and the smallest clients that can talk to its two faces."""

import json
from collections.abc import Iterator

import pytest
from sandbox_clients import Client

from bridge.sandbox import SandboxThread


@pytest.fixture
def sandbox() -> Iterator[SandboxThread]:
    """A fresh demo tenant on a port of its own."""
    with SandboxThread() as running:
        yield running
        assert running.tenant.audit() == []


@pytest.fixture
def client(sandbox: SandboxThread) -> Client:
    """A client logged in to both faces."""
    return Client(sandbox.url, json.loads(json.dumps(sandbox.tenant.names)))
