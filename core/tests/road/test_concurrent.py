"""Runs at the same time: one delivers, the others say who does; nobody takes over from a run that stands still."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from rosterbus.context import RunContext
from rosterbus.errors import RetriableError
from rosterbus.pipelines import opened
from rosterbus.project import load_pipeline, load_project
from village_kit import Village, student

SITE = Path(__file__).with_name("site")
RACER = """
import contextlib, io, json, sys
import duckdb, rosterbus.pipelines
from rosterbus.cli import command_line as run
print("ready", flush=True)
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = run(json.loads(line))
    print(json.dumps([code, said.getvalue()]), flush=True)
"""
STOPPING = """
import os, signal, sys
import rosterbus_drop
from rosterbus.cli import command_line as run
def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGSTOP)
rosterbus_drop.step = step
sys.exit(run(["run", "v", "--folder", sys.argv[1]]))
"""
SECONDS = 60
posix = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="only POSIX stops a process")


def started(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(SITE)},
    )


class Racers:
    """Processes that have imported everything and start together, each with a command line of its own."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * len(processes)

    def race(self, *commands: list[str]) -> list[tuple[int, str]]:
        """Exit code and words of each, in the order of the commands, which go round."""
        for number, process in enumerate(self._processes):
            process.stdin.write(f"{json.dumps(commands[number % len(commands)])}\n")
            process.stdin.flush()
        return [tuple(json.loads(process.stdout.readline())) for process in self._processes]


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    with ExitStack() as running:
        processes = [running.enter_context(started(RACER)) for _ in range(8)]
        for process in processes:
            running.callback(process.kill)
        yield Racers(processes)


def prepared(village: Village) -> Village:
    village.write([student(n) for n in range(1, 20)], ["a,1,Anna,1"])
    village.pipeline()
    village.baseline_empty()
    return village


def another(folder: Path) -> Village:
    made = Village(folder)
    made.vendor.mkdir(parents=True)
    (folder / "rosterbus.toml").write_text("", encoding="utf-8")
    return prepared(made)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("round_", range(4))
def test_of_eight_runs_at_once_one_delivers(racers: Racers, tmp_path: Path, round_: int) -> None:
    village = another(tmp_path / "village")
    ended = racers.race(["run", "v", "--folder", str(village.root)])
    assert len(village.boxes) == 1, ended
    assert [code for code, said in ended if "v -> drop   confirmed" in said] == [0], ended
    for code, said in ended:
        if code == 75:
            assert re.search(r"is being written to by (pipeline v, process \d+, since \d|another run)", said)
        else:
            assert code == 0, said
            assert "nothing new" in said or "confirmed" in said


@pytest.mark.timeout(300)
def test_of_eight_people_who_apply_one_plan_one_delivers(racers: Racers, tmp_path: Path) -> None:
    village = another(tmp_path / "village")
    assert command_line(["plan", "v", "--folder", str(village.root)]) == 0
    ended = racers.race(["apply", "last", "--folder", str(village.root)])
    assert len(village.boxes) == 1, ended
    assert [code for code, said in ended if "v -> drop   confirmed" in said] == [0], ended
    assert {code for code, _ in ended} <= {0, 3, 75}, ended


@pytest.mark.timeout(300)
def test_two_pipelines_to_one_target_take_turns(racers: Racers, tmp_path: Path) -> None:
    village = another(tmp_path / "village")
    folder = village.root / "pipelines"
    shutil.copy(folder / "v.toml", folder / "w.toml")
    assert command_line(["baseline", "w", "--empty", "--folder", str(village.root)]) == 0
    commands = [["run", name, "--folder", str(village.root)] for name in ("v", "w")]
    for _ in range(3):
        assert {code for code, _ in racers.race(*commands)} <= {0, 75}
    assert [box.name[-2:] for box in village.boxes] == ["-1", "-2"]
    assert all(len(list(box.iterdir())) == 3 for box in village.boxes)


def test_two_first_runs_at_once_agree_on_the_key_of_their_digests(village: Village, monkeypatch) -> None:
    with context(prepared(village)) as one, context(village) as two:
        exists = Path.exists
        monkeypatch.setattr(Path, "exists", lambda path: path.suffix != ".key" and exists(path))
        assert one.digest_key == two.digest_key
        assert len(one.digest_key) == 64
    assert [path.name for path in (village.root / ".rosterbus").glob("digest.*")] == ["digest.key"]


@posix
def test_a_run_that_stands_still_is_not_taken_over(village: Village) -> None:
    prepared(village)
    with stopped(village, "before the marker") as holder:
        for hours in (1, 24 * 365):
            with pytest.raises(RetriableError, match=f"by pipeline v, process {holder.pid}, since"):
                village.run(hours=hours)
        assert village.boxes == []
        os.kill(holder.pid, signal.SIGCONT)
        assert holder.wait(timeout=SECONDS) == 0
    assert len(village.boxes) == 1


@posix
def test_a_run_that_wakes_up_after_its_lock_was_lost_writes_nothing_any_more(village: Village) -> None:
    prepared(village)
    with stopped(village, "after contacts.csv") as zombie:
        shutil.rmtree(village.root / ".rosterbus" / "locks")
        assert village.run(hours=1).receipts[0].state == "confirmed"
        village.take()
        os.kill(zombie.pid, signal.SIGCONT)
        assert zombie.wait(timeout=SECONDS) == 75
        assert "was taken over by run" in zombie.stdout.read()
    assert len(village.boxes) == 1


@contextmanager
def context(village: Village) -> Iterator[RunContext]:
    project = load_project(village.root)
    with opened(project, load_pipeline(project, "v"), command="plan", now=village.now) as made:
        yield made


@contextmanager
def stopped(village: Village, step: str) -> Iterator[subprocess.Popen[str]]:
    """A run that stands still at one step of its delivery."""
    with started(STOPPING, str(village.root), step) as process:
        try:
            deadline = time.monotonic() + SECONDS
            while not os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)[1]):
                assert time.monotonic() < deadline, "the run did not come that far"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()
