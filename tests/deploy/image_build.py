"""Runs a Dockerfile's steps without a container engine: overlay file systems over a Debian root, chroot as root.

Every step that changes files leaves a layer in a cache, under a key made of the step, of what it stands on and of the
content it copies, so that a second run takes what a first one made. Must not run a step in any other way than an
engine would: as the user, in the folder and with the variables that the file says.
"""

from __future__ import annotations

import fcntl
import fnmatch
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from debian_root import CACHE, SUITES, base_root
from dockerfile import NotUnderstood, Stage, Step, exec_form, expand, pairs

STEP_SECONDS = 400
KEPT_SECONDS = 86_400
HOST_CERTIFICATES = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
LENT = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL")
"""Variables of this machine without which nothing could be fetched; an engine has the like predefined."""

BUILDER_CERTIFICATES = "/run/builder-certificates.crt"


class StepFailed(Exception):
    """A step of the Dockerfile ended with another code than 0; the text is what it said last."""


@dataclass(frozen=True)
class Image:
    """Layers, the lowest first, and what the file says of how to run them."""

    layers: tuple[Path, ...]
    key: str
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"
    copied: tuple[str, ...] = ()


@contextmanager
def mounted(layers: tuple[Path, ...], upper: Path | None = None) -> Iterator[Path]:
    """The merged files of these layers, read-only without an ``upper`` one that takes the changes."""
    work = Path(tempfile.mkdtemp(prefix="bridge-root-", dir=CACHE))
    root, scratch = work / "root", work / "work"
    root.mkdir()
    scratch.mkdir()
    options = "lowerdir=" + ":".join(str(each) for each in reversed(layers))
    if upper is not None:
        options += f",upperdir={upper},workdir={scratch}"
    elif len(layers) == 1:
        options += f":{scratch}"  # an overlay without an upper layer wants two lower ones
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", str(root)], check=True)
        shutil.rmtree(work)


