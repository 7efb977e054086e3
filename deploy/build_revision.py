"""The build hook: bakes git's revision into wheel and sdist, for ``bridge --version`` and ``bridge_build_info``.

The environment's ``BUILD_REVISION`` stands over git (an image is built without ``.git``); an sdist already has the
file. Otherwise ``unknown`` is baked in, honestly. An editable installation gets nothing: its checkout is asked when it
runs. Must not write into the checkout.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "bridge/_revision.txt"
GIT = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


class BuildRevision(BuildHookInterface):
    """Hatch's ``custom`` hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before anything is packed."""
        root = Path(self.root)
        if version == "editable" or (root / PLACE).is_file():
            return
        # Kept until the end of the process: hatch reads it after this has returned.
        self._folder = tempfile.TemporaryDirectory(prefix="bridge-build-")
        file = Path(self._folder.name) / "revision.txt"
        file.write_text(f"{revision(root)}\n", encoding="ascii")
        build_data["force_include"][str(file)] = PLACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After it was packed."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def revision(root: Path) -> str:
    """What the environment says, else git, else ``unknown``."""
    if given := os.environ.get("BUILD_REVISION", "").strip():
        return given
    if not (root / ".git").exists():
        return "unknown"
    try:
        done = subprocess.run(GIT, cwd=root, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"
