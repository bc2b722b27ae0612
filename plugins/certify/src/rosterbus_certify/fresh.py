"""Fresh processes in which the wheel comes first: a clean environment, a bounded time, and nobody left behind."""

from __future__ import annotations

import json
import os
import signal
import site
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rosterbus.errors import RosterbusError
from rosterbus.private import private_folder, write_private_text

INSIDE = Path(__file__).parent / "inside"
KEPT = (
    "PATH",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NUMBER_OF_PROCESSORS",
)
"""Of the environment, what programs need to start; settings and secrets of whoever certifies stay out."""
SURVEY = 120
GRACE = 30
"""Seconds for a process that was told to end its test, before it is ended."""
PAUSE = 0.05


def environment(unpacked: Path, home: Path, *, own: bool = False) -> dict[str, str]:
    """What a fresh process is told; with `own` all that this one knows, except what steers Python and pytest."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith(("PYTHON", "PYTEST")) if own else name.upper() in KEPT)
    }
    folder = str(private_folder(home))
    at_home = (
        {} if own else {"HOME": folder, "USERPROFILE": folder, "APPDATA": folder, "LOCALAPPDATA": folder}
    )
    return {
        **kept,
        **at_home,
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(private_folder(home / "tmp"))),
        "PYTHONPATH": str(unpacked),
        "PYTHONSAFEPATH": "1",
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def ask(
    script: str, request: Mapping[str, Any], *, folder: Path, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Run a script of `inside` that answers once; raises RosterbusError where it does not."""
    answer = folder / f"{script}.answer.json"
    with (
        started(script, request, str(answer), folder=folder, environment=environment) as process,
        suppress(subprocess.TimeoutExpired),
    ):
        process.wait(SURVEY)
    if process.returncode or not answer.is_file():
        said = (folder / f"{script}.said").read_text(encoding="utf-8", errors="backslashreplace").strip()
        last = said.splitlines()[-1] if said else f"no word within {SURVEY} seconds"
        raise RosterbusError(f"the wheel cannot be looked at in a process of its own: {last}")
    answered: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return answered


def notes_of(
    requests: Sequence[Mapping[str, Any]], *, environment: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Start a witness for each request, all at once, and give each note at once, with its witness's place.

    The last one of each is ``{"what": "gone", "code": ...}``: what it left with, None where it had to be ended.
    """
    with ExitStack() as stack:
        witnesses = [stack.enter_context(_listening(one, environment=environment)) for one in requests]
        while not all(one.gone for one in witnesses):
            time.sleep(PAUSE)
            for place, one in enumerate(witnesses):
                yield from ((place, note) for note in one.news())


@contextmanager
def started(
    script: str, request: Mapping[str, Any], *more: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs a script of `inside` in `folder`; at the end it is gone, with all that it started."""
    asked = write_private_text(folder / f"{script}.json", json.dumps(request))
    command = [sys.executable, "-P", str(INSIDE / f"{script}.py"), str(asked), *more]
    with (folder / f"{script}.said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
        try:
            yield process
        finally:
            _end(process)


@contextmanager
def _listening(request: Mapping[str, Any], *, environment: Mapping[str, str]) -> Iterator[_Witness]:
    path = write_private_text(Path(request["notes"]), "")
    with (
        started("witness", request, folder=path.parent, environment=environment) as process,
        path.open(encoding="utf-8") as notes,
    ):
        yield _Witness(process, notes, request["limit"] + GRACE)


@dataclass
class _Witness:
    process: subprocess.Popen[bytes]
    notes: TextIO
    patience: float
    gone: bool = False
    heard: float = field(default_factory=time.monotonic)

    def news(self) -> Iterator[dict[str, Any]]:
        """What it has noted since the last time."""
        if self.gone:
            return
        over = self.process.poll() is not None
        place = self.notes.tell()
        while (line := self.notes.readline()).endswith("\n"):
            self.heard, place = time.monotonic(), self.notes.tell()
            yield json.loads(line)
        self.notes.seek(place)
        if over or time.monotonic() - self.heard > self.patience:
            self.gone = True
            yield {"what": "gone", "code": self.process.poll()}


def _end(process: subprocess.Popen[bytes]) -> None:
    """A test that was cut short leaves servers behind; they are of the process's own group."""
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
