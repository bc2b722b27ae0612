"""Network shares, where SQLite's locks cannot be trusted."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rosterbus.errors import ConfigError

KINDS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "fuse.glusterfs"})
MOUNTS = Path("/proc/mounts")


def refuse_network_share(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """Raise ConfigError where a folder lies on a network share, as far as the system's mount list tells."""
    if not mounts.exists():
        return
    kind = _kind_of(folder.resolve(), os.fsdecode(mounts.read_bytes()))
    if kind in KINDS:
        msg = (
            "the state folder lies on a network share, where locks cannot be trusted; put it on a local disk"
        )
        raise ConfigError(msg, file=folder, key="state_dir", found=kind)


def _kind_of(folder: Path, mounts: str) -> str:
    """The file system of the innermost mount that holds the folder; of two on one point, the later one."""
    kind, depth = "", 0
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        path = Path(_unescaped(point))
        if folder.is_relative_to(path) and len(path.parts) >= depth:
            kind, depth = found, len(path.parts)
    return kind


def _unescaped(point: str) -> str:
    r"""The kernel writes a blank in a mount point as ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
