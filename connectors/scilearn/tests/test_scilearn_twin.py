"""The twin: what it makes of a file, a job at a time, and what it keeps."""

from __future__ import annotations

import stat

import pytest
from rosterbus.deliveries import Done
from rosterbus.secrets import sealed
from rosterbus_scilearn import Settings, load, probe, reconcile, twin
from rosterbus_scilearn.jobs import BusyError, Jobs

HEAD = "STUDENT_ID,USERNAME,FIRST_NAME,LAST_NAME,DOB,SCHOOL_ID"


@pytest.fixture
def school(tmp_path):
    """A table of students, and a function that updates it with rows."""
    jobs = Jobs(tmp_path / "jobs")

    def update(*rows, head=HEAD):
        jobs.start("f.csv", "".join(f"{line}\r\n" for line in [head, *rows]).encode())
        return jobs.settle()[-1]

    return jobs, update


def test_rows_change_students_and_a_blank_leaves_what_is_there(school):
    jobs, update = school
    update("7,u7,Ada,Ng,03/09/2011,0101")
    told = update("7,,Ada,Ng-Li,03/09/2011,0102")
    assert (told["status"], told["rows"], told["updated"], told["failed"]) == ("completed", 1, 1, 0)
    assert jobs.students["7"] == {
        "STUDENT_ID": "7",
        "USERNAME": "u7",
        "FIRST_NAME": "Ada",
        "LAST_NAME": "Ng-Li",
        "DOB": "03/09/2011",
        "SCHOOL_ID": "0102",
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",u1,A,B,03/09/2011,1", "STUDENT_ID: missing"),
        ("8,u8,,B,03/09/2011,1", "FIRST_NAME: missing"),
        ("8,u8,A,B,3/9/2011,1", "DOB: not MM/DD/YYYY"),
        ("8,u8,A,B,13/13/2011,1", "DOB: not MM/DD/YYYY"),
        ("7,u8,A,B,03/09/2011,1", "STUDENT_ID: not unique in the file"),
        ("8,u7,A,B,03/09/2011,1", "USERNAME: not unique in the file"),
        ("8,u8,Ada,Ng,03/09/2011,1", "LAST_NAME: not unique in the file"),
        ("8,u9,A,B,03/09/2011,1", "USERNAME: not unique in the district"),
    ],
)
def test_a_row_that_breaks_a_rule_fails_alone(school, row, reason):
    _, update = school
    update("9,u9,Alan,Li,03/09/2011,1")
    told = update("7,u7,Ada,Ng,03/09/2011,1", row)
    assert (told["status"], told["updated"], told["failed"], told["reasons"]) == (
        "completed",
        1,
        1,
        {reason: 1},
    )


def test_an_update_makes_no_students_where_it_knows_them_all(school):
    jobs, update = school
    update("7,u7,Ada,Ng,03/09/2011,1")
    jobs.strict = True
    told = update("7,u7,Ada,Ng,03/09/2011,2", "8,u8,A,B,03/09/2011,1")
    assert (told["updated"], told["reasons"]) == (1, {"STUDENT_ID: no such student": 1})


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "no header"),
        (b"7,u7\r\n", "no header"),
        (b"STUDENT_ID,GRADE\r\n7\r\n", "number of fields"),
        (b"STUDENT_ID\r\n\xff\r\n", "not CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_updates_nobody_and_the_job_completes(tmp_path, content, because):
    jobs = Jobs(tmp_path)
    jobs.start("f.csv", content)
    [told] = jobs.settle()
    assert (told["status"], because in told["because"], told["updated"]) == ("completed", True, 0)
    assert told["failed"] == told["rows"]
    assert jobs.state == "completed"


def test_there_is_one_job_at_a_time_and_students_are_updated_one_by_one(school):
    jobs, _ = school
    jobs.pace = 3600.0
    jobs.start("f.csv", f"{HEAD}\r\n7,u7,A,B,03/09/2011,1\r\n8,u8,C,D,03/09/2011,1\r\n".encode())
    assert (jobs.state, list(jobs.students)) == ("running", [])
    with pytest.raises(BusyError):
        jobs.start("g.csv", b"STUDENT_ID\r\n")
    jobs.work(1)
    assert (jobs.state, list(jobs.students)) == ("running", ["7"])
    assert jobs.cancel()
    assert not jobs.cancel()
    [told] = jobs.settle()
    assert (told["status"], told["updated"], told["left"]) == ("canceled", 1, 1)


def test_a_slow_job_goes_on_with_the_time(school, monkeypatch):
    jobs, _ = school
    clock = [100.0]
    monkeypatch.setattr("rosterbus_scilearn.jobs.time.monotonic", lambda: clock[0])
    jobs.pace = 10.0
    jobs.start("f.csv", f"{HEAD}\r\n7,u7,A,B,03/09/2011,1\r\n8,u8,C,D,03/09/2011,1\r\n".encode())
    for seconds, state, there in ((9, "running", 0), (15, "running", 1), (20, "completed", 2)):
        clock[0] = 100.0 + seconds
        assert (jobs.state, len(jobs.students)) == (state, there)


def test_the_mail_tells_rows_and_reasons_and_all_that_is_kept_is_private(school, tmp_path):
    _, update = school
    update("7,u7,Ada,Ng,03/09/2011,1", "8,u8,Alan,Li,3/9/2011,1")
    mail = tmp_path / "jobs" / "mail" / "001.txt"
    told = mail.read_text(encoding="utf-8")
    assert "row 3: DOB: not MM/DD/YYYY" in told
    assert "Alan" not in told
    for path in (mail, tmp_path / "jobs" / "held.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_pipelines_own_settings_lead_to_the_twin_and_no_other_credential_is_read(tmp_path, deliver):
    own = {"server": "ondemand4", "login": "manager@example.com", "password": {"env": "NOT_THERE"}}
    stand_in = twin(tmp_path / "twin", own)
    try:
        settings = Settings().load({**own, **stand_in.settings})
        with sealed():
            assert [one.state for one in probe(settings)] == ["proved"]
            delivery = deliver(settings, students=3)
            done = load(delivery, settings)
            assert isinstance(done, Done)
            [told] = stand_in.settle()
            assert reconcile(delivery.confirmed(done.evidence), settings).evidence["job"] == "completed"
        assert (told["rows"], told["updated"]) == (3, 3)
    finally:
        stand_in.stop()


def test_a_twin_stops_twice_and_starts_again_as_the_same_one(tmp_path):
    first = twin(tmp_path / "twin", {})
    first.extras["jobs"].start("f.csv", b"STUDENT_ID\r\n7\r\n")
    first.settle()
    first.stop()
    first.stop()
    again = twin(tmp_path / "twin", {})
    try:
        assert list(again.extras["jobs"].students) == ["7"]
        assert again.settings["password"].reveal() == first.settings["password"].reveal()
        settings = Settings().load({**again.settings, "ca_file": first.settings["ca_file"]})
        assert [one.state for one in probe(settings)] == ["proved"]
    finally:
        again.stop()


def test_no_upload_lies_in_the_folder_for_temporary_files(
    server, jobs, deliver, load_settings, monkeypatch, tmp_path
):
    import tempfile

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    opened = []
    rollover = tempfile.SpooledTemporaryFile.rollover
    monkeypatch.setattr(
        tempfile.SpooledTemporaryFile, "rollover", lambda file: (opened.append(file), rollover(file))
    )
    settings = load_settings()
    load(deliver(settings, students=40_000), settings)
    assert (len(jobs.updates[0].rows), opened) == (40_000, [])
