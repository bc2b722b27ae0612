"""What a person reads back: reports while they are kept, and previews of everybody they asked for."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError
from rosterbus.pipelines import opened
from rosterbus.previewing import preview
from rosterbus.project import load_pipeline, load_project
from rosterbus.reporting import StoredProblems
from village_kit import student


def previewed(village, *ids):
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    with opened(project, pipeline, command="preview", now=village.now) as context:
        return preview(context, pipeline.deliveries, ids)


def test_problems_are_read_as_often_as_asked_in_the_order_of_the_file(village):
    village.write([student(1, mail="broken"), "2,short", student(3, born="never", mail="broken")])
    plan = village.plan()
    problems = StoredProblems(plan, plan.layouts[0])

    assert [(one.row, one.column) for one in problems] == [(2, "Mail"), (4, "Born"), (4, "Mail"), (3, "")]
    assert list(problems) == list(problems)


def test_problems_that_were_taken_away_are_not_reported_as_none(village):
    village.write([student(1, mail="broken"), student(2)])
    old = village.plan()
    village.run(hours=1)

    with pytest.raises(ConfigError, match="no longer kept"):
        list(StoredProblems(old, old.layouts[0]))


def test_a_preview_shows_every_row_of_those_asked_for(village):
    contacts = [f"c{number},1,Kin{number},5551234" for number in range(8)]
    village.write([student(1), student(2)], contacts)
    village.pipeline()
    shown = previewed(village, "1")

    assert [one.layout for one in shown] == ["students"] + ["contacts"] * 8
    assert {one.verdict for one in shown} == {"valid"}


def test_a_preview_without_ids_shows_the_first_row_of_each_layout(village):
    village.write([student(1, mail="broken"), student(2)], ["c1,1,Kin,5551234"])
    village.pipeline()
    shown = previewed(village)

    assert [(one.layout, one.row, one.verdict) for one in shown] == [
        ("students", 2, "rejected"),
        ("contacts", 2, "valid"),
    ]


def test_an_id_that_nobody_has_is_an_error(village):
    with pytest.raises(ConfigError, match="nobody in the roster has this id"):
        previewed(village, "9'9")
