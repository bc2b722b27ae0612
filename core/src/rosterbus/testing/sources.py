"""What every source keeps: a roster in the common words, every row accounted for, and a clear word for all dirt."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rosterbus.errors import PluginError, RosterbusError
from rosterbus.extracts import UNKNOWN, Nothing
from rosterbus.roster import vocabulary
from rosterbus.testing.connectors import ConnectorContract
from rosterbus.testing.export import Export, read_export

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
THORN = "þ".encode("windows-1252")
"""A letter of names, and never a part of UTF-8."""


class SourceContract(ConnectorContract):
    """The tests of a source, over an export that it writes itself.

    `export` writes a small, clean and complete export of text files into a folder, and answers with the settings
    that read it.
    """

    kind: ClassVar[str] = "source"

    @abstractmethod
    def export(self, folder: Path) -> Mapping[str, Any]:
        """Write the export into `folder`, which is empty, and give the settings that lead there."""

    @pytest.fixture
    def read(self, tmp_path: Path) -> Iterator[Export]:
        (tmp_path / "export").mkdir()
        settings = {**self.settings, **self.export(tmp_path / "export")}
        with read_export(self.connector, settings, tmp_path / "run") as read:
            assert isinstance(read, Export), "the export is not empty, and the source says it is"
            yield read

    def test_every_relation_is_of_the_vocabulary_and_has_its_key(self, read: Export) -> None:
        tables = vocabulary().tables
        assert set(read.roster.columns) - set(tables) == set()
        assert read.roster.columns, "the source gives no relation"
        for table in read.roster.columns:
            # A day may be unknown, and then tells two memberships apart as well as another one.
            columns = tables[table].columns
            parts = tuple(name for name in tables[table].key if columns[name].type != "date")
            keys = [self._cells(read, table, row, parts) for row in read.rows(table)]
            assert all(all(key) for key in keys), f"a key of {table} is blank"

    def test_no_join_repeats_a_key(self, read: Export) -> None:
        for table in read.roster.columns:
            key = vocabulary().tables[table].key
            keys = [self._cells(read, table, row, key) for row in read.rows(table)]
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
            named = {
                relation.lead,
                *relation.members,
                *(one.split(".")[0] for one in relation.origins.values()),
            }
            assert named <= raw, f"{relation.table} names a raw table that is not there"

    def test_every_table_says_how_complete_it_is_and_what_proves_it(self, read: Export) -> None:
        said = {name: table.completeness for name, table in read.extracted.tables.items()}
        assert [name for name, one in said.items() if one == UNKNOWN or not one.proof.strip()] == []

    def test_every_raw_row_is_accounted_for(self, read: Export) -> None:
        for name, one in read.extracted.raw.items():
            assert one["read"] == one["used"] + sum(one["unused"].values()) + one["rejected"], name
            assert "no layout needs it" not in one["unused"], f"rows of {name} are left out for no reason"
        assert read.extracted.problems == []

    def test_the_same_export_gives_the_same_rows_in_the_same_order(
        self, read: Export, tmp_path: Path
    ) -> None:
        settings = {**self.settings, **self.export(tmp_path / "export")}
        with read_export(self.connector, settings, tmp_path / "again") as again:
            assert isinstance(again, Export)
            assert {table: again.rows(table) for table in again.roster.columns} == {
                table: read.rows(table) for table in read.roster.columns
            }

    def test_files_with_a_header_only_give_no_rows(self, tmp_path: Path) -> None:
        def beheaded(content: bytes) -> bytes:
            return content.partition(b"\n")[0] + b"\n"

        for read in self._damaged(tmp_path, beheaded, together=True):
            assert not isinstance(read, Export) or not any(read.roster.rows.values())
        for read in self._damaged(tmp_path / "each", beheaded):
            assert not isinstance(read, Export) or self._balanced(read)

    def test_an_empty_file_is_told(self, tmp_path: Path) -> None:
        for read in self._damaged(tmp_path, lambda _: b""):
            assert not isinstance(read, Export) or read.told

    def test_a_lost_file_is_told(self, tmp_path: Path) -> None:
        for read in self._damaged(tmp_path, lambda _: None):
            assert not isinstance(read, Export) or read.told

    def test_another_encoding_than_declared_is_told_and_never_guessed(self, tmp_path: Path) -> None:
        def in_windows_1252(content: bytes) -> bytes:
            header, newline, rows = content.partition(b"\n")
            return header + newline + re.sub(rb"[A-Za-z]", THORN, rows, count=1)

        for read in self._damaged(tmp_path, in_windows_1252):
            if isinstance(read, Export):
                assert read.told
                cells = [cell for table in read.roster.columns for row in read.rows(table) for cell in row]
                assert not any("þ" in cell or REPLACEMENT in cell for cell in cells)

    def _damaged(
        self, folder: Path, damage: Any, *, together: bool = False
    ) -> Iterator[Export | Nothing | RosterbusError]:
        """The answer to an export with one file damaged, for every file in turn, or with all of them at once."""
        (folder / "whole").mkdir(parents=True)
        self.export(folder / "whole")
        names = sorted(
            path.relative_to(folder / "whole") for path in (folder / "whole").rglob("*") if path.is_file()
        )
        for number, broken in enumerate([names] if together else [[name] for name in names]):
            export = folder / f"damaged{number}"
            export.mkdir()
            settings = {**self.settings, **self.export(export)}
            for name in broken:
                content = damage((export / name).read_bytes())
                (export / name).unlink() if content is None else (export / name).write_bytes(content)
            yield from self._answer(settings, folder / f"run{number}", broken)

    def _answer(
        self, settings: Mapping[str, Any], folder: Path, broken: list[Path]
    ) -> Iterator[Export | Nothing | RosterbusError]:
        try:
            with read_export(self.connector, settings, folder) as read:
                yield read
        except PluginError as error:
            pytest.fail(f"{', '.join(map(str, broken))} breaks the connector: {error}")
        except RosterbusError as error:
            told = error
        else:
            return
        assert len(str(told).splitlines()) == 1, "an error is one sentence"
        yield told

    def _balanced(self, read: Export) -> bool:
        return all(
            one["read"] == one["used"] + sum(one["unused"].values()) + one["rejected"]
            for one in read.extracted.raw.values()
        )

    def _cells(
        self, read: Export, table: str, row: tuple[str, ...], names: tuple[str, ...]
    ) -> tuple[str, ...]:
        return tuple(row[read.roster.columns[table].index(name)] for name in names)


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
