"""REST: the credential put back, one renewal after a 401, exact bytes and keys, and look-ups read with Decimal."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from upstream_servers import Request, Script, Server, answer, as_json, serving, transporting

from bridge.core.commands import Answer, Lost, NotSent
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route
from bridge.upstream.budget import Budget
from bridge.upstream.clock import fence_now
from bridge.upstream.oauth import NoToken, OAuthClient
from bridge.upstream.rest import Json, UnusableKey, ZuoraRest, segment
from bridge.upstream.transport import Transport

BODY = b'{"amount": 100.50,  "accountId": "a"}'
DISPATCH = Dispatch(
    "d",
    "c",
    Route.REST,
    Op.CREATE,
    "POST",
    "/v1/payments",
    (
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "k1"),
        ("Zuora-Track-Id", "i1"),
        ("Zuora-Version", "2025-08-12"),
    ),
    BODY,
    ("i1",),
    key="k1",
)


class Tenant:
    """A fake Zuora: tokens t1, t2, ... and one answer per path."""

    def __init__(self, *answers: bytes, token: bytes | None = None, expires_in: object = 3599) -> None:
        self.answers = list(answers)
        self.token = token
        self.expires_in = expires_in
        self.tokens = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        if request.path == "/oauth/token":
            self.tokens += 1
            await asyncio.sleep(0.05)
            fields = {"access_token": f"t{self.tokens}", "token_type": "bearer", "expires_in": self.expires_in}
            writer.write(self.token or as_json(200, fields))
        else:
            raw = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if not raw:
                writer.close()
                return
            writer.write(raw)
        await writer.drain()


def client(transport: Transport, server: Server, budget: Budget | None = None) -> ZuoraRest:
    """A client with the bridge's own credential."""
    oauth = OAuthClient(transport, server.origin, "client-id", "s3cret+/=")
    return ZuoraRest(transport, server.origin, oauth, budget or Budget())


def run(script: Script, act: Any) -> tuple[Any, list[Request]]:
    """What ``act(rest)`` comes to against a fake, and the requests other than for tokens."""

    async def go() -> tuple[Any, list[Request]]:
        async with serving(script) as server, transporting() as transport:
            came = await act(client(transport, server))
            return came, [request for request in server.requests if request.path != "/oauth/token"]

    return asyncio.run(go())


def send(tenant: Tenant, **options: Any) -> tuple[Any, list[Request]]:
    """One dispatch."""
    return run(tenant, lambda rest: rest.send(DISPATCH, **options))


def test_a_dispatch_goes_out_byte_for_byte_with_its_key_and_the_token() -> None:
    """The body's own spacing and spelling, the recorded headers, and Authorization put back."""
    came, requests = send(Tenant(as_json(200, '{"success": true, "id": "x"}')))
    assert came == Answer(200, b'{"success": true, "id": "x"}')
    (request,) = requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/payments", BODY)
    assert request.header("Authorization") == "Bearer t1"
    for name, value in DISPATCH.headers:
        assert request.header(name) == value


def test_a_401_renews_the_token_once_and_sends_the_same_bytes_under_the_same_key() -> None:
    """A refused credential did nothing at Zuora."""
    came, requests = send(Tenant(as_json(401, {}), as_json(200, {"success": True})))
    assert isinstance(came, Answer)
    assert came.status == 200
    assert [request.header("Authorization") for request in requests] == ["Bearer t1", "Bearer t2"]
    assert {request.header("Idempotency-Key") for request in requests} == {"k1"}
    assert {request.body for request in requests} == {BODY}


def test_a_second_401_is_the_answer() -> None:
    """Once is enough."""
    came, requests = send(Tenant(as_json(401, {})))
    assert came.status == 401
    assert len(requests) == 2


@pytest.mark.parametrize("status", [400, 403, 409, 422, 429, 500, 502, 503])
def test_no_other_status_is_sent_again(status: int) -> None:
    """Retrying is core's to decide."""
    came, requests = send(Tenant(as_json(status, {}, ("Retry-After", "120"))))
    assert (came.status, came.retry_after, len(requests)) == (status, 120, 1)


