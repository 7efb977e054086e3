"""Checks requests against the official Python SDK: its operations, parameters and models are Zuora's own description.

Run by the Python of an environment that has ``zuora-sdk`` and nothing of the bridge. Standard input is JSON lines
``{"method", "path", "headers"?, "body"?}``; the path has its query, the body is the text that was sent. Prints a line
for each violation, beginning with the number of its request (from 0), and ends with 1 if there was any.

The SDK's classes do not validate themselves: their constructors take everything. So their annotations are walked here.
They hold money as float, therefore a number is only checked to be one, and no value ever leaves this program.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import zuora_sdk
import zuora_sdk.models as models
from pydantic import BaseModel, TypeAdapter, ValidationError

CUSTOM = ("__c", "__NS")
"""Fields that a tenant adds; the SDK lets them have any value."""

OPEN: Mapping[type[BaseModel], type | None] = {
    # A map from parameter names to texts, of which the model shows one entry.
    models.GatewayOptions: str,
    # Any field of any SOAP object.
    models.ZObjectUpdate: None,
}

ENUMS: Mapping[str, type] = {
    # Fields that the SDK has as text, with the values listed in a class of their own.
    "type": models.PaymentType,
    "methodType": models.PaymentMethodType,
    "transferredToAccounting": models.PaymentFinanceInformationTransferredToAccounting,
}
ENUMS_OF = re.compile(r"(Create|Update)(Payment|Refund)|RefundCreditMemo|FinanceInformation")

IN_WORDS = "`yyyy-mm-dd` format"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
TRACK_ID = re.compile(r"[^:;\"'\x00-\x1f\x7f-\U0010ffff]{1,64}\Z")

SERIALIZER = re.compile(
    r"    def _(\w+)_serialize\(\n(.*?)            method='([A-Z]+)',\n            resource_path='([^']+)',", re.DOTALL
)
HEADER = re.compile(r"_header_params\['([^']+)'\] = (\w+)$", re.MULTILINE)
BODY = re.compile(r"_body_params = (?!None)(\w+)$", re.MULTILINE)
QUERY = re.compile(r"_query_params\.append\(\('([^']+)', (\w+)\)\)")

OURS = (
    *("accept", "authorization", "connection", "content-length", "content-type", "host", "user-agent"),
    *("traceparent", "tracestate"),
)
"""Headers of HTTP itself and of the W3C's trace context, in lower case."""

Found = Iterator[str]


@dataclass(frozen=True)
class Operation:
    """One call of the SDK: how its path looks, and the annotation of each of its parameters."""

    method: str
    path: re.Pattern[str]
    fixed: int
    headers: Mapping[str, inspect.Parameter]
    query: Mapping[str, inspect.Parameter]
    body: inspect.Parameter | None


def operations() -> Iterator[Operation]:
    """Every operation of the SDK, read from its own source."""
    folder = Path(inspect.getfile(zuora_sdk)).parent / "api"
    for file in sorted(folder.glob("*_api.py")):
        for name, body, method, path in SERIALIZER.findall(file.read_text(encoding="utf-8")):
            yield _operation(file.stem, name, body, method, path)


def _operation(module: str, name: str, source: str, method: str, path: str) -> Operation:
    owner = next(
        each
        for each in vars(sys.modules[f"zuora_sdk.api.{module}"]).values()
        if inspect.isclass(each) and each.__module__ == f"zuora_sdk.api.{module}"
    )
    parameters = inspect.signature(inspect.unwrap(getattr(owner, name))).parameters
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
    return Operation(
        method,
        re.compile(pattern + r"\Z"),
        -path.count("{"),
        {header.lower(): parameters[each] for header, each in HEADER.findall(source) if each in parameters},
        {key: parameters[each] for key, each in QUERY.findall(source)},
        next((parameters[each] for each in BODY.findall(source)), None),
    )


# ------------------------------------------------------------------ one request


