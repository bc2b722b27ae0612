"""Twins on the command line: up for as long as wanted, and gone afterwards with what they wrote."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile

import pytest

TWIN = """
import pathlib
from rosterbus import settings
from rosterbus.deliveries import Twin, TwinAnswer
from rosterbus.hookspecs import hookimpl

class Settings(settings.Settings):
    pass

layouts = ()

@hookimpl
def twin(folder, settings):
    (folder / "up").write_text("", encoding="utf-8")
    answers = [TwinAnswer("takes files", "published", "the vendor's page")]
    stop = (folder / "up").unlink
    return Twin(name="toy", settings={}, reach=["drop://here"], stop=stop, settle=lambda: [], answers=answers)
"""

ASKED = """
from rosterbus import settings
from rosterbus.deliveries import Twin
from rosterbus.errors import ConnectorError
from rosterbus.extracts import Completeness, Extract, Mapped, Relation, Rows
from rosterbus.hookspecs import hookimpl

WHOLE = Completeness("complete", "the system counts them")

class Settings(settings.Settings):
    place = settings.text("Where the system is.", required=True)

@hookimpl
def extract(settings, state):
    if settings.place != "asked://twin":
        raise ConnectorError("the system itself was asked")
    return Extract({"people": Rows([["id"], ["S1"], ["S2"]], "people", WHOLE, key="id")})

@hookimpl
def map(settings, tables):
    return Mapped([Relation("students", "SELECT _row, id AS student_id FROM raw.people", lead="people")])

@hookimpl
def twin(folder, settings):
    place = "asked://twin"
    return Twin(name="asked", settings={"place": place}, reach=[place], stop=lambda: None, settle=list)
"""
TAKER = """
from rosterbus import settings
from rosterbus.deliveries import Address, Done, Twin
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, text

class Settings(settings.Settings):
    pass

class Students(Layout, file="students.csv", rows="students", key="Id"):
    student_id = text("Id", direct="student_id", required=True)

layouts = (Students,)

@hookimpl
def address(delivery, settings):
    return Address("taker", tuple(f"{delivery.plan}-{file.name}" for file in delivery.files))

@hookimpl
def load(delivery, settings):
    delivery.about_to_send()
    return Done({})

@hookimpl
def twin(folder, settings):
    return Twin(name="taker", settings={}, reach=[], stop=lambda: None, settle=list)
"""


@pytest.fixture
def places(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_twin_tells_how_to_reach_it_and_how_it_is_known_and_stops(rosterbus, install, places):
    install("toy", TWIN)
    said = rosterbus("twin", "toy", "--seconds", "0")

    assert said.code == 0
    assert "drop://here" in said.out
    assert "published  takes files (the vendor's page)" in said.out
    assert list(places.iterdir()) == []


def test_a_twin_keeps_the_folder_that_it_was_given(rosterbus, install, tmp_path):
    install("toy", TWIN)

    assert rosterbus("twin", "toy", "--folder", str(tmp_path / "here"), "--seconds", "0").code == 0
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("line", [("nobody",), ("../x",), ("drop",), ("toy", "--seconds", "-1")])
def test_what_cannot_be_a_twin_is_told_in_a_sentence(rosterbus, install, places, line):
    install("toy", TWIN)
    said = rosterbus("twin", *line)

    assert said.code in (1, 2)
    assert "Traceback" not in said.err
    assert list(places.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_twin_stops_however_it_is_told_to(install, tmp_path, how):
    install("toy", TWIN)
    paths = repr([entry for entry in sys.path if entry])
    # In the background of a shell that signal would be ignored, by this process and by its children.
    heedful = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heedful}; import sys; sys.path[:0] = {paths}; from rosterbus.cli import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "twin", "toy", "--folder", str(tmp_path / "here")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while "stop it" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(how)
        running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0
    assert list((tmp_path / "here").iterdir()) == []


def test_a_rehearsal_of_a_vendor_without_a_twin_says_so(rosterbus, village, places):
    village.pipeline(deliver="contacts = false")
    said = rosterbus("rehearse", "v", "--json")

    assert said.code == said.json["exit"] == 1
    assert "was asked for its `twin`" in said.json["error"]
    assert list(places.iterdir()) == []


def test_a_source_that_asks_a_system_is_started_and_rehearsed_with_its_twin(
    rosterbus, install, tmp_path, places
):
    install("asked", ASKED, group="rosterbus.v1.sources")
    install("taker", TAKER)
    assert "asked://twin" in rosterbus("twin", "asked", "--seconds", "0").out

    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    (tmp_path / "pipelines").mkdir()
    text = (
        'timezone = "America/Chicago"\n[source]\nconnector = "asked"\nplace = "elsewhere"\n[deliver.taker]\n'
    )
    (tmp_path / "pipelines" / "v.toml").write_text(text, encoding="utf-8")
    said = rosterbus("rehearse", "v", "--json")

    assert (said.code, said.err) == (0, "")
    [receipt] = said.json["receipts"]
    assert receipt["counts"]["students"]["delivered"] == 2
    assert list(places.iterdir()) == []
