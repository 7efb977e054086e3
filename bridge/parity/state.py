"""What a side has been left with: payments, refunds, documents, memos, and whom they pay, as one book of facts.

Two readers: a sandbox's ledger, which holds everything, and a tenant's own REST resources (Zuora: Retrieve a payment,
List parts of a payment, Retrieve a refund, ...) for what the calls made or named. Amounts stay decimals. Must only
read.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from bridge.parity.terms import ParityError

SHELVES = ("accounts", "invoices", "debitMemos", "creditMemos", "payments", "refunds")
_IDS = re.compile(r"(?<![0-9a-zA-Z-])[0-9a-f]{32}(?![0-9a-zA-Z-])")

MADE = {"payments": "payment", "refunds": "refund"}

_ID = frozenset({"id", "name", "success", "processId", "requestId", "reasons"})
_ASKED = {
    "payments": ("/v1/payments/{}", "/v1/payments/{}/parts"),
    "refunds": ("/v1/refunds/{}", "/v1/refunds/{}/parts"),
    "invoices": ("/v1/invoices/{}",),
    "debitMemos": ("/v1/debit-memos/{}",),
    "creditMemos": ("/v1/credit-memos/{}",),
}


class Books(Protocol):
    """A reader of one side's books."""

    def read(self, ids: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Per shelf its objects; ``ids`` are those that the calls made or named."""


@dataclass(frozen=True, slots=True)
class SandboxBooks:
    """The whole ledger of ``bridge sandbox serve``."""

    origin: str

    def read(self, ids: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:  # noqa: ARG002 - it has them all
        """Everything."""
        found = _get(self.origin, "/sandbox/ledger", {})
        if found is None:
            raise ParityError(f"{self.origin} has no /sandbox/ledger")
        return {shelf: found[shelf] for shelf in SHELVES}

    def names(self) -> dict[str, str]:
        """The fixture's ids by their names."""
        found = _get(self.origin, "/sandbox/ledger", {})
        return {} if found is None else {str(name): str(key) for name, key in found["names"].items()}


@dataclass(slots=True)
class TenantBooks:
    """A tenant by OAuth and REST. Ids that are none of a shelf's are asked for once and left out."""

    origin: str
    client_id: str
    client_secret: str
    _token: str = ""

    def read(self, ids: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What these ids are, with their parts."""
        headers = {"Authorization": f"Bearer {self._token or self._authorize()}"}
        found: dict[str, list[Mapping[str, Any]]] = {shelf: [] for shelf in SHELVES}
        for one in ids:
            for shelf, paths in _ASKED.items():
                first = _get(self.origin, paths[0].format(quote(one, safe="")), headers)
                if first is None or first.get("success") is False:
                    continue
                whole = dict(first)
                for path in paths[1:]:
                    parts = _get(self.origin, path.format(quote(one, safe="")), headers)
                    whole["parts"] = [] if parts is None else parts.get("parts", [])
                found[shelf].append(whole)
                break
        return found

    def _authorize(self) -> str:
        form = urlencode(
            {"client_id": self.client_id, "client_secret": self.client_secret, "grant_type": "client_credentials"}
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, told = _ask(self.origin, "POST", "/oauth/token", headers, form)
        if status != 200 or not isinstance(told, dict) or "access_token" not in told:
            raise ParityError(f"{self.origin} gave no token to this client: HTTP {status}")
        self._token = str(told["access_token"])
        return self._token


def numbers(shelves: Mapping[str, Sequence[Mapping[str, Any]]], tokens: Mapping[str, str]) -> dict[str, str]:
    """The numbers of what was made, by what they stand for."""
    return {
        str(one["number"]): tokens[str(one["id"])].replace("{id:", "{number:")
        for shelf in MADE
        for one in shelves.get(shelf, ())
        if one.get("number") and str(one.get("id")) in tokens
    }


def neutral(
    shelves: Mapping[str, Sequence[Mapping[str, Any]]], names: Mapping[str, str]
) -> dict[str, dict[str, object]]:
    """The books with every id by what it stands for; what nobody was told of is called by its content's place."""
    named = dict(names)
    for shelf in SHELVES:
        named |= {str(one["id"]): str(one["name"]) for one in shelves.get(shelf, ()) if one.get("name")}
    for shelf, word in MADE.items():
        untold = [one for one in shelves.get(shelf, ()) if str(one.get("id")) not in named]
        for place, one in enumerate(sorted(untold, key=_content), 1):
            named[str(one.get("id"))] = f"{word} nobody was told of #{place}"
    return {
        shelf: {
            named.get(str(one.get("id")), str(one.get("number") or one.get("id"))): _fact(
                {name: value for name, value in one.items() if name not in _ID}, named
            )
            for one in shelves.get(shelf, ())
        }
        for shelf in SHELVES
    }


def _content(one: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in one.items() if name not in ("id", "number", "createdDate", "parts")}
    return f"{sorted((name, str(value)) for name, value in plain.items())}"


def _fact(value: object, named: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {named.get(str(name), str(name)): _fact(each, named) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        # Parts come and go with what is applied, so that their own ids and their order say nothing.
        parts = [
            _fact({k: v for k, v in p.items() if k != "id"} if isinstance(p, Mapping) else p, named) for p in value
        ]
        return sorted(parts, key=str)
    if isinstance(value, str):
        return named.get(value, value)
    return value if value is None or isinstance(value, bool) else format(Decimal(str(value)), "f")


def touched(texts: Iterable[str], known: Iterable[str]) -> list[str]:
    """The ids of 32 hexadecimal digits in these requests, and those made."""
    return list(dict.fromkeys(found for text in (*known, *texts) for found in _IDS.findall(text)))


def _get(origin: str, path: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
    status, told = _ask(origin, "GET", path, headers)
    if status == 404 or (status == 200 and not isinstance(told, dict)):
        return None
    if status != 200:
        raise ParityError(f"{origin}{path.partition('?')[0]} cannot be read: HTTP {status}")
    assert isinstance(told, dict)
    return told


def _ask(
    origin: str, method: str, path: str, headers: Mapping[str, str], body: str | None = None
) -> tuple[int, object]:
    parts = urlsplit(origin)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=60.0)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise ParityError(f"{origin} cannot be read: {type(error).__name__}") from None
    finally:
        connection.close()
    try:
        return response.status, json.loads(text, parse_float=Decimal)
    except ValueError:
        return response.status, None
