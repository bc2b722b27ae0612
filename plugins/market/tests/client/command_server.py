"""Runs `rosterbus ...` in children of a process that has imported it already: each as fresh as a new one, and quicker.

One line of JSON for each command comes in, its exit code goes out; what it prints goes into files.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

import rosterbus_market.cli.install
import rosterbus_market.cli.trust  # noqa: F401
from rosterbus.cli import command_line


def child(order: dict[str, object], out: int, err: int) -> int:
    """One command."""
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    os.chdir(str(order["folder"]))
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    importlib.invalidate_caches()
    code = command_line(order["arguments"])  # type: ignore[arg-type]
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        files = [
            os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for name in ("out", "err")
        ]
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = child(order, *files)
            finally:
                os._exit(code)
        for file in files:
            os.close(file)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201


main()
