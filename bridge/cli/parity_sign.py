"""The signature of a parity report: its key from a file, and whether a report is still what was made.

A key stands in a file of its own, never on a command line. Must not judge a report and must not change one.
"""

from __future__ import annotations

import json
from pathlib import Path

import typer

from bridge.cli.parity_print import as_read
from bridge.parity import report
from bridge.parity.terms import ParityError

SHORTEST = 32
"""Bytes of a key, as many as the hash has (RFC 2104, section 3: fewer weaken it)."""


def key_of(file: Path | None) -> bytes | None:
    """The key in a file, without the line's end; ``ParityError`` where there is none or it is short."""
    if file is None:
        return None
    try:
        key = file.read_bytes().rstrip(b"\r\n")
    except OSError:
        raise ParityError(f"the key file {file} cannot be read") from None
    if len(key) < SHORTEST:
        raise ParityError(f"the key in {file} has {len(key)} bytes; at least {SHORTEST} are needed")
    return key


def verify(file: Path, key_file: Path | None, *, as_json: bool) -> None:
    """Print whether a report is whole; exit 0 if it is, 1 if not."""
    told = as_read(file)
    key = key_of(key_file)
    fault = report.fault(told, key)
    signed = bool(told.get("signature"))
    if as_json:
        print(json.dumps({"whole": not fault, "signed": signed, "key": key is not None, "fault": fault}))
    elif fault:
        print(f"Do not rely on {file}: {fault}.")
    else:
        how = "digest and signature fit" if key else "the digest fits"
        unproved = "; who made it was not checked: give --key-file" if signed and key is None else ""
        print(f"{file} is as it was made: {how}{unproved}.")
    raise typer.Exit(int(bool(fault)))
