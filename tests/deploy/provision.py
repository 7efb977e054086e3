"""Get what the tests of ``deploy/`` need from Debian: the programs that load the shipped files for real.

``python tests/deploy/provision.py`` prints one line a program, ready or why not, and always ends with 0: what cannot be
had is a reason to skip its tests, never a reason to fail. What is installed already is taken as it is. Needs only the
standard library, so that it runs before the project's own environment exists. Must not write into the tree.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import kubectl_program

# As a script it is outside of pytest, which puts the folder above on the path for the tests.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from provisioning import Debian

COMMAND = "python tests/deploy/provision.py"
SECONDS = 240

PACKAGES: Mapping[str, Sequence[str]] = {
    "haproxy": ("haproxy",),
    "prometheus": ("prometheus", "promtool"),
    "mmdebstrap": ("mmdebstrap",),
    "util-linux": ("unshare", "nsenter", "setpriv"),
    "systemd": ("systemd-analyze",),
    "strace": ("strace",),
}
"""Debian's packages, and the programs that each is wanted for."""


def absent(package: str) -> list[str]:
    """Which of a package's programs are not on the path."""
    return [name for name in PACKAGES[package] if shutil.which(name) is None]


def main(names: Sequence[str]) -> None:
    """All packages, or those named."""
    debian = Debian(time.monotonic() + SECONDS)
    for package in [name for name in names if name in PACKAGES] or ([] if names else PACKAGES):
        began = time.monotonic()
        reason = debian.install(package) if absent(package) else None
        if reason is None and (missing := absent(package)):
            reason = f"after the installation still missing: {', '.join(missing)}"
        _tell(package, reason, began)
    if not names or "kubectl" in names:
        began = time.monotonic()
        _tell("kubectl", kubectl_program.get(), began)


def _tell(package: str, reason: str | None, began: float) -> None:
    told = "ready" if reason is None else f"cannot be had: {reason}"
    print(f"{package} for the tests of deploy/: {told} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
