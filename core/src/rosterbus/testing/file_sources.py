"""What a source of text files keeps: each file of its export in turn is damaged, and none of that goes unsaid."""
# ruff: noqa: S101 - this is a test suite

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rosterbus.extracts import Nothing
from rosterbus.testing import damage
from rosterbus.testing.damage import Damage, Records
from rosterbus.testing.export import Export
from rosterbus.testing.nights import Nights
from rosterbus.testing.promises import needs, slow
from rosterbus.testing.reading import Read, ReadingContract, assert_nobody_vanished, assert_told

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Edit = Callable[[Records], Records]


class FilesContract(ReadingContract):
    """The tests of a source that reads files. They damage what `export` wrote, and mend it again."""

    @pytest.fixture
    def folder(self, given: Mapping[str, Any], tmp_path: Path) -> Path:  # noqa: ARG002 - which writes the export
        return tmp_path / "export"

    @needs("files")
    def test_files_with_a_header_only_are_an_empty_roster_and_not_nothing(
        self, given: Mapping[str, Any], folder: Path
    ) -> None:
        for _, read in self._damaged(given, folder, damage.beheaded, together=True):
            assert not isinstance(read, Nothing), "no rows are not the same as no export"
            assert not isinstance(read, Export) or not any(read.roster.rows.values())
        for name, read in self._damaged(given, folder, damage.beheaded):
            assert not isinstance(read, Export) or read.balanced, name

    @needs("files")
    def test_an_empty_file_is_told(self, given: Mapping[str, Any], folder: Path) -> None:
        for name, read in self._damaged(given, folder, damage.emptied):
            assert not isinstance(read, Export) or read.told, name

    @needs("files")
    def test_a_lost_file_is_told(self, given: Mapping[str, Any], folder: Path) -> None:
        for name, read in self._damaged(given, folder, damage.lost):
            assert not isinstance(read, Export) or read.told, name

    @needs("files")
    def test_a_byte_order_mark_changes_nothing(
        self, given: Mapping[str, Any], read: Export, folder: Path
    ) -> None:
        for name, marked in self._damaged(given, folder, damage.with_byte_order_mark):
            assert isinstance(marked, Export), f"a byte-order mark in {name} is an error: {marked}"
            assert marked.all_rows() == read.all_rows(), name

    @needs("files")
    def test_another_encoding_than_declared_is_told_and_never_guessed(
        self, given: Mapping[str, Any], folder: Path
    ) -> None:
        for name, read in self._damaged(given, folder, damage.in_windows_1252):
            if isinstance(read, Export):
                assert read.told, name
                cells = [cell for rows in read.all_rows().values() for row in rows for cell in row]
                assert not any("þ" in cell or REPLACEMENT in cell for cell in cells), name

    @needs("files", "encoding_setting")
    def test_a_declared_encoding_is_read_rightly(self, given: Mapping[str, Any], folder: Path) -> None:
        right = [
            read.all_rows() if isinstance(read, Export) else read
            for _, read in self._damaged(given, folder, damage.with_thorn, together=True)
        ]
        declared = {**given, self.ability.encoding_setting: "windows-1252"}
        for _, read in self._damaged(declared, folder, damage.in_windows_1252, together=True):
            assert isinstance(read, Export), f"Windows-1252 is declared, and not read: {read}"
            assert [read.all_rows()] == right

    @slow
    @needs("files")
    def test_a_repeated_id_is_told(self, given: Mapping[str, Any], read: Export, folder: Path) -> None:
        for name, header in keyed(read, folder).items():
            edit = self.edit(partial(damage.with_repeated_id, header=header))
            for _, again in self._damaged(given, folder, edit, only=name):
                # Of the rows of a change set the last one counts, as the core promises.
                settled = isinstance(again, Export) and again.merges
                assert not isinstance(again, Export) or settled or again.says_more_than(read), (
                    f"of two rows of {name} with one id, one was dropped in silence"
                )

    @slow
    @needs("files")
    def test_a_row_that_others_refer_to_is_missed(
        self, given: Mapping[str, Any], read: Export, folder: Path
    ) -> None:
        for name in keyed(read, folder):
            edit = self.edit(damage.without_first_row)
            for _, less in self._damaged(given, folder, edit, only=name):
                if isinstance(less, Export) and others_shrank(less, read, name):
                    assert less.says_more_than(read), f"rows that refer to {name} were dropped in silence"

    @needs("files")
    def test_a_file_cut_short_is_told(self, given: Mapping[str, Any], read: Export, folder: Path) -> None:
        for name in keyed(read, folder):
            for _, less in self._damaged(given, folder, self.edit(damage.cut_short), only=name):
                assert not isinstance(less, Export) or less.says_more_than(read), name

    @slow
    @needs("files")
    def test_a_file_without_rows_takes_nobody_along_in_silence(
        self, given: Mapping[str, Any], read: Export, folder: Path
    ) -> None:
        for name in keyed(read, folder):
            for _, less in self._damaged(given, folder, damage.beheaded, only=name):
                # Where nothing is left of a relation the core itself asks; where something is, only the source can.
                assert not isinstance(less, Export) or not less.shrank(read) or less.says_more_than(read), (
                    name
                )

    @slow
    @needs("files")
    def test_a_lost_column_is_told(self, given: Mapping[str, Any], read: Export, folder: Path) -> None:
        last = self.edit(partial(damage.without_column, place=-1))
        for name in keyed(read, folder):
            for _, less in self._damaged(given, folder, last, only=name):
                # The core asks about every raw column that was there the night before.
                told = isinstance(less, Export) and (
                    not read.headers <= less.headers or less.says_more_than(read)
                )
                assert not isinstance(less, Export) or told, name

    @needs("files")
    def test_a_lost_id_is_told(self, given: Mapping[str, Any], read: Export, folder: Path) -> None:
        for name, header in keyed(read, folder).items():
            edit = self.edit(partial(damage.without_header, header=header))
            for _, less in self._damaged(given, folder, edit, only=name):
                assert not isinstance(less, Export) or less.says_more_than(read), f"{name} without {header}"

    @slow
    @needs("files")
    @pytest.mark.parametrize("what", ["cut short", "without rows", "with a column less"])
    def test_a_damaged_export_removes_nobody(
        self, nights: Nights, read: Export, folder: Path, what: str
    ) -> None:
        edits: dict[str, Edit] = {
            "cut short": damage.cut_short,
            "without rows": partial(damage.most, rows=0),
            "with a column less": partial(damage.without_column, place=-1),
        }
        nights.run()
        people = nights.recipient.people
        assert any(people.values()), "the first night delivered nobody"
        files = [path for name in keyed(read, folder) for path in files_called(folder, name)]
        with damaged(files, self.edit(edits[what])):
            outcome = nights.run()
        assert_nobody_vanished(people, nights, f"an export {what}")
        if not (read.merges and what == "without rows"):  # no changes are not odd
            assert_told(outcome, f"an export {what}")

    def _damaged(
        self,
        given: Mapping[str, Any],
        folder: Path,
        damage: Damage,
        *,
        together: bool = False,
        only: str = "",
    ) -> Iterator[tuple[str, Read]]:
        """The answer to an export with one file damaged, for every file in turn, or with all of them at once."""
        files = sorted(path for path in folder.rglob("*") if path.is_file() and only in path.name)
        for number, broken in enumerate([files] if together else [[one] for one in files]):
            what = ", ".join(one.name for one in broken)
            with damaged(broken, damage):
                place = folder.parent / f"runs-{len(list(folder.parent.iterdir()))}-{number}"
                for read in self.answers(given, place, what):
                    yield what, read

    def edit(self, edit: Edit) -> Damage:
        """A damage to records, as one to bytes."""
        return lambda content: damage.edited(content, edit, self.ability.delimiter)


@contextmanager
def damaged(files: Sequence[Path], damage: Damage) -> Iterator[None]:
    """Within this block these files are damaged."""
    whole = {path: path.read_bytes() for path in files}
    try:
        for path, content in whole.items():
            given = damage(content)
            path.unlink() if given is None else path.write_bytes(given)
        yield
    finally:
        for path, content in whole.items():
            path.write_bytes(content)


def files_called(folder: Path, name: str) -> list[Path]:
    """The files of an export that a table's file name stands for."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name == Path(name).name]


def keyed(read: Export, folder: Path) -> Mapping[str, str]:
    """The files of an export that were read as tables, and the header of the id in each."""
    found = {name: header for name, header in read.ids.items() if files_called(folder, name)}
    assert found, "no table has a `key` and the name of a file of the export, and so none can be damaged"
    return found


def others_shrank(less: Export, clean: Export, name: str) -> bool:
    """Whether a relation that other files than this one lead has fewer rows."""
    leads = {relation.table: relation.lead for relation in clean.mapped.relations}
    others = [table for table in clean.roster.columns if clean.extracted.raw[leads[table]]["file"] != name]
    return any(
        len(less.rows(table)) < len(clean.rows(table)) for table in others if table in less.roster.columns
    )
