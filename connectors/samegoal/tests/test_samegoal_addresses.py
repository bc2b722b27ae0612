"""Where a delivery goes: named by the pipeline's clock, and never where another plan went."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from rosterbus_samegoal import Settings, address

CHICAGO = ZoneInfo("America/Chicago")
SETTINGS = Settings().load({"host": "sftp.example.org", "username": "district"})


def test_an_epoch_is_named_by_the_second_and_ends_with_complete(deliver):
    made = deliver(SETTINGS).addressed
    assert made.target == "sftp://district@sftp.example.org:22/upload"
    assert made.files == ("/upload/20261120-210405/students.csv", "/upload/20261120-210405/guardians.csv")
    assert made.marker == "/upload/20261120-210405/COMPLETE"


@pytest.mark.parametrize("name", ["students.csv", "guardians.csv", "COMPLETE"])
def test_an_epoch_of_another_plan_is_left_for_the_next_free_second(deliver, name):
    taken = {f"/upload/20261120-21040{second}/{name}" for second in (5, 6)}
    made = deliver(SETTINGS, is_taken=taken.__contains__).addressed
    assert made.marker == "/upload/20261120-210407/COMPLETE"


def test_asking_again_gives_the_same_address(deliver):
    delivery = deliver(SETTINGS)
    assert address(delivery, SETTINGS) == delivery.addressed


@pytest.mark.parametrize(
    ("moment", "epoch"),
    [
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "20261101-013000"),
        # The same time on the clock, an hour later.
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), "20261101-013001"),
        # The last second before the hour that the clock leaves out.
        (datetime(2026, 3, 8, 7, 59, 59, tzinfo=UTC), "20260308-030000"),
    ],
)
def test_every_epoch_is_a_real_local_time_when_the_clock_changes(deliver, moment, epoch):
    taken = {"/upload/20260308-015959/COMPLETE"}
    if moment.hour == 7 and moment.month == 11:
        taken.add("/upload/20261101-013000/COMPLETE")
    made = deliver(SETTINGS, at=moment.astimezone(CHICAGO), is_taken=taken.__contains__).addressed
    assert made.marker == f"/upload/{epoch}/COMPLETE"


def test_without_folders_the_names_are_the_same_every_night_and_still_belong_to_one_plan(deliver):
    settings = Settings().load({"host": "sftp.example.org", "username": "district", "mode": "auto"})
    made = deliver(settings).addressed
    assert made.files == ("/upload/students_auto.csv#p1", "/upload/guardians_auto.csv#p1")
    assert made.marker is None
    assert not set(made.files) & set(deliver(settings, plan="p2").addressed.files)