def test_a_lost_answer_is_lost_and_not_sent_again() -> None:
    """The connection closes after the request was read."""
    came, requests = send(Tenant(b""))
    assert isinstance(came, Lost)
    assert len(requests) == 1


def test_a_callers_own_credential_takes_the_place_of_the_bridges() -> None:
    """JSON callers act as themselves; their 401 is theirs."""
    own = (("apiAccessKeyId", "u"), ("apiSecretAccessKey", "p"))
    tenant = Tenant(as_json(401, {}))
    came, requests = send(tenant, credential=own)
    assert came.status == 401
    assert (len(requests), tenant.tokens) == (1, 0)
    assert requests[0].header("apiAccessKeyId") == "u"
    assert requests[0].header("Authorization") is None


def test_the_fence_holds_back_a_dispatch_and_its_renewal() -> None:
    """Whatever time the token took counts."""
    came, requests = send(Tenant(as_json(200, {})), not_after=fence_now() - 1)
    assert (came, requests) == (NotSent("fenced"), [])


def test_without_an_oauth_client_nothing_is_sent() -> None:
    """The reason says what to set."""

    async def go() -> object:
        async with transporting() as transport:
            return await ZuoraRest(transport, "http://127.0.0.1:1", None, Budget()).send(DISPATCH)

    came = asyncio.run(go())
    assert isinstance(came, NotSent)
    assert "BRIDGE_ZUORA__CLIENT_ID" in came.reason


def test_a_full_budget_is_not_sent() -> None:
    """A bounded wait, then the truth."""

    async def go() -> tuple[object, int]:
        async with serving(Tenant(as_json(200, {}))) as server, transporting() as transport:
            budget = Budget(2, wait=0.05)
            rest = client(transport, server, budget)
            async with budget.slot() as one, budget.slot() as two:
                assert one
                assert two
                came = await rest.send(DISPATCH)
            assert isinstance(await rest.send(DISPATCH), Answer)
            return came, sum(request.path == "/v1/payments" for request in server.requests)

    assert asyncio.run(go()) == (NotSent("budget"), 1)


def test_a_budget_needs_a_slot() -> None:
    """Zero would send nothing for ever."""
    with pytest.raises(ValueError, match="1 or more"):
        Budget(0)


# ---------------------------------------------------------------- tokens


def test_concurrent_callers_share_one_token_request() -> None:
    """Zuora limits token requests by address."""
    tenant = Tenant(as_json(200, {}))
    came, requests = run(tenant, lambda rest: asyncio.gather(*(rest.send(DISPATCH) for _ in range(20))))
    assert [each.status for each in came] == [200] * 20
    assert (tenant.tokens, len(requests)) == (1, 20)


def test_a_caller_that_goes_does_not_take_the_token_from_the_others() -> None:
    """The flight is shared, not owned."""

    async def go() -> str:
        async with serving(Tenant(as_json(200, {}))) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            first = asyncio.create_task(oauth.token())
            second = asyncio.create_task(oauth.token())
            await asyncio.sleep(0.01)
            first.cancel()
            return await second

    assert asyncio.run(go()) == "t1"


def test_a_token_is_kept_until_shortly_before_its_end_and_renewed_after() -> None:
    """expires_in less a margin; one that lives shorter than the margin is used for half its life."""

    async def go(expires_in: object, pause: float) -> list[str]:
        async with serving(Tenant(as_json(200, {}), expires_in=expires_in)) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            first = await oauth.token()
            await asyncio.sleep(pause)
            return [first, await oauth.token()]

    assert asyncio.run(go(3599, 0.1)) == ["t1", "t1"]
    assert asyncio.run(go(0.2, 0.15)) == ["t1", "t2"]
    assert asyncio.run(go(0, 0)) == ["t1", "t2"]


def test_only_the_token_in_use_can_be_invalidated() -> None:
    """A late 401 for an older token does not throw away the new one."""

    async def go() -> list[str]:
        async with serving(Tenant(as_json(200, {}))) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            tokens = [await oauth.token()]
            oauth.invalidate("t1")
            tokens.append(await oauth.token())
            oauth.invalidate("t1")
            tokens.append(await oauth.token())
            return tokens

    assert asyncio.run(go()) == ["t1", "t2", "t2"]


