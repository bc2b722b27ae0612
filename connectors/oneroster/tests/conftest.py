"""Packages written on the spot, read by the connector, and mapped in a locked engine."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import rosterbus_oneroster
from rosterbus.engine import lock_engine, open_engine
from rosterbus.extracts import Extract, Mapped, SourceState
from rosterbus.mapping import install_functions
from rosterbus.reading import Loaded, load_table
from rosterbus.roster import vocabulary

CLOCK = datetime(2026, 11, 20, 21, 4, tzinfo=UTC)
Files = Mapping[str, Any]

MANIFEST = [["propertyName", "value"], ["manifest.version", "1.0"], ["oneroster.version", "1.1"]]
LIFE = ["sourcedId", "status", "dateLastModified"]


def table(columns: str, *rows: str) -> list[list[str]]:
    """A file: its columns after the first three, and its rows with a bar between cells."""
    return [[*LIFE, *columns.split()], *([cell.strip() for cell in row.split("|")] for row in rows)]


V11: Files = {
    "orgs": table(
        "name type identifier parentSourcedId",
        "D|||Springfield Unified|district|17|",
        "O1|||Elm Elementary|school|0101|D",
        "O2|||Oak High|school|0102|D",
    ),
    "academicSessions": table(
        "title type startDate endDate parentSourcedId schoolYear",
        "Y|||2026-27|schoolYear|2026-08-15|2027-06-12||2027",
        "F|||Fall|semester|2026-08-15|2027-01-10|Y|2027",
        "P|||Spring|semester|2027-01-10|2027-06-12|Y|2027",
    ),
    "courses": table(
        "schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes",
        "K1|||Y|Algebra|ALG|9,10|O2|Mathematics, Logic|",
    ),
    "classes": table(
        "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds subjects "
        "subjectCodes periods",
        "C1|||Algebra 1|09|K1|A1|scheduled|12|O2|F, P|||1,2",
    ),
    "users": table(
        "enabledUser orgSourcedIds role username userIds givenName familyName middleName identifier email sms "
        "phone agentSourcedIds grades password",
        "S1|||true|O2|student|ada1||Ada|Pérez||0001|ada@example.org|||G1,G2|9|s3cret",
        "S2|||true|O1,O2|Student|bo2||Bo|O'Brien||0002|bo@example.org||||K|",
        "T1|||true|O2|teacher|tea1||Tia|Lee||9001|tia@example.org|||||",
        "G1|||true|O2|parent|gia1||Gia|Pérez|||gia@example.org|||||",
        "G2|||true|O2|guardian|gus2||Gus|Pérez|||gus@example.org|||S2||",
    ),
    "enrollments": table(
        "classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
        "E1|||C1|O2|S1|student||2026-08-15|2027-06-12",
        "E2|||C1|O2|T1|teacher|true|2026-08-15|2027-06-12",
    ),
    "demographics": table(
        "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican "
        "nativeHawaiianOrOtherPacificIslander white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity "
        "countryOfBirthCode stateOfBirthAbbreviation cityOfBirth publicSchoolResidenceStatus",
        "S1|||2012-03-04|Female|false|TRUE|false|false|true|false|TRUE|US|||",
    ),
}


class Package(dict[str, Any]):
    """The files of a package by name, each a list of rows whose first is the header."""

    def put(self, name: str, row: int, **cells: str) -> None:
        """Change cells of one row."""
        for header, value in cells.items():
            self[name][row][self[name][0].index(header)] = value

    def add(self, name: str, header: str, *values: str) -> None:
        """Add a column."""
        for row, value in zip(self[name], (header, *values), strict=True):
            row.append(value)


def text_of(rows: Any) -> bytes:
    """Rows as CSV; text and bytes as they are."""
    if isinstance(rows, bytes):
        return rows
    if isinstance(rows, str):
        return rows.encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def with_manifest(files: Files, *, version: str = "1.1", **modes: str) -> Package:
    """The files with a manifest that calls them bulk, except as `modes` say."""
    lines = [*MANIFEST[:2], ["oneroster.version", version]]
    named = dict.fromkeys(files, "bulk") | modes
    return Package(files, manifest=[*lines, *([f"file.{name}", mode] for name, mode in named.items())])


@dataclass
class Roster:
    """A package in the engine: its raw tables, and its relations as they are asked for."""

    connection: duckdb.DuckDBPyConnection
    extract: Extract
    loaded: Mapping[str, Loaded]
    mapped: Mapped

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a relation, in source order."""
        sql = next(relation.sql for relation in self.mapped.relations if relation.table == table)
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return sorted(
            rows, key=lambda row: (row["_row"], *(row[key] for key in vocabulary().tables[table].key))
        )

    def by(self, table: str, column: str) -> dict[str, dict[str, Any]]:
        """The rows of a relation by a column that does not repeat."""
        rows = self.rows(table)
        found = {row[column]: row for row in rows}
        assert len(found) == len(rows)
        return found

    def unused(self, table: str) -> dict[str, int]:
        """How many rows of a raw table are in no relation, by the first reason that holds."""
        used = ["SELECT -1"]
        for relation in self.mapped.relations:
            columns = [row[0] for row in self.connection.execute(f"DESCRIBE ({relation.sql})").fetchall()]
            wanted = [f"_row_{table}"] + (["_row"] if relation.lead == table else [])
            used += [f'SELECT "{one}" FROM ({relation.sql})' for one in wanted if one in columns]
        cases = "".join(
            f" WHEN {one.where} THEN '{one.reason}'" for one in self.mapped.unused if one.table == table
        )
        because = f"CASE{cases} ELSE 'no reason' END" if cases else "'no reason'"
        taken = f"SELECT * FROM ({' UNION ALL '.join(used)}) AS u(r) WHERE r IS NOT NULL"
        return dict(
            self.connection.execute(
                f'SELECT {because}, count(*) FROM raw."{table}" t WHERE _row NOT IN ({taken}) GROUP BY 1 ORDER BY 1'
            ).fetchall()
        )

    def counted(self) -> dict[str, int]:
        """What `map` asks to be counted and is not zero, by its sentence."""
        counts = {
            one.finding.sentence: self.connection.execute(one.sql).fetchone()[0]
            for one in self.mapped.counted
        }
        return {sentence: count for sentence, count in counts.items() if count}


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    def write(
        files: Files,
        name: str = "export.zip",
        folder: str = "",
        made: Sequence[int] = (2026, 11, 20, 3, 0, 0),
    ) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for stem, rows in files.items():
                member = folder + (stem if "." in stem else f"{stem}.csv")
                package.writestr(zipfile.ZipInfo(member, tuple(made)), text_of(rows), zipfile.ZIP_DEFLATED)
        return path

    return write


