"""A layout that is split: every row in one file, every file within the limits, and a way back to the source."""

from __future__ import annotations

import csv
import os
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import rosterbus_shelf
from rosterbus.deliveries import Address
from rosterbus.delivery.baselines import set_assumed
from rosterbus.errors import ConfigError, HeldError
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Dialect, Limits, text
from rosterbus.pipelines import opened
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from shelf_kit import ShelfVillage
from village_kit import student

Reshape = Callable[..., None]
PLAIN = Dialect()


@pytest.fixture
def shelved(tmp_path: Path) -> ShelfVillage:
    made = ShelfVillage(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    made.shelve()
    made.baseline_empty()
    return made


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> Reshape:
    """Makes the members' layout another; by default it is split by school."""

    def reshape(*columns: Any, **facts: Any) -> None:
        spec = rosterbus_shelf.Members.spec.with_columns(*columns)
        made = replace(spec, **{"split": ("school_id",), **facts})
        monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (made,))

    @hookimpl
    def address(delivery: Any, settings: Any) -> Address:
        box = f"{delivery.at:%Y%m%d-%H}"
        names = [f"{box}/{place}-{file.name}" for place, file in enumerate(delivery.files)]
        return Address(f"shelf://{settings.folder}", tuple(names))

    monkeypatch.setattr(rosterbus_shelf, "address", address)
    return reshape


def rows_in(path: Path, dialect: Dialect = PLAIN) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=dialect.delimiter, quotechar=dialect.quote))


def crosswalk(plan: StoredPlan) -> list[tuple[Any, ...]]:
    sql = "SELECT file, file_row, source_file, source_row, key FROM read_parquet(?)"
    return duckdb.execute(sql, [str(plan.folder / "crosswalk.members.parquet")]).fetchall()


def told(plan: StoredPlan) -> list[tuple[str, dict[str, str], int, int]]:
    return [
        (one.path.relative_to(plan.folder).as_posix(), dict(one.split), one.number, one.rows)
        for one in plan.files
    ]


