"""The JSON doors: Actions and CRUD. Receive, look; then pass the same bytes on, or decode, prove, run and answer.

A write of Payment or Refund becomes the same Call as one by SOAP and is conducted the same way, under the caller's own
credential. Receiving is bounded in time and size before anything is parsed. Must not decide about payments, and must
not answer with a trace, a path or another caller's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from bridge.contract.decode_json import Decoded, JsonDecoder
from bridge.contract.errors import DecodeError, Problem
from bridge.core.identity import harvested
from bridge.core.model import Call, Caller, CallFault, Op, Outcome, Reply, Rows, Silence, Told, Version, ZObject
from bridge.core.plan import check
from bridge.facade.calls import Calls, visit_of
from bridge.facade.json_doors import QUERIES, Asked, Way, by_body, by_path, rejects_unknown
from bridge.facade.json_guard import Body, Refused, Value, charset, coding, media_type, parse
from bridge.facade.json_queries import JsonQueries
from bridge.facade.json_tenancy import ENTITIES, UNAUTHENTICATED, Proof, Tenancy, Unproved
from bridge.facade.json_wire import Door, JsonRenderer, Written, message
from bridge.facade.message_ids import message_ids
from bridge.facade.passing import Passed, Passing, came_back
from bridge.facade.paths import Door as PathDoor
from bridge.facade.paths import Found
from bridge.facade.receiving import Receiving
from bridge.facade.responses import FAILED, RECEIVE_SECONDS, as_sent, relay, retry, told
from bridge.facade.shadowing import Shadowing
from bridge.facade.usage import UsageCounter
from bridge.parity.tap import Tap
from bridge.telemetry.call import current
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.stages import stage
from bridge.upstream.credential import Credential, of_json

log = get_logger("facade")

DEFAULT_VERSION: Final = Version(79)
"""Zuora: Actions: the WSDL version of a request without X-Zuora-WSDL-Version."""

VERSION_HEADER: Final = "X-Zuora-WSDL-Version"
TRACK_ID: Final = "Zuora-Track-Id"

UNRECOGNISED: Final = "Error - unrecognised fields"
"""Zuora: Actions: rejectUnknownFields."""

_CODES: Final = {Problem.UNKNOWN_TYPE: "INVALID_TYPE", Problem.MISSING_ELEMENT: "MISSING_REQUIRED_VALUE"}


@dataclass(frozen=True, slots=True)
class Came:
    """A write as far as it was read: ``given`` is what its body means."""

    request: web.BaseRequest
    asked: Asked
    given: Value
    version: Version


class JsonDoor:
    """Answers requests for Actions and CRUD; shared by all connections."""

    def __init__(
        self,
        *,
        decoder: JsonDecoder,
        renderer: JsonRenderer,
        tenancy: Tenancy,
        calls: Calls,
        passing: Passing,
        queries: JsonQueries,
        receiving: Receiving,
        used: UsageCounter | None = None,
        tap: Tap | None = None,
        shadowing: Shadowing | None = None,
    ) -> None:
        self._used = used
        self._decoder = decoder
        self._renderer = renderer
        self._tenancy = tenancy
        self._calls = calls
        self._passing = passing
        self._queries = queries
        self._tap = tap
        self._shadowing = shadowing
        self._receiving = receiving

    async def __call__(self, request: web.BaseRequest, found: Found) -> web.StreamResponse:
        """Answer one request. Nothing but cancellation and a lost connection leave as an exception."""
        door = Door.ACTION if found.door is PathDoor.ACTION else Door.CRUD
        try:
            return await self._serve(request, found, door)
        except TimeoutError:
            text = f"The request did not arrive within {RECEIVE_SECONDS:.0f} seconds; nothing was sent."
            response = self._fault(request, door, CallFault("INVALID_VALUE", text), 408)
            response.force_close()
            return response
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("request failed")
            current().broke()
            return self._answer(request, Written(500, message(FAILED)))

    async def _serve(self, request: web.BaseRequest, found: Found, door: Door) -> web.StreamResponse:
        path = unquote(request.rel_url.raw_path).rstrip("/")
        asked = by_path(door, request.method, path, found.rest, (name for name, _ in as_sent(request)))
        received = await self._receive(request, asked)
        if isinstance(received, Refused):
            METRICS.refusals.add(reason=received.reason)
            current().reason = received.reason
            response = self._fault(request, door, CallFault("INVALID_VALUE", received.text), received.status)
            if received.status == 413:
                response.force_close()
            return response
        raw, given = received
        answered = await self._received(request, found, asked, raw, given)
        if self._tap is not None and asked.way in (Way.LOOK, Way.JOURNAL, Way.QUERY):
            body = getattr(answered, "body", None)
            self._tap.take(request.path_qs, request.headers, raw, body, request.method)
        return answered

    async def _received(
        self, request: web.BaseRequest, found: Found, asked: Asked, raw: bytes, given: Value
    ) -> web.StreamResponse:
        door, path = asked.door, unquote(request.rel_url.raw_path).rstrip("/")
        if asked.way is Way.LOOK:
            asked = by_body(request.method, path, found.rest, given)
        if asked.way is Way.REFUSE:
            return self._fault(request, door, CallFault(asked.code, asked.why), asked.status, asked.allowed)
        version = _version(request)
        if asked.way is Way.QUERY:
            current().asks("query" if found.rest != "querymore" else "queryMore", asked.type, version)
            written = await self._query(request, asked, given, version or DEFAULT_VERSION, found.rest)
            self._count(asked, given, version, "action" if written is None else "rest")
            if written is None:
                return await self._pass_query(request, asked, given, raw, version or DEFAULT_VERSION, found.rest)
            current().came_to("rest", "page" if written.status == 200 else "fault")
            return self._answer(request, written, {"Bridge-Route": "rest"} if written.status == 200 else None)
        if asked.way is Way.PASS:
            return await self._pass(request, found, asked, raw)
        current().asks(asked.op.value if asked.op is not None else "", asked.type, version)
        if version is None:
            fault = CallFault("INVALID_VERSION", f"{VERSION_HEADER} is no WSDL version; nothing was sent.")
            return self._fault(request, door, fault)
        return await self._journaled(Came(request, asked, given, version))

    # ------------------------------------------------------------------ receiving

    async def _receive(self, request: web.BaseRequest, asked: Asked) -> tuple[bytes, Value] | Refused:
        """The body as it came and, where it must be looked at, what it means."""
        looks = asked.way in (Way.LOOK, Way.JOURNAL)
        compressed = coding(request.headers) if looks else False
        if isinstance(compressed, Refused):
            return compressed
        body = Body(gzip=compressed)
        refused = await self._receiving.body(request, body)
        closed = body.close() if refused is None else refused
        if isinstance(closed, Refused):
            return closed
        raw, inflated = closed
        if asked.way is Way.QUERY and asked.door is Door.ACTION and "Content-Encoding" not in request.headers:
            given = await self._receiving.parsed(inflated, lambda: parse(inflated))
            # What the bridge cannot read of a query it leaves to Zuora.
            return raw, None if isinstance(given, Refused) else given
        if not looks or asked.op is Op.DELETE:
            return raw, None
        labelled = charset(request.headers)
        if labelled is None and asked.way is Way.JOURNAL:
            labelled = media_type(request.headers)
        if labelled is not None:
            return labelled
        given = await self._receiving.parsed(inflated, lambda: parse(inflated))
        return given if isinstance(given, Refused) else (raw, given)

    # ------------------------------------------------------------------ what goes to Zuora unchanged

    async def _pass(self, request: web.BaseRequest, found: Found, asked: Asked, raw: bytes) -> web.StreamResponse:
        reads = request.method in ("GET", "HEAD", "OPTIONS")
        operation = found.rest.partition("/")[0] if asked.door is Door.ACTION else "read" if reads else "write"
        current().asks(operation, asked.type, _version(request))
        passed = await self._passing.rest(request.method, request.raw_path, as_sent(request), raw)
        current().came_to("pass", came_back(passed, changes=not reads and operation not in QUERIES))
        return relay(passed)

    def _count(self, asked: Asked, given: Value, version: Version | None, route: str) -> None:
        """Count a query; whose it is, nobody has asked Zuora."""
        if self._used is None:
            return
        text = given.get("queryString") if isinstance(given, dict) else None
        if isinstance(text, str):
            self._used.query(text, None, version, route)
        elif asked.door is Door.CRUD:
            self._used.passed("crud get", asked.type, None, version)

    async def _pass_query(
        self, request: web.BaseRequest, asked: Asked, given: Value, raw: bytes, version: Version, rest: str
    ) -> web.StreamResponse:
        """To Zuora, and a copy of its answer to the shadow."""
        method, path, headers = request.method, request.raw_path, as_sent(request)

        async def send() -> Passed:
            return await self._passing.rest(method, path, headers, raw)

        passed = await send()
        current().came_to("pass", came_back(passed))
        if self._shadowing is not None and rest != "querymore":
            credential, entities = of_json(headers), request.headers.getall(ENTITIES, ())
            if asked.door is Door.CRUD:
                fields = request.rel_url.query.get("fields")
                read = self._queries.read_of_crud(asked.type, asked.zuora_id, fields, version, credential, entities)
            else:
                read = self._queries.read_of_action(given, version, credential, entities)
            if read is not None:
                self._shadowing.json(read, self._queries, passed, len(raw), send)
        return relay(passed)

    async def _query(
        self, request: web.BaseRequest, asked: Asked, given: Value, version: Version, rest: str
    ) -> Written | None:
        credential, entities = of_json(as_sent(request)), request.headers.getall(ENTITIES, ())
        if asked.door is Door.CRUD:
            fields = request.rel_url.query.get("fields")
            return await self._queries.crud(asked.type, asked.zuora_id, fields, version, credential, entities)
        return await self._queries.action(given, version, credential, entities, more=rest == "querymore")

    # ------------------------------------------------------------------ what the bridge answers

    async def _journaled(self, came: Came) -> web.StreamResponse:
        request, asked, version = came.request, came.asked, came.version
        if asked.door is Door.ACTION and (labelled := media_type(request.headers)) is not None:
            return self._fault(request, asked.door, CallFault("INVALID_VALUE", labelled.text), labelled.status)
        unready = self._calls.unready()
        if unready is not None:
            return self._fault(request, asked.door, unready)
        credential = of_json(as_sent(request))
        if credential is None:
            return self._fault(request, asked.door, UNAUTHENTICATED)
        caller = self._tenancy.who(credential, request.headers.getall(ENTITIES, ()))
        if isinstance(caller, CallFault):
            return self._fault(request, asked.door, caller)
        try:
            with stage("decode"):
                decoded = self._decode(came)
        except DecodeError as error:
            code = _CODES.get(error.problem, "INVALID_VALUE")
            return self._fault(request, asked.door, CallFault(code, f"{error}. Nothing was sent."))
        if decoded.unknown and rejects_unknown(request.rel_url.query):
            return self._answer(request, Written(400, message(UNRECOGNISED)))
        assert asked.op is not None
        call = Call(asked.op, version, asked.type, decoded.objects, crud=asked.door is Door.CRUD)
        call = harvested(call, message_ids(as_sent(request), request.query_string))
        current().by(caller)
        reply = await self._run(request, call, _patient(caller, asked.door), credential)
        current().replied(reply)
        with stage("render"):
            written = self._renderer.reply(asked.door, call, reply)
        if written.status == 401:
            self._tenancy.forget(credential)
        if isinstance(reply, CallFault):
            return self._answer(request, written)
        response = self._answer(request, written, told(reply.outcomes))
        if isinstance(reply, Rows):
            await self._calls.deliver(request, response, reply.outcomes)
        return response

    def _decode(self, came: Came) -> Decoded:
        asked, given = came.asked, came.given
        if asked.door is Door.ACTION:
            assert isinstance(given, dict)
            if asked.op is not Op.DELETE:
                return _some(self._decoder.objects(asked.type, given.get("objects")), "objects")
            ids = self._decoder.ids(given.get("ids"))
            return _some(Decoded(tuple(ZObject(asked.type, {"Id": each}) for each in ids)), "ids")
        if asked.op is Op.DELETE:
            return Decoded((ZObject(asked.type, {"Id": asked.zuora_id}),))
        decoded = self._decoder.one(asked.type, given)
        if asked.op is Op.CREATE:
            return decoded
        (obj,) = decoded.objects
        if obj.word("Id") not in (None, asked.zuora_id):
            raise DecodeError(Problem.INVALID_VALUE, "Id", "The Id of the body is not that of the path")
        fields = {"Id": asked.zuora_id, **{name: text for name, text in obj.fields.items() if name != "Id"}}
        return replace(decoded, objects=(replace(obj, fields=fields),))

    async def _run(self, request: web.BaseRequest, call: Call, caller: Caller, credential: Credential) -> Reply:
        """Conduct what is proved to be this tenant's; the other objects are refused, in their places."""
        fault = check(call)
        if fault is not None:
            return fault
        visit = visit_of(request, caller)
        with stage("session"):
            proofs = await self._tenancy.prove(call, caller, credential)
        fault = next((each for each in proofs if isinstance(each, CallFault)), None)
        if fault is not None:
            return fault
        places = tuple(place for place, proof in enumerate(proofs) if proof is None)
        proved = tuple(call.objects[place] for place in places)
        if not proved:
            return Rows(_merged(proofs, ()))
        reply = await self._calls.run(replace(call, objects=proved, places=places), caller, visit, credential)
        if isinstance(reply, CallFault) or len(proved) == len(proofs):
            return reply
        outcomes = _merged(proofs, reply.outcomes)
        return Silence(outcomes) if isinstance(reply, Silence) else Rows(outcomes)

    def _fault(
        self, request: web.BaseRequest, door: Door, fault: CallFault, status: int | None = None, allowed: str = ""
    ) -> web.Response:
        """A fault of the whole call; a ``status`` given here wins over that of the code."""
        current().reason = fault.code
        written = self._renderer.fault(door, fault, _version(request) or DEFAULT_VERSION)
        more = {"Allow": allowed} if allowed else None
        return self._answer(request, written if status is None else replace(written, status=status), more)

    def _answer(
        self, request: web.BaseRequest, written: Written, more: Mapping[str, str] | None = None
    ) -> web.Response:
        headers = {"Server": "bridge", **retry(written.retry_after), **(more or {})}
        if written.body:
            headers["Content-Type"] = "application/json;charset=utf-8"
        track = request.headers.get(TRACK_ID, "")
        if track and track.isascii() and track.isprintable() and len(track) <= 64:
            headers[TRACK_ID] = current().track = track
        # RFC 9110, 15.5.14; Pythons before 3.13 still call it otherwise.
        reason = "Content Too Large" if written.status == 413 else None
        return web.Response(status=written.status, reason=reason, body=written.body, headers=headers)


def _version(request: web.BaseRequest) -> Version | None:
    """The caller's WSDL version; None where its header cannot be read, or says two things."""
    given = {value.strip() for value in request.headers.getall(VERSION_HEADER, ())}
    if not given:
        return DEFAULT_VERSION
    try:
        return Version.parse(given.pop()) if len(given) == 1 else None
    except ValueError:
        return None


def _patient(caller: Caller, door: Door) -> Caller:
    """CRUD has no row beside its status: a doubt told as 400 would deny what may have happened."""
    return replace(caller, in_doubt="504") if door is Door.CRUD and caller.in_doubt == "auto" else caller


def _some(decoded: Decoded, name: str) -> Decoded:
    if not decoded.objects:
        raise DecodeError(Problem.MISSING_ELEMENT, name, f"Missing required value: {name}")
    return decoded


def _merged(proofs: Sequence[Proof], outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """One outcome per object: those that were conducted, in their places among those that were not."""
    conducted = iter(outcomes)
    made = []
    for proof in proofs:
        if isinstance(proof, Unproved):
            made.append(Outcome(Told.UNSENT if proof.unsent else Told.REFUSED, errors=proof.errors))
        else:
            made.append(next(conducted))
    return tuple(made)
