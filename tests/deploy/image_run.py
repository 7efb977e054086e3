"""Runs an image without a container engine: namespaces, a read-only root, a user without any capability.

A ``Pod`` is a network of its own with nothing but loopback; its ``Container``s see their image read-only, a volume at
each place that the image names, a /tmp in memory, and themselves as process 1. Must not give a container more than
``docker run --read-only --cap-drop ALL --security-opt no-new-privileges`` would.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from debian_root import CACHE
from image_build import Image, mounted

START_SECONDS = 120
DEVICES = ("null", "zero", "full", "random", "urandom")
LOOPBACK_UP = (
    # SIOCGIFFLAGS and SIOCSIFFLAGS with IFF_UP: netdevice(7).
    "import fcntl,socket,struct,sys;s=socket.socket();n=b'lo'.ljust(16,b'\\0');"
    "f=struct.unpack('16sh',fcntl.ioctl(s,0x8913,n+b'\\0\\0'))[1];fcntl.ioctl(s,0x8914,n+struct.pack('h',f|1));"
    "print('up',flush=True);sys.stdin.read()"
)


class Pod:
    """``with Pod(image) as pod``: a network of its own, and what runs in it."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._stack = ExitStack()
        self._containers: list[Container] = []

    def __enter__(self) -> Pod:
        self.root = self._stack.enter_context(mounted(self.image.layers))
        self.folder = Path(tempfile.mkdtemp(prefix="volumes-", dir=CACHE))
        self._stack.callback(shutil.rmtree, self.folder)
        self._holder = subprocess.Popen(
            ["unshare", "--net", "/usr/bin/env", "python3", "-c", LOOPBACK_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.push(self._holder)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "up\n"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in self._containers:
            each.kill()
        self._stack.close()

    @property
    def network(self) -> str:
        """The network's file."""
        return f"/proc/{self._holder.pid}/ns/net"

    def run(self, *command: str, name: str = "bridge", **env: str) -> Container:
        """Start a container; ``command`` replaces CMD. Containers of one name share their volumes."""
        made = Container(self, command, name, env)
        self._containers.append(made)
        return made


class Container:
    """One running image."""

    def __init__(self, pod: Pod, command: tuple[str, ...], name: str, env: dict[str, str]) -> None:
        image, self._pod = pod.image, pod
        user, group = image.user.split(":")
        root, q = pod.root, shlex.quote
        # The volumes' mount points are the image's own folders; their first content and owner is too.
        lines = ["set -e", f"mount -t tmpfs -o mode=1777 tmpfs {q(str(root / 'tmp'))}"]
        for volume in image.volumes:
            place = pod.folder / f"{name}{volume.replace('/', '-')}"
            if not place.exists():
                shutil.copytree(root / volume.lstrip("/"), place)
                os.chown(place, int(user), int(group))
            lines.append(f"mount --bind {q(str(place))} {q(str(root / volume.lstrip('/')))}")
        dev = root / "dev"
        lines += [
            f"mount -t tmpfs -o mode=755 tmpfs {q(str(dev))}",
            *(f"touch {q(str(dev / each))} && mount --bind /dev/{each} {q(str(dev / each))}" for each in DEVICES),
            f"mkdir -m 1777 {q(str(dev / 'shm'))} && mount -t tmpfs -o mode=1777 tmpfs {q(str(dev / 'shm'))}",
            f"mount -o remount,ro {q(str(dev))}",
            f"mount -t proc -o nosuid,nodev,noexec proc {q(str(root / 'proc'))}",
            "mount -t tmpfs -o ro tmpfs " + q(str(root / "sys")),
        ]
        without = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        without += ["--bounding-set=-all", "--inh-caps=-all"]
        given = {"HOSTNAME": name, "HOME": image.workdir} | image.env | env
        self.env = ["env", "-i", f"--chdir={image.workdir}", *(f"{key}={value}" for key, value in given.items())]
        started = [*self.env, *image.entrypoint, *(command or image.command)]
        lines.append(shlex.join(["exec", "chroot", str(root), *without, *started]))
        self.said = pod.folder / f"{name}-{time.monotonic_ns()}.log"
        namespaces = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [
                    *("nsenter", f"--net={pod.network}", "unshare", *namespaces, "bash", "-c", "\n".join(lines)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self._without = without
        self.image = image

    @property
    def main(self) -> int:
        """The number, seen from outside, of what is process 1 inside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if found := children.read_text().split():
                return int(found[0])
            time.sleep(0.02)
        raise AssertionError("nothing was started")

    def exec(self, *command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as the same user, as `docker exec` does."""
        into = ["nsenter", f"--target={self.main}", "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd"]
        return subprocess.run(
            [*into, *self._without, *self.env, *command], capture_output=True, text=True, timeout=seconds
        )

    def until_said(self, words: str) -> None:
        """Wait for it in the container's log."""
        until = time.monotonic() + START_SECONDS
        while words not in self.log:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log}"
            assert time.monotonic() < until, f"never said {words!r}: {self.log}"
            time.sleep(0.05)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.said.read_text(errors="replace")

    def stop(self, seconds: float = 135) -> int:
        """The image's stop signal to process 1; the code it ended with."""
        os.kill(self.main, signal.Signals[self._pod.image.stop_signal])
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            # Process 1 itself, and with it all inside: --kill-child's signal does not survive setpriv (prctl(2),
            # PR_SET_PDEATHSIG: a change of credentials clears it).
            with contextlib.suppress(AssertionError, ProcessLookupError):
                os.kill(self.main, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