def test_each_school_has_files_of_its_own_in_the_order_of_the_source(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members(limits=Limits(rows=2))
    shelved.write(
        [student(number, school=school) for number, school in enumerate(["b/1", "a", "b/1", "a", "b/1"])]
    )
    plan = shelved.plan()
    assert told(plan) == [
        ("files/members-1/members.csv", {"school_id": "b/1"}, 1, 2),
        ("files/members-2/members.csv", {"school_id": "b/1"}, 2, 1),
        ("files/members-3/members.csv", {"school_id": "a"}, 1, 2),
    ]
    ids = [[row[0] for row in rows_in(file.path)] for file in plan.files]
    assert ids == [["Id", "0", "2"], ["Id", "4"], ["Id", "1", "3"]]
    assert StoredPlan.load(plan.folder).files == plan.files
    if os.name == "posix":
        made = [path for file in plan.files for path in (file.path, file.path.parent)]
        assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


WEIRD = ["a", '"', 'b""c', "ü,1", "x;y", "it's", "  z ", "long" * 40, "学生" * 9, "two\nlines", ""]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("seed", range(12))
def test_the_parts_hold_the_rows_of_the_whole_and_keep_the_limits(
    shelved: ShelfVillage, members: Reshape, seed: int
) -> None:
    chance = random.Random(seed)
    dialect = Dialect(
        delimiter=chance.choice(",;\t"),
        newline=chance.choice(["\n", "\r\n"]),
        quoting=chance.choice(["minimal", "all"]),
    )
    lines = [
        ",".join([str(number), quoted(chance.choice(WEIRD)), f"Last,s{number}@example.org,", *place])
        for number in range(chance.randint(1, 120))
        for place in [(quoted(chance.choice(["1", "2", "it's", "../x"])), chance.choice(["03", "04"]))]
    ]
    shelved.write(lines)
    members(split=(), dialect=dialect)
    [whole] = shelved.plan(order=Order(test=True)).files
    header, *rows = rows_in(whole.path, dialect)
    limits = Limits(rows=chance.choice([None, 1, 7]), bytes=chance.choice([None, 700, 2000]))
    split = chance.choice([("school_id",), ("school_id", "grade"), ("grade",)])
    members(split=split, limits=limits, dialect=dialect)
    plan = shelved.plan(order=Order(test=True))
    assert plan.verdict == "go"
    parts = [rows_in(file.path, dialect) for file in plan.files]
    assert [part[0] for part in parts] == [header] * len(parts)
    order = {row[0]: place for place, row in enumerate(rows)}
    found = [[order[row[0]] for row in part[1:]] for part in parts]
    assert sorted(row for part in parts for row in part[1:]) == sorted(rows)
    assert [places == sorted(places) for places in found] == [True] * len(found)
    for file, part in zip(plan.files, parts, strict=True):
        assert (file.rows, file.bytes) == (len(part) - 1, file.path.stat().st_size)
        assert file.rows <= (limits.rows or file.rows)
        assert file.bytes <= (limits.bytes or file.bytes)
    assert [(file, row, key) for file, row, _, _, key in crosswalk(plan)] == [
        (place, number, row[0])
        for place, part in enumerate(parts)
        for number, row in enumerate(part[1:], start=2)
    ]
    again = shelved.plan(order=Order(test=True))
    assert [one.sha256 for one in again.files] == [one.sha256 for one in plan.files]


def test_the_crosswalk_leads_from_a_row_of_a_part_to_its_source(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members(limits=Limits(rows=1))
    shelved.write([student(7, school="2"), student(8, school="1", mail="broken"), student(9, school="2")])
    assert crosswalk(shelved.plan()) == [(0, 2, "students.csv", 2, "7"), (1, 2, "students.csv", 4, "9")]


def test_a_row_without_a_split_value_is_rejected(shelved: ShelfVillage, members: Reshape) -> None:
    members()
    shelved.write([student(1), student(2, school="")])
    plan = shelved.plan()
    assert (plan.layouts[0].counts["staged"], plan.layouts[0].counts["rejected"]) == (1, 1)
    sql = 'SELECT file, "row", "column", kind, message FROM read_parquet(?)'
    [problem] = duckdb.execute(sql, [str(plan.folder / "problems.members.parquet")]).fetchall()
    message = "Nobody can tell which file it belongs to: `school_id` is blank."
    assert problem == ("students.csv", 3, "", "split", message)


def test_a_split_value_that_the_mapping_cannot_make_is_rejected(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members()
    codes = '[source.map.students.columns]\nschool_id = { match = "school_id", codes = { "1" = "One" } }'
    shelved.shelve(source=codes)
    shelved.write([student(1), student(2, school="2")])
    plan = shelved.plan()
    assert [dict(one.split) for one in plan.files] == [{"school_id": "One"}]
    sql = "SELECT message FROM read_parquet(?)"
    [(message,)] = duckdb.execute(sql, [str(plan.folder / "problems.members.parquet")]).fetchall()
    assert message.endswith("`school_id` has no match.")


def test_a_row_that_is_too_long_for_any_file_is_refused(shelved: ShelfVillage, members: Reshape) -> None:
    members(limits=Limits(bytes=150))
    shelved.write([student(1), student(2).replace("First2", "F" * 200), student(3)])
    plan = shelved.plan()
    assert [one.rows for one in plan.files] == [1, 1, 1]
    assert plan.verdict == "refused"
    assert "the vendor takes at most 150" in plan.because


def test_without_a_row_to_send_there_is_no_file_and_nothing_moves(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members()
    shelved.write([student(1)])
    assert shelved.run().receipts[0].state == "confirmed"
    shelved.shelve(extra="[deliver.shelf.map.members]\nwhere = \"grade = '12'\"")
    [receipt] = shelved.run(hours=24).receipts
    plan = receipt.plan
    assert (plan.files, plan.layouts[0].next_baseline, receipt.balanced) == ((), None, True)
    assert receipt.state == "nothing new"
    assert len(list(shelved.vendor.rglob("*.csv"))) == 1


def test_nothing_is_assumed_of_a_roster_that_fills_no_file(shelved: ShelfVillage, members: Reshape) -> None:
    members()
    shelved.write([student(1, school="")])
    project = load_project(shelved.root)
    pipeline = load_pipeline(project, "v")
    with (
        opened(project, pipeline, command="baseline", now=shelved.now) as context,
        pytest.raises(HeldError, match="none of its rows goes into a file"),
    ):
        set_assumed(context, pipeline.deliveries[0])


def test_parts_are_delivered_and_only_what_changed_goes_again(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members(sends="changes", limits=Limits(rows=1))
    shelved.write([student(1), student(2, school="2"), student(3)])
    [first] = shelved.run().receipts
    assert (first.state, first.balanced, len(first.plan.files)) == ("confirmed", True, 3)
    assert len(list(shelved.vendor.rglob("*.csv"))) == 3
    shelved.write([student(1), student(2, school="2", grade="06"), student(3)])
    [second] = shelved.run(hours=24).receipts
    assert [(dict(one.split), one.number) for one in second.plan.files] == [({"school_id": "2"}, 1)]


def test_the_same_bytes_for_another_school_are_another_plan(shelved: ShelfVillage, members: Reshape) -> None:
    members()
    shelved.write([student(1, school="1")])
    first = shelved.plan()
    shelved.write([student(1, school="2")])
    second = shelved.plan()
    assert [one.sha256 for one in first.files] == [one.sha256 for one in second.files]
    assert first.hash != second.hash


def test_a_split_column_that_the_roster_lacks_is_refused(shelved: ShelfVillage, members: Reshape) -> None:
    members(split=("schol_id",))
    shelved.write([student(1)])
    with pytest.raises(ConfigError, match=r"split by a column that the roster lacks.*schol_id.*school_id"):
        shelved.plan()


def test_a_column_that_is_not_written_is_compared_and_not_in_the_file(
    shelved: ShelfVillage, members: Reshape
) -> None:
    members(text("synced", direct="birth_date", written=False), split=(), sends="changes")
    shelved.write([student(1), student(2)])
    [first] = shelved.run().receipts
    assert rows_in(next(shelved.vendor.rglob("*.csv")))[0] == [
        "Id",
        "First",
        "Mail",
        'The "Grade", or class',
        "State",
    ]
    shelved.write([student(1), student(2, born="2015-03-05")])
    [second] = shelved.run(hours=24).receipts
    assert (first.state, second.state) == ("confirmed", "confirmed")
    assert second.plan.layouts[0].difference["by_column"] == {"synced": 1}
    [file] = second.plan.files
    assert (file.rows, second.counts["members"]["delivered"]) == (1, 1)
    assert shelved.run(hours=24).receipts[0].state == "nothing new"


def test_a_leaver_has_no_unwritten_cells_either(shelved: ShelfVillage, members: Reshape) -> None:
    members(
        text("synced", direct="birth_date", written=False),
        split=(),
        absence="explicit",
        leaver={"State": "gone"},
    )
    shelved.write([student(1), student(2)])
    shelved.run()
    shelved.write([student(1)])
    plan = shelved.plan(hours=24)
    assert plan.layouts[0].counts["leaver_rows"] == 1
    assert [len(row) for row in rows_in(plan.files[0].path)] == [5, 5, 5]
