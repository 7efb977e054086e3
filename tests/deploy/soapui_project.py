"""The calls as a SoapUI project: the interface by its WSDL, and a test suite with a case for each folder.

SOAP calls are request steps of the interface, all others HTTP steps; what later calls need is carried over by property
transfers into the project's properties. The format is SoapUI 5's; SoapUI itself has not read it where this was written.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence

from collection_calls import Call, Folder
from lxml import etree

from bridge.contract.contract import Contract

CON = "http://eviware.com/soapui/config"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
INTERFACE = "SoapBinding"
HEADERS = "com.eviware.soapui.impl.wsdl.WsdlRequest@request-headers"
Element = etree._Element


def project(contract: Contract, folders: Sequence[Folder], variables: Mapping[str, str], about: str) -> str:
    """The file's text."""
    root = etree.Element(f"{{{CON}}}soapui-project", nsmap={"con": CON, "xsi": XSI})
    for name, value in _named("bridge", "project").items():
        root.set(name, value)
    for name, value in {"soapui-version": "5.7.2", "abortOnError": "false", "runType": "SEQUENTIAL"}.items():
        root.set(name, value)
    _add(root, "settings")
    _add(root, "description", text=about)
    _interface(root, contract, [call for folder in folders for call in folder.calls if call.operation])
    suite = _add(root, "testSuite", **_named("The demo's calls", "suite"))
    _add(suite, "settings")
    _add(suite, "runType", text="SEQUENTIAL")
    for folder in folders:
        _case(suite, folder)
    _add(suite, "properties")
    properties = _add(root, "properties")
    for name, value in variables.items():
        each = _add(properties, "property")
        _add(each, "name", text=name)
        _add(each, "value", text=value)
    for name in ("wssContainer", "oAuth2ProfileContainer", "oAuth1ProfileContainer", "sensitiveInformation"):
        _add(root, name)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _interface(root: Element, contract: Contract, calls: Sequence[Call]) -> None:
    url = _expanded(calls[0].url)
    made = _add(
        root,
        "interface",
        **_named(INTERFACE, "interface"),
        wsaVersion="NONE",
        type="wsdl",
        bindingName=f"{{{contract.namespace}}}{INTERFACE}",
        soapVersion="1_1",
        anonymous="optional",
        definition=f"{url}?wsdl",
    )
    made.set(f"{{{XSI}}}type", "con:WsdlInterface")
    _add(made, "settings")
    _add(made, "definitionCache")
    _add(_add(made, "endpoints"), "endpoint", text=url)
    for operation in dict.fromkeys(call.operation for call in calls):
        each = _add(
            made,
            "operation",
            **_named(operation, "operation"),
            isOneWay="false",
            action="",
            bindingOperationName=operation,
            type="Request-Response",
            receivesAttachments="false",
            sendsAttachments="false",
            anonymous="optional",
        )
        _add(each, "settings")
        for call in calls:
            if call.operation == operation:
                _request(_add(each, "call", **_named(call.name, "call")), call)


def _case(suite: Element, folder: Folder) -> None:
    case = _add(
        suite,
        "testCase",
        **_named(folder.name, "case"),
        failOnError="true",
        failTestCaseOnErrors="true",
        keepSession="false",
        maxResults="0",
        searchProperties="true",
    )
    _add(case, "description", text=folder.about)
    _add(case, "settings")
    for call in folder.calls:
        kind = "request" if call.operation else "httprequest"
        step = _add(case, "testStep", type=kind, **_named(call.name, "step"))
        _add(step, "settings")
        config = _add(step, "config")
        if call.operation:
            config.set(f"{{{XSI}}}type", "con:RequestStep")
            _add(config, "interface", text=INTERFACE)
            _add(config, "operation", text=call.operation)
            request = _add(config, "request", **_named(call.name, "request"))
        else:
            config.set(f"{{{XSI}}}type", "con:HttpRequest")
            for name, value in {**_named(call.name, "request"), "method": call.method}.items():
                config.set(name, value)
            request = config
        _request(request, call)
        _assertions(request, call)
        for keep in call.keeps:
            _transfer(case, call.name, keep.name, keep.path)
    _add(case, "properties")


def _request(made: Element, call: Call) -> None:
    settings = _add(made, "settings")
    headers = {name: value for name, value in call.headers.items() if not call.operation}
    if headers:
        fragment = etree.Element("xml-fragment", nsmap={"con": CON})
        for name, value in headers.items():
            _add(fragment, "entry", key=name, value=_expanded(value))
        _add(settings, "setting", id=HEADERS, text=etree.tostring(fragment, encoding="unicode"))
    _add(made, "encoding", text="UTF-8")
    _add(made, "endpoint", text=_expanded(call.url))
    if media := headers.get("Content-Type"):
        made.set("mediaType", media)
    if call.body or call.operation:
        _add(made, "request").text = etree.CDATA(_expanded(call.body))


def _assertions(made: Element, call: Call) -> None:
    status = _add(made, "assertion", type="Valid HTTP Status Codes", name="status")
    _add(_add(status, "configuration"), "codes", text=str(call.status))
    for text in call.holds:
        each = _add(made, "assertion", type="Simple Contains", name=f"body holds {text}")
        configuration = _add(each, "configuration")
        _add(configuration, "token", text=_expanded(text))
        _add(configuration, "ignoreCase", text="false")
        _add(configuration, "useRegEx", text="false" if text.startswith("{{") else "true")


def _transfer(case: Element, step: str, name: str, path: str) -> None:
    made = _add(case, "testStep", type="transfer", **_named(f"Keep {name}", "step"))
    _add(made, "settings")
    config = _add(made, "config")
    config.set(f"{{{XSI}}}type", "con:PropertyTransfersStep")
    each = _add(
        config,
        "transfers",
        setNullOnMissingSource="true",
        transferTextContent="true",
        failOnError="true",
        ignoreEmpty="false",
    )
    kind = "JSONPATH" if path.startswith("$") else "XPATH"
    for tag, text in (
        *(("name", name), ("sourceType", "Response"), ("sourceStep", step), ("sourcePath", path)),
        *(("targetType", name), ("targetStep", "#Project#"), ("type", kind)),
    ):
        _add(each, tag, text=text)


def _named(name: str, kind: str) -> dict[str, str]:
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{name}")), "name": name}


def _expanded(text: str) -> str:
    return re.sub(r"\{\{(\w+)\}\}", r"${#Project#\1}", text)


def _add(parent: Element, tag: str, *, text: str = "", **attributes: str) -> Element:
    made = etree.SubElement(parent, f"{{{CON}}}{tag}", attributes)
    made.text = text or None
    return made
