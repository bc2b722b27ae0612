"""Every row is counted by its grade as it is by its school, in codes alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import rosterbus_shelf
from shelf_kit import ShelfVillage
from village_kit import student

NONE = {"had": 0, "read": 0, "new": 0, "changed": 0, "removed": 0, "rejected": 0, "identifiers": 0}


@pytest.fixture
def shelved(tmp_path: Path) -> ShelfVillage:
    made = ShelfVillage(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    made.shelve()
    made.baseline_empty()
    made.write(
        [
            student(1, grade="03"),
            student(2, grade="03"),
            student(3, grade="04"),
            student(4, grade="KG", mail="broken"),
        ]
    )
    return made


def test_each_grade_has_its_counts(shelved: ShelfVillage) -> None:
    [first] = shelved.run().receipts
    assert first.plan.layouts[0].difference["grades"] == {
        "03": {**NONE, "read": 2, "new": 2},
        "04": {**NONE, "read": 1, "new": 1},
        "KG": {**NONE, "read": 1, "rejected": 1},
    }
    shelved.write([student(1, grade="03"), student(3, grade="05"), student(5, grade="Grade 12")])
    difference = shelved.plan(hours=24).layouts[0].difference
    assert difference["grades"] == {
        "03": {**NONE, "had": 2, "read": 1, "removed": 1},
        "04": {**NONE, "had": 1},
        "05": {**NONE, "read": 1, "changed": 1},
        "": {**NONE, "read": 1, "new": 1},
    }
    assert [sum(one[name] for one in difference["grades"].values()) for name in NONE] == [
        sum(one[name] for one in difference["schools"].values()) for name in NONE
    ]


def test_a_grade_that_is_counted_and_not_declared_does_not_leave(
    shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = rosterbus_shelf.Members.spec
    columns = tuple(column for column in spec.columns if column.attribute != "grade")
    bare = type(spec)(name="members", file="members.csv", rows="students", key=("Id",), columns=columns)
    monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: (bare,))
    plan = shelved.plan()
    assert plan.layouts[0].difference["grades"]["03"]["new"] == 2
    assert "03" not in plan.files[0].path.read_text(encoding="utf-8")


def test_a_relation_without_a_grade_is_not_counted_by_it(shelved: ShelfVillage) -> None:
    shelved.shelve(contacts=True)
    shelved.write([student(1)], ["k,1,Kin,12"])
    members, contacts = shelved.plan().layouts
    assert (list(members.difference["grades"]), contacts.difference["grades"]) == (["05"], {})


def test_a_baseline_from_before_grades_were_kept_still_holds(shelved: ShelfVillage) -> None:
    plan = shelved.run().receipts[0].plan
    path = plan.folder / str(plan.layouts[0].next_baseline)
    old = path.with_suffix(".old")
    duckdb.execute(f"COPY (SELECT * EXCLUDE (_grade) FROM '{path}') TO '{old}' (FORMAT parquet)")
    old.replace(path)
    shelved.write([student(1, grade="03"), student(2, grade="03")])
    difference = shelved.plan(hours=24).layouts[0].difference
    assert (difference["new"], difference["changed"], difference["removed"]) == (0, 0, 1)
    assert difference["grades"] == {"": {**NONE, "had": 3, "removed": 1}, "03": {**NONE, "read": 2}}
