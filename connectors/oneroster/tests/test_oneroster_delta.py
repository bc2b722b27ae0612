"""Packages that hold changes only: what is read of them, in which order, and what they come to."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rosterbus_oneroster
from rosterbus.engine import lock_engine, open_engine
from rosterbus.errors import ConnectorError, HeldError
from rosterbus.extracts import Changes, Extract, Nothing, Unchanged
from rosterbus.mirror import keep, read_mirror
from rosterbus.plan.extraction import load_extract

CLOCK = datetime(2026, 11, 20, 21, 4, tzinfo=UTC)
LATER = (2026, 11, 21, 3, 0, 0)
DATED = "2026-11-21T02:00:00.000Z"


class Nights:
    """A pipeline's mirror from one package to the next, without a pipeline around it."""

    def __init__(self, folder: Path, extract: Any) -> None:
        self._folder, self._extract = folder, extract
        self.state: dict[str, Any] = {}
        self.mirror: Path | None = None
        self.columns: dict[str, tuple[str, ...]] = {}
        self.changes: dict[str, Any] = {}

    def night(self, path: Path, **options: Any) -> dict[str, list[dict[str, Any]]]:
        """Read one package; answers with the relations, each without the rows that its cells come from."""
        answer = self._extract(path, previous=self.state, **options)
        assert isinstance(answer, Extract), answer
        with open_engine(self._folder / "engine") as connection:
            mirror = read_mirror(self.mirror, "oneroster")
            read = load_extract(connection, answer, clock=CLOCK, connector="oneroster", mirror=mirror)
            self.mirror, self.state = (
                keep(connection, read.mirror, self._folder / "mirror"),
                dict(answer.state),
            )
            self.columns = {name: raw.columns for name, raw in read.tables.items()}
            self.changes = {name: one.changes for name, one in read.loaded.items()}
            lock_engine(connection, [])
            values = rosterbus_oneroster.Settings().load({"location": str(path)})
            mapped = rosterbus_oneroster.map(values, read.tables)
            return {one.table: self._cells(connection.execute(one.sql)) for one in mapped.relations}

    @staticmethod
    def _cells(found: Any) -> list[dict[str, Any]]:
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        told = [{name: cell for name, cell in row.items() if not name.startswith("_row")} for row in rows]
        return sorted(told, key=str)


@pytest.fixture
def nights(tmp_path, extract):
    return Nights(tmp_path, extract)


@pytest.fixture
def begun(nights, zipped, v11):
    """The first night: a bulk package."""
    nights.night(zipped(v11))
    return nights


@pytest.fixture
def delta(manifested, v11):
    """A package of changes: rows of v11's files, each with its status and date and with some cells changed."""

    def make(mode="delta", **files):
        made = {name: [v11[name][0], *rows] for name, rows in files.items()}
        return manifested(made, **dict.fromkeys(files, mode))

    return make


@pytest.fixture
def row(v11):
    """A row of a v11 file as a delta tells it."""

    def make(name, key, status="active", date=DATED, **cells):
        header = v11[name][0]
        kept = next((one for one in v11[name] if one[0] == key), v11[name][1])
        return [str({**dict(zip(header, kept, strict=True)), **cells, "sourcedId": key, "status": status,
                     "dateLastModified": date}[column]) for column in header]  # fmt: skip

    return make


def people(relations):
    return sorted(row["student_id"] for row in relations["students"])


def test_a_delta_package_gives_its_files_as_changes(extract, zipped, delta, row):
    answer = extract(zipped(delta(users=[row("users", "S1")])))
    changes = answer.tables["users"]
    assert isinstance(changes, Changes)
    assert (changes.key, changes.from_nothing, changes.completeness) == (("sourcedId",), False, None)
    (table,) = changes.tables
    assert (table.file, table.key) == ("users.csv (delta of 2026-11-20 03:00)", "sourcedId")
    assert answer.mirrored


def test_changes_go_over_the_last_bulk_package(begun, zipped, delta, row):
    changed = delta(
        users=[row("users", "S1", givenName="Adah"), row("users", "S3"), row("users", "S2", "tobedeleted")],
        enrollments=[row("enrollments", "E1", "tobedeleted")],
    )
    after = begun.night(zipped(changed, made=LATER))
    assert people(after) == ["S1", "S3"]
    assert after["students"][0]["first_name"] == "Adah"
    assert begun.changes["users"] == {"upserted": 2, "deleted": 1, "renamed": 0, "repeated": 0, "older": 0}
    assert begun.changes["orgs"] is None
    assert len(after["schools"]) == 2


def test_roles_of_version_1_2_change_alike(nights, zipped, v12, manifested):
    nights.night(zipped(v12))
    users, roles = v12["users"], v12["roles"]
    new = [[*users[1]], [*roles[1]]]
    new[0][:3] = ["S9", "active", DATED]
    new[1][:4] = ["R9", "active", DATED, "S9"]
    gone = [["R1", "tobedeleted", DATED, *roles[1][3:]]]
    files = {"users": [users[0], new[0]], "roles": [roles[0], new[1], *gone]}
    after = nights.night(zipped(manifested(files, version="1.2", users="delta", roles="delta"), made=LATER))
    assert people(after) == ["S2", "S9"]


