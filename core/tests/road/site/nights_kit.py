"""Nights of a mirror without a pipeline around it: each is loaded, kept, and read again by the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rosterbus.engine import columns_of, open_engine, value
from rosterbus.extracts import Changes, Extract, Rows
from rosterbus.mirror import keep, read_mirror
from rosterbus.plan.extraction import Extracted, load_extract

Row = dict[str, str]


def table(*rows: Mapping[str, str], file: str = "people.csv", columns: str = "") -> Rows:
    """Rows as a table, its header the columns of the first, or those named."""
    header = columns.split() or list(rows[0])
    return Rows([header, *([row.get(name, "") for name in header] for row in rows)], file)


def whole(*rows: Mapping[str, str], **more: Any) -> Extract:
    return Extract({"people": table(*rows, **more)}, mirrored=True)


def changed(
    *rows: Mapping[str, str], key: tuple[str, ...] = ("id",), columns: str = "", **how: Any
) -> Extract:
    return Extract({"people": Changes([table(*rows, file="changes.csv", columns=columns)], key, **how)})


@dataclass
class Nights:
    """A mirror's folder, and what the last night left in it."""

    home: Path
    folder: Path | None = None
    now: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    counts: dict[str, int] = field(default_factory=dict)
    last: Extracted | None = None

    def night(self, extract: Extract) -> list[Row]:
        """One night; answers with the rows of `people` in their order."""
        self.now += timedelta(days=1)
        with open_engine(self.home.parent / "engine") as connection:
            mirror = read_mirror(self.folder, "toy")
            self.last = load_extract(connection, extract, clock=self.now, connector="toy", mirror=mirror)
            assert self.last.mirror is not None
            self.folder = keep(connection, self.last.mirror, self.home)
            self.counts = dict(self.last.loaded["people"].changes or {})
            columns = columns_of(connection, "raw.people")[1:]
            found = connection.execute("SELECT * EXCLUDE (_row) FROM raw.people ORDER BY _row").fetchall()
            return [dict(zip(columns, row, strict=True)) for row in found]

    def origins(self) -> list[tuple[str, str, int]]:
        """The id of each row in the mirror, and the file and row that it last came from."""
        assert self.folder is not None
        with open_engine(self.home.parent / "engine") as connection:
            sql = f"SELECT id, _row.file, _row.row FROM '{self.folder / '0.people.parquet'}'"
            return connection.execute(sql).fetchall()

    def held(self, table: str) -> int:
        """How many rows the mirror keeps of a table."""
        assert self.folder is not None
        (path,) = self.folder.glob(f"*.{table}.parquet")
        with open_engine(self.home.parent / "engine") as connection:
            return int(value(connection, f"SELECT count(*) FROM '{path}'"))
