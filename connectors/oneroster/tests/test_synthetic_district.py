"""The made-up district: the same every time, as dirty as it says, and read like any other export."""

from __future__ import annotations

import csv
import io
import os
import stat
import subprocess
import sys
import zipfile
from datetime import date

import pytest
from rosterbus_oneroster.synthetic import KINDS, write_district

MALFORMED = {"too many columns", "too few columns", "undecodable name", "missing id"}


def text(district, name):
    with zipfile.ZipFile(district.path) as package:
        return package.read(f"{name}.csv").decode("utf-8", "surrogateescape")


def records(district, name):
    """Records by row number, the header being row 1; blank lines count."""
    rows = list(csv.reader(io.StringIO(text(district, name), newline="")))
    return rows[0], {number: row for number, row in enumerate(rows, start=1) if row and number > 1}


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    one, two = (write_district(tmp_path / name, students=300) for name in ("a", "b"))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.flaws == two.flaws


def test_hashes_and_locales_do_not_matter(tmp_path):
    script = (
        "import sys, pathlib; from rosterbus_oneroster.synthetic import write_district as w\n"
        "w(pathlib.Path(sys.argv[1]), students=60)"
    )
    for seed in ("0", "1"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "LC_ALL": "C",
            "TZ": "Asia/Tokyo" if seed == "1" else "UTC",
        }
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)], env=environment, check=True, timeout=60
        )
    assert (tmp_path / "0/oneroster.zip").read_bytes() == (tmp_path / "1/oneroster.zip").read_bytes()


def test_another_seed_gives_other_people(tmp_path):
    one, two = (write_district(tmp_path / str(seed), students=50, seed=seed) for seed in (1, 2))
    assert text(one, "users") != text(two, "users")


def test_a_clean_district_is_read_without_a_single_warning(tmp_path, roster):
    district = write_district(tmp_path / "d", students=400, bad_share=0)
    made = roster(district.path)
    assert {finding.severity for finding in made.extract.findings} <= {"pass"}
    assert not [finding for loaded in made.loaded.values() for finding in loaded.findings]
    assert {name: loaded.read for name, loaded in made.loaded.items()} | {"manifest": 16} == dict(
        district.rows
    )
    assert made.counted() == {}
    assert len(made.rows("students")) == 400
    assert district.flaws == ()
    assert sum(row["status"] == "inactive" for row in made.rows("students")) == district.leavers == 1


def test_every_kind_of_flaw_is_planted_and_stands_where_it_says(tmp_path):
    district = write_district(tmp_path / "d", students=2000, bad_share=0.02)
    assert set(district.planted) == set(KINDS)
    assert sum(district.planted.values()) == len(district.flaws) == 40
    header, users = records(district, "users")
    cell = {name: at for at, name in enumerate(header)}
    for row in district.rows_of("bad e-mail"):
        assert "@" not in users[row][cell["email"]]
    for row in district.rows_of("grade point average out of range"):
        assert users[row][cell["metadata.cumulative_gpa"]] == "5.2"
    for row in district.rows_of("missing first name"):
        assert users[row][cell["givenName"]] == ""
    for row in district.rows_of("too many columns"):
        assert len(users[row]) == len(header) + 1
    for row in district.rows_of("too few columns"):
        assert len(users[row]) == len(header) - 3
    for row in district.rows_of("blank line"):
        assert row not in users
    for row in district.rows_of("repeated id"):
        assert users[row][0] == users[row - 1][0]
    usernames = [row[cell["username"]] for row in users.values()]
    for row in district.rows_of("repeated username"):
        assert usernames.count(users[row][cell["username"]]) == 2
    header, born = records(district, "demographics")
    for row in district.rows_of("impossible birth date"):
        with pytest.raises(ValueError):
            date.fromisoformat(born[row][3])


def test_the_reader_rejects_exactly_the_rows_that_cannot_be_read(tmp_path, roster):
    district = write_district(tmp_path / "d", students=2000, bad_share=0.02)
    made = roster(district.path)
    expected = {flaw.row for flaw in district.flaws if flaw.kind in MALFORMED}
    assert {problem.row for problem in made.loaded["users"].problems} == expected
    assert made.loaded["users"].read == district.rows["users"]
    assert len(made.rows("students")) == 2000 - len(expected) + district.planted["repeated id"]


