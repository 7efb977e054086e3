"""People with tokens of their own: what each role may do, and whose name a change bears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import World, post

from bridge.settings import ConfigurationError, load

USERS = {
    "vera": {"role": "viewer", "token": "vera-looks-0123456789"},
    "otto": {"role": "operator", "token": "otto-operates-0123456789"},
    "anna": {"role": "admin", "token": "anna-administers-0123456789"},
}
RULES = {"rules": [{"name": "pilot", "operation": "create", "object": "Payment", "route": "rest"}]}


@pytest.fixture
def peopled(tmp_path: Path) -> Iterator[World]:
    """A bridge with one person of each role and no owner's token."""
    with World(tmp_path, admin={"listen": "127.0.0.1:0", "users": USERS}) as made:
        yield made


def ask(world: World, who: str, name: str, said: object = None) -> tuple[int, Any]:
    """One request by a person."""
    body = b"" if said is None else json.dumps(said).encode()
    headers = [("Authorization", f"Bearer {USERS[who]['token']}")]
    url = f"{world.bridges[0].admin_url}/admin/api/{name}"
    answer = post(url, body, headers, method="GET" if said is None else "POST")
    return answer.status, json.loads(answer.body)


def test_each_role_may_do_what_it_says_and_no_more(peopled: World) -> None:
    """A viewer looks, an operator also stops and rolls back, an administrator also sets and starts."""
    why = {"reason": "a step"}
    assert [ask(peopled, who, "cutover")[0] for who in USERS] == [200, 200, 200]
    assert [ask(peopled, who, "cutover/check", RULES)[0] for who in USERS] == [200, 200, 200]
    assert [ask(peopled, who, "cutover/set", RULES | why)[0] for who in USERS] == [403, 403, 200]
    assert [ask(peopled, who, "cutover/stop", why)[0] for who in ("vera", "otto")] == [403, 200]
    assert [ask(peopled, who, "cutover/start", why)[0] for who in USERS] == [403, 403, 200]
    status, said = ask(peopled, "vera", "cutover/stop", why)
    assert (status, said) == (403, {"error": "That takes the role operator; nothing was changed."})
    assert ask(peopled, "vera", "cutover")[1]["stopped"] is False


def test_a_change_bears_the_name_of_the_token_and_no_other(peopled: World) -> None:
    """Whose token it is signs; nobody signs as somebody else."""
    assert ask(peopled, "otto", "cutover/stop", {"reason": "an incident", "by": "anna"})[0] == 403
    assert ask(peopled, "otto", "cutover")[1]["stopped"] is False
    assert ask(peopled, "otto", "cutover/stop", {"reason": "an incident"})[0] == 200
    assert ask(peopled, "vera", "cutover")[1]["author"] == "otto"
    assert ask(peopled, "otto", "cutover/rollback", {"by": "otto"})[0] == 400


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ({"a": {"role": "root", "token": "x" * 16}}, "BRIDGE_ADMIN__USERS__A__ROLE"),
        ({"a": {"role": "viewer", "token": "short"}}, "BRIDGE_ADMIN__USERS__A__TOKEN"),
        ({"a": {"role": "viewer", "token": "x" * 16}, "b": {"role": "admin", "token": "x" * 16}}, "share a token"),
    ],
)
def test_users_that_could_not_be_held_apart_are_refused_at_start(users: object, words: str) -> None:
    """An unknown role, a token that can be guessed, and one token of two people."""
    with pytest.raises(ConfigurationError, match=words) as refused:
        load(admin={"users": users})
    assert "short" not in str(refused.value).replace("shorter", "")
    assert "x" * 16 not in str(refused.value)
