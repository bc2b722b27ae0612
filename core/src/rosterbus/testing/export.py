"""One export, read by its source and mapped in the locked engine, as a run would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.engine import listed, lock_engine, open_engine, quoted
from rosterbus.extracts import Changes, Delimited, Extract, Mapped, Nothing, SourceState, Unchanged
from rosterbus.fetching import CORE_TRANSPORTS, Fetcher
from rosterbus.plan.extraction import Extracted, account_for_raw, counted, load_extract
from rosterbus.plan.relations import Roster, build_roster, create_views, roster_columns
from rosterbus.plugins import Plugins
from rosterbus.private import private_folder
from rosterbus.project import validate_settings
from rosterbus.project.documents import Document

CLOCK = datetime(2026, 11, 20, 21, tzinfo=UTC)
UNEXPLAINED = "no layout needs it"
Cells = tuple[str, ...]
Answer = Extract | Unchanged | Nothing


@dataclass(frozen=True)
class Export:
    """An export in the engine: raw tables with their balance, and every relation that the source gives."""

    answer: Extract
    extracted: Extracted
    mapped: Mapped
    roster: Roster

    @property
    def told(self) -> bool:
        """Whether the source said that anything is odd or not whole."""
        levels = [table.completeness.level for table in self.extracted.tables.values()]
        return bool(self.extracted.findings or self.extracted.problems) or set(levels) != {"complete"}

    @property
    def sentences(self) -> set[str]:
        """All that was said of it, and how complete its tables are."""
        levels = {f"{name} is {table.completeness.level}" for name, table in self.extracted.tables.items()}
        findings = {one.sentence for one in self.extracted.findings}
        return levels | findings | {one.message for one in self.extracted.problems}

    @property
    def explained(self) -> int:
        """How many raw rows came to nothing for a reason that is told."""
        return sum(
            int(one["rejected"])
            + sum(count for reason, count in one["unused"].items() if reason != UNEXPLAINED)
            for one in self.extracted.raw.values()
        )

    def says_more_than(self, clean: Export) -> bool:
        """Whether something is said of this one that is not said of the clean one."""
        return self.explained > clean.explained or not self.sentences <= clean.sentences

    def shrank(self, clean: Export) -> list[str]:
        """The relations that have fewer rows than in the clean one, though not none at all."""
        now = {table: len(self.rows(table)) for table in self.roster.columns}
        return [table for table, count in now.items() if 0 < count < len(clean.rows(table))]

    @property
    def headers(self) -> set[tuple[str, str]]:
        """All raw columns, each with its table."""
        return {(name, column) for name, table in self.extracted.tables.items() for column in table.columns}

    @property
    def merges(self) -> bool:
        """Whether it holds changes, that the core merged."""
        return any(isinstance(table, Changes) for table in self.answer.tables.values())

    @property
    def balanced(self) -> bool:
        """Whether every raw row became something, or did not for a reason."""
        return all(
            one["read"] == one["used"] + sum(one["unused"].values()) + one["rejected"]
            and UNEXPLAINED not in one["unused"]
            for one in self.extracted.raw.values()
        )

    @property
    def ids(self) -> dict[str, str]:
        """By the name of a file, the header of the column that tells its rows apart."""
        found = {}
        for table in self.answer.tables.values():
            for one in table.tables if isinstance(table, Changes) else [table]:
                key = one.key or (table.key[0] if isinstance(table, Changes) else "")
                renamed = one.rename if isinstance(one, Delimited) else {}
                if key:
                    found[one.file] = next((old for old, new in renamed.items() if new == key), key)
        return found

    def rows(self, table: str) -> list[Cells]:
        """The rows of a relation in their order, each with all its columns."""
        columns = listed(self.roster.columns[table])
        found = self.extracted.connection.execute(f"SELECT {columns} FROM roster.{quoted(table)} ORDER BY _n")
        return found.fetchall()

    def all_rows(self) -> dict[str, list[Cells]]:
        """The rows of every relation."""
        return {table: self.rows(table) for table in self.roster.columns}

    def cells(self, table: str, names: Cells) -> list[Cells]:
        """The cells of some columns of a relation, row by row."""
        places = [self.roster.columns[table].index(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows(table)]


@contextmanager
def read_export(
    connector: str,
    settings: Mapping[str, Any],
    folder: Path,
    *,
    saying: Callable[[Answer], Answer] = lambda answer: answer,
) -> Iterator[Export | Nothing]:
    """Read what `settings` lead to; `folder` is for the run's own files. Raises RosterbusError as a run does.

    `saying` may change what the source answers.
    """
    plugin = f"source:{connector}"
    plugins = Plugins([("source", connector)], core=CORE_TRANSPORTS)
    values = validate_settings(plugins[plugin].module.Settings, settings, Document({}, folder))
    state = SourceState({}, private_folder(folder), CLOCK, Fetcher(folder / "copies", start=folder))
    answer = saying(plugins.call(plugin, "extract", step="extracting", settings=values, state=state))
    if isinstance(answer, Nothing):
        yield answer
        return
    assert isinstance(answer, Extract), f"the first extract answers {type(answer).__name__}"  # noqa: S101
    with open_engine(folder) as connection:
        extracted = load_extract(connection, answer, clock=CLOCK)
        lock_engine(connection, [folder])
        mapped = plugins.call(plugin, "map", step="mapping", settings=values, tables=extracted.tables)
        extracted.findings += [*mapped.findings, *counted(extracted, mapped)]
        columns = roster_columns(connection, mapped, {relation.table for relation in mapped.relations})
        roster = build_roster(connection, mapped, extracted.tables, columns)
        create_views(connection, roster, {})
        account_for_raw(extracted, mapped, roster)
        yield Export(answer, extracted, mapped, roster)