class Builder:
    """Builds the stages of one Dockerfile from one context folder."""

    def __init__(self, stages: list[Stage], context: Path, arguments: dict[str, str] | None = None) -> None:
        self._stages = stages
        self._context = context
        self._arguments = arguments or {}
        self._made: dict[str, Image] = {}
        self.ran: list[str] = []
        """The steps that were run now; the others came from the cache."""

    def build(self) -> Image:
        """All stages in their order; the last one's image."""
        (CACHE / "layers").mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for stage in self._stages:
                self._made[stage.name] = self._stage(stage)
            _tidy()
        return self._made[self._stages[-1].name]

    def _stage(self, stage: Stage) -> Image:
        image = self._made.get(stage.base)
        if image is None:
            if stage.base not in SUITES:
                raise NotUnderstood(f"there is no root for FROM {stage.base}")
            root = base_root(stage.base)
            image = Image((root,), root.name)
        values: dict[str, str] = {}
        for step in stage.steps:
            image = self._step(image, step, values)
        return image

    def _step(self, image: Image, step: Step, values: dict[str, str]) -> Image:
        known = values | image.env
        match step.name:
            case "ARG":
                values |= {name: self._arguments.get(name, value) for name, value in pairs(step.rest).items()}
                return image
            case "ENV":
                return replace(image, env=image.env | pairs(expand(step.rest, known)))
            case "LABEL":
                return replace(image, labels=image.labels | pairs(expand(step.rest, known)))
            case "USER":
                return replace(image, user=step.rest)
            case "VOLUME":
                return replace(image, volumes=(*image.volumes, *step.words))
            case "EXPOSE":
                return image
            case "STOPSIGNAL":
                return replace(image, stop_signal=step.rest)
            case "ENTRYPOINT":
                return replace(image, entrypoint=_list(step), command=())
            case "CMD":
                return replace(image, command=_list(step))
            case "HEALTHCHECK":
                _, _, listed = step.rest.partition("CMD ")
                return replace(image, health=tuple(exec_form(listed.strip()) or ()))
            case "WORKDIR":
                return replace(self._folder(image, step.rest), workdir=step.rest)
            case "RUN":
                return self._run(image, step, known)
            case "COPY":
                return self._copy(image, step)
        raise NotUnderstood(step.name)

    # ------------------------------------------------------------ steps that change files

    def _folder(self, image: Image, path: str) -> Image:
        """WORKDIR makes the folder, as root, where it is not there."""

        def change(upper: Path) -> None:
            with mounted(image.layers, upper) as root:
                (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)

        return self._layer(image, f"WORKDIR {path}", change)

    def _run(self, image: Image, step: Step, known: dict[str, str]) -> Image:
        caches = []
        if "mount" in step.flags:
            given = dict(part.split("=", 1) for part in step.flags["mount"].split(","))
            if set(given) != {"type", "target"} or given["type"] != "cache":
                raise NotUnderstood(f"--mount={step.flags['mount']}")
            caches.append(given["target"])

        def change(upper: Path) -> None:
            with mounted(image.layers, upper) as root:
                _in_root(root, step.rest, image, known, caches)
            # Mount points and what the builder lends are no part of a layer.
            for each in (*caches, BUILDER_CERTIFICATES, "/etc/resolv.conf"):
                _remove_empty(upper, each)

        return self._layer(image, f"RUN {step.rest} {sorted(known.items())} {image.user} {image.workdir}", change)

    def _copy(self, image: Image, step: Step) -> Image:
        *sources, target = step.words
        into = target.endswith("/") or len(sources) > 1
        place = os.path.normpath(os.path.join(image.workdir, target))
        origin = step.flags.get("from")
        if origin is not None:
            other = self._made[origin]
            content = other.key
        else:
            other = None
            content = _digest(self._context, sources)

        def change(upper: Path) -> None:
            with mounted(image.layers, upper) as root:
                if other is None:
                    _copy_all(self._context, sources, root / place.lstrip("/"), into=into)
                else:
                    with mounted(other.layers) as theirs:
                        _copy_all(theirs, [each.lstrip("/") for each in sources], root / place.lstrip("/"), into=into)

        made = self._layer(image, f"COPY {sources} {place} {into} {content}", change)
        return replace(made, copied=(*image.copied, place))

    def _layer(self, image: Image, what: str, change: object) -> Image:
        key = hashlib.sha256(f"{image.key}\n{what}".encode()).hexdigest()[:40]
        layer = CACHE / "layers" / key
        if not layer.is_dir():
            began = time.monotonic()
            draft = Path(tempfile.mkdtemp(prefix="draft-", dir=CACHE))
            draft.chmod(0o755)
            try:
                change(draft)  # type: ignore[operator]
            except BaseException:
                shutil.rmtree(draft)
                raise
            draft.rename(layer)
            self.ran.append(f"{time.monotonic() - began:.1f} s {what}")
        os.utime(layer)
        return replace(image, layers=(*image.layers, layer), key=key)


def _list(step: Step) -> tuple[str, ...]:
    listed = exec_form(step.rest)
    if listed is None:
        raise NotUnderstood(f"line {step.line}: the shell form of {step.name} puts a shell before the signal")
    return tuple(listed)


