"""Night after night: each export overwrites the one before, and the vendor hears of everybody all the same."""

from __future__ import annotations

import pytest
from rosterbus.previewing import preview
from rosterbus_enroll.service import SyncService

COLUMNS = {
    "Registration ID": "registration_id",
    "Student ID": "student_id",
    "First Name": "first_name",
    "Last Name": "last_name",
    "Year": "school_year",
}


@pytest.fixture
def vendor(office, service):
    """A pipeline from Enroll's exports to a vendor, whose place an SFTP folder takes."""
    service.columns = COLUMNS
    office.brought.clear()
    office.values = {
        **office.values,
        "name": "nights",
        "source": {
            "connector": "enroll",
            "location": str(service.folder / service.file_name),
            "columns": COLUMNS,
        },
        "deliver": {
            "enroll": {
                "records": "students",
                "columns": {"Student": "student_id", "Name": "first_name"},
            }
        },
    }
    return office


@pytest.fixture
def night(vendor, service, register, when):
    """Syncs, exports at 9 pm, picks up and delivers at 10 pm."""
    vendor.begin(when(0, day=1))

    def night(day, *names, run=True, **cells):
        for name in names:
            if name not in service.registrations:
                register(name)
            service.change(name, **cells)
            service.sync(name, when(10, day=day))
        service.export(when(21, day=day))
        return vendor.run(when(22, day=day)) if run else None

    return night


@pytest.fixture
def got(vendor):
    """All students that the vendor was told of so far, by id."""

    def got():
        vendor.twin.settle()
        sis = vendor.twin.extras["sis"]
        told = {student: row["Name"] for student, row in sis.students.items()}
        return dict(sorted(told.items()))

    vendor.twin.extras["sis"].students.clear()
    return got


def states(outcome):
    return [one.state for one in outcome.receipts]


def test_a_first_night_without_an_export_is_nothing_and_no_mistake(night, got):
    outcome = night(20)
    assert (outcome.exit_code, outcome.nothing) == (0, "there is no export file, so nothing was synced")
    assert got() == {}


def test_three_nights_with_different_students_and_the_vendor_has_all(night, got, service):
    assert states(night(20, "R1", "R2")) == ["confirmed"]
    assert got() == {"S1": "Ada", "S2": "Ada"}
    assert states(night(21, "R3")) == ["confirmed"]
    assert got() == {"S1": "Ada", "S2": "Ada", "S3": "Ada"}
    assert states(night(22, "R1", first_name="Bea")) == ["confirmed"]
    assert got() == {"S1": "Bea", "S2": "Ada", "S3": "Ada"}
    [receipt] = night(23).receipts
    assert receipt.state == "nothing new"
    assert receipt.counts["students"]["read"] == 3


def test_a_delivery_that_failed_goes_the_next_night_though_there_is_no_file_any_more(
    night, got, vendor, service
):
    server = vendor.twin.extras["server"]
    assert states(night(20, "R1")) == ["confirmed"]
    got()
    server.stop()
    assert night(21, "R2").exit_code == 75
    server.start()
    (service.folder / service.file_name).unlink()
    assert "confirmed" in states(night(22))
    assert got() == {"S1": "Ada", "S2": "Ada"}


def test_a_plan_that_was_held_loses_nobody(night, got, vendor):
    """Two nights without a run: the export of the first was overwritten unseen, as the run after them says."""
    assert states(night(20, "R1")) == ["confirmed"]
    got()
    night(21, "R2", run=False)
    outcome = night(22, "R3")
    assert (outcome.exit_code, states(outcome)) == (3, ["held"])
    assert "may have been overwritten unseen" in outcome.receipts[0].because
    assert "confirmed" in states(night(23, "R2"))
    assert got() == {"S1": "Ada", "S2": "Ada", "S3": "Ada"}


def test_a_student_who_is_not_in_tonights_export_is_taken_from_nobody(night, got):
    night(20, "R1", "R2")
    [receipt] = night(21, "R3").receipts
    counts = receipt.counts["students"]
    assert (counts["delivered"], counts["unchanged"], counts["removed"]) == (1, 2, 0)


def test_a_preview_reads_the_last_copy_and_keeps_nothing(night, vendor, when):
    night(20, "R1", "R2")
    with vendor.opened(when(8, day=21), "preview") as context:
        shown = preview(context, context.pipeline.deliveries, ["S2"])
    assert [(one.key, one.file, one.row) for one in shown] == [("S2", "registrations.csv", 3)]


def test_an_export_on_the_districts_server_is_picked_up_in_folders_of_years(
    night, vendor, twin, when, got, register
):
    """The same folder that Enroll writes to, over SFTP; the pick-up itself goes to another folder."""
    server = twin.extras["server"]
    enroll = SyncService(server.home() / "enroll", columns=COLUMNS)
    settings = server.settings()
    vendor.values["source"] = {
        **vendor.values["source"],
        "location": server.url("/enroll/registrations.csv"),
        "year_folders": True,
        "transport": {
            "host_key": settings["host_key"],
            "private_key": {"file": str(server.private_key)},
        },
    }
    assert vendor.run(when(20)).nothing == "there is no export file, so nothing was synced"
    for name, year in (("R1", "2025-2026"), ("R2", "2026-2027"), ("R3", "2026-2027")):
        enroll.register(name, student_id=name.replace("R", "S"), first_name=name, school_year=year)
        enroll.approve(name)
        enroll.sync(name, when(10))
    enroll.export(when(21))
    assert states(vendor.run(when(22))) == ["confirmed"]
    assert got() == {"S1": "R1", "S2": "R2", "S3": "R3"}
    enroll.change("R3", first_name="Cleo")
    enroll.sync("R3", when(10, day=21))
    assert [path.parent.name for path in enroll.export(when(21, day=21))] == ["enroll"]
    assert states(vendor.run(when(22, day=21))) == ["confirmed"]
    assert got() == {"S1": "R1", "S2": "R2", "S3": "Cleo"}
    with vendor.opened(when(8, day=22), "preview") as context:
        [shown] = preview(context, context.pipeline.deliveries, ["S1"])
    assert shown.file == "2025/registrations.csv"
