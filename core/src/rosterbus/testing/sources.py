"""What every source keeps: a roster in the common words, every row accounted for, and a clear word for all dirt."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rosterbus.errors import RosterbusError
from rosterbus.extracts import UNKNOWN, Completeness, Delimited, Extract, Nothing, Rows, Unchanged
from rosterbus.roster import vocabulary
from rosterbus.testing.damage import half
from rosterbus.testing.export import Answer, Export
from rosterbus.testing.file_sources import FilesContract, damaged, files_called
from rosterbus.testing.incremental_sources import IncrementalContract
from rosterbus.testing.live_sources import LiveContract
from rosterbus.testing.nights import PLACES, Nights
from rosterbus.testing.promises import needs, slow
from rosterbus.testing.reading import assert_delivered


class SourceContract(FilesContract, LiveContract, IncrementalContract):
    """The tests of a source. `ability` says whether files or a live system are read, and how."""

    def test_every_relation_is_of_the_vocabulary_and_has_its_key(self, read: Export) -> None:
        tables = vocabulary().tables
        assert set(read.roster.columns) - set(tables) == set()
        assert read.roster.columns, "the source gives no relation"
        for table in read.roster.columns:
            # A day may be unknown, and then tells two memberships apart as well as another one.
            columns = tables[table].columns
            parts = tuple(name for name in tables[table].key if columns[name].type != "date")
            assert all(map(all, read.cells(table, parts))), f"a key of {table} is blank"

    def test_no_join_repeats_a_key(self, read: Export) -> None:
        for table in read.roster.columns:
            keys = read.cells(table, vocabulary().tables[table].key)
            assert len(keys) == len(set(keys)), f"{table} repeats a key"

    def test_dates_and_booleans_are_written_as_the_vocabulary_has_them(self, read: Export) -> None:
        for table, columns in read.roster.columns.items():
            types = {name: column.type for name, column in vocabulary().tables[table].columns.items()}
            odd = {
                name
                for row in read.rows(table)
                for name, cell in zip(columns, row, strict=True)
                if cell and not is_written_well(types.get(name, "text"), cell)
            }
            assert odd == set(), f"{table} writes a date or a boolean in its own way"

    def test_every_cell_comes_from_a_table_that_was_read(self, read: Export) -> None:
        raw = set(read.extracted.tables)
        for relation in read.mapped.relations:
            origins = (one.split(".")[0] for one in relation.origins.values())
            named = {relation.lead, *relation.members, *origins}
            assert named <= raw, f"{relation.table} names a raw table that is not there"

    def test_every_table_says_how_complete_it_is_and_what_proves_it(self, read: Export) -> None:
        said = {name: table.completeness for name, table in read.extracted.tables.items()}
        assert [
            name for name, one in said.items() if one.level == UNKNOWN.level or not one.proof.strip()
        ] == []

    def test_every_raw_row_is_accounted_for(self, read: Export) -> None:
        assert read.balanced, "rows are left out for no reason"
        assert read.extracted.problems == []

    def test_the_same_system_gives_the_same_rows_in_the_same_order(
        self, read: Export, given: Mapping[str, Any], tmp_path: Path
    ) -> None:
        with self.reading(given, tmp_path / "again") as again:
            assert again.all_rows() == read.all_rows()
            assert again.extracted.raw == read.extracted.raw

    def test_the_same_system_is_nothing_new_the_next_night(self, nights: Nights) -> None:
        assert_delivered(nights.run())
        held = dict(nights.recipient.holds)
        [receipt] = nights.run().receipts
        assert (receipt.state, nights.recipient.holds) == ("nothing new", held), receipt.because

    @needs("proves_unchanged")
    def test_a_system_with_nothing_new_is_unchanged(self, nights: Nights) -> None:
        nights.run()
        nights.run()
        first, second = nights.answers
        assert isinstance(first, Extract)
        assert isinstance(second, Unchanged | Nothing), "it answers everything again"
        assert second.proof.strip()

    @slow
    @pytest.mark.parametrize("place", PLACES)
    def test_a_killed_run_leaves_nothing_that_the_next_takes_for_whole(
        self, nights: Nights, given: Mapping[str, Any], read: Export, tmp_path: Path, place: str
    ) -> None:
        nights.killed(PLACES[place])
        assert nights.state is None, "its state was moved by a run that did not come to its end"
        nights.run()
        undisturbed = self._begun(given, read, tmp_path / "undisturbed")
        undisturbed.run()
        assert nights.recipient.holds == undisturbed.recipient.holds
        assert nights.recipient.people

    @slow
    def test_removals_are_never_planned_from_a_partial_table(
        self, given: Mapping[str, Any], read: Export, folder: Path, tmp_path: Path
    ) -> None:
        for name, table in read.answer.tables.items():
            files = files_called(folder, table.file) if isinstance(table, Delimited) else []
            with damaged(files, self.edit(half)):
                place = tmp_path / f"partial-{name}"
                for part in self.answers(given, place, name, saying=partial(said_partial, name)):
                    assert isinstance(part, RosterbusError) or believing(part, read) == [], (
                        f"half of {name} is there, and these are said to be complete"
                    )


def is_written_well(kind: str, cell: str) -> bool:
    """Whether a cell has the one form that its type has in the vocabulary."""
    if kind == "boolean":
        return cell in ("true", "false")
    if kind != "date":
        return True
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def said_partial(name: str, answer: Answer) -> Answer:
    """The source says that one table is a part; of one whose rows it gives itself, half are left out."""
    table = getattr(answer, "tables", {}).get(name)
    if not isinstance(answer, Extract) or not isinstance(table, Delimited | Rows):
        return answer
    given = replace(table, completeness=Completeness("partial", "the suite left some of it out"))
    if isinstance(given, Rows):
        given = replace(given, rows=half([*map(list, given.rows)]))
    return replace(answer, tables={**answer.tables, name: given})


def believing(part: Export | Nothing, clean: Export) -> list[str]:
    """The relations that lost a key and are said to be complete all the same."""
    if isinstance(part, Nothing):
        return []
    levels = {table: one.level for table, one in part.roster.completeness.items()}
    return [table for table in lost_keys(part, clean) if levels[table] == "complete"]


def lost_keys(part: Export, clean: Export) -> list[str]:
    """The relations in which somebody is missing."""
    keys = {table: vocabulary().tables[table].key for table in part.roster.columns}
    return [name for name, key in keys.items() if set(clean.cells(name, key)) - set(part.cells(name, key))]
