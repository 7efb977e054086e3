"""Every REST request of the bridge is one that Zuora's own Python SDK could send: operation, parameters, body.

``check.py`` runs in an environment of its own, because of the SDK's pins. Two sources of requests: all scenarios, as
they reached the simulated tenant, and everything the mapping can write, with every field of every object set.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from provision import SDK_HOME, why_not
from sdk_bodies import by_target, others

from bridge.core.intent import Dispatch
from bridge.core.mapping.fields import CONTAINERS, ROWS, TABLE, Fate, Target

# All of them read the SDK, which takes its time: one process does it.
pytestmark = pytest.mark.xdist_group("sdk")

CHECK = Path(__file__).with_name("check.py")
CHECK_SECONDS = 120

BEYOND = (
    # Where Zuora's own API reference goes beyond its SDK. "List payments" and its like of Object Queries, and the page
    # "Pagination": pageSize is 1 to 99. "List credit memos": /v1/credit-memos?status=Posted.
    r"GET /object-query/[a-z-]+\?\S*pageSize=[5-9][0-9](&\S*)? \?pageSize: Input should be less than or equal to 50",
    r"GET /v1/credit-memos\?\S*status=Posted(&\S*)? \?status: no such parameter",
)

NOT_OF_THE_SDK = ("/oauth/token", "/v1/object/")
"""What the SDK lacks: the form of OAuth, and CRUD."""

Verdicts = Mapping[str, list[tuple[Mapping[str, Any], list[str]]]]

reason = cache(lambda: why_not("sdk"))


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The Python that has the SDK."""
    if reason() is not None:
        print(f"zuora-sdk: {reason()}")
        pytest.skip(str(reason()))
    return SDK_HOME / "bin" / "python"


