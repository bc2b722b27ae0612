"""One writer per target, for as long as its process lives; never taken over because time went by."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rosterbus.errors import RetriableError
from rosterbus.private import private_folder, write_private_text


@contextmanager
def locked(folder: Path, target: str, pipeline: str, *, since: datetime) -> Iterator[None]:
    """Hold the lock of a target; raises RetriableError, naming the holder, if it is held already."""
    path = private_folder(folder) / hashlib.sha256(target.encode()).hexdigest()
    lock, holder = (
        FileLock(path.with_suffix(".lock"), mode=0o600, fallback_to_soft=False),
        path.with_suffix(".json"),
    )
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise RetriableError(
            f"{target} is being written to by {_named(holder)}; run the command again later"
        ) from None
    try:
        about = {"pid": os.getpid(), "since": since.isoformat(timespec="seconds"), "pipeline": pipeline}
        write_private_text(holder, json.dumps(about))
        yield
    finally:
        # The note goes first, or it could be the note of whoever takes the lock next.
        holder.unlink(missing_ok=True)
        lock.release()


def _named(holder: Path) -> str:
    try:
        about = json.loads(holder.read_text(encoding="utf-8"))
    except FileNotFoundError:  # between taking the lock and leaving the note
        return "another run"
    return f"pipeline {about['pipeline']}, process {about['pid']}, since {about['since']}"
