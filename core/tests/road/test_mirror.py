"""Nights of a pipeline whose source gives changes only, or nothing new: what the vendor gets, and what is kept."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime

import pytest
import rosterbus_drop
from mirror_kit import FedVillage, changes, rows, shown, whole
from rosterbus.cli.plan_text import plan_lines
from rosterbus.deliveries import Twin
from rosterbus.errors import ConfigError, HeldError, PluginError
from rosterbus.extracts import Extract, Nothing, Unchanged
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.planning import Order
from rosterbus.previewing import preview
from village_kit import student

ALL = [student(number) for number in range(1, 31)]
NOTHING = Nothing("there is no file")


def ids(lines: list[str]) -> list[str]:
    return [line.partition(",")[0] for line in lines]


def test_a_change_set_goes_over_the_rows_of_the_last_full_extract(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    outcome = fed.night(changes(student(31), student(2, grade="06"), student(32)))
    assert outcome.exit_code == 0, outcome.as_json()
    assert ids(fed.sent()[1]) == [str(number) for number in range(1, 33)]
    assert fed.sent()[1][1].endswith(",06")
    counts = shown(outcome).counts["students"]
    assert (counts["new"], counts["changed"], counts["removed"]) == (2, 1, 0)
    raw = shown(outcome).raw["students"]
    assert (raw["read"], raw["used"], raw["rejected"]) == (32, 32, 0)
    assert raw["changes"] == {"upserted": 3, "deleted": 0, "renamed": 0, "repeated": 0, "older": 0}
    assert outcome.receipts[0].balanced


def test_a_plan_tells_the_changes_and_that_nothing_is_new(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    plan = fed.planned(changes(student(31), student(31)))
    assert "  changes    changes.csv   upserted 1, repeated 1" in plan_lines(plan)
    told = "\n".join(plan_lines(fed.planned(NOTHING)))
    assert (
        "  source     nothing new from the source: there is no file; planned from what it gave 2026-11-22"
        in told
    )


def test_a_source_with_nothing_new_is_planned_from_the_mirror(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    outcome = fed.night(NOTHING)
    assert (shown(outcome).state, outcome.nothing) == ("nothing new", "there is no file")
    assert shown(outcome).raw["students"]["read"] == 30
    assert "changes" not in shown(outcome).raw["students"]


def test_a_mirror_of_one_whole_extract_gives_the_very_same_plan(fed: FedVillage) -> None:
    first = fed.planned(whole(*ALL, "31,too,few"))
    again = fed.planned(NOTHING)
    assert (first.hash, first.raw, first.headers, first.layouts) == (
        again.hash, again.raw, again.headers, again.layouts,
    )  # fmt: skip
    assert again.raw["students"]["rejected"] == 1


def test_without_a_mirror_nothing_new_is_no_plan_and_the_reason_is_told(fed: FedVillage) -> None:
    outcome = fed.night(Nothing("there is no file", state={"seen": 1}))
    assert (outcome.nothing, outcome.receipts, outcome.exit_code) == ("there is no file", [], 0)
    assert (fed.state().state, fed.state().mirror) == ({"seen": 1}, None)


def test_a_delivery_that_failed_last_night_goes_tonight_although_the_source_has_nothing_new(
    fed: FedVillage,
) -> None:
    fed.night(whole(*ALL))
    fed.fault("refuse")
    assert fed.night(changes(student(31))).exit_code == 1
    outcome = fed.night(NOTHING)
    assert shown(outcome).state == "confirmed"
    assert ids(fed.sent()[-1])[-1] == "31"


def test_changes_are_kept_while_an_earlier_delivery_is_still_open(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    fed.fault("half", "away")
    assert fed.night(changes(student(31), state={"seen": 2})).exit_code == 75
    fed.fault("away")
    stuck = fed.night(changes(student(32), state={"seen": 3}))
    assert [one.state for one in stuck.receipts] == ["open"], stuck.as_json()
    assert fed.state().state == {"seen": 3}
    fed.night(NOTHING)
    fed.night(NOTHING)
    assert ids(fed.sent()[-1])[-2:] == ["31", "32"]


def test_what_is_held_loses_no_change(fed: FedVillage) -> None:
    fed.pipeline(deliver="contacts = false\n[deliver.drop.guards]\nfloor = 1\nchanged = 0.05")
    fed.night(whole(*ALL))
    held = fed.night(changes(*(student(number, grade="06") for number in range(1, 11))))
    assert held.exit_code == 3
    fed.pipeline(deliver="contacts = false")
    outcome = fed.night(changes(student(31)))
    assert outcome.exit_code == 0
    assert shown(outcome).counts["students"] | {"new": 1, "changed": 10} == shown(outcome).counts["students"]


def test_a_plan_that_cannot_be_made_loses_no_change(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    fed.pipeline(
        deliver='contacts = false\n[deliver.drop.map.students.columns]\nNowhere = "grade"\nFirst = "no_such"'
    )
    assert fed.night(changes(student(31), state={"seen": 2})).exit_code != 0
    assert fed.state().state == {"seen": 2}
    fed.pipeline(deliver="contacts = false")
    fed.night(NOTHING)
    assert ids(fed.sent()[-1])[-1] == "31"


def test_changes_that_cannot_be_mapped_are_asked_for_again(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    before = fed.state()
    with pytest.raises(PluginError):
        fed.planned(changes(student(31), how={"deleted": "nowhere"}, state={"seen": 2}))
    assert fed.state() == before
    fed.planned(NOTHING)
    assert fed.feed.previous[-1] == {"seen": 1}


def test_a_first_change_set_may_begin_from_nothing(fed: FedVillage) -> None:
    how = {"from_nothing": True}
    fed.night(changes(student(1), how=how))
    fed.night(changes(student(2), file="night 2.csv", how=how))
    assert ids(fed.sent()[1]) == ["1", "2"]
    assert [row[:3] for row in fed.mirrored()] == [(2, "changes.csv", 2), (3, "night 2.csv", 2)]


def test_a_change_set_without_anything_it_could_change_is_refused(fed: FedVillage) -> None:
    outcome = fed.night(changes(student(1)))
    assert outcome.exit_code == HeldError.exit_code
    (failure,) = outcome.failures
    assert "only changes of `students` (changes.csv)" in str(failure.error)
    assert "full extract" in str(failure.error)
    assert fed.state() is None


def test_records_that_cannot_be_read_stay_counted_as_long_as_they_matter(fed: FedVillage) -> None:
    fed.planned(whole(*ALL, "31,too,few"))
    plan = fed.planned(changes("32,too,few", student(33), "34,too,few"))
    raw = plan.raw["students"]
    assert (raw["read"], raw["used"], raw["rejected"]) == (34, 31, 3)
    lines = fed.parquet(plan.folder / "problems.parquet", 'file, "row"')
    assert lines == [("students.csv", 32), ("changes.csv", 2), ("changes.csv", 4)]
    assert fed.planned(NOTHING).raw["students"]["rejected"] == 3
    assert fed.planned(changes(student(35))).raw["students"]["rejected"] == 1, "those of the last whole table"
    assert fed.planned(whole(*ALL)).raw["students"]["rejected"] == 0


def test_who_left_by_a_change_set_is_judged_by_the_guards(fed: FedVillage) -> None:
    fed.night(whole(*(student(number) for number in range(1, 61))))
    gone = {"deleted": "class = 'gone'"}
    outcome = fed.night(changes(*(student(number, grade="gone") for number in range(1, 41)), how=gone))
    assert "share removed" in {finding.rule for finding in outcome.receipts[0].plan.holds}
    everybody = fed.night(changes(*(student(number, grade="gone") for number in range(1, 61)), how=gone))
    assert "zero rows" in {finding.rule for finding in everybody.receipts[0].plan.holds}


def test_a_problem_names_the_file_and_row_where_the_cell_last_came_from(fed: FedVillage) -> None:
    fed.planned(whole(student(1), student(2), student(3, mail="odd")))
    fed.planned(changes(student(5), student(2, mail="not one"), file="2.csv"))
    plan = fed.planned(changes(student(4), student(6), student(7), file="3.csv"))
    lines = fed.parquet(plan.folder / "problems.students.parquet", 'file, "row", "column"')
    assert lines == [("2.csv", 3, "Mail"), ("students.csv", 4, "Mail")]
    crosswalk = fed.parquet(plan.folder / "crosswalk.students.parquet", "key, source_file, source_row")
    assert crosswalk == [
        ("1", "students.csv", 2), ("5", "2.csv", 2), ("4", "3.csv", 2), ("6", "3.csv", 3), ("7", "3.csv", 4),
    ]  # fmt: skip
    assert plan.layouts[0].lead == "3.csv"
    with fed.opened("preview") as (context, parts):
        fed.feed.answer = NOTHING
        shown_rows = preview(context, parts, ["2", "4", "1"])
    assert [(one.key, one.file, one.row) for one in shown_rows] == [
        ("1", "students.csv", 2), ("2", "2.csv", 3), ("4", "3.csv", 2),
    ]  # fmt: skip


def test_copies_of_a_value_are_named_by_the_files_that_they_came_from(fed: FedVillage) -> None:
    fed.planned(whole(student(1), student(2)))
    plan = fed.planned(changes(student(3, mail="s2@example.org"), file="2.csv"))
    told = fed.parquet(plan.folder / "problems.students.parquet", "key, message")
    copies = "`Mail` must be unique; it is repeated in rows 3 of students.csv, 2 of 2.csv"
    assert told == [("2", copies), ("3", copies)]


def test_tables_of_one_file_are_told_apart_in_their_provenance(fed: FedVillage) -> None:
    fed.pipeline()
    both = changes(student(1), file="one.csv", how={"from_nothing": True})
    people = rows("8,1,Pat,x1", file="one.csv", header="id,student,name,phone")
    fed.planned(Extract({**both.tables, "contacts": people}))
    later = changes(student(2), file="one.csv")
    plan = fed.planned(Extract({**later.tables, "contacts": people}))
    problems = fed.parquet(plan.folder / "problems.contacts.parquet", 'file, "row", "column"')
    assert problems == [("one.csv", 2, "Phone")]


def test_preview_keeps_nothing(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    before, folders = fed.state(), sorted(fed.home.iterdir())
    fed.feed.answer = changes(student(31), state={"seen": 2})
    with fed.opened("preview") as (context, parts):
        (shown_row,) = preview(context, parts, ["31"])
    assert shown_row.file == "changes.csv"
    assert (fed.state(), sorted(fed.home.iterdir())) == (before, folders)


def test_a_rehearsal_goes_on_from_the_mirror_and_leaves_it_as_it_is(fed: FedVillage, monkeypatch) -> None:
    @hookimpl
    def twin(folder, settings):
        return Twin(
            name="drop",
            settings={"folder": str(folder)},
            stop=lambda: None,
            settle=list,
            reach=(),
            answers=(),
        )

    monkeypatch.setattr(rosterbus_drop, "twin", twin, raising=False)
    fed.night(whole(*ALL, state={"seen": 1}))
    before, kept = fed.state(), fed.mirrored()
    rehearsal = fed.rehearsed(changes(student(31), state={"seen": 2}))
    assert shown(rehearsal.outcome).counts["students"]["delivered"] == 31
    assert fed.feed.previous[-1] == {"seen": 1}
    assert (fed.state(), fed.mirrored()) == (before, kept)


def test_state_is_told_to_the_source_and_replaced_by_what_it_answers(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    fed.night(Unchanged("the same file"))
    fed.night(Unchanged("the same file", state={"seen": 3}))
    mirror = fed.state().mirror
    fed.night(NOTHING)
    assert fed.feed.previous == [{}, {"seen": 1}, {"seen": 1}, {"seen": 3}]
    assert fed.state().mirror == mirror


def test_one_mirror_is_kept_and_it_is_private(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    fed.night(changes(student(31)))
    (folder,) = fed.home.iterdir()
    assert {path.name for path in folder.iterdir()} == {"0.students.parquet", "mirror.json"}
    if os.name == "posix":
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert modes == {0o600}
        assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, fed.home)} == {0o700}


def test_what_an_interrupted_run_left_goes_with_the_next(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    (fed.home / "7").mkdir()
    (fed.home / "7" / "0.students.parquet").write_bytes(b"half")
    fed.night(NOTHING)
    assert [folder.name for folder in fed.home.iterdir()] == ["1"]


def test_a_source_that_stops_giving_mirrored_tables_loses_the_mirror(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    fed.night(whole(*ALL, mirrored=False))
    assert fed.state().mirror is None
    fed.night(NOTHING)
    assert list(fed.home.iterdir()) == []


def test_a_lost_mirror_is_named_and_a_full_extract_begins_a_new_one(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    (folder,) = fed.home.iterdir()
    folder.rename(fed.root / "lost")
    for answer in (NOTHING, changes(student(31), how={"from_nothing": True})):
        outcome = fed.night(answer)
        assert outcome.exit_code == ConfigError.exit_code
        assert f"{folder}: the mirror of the source's tables is lost" in str(outcome.failures[0].error)
        assert fed.feed.previous[-1] == {}
    assert fed.night(whole(*ALL)).exit_code == 0
    assert fed.night(changes(student(31))).exit_code == 0


def test_a_mirror_moves_with_the_project(fed: FedVillage, tmp_path) -> None:
    fed.planned(whole(*ALL))
    fed.root = fed.root.rename(tmp_path.with_name(f"{tmp_path.name}-moved"))
    fed.pipeline(deliver="contacts = false")
    assert fed.planned(changes(student(31))).raw["students"]["read"] == 31


def test_the_mirror_of_another_connector_is_not_gone_on_from(fed: FedVillage) -> None:
    fed.night(whole(*ALL, state={"seen": 1}))
    record = fed.home / fed.state().mirror.name / "mirror.json"
    told = record.read_text(encoding="utf-8")
    record.write_text(told.replace('"connector": "village"', '"connector": "hamlet"'), encoding="utf-8")
    outcome = fed.night(changes(student(31)))
    assert outcome.exit_code == HeldError.exit_code
    assert fed.feed.previous[-1] == {}


def test_what_was_odd_about_the_last_extract_still_holds_on_days_without_one(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    odd = Finding("hold", "cut off", "the file was cut off")
    assert fed.night(whole(*ALL, student(31), findings=[odd])).exit_code == 3
    assert fed.night(NOTHING).exit_code == 3
    assert fed.night(Nothing("no file", findings=[Finding("warn", "cut off", "it is whole")])).exit_code == 0
    assert fed.night(changes(student(32))).exit_code == 0


def test_a_source_that_has_nothing_new_for_too_long_is_held(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    assert fed.night(NOTHING, days=14).exit_code == 0
    outcome = fed.night(NOTHING, days=1)
    (hold,) = outcome.receipts[0].plan.holds
    assert hold.sentence == "the source has given nothing new for 15 days; `unchanged_days` allows 14"
    fed.pipeline(deliver="contacts = false\n[deliver.drop.guards]\nunchanged_days = 0")
    assert fed.night(NOTHING).exit_code == 0


def test_a_full_extract_older_than_the_mirror_is_held_and_changes_go_on_from_the_newer(
    fed: FedVillage,
) -> None:
    fed.night(whole(*ALL, as_of=datetime(2026, 11, 20, tzinfo=UTC), state={"seen": 1}))
    before = fed.state()
    outcome = fed.night(whole(student(1), as_of=datetime(2026, 11, 18, tzinfo=UTC), state={"seen": 2}))
    assert "export older than the mirror" in {finding.rule for finding in outcome.receipts[0].plan.holds}
    assert fed.state() == before
    assert (
        fed.planned(changes(student(31), as_of=datetime(2026, 11, 22, tzinfo=UTC))).raw["students"]["read"]
        == 31
    )


def test_changes_are_as_old_as_the_newest_that_the_mirror_has(fed: FedVillage) -> None:
    newest = datetime(2026, 11, 20, tzinfo=UTC)
    fed.planned(whole(*ALL, as_of=newest))
    assert fed.planned(changes(student(31))).as_of == newest
    assert fed.planned(changes(student(32), as_of=datetime(2026, 11, 18, tzinfo=UTC))).as_of != newest
    assert fed.planned(NOTHING).as_of == newest


def test_a_test_file_and_one_record_alone_lose_no_change(fed: FedVillage) -> None:
    fed.night(whole(*ALL))
    fed.night(changes(student(31), student(32)), order=Order(only="31"))
    fed.night(NOTHING)
    assert ids(fed.sent()[-1])[-2:] == ["31", "32"]
