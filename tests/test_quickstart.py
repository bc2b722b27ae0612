"""The quickstart works as it is written: every command of it, in order, ends as the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rosterbus.cli import command_line as run

PAGE = Path(__file__).parents[1] / "docs" / "quickstart.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS = 60
START = "from rosterbus.cli import main; main()"


def commands() -> Iterator[tuple[list[str], int]]:
    """Every command line of the page, and the exit code that a comment behind it says."""
    for block in CONSOLE.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            written, _, code = line.removeprefix("$ ").partition("# exit ")
            yield shlex.split(written), int(code or 0)


def is_running(pid: int) -> bool:
    """Whether a process does anything still; one that nobody has asked after yet does not."""
    asked = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.returncode == 0 and not asked.stdout.strip().startswith("Z")


def end(pid: int) -> None:
    """End the keeper of the twins, and wait until it is gone."""
    os.kill(pid, signal.SIGTERM)
    for _ in range(SECONDS * 10):
        if not is_running(pid):
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} did not end")


@pytest.mark.timeout(240)
@pytest.mark.skipif(os.name != "posix", reason="ends the twins with a signal")
def test_every_command_of_the_quickstart_ends_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o077)
    pid = 0
    try:
        for words, code in commands():
            capfd.readouterr()
            if words[0] == "cd":
                monkeypatch.chdir(words[1])
            elif words[0] == "python":
                subprocess.run([sys.executable, *words[1:]], check=True, timeout=SECONDS)
            elif words[1] == "demo":
                told = subprocess.run(
                    [sys.executable, "-c", START, *words[1:], "--json"],
                    capture_output=True,
                    check=True,
                    timeout=SECONDS,
                )
                pid = json.loads(told.stdout)["kept"]["pid"]
            else:
                ended = run(words[1:])
                assert (words, ended) == (words, code), "".join(capfd.readouterr())
    finally:
        os.umask(umask)
        if pid:
            end(pid)
