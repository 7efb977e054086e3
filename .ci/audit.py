"""Audits what the bridge is made of: ``.venv/bin/python .ci/audit.py [--ask] [--unreachable-is-fine]``.

Without a network: every line of the lock file is one version; what is installed is what is locked, and all that is
asked for is in it; every licence is one that we may ship with. With ``--ask``, PyPI is asked for known vulnerabilities
(by pip-audit) and for releases that were taken back (by pip).

Exit 0 nothing found, 1 something was, 2 usage, 3 not everything could be looked at: what could not be asked is said and
counts as not known, never as good. ``--unreachable-is-fine`` makes that 0, for machines without the internet.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from runpy import run_path

import parts
from parts import Part

PROVISION = parts.ROOT / "tests" / "clients" / "provision.py"
"""It gets pip-audit, into an environment of its own."""

ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"),
        # Weak: they bind changes to the part itself, which is installed as it is and can be exchanged.
        *("LGPL-2.1", "LGPL-3.0-only", "MPL-2.0"),
    }
)
SECONDS = 300


class NotReachable(Exception):
    """What was to be asked did not answer; the text says what is therefore not known."""


def findings(locked: Mapping[str, Part], installed: Mapping[str, str], wanted: frozenset[str]) -> list[str]:
    """What is wrong and can be seen without a network."""
    found = [f"{part.line}: not pinned to one version" for part in locked.values() if not part.version]
    for name, version in sorted(installed.items()):
        if name not in locked:
            found.append(f"{name} {version}: installed and not in the lock file")
        elif locked[name].version not in ("", version):
            found.append(f"{name} {version}: installed, but {locked[name].version} is locked")
    found += [f"{name}: asked for and not in the lock file" for name in sorted(wanted - set(locked))]
    for part in locked.values():
        if part.installed is not None and not allowed(part.licence):
            found.append(f"{part.name} {part.version}: licence {part.licence or 'not told'} is not on the list")
    return found


def allowed(licence: str) -> bool:
    """Whether one of the choices that an SPDX expression gives is on the list."""
    choices = licence.replace("(", "").replace(")", "").split(" OR ")
    return any(all(term.strip() in ALLOWED for term in choice.split(" AND ")) for choice in choices)


def not_seen(locked: Mapping[str, Part]) -> list[str]:
    """Parts of other machines, or of extras that are not installed: nothing here tells their licence."""
    return sorted(part.name for part in locked.values() if part.installed is None)


# ------------------------------------------------------------------ asking


def vulnerabilities(locked: Mapping[str, Part], program: Sequence[str]) -> list[str]:
    """What PyPI knows of; ``NotReachable`` where it does not answer for a part."""
    pins = [f"{part.name}=={part.version}" for part in locked.values() if part.version]
    # One first: where there is no answer for it, there is none for the others, and that is soon known.
    _asked(pins[:1], program)
    return _asked(pins, program)


def _asked(pins: Sequence[str], program: Sequence[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [*program, "-s", "pypi", "-r", str(file), "--no-deps", "--disable-pip", "--format", "json"]
        try:
            done = subprocess.run(
                [*command, "--progress-spinner", "off"], capture_output=True, text=True, timeout=SECONDS, check=False
            )
            told = json.loads(done.stdout)["dependencies"]
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            raise NotReachable(f"pip-audit gave no answer ({type(error).__name__})") from None
    found = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no release'}"
        for each in told
        for one in each.get("vulns", ())
    ]
    # pip-audit ends with 0 and "no known vulnerabilities" for what it could not ask about.
    skipped = [each["name"] for each in told if "skip_reason" in each]
    answered = {each["name"].lower() for each in told if "vulns" in each}
    if not found and (skipped or len(answered) < len(pins)):
        raise NotReachable(f"no answer for {len(pins) - len(answered)} of {len(pins)} parts asked about")
    return found


def taken_back() -> list[str]:
    """Locked releases that their authors have yanked, as the index tells pip."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
        command = [*pip, "--report", str(report), "-r", str(parts.LOCK)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            told = json.loads(report.read_text(encoding="utf-8"))["install"]
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            raise NotReachable(f"pip gave no answer ({type(error).__name__})") from None
    if done.returncode != 0:
        raise NotReachable(f"pip ended with {done.returncode}")
    return [
        f"{each['metadata']['name']} {each['metadata']['version']}: taken back by its authors"
        for each in told
        if each.get("is_yanked")
    ]


def program() -> list[str]:
    """pip-audit, where there is one."""
    kept = run_path(str(PROVISION), run_name="provision_of_clients")["AUDIT_HOME"] / "bin" / "pip-audit"
    found = str(kept) if kept.exists() else shutil.which("pip-audit")
    if found is None:
        raise NotReachable("there is no pip-audit here")
    return [found]


def ask(locked: Mapping[str, Part]) -> list[str]:
    """Both questions."""
    return vulnerabilities(locked, program()) + taken_back()


# ------------------------------------------------------------------ the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found, and what was not looked at."""
    parser = argparse.ArgumentParser(description="Audit the locked dependencies.")
    parser.add_argument("--ask", action="store_true", help="ask PyPI for known vulnerabilities and yanked releases")
    parser.add_argument("--unreachable-is-fine", action="store_true", help="exit 0 where PyPI does not answer")
    given = parser.parse_args(arguments)
    locked = parts.locked()
    wanted = parts.wanted() | parts.wanted(parts.TEST)
    found = findings(locked, parts.installed(), wanted)
    unknown = ""
    if given.ask:
        try:
            found += ask(locked)
        except NotReachable as why:
            unknown = str(why)
    for each in found:
        print(f"FOUND  {each}")
    print(f"{len(locked)} parts are locked; {len(found)} findings")
    if seen_not := not_seen(locked):
        print(f"not installed here, so their licences were not looked at: {', '.join(seen_not)}")
    if unknown:
        print(f"VULNERABILITIES ARE NOT KNOWN: {unknown}. Run this with --ask where PyPI can be reached.")
    elif not given.ask:
        print("vulnerabilities were not asked for: --ask does that")
    if found:
        return 1
    return 3 if unknown and not given.unreachable_is_fine else 0


if __name__ == "__main__":
    sys.exit(main())
