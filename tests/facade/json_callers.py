"""Callers of the JSON doors, written by hand: their credentials and their objects. Must not know a test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness import Answer, Headers, Obj, Value, World, payment, post

JSON = (("Content-Type", "application/json"),)
D1_WHOLE = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80")
ON_ACCOUNT = payment(Amount="7.10", AppliedCreditBalanceAmount="7.10")


def bearer(world: World, client: str = "demo") -> Headers:
    """An OAuth token of one of the sandbox's clients."""
    form = f"client_id={client}-client&client_secret={client}-secret&grant_type=client_credentials".encode()
    answer = post(f"{world.sandbox.url}/oauth/token", form, (("Content-Type", "application/x-www-form-urlencoded"),))
    return (("Authorization", f"Bearer {json.loads(answer.body)['access_token']}"),)


def keys(user: str = "erp@example.com", password: str = "demo") -> Headers:
    """The legacy keys."""
    return (("apiAccessKeyId", user), ("apiSecretAccessKey", password))


def cookie(world: World) -> Headers:
    """A session of POST /v1/connections, as a cookie."""
    answer = post(f"{world.sandbox.url}/v1/connections", b"{}", (*JSON, *keys()))
    found = answer.header("Set-Cookie")
    assert found is not None
    return (("Cookie", found.partition(";")[0]),)


def session(world: World) -> Headers:
    """The same in the Authorization header."""
    return (("Authorization", f"ZSession {cookie(world)[0][1].partition('=')[2]}"),)


def written(one: Obj) -> str:
    """An object as JSON; amounts are bare numbers, digit for digit."""
    return "{" + ",".join(f"{json.dumps(name)}:{_value(name, value)}" for name, value in one.fields.items()) + "}"


def _value(name: str, value: Value) -> str:
    if value is None or isinstance(value, str):
        return str(value) if value and name.endswith("Amount") else json.dumps(value)
    rows: dict[str, list[str]] = {}
    for row in value:
        rows.setdefault(row.type, []).append(written(row))
    return "{" + ",".join(f'"{kind}":[{",".join(each)}]' for kind, each in rows.items()) + "}"


def action(
    world: World, op: str, objects: Sequence[Obj], who: Headers, *more: tuple[str, str], query: str = ""
) -> Answer:
    """POST /v1/action/create or update."""
    listed = ",".join(written(world.resolve(each)) for each in objects)
    body = f'{{"type":"{objects[0].type}","objects":[{listed}]}}'
    return send(world, "POST", f"/v1/action/{op}{query}", body, who, *more)


def deleting(world: World, kind: str, ids: Sequence[str], who: Headers) -> Answer:
    """POST /v1/action/delete."""
    body = json.dumps({"type": kind, "ids": [world.id(each) for each in ids]})
    return send(world, "POST", "/v1/action/delete", body, who)


def crud(world: World, method: str, path: str, one: Obj | None, who: Headers, *more: tuple[str, str]) -> Answer:
    """One object at /v1/object/."""
    body = "" if one is None else written(world.resolve(one))
    return send(world, method, f"/v1/object/{path}", body, who, *more)


def send(world: World, method: str, path: str, body: str, who: Headers, *more: tuple[str, str]) -> Answer:
    """A request with these bytes."""
    return post(world.url + path, body.encode(), (*JSON, *who, *more), method=method)


def rows(answer: Answer) -> list[Mapping[str, object]]:
    """The rows of an Action's answer."""
    assert answer.status == 200, (answer.status, answer.body)
    found = json.loads(answer.body)
    assert isinstance(found, list)
    return found


def told(answer: Answer) -> dict[str, object]:
    """The object of an answer."""
    found = json.loads(answer.body)
    assert isinstance(found, dict), answer.body
    return found
