"""The OneRoster package: the same bytes for the same roster, put whole, the newest in force."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from great_minds_kit import Year, csv_of, section
from rosterbus.deliveries import Delivery, Done, NotStarted, Partly, StagedFile
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.layouts import LayoutSpec, Skip
from rosterbus.settings import Values
from rosterbus_great_minds import Settings, layouts, load, reconcile
from rosterbus_great_minds.package import packed
from rosterbus_great_minds.published import ADDITIONAL_ROLES_COLUMN, PACKAGE
from rosterbus_sftp.server import Faults, SFTPServer

Deliver = Callable[..., Delivery]
PARTS = {
    "orgs": "orgs.csv",
    "student_users": "users.students.csv",
    "staff_users": "users.staff.csv",
    "classes": "classes.csv",
    "student_enrollments": "enrollments.students.csv",
    "teacher_enrollments": "enrollments.teachers.csv",
}


SPECS = {
    spec.name: spec
    for spec in layouts(
        Settings().load(
            {"location": "sftp://a@sftp.example.org/x", "mode": "oneroster", "additional_roles": True}
        )
    )
}
USERS = ("student_users", "staff_users")
PERSON = {"sourcedId", "enabledUser", "orgSourcedIds", "username", "givenName", "familyName"}
ENROLLMENT = {"sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"}
REQUIRED = {
    "orgs": {"sourcedId", "name"},
    "student_users": PERSON,
    "staff_users": {*PERSON, "role"},
    "classes": {"sourcedId", "title", "schoolSourcedId"},
    "student_enrollments": ENROLLMENT,
    "teacher_enrollments": ENROLLMENT,
}


def row(file: str, identity: str, **cells: str) -> dict[str, str]:
    return {**dict.fromkeys(PACKAGE[file], ""), "sourcedId": identity, **cells}


@pytest.fixture
def parts(stage: Callable[..., StagedFile]) -> list[StagedFile]:
    staged = []
    for number, (layout, name) in enumerate(PARTS.items()):
        file = f"{name.partition('.')[0]}.csv"
        staged.append(stage(layout, [row(file, f"id{number}")], name=name, header=PACKAGE[file]))
    return staged


@pytest.fixture
def packing(over_sftp: Callable[..., Values]) -> Callable[..., Values]:
    return lambda **changes: over_sftp(mode="oneroster", **changes)


def read(path: Path) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(path) as archive:
        return {
            name: [*csv.DictReader(io.StringIO(archive.read(name).decode(), newline=""), strict=True)]
            for name in archive.namelist()
        }


def test_equal_parts_make_equal_bytes_and_two_relations_one_file(parts: list[StagedFile]) -> None:
    with packed(parts) as first, packed(parts) as again:
        assert first.read_bytes() == again.read_bytes()
        tables = read(first)
    assert list(tables) == list(PACKAGE)
    assert [one["sourcedId"] for one in tables["users.csv"]] == ["id1", "id2"]
    assert not first.exists()


def test_a_part_that_was_changed_is_not_packed(parts: list[StagedFile]) -> None:
    parts[3].path.write_bytes(csv_of(PACKAGE["classes.csv"], []))
    refused = pytest.raises(ConnectorError, match="is no longer the file that was planned; plan again")
    with refused, packed(parts):
        pytest.fail("it was packed")


def test_a_package_goes_up_whole_and_again_does_no_harm(
    quiet: SFTPServer,
    packing: Callable[..., Values],
    deliver: Deliver,
    parts: list[StagedFile],
    tmp_path: Path,
) -> None:
    settings = packing()
    (quiet.home() / tmp_path.name).mkdir()
    delivery = deliver(settings, parts)
    assert isinstance(reconcile(delivery, settings), NotStarted)
    first = load(delivery, settings)
    written = quiet.written
    assert isinstance(reconcile(delivery, settings), Partly)
    assert load(delivery, settings) == first
    assert quiet.written == written
    [package] = (quiet.home() / tmp_path.name).iterdir()
    assert package.name == "oneroster-20261120-210405.zip"
    assert delivery.addressed.files[1] == f"{package.name}#users.students.csv"
    delivery.state = "confirmed"
    assert isinstance(reconcile(delivery, settings), Done)


@pytest.mark.parametrize("fault", ["cut_after", "full_after"])
def test_an_upload_that_breaks_off_is_finished_and_was_never_seen_in_part(
    quiet: SFTPServer, packing: Callable[..., Values], deliver: Deliver, parts: list[StagedFile],
    fault: str, tmp_path: Path,
) -> None:  # fmt: skip
    settings = packing()
    folder = quiet.home() / tmp_path.name
    folder.mkdir()
    delivery = deliver(settings, parts)
    setattr(quiet.faults, fault, quiet.written + 100)
    with pytest.raises(RetriableError):
        load(delivery, settings)
    assert list(folder.glob("*.zip")) == []
    quiet.faults = Faults()
    assert isinstance(reconcile(delivery, settings), Partly)
    assert isinstance(load(delivery, settings), Done)
    assert set(read(next(folder.glob("*.zip")))) == set(PACKAGE)


def test_a_package_of_somebody_else_with_our_name_is_left_alone(
    quiet: SFTPServer,
    packing: Callable[..., Values],
    deliver: Deliver,
    parts: list[StagedFile],
    tmp_path: Path,
) -> None:
    settings = packing()
    foreign = quiet.home() / tmp_path.name / "oneroster-20261120-210405.zip"
    foreign.parent.mkdir()
    foreign.write_bytes(b"foreign")
    with pytest.raises(ConnectorError, match="exists already with other content"):
        load(deliver(settings, parts), settings)
    assert foreign.read_bytes() == b"foreign"


def test_a_fixed_name_is_replaced_by_the_next_package(
    quiet: SFTPServer,
    packing: Callable[..., Values],
    deliver: Deliver,
    parts: list[StagedFile],
    tmp_path: Path,
) -> None:
    settings = packing(package="roster.zip")
    package = quiet.home() / tmp_path.name / "roster.zip"
    package.parent.mkdir()
    package.write_bytes(b"last night's")
    delivery = deliver(settings, parts, is_taken=lambda name: True)
    assert delivery.addressed.overwrites
    assert isinstance(load(delivery, settings), Done)
    assert set(read(package)) == set(PACKAGE)


def test_wrong_credentials_and_another_host_key_get_not_a_byte(
    quiet: SFTPServer,
    packing: Callable[..., Values],
    deliver: Deliver,
    parts: list[StagedFile],
    tmp_path: Path,
) -> None:
    other = SFTPServer(tmp_path / "other", users=("district",))
    before = quiet.written
    for transport in ({"host_key": other.host_key}, {"private_key": {"file": str(other.private_key)}}):
        settings = packing(transport=transport)
        with pytest.raises(ConnectorError):
            load(deliver(settings, parts), settings)
    assert quiet.written == before


@pytest.fixture
def packages(begin: Callable[..., Year]) -> Callable[..., Year]:
    return lambda **settings: begin(mode="oneroster", **settings)


def newest(year: Year) -> dict[str, list[dict[str, str]]]:
    return read(sorted(year.place.glob("*.zip"))[-1])


def test_a_roster_is_packed_with_every_column_in_its_order_and_taken_without_an_error(
    packages: Callable[..., Year],
) -> None:
    year = packages()
    assert year.run().state == "confirmed"
    tables = newest(year)
    assert {name: tuple(rows[0]) for name, rows in tables.items()} == PACKAGE
    assert {one["role"] for one in tables["users.csv"]} == {"student", "teacher", "administrator"}
    assert [(one["userSourcedId"], one["role"], one["primary"]) for one in tables["enrollments.csv"]] == [
        ("S0000", "student", "false"),
        ("T0101t", "teacher", "true"),
        ("T0102t", "teacher", "true"),
    ]
    unsent = {"status", "dateLastModified", "sms", "phone", "password", "agentSourcedIds", "userIds"}
    assert {column for one in tables["users.csv"] for column, cell in one.items() if cell} & unsent == set()
    [analysis] = year.trial.imports()
    assert analysis["state"] == "Completed"


def test_only_the_newest_of_two_packages_is_taken(packages: Callable[..., Year]) -> None:
    year = packages()
    year.run()
    year.source.students += 1
    year.run(later=timedelta(days=1))
    [analysis] = year.trial.imports()
    assert analysis["files"]["users.csv"]["rows"] == 9


def test_a_row_whose_parent_is_in_no_file_stays_out(packages: Callable[..., Year]) -> None:
    year = packages()
    year.source.cells[0, "status"] = "inactive"
    year.source.sections.append(section("C3", "0101", primary_teacher_id="nobody"))
    year.run()
    tables = newest(year)
    assert [one["userSourcedId"] for one in tables["enrollments.csv"]] == ["T0101t", "T0102t"]
    [analysis] = year.trial.imports()
    assert analysis["state"] == "Completed"


def test_a_user_who_breaks_a_rule_stays_out(packages: Callable[..., Year]) -> None:
    year = packages()
    year.source.students = 7
    year.source.cells |= {
        (0, "student_id"): "a b",
        (1, "student_id"): "x" * 101,
        (2, "school_id"): "",
        (3, "username"): "",
        (4, "username"): "zqx0005",
        (6, "grade"): "14",
    }
    [users] = [one for one in year.planned().layouts if one.name == "student_users"]
    assert dict(users.problems) == {"sourcedId": 2, "orgSourcedIds": 1, "username": 3, "grades": 1}


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_ids_are_taken_up_to_the_published_limit_and_no_further(spec: LayoutSpec) -> None:
    judged = spec.column("sourcedId")
    assert [text for text in ("x" * 100, "aZ0-_.") if judged.problems(text)] == []
    assert judged.problems("x" * 101) == ("Longer than maximum length 100.",)
    for text in ("a b", "é", "a@b"):
        assert judged.problems(text) == ("Only letters, digits and - _ . are allowed.",)
    assert {one.name for one in spec.columns if one.required} == REQUIRED[spec.name]


@pytest.mark.parametrize(
    ("layout", "column", "good", "bad", "told"),
    [
        *((users, "enabledUser", ["true", "false"], "TRUE", "allowed: true, false") for users in USERS),
        *((users, ADDITIONAL_ROLES_COLUMN, ["teacher", "district_admin,school_admin"], "student",
           "Must be one of: district_admin, school_admin, teacher.") for users in USERS),
        ("student_users", "grades", ["IT", "13", "Other", ""], "14", "Must be one of: IT"),
        ("staff_users", "role", ["teacher", "administrator"], "principal", "Must be one of: teacher"),
        ("classes", "grades", ["", "KG,01"], "KG,1", "Must be one of: IT"),
        *(("student_enrollments", day, ["", "2026-08-15"], "08/15/2026", "needed: yyyy-mm-dd.")
          for day in ("beginDate", "endDate")),
        ("student_enrollments", "primary", ["true", "false"], "no", "allowed: true, false"),
        ("teacher_enrollments", "primary", ["true", "false"], "no", "allowed: true, false"),
    ],
)  # fmt: skip
def test_a_cell_of_the_package_is_as_the_standard_has_it(
    layout: str, column: str, good: list[str], bad: str, told: str
) -> None:
    judged = SPECS[layout].column(column)
    assert [text for text in good if judged.problems(text)] == []
    [message] = judged.problems(bad)
    assert told in message


def test_passwords_are_in_no_package_and_shown_to_nobody() -> None:
    for users in USERS:
        password = SPECS[users].column("password")
        assert (password.source, password.sensitive) == (Skip(), True)


def test_a_roster_that_shrank_is_held_before_the_missing_are_deactivated(
    packages: Callable[..., Year],
) -> None:
    year = packages()
    year.source.students = 100
    year.run()
    year.source.students = 20
    receipt = year.run(later=timedelta(days=1))
    assert (receipt.state, receipt.plan.holds[0].rule) == ("held", "share removed")


def test_additional_roles_are_staffs_alone(packages: Callable[..., Year]) -> None:
    year = packages(additional_roles=True)
    year.run()
    assert {tuple(one)[-1] for one in newest(year)["users.csv"]} == {"metadata.gm.additionalroles"}
    [analysis] = year.trial.imports()
    assert analysis["state"] == "Completed"
