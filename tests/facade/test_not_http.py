"""What is no HTTP is answered without repeating it, on both listeners."""

from __future__ import annotations

import pytest
from harness import World, raw

CARD = "4111111111111111"


@pytest.mark.parametrize(
    "line",
    [f"Content-Length: {CARD}x", f"Authorization: Bearer {CARD}\x01", f"{CARD} x: 1", f"Transfer-Encoding: {CARD}"],
)
@pytest.mark.parametrize("admin", [False, True], ids=["callers", "admin"])
def test_what_is_no_http_is_not_repeated(world: World, line: str, *, admin: bool) -> None:
    """Neither a number nor a credential of a header that cannot be read (I9)."""
    url = world.bridges[0].admin_url if admin else world.url
    answer = raw(url, f"POST /apps/services/a/107.0 HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode())
    assert answer.status in (400, 401, 404, 405, 415, 500)
    assert CARD.encode() not in answer.body
    assert not any(CARD in value for _, value in answer.headers)
