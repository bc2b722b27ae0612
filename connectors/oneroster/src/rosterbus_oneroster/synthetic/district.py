"""Writing a made-up district, file after file, without ever holding it in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rosterbus.private import private_folder

from rosterbus_oneroster.synthetic.blueprint import Blueprint
from rosterbus_oneroster.synthetic.flaws import Flaw, FlawPlan
from rosterbus_oneroster.synthetic.package import PackageWriter
from rosterbus_oneroster.synthetic.tables import write_tables

NAME = "oneroster.zip"


@dataclass(frozen=True)
class District:
    """A written district: the zip, records by file (without header and blank lines), and what is wrong in it.

    `leavers` are the students marked `tobedeleted`.
    """

    path: Path
    rows: Mapping[str, int]
    flaws: tuple[Flaw, ...] = field(repr=False)
    leavers: int

    @property
    def planted(self) -> Mapping[str, int]:
        """How many flaws there are of each kind."""
        return Counter(flaw.kind for flaw in self.flaws)

    def rows_of(self, kind: str) -> tuple[int, ...]:
        """The rows of a kind of flaw, in the file where that kind stands (header = row 1)."""
        return tuple(flaw.row for flaw in self.flaws if flaw.kind == kind)


def write_district(
    folder: Path,
    *,
    schools: int = 5,
    students: int = 2000,
    seed: int = 7,
    bad_share: float = 0.01,
    as_of: date = date(2026, 11, 20),
    without: Iterable[int] = (),
) -> District:
    """Write `oneroster.zip`, a OneRoster 1.1 bulk package, into `folder`; equal arguments give equal bytes.

    `bad_share` of the students have a flaw, the kinds in turn. `as_of` is the day of the export and decides
    the school year. Students whose numbers (from 0) are in `without` have left and are not in it. Siblings
    share one to three guardians; nobody in it exists, and all addresses are reserved ones.
    """
    blueprint = Blueprint(schools, students, seed, FlawPlan(seed, bad_share), as_of, frozenset(without))
    path = private_folder(folder) / NAME
    with PackageWriter(path, made=as_of) as package:
        leavers = write_tables(package, blueprint)
    return District(path, package.rows, tuple(package.flaws), leavers)