def test_a_flaw_that_can_be_read_reaches_the_roster_at_its_own_row(tmp_path, roster):
    district = write_district(tmp_path / "d", students=2000, bad_share=0.02)
    students = {row["_row"]: row for row in roster(district.path).rows("students")}
    assert {students[row]["grade"] for row in district.rows_of("unknown grade")} == {"14X"}
    assert {students[row]["school_id"] for row in district.rows_of("unknown school")} == {"ORGNOWHERE"}
    assert {students[row]["class_level"] for row in district.rows_of("unknown class level")} == {
        "Super Senior"
    }


def test_siblings_share_their_guardians_and_both_directions_occur(tmp_path, roster):
    district = write_district(tmp_path / "d", students=600, bad_share=0)
    made = roster(district.path)
    pairs = made.rows("student_guardians")
    per_student = {
        who: sum(row["student_id"] == who for row in pairs) for who in {row["student_id"] for row in pairs}
    }
    assert set(per_student.values()) == {1, 2, 3}
    assert len(per_student) == 600
    shared = {row["guardian_id"] for row in pairs}
    assert len(shared) < len(pairs)
    assert {row["relationship"] for row in pairs} == {"parent", "guardian", "relative"}
    assert any(row["agentSourcedIds"] for row in made.rows("guardians"))


def test_who_left_is_gone_and_everybody_else_is_unchanged(tmp_path, roster):
    before = roster(write_district(tmp_path / "a", students=120, bad_share=0).path).by(
        "students", "student_id"
    )
    after = roster(write_district(tmp_path / "b", students=120, bad_share=0, without=[3, 4]).path).by(
        "students", "student_id"
    )
    assert set(before) - set(after) == {"S0000004", "S0000005"}
    for who, row in after.items():
        assert {k: v for k, v in row.items() if not k.startswith("_")} == {
            k: v for k, v in before[who].items() if not k.startswith("_")
        }


def test_names_carry_what_trips_importers_up(tmp_path):
    users = text(write_district(tmp_path / "d", students=2000, bad_share=0), "users")
    for sign in ("é", "ø", "Ł", "O'Brien", '"Smith, Jr."', '""Bobby""', "\nApt "):
        assert sign in users, sign


def test_nobody_can_be_reached(tmp_path):
    header, users = records(write_district(tmp_path / "d", students=500, bad_share=0), "users")
    mail, phone, sms = (header.index(name) for name in ("email", "phone", "sms"))
    assert {row[mail].rpartition("@")[2] for row in users.values()} == {
        "students.example.edu", "families.example.org", "staff.example.edu",
    }  # fmt: skip
    numbers = {row[at] for row in users.values() for at in (phone, sms)} - {""}
    assert all(number.startswith("(217) 555-01") for number in numbers)


def test_the_school_year_follows_the_day_of_the_export(tmp_path, roster):
    for name, day, year in (("a", date(2027, 6, 30), "2027"), ("b", date(2027, 7, 1), "2028")):
        district = write_district(tmp_path / name, students=10, as_of=day)
        made = roster(district.path)
        assert made.extract.as_of.date() == day
        assert {row["school_year"] for row in made.rows("terms")} == {year}


def test_one_school_is_a_district_too(tmp_path, roster):
    made = roster(write_district(tmp_path / "d", schools=1, students=30, bad_share=0).path)
    assert len(made.rows("schools")) == 1
    assert {row["school_id"] for row in made.rows("students")} == {"ORG0001"}


@pytest.mark.skipif(os.name != "posix", reason="modes of files mean nothing on Windows")
def test_the_package_is_private(tmp_path):
    district = write_district(tmp_path / "d", students=10)
    assert stat.S_IMODE(district.path.stat().st_mode) == 0o600


def test_records_are_written_one_at_a_time(tmp_path):
    """Ten times the students must not take ten times the memory."""
    script = (
        "import sys, pathlib, tracemalloc; from rosterbus_oneroster.synthetic import write_district as w\n"
        "w(pathlib.Path(sys.argv[1]), students=50, bad_share=0); tracemalloc.start()\n"
        "w(pathlib.Path(sys.argv[1]), students=int(sys.argv[2]), bad_share=0)\n"
        "print(tracemalloc.get_traced_memory()[1])"
    )
    peaks = []
    for students in ("500", "5000"):
        command = [sys.executable, "-c", script, str(tmp_path / students), students]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
        peaks.append(int(answer.stdout))
    assert peaks[1] < peaks[0] + 500_000
