"""Fresh processes in which the wheel comes first: a clean environment, a bounded time, and nobody left behind."""

from __future__ import annotations

import json
import os
import signal
import site
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
    request: Mapping[str, Any], *, folder: Path, environment: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Run the suite, and give every note of the witness as soon as it is there.

    Ends with ``{"what": "ended", ...}`` of the process: `code` it left with, None where it had to be ended.
    """
    with started("witness", request, folder=folder, environment=environment) as process:
        path = Path(request["notes"])
        while not path.exists() and process.poll() is None:
            time.sleep(PAUSE)
        if path.exists():
            yield from _lines(path, process, request["limit"] + GRACE)
        yield {"what": "gone", "code": process.poll()}


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


def _lines(path: Path, process: subprocess.Popen[bytes], patience: float) -> Iterator[dict[str, Any]]:
    heard = time.monotonic()
    with path.open(encoding="utf-8") as file:
        while True:
            over = process.poll() is not None
            place = file.tell()
            line = file.readline()
            if line.endswith("\n"):
                heard = time.monotonic()
                yield json.loads(line)
            elif over or time.monotonic() - heard > patience:
                return
            else:
                file.seek(place)
                time.sleep(PAUSE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """A test that was cut short leaves servers behind; they are of the process's own group."""
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
