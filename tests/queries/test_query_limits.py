"""What a query by REST costs at most, and what its caller is told when Zuora's REST does not answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from harness import World
from query_calls import BY_REST, page, query

Answer = tuple[int, Any]
Ask = Callable[[str, dict[str, str]], Answer]


class Rest:
    """An Object Query in Zuora's place that answers as it is told; ``asked`` are its requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer: Ask = lambda path, given: (200, {"data": []})
        rest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.give(200, {"access_token": "t", "expires_in": 3599})

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = (parts.path, dict(parse_qsl(parts.query)))
                rest.asked.append(asked)
                self.give(*rest.answer(*asked))

            def give(self, status: int, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def rest() -> Iterator[Rest]:
    """Zuora's REST face."""
    made = Rest()
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, rest: Rest) -> Iterator[World]:
    """A bridge between the sandbox's SOAP and that REST."""
    with World(tmp_path, routes=BY_REST, zuora={"rest_url": rest.url}) as made:
        yield made


def rows(count: int) -> Ask:
    """So many payments, in pages of what is asked for."""

    def answer(_: str, given: dict[str, str]) -> Answer:
        start, size = int(given.get("cursor", "0")), int(given["pageSize"])
        data = [{"id": f"{n:032x}", "amount": n, "type": "External"} for n in range(start, min(start + size, count))]
        more = {"nextPage": str(start + size)} if start + size < count else {}
        return 200, {"data": data, **more}

    return answer


def test_10000_rows_are_answered_and_10001_are_not(world: World, rest: Rest) -> None:
    """Whether they match or were only read; the text says what to do, and old callers get a code they know."""
    rest.answer = rows(10_000)
    assert page(query(world, "select Id from Payment")).size == 10_000
    assert len(rest.asked) == 102
    rest.answer = rows(10_001)
    for text in ("select Id from Payment", "select Id from Payment where Type = 'Electronic'"):
        answer = query(world, text)
        assert answer.status == 500
        assert (answer.fault["kind"], answer.fault["code"]) == ("UnexpectedErrorFault", "TRANSACTION_TERMINATED")
        assert "more than 10000 rows" in answer.fault["message"]
        assert "Nothing was changed. Narrow it" in answer.fault["message"]
    old = query(world, "select Id from Payment", "59.0")
    assert old.fault["code"] == "UNKNOWN_ERROR"
    assert old.fault["message"].endswith("(TRANSACTION_TERMINATED)")


def test_reads_are_sorted_and_as_large_as_they_may_be(world: World, rest: Rest) -> None:
    """99 rows by id, so that rows do not move between pages while others are made."""
    query(world, "select Id from Payment where Amount > 5")
    assert rest.asked == [
        ("/object-query/payments", {"filter[]": "amount.GT:5", "sort[]": "id.ASC", "pageSize": "99"}),
    ]


@pytest.mark.parametrize(
    ("status", "body", "code", "answered"),
    [
        (403, {"success": False, "reasons": [{"code": 50000010, "message": "secret"}]}, "NO_PERMISSION", 500),
        (429, {"success": False, "reasons": [{"code": "50000070", "message": "x"}]}, "REQUEST_EXCEEDED_LIMIT", 429),
        (200, {"success": False, "reasons": [{"code": 50000070, "message": "x"}]}, "REQUEST_EXCEEDED_LIMIT", 429),
        (400, {"success": False, "reasons": [{"code": 50000027, "message": "secret"}]}, "UNKNOWN_ERROR", 500),
        (404, {"success": False, "reasons": [{"code": 50000040, "message": "x"}]}, "UNKNOWN_ERROR", 500),
        (200, {"data": "none"}, "TEMPORARY_ERROR", 500),
        (200, {"data": [{"amount": 1}]}, "UNKNOWN_ERROR", 500),
    ],
)
def test_a_read_that_zuora_refuses_is_a_fault(
    world: World, rest: Rest, status: int, body: Any, code: str, answered: int
) -> None:
    """Whose fault it is and that nothing was changed; nothing of Zuora's own words."""
    rest.answer = lambda path, given: (status, body)
    answer = query(world, "select Id from Payment")
    assert (answer.status, answer.fault["kind"], answer.fault["code"]) == (answered, "UnexpectedErrorFault", code)
    assert "Nothing was changed" in answer.fault["message"]
    assert "secret" not in answer.fault["message"]
    assert answer.header("Retry-After") == ("120" if answered == 429 else None)


def test_a_passing_trouble_is_read_over(world: World, rest: Rest) -> None:
    """Reading moves nothing, so it is done again; where the trouble stays, the caller may repeat."""
    troubles = iter([500, 503])
    rest.answer = lambda path, given: (
        (status, {}) if (status := next(troubles, None)) is not None else rows(3)(path, given)
    )
    assert page(query(world, "select Id from Payment")).size == 3
    rest.answer = lambda path, given: (502, {})
    answer = query(world, "select Id from Payment")
    assert (answer.status, answer.fault["code"]) == (500, "TEMPORARY_ERROR")
    assert query(world, "select Id from Payment", "59.0").fault["code"] == "UNKNOWN_ERROR"