def _in_root(root: Path, command: str, image: Image, known: dict[str, str], caches: list[str]) -> None:
    """Run a shell command in this root, with the network and the certificates of the machine, in namespaces."""
    lent = root / BUILDER_CERTIFICATES.lstrip("/")
    for each in (lent, root / "etc/resolv.conf"):
        if not each.exists():
            each.touch()
    binds = [
        (HOST_CERTIFICATES, lent),
        (Path("/dev"), root / "dev"),
        (Path("/etc/resolv.conf"), root / "etc/resolv.conf"),
    ]
    for target in caches:
        place = root / target.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        kept = (
            pip_cache() if target.endswith("/pip") else CACHE / "mounts" / hashlib.sha256(target.encode()).hexdigest()
        )
        kept.mkdir(parents=True, exist_ok=True)
        binds.append((kept, place))
    mounts = [f"mount --rbind {shlex.quote(str(source))} {shlex.quote(str(place))}" for source, place in binds]
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    env |= {"DEBIAN_FRONTEND": "noninteractive", "PIP_CERT": BUILDER_CERTIFICATES}
    env |= {name: os.environ[name] for name in LENT if name in os.environ}
    script = "\n".join(
        [
            "set -e",
            *mounts,
            f"mount -t proc proc {shlex.quote(str(root / 'proc'))}",
            shlex.join(
                ["exec", "chroot", f"--userspec={image.user}", str(root), "env", "-i"]
                + [f"{name}={value}" for name, value in (env | known).items()]
                + ["/bin/sh", "-c", f"cd {shlex.quote(image.workdir)} && {command}"]
            ),
        ]
    )
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=STEP_SECONDS,
    )
    if done.returncode != 0:
        raise StepFailed(f"RUN {command}\nended with {done.returncode}:\n{done.stdout[-3000:]}")


def pip_cache() -> Path:
    """The cache that this machine's pip uses as well."""
    return Path(os.environ.get("PIP_CACHE_DIR") or "~/.cache/pip").expanduser()


def _remove_empty(upper: Path, path: str) -> None:
    place = upper / path.lstrip("/")
    if place.is_file():
        place.unlink()
    while place != upper and not (place.is_dir() and any(place.iterdir())):
        if place.is_dir():
            place.rmdir()
        place = place.parent


# ---------------------------------------------------------------- copying


def ignored(context: Path, path: str) -> bool:
    """Whether ``.dockerignore`` keeps this path from the builder: the last pattern that fits decides."""
    out = False
    for line in (context / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        back, pattern = pattern.startswith("!"), pattern.removeprefix("!")
        parts = path.split("/")
        fits = any(fnmatch.fnmatch("/".join(parts[:count]), pattern) for count in range(1, len(parts) + 1))
        if pattern.startswith("**/"):
            fits = any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
        if fits:
            out = not back
    return out


def sent(context: Path, source: str) -> list[str]:
    """The files below ``source`` that reach the builder."""
    place = context / source
    if not place.exists():
        raise NotUnderstood(f"COPY {source}: it is not there")
    found = [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.is_file())
    names = [str(each.relative_to(context)) for each in found]
    kept = [name for name in names if not ignored(context, name)]
    if not kept:
        raise NotUnderstood(f"COPY {source}: .dockerignore keeps it from the builder")
    return kept


def _digest(context: Path, sources: list[str]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        for name in sent(context, source):
            content = (context / name).read_bytes()
            digest.update(f"{name} {len(content)} {(context / name).stat().st_mode & 0o111}\n".encode() + content)
    return digest.hexdigest()


def _copy_all(origin: Path, sources: list[str], target: Path, *, into: bool) -> None:
    """A folder's content goes into the target, a file to it or into it; all of it root's, as COPY does."""
    for source in sources:
        place = origin / source
        if (origin / ".dockerignore").is_file():
            for name in sent(origin, source):
                within = Path(name).relative_to(source) if place.is_dir() else Path(place.name) if into else Path()
                _copy_file(origin / name, target / within)
        elif place.is_dir():
            subprocess.run(["cp", "-a", "--no-preserve=ownership", f"{place}/.", str(_folder(target))], check=True)
        else:
            _copy_file(place, target / place.name if into else target)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    os.chown(target, 0, 0)


def _tidy() -> None:
    """Forget layers that nobody has used for days, and what a killed run has left."""
    for each in [*(CACHE / "layers").iterdir(), *CACHE.glob("draft-*")]:
        if each.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(each, ignore_errors=True)
