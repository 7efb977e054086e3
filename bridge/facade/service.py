"""Spyne's part: the journaled operations as a Spyne application over the contract's models.

Spyne routes an envelope to its operation, holds headers and faults and calls the service; reading and writing the
bytes are the contract room's (stock Spyne writes another shape: SOAP-level exactness is the product). The guard has
parsed the envelope already, so it is never parsed twice. Must not hold a rule about payments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from bridge.contract.compat import Application, Fault, Service, Soap11, spyne
from bridge.contract.contract import Contract
from bridge.contract.decode import Decoder, single_transaction
from bridge.contract.errors import DecodeError
from bridge.contract.models import Models, build
from bridge.contract.versions import NOTHING
from bridge.contract.wire import Renderer, Style, server_fault
from bridge.core.model import Call, CallFault, Op, Reply, Rows, Version, ZObject
from bridge.telemetry.stages import stage

JOURNALED = (Op.CREATE, Op.UPDATE, Op.DELETE)

Handle = Callable[[Call], Awaitable[Reply]]
"""What is done with a decoded call."""


@dataclass(slots=True)
class Exchange:
    """One call on its way through Spyne: what came, what is to be done with it, how it is answered.

    ``call`` is what came, once it was read.
    """

    payload: etree._Element
    header: etree._Element | None
    style: Style
    type: str
    handle: Handle
    call: Call | None = None


def call_of(
    decoder: Decoder, payload: etree._Element, header: etree._Element | None, kind: str, version: Version
) -> Call:
    """The call in a body's first child, which the door has seen to write objects of ``kind``; raises DecodeError."""
    op = Op(etree.QName(payload).localname)
    if op is Op.DELETE:
        deletion = decoder.deletion(payload)
        objects = tuple(ZObject(deletion.type, {"Id": each}) for each in deletion.ids)
        return Call(op, version, deletion.type, objects)
    # CallOptions is a header of create alone (Zuora: SOAP API WSDL).
    single = op is Op.CREATE and single_transaction(header)
    return Call(op, version, kind, decoder.objects(payload, version), single)


class ServerFault(Fault):  # type: ignore[misc]
    """An infrastructure fault: ``soapenv:Server``, as Axis2 answers what it cannot read."""


class ZuoraFault(Fault):  # type: ignore[misc]
    """A fault of Zuora's own shape."""

    def __init__(self, fault: CallFault) -> None:
        super().__init__(f"fns.{fault.code}", fault.message)
        self.fault = fault


class ZuoraSoap11(Soap11):  # type: ignore[misc]
    """Soap11 with the contract's reading and writing in place of Spyne's."""

    def __init__(self, decoder: Decoder, renderer: Renderer, api: str) -> None:
        super().__init__()
        self._decoder = decoder
        self._renderer = renderer
        self._api = api

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002
        """The guard's tree is the document."""
        ctx.in_document = ctx.udc.payload

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002
        """The guard found header and body; the operation is known by its local name in any namespace."""
        exchange: Exchange = ctx.udc
        ctx.in_header_doc = exchange.header
        ctx.in_body_doc = exchange.payload
        ctx.method_request_string = f"{{{self._api}}}{etree.QName(exchange.payload).localname}"

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        """The body as a Call."""
        try:
            exchange: Exchange = ctx.udc
            exchange.call = ctx.in_object = call_of(
                self._decoder, exchange.payload, exchange.header, exchange.type, exchange.style.version
            )
        except DecodeError as error:
            raise ServerFault("soapenv.Server", str(error)) from None

    def serialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        """Rows or a fault as bytes."""
        exchange: Exchange = ctx.udc
        operation = etree.QName(exchange.payload).localname
        if ctx.out_error is None:
            assert exchange.call is not None
            ids = [obj.get("Id") or "" for obj in exchange.call.objects] if exchange.call.op is Op.DELETE else None
            ctx.out_document = self._renderer.rows(operation, ctx.out_object[0].outcomes, exchange.style, ids)
        elif isinstance(ctx.out_error, ZuoraFault):
            ctx.out_document = self._renderer.fault(ctx.out_error.fault, operation, exchange.style)
        else:
            ctx.out_document = server_fault(str(ctx.out_error.faultstring), exchange.style)

    def create_out_string(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002
        """The bytes are made already."""
        ctx.out_string = [ctx.out_document]


class _Context(spyne.MethodContext):  # type: ignore[misc]
    """Spyne's context without the check of every attribute that is set on it, 56 times per call."""

    __setattr__ = object.__setattr__


class _Server(spyne.server.ServerBase):  # type: ignore[misc]
    transport = "bridge"


class Facade:
    """The Spyne application of one contract."""

    def __init__(self, contract: Contract, since: Mapping[str, Version | None] = NOTHING) -> None:
        models = build(contract)
        self.renderer = Renderer(contract, since)
        self.decoder = Decoder(contract)
        # Spyne wants an instance per direction.
        reads, writes = (ZuoraSoap11(self.decoder, self.renderer, contract.namespace) for _ in range(2))
        members = {op.value: _method(op, models) for op in JOURNALED}
        service = type("Soap", (Service,), members)
        application = Application(
            [service], tns=contract.namespace, name="ZuoraService", in_protocol=reads, out_protocol=writes
        )
        self._server = _Server(application)

    async def answer(self, exchange: Exchange) -> tuple[bytes | None, Reply | None]:
        """The bytes to answer with (None: silence) and the reply they say (None for a fault of reading)."""
        context = _Context(self._server, spyne.MethodContext.SERVER)
        context.udc = exchange
        (context,) = self._server.generate_contexts(context)
        if context.in_error is None:
            with stage("decode"):
                self._server.get_in_object(context)
        reply: Reply | None = None
        if context.in_error is None:
            self._server.get_out_object(context)
            if context.out_error is None:
                reply = await context.out_object[0]
                if isinstance(reply, CallFault):
                    context.out_error = ZuoraFault(reply)
                elif isinstance(reply, Rows):
                    context.out_object = [reply]
                else:
                    return None, reply
        with stage("render"):
            self._server.get_out_string(context)
        return b"".join(context.out_string), reply


def _method(op: Op, models: Models) -> Any:
    def method(ctx: Any, call: Call) -> Awaitable[Reply]:
        return ctx.udc.handle(call)  # type: ignore[no-any-return]

    method.__name__ = op.value
    return models.operations[op.value].expose(method)
