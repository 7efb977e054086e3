"""Reads the two shipped collections as their programs do: variables put in, each request sent, each answer judged.

Knows the few script lines and assertions that the collections use and takes no others, so that nothing in a file goes
unchecked. Must not know the calls themselves: what is sent is what stands in the files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness import Answer
from lxml import etree

CON = "{http://eviware.com/soapui/config}"
HEADERS = "com.eviware.soapui.impl.wsdl.WsdlRequest@request-headers"


@dataclass(frozen=True)
class Request:
    """One request of a file, ready to be sent. ``check`` judges its answer and keeps what later ones need."""

    name: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    check: Callable[[Answer], None]


# ------------------------------------------------------------------ Postman

_STATUS = re.compile(r"pm\.test\('status', \(\) => pm\.response\.to\.have\.status\((\d+)\)\);")
_MATCH = re.compile(r"pm\.test\('body', \(\) => pm\.expect\(pm\.response\.text\(\)\)\.to\.match\(/(.*)/\)\);")
_SAME = re.compile(
    r"pm\.test\('body', \(\) => pm\.expect\(pm\.response\.text\(\)\)\.to"
    r"\.include\(pm\.collectionVariables\.get\('(\w+)'\)\)\);"
)
_HEADER = re.compile(
    r"pm\.test\('([\w-]+)', \(\) => pm\.expect\(pm\.response\.headers\.get\('\1'\)\)\.to\.eql\('(.*)'\)\);"
)
_KEEP = re.compile(r"pm\.collectionVariables\.set\('(\w+)', pm\.response\.text\(\)\.match\(/(.*)/\)\[1\]\);")


def of_postman(text: str, given: Mapping[str, str]) -> Iterator[Request]:
    """The requests in their order; each is made when the one before has been checked."""
    collection = json.loads(text)
    values = {each["key"]: each["value"] for each in collection["variable"]}
    assert set(given) <= set(values)
    values.update(given)
    for folder in collection["item"]:
        for item in folder["item"]:
            asked = item["request"]
            (event,) = item["event"]
            yield Request(
                item["name"],
                asked["method"],
                _filled(asked["url"]["raw"], values),
                tuple((each["key"], _filled(each["value"], values)) for each in asked["header"]),
                _filled(asked.get("body", {}).get("raw", ""), values),
                _script(item["name"], event["script"]["exec"], values),
            )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)


def _script(name: str, lines: list[str], values: dict[str, str]) -> Callable[[Answer], None]:
    def check(answer: Answer) -> None:
        text = answer.body.decode()
        for line in lines:
            if found := _STATUS.fullmatch(line):
                assert answer.status == int(found[1]), f"{name}: {answer.status} {text}"
            elif found := _MATCH.fullmatch(line):
                assert re.search(found[1], text), f"{name}: {found[1]} is not in {text}"
            elif found := _SAME.fullmatch(line):
                assert values[found[1]], f"{name}: {found[1]} is empty"
                assert values[found[1]] in text, f"{name}: {found[1]} is not in {text}"
            elif found := _HEADER.fullmatch(line):
                assert answer.header(found[1]) == found[2], f"{name}: {found[1]}"
            elif found := _KEEP.fullmatch(line):
                kept = re.search(found[2], text)
                assert kept is not None, f"{name}: nothing to keep as {found[1]}"
                values[found[1]] = kept[1]
            else:
                raise AssertionError(f"{name}: a line that nothing here understands: {line}")

    return check


# ------------------------------------------------------------------ SoapUI


def of_soapui(text: str, given: Mapping[str, str]) -> Iterator[Request]:
    """The steps of the test suite in their order; property transfers are carried out between them."""
    root = etree.fromstring(text.encode())
    values = {each.findtext(f"{CON}name", ""): each.findtext(f"{CON}value", "") for each in root.iter(f"{CON}property")}
    assert set(given) <= set(values)
    values.update(given)
    answers: dict[str, Answer] = {}
    for step in root.iter(f"{CON}testStep"):
        name, kind, config = step.get("name", ""), step.get("type"), step.find(f"{CON}config")
        assert config is not None
        if kind == "transfer":
            _transferred(config, answers, values)
            continue
        assert kind in ("request", "httprequest")
        inside = config.find(f"{CON}request") if kind == "request" else config
        assert inside is not None
        # A request step of an interface has SOAP's own headers; the others have those that are set.
        headers = {"Content-Type": "text/xml;charset=UTF-8", "SOAPAction": '""'} if kind == "request" else {}
        yield Request(
            name,
            "POST" if kind == "request" else config.get("method", ""),
            _expanded(inside.findtext(f"{CON}endpoint", ""), values),
            (*headers.items(), *((key, _expanded(value, values)) for key, value in _set_headers(inside))),
            _expanded(inside.findtext(f"{CON}request", ""), values),
            _asserted(name, inside, values, answers),
        )


def _expanded(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{#Project#(\w+)\}", lambda found: values[found[1]], text)


def _set_headers(inside: Any) -> Iterator[tuple[str, str]]:
    for setting in inside.iterfind(f"{CON}settings/{CON}setting"):
        assert setting.get("id") == HEADERS
        for entry in etree.fromstring(setting.text):
            yield entry.get("key"), entry.get("value")


def _asserted(name: str, inside: Any, values: dict[str, str], answers: dict[str, Answer]) -> Callable[[Answer], None]:
    def check(answer: Answer) -> None:
        answers[name] = answer
        text = answer.body.decode()
        for each in inside.iterfind(f"{CON}assertion"):
            configuration = each.find(f"{CON}configuration")
            if each.get("type") == "Valid HTTP Status Codes":
                assert str(answer.status) in configuration.findtext(f"{CON}codes").split(","), f"{name}: {text}"
                continue
            assert each.get("type") == "Simple Contains"
            token = _expanded(configuration.findtext(f"{CON}token"), values)
            assert token, f"{name}: nothing to look for"
            pattern = token if configuration.findtext(f"{CON}useRegEx") == "true" else re.escape(token)
            assert re.search(pattern, text), f"{name}: {token} is not in {text}"

    return check


def _transferred(config: Any, answers: Mapping[str, Answer], values: dict[str, str]) -> None:
    for each in config.iterfind(f"{CON}transfers"):
        told = {etree.QName(child).localname: child.text for child in each}
        assert (told["sourceType"], told["targetStep"]) == ("Response", "#Project#")
        answer, path = answers[told["sourceStep"]], told["sourcePath"]
        if told["type"] == "XPATH":
            declared = dict(re.findall(r"declare namespace (\w+)='([^']+)';", path))
            found = answer.xml.xpath(path.rpartition("; ")[2], namespaces=declared)
            values[told["targetType"]] = found[0].text
        else:
            assert (told["type"], path[:2]) == ("JSONPATH", "$.")
            values[told["targetType"]] = json.loads(answer.body)[path[2:]]
