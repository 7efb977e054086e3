"""The shipped collections: current, right by the WSDL, and every request of both gets the answer that it should."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import client_stacks
import collection_runs
import pytest
import write_collections
from collection_calls import SECRET, VARIABLES
from collection_runs import CON, Request
from harness import TODAY, World, post
from lxml import etree

from bridge.contract.files import own_wsdl

TOKEN = "collections-viewer-token"
XSD = "http://www.w3.org/2001/XMLSchema"
SOAP11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
READERS: Mapping[str, tuple[Path, Callable[[str, Mapping[str, str]], Iterator[Request]]]] = {
    "postman": (write_collections.POSTMAN, collection_runs.of_postman),
    "soapui": (write_collections.SOAPUI, collection_runs.of_soapui),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A tenant and a bridge whose admin API a viewer may ask."""
    users = {"viewer": {"role": "viewer", "token": TOKEN}}
    with World(tmp_path, admin={"listen": "127.0.0.1:0", "users": users}) as made:
        yield made


def filled(world: World) -> dict[str, str]:
    """What a user fills in, of the fixture."""
    names = {"accountId": "A", "paymentMethodId": "PMx", "invoiceId": "I1", "secondInvoiceId": "I2"}
    names |= {"debitMemoId": "D1", "creditMemoId": "C1", "paymentId": "P1"}
    given = {variable: world.names[name] for variable, name in names.items()}
    given |= {"bridgeUrl": world.url, "adminUrl": world.bridges[0].admin_url, "adminToken": TOKEN}
    return {**given, "username": "erp@example.com", "password": "demo", "today": TODAY}


def in_order(world: World) -> None:
    """What the books say when every call was made once, and the repeated one not twice."""
    books = world.ledger()
    assert books["violations"] == []
    open_now = {each["name"]: Decimal(each["balance"]) for each in (*books["invoices"], *books["debitMemos"])}
    memos = {each["name"]: Decimal(each["unappliedAmount"]) for each in books["creditMemos"]}
    paid = {"I1": Decimal(100 - 15 - 2), "I2": Decimal(0), "I4": Decimal(45)}
    paid["D1"] = 80 - Decimal("10") - 10 - 2 - Decimal("3.25") - Decimal("2.75")
    assert {name: open_now[name] for name in paid} == paid
    assert memos["C1"] == 0
    assert (len(world.payments()), len(world.refunds())) == (9, 2)


def test_the_files_are_as_the_calls_say() -> None:
    """Rewrite them with ``python tests/deploy/write_collections.py``."""
    for path, text in write_collections.written().items():
        assert path.read_text(encoding="utf-8") == text, path.name


@pytest.mark.parametrize("program", READERS)
def test_every_request_gets_the_answer_that_it_should(world: World, program: str) -> None:
    """Sent as the file says, with the session of its own login; the books hold each act once."""
    path, read = READERS[program]
    sent = 0
    for request in read(path.read_text(encoding="utf-8"), filled(world)):
        headers = request.headers
        request.check(post(request.url, request.body.encode(), headers, method=request.method))
        sent += 1
    assert sent == sum(len(folder["item"]) for folder in collection()["item"])
    in_order(world)


@pytest.mark.parametrize("program", READERS)
def test_every_soap_body_is_right_by_the_wsdl(tmp_path: Path, program: str) -> None:
    """Header and Body by the schemas of our own file, with ids in place of the variables."""
    schema = schemas(tmp_path)
    path, _ = READERS[program]
    bodies = [body for body in bodies_of(path.read_text(encoding="utf-8"), program) if "Envelope" in body]
    assert len(bodies) >= 10
    for body in bodies:
        # One is explained and not sent: there the envelope is a text inside JSON.
        envelope = etree.fromstring((json.loads(body)["soap"] if body.startswith("{") else body).encode())
        parts = [part for place in ("Header", "Body") for part in envelope.iterfind(f"{SOAP11}{place}/*")]
        assert parts
        for part in parts:
            schema.assertValid(part)


def test_the_schemas_refuse_what_the_wsdl_does_not_know(tmp_path: Path) -> None:
    """The check above can fail."""
    schema = schemas(tmp_path)
    head = '<ns1:create xmlns:ns1="http://api.zuora.com/" xmlns:ns2="http://object.api.zuora.com/" '
    head += 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><ns1:zObjects xsi:type="ns2:Payment">'
    ends = "</ns1:zObjects></ns1:create>"
    assert schema.validate(etree.fromstring(f"{head}<ns2:Amount>1</ns2:Amount>{ends}"))
    for wrong in ("<ns2:Amount>one</ns2:Amount>", "<ns2:Amuont>1</ns2:Amuont>", "<ns1:Amount>1</ns1:Amount>"):
        assert not schema.validate(etree.fromstring(head + wrong + ends)), wrong