def test_the_token_request_is_the_documented_form() -> None:
    """Form-encoded client_credentials, without an Authorization header."""

    async def go() -> Request:
        async with serving(Tenant(as_json(200, {}))) as server, transporting() as transport:
            await OAuthClient(transport, server.origin, "client-id", "s3cret+/=").token()
            return server.requests[0]

    request = asyncio.run(go())
    assert request.body == b"client_id=client-id&client_secret=s3cret%2B%2F%3D&grant_type=client_credentials"
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    assert request.header("Authorization") is None


def test_a_refused_credential_is_clear_secret_free_and_not_tried_again_at_once() -> None:
    """Whose fault it is and what to do, without the secret; nothing was sent."""
    tenant = Tenant(as_json(200, {}), token=as_json(401, {"error": "invalid s3cret+/="}))

    async def act(rest: ZuoraRest) -> list[Any]:
        return [await rest.send(DISPATCH), await rest.send(DISPATCH)]

    came, requests = run(tenant, act)
    assert (tenant.tokens, requests) == (1, [])
    for each in came:
        assert isinstance(each, NotSent)
        assert "BRIDGE_ZUORA__CLIENT_SECRET" in each.reason
        assert "s3cret" not in each.reason


@pytest.mark.parametrize(
    "token",
    [
        as_json(200, {}),
        as_json(200, "[]"),
        as_json(200, {"access_token": 1}),
        as_json(200, {"access_token": ""}),
        as_json(200, {"access_token": "a\r\nX: 1", "expires_in": 1}),
        as_json(200, {"access_token": "a", "expires_in": "soon"}),
        as_json(500, {"access_token": "a", "expires_in": 10}),
        answer(200, b"<html/>"),
        answer(503, b""),
    ],
)
def test_an_unreadable_token_sends_nothing(token: bytes) -> None:
    """Nothing went out, so it is not sent, and no token text is in the reason."""
    came, requests = send(Tenant(as_json(200, {}), token=token))
    assert isinstance(came, NotSent)
    assert requests == []
    assert "a\r\nX" not in came.reason


def test_no_secret_shows_in_a_repr() -> None:
    """Objects end up in tracebacks and debuggers."""

    async def go() -> str:
        async with transporting() as transport:
            return repr(OAuthClient(transport, "http://127.0.0.1:1", "i", "s3cret"))

    assert "s3cret" not in asyncio.run(go())


def test_an_unreachable_token_endpoint_is_no_token() -> None:
    """Refused connection: not reached."""

    async def go() -> None:
        async with transporting() as transport:
            await OAuthClient(transport, "http://127.0.0.1:1", "i", "s").token()

    with pytest.raises(NoToken, match="not reached"):
        asyncio.run(go())


# ---------------------------------------------------------------- look-ups


def get(*answers: bytes, path: str = "/v1/x", params: tuple[tuple[str, str], ...] = ()) -> tuple[Any, list[Request]]:
    """One look-up."""
    return run(Tenant(*answers), lambda rest: rest.get(path, params))


def test_amounts_are_decimal_and_exact() -> None:
    """Never a float in between."""
    came, (request,) = get(as_json(200, '{"success": true, "a": 100.10, "b": 0.1, "c": 1e2, "n": 7}'))
    assert came.good == {
        "success": True,
        "a": Decimal("100.10"),
        "b": Decimal("0.1"),
        "c": Decimal("1e2"),
        "n": 7,
    }
    assert str(came.body["a"]) == "100.10"
    assert request.header("Zuora-Version") == "2025-08-12"


def test_parameters_are_encoded() -> None:
    """A value never becomes another parameter."""
    _, (request,) = get(as_json(200, {}), params=(("filter[]", "id.IN:[a,b]"), ("x", "1&y=2 +/#")))
    assert request.query == {"filter[]": "id.IN:[a,b]", "x": "1&y=2 +/#"}
    assert "&y=" not in request.target


def test_a_read_that_broke_off_at_once_is_read_again() -> None:
    """A server that was closing the connection; a read moves nothing."""
    came, requests = get(b"", as_json(200, {"ok": 1}))
    assert isinstance(came, Json)
    assert len(requests) == 2
    came, requests = get(b"")
    assert isinstance(came, Lost)
    assert len(requests) == 2


