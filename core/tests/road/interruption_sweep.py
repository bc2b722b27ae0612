"""Kills runs at every step of the ledger and of the vendor's side, runs again, and asks the vendor what it got.

Run as a program of its own, because it forks, with the toy plugins on its path: `interruption_sweep.py FOLDER TIMING
[MUTANT PLACE]`. TIMING says when the vendor takes what has a marker: `early` (right after the kill) or `late` (then
only the kills after the files are sent matter); `twice` kills the recovery too. Prints, as JSON, where runs were
killed, which deliveries were held, and every broken promise. MUTANT breaks the product in one way and kills at PLACE
alone, so that a test can see that the sweep notices.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rosterbus_drop
from interruption_mutants import MUTANTS
from rosterbus.ledger import Ledger
from rosterbus.ledger.store import Store
from village_kit import Village, student

STUDENTS = [student(number) for number in range(1, 13)]
CONTACTS = [f"{number},{number},Contact{number},555{number}" for number in range(1, 13)]
NEVER = 1 << 30
SECONDS = 60
TELLING = ("after Deliveries.fix_intent", "after Deliveries.mark_sent", "after the marker")
"""Where a kill leaves different work to the recovery, which is killed in its turn."""


def forked(work: Callable[[Callable[[Any], None]], None]) -> tuple[int, Any]:
    """Do the work in a child: how it ended (a negative signal, or 0), and the last thing that it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(SECONDS)
        try:
            work(lambda told: os.write(writing, f"{json.dumps(told)}\n".encode()) and None)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = [json.loads(line) for line in pipe]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), f"a run ended by itself with {code}"
    return code, told[-1] if told else None


def interrupt(at: int, tell: Callable[[Any], None]) -> list[str]:
    """From here on this process is killed, as by `kill -9`, at the step with this number. Answers with the steps."""
    passed: list[str] = []
    whole = Store.write

    def step(name: str) -> None:
        passed.append(name)
        if len(passed) == at + 1:
            tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def write(self: Store) -> Iterator[Any]:
        name = sys._getframe(2).f_code.co_qualname  # the one between is contextlib's
        step(f"before {name}")
        with whole(self) as connection:
            yield connection
        step(f"after {name}")

    Store.write = write
    rosterbus_drop.step = step
    return passed


def run(village: Village, *, hours: float, mutant: str, kill_at: int) -> tuple[int, Any]:
    village.now = Village(village.root).now
    first = not village.vendor.exists()
    if first:
        found(village)

    def work(tell: Callable[[Any], None]) -> None:
        MUTANTS[mutant]()
        if first:
            village.baseline_empty()
        steps = interrupt(kill_at, tell)
        outcome = village.run(hours=hours)
        tell({"exit": outcome.exit_code, "told": outcome.as_json(), "steps": steps})

    return forked(work)


def found(village: Village) -> None:
    village.root.mkdir()
    village.vendor.mkdir()
    (village.root / "rosterbus.toml").write_text("", encoding="utf-8")
    village.write(STUDENTS, CONTACTS)
    village.pipeline()


def half_boxes(village: Village) -> Iterator[str]:
    """What a vendor would read now that is not whole."""
    for box in village.boxes:
        rows = {
            file.name: len(file.read_text(encoding="utf-8").splitlines())
            for file in box.iterdir()
            if file.suffix == ".csv"
        }
        if rows != {"students.csv": 13, "contacts.csv": 13}:
            yield f"{box.name} has a marker and holds {rows}"


def case(folder: Path, kills: list[int], *, early: bool, mutant: str) -> dict[str, Any]:
    """One story: killed runs, one that is left alone, and another."""
    village = Village(folder / "-".join(map(str, kills)))
    places, broken = [], []

    def look() -> None:
        broken.extend(half_boxes(village))
        if early:
            village.take()

    for number, kill in enumerate(kills):
        code, told = run(village, hours=number, mutant=mutant, kill_at=kill)
        assert code == -signal.SIGKILL, "the run was over before it was killed"
        places.append(told)
        look()
    _, second = run(village, hours=len(kills), mutant=mutant, kill_at=NEVER)
    look()
    _, third = run(village, hours=len(kills) + 1, mutant=mutant, kill_at=NEVER)
    look()
    held = second["exit"] == 3
    broken.extend(broken_by(village, second, third, held=held))
    return {"killed": places, "held": held, "broken": [f"{places}: {one}" for one in broken]}


def broken_by(village: Village, second: Any, third: Any, *, held: bool) -> Iterator[str]:
    """Every promise that the end of a story breaks."""
    boxes = [box.name for box in village.boxes]
    if len(boxes) > 1 or (not boxes and not held):
        yield f"the vendor got {boxes}"
    states = [one["state"] for one in third["told"]["receipts"]]
    if not held and (second["exit"], third["exit"], states) != (0, 0, ["nothing new"]):
        yield f"the second run ended {second['exit']}, the third {third['exit']} with {states}"
    with Ledger(village.root / ".rosterbus") as ledger:
        yield from ledger.verify_chain()
        ended = [one.state for one in ledger.deliveries.latest()]
        if ledger.deliveries.open() or ended.count("confirmed") != (0 if held else 1):
            yield f"the ledger says {ended}"


def sweep(folder: Path, timing: str, mutant: str = "none", only: str = "") -> Iterator[dict[str, Any]]:
    _, whole = run(Village(folder / "whole"), hours=0, mutant=mutant, kill_at=NEVER)
    places = list(enumerate(whole["steps"]))
    if only:
        places = [(number, place) for number, place in places if place == only]
    elif timing == "late":
        places = places[whole["steps"].index("before the marker") :]
    elif timing == "twice":
        places = [(number, place) for number, place in places if place in TELLING]
    for number, _ in places:
        if timing == "twice":
            yield from sweep_recovery(folder, number)
        else:
            yield case(folder, [number], early=timing == "early", mutant=mutant)


def sweep_recovery(folder: Path, first: int) -> Iterator[dict[str, Any]]:
    """Kill the run that cleans up after a first kill, too, at every fifth of its steps."""
    village = Village(folder / f"{first}-whole")
    run(village, hours=0, mutant="none", kill_at=first)
    village.take()
    _, recovery = run(village, hours=1, mutant="none", kill_at=NEVER)
    for number in range(first % 5, len(recovery["steps"]), 5):
        yield case(folder, [first, number], early=True, mutant="none")


if __name__ == "__main__":
    stories = list(sweep(Path(sys.argv[1]), *sys.argv[2:]))
    print(json.dumps(stories))  # noqa: T201