def test_modes_are_obeyed_file_by_file(begun, zipped, v11, manifested, row):
    files = {
        "users": [v11["users"][0], row("users", "S1")],
        "enrollments": [v11["enrollments"][0], row("enrollments", "E3")],
    }
    after = begun.night(zipped(manifested(files, users="bulk", enrollments="delta"), made=LATER))
    assert people(after) == ["S1"]
    assert len(after["enrollments"]) == 2


def test_a_file_of_a_delta_package_that_the_manifest_does_not_call_bulk_removes_nobody(
    begun, zipped, v11, manifested, row
):
    files = {"users": [v11["users"][0], row("users", "S1")], "orgs": [v11["orgs"][0], row("orgs", "O1")]}
    package = manifested(files, users="absent", orgs="delta")
    assert people(begun.night(zipped(package, made=LATER))) == ["S1", "S2"]


def test_a_row_older_than_the_one_that_is_there_changes_nothing(begun, zipped, delta, row):
    dates = {"new": "2026-11-21T02:00:00.000Z", "old": "2026-11-19T02:00:00.000Z"}
    begun.night(zipped(delta(users=[row("users", "S1", givenName="New", date=dates["new"])]), made=LATER))
    late = [
        row("users", "S1", givenName="Old", date=dates["old"]),
        row("users", "S2", "tobedeleted", dates["old"]),
    ]
    after = begun.night(zipped(delta(users=late), made=(2026, 11, 22, 3, 0, 0)))
    assert after["students"][0]["first_name"] == "New"
    assert people(after) == ["S1"], "a row of a bulk file has no date that could be newer"
    assert begun.changes["users"]["older"] == 1


def test_a_delta_before_any_bulk_package_says_what_is_needed(nights, zipped, delta, row):
    with pytest.raises(HeldError, match=r"only changes of `users`.*give a full extract first"):
        nights.night(zipped(delta(users=[row("users", "S1")])))


def test_a_delta_of_a_file_that_was_never_whole_says_so_too(nights, zipped, v11, delta, row, manifested):
    package = delta(demographics=[row("demographics", "S1")])
    del v11["demographics"]
    nights.night(zipped(manifested({name: rows for name, rows in v11.items() if name != "manifest"})))
    with pytest.raises(HeldError, match="only changes of `demographics`"):
        nights.night(zipped(package, made=LATER))


def test_the_same_package_again_is_unchanged(begun, extract, zipped, delta, row):
    package = delta(users=[row("users", "S3")])
    begun.night(zipped(package, made=LATER))
    answer = extract(zipped(package, name="again.zip", made=LATER), previous=begun.state)
    assert answer == Unchanged("the package is the one that was read last", answer.findings)
    assert {finding.severity for finding in answer.findings} == {"pass"}


@pytest.mark.parametrize("made", [LATER, (1980, 1, 1, 0, 0, 0)])
def test_a_former_package_that_comes_back_is_held_and_left_unread(begun, extract, zipped, delta, row, made):
    former = delta(users=[row("users", "S3")])
    begun.night(zipped(former, made=made))
    begun.night(zipped(delta(users=[row("users", "S3", "tobedeleted")]), made=(2026, 11, 22, 3, 0, 0)))
    answer = extract(zipped(former, made=made), previous=begun.state)
    assert isinstance(answer, Unchanged)
    (hold,) = (finding for finding in answer.findings if finding.severity == "hold")
    assert (hold.rule, answer.state) == ("older changes", None)
    assert "older than the one that was read last" in hold.sentence


def test_an_older_package_that_was_never_read_is_held_too(begun, extract, zipped, delta, row):
    begun.night(zipped(delta(users=[row("users", "S3")]), made=LATER))
    answer = extract(
        zipped(delta(users=[row("users", "S4")]), made=(2026, 11, 19, 3, 0, 0)), previous=begun.state
    )
    assert "older changes" in {finding.rule for finding in answer.findings}


def test_a_bulk_package_begins_a_new_chain(begun, extract, zipped, v11, delta, row):
    former = zipped(delta(users=[row("users", "S3")]), made=LATER)
    begun.night(former)
    v11["users"].append(row("users", "S4", "", ""))
    begun.night(zipped(v11, made=(2026, 11, 22, 3, 0, 0)))
    assert "chain" not in begun.state
    assert isinstance(extract(zipped(delta(users=[row("users", "S5")]), made=(2026, 11, 23, 3, 0, 0)),
                              previous=begun.state), Extract)  # fmt: skip


def test_no_more_of_a_chain_is_remembered_than_is_of_use(begun, extract, zipped, delta, row):
    package = zipped(delta(users=[row("users", "S3")]), made=LATER)
    known = {**begun.state, "chain": [str(number) for number in range(300)]}
    answer = extract(package, previous=known)
    assert len(answer.state["chain"]) == 100
    assert answer.state["chain"][-2:] == ["299", answer.state["sha256"]]