def test_the_postman_collection_is_of_version_2_1() -> None:
    """What its schema requires: info with name and schema, items with requests, variables with keys; no secret."""
    made = collection()
    uuid.UUID(made["info"]["_postman_id"])
    assert made["info"]["schema"] == write_collections.SCHEMA
    assert {each["key"]: each["value"] for each in made["variable"] if each["key"] in SECRET} == dict.fromkeys(
        SECRET, ""
    )
    for folder in made["item"]:
        assert set(folder) == {"name", "description", "item"}
        for item in folder["item"]:
            url = item["request"]["url"]
            query = "&".join(
                each["key"] if each["value"] is None else f"{each['key']}={each['value']}"
                for each in url.get("query", ())
            )
            assert "/".join((*url["host"], *url["path"])) + (f"?{query}" if query else "") == url["raw"]
            assert item["request"]["method"] in ("GET", "POST", "PUT")
            assert item["event"][0]["listen"] == "test"


def test_the_soapui_project_holds_together() -> None:
    """Ids are unique; steps name an interface, operations and steps that exist; each variable is a property."""
    root = etree.fromstring(write_collections.SOAPUI.read_bytes())
    ids = [each.get("id") for each in root.iter(f"{CON}*") if each.get("id", "").count("-") == 4]
    assert len(ids) == len(set(ids))
    (interface,) = root.iterfind(f"{CON}interface")
    operations = {each.get("name") for each in interface.iterfind(f"{CON}operation")}
    assert {each.text for each in root.iter(f"{CON}operation") if each.text and each.text.strip()} <= operations
    assert {each.text for each in root.iterfind(f".//{CON}config/{CON}interface")} == {interface.get("name")}
    for case in root.iter(f"{CON}testCase"):
        steps = [each.get("name") for each in case.iterfind(f"{CON}testStep")]
        assert len(steps) == len(set(steps))
        for at, step in enumerate(case.iterfind(f"{CON}testStep")):
            assert {each.text for each in step.iter(f"{CON}sourceStep")} <= set(steps[:at])
    properties = {each.findtext(f"{CON}name") for each in root.iter(f"{CON}property")}
    assert set(VARIABLES) <= properties


def test_newman_runs_the_postman_collection(world: World) -> None:
    """The real program: every assertion of every request holds."""
    if reason := client_stacks.why_not("newman"):
        pytest.skip(reason)
    program = client_stacks.node_home(client_stacks.NEWMAN) / "node_modules" / "newman" / "bin" / "newman.js"
    given = [part for name, value in filled(world).items() for part in ("--env-var", f"{name}={value}")]
    command = ["node", str(program), "run", str(write_collections.POSTMAN), "--bail", "--color", "off", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    in_order(world)


@cache
def collection() -> Any:
    """The Postman collection."""
    return json.loads(write_collections.POSTMAN.read_text(encoding="utf-8"))


def bodies_of(text: str, program: str) -> list[str]:
    """Every body of a file, with an id in place of each variable."""
    if program == "soapui":
        root = etree.fromstring(text.encode())
        return [blank(each.text or "") for each in root.iter(f"{CON}request") if not len(each)]
    items = [item for folder in json.loads(text)["item"] for item in folder["item"]]
    return [blank(each["request"].get("body", {}).get("raw", "")) for each in items]


def blank(text: str) -> str:
    """Variables by their kind: a day, or an id."""
    for left, right in (("{{", "}}"), ("${#Project#", "}")):
        for name in (*VARIABLES, "session"):
            text = text.replace(f"{left}{name}{right}", TODAY if name == "today" else "0" * 32)
    return text


def schemas(folder: Path) -> etree.XMLSchema:
    """The schemas inside our WSDL, each a file, with the places that their imports leave out."""
    found = etree.parse(own_wsdl()).getroot().iter(f"{{{XSD}}}schema")
    files = {each.get("targetNamespace"): (folder / f"{at}.xsd", each) for at, each in enumerate(found)}
    for path, schema in files.values():
        for each in schema.iterfind(f"{{{XSD}}}import"):
            if each.get("namespace") in files:
                each.set("schemaLocation", files[each.get("namespace")][0].name)
        path.write_bytes(etree.tostring(schema))
    return etree.XMLSchema(etree.parse(files["http://api.zuora.com/"][0]))
