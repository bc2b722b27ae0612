"""One epoch for each plan, and COMPLETE only when everything else is whole."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import asyncssh
import pytest
from rosterbus.deliveries import Done, NotStarted, Partly, Unsure
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus_samegoal import load, probe, reconcile

EPOCH = "20261120-210405"


def contents(epoch):
    return {path.name: path.read_bytes() for path in epoch.iterdir()}


def planned(delivery):
    return {file.name: file.path.read_bytes() for file in delivery.files}


@pytest.fixture
def looks(server, deliver, load_settings):
    """What stands in the epoch at every operation of the server: ``open``, ``complete``, or ``torn``."""
    delivery = deliver(load_settings())
    epoch, honest = server.home() / "upload" / EPOCH, server.note
    seen = []

    def note(*what):
        honest(*what)
        complete = (epoch / "COMPLETE").exists()
        whole = complete and contents(epoch) == {**planned(delivery), "COMPLETE": b""}
        seen.append("complete" if whole else "torn" if complete else "open")

    server.note = note
    return seen


def test_an_epoch_holds_the_files_and_an_empty_complete(place, deliver):
    delivery = deliver(place.settings)
    answer = load(delivery, place.settings)
    assert isinstance(answer, Done)
    assert answer.outcome == "unknown"
    assert contents(place.upload / EPOCH) == {**planned(delivery), "COMPLETE": b""}
    assert [file["sha256"] for file in answer.evidence["files"]] == [file.sha256 for file in delivery.files]
    assert answer.evidence["marker"] == delivery.addressed.marker


def test_complete_comes_last_and_after_everybody_knows_that_it_will(server, deliver, load_settings):
    delivery = deliver(load_settings())
    done_before = []
    delivery.mark_sent = lambda: done_before.extend(server.verbs("mkdir", "create", "rename"))
    load(delivery, load_settings())
    folder = f"/upload/{EPOCH}"
    assert done_before == [
        ("mkdir", folder),
        ("create", f"{folder}/students.csv.part"),
        ("rename", f"{folder}/students.csv"),
        ("create", f"{folder}/guardians.csv.part"),
        ("rename", f"{folder}/guardians.csv"),
    ]
    assert server.verbs("mkdir", "create", "rename")[5:] == [("create", f"{folder}/COMPLETE")]
    assert server.verbs("remove", "rmdir") == []


@pytest.mark.parametrize("cut", [1, 40_000, 230_000, 300_000, 400_000])
def test_a_cut_connection_never_leaves_complete_beside_half_a_file(
    server, deliver, load_settings, looks, cut
):
    settings = load_settings()
    delivery = deliver(settings)
    server.faults.cut_after = cut
    with pytest.raises(RetriableError, match="was lost"):
        load(delivery, settings)
    server.faults.cut_after = None
    assert reconcile(delivery, settings) == Partly(f"/upload/{EPOCH} is there without COMPLETE")
    assert not delivery.was_sent
    assert isinstance(load(delivery, settings), Done)
    assert contents(server.home() / "upload" / EPOCH) == {**planned(delivery), "COMPLETE": b""}
    assert [path.name for path in (server.home() / "upload").iterdir()] == [EPOCH]
    assert looks[-1] == "complete"
    assert "torn" not in looks


def test_a_full_disk_is_gone_on_with_when_there_is_room(server, deliver, load_settings, looks):
    settings = load_settings()
    delivery = deliver(settings)
    server.faults.full_after = 100_000
    with pytest.raises(RetriableError, match="disk or quota may be full"):
        load(delivery, settings)
    server.faults.full_after = None
    assert isinstance(load(delivery, settings), Done)
    assert looks[-1] == "complete"
    assert "torn" not in looks


def test_an_interruption_right_before_complete_goes_on_in_the_same_epoch(place, deliver):
    delivery = deliver(place.settings)

    def die():
        delivery.was_sent = True
        raise KeyboardInterrupt

    delivery.mark_sent, honest = die, delivery.mark_sent
    with pytest.raises(KeyboardInterrupt):
        load(delivery, place.settings)
    assert contents(place.upload / EPOCH) == planned(delivery)
    assert isinstance(reconcile(delivery, place.settings), Partly)
    delivery.mark_sent = honest
    assert isinstance(load(delivery, place.settings), Done)
    assert contents(place.upload / EPOCH) == {**planned(delivery), "COMPLETE": b""}


def test_a_lost_answer_to_complete_is_found_out(server, deliver, load_settings):
    settings = load_settings()
    delivery = deliver(settings)
    server.faults.drop_after = "COMPLETE"
    with pytest.raises(RetriableError, match="was lost while creating"):
        load(delivery, settings)
    server.faults.drop_after = ""
    answer = reconcile(delivery, settings)
    assert isinstance(answer, Done)
    assert answer.evidence["marker"] == f"/upload/{EPOCH}/COMPLETE"


def test_what_samegoal_took_is_processed_and_not_sent_again(place, deliver):
    delivery = deliver(place.settings)
    load(delivery, place.settings)
    place.take(delivery)
    processed = Done({"processed": f"{place.settings.processed}/{EPOCH}"}, outcome="processed")
    assert reconcile(delivery, place.settings) == processed
    assert load(delivery, place.settings) == processed
    assert list(place.upload.iterdir()) == []


def test_nothing_to_be_seen_means_not_started_only_before_it_was_sent(place, deliver):
    delivery = deliver(place.settings)
    assert reconcile(delivery, place.settings) == NotStarted()
    delivery.was_sent = True
    answer = reconcile(delivery, place.settings)
    assert isinstance(answer, Unsure)
    assert "is neither there nor in" in answer.why
    assert load(delivery, place.settings) == answer
    assert list(place.upload.iterdir()) == []


@pytest.mark.parametrize("folder", ["upload", "processed"])
def test_an_epoch_that_somebody_else_completed_is_neither_ours_nor_touched(place, deliver, folder):
    delivery = deliver(place.settings)
    theirs = getattr(place, folder) / EPOCH
    theirs.mkdir()
    (theirs / "COMPLETE").touch()
    for answer in (reconcile(delivery, place.settings), load(delivery, place.settings)):
        assert isinstance(answer, Unsure)
        assert "was completed by somebody else" in answer.why
    assert contents(theirs) == {"COMPLETE": b""}
    assert not delivery.was_sent


def test_an_epoch_with_something_else_in_it_is_not_completed(place, deliver):
    (place.upload / EPOCH).mkdir()
    (place.upload / EPOCH / "absences.csv").touch()
    delivery = deliver(place.settings)
    with pytest.raises(ConnectorError, match=r"something else beside the planned files: absences\.csv"):
        load(delivery, place.settings)
    assert not delivery.was_sent
    assert not (place.upload / EPOCH / "COMPLETE").exists()


def test_a_file_that_shrank_after_its_upload_is_not_completed(server, deliver, load_settings):
    settings = load_settings()
    delivery = deliver(settings)
    students, honest = server.home() / "upload" / EPOCH / "students.csv", server.note

    def note(user, verb, path="", size=0):
        honest(user, verb, path, size)
        if verb == "mkdir" or path.endswith("guardians.csv"):
            os.truncate(students, 10) if students.exists() else None

    server.note = note
    with pytest.raises(RetriableError, match=r"does not hold students\.csv in full"):
        load(delivery, settings)
    assert not delivery.was_sent


@pytest.mark.parametrize("created", [True, False])
def test_a_server_that_fails_at_complete_is_asked_whether_it_did(
    server, deliver, load_settings, monkeypatch, created
):
    settings = load_settings()
    delivery = deliver(settings)
    honest = asyncssh.SFTPServer.open

    def fail(disk, path, pflags, attrs):
        if path.endswith(b"/COMPLETE"):
            if created:
                honest(disk, path, pflags, attrs).close()
            raise asyncssh.SFTPFailure("no reason")
        return honest(disk, path, pflags, attrs)

    monkeypatch.setattr(asyncssh.SFTPServer, "open", fail)
    if created:
        assert isinstance(load(delivery, settings), Done)
    else:
        with pytest.raises(ConnectorError, match="failed while creating"):
            load(delivery, settings)


@pytest.mark.parametrize(("at", "overdue"), [(datetime(2020, 1, 1, tzinfo=UTC), True), (None, False)])
def test_an_epoch_that_is_not_taken_says_since_when_it_waits(server, deliver, load_settings, at, overdue):
    at = at or datetime.now(UTC)
    delivery = deliver(load_settings(), at=at)
    load(delivery, load_settings())
    delivery.state = "confirmed"
    answer = reconcile(delivery, load_settings())
    assert answer.outcome == "unknown"
    assert (answer.evidence["waiting_since"], answer.evidence["overdue"]) == (at.isoformat(), overdue)


def test_the_way_of_a_delivery_stays_when_the_mode_is_edited(server, deliver, load_settings):
    delivery = deliver(load_settings())
    load(delivery, load_settings(mode="auto"))
    assert (server.home() / "upload" / EPOCH / "COMPLETE").exists()


def test_a_server_that_is_not_pinned_or_another_one_gets_nothing(server, deliver, load_settings, tmp_path):
    delivery = deliver(load_settings())
    with pytest.raises(ConfigError, match="is not pinned"):
        load(delivery, load_settings(host_key=[]))
    with pytest.raises(ConnectorError, match="shows another host key"):
        load(delivery, load_settings(host_key="SHA256:" + "a" * 43))
    assert server.verbs("login", "mkdir", "create") == []


def test_a_key_that_the_server_does_not_know_is_refused(server, deliver, load_settings, tmp_path):
    stranger = tmp_path / "stranger"
    stranger.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    stranger.chmod(0o600)
    settings = load_settings(private_key={"file": str(stranger)})
    with pytest.raises(ConnectorError, match="refused the credentials"):
        load(deliver(settings), settings)
    assert [one.state for one in probe(settings)] == ["proved", "failed"]
    assert server.verbs("mkdir", "create") == []


def test_a_probe_logs_in_looks_and_changes_nothing(place):
    before = sorted(path for folder in (place.upload, place.processed) for path in folder.rglob("*"))
    assert {one.what: one.state for one in probe(place.settings)} == {
        "server": "proved",
        "credential": "proved",
        "upload folder": "proved",
        "processed folder": "proved",
    }
    place.upload.rename(place.upload.with_name("elsewhere"))
    place.processed.rmdir()
    assert [(one.what, one.state) for one in probe(place.settings)][2:] == [
        ("upload folder", "failed"),
        ("processed folder", "not provable without sending"),
    ]
    assert before == []