@pytest.fixture
def loose(tmp_path: Path) -> Callable[[Files], Path]:
    def write(files: Files) -> Path:
        folder = tmp_path / "export"
        folder.mkdir()
        for stem, rows in files.items():
            (folder / (stem if "." in stem else f"{stem}.csv")).write_bytes(text_of(rows))
        return folder

    return write


@pytest.fixture
def extract(tmp_path: Path) -> Callable[..., Any]:
    runs = iter(range(1000))

    def run(
        path: Path, *, previous: Mapping[str, Any] | None = None, clock: datetime = CLOCK, **settings: Any
    ) -> Any:
        values = rosterbus_oneroster.Settings().load({"location": str(path), **settings})
        state = SourceState(
            previous or {}, tmp_path / f"run{next(runs)}", clock, lambda location, _: Path(location)
        )
        return rosterbus_oneroster.extract(values, state)

    return run


@pytest.fixture
def roster(extract: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Roster]]:
    engines = []

    def build(path: Path, **settings: Any) -> Roster:
        answer = extract(path, **settings)
        engine = open_engine(tmp_path / f"engine{len(engines)}")
        connection = engine.__enter__()
        engines.append(engine)
        install_functions(connection, today=CLOCK.date())
        loaded = {name: load_table(connection, name, table) for name, table in answer.tables.items()}
        lock_engine(connection, [])
        values = rosterbus_oneroster.Settings().load({"location": str(path), **settings})
        mapped = rosterbus_oneroster.map(values, {name: table.raw for name, table in loaded.items()})
        return Roster(connection, answer, loaded, mapped)

    yield build
    for engine in engines:
        engine.__exit__(None, None, None)


@pytest.fixture
def v11() -> Package:
    """A small, clean package of version 1.1, with its manifest."""
    return with_manifest(deepcopy(V11))


@pytest.fixture
def v12() -> Package:
    """The same people in version 1.2: roles in a file of their own, with dates."""
    users = table(
        "enabledUser username userIds givenName familyName middleName identifier email sms phone agentSourcedIds "
        "grades password userMasterIdentifier preferredGivenName preferredMiddleName preferredFamilyName "
        "primaryOrgSourcedId pronouns",
    )
    users += [[*row[:4], *row[6:18], *[""] * 6] for row in V11["users"][1:]]
    roles = table(
        "userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId",
        "R1|||S1|primary|student|2026-08-15|2027-06-12|O2|",
        "R2|||S2|secondary|student|2026-08-15||O2|",
        "R3|||S2|primary|student|2026-08-15||O1|",
        "R4|||T1|primary|teacher|2025-08-15|2026-06-12|O2|",
        "R5|||T1|primary|teacher|2026-08-15||O2|",
        "R6|||G1|primary|parent|||O2|",
        "R7|||G2|primary|guardian|||O2|",
    )
    return with_manifest(deepcopy({**V11, "users": users, "roles": roles}), version="1.2")


@pytest.fixture
def manifested() -> Callable[..., Package]:
    return with_manifest


@pytest.fixture(params=["1.1", "1.2"])
def files(request: pytest.FixtureRequest, v11: Package, v12: Package) -> Package:
    """The small package in either version."""
    return v11 if request.param == "1.1" else v12
