"""{{ cookiecutter.system }} on this machine: a folder, and an importer of what is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Seen, Twin
from rosterbus.private import private_folder

from {{ cookiecutter.module }}.destination import MARKER
from {{ cookiecutter.module }}.importer import ANSWERS, Importer


def start(folder: Path) -> Twin:
    """Make the folder; nothing has to run. Stopping is as if the share were unmounted."""
    share, away, importer = folder / "share", folder / "unmounted", Importer()
    if away.is_dir():
        away.rename(share)
    private_folder(share)

    def settle() -> Sequence[Mapping[str, Any]]:
        for marker in sorted(share.glob(f"*/{MARKER}")):
            delivery = marker.parent
            if not importer.took(delivery.name):
                files = [path for path in delivery.iterdir() if path != marker]
                importer.take(delivery.name, {path.name: path.read_bytes() for path in files})
        return importer.analyses

    def unmount() -> None:
        if share.is_dir():
            share.rename(away)

    @contextmanager
    def full() -> Iterator[None]:
        unmount()
        share.touch()  # a file, in which nothing can be written by anybody
        yield
        share.unlink()
        away.rename(share)

    def seen() -> Sequence[Seen]:
        return sorted((_seen(path) for path in share.rglob("*") if path.is_file()), key=lambda one: one.at)

    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"folder": str(share)},
        reach=[f"deliveries: {share}"],
        stop=unmount,
        settle=settle,
        answers=ANSWERS,
        folder=folder,
        seen=seen,
        received=lambda name: Path(name).read_bytes(),
        faults={"disk full": full},
    )


def _seen(path: Path) -> Seen:
    content, written = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Seen(written, "wrote", path.as_posix(), len(content), hashlib.sha256(content).hexdigest())
