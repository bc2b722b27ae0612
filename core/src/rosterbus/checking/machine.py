"""The machine: a private local state folder, room on the disk, time zones, file modes, an unaltered ledger."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, create_engine

from rosterbus.checking.facts import Fact, reported
from rosterbus.errors import ConfigError
from rosterbus.ledger.chain import Events
from rosterbus.ledger.ledger import FILE
from rosterbus.ledger.shares import refuse_network_share
from rosterbus.ledger.store import Store

MACHINE = "machine"
LEAST_FREE = 1_000_000_000
"""Bytes that should be free: an export, its copy in the engine, and staged files, of a large district."""


def machine_facts(state_dir: Path) -> Iterator[Fact]:
    """Everything about this machine that a run depends on."""
    for facts in (_folder(state_dir), _disk(state_dir), _zones(), _modes(), _ledger(state_dir / FILE)):
        yield from reported(MACHINE, facts)


def _folder(state_dir: Path) -> Iterator[Fact]:
    refuse_network_share(state_dir)
    if not state_dir.exists():
        parent = _nearest(state_dir)
        if not os.access(parent, os.W_OK):
            raise ConfigError("the state folder cannot be made here", file=state_dir, key="state_dir")
        yield Fact("ok", MACHINE, f"the state folder {state_dir} will be made, private, by the first plan")
        return
    if not state_dir.is_dir():
        raise ConfigError("the state folder is no folder", file=state_dir, key="state_dir")
    if not os.access(state_dir, os.W_OK):
        raise ConfigError("the state folder cannot be written", file=state_dir, key="state_dir")
    mode = stat.S_IMODE(state_dir.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        msg = "the state folder can be read by others; run: chmod 700"
        raise ConfigError(msg, file=state_dir, key="state_dir", found=f"mode {mode:04o}")
    yield Fact("ok", MACHINE, f"the state folder {state_dir} is local and private")


def _disk(state_dir: Path) -> Iterator[Fact]:
    free = shutil.disk_usage(_nearest(state_dir)).free
    grade, advice = ("ok", "") if free >= LEAST_FREE else ("warn", "; an export and its copies may not fit")
    yield Fact(
        "ok" if grade == "ok" else "warn", MACHINE, f"{free / 1e9:,.1f} GB are free for the state{advice}"
    )


def _zones() -> Iterator[Fact]:
    known = len(zoneinfo.available_timezones())
    if not known:
        yield Fact("fail", MACHINE, "there are no time zones on this machine; run: pip install tzdata", 1)
        return
    yield Fact("ok", MACHINE, f"{known} time zones are known")


def _modes() -> Iterator[Fact]:
    if os.name != "posix":
        yield Fact("ok", MACHINE, f"files are kept to their owner by their folder ({sys.platform})")
        return
    umask = os.umask(0o077)
    os.umask(umask)
    closed = umask & 0o077 == 0o077
    sentence = (
        "new files are closed to others" if closed else "new files may be read by others; set it to 077"
    )
    yield Fact("ok" if closed else "warn", MACHINE, f"{sentence} (umask {umask:03o})")


def _ledger(file: Path) -> Iterator[Fact]:
    if not file.exists():
        yield Fact("ok", MACHINE, "there is no ledger yet")
        return
    store = _Untouched(file)
    try:
        breaks = Events(store).verify()
    finally:
        store.close()
    for sentence in breaks:
        yield Fact("fail", MACHINE, f"the ledger was altered: {sentence}; compare it with a copy", 1)
    if not breaks:
        yield Fact("ok", MACHINE, "the ledger's record is whole: no line was altered or deleted")


class _Untouched(Store):
    """A ledger opened for reading alone: nothing is created, brought up to date or written.

    Even a reader makes SQLite create the files of its write-ahead log, unless it is told that the file does not change,
    which is true while nobody has that log open.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        query = {"mode": "ro", "uri": "true"}
        if not file.with_name(f"{file.name}-wal").exists():
            query["immutable"] = "1"
        self.engine = create_engine(
            URL.create("sqlite", database=file.resolve().as_uri(), query=query), hide_parameters=True
        )


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())
