"""A bridge with one person of each role, and what its admin API answers them. Must not know a scenario."""

from __future__ import annotations

import json
from typing import Any

from harness import World, post

USERS = {
    "vera": {"role": "viewer", "token": "vera-looks-0123456789"},
    "otto": {"role": "operator", "token": "otto-operates-0123456789"},
    "anna": {"role": "admin", "token": "anna-administers-0123456789"},
}
ADMIN = {"listen": "127.0.0.1:0", "users": USERS}


def ask(world: World, who: str, name: str, said: object = None, at: int = 0) -> tuple[int, Any]:
    """One request by a person, to one of the world's bridges."""
    body = b"" if said is None else json.dumps(said).encode()
    headers = [("Authorization", f"Bearer {USERS[who]['token']}")]
    url = f"{world.bridges[at].admin_url}/admin/api/{name}"
    answer = post(url, body, headers, method="GET" if said is None else "POST")
    return answer.status, json.loads(answer.body)


def told(world: World, name: str, said: object = None, *, who: str = "otto") -> Any:
    """What an operator is told."""
    status, answer = ask(world, who, name, said)
    assert status == 200, answer
    return answer
