"""The twin, proved by OpenSSH's own client and used as a pipeline uses it."""

from __future__ import annotations

import shlex
import shutil
import stat
import subprocess
import time

import pytest
from rosterbus.deliveries import Done
from rosterbus.secrets import sealed
from rosterbus_samegoal import Settings, load, probe, reconcile, twin
from rosterbus_samegoal.published import COLUMNS

ROW = ("S1", "Ng", "", "Ada", "03/09/2011", "F", "ENROLLED", *[""] * 10, "North High", "0123", "S1")


@pytest.fixture
def samegoal(tmp_path):
    stand_in = twin(tmp_path / "twin", {})
    yield stand_in
    stand_in.stop()


@pytest.fixture
def sftp(samegoal, tmp_path):
    """Runs a batch of OpenSSH's sftp by the very command that the twin tells a person."""
    if shutil.which("sftp") is None:
        pytest.skip("OpenSSH's sftp is not installed (Debian: openssh-client)")

    def run(*lines):
        batch = tmp_path / "batch"
        batch.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command = shlex.split(samegoal.reach[0])
        command[1:1] = ["-b", str(batch)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def files(write_csv):
    return {
        "students": write_csv("students.csv", COLUMNS, ROW),
        "guardians": write_csv("guardians.csv", ("Student Id", "Last Name"), ("S1", "Ng")),
        "empty": write_csv("empty"),
    }


def uploads(samegoal, folder="upload"):
    home = samegoal.extras["server"].home()
    return sorted(path.name for path in (home / folder).iterdir())


def test_the_steps_of_the_article_end_with_the_epoch_processed(samegoal, sftp, files):
    sftp(
        "mkdir /upload/20200101-139029",
        f"put {files['students']} /upload/20200101-139029/students.csv",
        f"put {files['guardians']} /upload/20200101-139029/guardians.csv",
    )
    assert samegoal.settle() == []
    sftp(f"put {files['empty']} /upload/20200101-139029/COMPLETE")
    (told,) = samegoal.settle()
    assert (told["epoch"], told["status"]) == ("20200101-139029", "loaded")
    assert (told["students"], told["guardians"], told["ignored"]) == (1, 1, [])
    assert "20200101-139029" in sftp("ls -1 /upload-processed")
    assert uploads(samegoal) == []


def test_files_with_the_suffix_become_an_epoch_by_themselves(samegoal, sftp, files):
    sftp(
        f"put {files['students']} /upload/students_auto.csv",
        f"put {files['guardians']} /upload/guardians_auto.csv",
    )
    (told,) = samegoal.settle()
    assert (told["status"], sorted(told["files"])) == ("loaded", ["guardians.csv", "students.csv"])
    assert uploads(samegoal) == []
    assert uploads(samegoal, "upload-processed") == [told["epoch"]]


@pytest.mark.parametrize(
    ("folder", "marker"),
    [("20261120-210405", "complete"), ("20261120-210405", "COMPLETE.txt"), ("tonight", "COMPLETE")],
    ids=["not in capitals", "another name", "no epoch"],
)
def test_what_is_no_finished_epoch_is_ignored(samegoal, sftp, files, folder, marker):
    sftp(
        f"put {files['students']} /upload/students.csv",
        f"mkdir /upload/{folder}",
        f"put {files['students']} /upload/{folder}/students.csv",
        f"put {files['empty']} /upload/{folder}/{marker}",
    )
    assert samegoal.settle() == []
    assert uploads(samegoal) == sorted(["students.csv", folder])


def test_a_misnamed_file_is_ignored_and_told(samegoal, sftp, files):
    sftp(
        "mkdir /upload/20261120-210405",
        f"put {files['students']} /upload/20261120-210405/student.csv",
        f"put {files['empty']} /upload/20261120-210405/COMPLETE",
    )
    (told,) = samegoal.settle()
    assert (told["status"], told["ignored"]) == ("not loaded", ["student.csv"])


def test_a_delivery_goes_to_the_twin_and_comes_out_processed(samegoal, deliver, staged):
    own = {"location": "sftp://someone@sftp.example.org/elsewhere", "password": {"env": "NOT_TO_BE_READ"}}
    settings = Settings().load({**own, **samegoal.settings})
    delivery = deliver(settings)
    with sealed():
        assert all(one.state == "proved" for one in probe(settings))
        assert isinstance(load(delivery, settings), Done)
        assert reconcile(delivery, settings).outcome in ("unknown", "processed")
        (told,) = samegoal.settle()
        assert reconcile(delivery, settings).outcome == "processed"
    assert told["files"]["students.csv"]["added"] == staged[0].rows
    assert samegoal.settle() == [told]


def test_a_delivery_without_folders_comes_out_loaded(samegoal, deliver):
    settings = Settings().load({"mode": "auto", **samegoal.settings})
    assert isinstance(load(deliver(settings), settings), Done)
    (told,) = samegoal.settle()
    assert (told["status"], told["students"]) == ("loaded", 3_000)


def test_the_watcher_takes_an_epoch_by_itself(samegoal, deliver):
    settings = Settings().load(samegoal.settings)
    delivery = deliver(settings)
    load(delivery, settings)
    until = time.monotonic() + 60
    while uploads(samegoal) and time.monotonic() < until:
        time.sleep(0.05)
    assert reconcile(delivery, settings).outcome == "processed"


def test_analyses_and_what_is_held_are_private(samegoal, sftp, files):
    sftp(f"put {files['students']} /upload/students_auto.csv")
    samegoal.settle()
    written = [path for path in samegoal.folder.rglob("*") if path.suffix == ".json"]
    assert len(written) == 2
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_twin_stops_twice_and_starts_again_with_what_it_held(samegoal, sftp, files):
    sftp(f"put {files['students']} /upload/students_auto.csv")
    samegoal.settle()
    samegoal.stop()
    samegoal.stop()
    again = twin(samegoal.folder, {})
    try:
        assert set(again.extras["loader"].students) == {"S1"}
        assert again.settings["host_key"] == samegoal.settings["host_key"]
    finally:
        again.stop()


def test_every_answer_is_marked_and_has_a_source(samegoal):
    assert {answer.known for answer in samegoal.answers} <= {"published", "observed", "assumed"}
    assert all(answer.behaviour and answer.source for answer in samegoal.answers)