class Checker:
    """Knows the SDK; reading it takes some seconds."""

    def __init__(self) -> None:
        self._operations = list(operations())

    def violations(self, request: Mapping[str, typing.Any]) -> Found:
        """What is wrong with one request."""
        path, _, query = request["path"].partition("?")
        fitting = [
            each for each in self._operations if each.method == request["method"] and each.path.match(unquote(path))
        ]
        if not fitting:
            yield "the SDK has no such operation"
            return
        operation = max(fitting, key=lambda each: each.fixed)
        yield from _query(operation, parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        yield from _headers(operation, request.get("headers") or {})
        yield from _body(operation, request.get("body") or "")


def _query(operation: Operation, given: Sequence[tuple[str, str]]) -> Found:
    for name in dict.fromkeys(name for name, _ in given):
        parameter = operation.query.get(name)
        values = [value for each, value in given if each == name]
        if parameter is None:
            yield f"?{name}: no such parameter"
        elif _model(parameter.annotation)[0] is list:
            yield from _leaf(parameter.annotation, values, f"?{name}")
        elif len(values) > 1:
            yield f"?{name}: given {len(values)} times"
        else:
            yield from _leaf(parameter.annotation, _read(values[0]), f"?{name}")
    for name, parameter in operation.query.items():
        if parameter.default is inspect.Parameter.empty and name not in dict(given):
            yield f"?{name}: required"


def _read(text: str) -> object:
    """A parameter is text; what looks like a number or a boolean is one where the SDK asks for it."""
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def _headers(operation: Operation, given: Mapping[str, str]) -> Found:
    for name, value in given.items():
        lower = name.lower()
        parameter = operation.headers.get(lower)
        if parameter is None and lower not in OURS:
            yield f"{name}: no such header"
        elif parameter is not None:
            yield from _leaf(parameter.annotation, value, name)
        if lower == "zuora-track-id" and not TRACK_ID.match(value):
            yield f"{name}: a character that is not allowed"
        if lower == "idempotency-key" and operation.method not in ("POST", "PATCH"):
            yield f"{name}: for POST and PATCH only"


def _body(operation: Operation, text: str) -> Found:
    if operation.body is None:
        if text:
            yield "the operation has no body"
        return
    if not text:
        if operation.body.default is inspect.Parameter.empty:
            yield "the body is required"
        return
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ValueError as error:
        yield f"not JSON: {error}"
        return
    yield from _value(operation.body.annotation, value, "")


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len(made := dict(pairs)) != len(pairs):
        raise ValueError("a name is there twice")
    return made


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# ------------------------------------------------------------------ one value


def _value(annotation: object, value: object, where: str) -> Found:
    shape, inner = _model(annotation)
    if inner is None:
        yield from _leaf(annotation, value, where)
    elif value is None:
        if type(None) not in typing.get_args(annotation):
            yield f"{where}: null"
    elif shape is list:
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        yield from _leaf(_bare(annotation), value, where)
        for place, each in enumerate(value):
            yield from _object(inner, each, f"{where}[{place}]")
    else:
        yield from _object(inner, value, where)


def _object(model: type[BaseModel], value: object, where: str) -> Found:
    if not isinstance(value, dict):
        yield f"{where or model.__name__}: not an object"
        return
    fields = {each.alias or name: each for name, each in model.model_fields.items() if name != "additional_properties"}
    for name, each in fields.items():
        if each.is_required() and name not in value:
            yield f"{where}.{name}: required"
    for name, each in value.items():
        here = f"{where}.{name}"
        field = fields.get(name)
        if field is None:
            yield from _unknown(model, name, each, here)
            continue
        annotation = typing.Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        yield from _value(annotation, each, here)
        yield from _listed(model, name, each, here)
        if each is not None and IN_WORDS in (field.description or "") and not _is_day(each):
            yield f"{here}: not a date as yyyy-mm-dd"


def _unknown(model: type[BaseModel], name: str, value: object, here: str) -> Found:
    if name.endswith(CUSTOM):
        if isinstance(value, dict | list):
            yield f"{here}: a custom field is one value"
    elif model not in OPEN:
        yield f"{here}: no such field"
    elif (kind := OPEN[model]) is not None and not isinstance(value, kind):
        yield f"{here}: not a {kind.__name__}"


def _listed(model: type[BaseModel], name: str, value: object, here: str) -> Found:
    """Values that the SDK lists: by a validator of the model, or by a class that its text fields do not name."""
    for decorator in model.__pydantic_decorators__.field_validators.values():
        if name in (model.model_fields[each].alias or each for each in decorator.info.fields):
            try:
                decorator.func(value)
            except ValueError as error:
                yield f"{here}: {error}"
    enum = ENUMS.get(name) if ENUMS_OF.search(model.__name__) else None
    if enum is not None and value not in [each.value for each in enum]:
        yield f"{here}: not one of {', '.join(each.value for each in enum)}"


def _is_day(value: object) -> bool:
    if not isinstance(value, str) or not DAY.match(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _leaf(annotation: object, value: object, where: str) -> Found:
    try:
        # As JSON, where a text is a date but never a number.
        _adapter(annotation).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            if each["type"] in ("float_type", "int_type"):
                # The SDK says "float or int", so both are said to be missing.
                yield f"{where}: not a number"
                return
            yield f"{where}: {each['msg']}"


_adapters: dict[str, TypeAdapter[typing.Any]] = {}


def _adapter(annotation: object) -> TypeAdapter[typing.Any]:
    # Not every annotation can be hashed, and its text says all of it.
    return _adapters.setdefault(repr(annotation), TypeAdapter(annotation))


def _model(annotation: object) -> tuple[type | None, type[BaseModel] | None]:
    """Whether the annotation is a list, and the SDK's model in it; both None where there is none."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _model(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        found = [_model(each) for each in typing.get_args(annotation) if each is not type(None)]
        return next((each for each in found if each != (None, None)), (None, None))
    if origin is list:
        return list, _model(typing.get_args(annotation)[0])[1]
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return None, annotation
    return None, None


def _bare(annotation: object) -> object:
    """The same list of anything: how long it may be, without what is in it."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *limits = typing.get_args(annotation)
        return typing.Annotated[(_bare(inner), *limits)]
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(_either, [_bare(each) for each in typing.get_args(annotation)])
    return list[typing.Any] if origin is list else annotation


def _either(one: object, other: object) -> object:
    return typing.Union[one, other]  # noqa: UP007


def main(lines: Iterator[str], say: Callable[[str], None]) -> int:
    """Check every line; how the program ends."""
    checker = Checker()
    wrong = False
    for number, line in enumerate(lines):
        request = json.loads(line)
        for each in checker.violations(request):
            wrong = True
            say(f"{number} {request['method']} {request['path']} {each}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(iter(sys.stdin), print))