REASONS_40 = {"success": False, "reasons": [{"code": 50000040, "message": "Cannot find entity by key."}]}


@pytest.mark.parametrize(
    ("status", "body", "not_found"),
    [
        (404, REASONS_40, True),
        (200, REASONS_40, True),
        (404, {"success": False, "reasons": [{"code": "50000040"}]}, True),
        (404, {"requestId": "r", "reasons": [{"code": 50000040}]}, True),
        (404, {"success": False}, True),
        (404, {"message": "no Route matched with those values"}, False),
        (404, {"success": False, "reasons": [{"code": 50000060}]}, False),
        (404, {"success": False, "reasons": [{"code": 50000040}, {"code": 50000060}]}, False),
        (404, {"success": False, "reasons": [{}]}, False),
        (200, {"success": False}, False),
        (200, {"success": False, "reasons": [{"code": 50000070}]}, False),
        (429, REASONS_40, False),
        (500, REASONS_40, False),
        (200, {"success": True, "reasons": [{"code": 50000040}]}, False),
    ],
)
def test_only_zuoras_own_word_proves_that_something_is_absent(status: int, body: Any, not_found: bool) -> None:
    """An edge's 404 proves nothing; what is absent is forwarded, so a wrong proof could move money."""
    came = Json(status, body)
    assert came.not_found is not_found
    assert came.good is None or not not_found


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b"[" * 100_000, b"[]", b'"x"', b"null"]
)
def test_what_is_not_a_json_object_is_neither_good_nor_absent(body: bytes) -> None:
    """And it raises nothing."""
    for status in (200, 404):
        came, _ = get(answer(status, body))
        assert isinstance(came, Json)
        assert (came.good, came.not_found) == (None, False)
        assert came.trouble.startswith(f"HTTP {status}")


def test_success_false_is_not_good() -> None:
    """Older Zuora versions refuse with a 200."""
    assert Json(200, {"success": False, "id": "x"}).good is None
    assert Json(200, {"success": "yes", "id": "x"}).good is None
    assert Json(201, {"success": True}).good is None
    assert Json(200, json.loads('{"id": "x"}')).good == {"id": "x"}


@pytest.mark.parametrize("key", ["", ".", "..", "...", "x" * 256, "\ud800"])
def test_keys_that_could_alter_a_path_are_refused(key: str) -> None:
    """Dots cannot be hidden by encoding them (RFC 3986, 6.2.2.2)."""
    with pytest.raises(UnusableKey):
        segment(key)


@pytest.mark.parametrize(
    "key", ["a/b", "../x", "a?b=c", "a#b", "a%2fb", "a b", "é", "a;b", "a\\b", "a\r\nb", "x" * 255]
)
def test_a_key_stays_one_segment(key: str) -> None:
    """It arrives as it was, inside one segment."""
    _, (request,) = get(as_json(200, {}), path=f"/v1/invoices/{segment(key)}")
    assert request.path == f"/v1/invoices/{key}"
    assert request.target.count("/") == 3
    assert "?" not in request.target


@pytest.mark.parametrize(
    ("scope", "user"),
    [
        (f"user.{'A' * 32} entity.1a2b7a37-3e7d-4cb3-b0e2-883de9e766cc service.echo.read tenant.19", "a" * 32),
        ("entity.1a2b7a37-3e7d-4cb3-b0e2-883de9e766cc tenant.19", None),
        (f"user.{'a' * 32} user.{'b' * 32}", None),
        ("user.not-an-id", None),
        (None, None),
        (5, None),
    ],
)
def test_a_tokens_scope_names_its_user(scope: object, user: str | None) -> None:
    """Zuora API Reference, "Create an OAuth token"; where it does not, nobody is guessed."""

    async def go() -> str | None:
        script = Tenant(as_json(200, {}), token=as_json(200, {"access_token": "t", "expires_in": 3599, "scope": scope}))
        async with serving(script) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            assert oauth.user_id is None
            await oauth.token()
            return oauth.user_id

    assert asyncio.run(go()) == user
