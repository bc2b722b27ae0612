"""How commands end: the right code, one sentence or one JSON document, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rosterbus.context import RunContext
from village_kit import student

SITE = Path(__file__).parents[1] / "road" / "site"
HOLD = """contacts = false
[deliver.drop.guards]
removed = 0.01
floor = 1
"""


@pytest.fixture
def project(village):
    village.pipeline(deliver="contacts = false")
    return village


def pipeline(village, name, text):
    (village.root / "pipelines" / f"{name}.toml").write_text(text, encoding="utf-8")


def copied(village, name, *, source="export", fault=None):
    vendor = village.root / f"vendor-{name}"
    vendor.mkdir()
    if fault:
        (vendor / "fault").write_text(fault, encoding="utf-8")
    head = f'timezone = "America/Chicago"\n[source]\nconnector = "village"\nlocation = "{source}"\n'
    pipeline(village, name, f'{head}[deliver.drop]\nfolder = "{vendor.as_posix()}"\ncontacts = false\n')


def test_the_road_ends_with_zero_at_every_step(rosterbus, project):
    assert rosterbus("plan", "v").code == 0
    assert rosterbus("apply").code == 0
    assert rosterbus("run", "v").code == 0
    assert rosterbus("status", "v").code == 0
    assert rosterbus("history", "v").code == 0


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [("away", 75, "open"), ("refuse", 1, "failed"), ("unsure", 3, "held"), ("broken", 1, "failed")],
)
def test_a_run_ends_by_what_the_vendor_did(rosterbus, project, fault, code, state):
    project.fault(fault)
    said = rosterbus("run", "v", "--json")

    assert said.code == said.json["exit"] == code
    assert [receipt["state"] for receipt in said.json["receipts"]] == [state]


def test_newly_rejected_rows_end_with_four_once(rosterbus, project):
    project.write([student(1), student(2, mail="broken")])
    assert rosterbus("run", "v").code == 4
    project.write([student(1, grade="06"), student(2, mail="broken")])
    assert rosterbus("run", "v").code == 0


def test_a_source_that_cannot_be_read_is_a_failure_of_each_delivery_and_does_not_end_the_others(
    rosterbus, project
):
    (project.root / "bad").mkdir()
    (project.root / "bad" / "students.csv").write_text("", encoding="utf-8")
    copied(project, "a", source="bad")
    copied(project, "z", fault="away")
    said = rosterbus("run", "a", "v", "missing", "z", "--json")

    assert said.code == said.json["exit"] == 2
    assert [(one["pipeline"], one["delivery"], one["exit"]) for one in said.json["failures"]] == [
        ("a", "drop", 1),
        ("missing", "", 2),
    ]
    assert [(one["pipeline"], one["state"]) for one in said.json["receipts"]] == [
        ("v", "confirmed"),
        ("z", "open"),
    ]
    assert "missing   failed" in rosterbus("run", "a", "missing").out


@pytest.mark.parametrize(
    "line",
    [
        ("plan", "nobody", "--json"),
        ("run", "nobody", "--json"),
        ("diff", "nobody", "--json"),
        ("apply", "nobody", "--json"),
        ("approve", "nobody", "--by", "Ada", "--reason", "x", "--json"),
        ("report", "nobody", "--json"),
        ("history", "nobody", "--json"),
        ("status", "nobody", "--json"),
        ("preview", "nobody", "--json"),
        ("preview", "v", "--watch", "--json"),
        ("preview", "v", "--id", "no such", "--json"),
        ("rehearse", "nobody", "--json"),
        ("send", "village:export", "nobody", "--json"),
        ("plan", "--json"),
        ("plan", "v", "--no-such-option", "--json"),
        ("no-such-command", "--json"),
        ("history", "--most", "0", "--json"),
        ("status", "--folder", "nowhere", "--json"),
    ],
    ids=" ".join,
)
def test_an_error_is_one_json_document_and_a_sentence_on_the_other_stream(rosterbus, project, line):
    said = rosterbus(*line)

    assert set(said.json) == {"error", "exit"}
    assert said.code == said.json["exit"] != 0
    assert said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("how", [(), ("--arrived", "--not-arrived"), ("--arrived", "--processed")])
def test_a_settlement_says_one_thing(rosterbus, project, how):
    project.fault("unsure")
    rosterbus("run", "v")
    said = rosterbus("settle", "last", *how, "--by", "Ada", "--reason", "their portal shows it")

    assert said.code == 2
    assert "one of them" in said.err


def test_a_settled_arrival_is_what_the_vendor_holds(rosterbus, project):
    project.fault("unsure")
    assert rosterbus("run", "v").code == 3
    assert rosterbus("settle", "v", "--arrived", "--by", " ", "--reason", "x").code == 2
    assert rosterbus("settle", "v", "--arrived", "--by", "Ada", "--reason", "their portal shows it").code == 0
    assert "nothing new" in rosterbus("run", "v").out


def test_a_settled_loss_is_sent_again(rosterbus, project):
    project.fault("unsure")
    rosterbus("run", "v")
    settled = rosterbus("settle", "last", "--not-arrived", "--by", "Ada", "--reason", "they deleted it")
    assert settled.code == 0
    assert settled.out.endswith(
        "settled: not arrived; its rows count as not sent, and the next run plans them again\n"
    )
    assert rosterbus("run", "v").code == 0


@pytest.mark.parametrize(
    "how", [(), ("--empty", "--assume-delivered"), ("--empty", "--from", "rosterbus.toml")]
)
def test_a_baseline_says_one_thing(rosterbus, project, how):
    said = rosterbus("baseline", "v", *how)

    assert said.code == 2
    assert "one of them" in said.err


def test_a_file_says_what_one_vendor_holds_and_no_other(rosterbus, project):
    other = 'contacts = false\n[deliver.other]\nconnector = "drop"\nfolder = "x"\ncontacts = false'
    project.pipeline(deliver=other)
    said = rosterbus("baseline", "v", "--from", "export/students.csv")

    assert said.code == 2
    assert "allowed: drop, other" in said.err


def test_only_a_listed_account_approves_and_a_refused_plan_cannot_be(rosterbus, project):
    rosterbus("run", "v")
    project.pipeline(deliver=HOLD)
    project.write([student(n) for n in range(10, 31)])
    assert rosterbus("plan", "v").code == 3
    by = ("--by", "Ada", "--reason", "they moved away")
    assert rosterbus("approve", "v", "--by", "Ada", "--reason", "  ").code == 2
    assert rosterbus("approve", "v", *by, "--hours", "1e300").code == 2
    (project.root / "rosterbus.toml").write_text('approvers = ["nobody-here"]\n', encoding="utf-8")
    said = rosterbus("approve", "v", *by)
    assert said.code == 2
    assert "this account may not approve" in said.err
    assert rosterbus("apply", "v").code == 3
    (project.root / "rosterbus.toml").write_text("", encoding="utf-8")
    assert rosterbus("approve", "v", *by).code == 0
    assert rosterbus("apply", "v").code == 0


def test_one_broken_file_hides_no_other_pipeline_from_the_status(rosterbus, project):
    pipeline(project, "broken", "name = \n")
    said = rosterbus("status", "--json")

    assert said.code == 2
    assert [row["pipeline"] for row in said.json["deliveries"]] == ["v"]
    assert "broken.toml" in said.json["broken"][0]


def test_a_folder_that_cannot_be_read_is_told_in_a_sentence(rosterbus, project, monkeypatch):
    def unreadable(*_):
        raise PermissionError(13, "Permission denied", "/srv/export/students.csv")

    monkeypatch.setattr(RunContext, "settings", unreadable)
    said = rosterbus("plan", "v")

    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[-1] == "rosterbus: /srv/export/students.csv: Permission denied"


def test_what_nobody_foresaw_is_told_by_type_and_place_alone(rosterbus, project, monkeypatch):
    def broken(*_):
        raise LookupError("Ada Lovelace")

    monkeypatch.setattr(RunContext, "settings", broken)
    for command in ("plan", "run"):
        said = rosterbus(command, "v", "--json")
        assert said.code == 1
        assert "LookupError at test_exit_codes.py" in said.out
        assert "Ada" not in said.out + said.err


def test_a_disk_that_is_full_is_told_as_such(rosterbus, project, monkeypatch):
    import duckdb

    def full(*_):
        raise duckdb.IOException("could not write Ada Lovelace")

    monkeypatch.setattr(RunContext, "settings", full)
    said = rosterbus("run", "v")

    assert said.code == 1
    assert "see that the disk of the state folder is not full" in said.out
    assert "Ada" not in said.out + said.err


def test_a_damaged_ledger_is_told_with_what_to_do(rosterbus, project):
    rosterbus("plan", "v")
    for file in (project.root / ".rosterbus").glob("ledger.sqlite*"):
        file.write_bytes(b"nonsense " * 1000)
    said = rosterbus("status", "v")

    assert said.code == 2
    assert "restore it from a copy" in said.err


# A process that a shell puts into the background is told to ignore this signal, and so are its children.
HEEDFUL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "


def process(project, *line, **environment):
    code = f"{HEEDFUL}import sys; sys.path.insert(0, {str(SITE)!r}); from rosterbus.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *line],
        cwd=project.root,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )


def test_a_terminal_of_another_encoding_gets_escapes_and_valid_json(project):
    project.write([student(1).replace("First1", "Łucja"), student(2)])
    shown = process(project, "preview", "v", PYTHONIOENCODING="latin-1")
    told = process(project, "preview", "v", "--json", PYTHONIOENCODING="latin-1")
    out, err = shown.communicate(timeout=60)
    assert (shown.returncode, "\\u0141ucja" in out) == (0, True), err
    document = json.loads(told.communicate(timeout=60)[0])
    assert "Łucja" in [cell["value"] for cell in document["previews"][0]["columns"]]


def test_progress_and_json_stay_apart(rosterbus, project):
    said = rosterbus("run", "v")
    assert "planning drop" in said.err
    assert "planning drop" not in said.out
    assert rosterbus("run", "v", "--json").err == ""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_watched_preview_goes_on_after_a_mistake_and_stops_when_told(project, ended_by):
    running = process(project, "preview", "v", "--watch")
    file = project.root / "pipelines" / "v.toml"
    good = file.read_text(encoding="utf-8")
    try:
        assert "drop / students" in _line(running.stdout)
        file.write_text("name = \n", encoding="utf-8")
        assert "v.toml" in _line(running.stderr)
        file.write_text(good, encoding="utf-8")
        assert "drop / students" in _line(running.stdout)
        running.send_signal(ended_by)
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.communicate()


def _line(stream):
    """The next line that says something; the test's own time-out bounds the wait."""
    while True:
        line = stream.readline()
        assert line, "the process ended"
        if " / " in line or ".toml" in line:
            return line


def test_an_interrupted_run_says_so_and_the_next_goes_on(project):
    slow = "import rosterbus_drop, time; rosterbus_drop.step = lambda name: (print(name, flush=True), time.sleep(60)); "
    code = f"{HEEDFUL}import sys; sys.path.insert(0, {str(SITE)!r}); {slow}from rosterbus.cli import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "run", "v"],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout.readline().startswith("before")
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    again = process(project, "run", "v")
    again.communicate(timeout=60)
    assert again.returncode == 0
