"""What this bridge is: its version, the revision it was built from, and the version of the WSDL it works with.

The revision is baked in by ``deploy/build_revision.py`` when a wheel or sdist is built; in a checkout git is asked.
What nobody knows is ``unknown``, never guessed. Must not fail: whoever asks what is running may have nothing else that
works.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import bridge
from bridge.contract.errors import ContractError
from bridge.contract.files import own_wsdl
from bridge.contract.reader import read

UNKNOWN = "unknown"
BAKED = "_revision.txt"
"""In the package where it was built; the hook writes it."""

GIT = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
GIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Build:
    """``revision`` is git's, with ``-dirty`` where files were changed since, or ``unknown``.

    ``origin``: ``built`` (baked in), ``checkout`` (asked of git just now) or ``unknown``.
    """

    version: str
    revision: str
    origin: str

    def __str__(self) -> str:
        """In words."""
        told = {"built": self.revision, "checkout": f"{self.revision} (a checkout)"}
        return f"bridge {self.version}, build {told.get(self.origin, self.revision)}"


@cache
def build() -> Build:
    """The bridge that runs. Git is asked once a process, and only in a checkout."""
    package = Path(bridge.__file__).resolve().parent
    return built_at(package)


def built_at(package: Path) -> Build:
    """The same of the package in a folder."""
    try:
        baked = (package / BAKED).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        baked = ""
    if baked:
        return Build(bridge.__version__, baked, UNKNOWN if baked == UNKNOWN else "built")
    revision = _asked(package.parent)
    return Build(bridge.__version__, revision, UNKNOWN if revision == UNKNOWN else "checkout")


def wsdl_version(path: Path | None = None) -> str:
    """The version in the address of a WSDL file (None: our own); ``unknown`` where it cannot be read."""
    try:
        return str(read(path or own_wsdl()).version)
    except (ContractError, OSError):
        return UNKNOWN


def _asked(root: Path) -> str:
    # Only a folder that is a checkout of the bridge itself: an environment may stand within somebody else's.
    if not ((root / ".git").exists() and (root / "pyproject.toml").is_file()):
        return UNKNOWN
    try:
        done = subprocess.run(  # noqa: S603 - a constant
            GIT, cwd=root, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return done.stdout.strip() or UNKNOWN
