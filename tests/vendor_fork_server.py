"""Runs command lines in forked children, each killed at a step that it is told; all imports are made once.

Reads lines of JSON from standard input, each a list of jobs that run at the same time, `{"arguments": [...],
"kill_at": n}`, and answers each with a line of their ends: `{"code", "place", "steps", "said"}`. A step is anything
that a connector does at its vendor, and every transaction in the ledger that moves a delivery.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import posixpath
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb  # noqa: F401 - here, so that no child has to
import rosterbus_handshake
import rosterbus_oneroster
import rosterbus_s3.store
import rosterbus_samegoal
import rosterbus_sftp.remote
from rosterbus.cli import command_line as run
from rosterbus.ledger.store import Store

SECONDS = 90
COMMANDS = [importlib.import_module(f"rosterbus.cli.{name}") for name in ("baseline", "run")]
IMPORTED = (rosterbus_handshake, rosterbus_oneroster, rosterbus_samegoal)
AT_THE_VENDOR = (
    (rosterbus_s3.store.Store, "put_once"),
    (rosterbus_sftp.remote.Remote, "make_folder"),
    (rosterbus_sftp.remote.Remote, "put"),
    (rosterbus_sftp.remote.Remote, "mark"),
    (importlib.import_module("rosterbus_sftp.upload"), "_rename"),
)
Step = Callable[[str], None]


def step_around(owner: Any, name: str, step: Step) -> None:
    whole = getattr(owner, name)

    def stepping(*arguments: Any, **options: Any) -> Any:
        what = f"{name.strip('_')} {posixpath.basename(str(arguments[1]))}"
        step(f"before {what}")
        answer = whole(*arguments, **options)
        step(f"after {what}")
        return answer

    setattr(owner, name, stepping)


def step_around_ledger(step: Step) -> None:
    whole = Store.write

    @contextmanager
    def write(self: Store) -> Iterator[Any]:
        name = sys._getframe(2).f_code.co_qualname  # the one between is contextlib's
        moves = name.startswith(("Deliveries.", "Confirmations."))
        if moves:
            step(f"before {name}")
        with whole(self) as connection:
            yield connection
        if moves:
            step(f"after {name}")

    Store.write = write


def work(job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) - 1 == job["kill_at"]:
            tell({"place": name})
            os.kill(os.getpid(), signal.SIGKILL)

    step_around_ledger(step)
    for owner, name in AT_THE_VENDOR:
        step_around(owner, name, step)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = run(job["arguments"])
    tell({"exit": code, "steps": steps, "said": said.getvalue()})


def begin(job: dict[str, Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        try:
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                work(job, lambda told: print(json.dumps(told), file=pipe, flush=True))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    return child, reading


def end(child: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = pipe.readlines()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "place": "", "steps": [], "said": "", **(json.loads(told[-1]) if told else {})}


if __name__ == "__main__":
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        print(json.dumps([end(*begun) for begun in list(map(begin, json.loads(line)))]), flush=True)  # noqa: T201
