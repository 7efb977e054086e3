"""Writes ``deploy/collections``: ``python tests/deploy/write_collections.py`` from the project's root.

Both files are made of ``collection_calls``, with ids that depend on names only, so that the same calls are the same
bytes. Postman's format is collection v2.1, SoapUI's that of version 5.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import soapui_project
from collection_calls import KEPT, SECRET, VARIABLES, Call, Folder, folders

from bridge.contract.contract import Contract
from bridge.contract.reader import read_own

PLACE = Path(__file__).parents[2] / "deploy" / "collections"
POSTMAN = PLACE / "bridge.postman_collection.json"
SOAPUI = PLACE / "bridge-soapui-project.xml"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ABOUT = (
    "Calls of the bridge, as the demo makes them. Fill in the collection's variables (bridge demo prints where a "
    "simulated tenant's ledger has the ids), send Log in first, and use a tenant where payments may be made."
)


def postman(contract: Contract) -> str:
    """The Postman collection."""
    variables = [{"key": name, "value": value, **_kind(name)} for name, value in _variables().items()]
    made = {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "bridge")),
            "name": "bridge",
            "description": ABOUT,
            "schema": SCHEMA,
        },
        "variable": variables,
        "item": [_folder(each) for each in folders(contract)],
    }
    return json.dumps(made, indent=1) + "\n"


def _variables() -> Mapping[str, str]:
    return {**VARIABLES, **dict.fromkeys(KEPT, "")}


def _kind(name: str) -> dict[str, str]:
    return {"type": "secret" if name in SECRET else "string"}


def _folder(folder: Folder) -> dict[str, Any]:
    return {"name": folder.name, "description": folder.about, "item": [_item(each) for each in folder.calls]}


def _item(call: Call) -> dict[str, Any]:
    parts = urlsplit(call.url)
    base, *path = call.url.partition("?")[0].split("/")
    url: dict[str, Any] = {"raw": call.url, "host": [base], "path": path}
    if parts.query:
        pairs = [each.partition("=") for each in parts.query.split("&")]
        url["query"] = [{"key": key, "value": value if found else None} for key, found, value in pairs]
    request: dict[str, Any] = {
        "method": call.method,
        "header": [{"key": key, "value": value} for key, value in call.headers.items()],
        "url": url,
        "description": call.about,
    }
    if call.body:
        request["body"] = {"mode": "raw", "raw": call.body}
    script = {"type": "text/javascript", "exec": _script(call)}
    return {"name": call.name, "event": [{"listen": "test", "script": script}], "request": request, "response": []}


def _script(call: Call) -> list[str]:
    lines = [f"pm.test('status', () => pm.response.to.have.status({call.status}));"]
    for text in call.holds:
        if variable := re.fullmatch(r"\{\{(\w+)\}\}", text):
            wanted = f"include(pm.collectionVariables.get('{variable[1]}'))"
        else:
            wanted = f"match(/{text}/)"
        lines.append(f"pm.test('body', () => pm.expect(pm.response.text()).to.{wanted});")
    for name, value in call.told.items():
        lines.append(f"pm.test('{name}', () => pm.expect(pm.response.headers.get('{name}')).to.eql('{value}'));")
    for keep in call.keeps:
        found = f"pm.response.text().match(/{keep.pattern}/)[1]"
        lines.append(f"pm.collectionVariables.set('{keep.name}', {found});")
    return lines


def written() -> dict[Path, str]:
    """Both files, as they should be."""
    contract = read_own(extended=False)
    project = soapui_project.project(contract, folders(contract), _variables(), ABOUT)
    return {POSTMAN: postman(contract), SOAPUI: project}


if __name__ == "__main__":
    PLACE.mkdir(exist_ok=True)
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
