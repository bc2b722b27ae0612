"""The way without folders: every file gets its name when all are whole, and no name takes another's place."""

from __future__ import annotations

import pytest
from rosterbus.deliveries import Done, NotStarted, Partly, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_samegoal import load, reconcile

NAMES = {"students_auto.csv", "guardians_auto.csv"}


@pytest.fixture
def auto(place):
    """The place, reached by the way without folders."""
    place.settings = Values({**place.settings, "mode": "auto"})
    return place


def names(place):
    return {path.name for path in place.upload.iterdir()}


def test_both_files_get_their_names_and_nothing_else_stays(auto, deliver):
    delivery = deliver(auto.settings)
    answer = load(delivery, auto.settings)
    assert isinstance(answer, Done)
    assert names(auto) == NAMES
    for file in delivery.files:
        assert (auto.upload / f"{file.path.stem}_auto.csv").read_bytes() == file.path.read_bytes()
    assert [file["remote"] for file in answer.evidence["files"]] == [
        f"{auto.settings.upload}/{name}" for name in ("students_auto.csv", "guardians_auto.csv")
    ]


def test_no_file_has_its_name_before_all_are_whole_and_guardians_come_first(server, deliver, load_settings):
    settings = load_settings(mode="auto")
    delivery = deliver(settings)
    done_before = []
    delivery.mark_sent = lambda: done_before.extend(server.verbs("create", "rename"))
    load(delivery, settings)
    assert done_before == [("create", "/upload/students.p1.part"), ("create", "/upload/guardians.p1.part")]
    assert server.verbs("rename") == [
        ("rename", "/upload/guardians_auto.csv"),
        ("rename", "/upload/students_auto.csv"),
    ]


def test_a_file_of_the_night_before_is_left_alone(auto, deliver):
    (auto.upload / "students_auto.csv").write_text("yesterday's", encoding="utf-8")
    delivery = deliver(auto.settings)
    with pytest.raises(RetriableError, match="still there from an earlier upload and was left alone"):
        load(delivery, auto.settings)
    assert names(auto) == {"students_auto.csv"}
    assert not delivery.was_sent
    assert reconcile(delivery, auto.settings) == NotStarted()


def test_a_cut_connection_is_gone_on_with(server, deliver, load_settings):
    settings = load_settings(mode="auto")
    delivery = deliver(settings)
    server.faults.cut_after = 300_000
    with pytest.raises(RetriableError):
        load(delivery, settings)
    server.faults.cut_after = None
    assert isinstance(reconcile(delivery, settings), Partly)
    assert isinstance(load(delivery, settings), Done)
    assert {path.name for path in (server.home() / "upload").iterdir()} == NAMES


def test_an_interruption_between_the_two_names_is_gone_on_with(auto, deliver):
    delivery = deliver(auto.settings)
    load(delivery, auto.settings)
    (auto.upload / "students_auto.csv").rename(auto.upload / "students.p1.part")
    assert isinstance(reconcile(delivery, auto.settings), Partly)
    assert isinstance(load(delivery, auto.settings), Done)
    assert names(auto) == NAMES


def test_what_has_its_name_after_a_lost_answer_has_arrived(auto, deliver):
    delivery = deliver(auto.settings)
    load(delivery, auto.settings)
    assert isinstance(reconcile(delivery, auto.settings), Done)
    assert isinstance(load(delivery, auto.settings), Done)
    assert names(auto) == NAMES


@pytest.mark.parametrize("gone", [NAMES, {"guardians_auto.csv"}])
def test_what_is_gone_after_a_lost_answer_is_left_to_a_person(auto, deliver, gone):
    delivery = deliver(auto.settings)
    load(delivery, auto.settings)
    for name in gone:
        (auto.upload / name).unlink()
    for answer in (reconcile(delivery, auto.settings), load(delivery, auto.settings)):
        assert isinstance(answer, Unsure)
        assert "was taken by SameGoal or removed by somebody" in answer.why


def test_a_confirmed_delivery_whose_files_are_gone_is_running(auto, deliver):
    delivery = deliver(auto.settings)
    load(delivery, auto.settings)
    delivery.state = "confirmed"
    assert reconcile(delivery, auto.settings).outcome == "unknown"
    for name in NAMES:
        (auto.upload / name).unlink()
    assert reconcile(delivery, auto.settings).outcome == "running"


def test_a_server_that_renames_nothing_has_been_sent_nothing(server, deliver, load_settings):
    settings = load_settings(mode="auto")
    server.faults.no_rename = True
    with pytest.raises(ConnectorError, match="failed while renaming"):
        load(deliver(settings), settings)
    assert {path.name for path in (server.home() / "upload").iterdir()} == {
        "students.p1.part",
        "guardians.p1.part",
    }


def test_a_name_that_appears_in_between_is_not_replaced(server, deliver, load_settings):
    settings = load_settings(mode="auto")
    delivery = deliver(settings)
    theirs = server.home() / "upload" / "students_auto.csv"
    delivery.mark_sent = lambda: theirs.write_text("theirs", encoding="utf-8")
    assert isinstance(load(delivery, settings), Partly)
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_a_damaged_first_part_is_written_anew(auto, deliver):
    delivery = deliver(auto.settings)
    (auto.upload / "students.p1.part").write_bytes(b"\0" * 1_000)
    assert isinstance(load(delivery, auto.settings), Done)
    students = delivery.files[0].path.read_bytes()
    assert (auto.upload / "students_auto.csv").read_bytes() == students
