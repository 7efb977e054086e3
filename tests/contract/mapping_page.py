"""Writes the mapping section of ``wsdl/README.md``: ``python tests/contract/mapping_page.py`` from the project's root.

Everything in it comes from the tables that the code itself goes by, so the page cannot promise another mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bridge.contract.versions import FALLBACKS, UNKNOWN, ErrorCodes
from bridge.core.mapping.errors import BY_CATEGORY
from bridge.core.mapping.fields import CONTAINERS, ROWS, TABLE, Fate, Target
from bridge.core.mapping.query import SOURCES, Column, Source
from bridge.core.model import Version
from bridge.core.versions import DATES, DATES_SINCE, FIELDS_SINCE, NEWEST

PAGE = Path(__file__).parents[2] / "wsdl" / "README.md"
BEGINS = "<!-- mapping: written by tests/contract/mapping_page.py; change core/mapping, not this -->"
ENDS = "<!-- /mapping -->"


def page(text: str) -> str:
    """The page with its generated section as it should be."""
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n\n{section()}\n{ENDS}{after}"


def section() -> str:
    """Writes, rows, reads, versions, errors."""
    parts = [_written(kind) for kind in ("Payment", "Refund")]
    parts += ["### Rows inside a container\n", _rows()]
    parts += [_read(source) for source in SOURCES.values()]
    parts += ["### Fields by version\n", _versions()]
    parts += ["### REST errors as error codes\n", _errors(), "### Error codes by version\n", _codes()]
    return "\n".join(parts)


def _written(kind: str) -> str:
    targets = [target for target in Target if target.object_type == kind]
    names = sorted({name for target in targets for name in TABLE[target]}, key=str.lower)
    heads = [f"{target.op.value}: `{target.request}`" for target in targets]
    rows = [[f"`{name}`", *(_fate(TABLE[target].get(name)) for target in targets)] for name in names]
    return f"### {kind}, written by REST\n\n" + _table(["field", *heads], rows)


def _rows() -> str:
    holders = {row: container for container, row in CONTAINERS.items()}
    rows = [
        [f"`{holders.get(row, '')}`", f"`{row}`", f"`{name}`", _fate(fate)]
        for row, table in ROWS.items()
        for name, fate in table.items()
    ]
    return _table(["container", "row", "field", "REST"], rows)


def _fate(fate: Fate | None) -> str:
    if fate is None:
        return ""
    where = ", ".join(f"`{path}`" for path in fate.rest)
    limit = f", at most {fate.longest} characters" if fate.longest is not None else ""
    return f"{where}: {fate.rule}" if where and fate.rule else f"{where}{limit}{fate.rule}"


def _read(source: Source) -> str:
    made = " (rows made of another object, only where switched on)" if source.synthetic else ""
    rows = [
        [f"`{column.soap}`", column.kind.value, _fed(column), f"`{column.v1}`" if column.v1 else "", _zoql(column)]
        for column in source.columns.values()
    ]
    if source.custom:
        rows.append(["`*__c`, `*__NS`", "by the tenant's WSDL", "its own name", "its own name", "select, filter"])
    head = ["field", "kind", f"`/object-query/{source.resource}`", "v1", "ZOQL"]
    return f"### {source.object}, read by REST{made}\n\n" + _table(head, rows)


def _fed(column: Column) -> str:
    fed = f"`{column.row}`" if column.row else (f"always {column.constant}" if column.constant else "")
    pushed = f"; filter `{column.pushed}`" if column.pushed else ""
    return fed + pushed


def _zoql(column: Column) -> str:
    words = [word for word, allowed in (("select", column.queryable), ("filter", column.filterable)) if allowed]
    return ", ".join(words) or "neither"


def _versions() -> str:
    rows = [
        [f"`{kind}.{name}`", str(since)]
        for kind, fields in FIELDS_SINCE.items()
        for name, since in sorted(fields.items(), key=lambda item: (item[1], item[0]))
    ]
    dates = ", ".join(f"`{kind}.{name}`" for kind, names in DATES.items() for name in sorted(names))
    text = (
        f"{dates}: xs:dateTime below {DATES_SINCE}, xs:date from there. What is not listed is as old as its object.\n\n"
    )
    return text + _table(["field", "since"], rows)


def _errors() -> str:
    rows = [[str(category), f"`{code}`"] for category, code in sorted(BY_CATEGORY.items())]
    rows += [["30", "by its message"], ["any other", f"`{UNKNOWN}`"]]
    return _table(["category", "code"], rows)


def _codes() -> str:
    told: list[list[str]] = []
    known: frozenset[str] = frozenset()
    for major in range(NEWEST.major + 1):
        codes = ErrorCodes.for_version(Version(major)).known
        if codes != known:
            new = ", ".join(f"`{code}`" for code in sorted(codes - known))
            told.append([str(major) if major else "any", new])
            known = codes
    others = ", ".join(f"`{code}` as `{instead}`" for code, instead in FALLBACKS.items())
    text = f"A caller of an older version is told {others}, any other code as `{UNKNOWN}`, the name in the message.\n\n"
    return text + _table(["known from", "codes"], told)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
