"""Is a path on a network file system, or in memory? Linux's mount table tells; elsewhere nothing is known or refused.

SQLite's WAL needs shared memory between its processes and honest locks, which network file systems do not give
(https://sqlite.org/wal.html, "All processes using a database must be on the same host computer";
https://sqlite.org/howtocorrupt.html, 2.1). Must not open the database.
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNT_TABLE = Path("/proc/mounts")

NETWORK = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs"),
        *("9p", "afs", "ceph", "coda", "davfs", "glusterfs", "gpfs", "lustre", "beegfs", "ocfs2", "gfs2", "vboxsf"),
    }
)
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs"})
"""Rootless containers put their whole file system on it. Any other ``fuse.`` is refused: sshfs, s3fs, rclone, ..."""


MEMORY = frozenset({"tmpfs", "ramfs"})
"""Local, and gone when the machine or the container restarts."""


def file_system(path: Path, table: Path = MOUNT_TABLE) -> str | None:
    """The type of the file system that holds ``path``, or None where nobody knows."""
    try:
        mounts = table.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return _type_at(path.resolve(), mounts) or None


def network_file_system(path: Path, table: Path = MOUNT_TABLE) -> str | None:
    """The type of the network file system that holds ``path``, or None where it is a local one or nobody knows."""
    kind = file_system(path, table)
    if kind is not None and (kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)):
        return kind
    return None


def _type_at(path: Path, mounts: str) -> str:
    """The file system type of the longest mount point above ``path``; of equals the last, which hides the others."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_unescaped(fields[1]))
        if len(point.parts) >= best and path.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind


def _unescaped(field: str) -> str:
    """The kernel writes space, tab, newline and backslash as three octal digits (proc_pid_mounts(5), fstab(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), field)
