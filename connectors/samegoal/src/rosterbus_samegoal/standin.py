"""SameGoal on this machine: its two folders behind an SFTP server, and a loader that takes finished epochs."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_text
from rosterbus_sftp.server import SFTPServer

from rosterbus_samegoal.answers import ANSWERS
from rosterbus_samegoal.loader import Loader
from rosterbus_samegoal.published import AUTO, EPOCH, MARKER, PROCESSED, UPLOAD

USER = "district"
LOOK_SECONDS = 1.0
QUIET_SECONDS = 3.0
"""How long a file without an epoch must not have changed before the watcher believes that it is whole."""
NAMED_BY_TIME = re.compile(r"\d{8}-\d{6}")


def start(folder: Path) -> Twin:
    """Start the server and the watcher over `folder`; started again there, they are the same ones."""
    server = SFTPServer(private_folder(folder) / "server", users=(USER,))
    watcher = Watcher(server.home(), folder)
    server.start()
    watcher.start()

    def stop() -> None:
        watcher.stop()
        server.stop()

    return Twin(
        name="samegoal",
        settings={**server.settings(), "upload": UPLOAD, "processed": PROCESSED},
        reach=[server.command(), f"analyses: {watcher.analyses}"],
        stop=stop,
        settle=watcher.settle,
        answers=ANSWERS,
        folder=folder,
        extras={"server": server, "loader": watcher.loader},
        seen=server.seen,
        received=server.received,
        port=server.port,
        through=server.through,
        faults=server.wrongs(drop_after=MARKER),
    )


class Watcher:
    """Takes epochs from /upload, in the order of their names, and moves them to /upload-processed."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.loader = Loader(folder)
        self.analyses = private_folder(folder / "analyses")
        self._upload = private_folder(home / UPLOAD.strip("/"))
        self._processed = private_folder(home / PROCESSED.strip("/"))
        self._told: list[Mapping[str, Any]] = []
        self._one_at_a_time, self._stopped = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="samegoal twin", daemon=True)

    def start(self) -> None:
        """Look every second from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Take what has arrived; the analyses of all epochs so far, the oldest first."""
        return self._look(quiet=0)

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self._look(quiet=QUIET_SECONDS)

    def _look(self, *, quiet: float) -> Sequence[Mapping[str, Any]]:
        with self._one_at_a_time:
            self._gather(quiet)
            for epoch in sorted(self._upload.iterdir()):
                if NAMED_BY_TIME.fullmatch(epoch.name) and MARKER in _names(epoch):
                    self._take(epoch)
            return list(self._told)

    def _gather(self, quiet: float) -> None:
        """Make an epoch of the files that came without one, once all of them rest."""
        files = [path for path in self._upload.iterdir() if path.is_file() and path.name.endswith(AUTO)]
        if not files or any(time.time() - path.stat().st_mtime < quiet for path in files):
            return
        moment = datetime.now().astimezone()
        while any((folder / f"{moment:{EPOCH}}").exists() for folder in (self._upload, self._processed)):
            moment += timedelta(seconds=1)
        epoch = private_folder(self._upload / f"{moment:{EPOCH}}")
        for path in files:
            path.rename(epoch / f"{path.name.removesuffix(AUTO)}.csv")
        (epoch / MARKER).touch(mode=0o600)

    def _take(self, epoch: Path) -> None:
        processed = self._processed / epoch.name
        if processed.exists():
            return
        analysis = self.loader.take(epoch)
        write_private_text(self.analyses / f"{epoch.name}.json", json.dumps(analysis, indent=2) + "\n")
        self._told.append({name: told for name, told in analysis.items() if name != "refused_rows"})
        epoch.rename(processed)


def _names(folder: Path) -> set[str]:
    """The names in a folder as they are spelt, also where the disk does not tell capitals."""
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
