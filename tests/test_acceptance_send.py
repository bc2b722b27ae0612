"""Connectors composed on the command line, without a pipeline file."""

from __future__ import annotations

import pytest
from rosterbus_oneroster.synthetic import write_district


@pytest.fixture
def send(rosterbus, samegoal, tmp_path, monkeypatch):
    """A function that sends an export to SameGoal from a folder without a project."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    package = write_district(folder, schools=2, students=60, bad_share=0.0)
    server = samegoal.extras["server"]
    more = "CASE gender WHEN 'male' THEN 'male' ELSE 'female' END"
    sets = {
        "samegoal.transport.private_key.file": server.private_key,
        "samegoal.transport.host_key": server.host_key,
        "samegoal.map.students.columns.Gender.transform": f"upper(left({more}, 1))",
        "oneroster.as_of": "2026-11-20",
    }
    written = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]

    def sent(*options, where=""):
        destination = f"samegoal:{where or server.url('/upload')}"
        line = ["send", f"oneroster:{package.path.name}", destination, *written]
        return rosterbus(*line, "--timezone", "America/Chicago", *options)

    return sent


def test_a_first_send_is_held_because_nobody_knows_what_the_vendor_holds(send, samegoal):
    said = send()

    assert said.code == 3
    assert "held: no baseline" in said.out
    assert "nobody knows what samegoal holds of `guardians`" in said.out
    assert samegoal.settle() == []


def test_a_send_to_a_vendor_that_holds_nothing_arrives_whole(send, samegoal, arrived):
    receipt = send("--empty", "--json").receipt

    assert (receipt["state"], receipt["balanced"]) == ("confirmed", True)
    assert {file["remote"].rsplit("/", 1)[1] for file in receipt["files"]} == {
        "students.csv",
        "guardians.csv",
    }
    [analysis] = samegoal.settle()
    assert len(arrived(samegoal)) == receipt["counts"]["students"]["delivered"] == 60
    assert len(arrived(samegoal, "guardians.csv")) == receipt["counts"]["guardians"]["delivered"]
    assert analysis


def test_the_same_send_a_second_time_sends_nothing(send, samegoal):
    assert send("--empty").code == 0
    said = send("--empty")

    assert said.code == 0
    assert "nothing new" in said.out
    assert len(samegoal.settle()) == 1


def test_a_secret_in_the_location_is_refused_and_not_repeated(send):
    said = send(where="sftp://district:hunter2@127.0.0.1:22/upload")

    assert said.code == 2
    assert "hunter2" not in said.out + said.err


def test_a_server_with_another_host_key_gets_nothing(send, samegoal, tmp_path):
    from rosterbus_sftp.server import SFTPServer

    other = SFTPServer(tmp_path / "other").host_key
    said = send("--empty", "--set", f"samegoal.transport.host_key={other}")

    assert said.code == 1
    assert "host key" in said.out
    assert samegoal.settle() == []
