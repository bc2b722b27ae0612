"""The demo's side of the twins: starts their keeper, asks it, and stops it or leaves it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rosterbus.errors import RosterbusError
from rosterbus.private import open_private

STOP_SECONDS = 30


class Twins:
    """The twins of several vendors, up for the length of a ``with`` block unless they are kept."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "rosterbus_demo.keeper", str(folder), *names]
        self._log = open_private(folder / "twins.log", "ab")
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
        )
        self._kept = False
        try:
            told = self._answer()
        except BaseException:
            self._end()
            raise
        self.settings: Mapping[str, Mapping[str, Any]] = {name: one["settings"] for name, one in told.items()}
        self.reach: Mapping[str, Sequence[str]] = {name: one["reach"] for name, one in told.items()}

    def __enter__(self) -> Twins:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def settle(self) -> dict[str, list[dict[str, Any]]]:
        """What each twin made of everything that arrived so far."""
        self._say("settle")
        return self._answer()

    def keep(self) -> int:
        """Let the twins run on when the block ends; answers with the pid that ends them."""
        self._say("keep")
        pid: int = self._answer()["pid"]
        self._kept = True
        # The process lives on by intent: nobody will wait for it any more.
        self._process.returncode = 0
        return pid

    def _say(self, word: str) -> None:
        pipe = self._pipe(self._process.stdin)
        # A keeper that is gone is noticed by the answer that does not come.
        with suppress(BrokenPipeError):
            pipe.write(f"{word}\n".encode())
            pipe.flush()

    def _end(self) -> None:
        """Let go of the keeper, and stop it unless it is kept."""
        with suppress(BrokenPipeError):
            self._pipe(self._process.stdin).close()
        if not self._kept:
            self._stop()
        self._pipe(self._process.stdout).close()
        self._log.close()

    def _stop(self) -> None:
        """The end of its input ends the keeper; wait for that, but not for ever."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            self._stop()
            msg = f"the twins ended with {self._process.returncode}; their last words are in {self._log.name}"
            raise RosterbusError(msg)
        told: dict[str, Any] = json.loads(line)
        return told

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            msg = "the twins were started without pipes"
            raise RuntimeError(msg)
        return pipe
