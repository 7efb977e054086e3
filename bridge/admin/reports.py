"""Reports of parity runs in the admin API: ``GET reports`` lists those of a folder, ``GET reports/{name}`` gives one.

A report is a folder with a ``report.json`` as ``bridge parity replay`` writes it. A name is one of those folders' and
never a path; nothing outside of the setting's folder is read, wherever a link points. Must not judge a report.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.admin.asking import Answer, Answers, Asked, Wrong, looks
from bridge.core.model import Instant
from bridge.parity.report import FORMAT, fault

FILE = "report.json"
MOST = 100
LARGEST = 32 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

NO_FOLDER = "BRIDGE_PARITY__REPORTS is not set, so there are no reports to show."


class ReportsDesk:
    """Reads ``folder``; None where the settings name none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[tuple[str, int, int], dict[str, Any] | None] = {}

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "reports"): looks(self._list), ("GET", "reports/"): looks(self._one)}

    async def _list(self, _asked: Asked) -> Answer:
        if self._folder is None:
            return 200, {"reports": [], "note": NO_FOLDER}
        return 200, await asyncio.to_thread(self._listed, self._folder)

    async def _one(self, asked: Asked) -> Answer:
        if self._folder is None:
            raise Wrong(404, {"error": NO_FOLDER})
        made = await asyncio.to_thread(read, self._folder, asked.name)
        if made is None:
            raise Wrong(404, {"error": "There is no such report; GET reports lists them."})
        return 200, made

    def _listed(self, folder: Path) -> dict[str, Any]:
        if not folder.is_dir():
            return {"reports": [], "note": "The folder of BRIDGE_PARITY__REPORTS is not there."}
        newest = sorted(_files(folder), key=lambda each: each[1], reverse=True)[:MOST]
        known: dict[tuple[str, int, int], dict[str, Any] | None] = {}
        for key in newest:
            known[key] = self._known[key] if key in self._known else _told(key[0], key[1], read(folder, key[0]))
        self._known = known
        return {"reports": [each for each in known.values() if each is not None]}


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """The report of this name; None where there is none, or it is none."""
    path = _inside(folder, name)
    if path is None:
        return None
    try:
        if path.stat().st_size > LARGEST:
            return None
        made = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return made if isinstance(made, dict) and made.get("parity_report") == FORMAT else None


def _inside(folder: Path, name: str) -> Path | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        path = (folder / name / FILE).resolve(strict=True)
        return path if path.is_relative_to(folder.resolve(strict=True)) and path.is_file() else None
    except (OSError, RuntimeError):
        return None


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Name, last change in milliseconds, and size."""
    for each in folder.iterdir():
        path = _inside(folder, each.name)
        if path is not None:
            stat = path.stat()
            yield each.name, stat.st_mtime_ns // 1_000_000, stat.st_size


def _told(name: str, changed: Instant, made: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if made is None:
        return None
    groups = made.get("groups")
    return {
        "name": name,
        "at": _moment(made.get("made")) or changed,
        "verdict": made.get("verdict"),
        "sentence": made.get("sentence"),
        "calls": made.get("calls"),
        "groups": [
            {part: each.get(part) for part in ("operation", "object", "verdict", "calls", "money")}
            for each in (groups if isinstance(groups, list) else ())
            if isinstance(each, dict)
        ],
        "digest": made.get("digest"),
        "signed": bool(made.get("signature")),
        "fault": fault(made, None) or None,
    }


def _moment(text: object) -> Instant | None:
    try:
        made = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    since = (made if made.tzinfo is not None else made.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000
