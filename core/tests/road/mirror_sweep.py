"""Kills runs of a source of changes at every step of the ledger, the mirror and the vendor, and runs again.

Run as a program of its own, because it forks, with the toy plugins on its path: `mirror_sweep.py FOLDER [MUTANT]`.
Each story is a full extract, then a plan of changes that is killed, then a run on what the source gives then: the
changes once more where its state says that it never gave them, and otherwise nothing. Prints, as JSON,
where runs were killed and every broken promise. MUTANT breaks the product in one way, so that a test can see that the
sweep notices.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rosterbus.mirror.kept as kept
import rosterbus_drop
from interruption_sweep import NEVER, forked, interrupt
from mirror_kit import FedVillage, changes, whole
from rosterbus import runs
from rosterbus.errors import RosterbusError
from rosterbus.extracts import Extract, Nothing
from rosterbus.ledger import Ledger
from rosterbus.mirror import read_mirror
from village_kit import student

DELIVER = "contacts = false"
FIRST = [student(number) for number in range(1, 13)]
SECOND = [student(13), student(2, grade="06")]
MIRROR = {1: 12, 2: 13}
"""How many rows the mirror has, by what the source's state says was seen."""


def answer(seen: int) -> Extract | Nothing:
    """What the source gives to one who has `seen` so much of it."""
    if seen == 0:
        return whole(*FIRST, state={"seen": 1})
    return changes(*SECOND, state={"seen": 2}) if seen == 1 else Nothing("all was seen")


def state_first(passed: Callable[[str], None]) -> None:
    """Let the state move before the mirror is written."""
    whole_keep = runs.keep

    def keep(connection: Any, mirror: Any, home: Path) -> Path:
        with Ledger(home.parent.parent) as ledger:
            last = ledger.sources.current("v")
            ledger.sources.accept("v", state={"seen": 2}, mirror=last.mirror if last else None)
        passed("mutant")
        return whole_keep(connection, mirror, home)

    runs.keep = keep


def old_goes_first(_: Callable[[str], None]) -> None:
    """Take the former mirror away before the ledger points to the new one."""
    whole_keep = runs.keep

    def keep(connection: Any, mirror: Any, home: Path) -> Path:
        folder = whole_keep(connection, mirror, home)
        kept.remove_orphans(home, folder)
        return folder

    runs.keep = keep


MUTANTS = {"none": lambda _: None, "state first": state_first, "old goes first": old_goes_first}


def instrumented(at: int, tell: Callable[[Any], None], mutant: str) -> list[str]:
    """The steps of `interrupt`, and those of writing the mirror."""
    passed = interrupt(at, tell)
    step, write, clean = rosterbus_drop.step, kept._write, runs.remove_orphans

    def written(connection: Any, table: Any, path: Path) -> None:
        step("before a table of the mirror")
        write(connection, table, path)
        step("after a table of the mirror")

    def cleaned(home: Path, current: Path | None) -> None:
        clean(home, current)
        step("after the former mirror")

    kept._write, runs.remove_orphans = written, cleaned
    MUTANTS[mutant](step)
    return passed


def night(village: FedVillage, mutant: str, kill_at: int, *, delivers: bool = False) -> tuple[int, Any]:
    """One night, which plans what the source gives to one who knows what the ledger knows, and may deliver it."""
    with Ledger(village.root / ".rosterbus") as ledger:
        last = ledger.sources.current("v")
    gives = answer(last.state["seen"] if last else 0)

    def work(tell: Callable[[Any], None]) -> None:
        steps = instrumented(kill_at, tell, mutant)
        ended = village.night(gives).exit_code if delivers else village.planned(gives).verdict
        tell({"ended": ended, "steps": steps})

    return forked(work)


def out_of_step(village: FedVillage) -> Iterator[str]:
    """Where the state and the mirror do not belong together, or the mirror cannot be read."""
    with Ledger(village.root / ".rosterbus") as ledger:
        last = ledger.sources.current("v")
    assert last is not None
    try:
        mirror = read_mirror(village.root / ".rosterbus" / str(last.mirror), "village", needed=True)
    except RosterbusError as error:
        yield f"the mirror cannot be read: {error}"
        return
    rows = len(village.mirrored()) if mirror else 0
    if rows != MIRROR[last.state["seen"]]:
        yield f"the source's state is {dict(last.state)}, and the mirror has {rows} rows"


def story(whole: Path, kill: int, mutant: str) -> tuple[str, list[str]]:
    """A copy of the village on the night of the changes, killed at one step."""
    folder = whole.with_name(str(kill))
    shutil.copytree(whole, folder)
    village = FedVillage(folder)
    village.pipeline(deliver=DELIVER)  # to a vendor of its own
    _, place = night(village, mutant, kill)
    broken = list(out_of_step(village))
    if not broken:
        _, told = night(village, mutant, NEVER, delivers=True)
        broken = [*out_of_step(village), *undelivered(village, told["ended"])]
    return place, [f"{place}: {one}" for one in broken]


def undelivered(village: FedVillage, ended: int) -> Iterator[str]:
    got = [len(lines) for lines in village.sent()]
    if (ended, got) != (0, [13]):
        yield f"the next run ended {ended}, and the vendor got {got}"
    if len(left := list(village.home.iterdir())) != 1:
        yield f"{len(left)} mirrors are left"


def founded(folder: Path) -> FedVillage:
    village = FedVillage(folder)
    for place in (village.root, village.vendor, village.export):
        place.mkdir()
    (village.root / "rosterbus.toml").write_text("", encoding="utf-8")
    village.pipeline(deliver=DELIVER)
    return village


def sweep(folder: Path, mutant: str = "none") -> Iterator[tuple[str, list[str]]]:
    village = founded(folder / "whole")
    night(village, "none", NEVER)
    shutil.copytree(village.root, trial := folder / "trial")
    _, told = night(FedVillage(trial), mutant, NEVER)
    for number, step in enumerate(told["steps"]):
        if mutant == "none" or step in ("mutant", "before Sources.accept"):
            yield story(village.root, number, mutant)


if __name__ == "__main__":
    stories = list(sweep(Path(sys.argv[1]), *sys.argv[2:]))
    told = {"killed": [place for place, _ in stories], "broken": [one for _, all_ in stories for one in all_]}
    print(json.dumps(told))  # noqa: T201