def test_a_package_of_changes_that_lacks_a_promised_file_is_not_read_at_all(
    extract, zipped, row, manifested, v11
):
    files = {"users": [v11["users"][0], row("users", "S1")]}
    for mode in ("delta", "bulk"):
        package = manifested(files, users="delta", enrollments=mode)
        with pytest.raises(ConnectorError, match=r"promises enrollments.csv.*ask for the package again"):
            extract(zipped(package))
    with pytest.raises(ConnectorError, match=r"promises users.csv"):
        extract(zipped(manifested({}, users="delta")))


@pytest.mark.parametrize("column", ["status", "dateLastModified"])
def test_changes_that_do_not_say_what_they_are_are_refused(extract, zipped, delta, row, column):
    package = delta(users=[row("users", "S1")])
    place = package["users"][0].index(column)
    package["users"] = [one[:place] + one[place + 1 :] for one in package["users"]]
    with pytest.raises(
        ConnectorError, match=rf"users.csv holds changes only \(delta\) and has no column {column}"
    ):
        extract(zipped(package))


def test_a_delta_with_its_manifest_alone_is_nothing(extract, zipped, manifested):
    assert extract(zipped(manifested({}, users="absent", results="delta"))) == Nothing(
        "the package holds its manifest only"
    )


def test_passwords_stay_out_of_the_mirror(begun, zipped, v11, delta, row):
    begun.night(zipped(delta(users=[row("users", "S1", password="s3cret")]), made=LATER))
    assert "password" not in begun.columns["users"]
    assert not any(b"s3cret" in path.read_bytes() for path in begun.mirror.iterdir())


def test_passwords_that_were_let_in_before_leave_the_mirror(nights, zipped, v11, delta, row):
    nights.night(zipped(v11), passwords=True)
    assert "password" in nights.columns["users"]
    nights.night(zipped(delta(users=[row("users", "S2")]), made=LATER))
    assert "password" not in nights.columns["users"]
    assert not any(b"s3cret" in path.read_bytes() for path in nights.mirror.iterdir())


def test_a_folder_of_loose_files_may_hold_a_delta(begun, loose, delta, row):
    assert people(begun.night(loose(delta(users=[row("users", "S3")])))) == ["S1", "S2", "S3"]


SPOKEN_OF = {"users": "givenName", "enrollments": "role", "demographics": "sex", "orgs": "name"}


@dataclass
class School:
    """What a school knows by file and id, and what it tells of it, package by package, by chance."""

    chance: random.Random
    headers: dict[str, list[str]]
    held: dict[str, dict[str, list[str]]]

    def package(self, day: int) -> tuple[dict[str, list[list[str]]], dict[str, str]]:
        """A day's changes: the files, and the mode of each."""
        told: dict[str, dict[str, list[str]]] = {
            name: {} for name in self.chance.sample(sorted(SPOKEN_OF), 3)
        }
        for number in range(self.chance.randint(2, 8)):
            name = self.chance.choice(sorted(told))
            line = self._event(name, f"{day}-{number}", f"2026-12-{day:02}T02:00:00Z")
            told[name][line[0]] = line
        modes = {
            name: "bulk" if number and self.chance.random() < 0.3 else "delta"
            for number, name in enumerate(told)
        }
        rows = {name: self.held[name] if mode == "bulk" else told[name] for name, mode in modes.items()}
        return {name: [self.headers[name], *lines.values()] for name, lines in rows.items()}, modes

    def _event(self, name: str, number: str, date: str) -> list[str]:
        known = self.held[name]
        line = list(self.chance.choice(list(known.values())))
        what = self.chance.choice(["change", "change", "come", "leave"]) if len(known) > 1 else "come"
        line[0] = f"{line[0]}-{number}" if what == "come" else line[0]
        line[1:3] = "tobedeleted" if what == "leave" else "active", date
        line[self.headers[name].index(SPOKEN_OF[name])] = self.chance.choice(
            ["student", "teacher", "male", "Max"]
        )
        known.pop(line[0], None) if what == "leave" else known.update({line[0]: line})
        return line


@pytest.mark.parametrize("seed", range(6))
def test_any_packages_one_after_the_other_come_to_the_bulk_package_of_what_is_left(
    tmp_path, begun, extract, zipped, manifested, v11, seed
):
    files = {name: rows for name, rows in v11.items() if name != "manifest"}
    headers = {name: rows[0] for name, rows in files.items()}
    held = {name: {row[0]: row for row in rows[1:]} for name, rows in files.items()}
    school = School(random.Random(seed), headers, held)
    for day in range(1, 4):
        package, modes = school.package(day)
        came_to = begun.night(zipped(manifested(package, **modes), made=(2026, 12, day, 3, 0, 0)))
    left = {name: [headers[name], *rows.values()] for name, rows in held.items()}
    whole = Nights(tmp_path / "whole", extract).night(zipped(manifested(left), name="whole.zip"))
    assert came_to == whole
