"""Spyne 2.14 on Python 3.11 to 3.13, without its surprises. Import Spyne's names from here and from nowhere else.

Spyne's vendored six finds ``six.moves`` by an importer without ``find_spec`` (needed since Python 3.12, a warning
before), and one module wants ``cgi.parse_header`` (gone in Python 3.13). Both are supplied while Spyne is imported;
nothing stays behind in ``sys.modules`` that is not Spyne's. Must not change what Spyne does with a request.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import logging
import sys
import types
import warnings
from typing import Any

_SIX = "spyne.util.six"
_USED = (
    "spyne",
    "spyne.const",
    "spyne.application",
    "spyne.decorator",
    "spyne.interface",
    "spyne.model.complex",
    "spyne.model.fault",
    "spyne.model.primitive",
    "spyne.protocol.soap",
    "spyne.protocol.soap.soap11",
    "spyne.protocol.soap.soap12",
    "spyne.server.null",
    "spyne.server.wsgi",
    "spyne.service",
)


def parse_header(line: str) -> tuple[str, dict[str, str]]:
    """What ``cgi.parse_header`` did: a header's value and its parameters, quotes removed."""
    value, *rest = line.split(";")
    parameters = {}
    for part in rest:
        name, equals, text = part.partition("=")
        if equals:
            text = text.strip()
            if len(text) >= 2 and text[0] == text[-1] == '"':
                text = text[1:-1].replace("\\\\", "\\").replace('\\"', '"')
            parameters[name.strip().lower()] = text
    return value.strip(), parameters


def _load_six() -> None:
    """Execute Spyne's six on its own, before Spyne imports it, and give its importer what Python 3.12 asks for."""
    package = importlib.util.find_spec("spyne")
    if package is None or package.submodule_search_locations is None:
        raise ImportError("spyne is not installed")
    spec = importlib.machinery.PathFinder.find_spec(
        _SIX, [f"{path}/util" for path in package.submodule_search_locations]
    )
    if spec is None or spec.loader is None:
        raise ImportError("this Spyne has no util/six.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_SIX] = module
    spec.loader.exec_module(module)
    importer: Any = module._importer

    def find_spec(name: str, _path: object = None, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, importer) if name in importer.known_modules else None

    importer.find_spec = find_spec
    importer.create_module = lambda wanted: importer.load_module(wanted.name)
    importer.exec_module = lambda _module: None


def _import_spyne() -> None:
    stand_in: Any = types.ModuleType("cgi")
    stand_in.parse_header = parse_header
    before = sys.modules.get("cgi")
    with warnings.catch_warnings():
        # Escapes and calls that newer Pythons deprecate: ours to know, not ours to repair.
        warnings.simplefilter("ignore")
        if _SIX not in sys.modules:
            _load_six()
        sys.modules["cgi"] = stand_in
        try:
            for name in _USED:
                importlib.import_module(name)
        finally:
            if before is None:
                del sys.modules["cgi"]
            else:
                sys.modules["cgi"] = before
    sys.modules["spyne.util"].__dict__.setdefault("six", sys.modules[_SIX])


def _calm() -> None:
    # By default Spyne runs a full collection inside a request every second: 9 to 15 ms.
    sys.modules["spyne.const"].__dict__["MIN_GC_INTERVAL"] = float("inf")
    # These loggers write whole bad payloads and values at ERROR, and every request at DEBUG: card and bank numbers.
    logging.getLogger("spyne").setLevel(logging.ERROR)
    for name in ("spyne.protocol", "spyne.protocol.xml", "spyne.protocol.soap.soap11", "spyne.protocol.soap.soap12"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("spyne.protocol.xml", "spyne.protocol.soap.soap11", "spyne.protocol.soap.soap12"):
        invalid = logging.getLogger(f"{name}.invalid")
        invalid.setLevel(logging.CRITICAL + 1)
        invalid.propagate = False


_import_spyne()
_calm()

spyne: Any = sys.modules["spyne"]
Application: Any = sys.modules["spyne.application"].Application
rpc: Any = sys.modules["spyne.decorator"].rpc
ComplexModel: Any = sys.modules["spyne.model.complex"].ComplexModel
ComplexModelMeta: Any = sys.modules["spyne.model.complex"].ComplexModelMeta
TypeInfo: Any = sys.modules["spyne.model.complex"].TypeInfo
Fault: Any = sys.modules["spyne.model.fault"].Fault
primitive: Any = sys.modules["spyne.model.primitive"]
Soap11: Any = sys.modules["spyne.protocol.soap.soap11"].Soap11
Soap12: Any = sys.modules["spyne.protocol.soap.soap12"].Soap12
NullServer: Any = sys.modules["spyne.server.null"].NullServer
WsgiApplication: Any = sys.modules["spyne.server.wsgi"].WsgiApplication
Service: Any = sys.modules["spyne.service"].Service
