"""Exports as they really come: what is wrong is told by its row, and everything else arrives cell by cell."""

from __future__ import annotations

import csv
import io

import pytest

CELLS = {
    "Student Id": "sourcedId",
    "Last Name": "familyName",
    "First Name": "givenName",
    "Address": "metadata.street",
}
APARTMENT = b'"12 Elm Street\nApt 4"'


@pytest.fixture
def site(to_samegoal):
    """A project whose export has sixty students, all of them without a flaw."""
    to_samegoal.district = {"students": 60}
    to_samegoal.export()
    return to_samegoal


@pytest.fixture
def users(site, member):
    """The lines of users.csv: the header, and the records with the students first."""
    header, *records = (
        member(site.package, "users").replace(b"\nApt ", b" Apt ").removesuffix(b"\r\n").split(b"\r\n")
    )
    return [header, *sorted(records, key=lambda record: not record.startswith(b"S"))]


@pytest.fixture
def write(site, repack):
    """A function that gives the export another users.csv."""
    return lambda content: repack(site.package, users=content)


def lines(records, end=b"\r\n"):
    return b"".join(record + end for record in records)


def wanted(content, encoding="utf-8"):
    """What should arrive of the students in users.csv, in the order of the file."""
    rows = csv.DictReader(io.StringIO(content.decode(encoding), newline=""))
    return [{name: row[cell] for name, cell in CELLS.items()} for row in rows if row["role"] == "student"]


def got(rows):
    return [{name: row[name] for name in CELLS} for row in rows]


def numbers(report):
    return [int(row["Row Number"]) for row in report]


def test_a_malformed_record_is_told_by_its_row_and_all_others_arrive(
    site, users, write, samegoal, arrived, sync_report
):
    header, *records = users
    street = next(csv.reader([records[1].decode()]))[
        next(csv.reader([header.decode()])).index("metadata.street")
    ]
    records[1] = records[1].replace(street.encode(), APARTMENT)
    clean = lines([header, *records[:7], *records[8:]])
    records[7] = records[7].replace(b",", b',"stray" quote,', 1)
    write(lines([header, *records[:5], b"", *records[5:]]))
    receipt = site.json("run", "p").receipt

    report = sync_report(site.json("report", "last").json["report"], "samegoal-students")
    assert numbers(report) == [10]
    assert "quote" in report[0]["Error"]
    rows = got(arrived(samegoal))
    assert rows == wanted(clean)
    assert "12 Elm Street\nApt 4" in {row["Address"] for row in rows}
    assert receipt["raw"]["users"]["rejected"] == 1
    assert receipt["balanced"]


def test_a_cell_that_the_vendor_refuses_is_told_by_row_id_and_column(
    site, users, write, samegoal, arrived, sync_report
):
    header, *records = users
    place = next(csv.reader([header.decode()])).index("familyName")
    cells = next(csv.reader([records[2].decode()]))
    write(
        lines([header, *records[:2], records[2].replace(f",{cells[place]},".encode(), b",,"), *records[3:]])
    )
    said = site.json("run", "p")

    assert said.code == 4
    [told] = sync_report(said.json["report"], "samegoal-students")
    assert (told["Row Number"], told["sourcedId"], told["Column Name"]) == ("4", cells[0], "Last Name")
    assert cells[0] not in {row["Student Id"] for row in arrived(samegoal)}
    assert cells[0] not in {row["Student Id"] for row in arrived(samegoal, "guardians.csv")}


def test_records_of_an_undeclared_encoding_are_reported_and_never_mangled(
    site, users, write, samegoal, arrived, sync_report
):
    strange = [row for row, line in enumerate(users) if line.startswith(b"S") and not line.isascii()][:3]
    mixed = [
        line.decode().encode("windows-1252", "replace") if row in strange else line
        for row, line in enumerate(users)
    ]
    write(lines(mixed))
    said = site.json("run", "p")

    plain = [line for row, line in enumerate(users) if row not in strange]
    assert got(arrived(samegoal)) == wanted(lines(plain))
    report = sync_report(said.json["report"], "samegoal-students")
    assert set(numbers(report)) == {row + 1 for row in strange}
    assert all('encoding = "windows-1252"' in row["Error"] for row in report)
    assert said.receipt["raw"]["users"]["rejected"] == 3
    assert "unreadable users.csv 3 records" in site("plan", "p").out


def test_a_whole_export_of_an_undeclared_encoding_is_held(site, users, write, samegoal):
    write(lines(line.decode().encode("windows-1252", "replace") for line in users))
    said = site("run", "p")

    assert said.code == 3
    assert samegoal.settle() == []


def test_a_declared_encoding_is_read_whole(site, users, write, samegoal, arrived):
    content = lines(line.decode().encode("windows-1252", "replace") for line in users)
    write(content)
    site.source["encoding"] = "windows-1252"
    site.pipeline()
    said = site.json("run", "p")

    assert said.code == 0
    assert said.receipt["raw"]["users"]["rejected"] == 0
    assert got(arrived(samegoal)) == wanted(content, "windows-1252")
    assert any(not row["Last Name"].isascii() for row in arrived(samegoal))


def test_a_quote_that_is_never_closed_is_held(site, users, write, samegoal):
    header, *records = [line.replace(b'"', b"") for line in users]
    records[50] = records[50].replace(b",true,", b',"true,', 1)
    write(lines([header, *records]))
    said = site("run", "p")

    assert said.code == 3
    assert "users.csv: the quote opened in row 52 is not closed" in said.out
    assert samegoal.settle() == []


def test_line_ends_may_be_mixed(site, users, write, samegoal, arrived):
    content = b"".join(line + (b"\r\n", b"\n")[row % 2] for row, line in enumerate(users))
    write(content)
    said = site.json("run", "p")

    assert said.code == 0
    assert said.receipt["raw"]["users"]["rejected"] == 0
    assert got(arrived(samegoal)) == wanted(lines(users))


def test_a_record_with_a_cell_too_many_is_rejected_alone(site, users, write, samegoal, arrived, sync_report):
    write(lines([*users[:20], users[20] + b",surplus", *users[21:]]))
    said = site.json("run", "p")

    [told] = sync_report(said.json["report"], "samegoal-students")
    assert told["Row Number"] == "21"
    assert got(arrived(samegoal)) == wanted(lines([*users[:20], *users[21:]]))


def test_a_guardian_who_cannot_be_read_is_not_deleted_at_the_vendor(site, users, write, samegoal):
    assert site("run", "p").code == 0
    site.export()
    place = next(row for row, line in enumerate(users) if line.startswith(b"G"))
    write(lines([*users[:place], users[place] + b",surplus", *users[place + 1 :]]))
    said = site("run", "p")

    assert said.code == 3
    assert "held: removals beside unreadable rows" in said.out
    assert len(samegoal.settle()) == 1


def test_an_export_with_headers_only_is_held(site, users, write, samegoal):
    assert site("run", "p").code == 0
    site.export()
    write(users[0] + b"\r\n")
    said = site("run", "p")

    assert said.code == 3
    assert "held: zero rows" in said.out
    assert len(samegoal.settle()) == 1


def test_an_export_that_is_no_zip_fails_and_sends_nothing(site, samegoal):
    site.package.write_bytes(b"<html>the export is not ready yet</html>")
    said = site("run", "p")

    assert said.code == 1
    assert "oneroster.zip" in said.out
    assert samegoal.settle() == []
