"""Queries on the wire: what a query or queryMore asks for, and its page as Zuora's server writes it, byte for byte.

Compiled from the contract's result type: element names and order are the file's. A row has its xsi:type in the WSDL's
spelling and only the fields that have a value; where there is nothing, ``queryLocator`` and ``records`` are one nil
element each, nil spelled "1" (recorded answers of Zuora's server). Must not know an object type or judge a query.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from bridge.contract.contract import XSI, Contract
from bridge.contract.errors import ContractError, DecodeError, Problem
from bridge.contract.leaves import SPACE, elements, is_nil, text_of
from bridge.contract.wire import Style, envelope, escape

_NIL = f' xmlns:xsi="{XSI}" xsi:nil="1" />'
_ROLES = frozenset({"done", "querylocator", "records", "size"})


class QueryRenderer:
    """Pages of the operations whose result is a QueryResult; compiled once, safe to share between threads."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        base = contract.object_base
        self._space = base.namespace if base is not None else ""
        self._compiled = {name: _compiled(contract, name) for name in contract.operations if _pages(contract, name)}

    def page(
        self,
        operation: str,
        kind: str,
        names: Sequence[str],
        rows: Sequence[Sequence[str | None]],
        *,
        size: int,
        locator: str | None,
        style: Style,
    ) -> bytes:
        """The answer of ``query`` or ``queryMore``: ``rows`` hold the texts of the fields ``names``, None for null."""
        compiled = self._compiled.get(operation)
        if compiled is None:
            raise ContractError(f"the answer of {operation} is no page of a query")
        before, order, after = compiled
        known = self._contract.objects.get(kind)
        space = known.name.namespace if known is not None else self._space
        opened = f'<ns1:{{0}} xmlns:ns2="{space}" xmlns:xsi="{XSI}" xsi:type="ns2:{kind}">'
        pieces = {"done": "true" if locator is None else "false", "size": str(size), "querylocator": locator}
        body = [before]
        for role, name in order:
            if role == "records":
                body.append(_records(name, opened.format(name), names, rows))
            else:
                text = pieces[role]
                body.append(f"<ns1:{name}{_NIL}" if text is None else f"<ns1:{name}>{escape(text)}</ns1:{name}>")
        return envelope("".join(body) + after, style)


def _records(name: str, opened: str, names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    if not rows:
        return f"<ns1:{name}{_NIL}"
    tags = [(f"<ns2:{each}>", f"</ns2:{each}>") for each in names]
    written = []
    for row in rows:
        fields = [
            f"{start}{escape(text)}{end}" for (start, end), text in zip(tags, row, strict=True) if text is not None
        ]
        written.append(f"{opened}{''.join(fields)}</ns1:{name}>")
    return "".join(written)


def _pages(contract: Contract, operation: str) -> bool:
    """Whether an operation's result has the four parts of a page."""
    answer = contract.elements[contract.operations[operation].output]
    results = [contract.complex_types[item.type] for item in answer.fields if item.type in contract.complex_types]
    return any({part.name.lower() for part in result.fields} >= _ROLES for result in results)


def _compiled(contract: Contract, operation: str) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """What stands before and after the parts of a page, and their order."""
    answer = contract.elements[contract.operations[operation].output]
    result, kind = contract.result_of(operation)
    opened = f'<ns1:{answer.name.name} xmlns:ns1="{answer.name.namespace}"><ns1:{result.name}>'
    order = tuple((item.name.lower(), item.name) for item in kind.fields if item.name.lower() in _ROLES)
    return opened, order, f"</ns1:{result.name}></ns1:{answer.name.name}>"


def argument(payload: etree._Element, name: str) -> str:
    """The one text that a query (``queryString``) or queryMore (``queryLocator``) carries; empty where it is absent.

    Found by its local name in any namespace and any case. Raises ``DecodeError``.
    """
    found = [text_of(child, local) or "" for local, child in elements(payload) if local.lower() == name.lower()]
    if len(found) > 1:
        raise DecodeError(Problem.DUPLICATE, name, f"Duplicate element {name}")
    return found[0].strip(SPACE) if found else ""


def options(header: etree._Element | None) -> tuple[int, bool]:
    """``batchSize`` and ``caseSensitive`` of QueryOptions, in any namespace and case; (0, False) where not readable.

    Zuora takes any number for a batch size, so what is none of use is not an error. Raises ``DecodeError``.
    """
    batch, sensitive = 0, False
    for block, element in elements(header) if header is not None else ():
        if block.lower() != "queryoptions" or is_nil(element):
            continue
        for name, leaf in elements(element):
            text = (text_of(leaf, name) or "").strip(SPACE)
            if name.lower() == "batchsize" and text.isascii() and text.isdigit() and len(text) < 10:
                batch = int(text)
            elif name.lower() == "casesensitive":
                sensitive = text.lower() in ("true", "1")
    return batch, sensitive
