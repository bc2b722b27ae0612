"""What {{ cookiecutter.system }}'s API answers, as far as its twin knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from {{ cookiecutter.module }}.api import PAGES, REVISION
from {{ cookiecutter.module }}.district import tables
from {{ cookiecutter.module }}.tables import COLUMNS

FAULTS = (
    "short page", "clamped pages", "error midway", "changes midway", "lost column", "zero rows",
    "repeated ids", "dangling references", "gap", "lost row", "stumble",
)  # fmt: skip
FIRST = 100
Row = dict[str, Any]


class Service:
    """The tables, each row with the revision that it is of, and the one thing that is wrong just now."""

    def __init__(self) -> None:
        self.revision, self.fault = FIRST, ""
        self.tables: dict[str, list[Row]] = {
            name: [self._made(name, row) for row in rows] for name, rows in tables().items()
        }

    def change(self) -> None:
        """Give one student another name."""
        self.revision += 1
        self.tables["students"][0] |= {"first_name": f"Ada {self.revision}", "revision": self.revision}

    @contextmanager
    def failing(self, fault: str) -> Iterator[None]:
        """Do one thing wrong within the block; every row counts as changed by that, and by its end."""
        self._touch()
        self.fault = fault
        try:
            yield
        finally:
            self.fault = ""
            self._touch()

    def answer(self, path: str, asked: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """The code and the content that a request is answered with."""
        if self.fault == "stumble":
            self.fault = ""
            return 503, {}
        if path == REVISION:
            return 200, {"revision": self.revision}
        table = path.rpartition("/")[2]
        if path != PAGES.format(table) or table not in self.tables:
            return 404, {}
        if "since" in asked and (self.fault == "gap" or int(asked["since"]) < FIRST):
            return 410, {}
        if table == "enrollments" and self.fault == "error midway":
            return 503, {}
        if table == "enrollments" and self.fault == "changes midway":
            self.fault = ""
            self.change()
        return 200, self._page(self._rows(table, asked), asked)

    def _made(self, table: str, row: Any) -> Row:
        return {**dict(zip(COLUMNS[table], row, strict=True)), "deleted": False, "revision": FIRST}

    def _touch(self) -> None:
        self.revision += 1
        for row in (row for rows in self.tables.values() for row in rows):
            row["revision"] = self.revision

    def _rows(self, table: str, asked: Mapping[str, str]) -> list[Row]:
        """The rows that are there, or what has happened since a revision."""
        gone = self.fault == "zero rows"
        rows = [{**row, "deleted": row["deleted"] or gone} for row in self.tables[table]]
        if "since" in asked:
            rows = [row for row in rows if row["revision"] > int(asked["since"])]
        else:
            rows = [row for row in rows if not row["deleted"]]
        if self.fault == "dangling references" and table == "schools":
            return rows[1:]
        if self.fault == "repeated ids" and table == "students":
            return [*rows, {**rows[0], "first_name": "Grace"}]
        if self.fault == "lost column" and table == "students":
            return [{name: cell for name, cell in row.items() if name != "grade"} for row in rows]
        return rows

    def _page(self, rows: list[Row], asked: Mapping[str, str]) -> Mapping[str, Any]:
        begin, most = int(asked.get("after", 0)), int(asked["limit"])
        if self.fault == "clamped pages":
            most = 5
        if self.fault == "short page" and begin == 0:
            most = max(1, len(rows) - 1)
        end = begin + most
        more = str(end) if end < len(rows) else None
        items = rows[begin:end][: -1 if self.fault == "lost row" else None]
        return {"revision": self.revision, "total": len(rows), "items": items, "next": more}
