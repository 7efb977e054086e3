"""The Debian root that the image's steps are run in: made once by mmdebstrap, kept in a cache.

It stands for the image that ``FROM debian:13-slim`` names: the same packages of the same Debian, less documentation.
Needs root and overlay file systems; says why where it cannot. Must not be written to once it is made.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

CACHE = Path(os.environ.get("BRIDGE_IMAGE_CACHE") or "/var/cache/bridge-image")
SUITES = {"debian:13-slim": "trixie"}
"""Which Debian a base image's name means."""

MIRROR = "http://deb.debian.org/debian"
SECONDS = 300


class NotMade(Exception):
    """Debian's mirror cannot be reached, or this machine forbids what it takes."""


def base_root(image: str) -> Path:
    """The root of this base image; made if it is not there, else ``NotMade``."""
    options = ["--variant=minbase", '--aptopt=Acquire::http::Timeout "20"', SUITES[image]]
    key = hashlib.sha256(" ".join(options).encode()).hexdigest()[:16]
    root = CACHE / f"base-{SUITES[image]}-{key}"
    if not root.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=CACHE))
        draft.chmod(0o755)
        command = ["mmdebstrap", "--quiet", "--format=directory", *options, str(draft), MIRROR]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise NotMade(f"no Debian root can be made: {done.stderr.strip()[-300:]}")
        draft.rename(root)
    return root


@cache
def why_not() -> str | None:
    """Why no image can be built here; None where one can."""
    if os.geteuid() != 0:
        return "the image's steps are run by chroot and mount, which need root"
    for program in ("mmdebstrap", "unshare", "nsenter", "chroot", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is not installed; run: python tests/deploy/provision.py"
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        for name in ("lower", "upper", "work", "root"):
            (Path(work) / name).mkdir()
        options = f"lowerdir={work}/lower,upperdir={work}/upper,workdir={work}/work"
        mount = f"mount -t overlay overlay -o {options} {work}/root"
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--fork", "sh", "-c", f"{mount} && umount {work}/root"],
            capture_output=True,
            text=True,
        )
    return None if done.returncode == 0 else f"no overlay file systems or namespaces here: {done.stderr.strip()[-200:]}"
