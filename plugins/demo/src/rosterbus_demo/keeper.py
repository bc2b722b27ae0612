"""Keeps the vendors' twins in a process of its own, so that they can outlive the demo.

Run as ``python -m rosterbus_demo.keeper FOLDER NAME...``: starts the twins, prints one line of JSON with their
settings, and then does what the lines on standard input say: ``settle`` prints what the twins made of what arrived,
``keep`` lets them run on until SIGTERM ends the process. Without ``keep`` the end of the input stops them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock
from rosterbus.deliveries import Twin
from rosterbus.private import write_private_text
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference

from rosterbus_demo.project import LOCK, PID


def keep(folder: Path, names: Sequence[str]) -> None:
    """Start the twins and serve until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with FileLock(folder / LOCK, blocking=False), ExitStack() as stack:
        write_private_text(folder / PID, str(os.getpid()))
        twins = _started(folder, names, stack)
        _print(
            {
                name: {"settings": _plain(twin.settings), "reach": list(twin.reach)}
                for name, twin in twins.items()
            }
        )
        for line in sys.stdin:
            if line.strip() == "settle":
                _print({name: _plain(list(twin.settle())) for name, twin in twins.items()})
            elif line.strip() == "keep":
                _print({"pid": os.getpid()})
                threading.Event().wait()


def _started(folder: Path, names: Sequence[str], stack: ExitStack) -> dict[str, Twin]:
    """Start the twins side by side, since each waits for its server; all that came up are stopped with `stack`."""

    def start(name: str) -> Twin:
        twin = start_twin(name, folder / name, {})
        stack.callback(twin.stop)
        return twin

    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(start, names), strict=True))


def _print(told: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, default=str) + "\n")
    sys.stdout.flush()


def _plain(told: Any) -> Any:
    """Settings as a pipeline file would say them: references to secrets as tables."""
    if isinstance(told, SecretReference):
        return {told.kind: told.name}
    if isinstance(told, Mapping):
        return {key: _plain(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_plain(value) for value in told]
    return told


if __name__ == "__main__":
    if os.name == "posix":
        os.umask(0o077)
    keep(Path(sys.argv[1]), sys.argv[2:])
