"""The mirror on disk: a private folder of one Parquet file for each table, and what reading said of their rows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosterbus.engine import literal
from rosterbus.errors import ConfigError
from rosterbus.extracts import Completeness
from rosterbus.findings import Finding, Problem
from rosterbus.private import open_private, private_folder, sync_file, write_private_text

if TYPE_CHECKING:
    import duckdb

HOME, FILE = "mirror", "mirror.json"
"""The folder of all mirrors in the state, and the file of each that tells what is beside its tables."""


@dataclass(frozen=True)
class Told:
    """What reading said of records: how many could not be read, why, and what was odd about their files."""

    rejected: int = 0
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __add__(self, other: Told) -> Told:
        return Told(
            self.rejected + other.rejected, self.problems + other.problems, self.findings + other.findings
        )


@dataclass(frozen=True)
class MirrorTable:
    """One table of a mirror. `file` is the last that was read into it, `base` what was said of the last full table,
    `recent` what was said of the last change set.

    Where it is on disk `path` names its file; elsewhere `rows` is the SQL of its rows in their order. They have the
    struct ``_row`` (`number` in the mirror, `file` and `row` where the cells last came from) and the columns as text.
    """

    name: str
    file: str
    completeness: Completeness
    base: Told = Told()
    recent: Told = Told()
    rows: str = field(default="", compare=False)
    path: Path | None = field(default=None, compare=False)

    @property
    def told(self) -> Told:
        """All that still holds."""
        return self.base + self.recent


@dataclass(frozen=True)
class Mirror:
    """The raw tables of one pipeline. `read_at` is when its source last gave something, `told` is of its last extract
    as a whole.
    """

    connector: str
    read_at: datetime
    as_of: datetime | None
    tables: Mapping[str, MirrorTable]
    told: Told = Told()


def read_mirror(folder: Path | None, connector: str, *, needed: bool = False) -> Mirror | None:
    """The mirror in `folder`, which the ledger points to; None where there is none, or another connector made it.

    Raises ConfigError where it is `needed` and its folder is lost.
    """
    if folder is None or not (folder / FILE).is_file():
        if folder and needed:
            msg = (
                "the mirror of the source's tables is lost; put it back from a backup of the state folder, or give "
                "a full extract, which begins a new one"
            )
            raise ConfigError(msg, file=folder)
        return None
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if told["connector"] != connector:
        return None
    return Mirror(
        connector,
        datetime.fromisoformat(told["read_at"]),
        datetime.fromisoformat(told["as_of"]) if told["as_of"] else None,
        {one["name"]: _table(one, folder) for one in told["tables"]},
        _told(told["told"]),
    )


def keep(connection: duckdb.DuckDBPyConnection, mirror: Mirror, home: Path) -> Path:
    """Write a mirror into a new private folder within `home`, durably, and answer with the folder.

    It is a mirror only once the ledger points to it; the former one is left as it is.
    """
    folder = private_folder(private_folder(home) / str(_next_number(home)))
    for number, table in enumerate(mirror.tables.values()):
        _write(connection, table, folder / _file_of(number, table.name))
    told = {
        "connector": mirror.connector,
        "read_at": mirror.read_at,
        "as_of": mirror.as_of,
        "tables": [
            {**_as_json(table), "path": _file_of(number, table.name)}
            for number, table in enumerate(mirror.tables.values())
        ],
        "told": asdict(mirror.told),
    }
    write_private_text(folder / FILE, json.dumps(told, ensure_ascii=False, default=datetime.isoformat))
    return folder


def remove_orphans(home: Path, current: Path | None) -> None:
    """Take away every mirror in `home` but the current one: former ones, and those of runs that were interrupted."""
    for folder in home.glob("*"):
        if folder != current:
            shutil.rmtree(folder)


def _next_number(home: Path) -> int:
    return 1 + max((int(folder.name) for folder in home.iterdir()), default=0)


def _file_of(number: int, table: str) -> str:
    """The file of a table: a source may name its tables as it likes, and a file system does not tell case."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in table)
    return f"{number}.{plain}.parquet"


def _write(connection: duckdb.DuckDBPyConnection, table: MirrorTable, path: Path) -> None:
    with open_private(path, "xb") as file:
        if table.path is not None:
            with table.path.open("rb") as former:
                shutil.copyfileobj(former, file)
    if table.path is None:
        target = f"{literal(str(path))} (FORMAT parquet, USE_TMP_FILE false)"
        connection.execute(f"COPY ({table.rows}) TO {target}")
    sync_file(path)


def _as_json(table: MirrorTable) -> dict[str, Any]:
    told = asdict(table)
    del told["rows"]
    return told


def _table(told: Mapping[str, Any], folder: Path) -> MirrorTable:
    return MirrorTable(
        told["name"],
        told["file"],
        Completeness(**told["completeness"]),
        _told(told["base"]),
        _told(told["recent"]),
        path=folder / told["path"],
    )


def _told(told: Mapping[str, Any]) -> Told:
    findings = (
        Finding(**{**one, "until": datetime.fromisoformat(one["until"]) if one["until"] else None})
        for one in told["findings"]
    )
    return Told(told["rejected"], tuple(Problem(**one) for one in told["problems"]), tuple(findings))
