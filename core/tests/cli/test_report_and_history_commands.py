"""Reports that are written again, and the last uploads, as a person asks for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FORMAT = """
import json
from rosterbus.hookspecs import hookimpl
from rosterbus.private import write_private_text

@hookimpl
def report(run, folder):
    problems = [one for delivery in run.deliveries for layout in delivery.layouts for one in layout.problems]
    told = {"id": run.id, "states": [one["state"] for one in run.receipts], "values": [one.value for one in problems]}
    return [write_private_text(folder / f"__name__{end}.json".replace("__name__", NAME), json.dumps(told))
            for end in ("", ".more")]
"""


@pytest.fixture
def formats(install):
    """Two report formats that are installed."""
    for name in ("plain", "fancy"):
        install(name, f"NAME = {name!r}\n{FORMAT}", group="rosterbus.v1.reports")


@pytest.fixture
def project(village):
    from village_kit import student

    village.write([student(1), student(2, mail="broken")])
    village.pipeline(deliver="contacts = false")
    return village


def test_all_files_of_a_run_are_listed(rosterbus, project, formats):
    rosterbus("run", "v")
    said = rosterbus("report", "v", "--json").json
    names = [Path(file).name for file in said["files"]]

    assert {"plain.json", "plain.more.json", "fancy.json", "fancy.more.json"} <= set(names)
    assert {str(Path(file).parent) for file in said["files"]} == {said["report"]}
    assert rosterbus("report", "v", "--format", "plain").out.splitlines() == [
        str(Path(said["report"]).parents[1] / str(number) / "report" / name)
        for number in [int(Path(said["report"]).parent.name) + 1]
        for name in ("plain.json", "plain.more.json")
    ]


def test_a_report_tells_of_the_run_and_what_became_of_it(rosterbus, project, formats):
    ran = rosterbus("run", "v", "--json").json
    [file] = [one for one in rosterbus("report", "v", "--json").json["files"] if one.endswith("plain.json")]
    told = json.loads(Path(file).read_text(encoding="utf-8"))

    assert told["states"] == ["confirmed"]
    assert told["id"] == Path(ran["report"]).parent.name


def test_values_are_shown_only_on_request(rosterbus, project, formats):
    rosterbus("run", "v")

    def values(*more):
        said = rosterbus("report", "v", "--format", "plain", "--json", *more).json
        return json.loads(Path(said["files"][0]).read_text(encoding="utf-8"))["values"]

    assert values() == [None]
    assert values("--values") == ["broken"]


def test_an_unknown_format_is_refused_with_those_there_are(rosterbus, project, formats):
    rosterbus("run", "v")
    said = rosterbus("report", "v", "--format", "pdf")

    assert said.code == 2
    assert "there is no such report format; found pdf; allowed: " in said.err
    assert {"fancy", "plain"} <= set(
        said.err.replace("\n", " ").rpartition("allowed: ")[2].strip().split(", ")
    )


def test_rows_that_are_no_longer_kept_are_said_to_be_so(rosterbus, project, formats):
    [plan] = rosterbus("plan", "v", "--json").json["plans"]
    rosterbus("run", "v")
    said = rosterbus("report", plan["id"], "--values")

    assert said.code == 2
    assert "no longer kept: it was superseded on 20" in said.err


def test_history_has_vendors_words_for_people_and_states_for_machines(rosterbus, project, formats):
    rosterbus("run", "v")
    [upload] = rosterbus("history", "v", "--json").json["uploads"]
    said = rosterbus("history")

    assert (upload["status"], upload["state"], upload["outcome"]) == ("uploaded", "confirmed", "unknown")
    assert Path(upload["report"]).is_dir()
    assert upload["completed"]
    for part in ("uploaded", "v -> drop", upload["file"], upload["report"], upload["completed"]):
        assert part in said.out
