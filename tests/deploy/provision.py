"""Get what the tests of ``deploy/`` need from Debian: the programs that load the shipped files for real.

``python tests/deploy/provision.py`` prints one line a program, ready or why not, and always ends with 0: what cannot be
had is a reason to skip its tests, never a reason to fail. What is installed already is taken as it is. Needs only the
standard library, so that it runs before the project's own environment exists. Must not write into the tree.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import kubectl_program

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


def run(end: float, *command: str) -> str | None:
    """Run it within the time that is left, with everything that it starts; why it failed, or None."""
    left = end - time.monotonic()
    if left <= 0:
        return "no time left"
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    try:
        said, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"{command[-1]} took too long"
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    told = next((line for line in lines if line.startswith("E: ")), lines[-1])
    return f"apt-get ended with {process.returncode}: {told}"


def main(names: Sequence[str]) -> None:
    """All packages, or those named."""
    end = time.monotonic() + SECONDS
    become = () if os.geteuid() == 0 else ("sudo", "-n")
    get = (*become, "apt-get", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=20")
    lists: str | None = "not asked yet"
    for package in [name for name in names if name in PACKAGES] or ([] if names else PACKAGES):
        began = time.monotonic()
        reason = None
        if absent(package):
            if shutil.which("apt-get") is None:
                reason = "no apt-get here"
            else:
                if lists is not None:
                    lists = run(end, *get, "update")
                reason = lists or run(end, *get, "install", "-y", "--no-install-recommends", package)
        if reason is None and (missing := absent(package)):
            reason = f"after the installation still missing: {', '.join(missing)}"
        told = "ready" if reason is None else f"cannot be had: {reason}"
        print(f"{package} for the tests of deploy/: {told} ({time.monotonic() - began:.0f} s)", flush=True)
    if not names or "kubectl" in names:
        began = time.monotonic()
        reason = kubectl_program.get()
        told = "ready" if reason is None else f"cannot be had: {reason}"
        print(f"kubectl for the tests of deploy/: {told} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
