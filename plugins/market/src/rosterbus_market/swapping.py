"""A folder that is made beside the old one and takes its place only when it is whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rosterbus.errors import ConfigError


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it becomes `folder`, readable by everybody, when the block ends well."""
    folder = folder.absolute()
    recovered(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        yield fresh
        open_to_all(fresh)
        _swap(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def recovered(folder: Path) -> Path:
    """The folder, put back where a swap was killed between its two steps."""
    old = _old(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    return folder


def _swap(fresh: Path, folder: Path) -> None:
    old = _old(folder)
    shutil.rmtree(old, ignore_errors=True)
    try:
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except OSError as error:
        recovered(folder)
        raise ConfigError(f"the new folder cannot take its place: {error.strerror}", file=folder) from error
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def open_to_all(folder: Path) -> None:
    """The command line makes everything private; a site is there to be read by a web server."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
