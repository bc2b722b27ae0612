"""What a person says a vendor holds: nothing, today's roster, or a file of its own layout."""

from __future__ import annotations

import stat

import pytest
from rosterbus.delivery.baselines import set_assumed, set_empty, set_from_file
from rosterbus.errors import ConfigError, ConnectorError, RosterbusError
from rosterbus.pipelines import opened
from rosterbus.project import load_pipeline, load_project
from village_kit import student

HEADER = "Id,First,Last,Mail,Born,Grade"


def said(village, how, *arguments, **options):
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    with opened(project, pipeline, command="baseline", now=village.now) as context:
        return how(context, pipeline.deliveries[0], *arguments, **options)


def versions(village):
    project = load_project(village.root)
    with opened(project, load_pipeline(project, "v"), command="look", now=village.now) as context:
        return {name: one.version for name, one in context.ledger.baselines.current("v", "drop").items()}


def held(village, *rows, header=HEADER):
    path = village.root / "held.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def row(number, grade="05"):
    return f"{number},First{number},Last{number},s{number}@example.org,03/04/2015,{grade}"


def test_an_assumed_roster_survives_the_plans_that_come_after_it(village):
    assert said(village, set_assumed) == ["students"]

    assert village.run(hours=1).receipts[0].state == "nothing new"
    village.write([*(student(n) for n in range(1, 31)), student(31)])
    village.plan(hours=1)
    assert village.run(hours=1).receipts[0].counts["students"]["new"] == 1


def test_an_assumed_roster_leaves_no_plan_and_no_staged_file_behind(village):
    said(village, set_assumed)
    state = village.root / ".rosterbus"

    assert list(state.glob("plans/*/files")) == []
    assert list(state.glob("plans/*/baseline.*")) == []
    assert village.boxes == []
    [kept] = state.glob("baselines/*")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_roster_that_cannot_be_read_leaves_the_baseline_as_it_was(village):
    village.run()
    before = versions(village)
    (village.export / "students.csv").write_text("nothing,of,use\n1,2,3\n", encoding="utf-8")

    with pytest.raises(RosterbusError):
        said(village, set_assumed)
    assert versions(village) == before


def test_a_vendors_own_file_says_what_it_holds(village):
    said(village, set_from_file, held(village, row(1), row(2, grade="04")), layout="")
    counts = village.run(hours=1).receipts[0].counts["students"]

    assert (counts["new"], counts["changed"]) == (28, 1)


def test_of_a_key_twice_in_the_file_the_last_row_counts(village):
    said(village, set_from_file, held(village, row(1, grade="01"), row(1)), layout="students")

    assert village.plan(hours=1).layouts[0].counts["changed"] == 0


def test_columns_that_the_file_lacks_count_as_blank(village):
    said(village, set_from_file, held(village, "1,First1", header="Id,First"), layout="students")

    assert village.plan(hours=1).layouts[0].counts["changed"] == 1


def test_digests_are_made_of_the_file_where_no_values_are_kept(village):
    village.pipeline(deliver='contacts = false\nbaseline = "digests"')
    said(village, set_from_file, held(village, row(1), row(2, grade="04")), layout="students")
    [kept] = (village.root / ".rosterbus" / "baselines").iterdir()

    assert b"First1" not in kept.read_bytes()
    counts = village.run(hours=1).receipts[0].counts["students"]
    assert (counts["new"], counts["changed"]) == (28, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Number,First\n1,Ada\n", "lacks the column `Id`"),
        ("Id;First\n1;Ada\n", "lacks the column `Id`"),
        ("", "without even a header"),
        (f"{HEADER}\n1,2\n", "cannot be read"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_moves_nothing(village, text, told):
    said(village, set_empty)
    before = versions(village)
    path = village.root / "held.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises((ConfigError, ConnectorError), match=told):
        said(village, set_from_file, path, layout="students")
    assert versions(village) == before


def test_a_layout_that_is_not_there_is_refused_with_those_that_are(village):
    with pytest.raises(ConfigError, match="allowed: students"):
        said(village, set_from_file, held(village, row(1)), layout="pupils")
