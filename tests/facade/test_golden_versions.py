"""Golden answers by the caller's WSDL version: the same bytes for all versions, or one file per group of versions.

``WRITE_GOLDEN=1 pytest tests/facade/test_golden_versions.py`` writes the files anew; look at the difference before you
keep it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import Obj, World, refund
from test_golden import MASKS, UTF8, create, exchange, pays

GOLDEN = Path(__file__).parent / "golden" / "versions"
ALL = ("38.0", "64.0", "68.0", "69.0", "83.0", "107.0", "153.0")
OLD, NEW = ALL[:3], ALL[3:]
DATED = dict.fromkeys(OLD, "2026-02-20T23:30:00-08:00") | dict.fromkeys(NEW, "2026-02-20")
LIMITED = {"kind": "rate_limited", "method": "POST", "path": "/v1/payments"}


@dataclass(frozen=True)
class Case:
    """The same call at every version of ``files``, which says which versions share which file."""

    objects: Sequence[Obj]
    files: Mapping[str, Sequence[str]]
    faults: Sequence[Mapping[str, Any]] = ()


def paid(document: str, **more: Any) -> Obj:
    """Thirty for one document."""
    return pays(document, "30", **more)


CASES: Mapping[str, Case] = {
    "create-success-soap": Case([paid("@I1")], {"all": ALL}),
    "create-success-rest": Case([paid("@D1")], {"all": ALL}),
    "create-success-refund": Case([refund(PaymentId="@C1", Amount="60")], {"all": ALL}),
    "row-draft-memo": Case([paid("@D2")], {"all": ALL}),
    "row-no-date": Case([paid("@I1", EffectiveDate="20.02.2026")], {"to-68": OLD, "from-69": NEW}),
    "row-datetime": Case([paid("@D1", EffectiveDate="2026-02-20T00:00:00")], {"to-68": OLD, "from-69": NEW}),
    "row-limited": Case(
        [paid("@D1"), paid("@D2")], {"to-50": ["38.0", "50.0"], "from-51": ["51.0", *ALL[1:]]}, [LIMITED]
    ),
    "row-closed-period": Case(
        [paid("@D1", EffectiveDate="2025-12-31T00:00:00")], {"to-28": ["28.0"], "from-29": ["29.0", *OLD]}
    ),
    "fault-limited": Case([paid("@D1")], {"to-50": ["38.0", "50.0"], "from-51": ["51.0", *ALL[1:]]}, [LIMITED]),
    "fault-lock": Case(
        [paid("@I1")],
        {"to-59": ["38.0", "59.0"], "from-60": ["60.0", *ALL[1:]]},
        [{"kind": "lock", "operation": "create"}],
    ),
    "fault-refund": Case([refund(PaymentId="@P1", Amount="1")], {"17": ["17.0"]}),
    "fault-version-0": Case([paid("@I1")], {"0": ["0.9"]}),
}
FILES = [
    (name, group, version) for name, case in CASES.items() for group in case.files for version in case.files[group]
]


def dated(one: Obj, version: str) -> Obj:
    """The object with the day as the version writes it, unless the case is about that."""
    day = DATED.get(version, "2026-02-20")
    fields = {
        n: day if n in ("EffectiveDate", "RefundDate") and v == "2026-02-20" else v for n, v in one.fields.items()
    }
    return Obj(one.type, fields)


@pytest.mark.parametrize(("name", "group", "version"), FILES)
def test_the_answer_is_the_golden_one_of_its_version(name: str, group: str, version: str, tmp_path: Path) -> None:
    """Status line, headers and body, to the byte."""
    case = CASES[name]
    with World(tmp_path) as world:
        for each in case.faults:
            world.fault(**each)
        body = create(*(dated(one, version) for one in case.objects))(world)
        came = exchange(world.url, version, UTF8, body)
    for pattern, mask in MASKS:
        came = pattern.sub(mask, came)
    path = GOLDEN / f"{name}.{group}.http"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_bytes(came)
    assert came == path.read_bytes()


def test_every_golden_file_belongs_to_a_group() -> None:
    """No file is left over that nothing is compared with."""
    assert {path.stem for path in GOLDEN.glob("*.http")} == {f"{name}.{group}" for name, group, _ in FILES}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.files) > 1])
def test_groups_of_one_case_differ(name: str) -> None:
    """Otherwise they would be one."""
    answers = [(GOLDEN / f"{name}.{group}.http").read_bytes() for group in CASES[name].files]
    assert len(set(answers)) == len(answers)
