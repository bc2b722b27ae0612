"""Compares rosterbus with what is used instead: each contestant in its own process, ratios within one run."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TASKS = {
    "read": ("rosterbus", "csv", "petl", "pandas", "polars", "duckdb"),
    "nightly": ("rosterbus", "script", "checked", "pandas"),
}
SECONDS = 3600


@dataclass(frozen=True)
class Measured:
    """One contestant's fastest round: seconds, peak memory in MB, and what it came to."""

    name: str
    seconds: float
    megabytes: float
    answer: dict[str, int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a district, let everybody run, print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        # In a process of its own, since the memory of this one counts as the least that its children took.
        _python("prepare.py", name, str(given.students))
        told = {task: list(measure(task, Path(name), given.rounds)) for task in TASKS}
    if given.json:
        print(json.dumps({task: [vars(one) for one in found] for task, found in told.items()}, indent=1))  # noqa: T201
        return
    for task, found in told.items():
        print("\n".join(table(task, found)))  # noqa: T201


def measure(task: str, folder: Path, rounds: int) -> Iterator[Measured]:
    """Run everybody in turns; the fastest round counts."""
    turns: dict[str, list[Measured]] = {name: [] for name in TASKS[task]}
    for number in range(rounds):
        for name in TASKS[task]:
            turns[name].append(_run(task, name, folder, number))
    for found in turns.values():
        yield min(found, key=lambda one: one.seconds)


def _run(task: str, name: str, folder: Path, number: int) -> Measured:
    told = json.loads(_python("contestants.py", task, name, str(folder), str(number)).splitlines()[-1])
    return Measured(name, told["seconds"], told["megabytes"], told["answer"])


def _python(script: str, *arguments: str) -> str:
    line = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(line, stdout=subprocess.PIPE, timeout=SECONDS, check=True, encoding="utf-8")  # noqa: S603
    return done.stdout


def table(task: str, found: Sequence[Measured]) -> Iterator[str]:
    """One task as text: the first contestant is what the others are measured by."""
    own = found[0]
    yield f"\n{task}: {', '.join(f'{key} {count:,}' for key, count in own.answer.items())}"
    yield f"{'':<12}{'seconds':>9}{'times':>8}{'MB':>8}"
    for one in found:
        other = "" if one.answer == own.answer else f"   another answer: {one.answer}"
        ratio = one.seconds / own.seconds
        yield f"{one.name:<12}{one.seconds:>9.2f}{ratio:>8.2f}{one.megabytes:>8.0f}{other}"


if __name__ == "__main__":
    main()
