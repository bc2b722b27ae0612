"""One export, read by its source and mapped in the locked engine, as a run would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.engine import listed, lock_engine, open_engine, quoted
from rosterbus.extracts import Extract, Mapped, Nothing, SourceState
from rosterbus.fetching import CORE_TRANSPORTS, Fetcher
from rosterbus.plan.extraction import Extracted, account_for_raw, counted, load_extract
from rosterbus.plan.relations import Roster, build_roster, create_views, roster_columns
from rosterbus.plugins import Plugins
from rosterbus.private import private_folder
from rosterbus.project import validate_settings
from rosterbus.project.documents import Document

CLOCK = datetime(2026, 11, 20, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Export:
    """An export in the engine: raw tables with their balance, and every relation that the source gives."""

    extracted: Extracted
    mapped: Mapped
    roster: Roster

    @property
    def told(self) -> bool:
        """Whether the source said that anything is odd or not whole."""
        levels = [table.completeness.level for table in self.extracted.tables.values()]
        return bool(self.extracted.findings or self.extracted.problems) or set(levels) != {"complete"}

    def rows(self, table: str) -> list[tuple[str, ...]]:
        """The rows of a relation in their order, each with all its columns."""
        columns = listed(self.roster.columns[table])
        found = self.extracted.connection.execute(f"SELECT {columns} FROM roster.{quoted(table)} ORDER BY _n")
        return found.fetchall()


@contextmanager
def read_export(connector: str, settings: Mapping[str, Any], folder: Path) -> Iterator[Export | Nothing]:
    """Read what `settings` lead to; `folder` is for the run's own files. Raises RosterbusError as a run does."""
    plugin = f"source:{connector}"
    plugins = Plugins([("source", connector)], core=CORE_TRANSPORTS)
    values = validate_settings(plugins[plugin].module.Settings, settings, Document({}, folder))
    state = SourceState({}, private_folder(folder), CLOCK, Fetcher(folder / "copies", start=folder))
    answer = plugins.call(plugin, "extract", step="extracting", settings=values, state=state)
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
        yield Export(extracted, mapped, roster)
