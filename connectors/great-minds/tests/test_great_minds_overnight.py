"""The twin's nightly sync takes a good package, fails a malformed one, and tells of each row that it refuses."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from great_minds_kit import csv_of
from rosterbus_great_minds.overnight import sync
from rosterbus_great_minds.published import ADDITIONAL_ROLES_COLUMN, PACKAGE
from rosterbus_great_minds.standin import Overnight

USERS = (*PACKAGE["users.csv"], ADDITIONAL_ROLES_COLUMN)
GOOD: dict[str, list[dict[str, str]]] = {
    "orgs.csv": [{"sourcedId": "O1", "name": "North", "type": "school"}],
    "users.csv": [
        {"sourcedId": f"U{n}", "enabledUser": "true", "orgSourcedIds": "O1", "role": role, "username": f"ada{n}",
         "givenName": "Ada", "familyName": "Ng", ADDITIONAL_ROLES_COLUMN: more}
        for n, role, more in ((1, "student", ""), (2, "teacher", "school_admin,teacher"))
    ],
    "classes.csv": [{"sourcedId": "C1", "title": "Mathematics", "schoolSourcedId": "O1"}],
    "enrollments.csv": [
        {"sourcedId": "E1", "classSourcedId": "C1", "schoolSourcedId": "O1", "userSourcedId": "U1", "role": "student"}
    ],
}  # fmt: skip


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """Writes a package: the good one with changes of the first row of a file, and other columns or files."""

    def packing(
        name: str = "roster.zip",
        *,
        without: str = "",
        columns: dict[str, tuple[str, ...]] | None = None,
        **changes: dict[str, str],
    ) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for file, rows in GOOD.items():
                header = (columns or {}).get(file) or (USERS if file == "users.csv" else PACKAGE[file])
                first, *rest = rows
                written = [first | changes.get(file.removesuffix(".csv"), {}), *rest]
                whole = [{**dict.fromkeys(header, ""), **row} for row in written]
                if file != without:
                    archive.writestr(file, csv_of(header, [_quoted(row) for row in whole]))
        return path

    return packing


def _quoted(row: dict[str, str]) -> dict[str, str]:
    return {name: f'"{cell}"' for name, cell in row.items()}


def test_a_good_package_is_taken_whole(pack: Callable[..., Path]) -> None:
    done = sync(pack())
    assert (done.state, done.errors) == ("Completed", {})
    assert done.rows == {"orgs.csv": 1, "users.csv": 2, "classes.csv": 1, "enrollments.csv": 1}


@pytest.mark.parametrize("name", PACKAGE)
def test_a_package_without_a_required_file_or_with_other_columns_fails(
    pack: Callable[..., Path], name: str
) -> None:
    other = {name: tuple(reversed(PACKAGE[name]))}
    for path in (pack(without=name), pack(columns=other)):
        done = sync(path)
        assert done.state == "Failed"
        assert name in done.because


def test_what_is_no_zip_fails(tmp_path: Path) -> None:
    (tmp_path / "roster.zip").write_bytes(b"no zip")
    assert sync(tmp_path / "roster.zip").state == "Failed"


@pytest.mark.parametrize(
    ("file", "changes", "column"),
    [
        ("orgs", {"sourcedId": "a b"}, "sourcedId"),
        ("orgs", {"name": ""}, "name"),
        ("users", {"sourcedId": "x" * 101}, "sourcedId"),
        ("users", {"enabledUser": "yes"}, "enabledUser"),
        ("users", {"orgSourcedIds": ""}, "orgSourcedIds"),
        ("users", {"orgSourcedIds": "O1,O2"}, "orgSourcedIds"),
        ("users", {"status": "active"}, "status"),
        ("users", {ADDITIONAL_ROLES_COLUMN: "teacher"}, ADDITIONAL_ROLES_COLUMN),
        ("users", {"role": "teacher", ADDITIONAL_ROLES_COLUMN: "king"}, ADDITIONAL_ROLES_COLUMN),
        ("classes", {"dateLastModified": "2026-11-20"}, "dateLastModified"),
        ("enrollments", {"userSourcedId": "U9"}, "userSourcedId"),
        ("enrollments", {"role": ""}, "role"),
    ],
)
def test_a_row_that_breaks_a_rule_is_in_its_files_report(
    pack: Callable[..., Path], file: str, changes: dict[str, str], column: str
) -> None:
    done = sync(pack(**{file: changes}))
    assert done.state == "Completed with Errors"
    header, first, *_ = csv.reader(io.StringIO(done.report(f"{file}.csv"), newline=""))
    assert header == ["rowNumber", "sourceId", "field", "status", "message"]
    assert (first[0], first[2], first[3]) == ("2", column, "Failure")


def test_an_id_that_is_used_twice_is_refused_the_second_time(pack: Callable[..., Path]) -> None:
    done = sync(pack(users={"sourcedId": "U2"}))
    assert [(row, column) for row, _, column, _ in done.errors["users.csv"]] == [(3, "sourcedId")]


def test_a_class_and_an_enrollment_are_at_a_school(pack: Callable[..., Path]) -> None:
    done = sync(pack(orgs={"type": "district"}))
    told = {file: {column for _, _, column, _ in errors} for file, errors in done.errors.items()}
    assert told == {
        "classes.csv": {"schoolSourcedId"},
        "enrollments.csv": {"classSourcedId", "schoolSourcedId"},
    }


def test_a_night_takes_the_newest_package_once_and_writes_the_reports(
    pack: Callable[..., Path], tmp_path: Path
) -> None:
    nights: Any = Overnight(tmp_path, tmp_path / "reports")
    assert list(nights.settle()) == []
    for second, name in enumerate(("a.zip", "b.zip")):
        os.utime(pack(name, users={"enabledUser": "yes"}), (second, second))
    [first] = nights.settle()
    assert (first["package"], first["state"]) == ("b.zip", "Completed with Errors")
    assert first["files"]["users.csv"] == {"rows": 2, "refused": 1}
    assert len(nights.settle()) == 1
    assert [path.name for path in sorted((tmp_path / "reports" / "b").iterdir())] == [
        "enrollments_sync_report.csv",
        "users_sync_report.csv",
    ]
