"""The whole road with a toy source and a toy vendor: extract, map, judge, stage, deliver, remember."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.plan.changes import read_changes
from rosterbus.plan.planning import Order
from village_kit import Village, student

ONLY_STUDENTS = "contacts = false"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_delivers_everybody_then_nothing_new(village: Village) -> None:
    village.write([student(n) for n in range(1, 40)])
    village.pipeline(deliver=ONLY_STUDENTS)
    first = village.run()
    assert [one.state for one in first.receipts] == ["confirmed"], first.as_json()
    assert first.receipts[0].balanced
    assert lines(village.vendor / "20261120-1" / "students.csv")[:2] == [
        "Id,First,Last,Mail,Born,Grade",
        "1,First1,Last1,s1@example.org,03/04/2015,05",
    ]
    second = village.run(hours=1)
    assert second.receipts[0].state == "nothing new"
    assert second.exit_code == 0
    assert not (village.vendor / "20261120-2").exists()


def test_the_same_input_gives_the_same_bytes(village: Village) -> None:
    village.write([student(n) for n in range(1, 60)])
    village.pipeline(deliver=ONLY_STUDENTS)
    assert village.plan().hash == village.plan(hours=1).hash


def test_a_bad_row_is_reported_with_its_row_and_everybody_else_is_delivered(village: Village) -> None:
    village.write([student(1), student(2, mail="not an address"), student(3, born="2015-13-40"), student(4)])
    village.pipeline(deliver=ONLY_STUDENTS)
    outcome = village.run()
    assert outcome.exit_code == 4
    assert outcome.receipts[0].counts["students"]["delivered"] == 2
    assert outcome.receipts[0].counts["students"]["rejected"] == 2
    plan = outcome.receipts[0].plan
    assert dict(plan.layouts[0].problems) == {"Born": 1, "Mail": 1}


def test_a_repaired_row_is_delivered_and_counted_by_what_the_vendor_holds(village: Village) -> None:
    village.pipeline(deliver=ONLY_STUDENTS)
    village.write([student(1), student(2, mail="bad"), student(3)])
    village.run()
    village.write([student(1), student(2), student(3, mail="bad")])
    second = village.run(hours=24)
    assert second.receipts[0].counts["students"]["new"] == 1
    village.write([student(1), student(2), student(3, grade="06")])
    third = village.run(hours=24)
    assert third.receipts[0].counts["students"]["changed"] == 1
    assert third.receipts[0].counts["students"]["new"] == 0
    assert third.exit_code == 0


def test_rows_that_were_rejected_before_are_not_news(village: Village) -> None:
    village.pipeline(deliver=ONLY_STUDENTS)
    village.write([student(1), student(2, mail="bad")])
    assert village.run().exit_code == 4
    village.write([student(3), student(1), student(2, mail="bad")])
    assert village.run(hours=24).exit_code == 0


def test_every_copy_of_a_repeated_key_is_rejected_and_names_the_rows(village: Village) -> None:
    village.write(
        [student(1), student(2), student(2, mail="other@example.org"), student(3, mail="s1@example.org")]
    )
    village.pipeline(deliver=ONLY_STUDENTS)
    plan = village.plan()
    assert plan.layouts[0].counts["rejected"] == 4
    from rosterbus.reporting import StoredProblems

    found = {problem.row: problem.message for problem in StoredProblems(plan, plan.layouts[0])}
    assert found[3] == "`Id` must be unique; it is repeated in rows 3, 4"
    assert found[5] == "`Mail` must be unique; it is repeated in rows 2, 5"


def test_a_rejected_contact_takes_its_family_along(village: Village) -> None:
    village.write([student(1), student(2)], ["a,1,Anna,1234", "b,1,Bert,12x4", "c,2,Carl,99"])
    village.pipeline()
    village.baseline_empty()
    outcome = village.run()
    counts = outcome.receipts[0].counts
    assert counts["students"]["delivered"] == 1
    assert counts["contacts"]["delivered"] == 1
    assert counts["contacts"]["rejected"] == 2


def test_a_missing_contact_of_a_sent_student_counts_as_removed(village: Village) -> None:
    village.pipeline()
    village.baseline_empty()
    village.write([student(1), student(2)], ["a,1,Anna,1", "b,1,Bert,2", "c,2,Carl,3"])
    village.run()
    village.write([student(1)], ["a,1,Anna,1"])
    plan = village.plan(hours=24)
    counts = {layout.name: layout.counts for layout in plan.layouts}
    assert counts["contacts"]["removed"] == 1, "Carl's student is not sent, so the vendor keeps Carl"
    assert counts["students"]["removed"] == 1
    assert [change.key for change in read_changes(plan, "contacts")] == ["1/b"]


def test_a_leaver_who_is_kept_counts_once(village: Village) -> None:
    village.pipeline(deliver=ONLY_STUDENTS)
    village.write([student(n) for n in range(1, 6)])
    village.run()
    village.write([student(n) for n in range(1, 5)] + [student(9)])
    assert village.run(hours=24).receipts[0].counts["students"]["removed"] == 1
    village.write([student(n) for n in range(1, 5)] + [student(9), student(10)])
    assert village.run(hours=24).receipts[0].counts["students"]["removed"] == 0


def test_one_record_alone(village: Village) -> None:
    village.write([student(n) for n in range(1, 6)])
    village.pipeline(deliver=ONLY_STUDENTS)
    outcome = village.run(order=Order(only="3"))
    assert outcome.receipts[0].counts["students"]["delivered"] == 1
    assert outcome.receipts[0].balanced
    rest = village.run(hours=24)
    assert rest.receipts[0].counts["students"]["new"] == 4


def test_one_record_alone_is_refused_where_absence_removes(village: Village) -> None:
    village.write([student(1)], ["a,1,Anna,1"])
    village.pipeline()
    with pytest.raises(ConfigError, match="--only"):
        village.plan(order=Order(only="1"))


def test_a_test_file_moves_no_baseline(village: Village) -> None:
    village.write([student(1), student(2)])
    village.pipeline(deliver=ONLY_STUDENTS)
    assert village.run(order=Order(test=True)).receipts[0].state == "confirmed"
    live = village.run(hours=1)
    assert live.receipts[0].counts["students"]["new"] == 2


def test_opt_outs_are_left_out_and_counted(village: Village) -> None:
    (village.root / "rosterbus.toml").write_text('[privacy]\nexclude = "optouts.csv"\n', encoding="utf-8")
    (village.root / "optouts.csv").write_text(
        "id,vendor,reason\n2,,asked\n3,drop,asked\n4,other,asked\n", encoding="utf-8"
    )
    village.write([student(n) for n in range(1, 6)])
    village.pipeline(deliver=ONLY_STUDENTS)
    receipt = village.run().receipts[0]
    assert receipt.counts["students"]["delivered"] == 3
    assert receipt.counts["students"]["filtered"] == 2
    assert receipt.plan.layouts[0].counts["opted_out"] == 2


def test_only_declared_columns_leave(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(deliver=ONLY_STUDENTS)
    (village.export / "students.csv").write_text(
        "id,first,last,mail,born,school,class,extra_secret\n1,A,B,a@example.org,2015-01-02,1,05,CANARY\n",
        encoding="utf-8",
    )
    village.run()
    everything = [
        path for path in village.root.rglob("*") if path.is_file() and path.parent != village.export
    ]
    assert not [path for path in everything if b"CANARY" in path.read_bytes()]


def test_a_mapping_corrects_the_roster_for_all_vendors_and_a_layout_for_one(village: Village) -> None:
    village.write([student(1, grade="5"), student(2, grade="K")])
    village.pipeline(
        extra="""
        [source.map.students.columns]
        grade = { match = "grade", codes = { "5" = "05", "K" = "KG" } }
        """,
        deliver="""
        contacts = false
        [deliver.drop.map.students]
        where = "grade <> 'KG'"
        [deliver.drop.map.students.columns]
        first_name = { transform = "upper(first_name)" }
        Homeroom = { value = "A1" }
        """,
    )
    receipt = village.run().receipts[0]
    assert receipt.counts["students"]["filtered"] == 1
    assert lines(village.vendor / "20261120-1" / "students.csv") == [
        "Id,First,Last,Mail,Born,Grade,Homeroom",
        "1,FIRST1,Last1,s1@example.org,03/04/2015,05,A1",
    ]


def test_an_unmatched_code_is_that_cells_problem(village: Village) -> None:
    village.write([student(1, grade="05"), student(2, grade="77")])
    village.pipeline(
        deliver="""
        contacts = false
        [deliver.drop.map.students.columns]
        grade = { match = "grade", codes = { "05" = "Five" } }
        """
    )
    plan = village.plan()
    assert dict(plan.layouts[0].problems) == {"Grade": 1}


def test_an_unknown_roster_column_is_told_with_file_and_line(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(
        deliver="contacts = false\n[deliver.drop.map.students.columns]\nfirst_name = 'frist_name'\n"
    )
    with pytest.raises(ConfigError, match=r"v\.toml, line \d+: .*first_name.*frist_name.*first_name"):
        village.plan()


def test_files_of_student_data_are_private(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(deliver=ONLY_STUDENTS)
    village.run()
    state = village.root / ".rosterbus"
    for path in [state, *state.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_plans_and_ledger_hold_no_cell_values(village: Village) -> None:
    village.write([student(1), "2,CanaryFirst,CanaryLast,canary.bad,2015-13-01,1,05"])
    village.pipeline(deliver=ONLY_STUDENTS)
    outcome = village.run()
    state = village.root / ".rosterbus"
    for path in [outcome.receipts[0].plan.folder / "plan.json", *state.glob("ledger*")]:
        data = path.read_bytes().lower()
        assert b"canary" not in data, path
        assert b"s1@example.org" not in data, path
    assert "canary" not in json.dumps(outcome.as_json()).lower()


def test_a_baseline_of_digests_keeps_no_values_and_still_tells_changes(village: Village) -> None:
    village.write([student(n) for n in range(1, 6)])
    village.pipeline(deliver="contacts = false\nbaseline = 'digests'\n")
    first = village.run()
    baseline = first.receipts[0].plan.folder / "baseline.students.parquet"
    assert b"First1" not in baseline.read_bytes()
    assert village.run(hours=1).receipts[0].state == "nothing new"
    village.write([student(1, grade="09"), *(student(n) for n in range(2, 5))])
    plan = village.plan(hours=24)
    assert plan.layouts[0].counts["changed"] == 1
    assert plan.layouts[0].counts["removed"] == 1
    removed = [change.key for change in read_changes(plan) if change.kind == "removed"]
    assert removed == [""], "nobody can be named"


def test_a_baseline_of_values_becomes_one_of_digests(village: Village) -> None:
    village.write([student(n) for n in range(1, 6)])
    village.pipeline(deliver=ONLY_STUDENTS)
    village.run()
    village.pipeline(deliver="contacts = false\nbaseline = 'digests'\n")
    assert village.plan(hours=1).verdict == "nothing new"
    village.write([student(n) for n in range(1, 7)])
    plan = village.run(hours=1).receipts[0].plan
    assert plan.layouts[0].counts["new"] == 1
    assert b"First1" not in (plan.folder / "baseline.students.parquet").read_bytes()


def test_a_record_that_became_unreadable_is_told_though_everybody_else_arrives(village: Village) -> None:
    village.write([student(n) for n in range(1, 40)])
    village.pipeline(deliver=ONLY_STUDENTS)
    assert village.run().exit_code == 0
    village.write([*(student(n) for n in range(1, 39)), f"{student(39)},surplus"])
    assert village.run(hours=24).exit_code == 4
    assert village.run(hours=24).exit_code == 0, "it is no news any more"


def test_newly_rejected_rows_are_told_though_nothing_is_sent(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(deliver=ONLY_STUDENTS)
    village.run()
    village.write([student(1), student(2, mail="broken")])
    outcome = village.run(hours=24)
    assert outcome.receipts[0].state == "nothing new"
    assert outcome.exit_code == 4
    assert village.run(hours=24).exit_code == 0
