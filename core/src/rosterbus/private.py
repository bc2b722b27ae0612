"""Files and folders that only their owner can read, private from the moment they exist.

On Windows, Python makes a folder of mode 0700 readable by its owner and the administrators alone (since
3.11.10 and 3.12.4), and files inherit that; the modes of single files mean nothing there. So private files
belong in a private folder.
"""

from __future__ import annotations

import os
import stat
import tempfile
from itertools import takewhile
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from rosterbus.errors import ConfigError

TextMode = Literal["w", "x", "a"]
BinaryMode = Literal["wb", "xb", "ab"]


def private_folder(path: Path) -> Path:
    """Create a folder of mode 0700, with every missing parent, and answer with it.

    A folder that exists already is closed to others; its parents are left as they are. Raises ConfigError
    where it cannot be made or closed.
    """
    missing = takewhile(lambda parent: not parent.exists(), path.parents)
    try:
        for folder in (*reversed(list(missing)), path):
            folder.mkdir(mode=0o700, exist_ok=True)
        _close_to_others(path)
    except OSError as error:
        msg = f"the private folder cannot be made or closed to others: {error.strerror}"
        raise ConfigError(msg, file=path) from error
    return path


@overload
def open_private(path: Path, mode: TextMode, *, encoding: str = ..., newline: str = ...) -> TextIO: ...
@overload
def open_private(path: Path, mode: BinaryMode, *, encoding: None = ..., newline: None = ...) -> BinaryIO: ...
def open_private(
    path: Path, mode: str, *, encoding: str | None = None, newline: str | None = None
) -> IO[Any]:
    r"""Open a file for writing with mode 0600 from creation; a file that exists already is closed to others.

    Text is UTF-8 with the newline ``\n`` unless said otherwise. Raises OSError as `open` does.
    """
    if "b" in mode:
        return open(path, mode, opener=_opened_privately)
    return open(
        path,
        mode,
        encoding=encoding or "utf-8",
        newline="\n" if newline is None else newline,
        opener=_opened_privately,
    )


def write_private_bytes(path: Path, data: bytes) -> Path:
    """Write a whole file of mode 0600 or leave the old one as it was, whatever happens in between."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return path


def write_private_text(path: Path, text: str) -> Path:
    """`write_private_bytes` of a text in UTF-8, its newlines unchanged."""
    return write_private_bytes(path, text.encode("utf-8"))


def _opened_privately(path: str, flags: int) -> int:
    handle = os.open(path, flags, 0o600)
    if os.name == "posix":
        try:
            os.fchmod(handle, 0o600)
        except BaseException:
            os.close(handle)
            raise
    return handle


def _close_to_others(folder: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def sync_file(path: Path) -> None:
    """Make what another library wrote durable, and its name too."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in it durable; Windows cannot open a folder and does not need it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
