"""The demo's eyes on the tenant: the sandbox's ledger and the requests it saw. Reads only."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """One state-changing request that reached the tenant."""

    what: str


@dataclass(frozen=True, slots=True)
class State:
    """The ledger at one moment. ``open`` is what is left of each invoice and memo, by the fixture's short name."""

    names: Mapping[str, str]
    open: Mapping[str, Decimal]
    payments: int
    refunds: int
    writes: tuple[Seen, ...]
    rows: tuple[tuple[str, str, Decimal, Decimal, Decimal], ...]

    def changed(self, before: State) -> dict[str, tuple[Decimal, Decimal]]:
        """What differs from an earlier moment: name to (was, now)."""
        return {name: (before.open[name], now) for name, now in self.open.items() if now != before.open[name]}

    def writes_since(self, before: State) -> list[Seen]:
        """The state-changing requests since an earlier moment, in order."""
        return list(self.writes[len(before.writes) :])

    def payments_of(self, account: str) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        """Id, amount, applied and unapplied amount of every payment of an account."""
        return [row[1:] for row in self.rows if row[0] == account]


class Ledger:
    """The control face of a sandbox at ``url``."""

    def __init__(self, url: str) -> None:
        self._url = url

    def read(self) -> State:
        """The ledger as it is now."""
        ledger = self._get("/sandbox/ledger")
        documents = [
            *((each, "balance") for each in (*ledger["invoices"], *ledger["debitMemos"])),
            *((each, "unappliedAmount") for each in ledger["creditMemos"]),
        ]
        seen = self._get("/sandbox/requests")
        return State(
            names=ledger["names"],
            open={each["name"]: Decimal(each[field]) for each, field in documents},
            payments=len(ledger["payments"]),
            refunds=len(ledger["refunds"]),
            writes=tuple(Seen(_what(each)) for each in seen if each["stateChanging"]),
            rows=tuple(
                (
                    each["accountId"],
                    each["id"],
                    Decimal(each["amount"]),
                    Decimal(each["appliedAmount"]),
                    Decimal(each["unappliedAmount"]),
                )
                for each in ledger["payments"]
            ),
        )

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


def _what(request: Mapping[str, Any]) -> str:
    if request["face"] == "soap":
        return f"SOAP {request['operation']}"
    path = str(request["path"])
    for name in ("/v1/payments", "/v1/credit-memos"):
        if path.startswith(name + "/"):
            path = name + "/..." + path[path.rindex("/") :]
    return f"{request['method']} {path}"