def checked(python: Path, requests: Sequence[Mapping[str, Any]]) -> list[str]:
    """What ``check.py`` says of them, a line for each violation."""
    done = subprocess.run(
        [str(python), str(CHECK)],
        input="".join(f"{json.dumps(each)}\n" for each in requests),
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert done.returncode == bool(said)
    return said


@pytest.fixture(scope="session")
def verdicts(sdk: Path, request: pytest.FixtureRequest) -> Verdicts:
    """Every request of every source with its violations; together, because reading the SDK takes its time."""
    # Only now: without the SDK nothing needs to be played.
    played: Sequence[Mapping[str, Any]] = request.getfixturevalue("played")
    sources: dict[str, Sequence[Mapping[str, Any]]] = {
        "scenarios": [each for each in played if not each["path"].startswith(NOT_OF_THE_SDK)],
        "mapping": [as_sent(each) for each in (*itertools.chain(*by_target().values()), *others())],
        "mistakes": [each for wrong, _ in WRONG.values() for each in (wrong, paying())],
    }
    everything = [each for requests in sources.values() for each in requests]
    told: list[list[str]] = [[] for _ in everything]
    for line in checked(sdk, everything):
        place, _, said = line.partition(" ")
        told[int(place)].append(said)
    pairs = iter(zip(everything, told, strict=True))
    return {name: list(itertools.islice(pairs, len(requests))) for name, requests in sources.items()}


def as_sent(dispatch: Dispatch) -> Mapping[str, Any]:
    """A dispatch as it goes over the wire."""
    return {
        "method": dispatch.method,
        "path": dispatch.path,
        "headers": dict(dispatch.headers),
        "body": dispatch.body.decode(),
    }


# ------------------------------------------------------------------ what the bridge sends


def test_the_requests_of_every_scenario_are_the_sdks(verdicts: Verdicts) -> None:
    """Look-ups and queries too, with their parameters and headers."""
    kinds = {(each["method"], each["path"].partition("?")[0].split("/")[2]) for each, _ in verdicts["scenarios"]}
    assert {("POST", "payments"), ("POST", "credit-memos"), ("GET", "accounts")} <= kinds
    violations = [f"{each['test']}: {one}" for each, told in verdicts["scenarios"] for one in told if not beyond(one)]
    assert violations == []


def beyond(violation: str) -> bool:
    """Whether the SDK alone objects."""
    return any(re.fullmatch(each, violation) for each in BEYOND)


def test_everything_the_mapping_writes_is_the_sdks(verdicts: Verdicts) -> None:
    """Every field of every object, on every REST path and by Actions."""
    assert {each["path"].split("/")[2] for each, _ in verdicts["mapping"]} == {
        "action",
        "credit-memos",
        "payments",
        "refunds",
    }
    assert [violation for _, told in verdicts["mapping"] for violation in told] == []


@pytest.mark.parametrize("target", Target, ids=lambda target: target.name)
def test_the_written_bodies_reach_every_place_of_the_mapping(target: Target) -> None:
    """What is checked above is really all that the mapping table says can be written."""
    reached: set[str] = set()
    for dispatch in by_target()[target]:
        reached |= set(places(json.loads(dispatch.body or "{}")))
        reached.add("{id}/cancel" if dispatch.path.endswith("/cancel") else "{id}")
    wanted = {place for fate in fates(TABLE[target]) for place in fate.rest} - {"*"}
    assert wanted <= reached, wanted - reached


def fates(table: Mapping[str, Fate]) -> Iterator[Fate]:
    """What becomes of each field, those of its rows included where they travel."""
    for name, fate in table.items():
        yield fate
        if name in CONTAINERS and fate.rest:
            yield from fates(ROWS[CONTAINERS[name]])


def places(value: object, where: str = "") -> Iterator[str]:
    """Every place in a body, as the mapping table names places."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            here = f"{where}.{name}" if where else name
            yield here
            yield from places(each, here)
    elif isinstance(value, list):
        yield f"{where}[]"
        for each in value:
            yield from places(each, f"{where}[]")


# ------------------------------------------------------------------ what must be caught

GOOD: Mapping[str, Any] = {
    "amount": 80.0,
    "currency": "USD",
    "type": "External",
    "accountId": "a",
    "paymentMethodId": "b",
    "effectiveDate": "2026-02-20",
    "debitMemos": [{"debitMemoId": "d", "amount": 80}],
    "financeInformation": {"transferredToAccounting": "Yes"},
    "gatewayOptions": {"SecCode": "WEB"},
    "Order__c": "1",
}


def paying(**changes: object) -> Mapping[str, Any]:
    """A create of a payment with some fields changed; None takes one away."""
    body = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return {"method": "POST", "path": "/v1/payments", "body": json.dumps(body)}


WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a field Zuora does not have": (paying(AccountId="a"), ".AccountId: no such field"),
    "the same in a row": (paying(debitMemos=[{"id": "d", "amount": 1}]), ".debitMemos[0].id: no such field"),
    "an amount as a text": (paying(amount="80.00"), ".amount: not a number"),
    "a boolean as an amount": (paying(debitMemos=[{"amount": True}]), ".debitMemos[0].amount: not a number"),
    "a number as a text field": (paying(comment=7), ".comment: Input should be a valid string"),
    "a list that is none": (paying(debitMemos={"debitMemoId": "d"}), ".debitMemos: not a list"),
    "a required field missing": (paying(currency=None), ".currency: required"),
    "one missing in a row": (paying(invoices=[{"invoiceId": "i"}]), ".invoices[0].amount: required"),
    "a value Zuora does not list": (paying(type="external"), ".type: not one of External, Electronic"),
    "one inside": (
        paying(financeInformation={"transferredToAccounting": "yes"}),
        ".financeInformation.transferredToAccounting: not one of Processing, Yes, No, Error, Ignore",
    ),
    "a text too long": (paying(comment="x" * 256), ".comment: String should have at most 255 characters"),
    "no date": (paying(effectiveDate="2026-02-30"), ".effectiveDate: not a date as yyyy-mm-dd"),
    "a gateway option that is no text": (paying(gatewayOptions={"a": 1}), ".gatewayOptions.a: not a str"),
    "a custom field that is no value": (paying(Order__c=[1]), ".Order__c: a custom field is one value"),
    "no JSON": ({**paying(), "body": "{"}, "not JSON"),
    "a name twice": ({**paying(), "body": '{"amount":1,"amount":2}'}, "not JSON: a name is there twice"),
    "no body": ({**paying(), "body": ""}, "the body is required"),
    "a body where none belongs": ({"method": "PUT", "path": "/v1/payments/p/cancel", "body": "{}"}, "has no body"),
    "no operation": ({"method": "POST", "path": "/v1/payments/p/refund"}, "no such operation"),
    "a key on a PUT": (
        {"method": "PUT", "path": "/v1/refunds/r", "body": "{}", "headers": {"Idempotency-Key": "k"}},
        "Idempotency-Key: for POST and PATCH only",
    ),
    "a track id with a colon": ({**paying(), "headers": {"Zuora-Track-Id": "a:b"}}, "a character that is not allowed"),
    "a parameter Zuora does not have": ({"method": "GET", "path": "/v1/refunds?x=1"}, "?x: no such parameter"),
    "a page too large": (
        {"method": "GET", "path": "/object-query/payments?pageSize=51"},
        "?pageSize: Input should be less than or equal to 50",
    ),
    "an update of nothing": (
        {"method": "POST", "path": "/v1/action/update", "body": '{"type":"Payment","objects":[{"Amount":1}]}'},
        ".objects[0].Id: required",
    ),
    "a delete of numbers": (
        {"method": "POST", "path": "/v1/action/delete", "body": '{"type":"Payment","ids":[1]}'},
        ".ids",
    ),
}


def test_a_wrong_request_is_caught(verdicts: Verdicts) -> None:
    """Each mistake is told, and a good request behind it is not."""
    mistakes = verdicts["mistakes"]
    for (name, (_, expected)), (_, told), (_, of_the_good) in zip(
        WRONG.items(), mistakes[::2], mistakes[1::2], strict=True
    ):
        assert any(expected in each for each in told), (name, told)
        assert of_the_good == [], name
