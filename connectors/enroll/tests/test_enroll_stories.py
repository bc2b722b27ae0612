"""Every story that the article tells, for Enroll's own side of the twin and for our exports alike."""

from __future__ import annotations

import pytest
from rosterbus_enroll.service import NotApprovedError


class Enroll:
    """Sync Service itself."""

    def __init__(self, service, office):
        self.service, self.folder = service, service.folder

    def export(self, moment):
        self.service.export(moment)


class Ours(Enroll):
    """Our destination, over a source that gives registrations as they were synced."""

    def __init__(self, service, office):
        self.service, self.office, self.folder = service, office, office.exports

    def export(self, moment):
        outcome = self.office.run(moment)
        assert outcome.exit_code == 0, outcome.as_json()


@pytest.fixture(params=[Enroll, Ours])
def side(request, service, office):
    return request.param(service, office)


@pytest.fixture
def export(side, read):
    """Exports, and answers with the rows of the files that this wrote, by their places."""

    def files():
        return {
            path.relative_to(side.folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in side.folder.rglob("*.csv")
        }

    def export(moment):
        before = files()
        side.export(moment)
        fresh = [name for name, stamp in files().items() if before.get(name) != stamp]
        return {name: read(side.folder / name) for name in fresh}

    return export


@pytest.fixture
def export_one(export):
    """The same where there is one file: registration and first name; None where there is no new file."""

    def export_one(moment):
        written = export(moment)
        assert set(written) <= {"registrations.csv"}
        rows = written.get("registrations.csv")
        return rows and [(row["Registration ID"], row["First Name"]) for row in rows]

    return export_one


@pytest.fixture
def there(side, read):
    """What the file at its place holds now."""
    return lambda: [row["Registration ID"] for row in read(side.folder / "registrations.csv")]


def test_a_first_export_without_a_sync_makes_no_file(register, export_one, when):
    register("R1")
    assert export_one(when(14)) is None


def test_synced_at_10_exported_at_2_and_nothing_is_left_for_9(service, register, export_one, there, when):
    register("R1")
    service.sync("R1", when(10))
    assert export_one(when(14)) == [("R1", "Ada")]
    assert export_one(when(21)) is None
    assert there() == ["R1"]


def test_what_was_changed_after_the_sync_at_10_is_not_in_the_export_at_2(service, register, export_one, when):
    register("R1")
    service.sync("R1", when(10))
    service.change("R1", first_name="Bea")
    assert export_one(when(14)) == [("R1", "Ada")]
    assert export_one(when(21)) is None


def test_the_final_sync_of_the_day_is_what_is_exported(service, register, export_one, when):
    register("R1")
    for hour, name in ((9, "Ada"), (11, "Bea"), (13, "Cleo")):
        service.change("R1", first_name=name)
        service.sync("R1", when(hour))
    service.change("R1", first_name="Dora")
    assert export_one(when(21)) == [("R1", "Cleo")]


def test_a_nights_export_overwrites_that_of_the_night_before(service, register, export_one, there, when):
    register("R1", "R2")
    service.sync("R1", when(10))
    assert export_one(when(21)) == [("R1", "Ada")]
    service.sync("R2", when(10, day=21))
    assert export_one(when(21, day=21)) == [("R2", "Ada")]
    assert there() == ["R2"]


def test_the_9_pm_export_holds_only_the_students_synced_at_2_and_overwrites_that_of_1(
    service, register, export_one, there, when
):
    register("R1", "R2")
    service.sync("R1", when(10))
    assert export_one(when(13)) == [("R1", "Ada")]
    service.sync("R2", when(14))
    assert export_one(when(21)) == [("R2", "Ada")]
    assert there() == ["R2"]


def test_only_approved_registrations_are_synced_and_exported(service, register, export_one, when):
    register("R1")
    service.register("R2", first_name="Bea")
    with pytest.raises(NotApprovedError, match="In Processing"):
        service.sync("R2", when(10))
    service.sync("R1", when(10))
    assert export_one(when(14)) == [("R1", "Ada")]
    service.approve("R2")
    service.sync("R2", when(15))
    assert service.synced["R2"]["status"] == "Registration Approved"


def test_a_registration_that_was_synced_again_goes_again_though_nothing_in_it_is_new(
    service, register, export_one, when
):
    register("R1")
    service.sync("R1", when(10))
    assert export_one(when(14)) == [("R1", "Ada")]
    service.sync("R1", when(15))
    assert export_one(when(21)) == [("R1", "Ada")]


def test_several_years_at_once_go_to_a_folder_for_each_start_year(service, register, export, when):
    register("R1", "R2", school_year="2024-2025")
    register("R3", school_year="2025-2026")
    for name in ("R1", "R2", "R3"):
        service.sync(name, when(10))
    written = export(when(21))
    told = {place: [row["Registration ID"] for row in rows] for place, rows in written.items()}
    assert told == {"2024/registrations.csv": ["R1", "R2"], "2025/registrations.csv": ["R3"]}
