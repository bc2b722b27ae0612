"""What is taken away, and when: nothing of a student outlives its use."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from rosterbus.errors import RosterbusError
from rosterbus.pipelines import opened, run
from rosterbus.project import load_pipeline, load_project
from village_kit import student

LEFT = ("plans/dead", "runs/999/package", "extracts/v/abc.1/file")


def state(village, pattern):
    return sorted(
        path.relative_to(village.root / ".rosterbus").as_posix()
        for path in (village.root / ".rosterbus").glob(pattern)
    )


def grown(village, number, *, hours=24):
    village.write([student(n) for n in range(1, number)])
    return village.run(hours=hours)


def aged(path, village, *, days):
    then = (village.now - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


def test_a_delivered_plan_loses_its_files_after_a_week_and_its_baseline_once_replaced_for_a_week(village):
    first = grown(village, 31, hours=0).receipts[0].plan
    assert (first.folder / "files").is_dir()
    second = grown(village, 32).receipts[0].plan
    grown(village, 33, hours=24 * 7 + 1)

    assert not (first.folder / "files").exists()
    assert sorted(path.name for path in first.folder.iterdir()) == ["plan.json", "rejected.students.parquet"]
    assert (second.folder / "baseline.students.parquet").is_file()
    assert grown(village, 33).receipts[0].state == "nothing new"


def test_a_plan_that_was_superseded_names_nobody_any_more(village):
    plan = village.plan()
    grown(village, 32, hours=1)

    assert sorted(path.name for path in plan.folder.iterdir()) == ["plan.json", "rejected.students.parquet"]


def test_a_plan_that_nobody_applied_expires_with_the_next_run_of_any_delivery(village):
    plan = village.plan()
    elsewhere = (village.root / "elsewhere").as_posix()
    village.pipeline(
        deliver=f'contacts = false\n[deliver.other]\nconnector = "drop"\nfolder = "{elsewhere}"\ncontacts = false'
    )
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    village.now += timedelta(hours=25)
    with opened(project, pipeline, command="run", now=village.now) as context:
        run(context, [pipeline.delivery("other")])
        assert context.ledger.plans.get(plan.id).state == "expired"
    assert not (plan.folder / "files").exists()
    assert not list(plan.folder.glob("baseline.*"))


def test_what_a_run_worked_with_goes_with_it_also_when_it_fails(village):
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    for error in (None, RosterbusError("no")):
        try:
            with opened(project, pipeline, command="look", now=village.now) as context:
                (context.folder / "users.csv").write_text("id\n1\n", encoding="utf-8")
                (context.folder / "package").mkdir()
                if error:
                    raise error
        except RosterbusError:
            pass
    assert state(village, "runs/*") == []


def test_a_run_that_fails_is_noted_with_its_exit_code(village):
    (village.export / "students.csv").write_text("", encoding="utf-8")
    with pytest.raises(RosterbusError):
        village.plan()
    project = load_project(village.root)
    with opened(project, load_pipeline(project, "v"), command="look") as context:
        [_, noted] = context.ledger.runs.latest(2)
    assert (noted.command, noted.exit_code) == ("plan", 1)
    assert noted.ended_at


def test_leftovers_of_interrupted_runs_and_old_copies_go_after_a_week(village):
    root = village.root / ".rosterbus"
    for place in LEFT:
        (root / place).mkdir(parents=True)
        (root / place / "students.csv").write_text("id\n1\n", encoding="utf-8")
    village.run()
    assert all((root / place / "students.csv").is_file() for place in LEFT)

    for place in ("plans/dead", "runs/999/package", "extracts/v/abc.1"):
        aged(root / place, village, days=8)
    village.run(hours=1)
    assert state(village, "plans/dead") + state(village, "runs/999/*") + state(village, "extracts/v/*") == []
