from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rosterbus.errors import RetriableError
from rosterbus.ledger import Ledger

TARGET = "sftp://sftp.example.org:22/upload"
HOLDER = """
import sys
from pathlib import Path
from rosterbus.ledger import Ledger

with Ledger(Path(sys.argv[1])) as ledger, ledger.lock(sys.argv[2], "shelbyville"):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNTER = """
import sys
from pathlib import Path
from rosterbus.errors import RetriableError
from rosterbus.ledger import Ledger

counter, done = Path(sys.argv[3]), 0
with Ledger(Path(sys.argv[1])) as ledger:
    while done < 25:
        try:
            with ledger.lock(sys.argv[2], "shelbyville"):
                counter.write_text(str(int(counter.read_text(encoding="ascii")) + 1), encoding="ascii")
                done += 1
        except RetriableError:
            pass
"""


@contextmanager
def holder(ledger: Ledger) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(ledger.state_dir), TARGET]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_lock_that_another_process_holds_names_the_holder(ledger):
    with holder(ledger) as process:
        since = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
        sentence = (
            f"{TARGET} is being written to by pipeline shelbyville, process {process.pid}, since {since}"
        )
        with pytest.raises(RetriableError, match=sentence), ledger.lock(TARGET, "springfield"):
            pass


def test_a_lock_ends_with_its_process(ledger):
    with holder(ledger) as process:
        process.kill()
        process.wait(timeout=30)
        with ledger.lock(TARGET, "springfield"):
            pass


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="only POSIX stops a process")
def test_a_lock_is_not_taken_from_a_process_that_stands_still(ledger, clock):
    with holder(ledger) as process:
        os.kill(process.pid, signal.SIGSTOP)
        clock.pass_(days=365)
        with pytest.raises(RetriableError), ledger.lock(TARGET, "springfield"):
            pass


def test_two_runs_of_one_process_exclude_each_other(ledger):
    with ledger.lock(TARGET, "springfield"):
        with pytest.raises(RetriableError), ledger.lock(TARGET, "springfield"):
            pass
        with ledger.lock("s3://another/target", "springfield"):
            pass
    with ledger.lock(TARGET, "springfield"):
        pass


def test_a_lock_is_given_back_when_its_block_fails(ledger):
    with pytest.raises(ArithmeticError), ledger.lock(TARGET, "springfield"):
        raise ArithmeticError
    with ledger.lock(TARGET, "springfield"):
        pass


def test_a_holder_who_has_not_left_a_note_yet_is_another_run(ledger):
    with ledger.lock(TARGET, "springfield"):
        for note in (ledger.state_dir / "locks").glob("*.json"):
            note.unlink()
        with (
            pytest.raises(RetriableError, match="written to by another run"),
            ledger.lock(TARGET, "springfield"),
        ):
            pass


def test_processes_that_race_for_a_lock_never_hold_it_together(ledger, tmp_path: Path):
    counter = tmp_path / "counter"
    counter.write_text("0", encoding="ascii")
    command = [sys.executable, "-c", COUNTER, str(ledger.state_dir), TARGET, str(counter)]
    racers = [subprocess.Popen(command) for _ in range(3)]
    assert [racer.wait(timeout=90) for racer in racers] == [0, 0, 0]
    assert counter.read_text(encoding="ascii") == "75"
