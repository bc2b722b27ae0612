"""What is held, what lets it go, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.delivery.deciding import approve
from rosterbus.errors import ConfigError
from rosterbus.ledger import Ledger
from rosterbus.pipelines import apply_plans, opened
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from village_kit import Village, student

DELIVER = "contacts = false"


@pytest.fixture
def grown(village: Village) -> Village:
    """A village whose vendor holds two schools of a hundred students each."""
    village.pipeline(deliver=DELIVER)
    village.write(roll())
    assert village.run().exit_code == 0
    return village


def roll(first: int = 1, second: int = 101, last: int = 201, **options: str) -> list[str]:
    one = [student(n, school="1", **options) for n in range(first, 101)]
    return one + [student(n, school="2", **options) for n in range(second, last)]


def approved(village: Village, plan: StoredPlan, *, hours: float = 24) -> None:
    project = load_project(village.root)
    with Ledger(project.state_dir) as ledger:
        expires = village.now + timedelta(hours=hours)
        approve(project, ledger, plan.id, by="Ada", reason="announced by the school", expires=expires)


def applied(village: Village, plan: StoredPlan):
    project = load_project(village.root)
    pipeline = load_pipeline(project, "v")
    with opened(project, pipeline, command="apply", now=village.now) as context:
        return apply_plans(context, [plan])


def test_a_school_that_lost_a_third_is_held_in_the_fixed_parts(grown: Village) -> None:
    grown.write(roll(first=31))
    outcome = grown.run(hours=24)
    assert outcome.exit_code == 3
    [hold] = [one for one in outcome.receipts[0].plan.holds if one.school]
    assert hold.school == "1"
    assert hold.sentence == "30 of 100 rows (30%) of `students` of school 1 are removed; the limit is 10%"
    assert hold.cause
    assert hold.if_nothing
    assert hold.if_wrong
    assert not (grown.vendor / "20261121-1").exists()


def test_an_approved_plan_is_delivered(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    plan = grown.plan(hours=24)
    assert plan.verdict == "held"
    assert applied(grown, plan).exit_code == 3
    approved(grown, plan)
    assert applied(grown, plan).exit_code == 0


def test_an_approval_covers_the_same_content_planned_again(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    approved(grown, grown.plan(hours=24))
    assert grown.run(hours=1).receipts[0].state == "confirmed"


def test_a_changed_export_is_not_covered(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    approved(grown, grown.plan(hours=24))
    grown.write([*roll(first=31), student(901)])
    assert grown.run(hours=1).exit_code == 3


def test_an_edited_mapping_is_not_covered(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    approved(grown, grown.plan(hours=24))
    grown.pipeline(
        deliver=DELIVER
        + "\n[deliver.drop.map.students.columns]\nfirst_name = {transform='upper(first_name)'}"
    )
    assert grown.run(hours=1).exit_code == 3


def test_an_expired_approval_is_worth_nothing(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    plan = grown.plan(hours=24)
    approved(grown, plan, hours=1)
    grown.now += timedelta(hours=2)
    assert applied(grown, plan).exit_code == 3


def test_a_plan_made_before_another_delivery_is_not_applied(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    plan = grown.plan(hours=24)
    approved(grown, plan)
    grown.write([*roll(), student(901)])
    assert grown.run(hours=1).exit_code == 0
    outcome = applied(grown, plan)
    assert outcome.exit_code == 3
    assert "superseded" in str(outcome.failures[0].error)


def test_a_plan_that_is_too_old_is_not_applied(grown: Village) -> None:
    grown.write([*roll(), student(901)])
    plan = grown.plan(hours=24)
    grown.now += timedelta(hours=25)
    outcome = applied(grown, plan)
    assert "hours old" in str(outcome.failures[0].error)
    assert not (plan.folder / "files").exists()


def test_only_a_held_plan_is_approved(grown: Village) -> None:
    grown.write([*roll(), student(901)])
    with pytest.raises(ConfigError, match="only a held plan"):
        approved(grown, grown.plan(hours=24))


def test_an_announced_change_goes_through(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    announcement = """
    [[expect]]
    school = "1"
    removed = "all"
    until = 2026-12-01
    reason = "moved to the new building"
    """
    grown.pipeline(extra=announcement, deliver=DELIVER)
    outcome = grown.run(hours=24)
    assert outcome.exit_code == 0
    warned = [one for one in outcome.receipts[0].plan.findings if one.rule == "removed, as announced"]
    assert "moved to the new building" in warned[0].sentence


def test_an_announcement_ends(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    text = '[[expect]]\nschool = "1"\nremoved = "all"\nuntil = 2026-11-20\nreason = "over"\n'
    grown.pipeline(extra=text, deliver=DELIVER)
    assert grown.run(hours=24).exit_code == 3


def test_zero_rows_are_held(grown: Village) -> None:
    grown.write([])
    outcome = grown.run(hours=24)
    assert "zero rows" in {one.rule for one in outcome.receipts[0].plan.holds}


def test_a_small_school_that_vanishes_is_held(village: Village) -> None:
    village.pipeline(deliver=DELIVER)
    village.write([*roll(), *(student(n, school="3") for n in range(301, 310))])
    village.run()
    village.write([*roll(), student(999)])
    plan = village.plan(hours=24)
    assert [one.school for one in plan.holds] == ["3"]


def test_few_removals_are_below_the_floor(grown: Village) -> None:
    grown.write([*roll(first=12), student(999)])
    assert grown.run(hours=24).exit_code == 0


def test_a_column_that_emptied_is_held(grown: Village) -> None:
    grown.write(roll(grade=""))
    rules = {one.rule for one in grown.plan(hours=24).holds}
    assert "columns emptied" in rules


def test_a_changed_identifier_is_held_above_its_share(grown: Village) -> None:
    grown.write(
        [student(n, school="1" if n <= 100 else "2", mail=f"new{n}@example.org") for n in range(1, 201)]
    )
    rules = {one.rule for one in grown.plan(hours=24).holds}
    assert "share identifiers" in rules


def test_newly_rejected_rows_are_held_above_their_share(grown: Village) -> None:
    grown.write([*roll(first=41), *(student(n, school="1", mail="broken") for n in range(1, 41))])
    rules = {one.rule for one in grown.plan(hours=24).holds}
    assert "share rejected" in rules


def test_a_lost_source_column_is_held(grown: Village) -> None:
    text = (grown.export / "students.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    with_extra = [f"{line},x" for line in lines]
    with_extra[0] = f"{lines[0]},extra_bus"
    (grown.export / "students.csv").write_text("\n".join([*with_extra, ""]), encoding="utf-8")
    grown.plan(hours=1)
    (grown.export / "students.csv").write_text(text, encoding="utf-8")
    rules = {one.rule for one in grown.plan(hours=1).holds}
    assert "columns lost" in rules


def test_guards_can_be_set(grown: Village) -> None:
    grown.write([*roll(first=31), student(900)])
    grown.pipeline(deliver=DELIVER + "\n[deliver.drop.guards]\nremoved = 0.5\n")
    assert grown.run(hours=24).exit_code == 0


def test_a_mapping_edit_is_shown_as_such(grown: Village) -> None:
    grown.pipeline(
        deliver=DELIVER
        + "\n[deliver.drop.map.students.columns]\nfirst_name = {transform='upper(first_name)'}"
    )
    plan = grown.plan(hours=24)
    assert plan.verdict == "go"
    [warned] = [one for one in plan.findings if one.rule == "changed by the mapping"]
    assert warned.sentence == "changed by the mapping: `First` (200 rows differ, 0 leave)"
    assert plan.layouts[0].difference["changed"] == 0
    assert plan.layouts[0].counts["changed"] == 200


def test_a_real_change_beside_a_mapping_edit_is_told_apart(grown: Village) -> None:
    grown.write([student(1, grade="12"), *roll(first=2)])
    grown.pipeline(
        deliver=DELIVER
        + "\n[deliver.drop.map.students.columns]\nfirst_name = {transform='upper(first_name)'}"
    )
    plan = grown.plan(hours=24)
    assert plan.layouts[0].difference["changed"] == 1
    assert plan.layouts[0].difference["mapping_changed"] == 199


def test_rows_that_a_new_condition_leaves_out_are_the_mappings_doing(grown: Village) -> None:
    grown.pipeline(deliver=DELIVER + "\n[deliver.drop.map.students]\nwhere = \"school_id = '1'\"")
    plan = grown.plan(hours=24)
    assert plan.verdict == "go"
    assert plan.layouts[0].difference["removed"] == 0
    assert plan.layouts[0].difference["mapping_removed"] == 100


def test_an_edit_that_changes_the_key_is_held(grown: Village) -> None:
    grown.pipeline(
        deliver=DELIVER
        + "\n[deliver.drop.map.students.columns]\nstudent_id = {transform=\"'X' || student_id\"}"
    )
    rules = {one.rule for one in grown.plan(hours=24).holds}
    assert "identifiers changed by the mapping" in rules


def test_not_due_names_the_next_date_and_sends_nothing(village: Village) -> None:
    village.pipeline(deliver=DELIVER + "\nhours = 24")
    village.write([student(1)])
    village.run()
    village.write([student(1), student(2)])
    early = village.run(hours=2)
    assert early.exit_code == 0
    assert early.receipts[0].state == "not due"
    assert early.receipts[0].plan.due == village.now + timedelta(hours=22)
    assert village.run(hours=23).receipts[0].state == "confirmed"
