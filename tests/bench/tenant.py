"""The sandbox for benchmarks: the demo tenant, with an invoice and a debit memo that nobody can pay off.

Run as a process of its own; it prints its address and the ids of its fixtures on one line. Requests are not recorded
and sessions last eight hours, so that a long run measures the same thing at its end as at its beginning.
"""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from decimal import Decimal

from bridge.sandbox import Sandbox
from bridge.sandbox.ledger import Tenant

DEEP = Decimal(10) ** 15


async def serve() -> None:
    """Serve until SIGTERM."""
    sandbox = Sandbox("demo")
    tenant = sandbox.tenant
    tenant.settings.session_seconds = 8 * 3600
    tenant.settings.request_log = 0
    # A peer without a budget is measured too, and no limit of Zuora's.
    tenant.settings.concurrent_requests = tenant.settings.requests_per_minute = 10**9
    sandbox.recording.resize(0)
    with tenant.change():
        names = {"account": tenant.names["A"], "method": tenant.names["PMx"]}
        names["invoice"] = _deepened(tenant, "I1", "INV90000001")
        names["memo"] = _deepened(tenant, "D1", "DM90000001")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await sandbox.start()
    print(sandbox.url, json.dumps(names), flush=True)
    await stop.wait()
    await sandbox.stop()


def _deepened(tenant: Tenant, name: str, number: str) -> str:
    """A copy of a fixture's document with a balance that lasts; its id."""
    model = tenant.documents[tenant.names[name]]
    line = replace(next(iter(model.items.values())), id=tenant.new_id(), amount=DEEP, open=DEEP)
    made = replace(model, id=tenant.new_id(), number=number, total=DEEP, balance=DEEP, items={line.id: line})
    tenant.add_document(made)
    return made.id


if __name__ == "__main__":
    asyncio.run(serve())
