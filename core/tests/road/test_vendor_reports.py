"""The vendor's own report, read back: joined to the rows that caused its errors, and carried until they change."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from feedback_kit import (
    UNGUARDED,
    Error,
    believed,
    by_row,
    delivery,
    files_of,
    imported,
    moved,
    problems,
    refused,
    report,
)
from rosterbus.cli import command_line
from rosterbus.cli.receipt_text import receipt_lines
from rosterbus.delivery.receipts import Receipt
from rosterbus.hookspecs import hookimpl
from rosterbus.ledger import Ledger
from rosterbus.pipelines import opened
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from rosterbus.reporting import write_again
from rosterbus.reports import Run
from village_kit import Village, student


@pytest.fixture
def sent(village: Village) -> Village:
    """A village whose vendor got four students, the second of them in a mistaken way."""
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver=f"contacts = false\n{UNGUARDED}")
    village.baseline_empty()
    village.run()
    return village


def test_a_report_takes_its_rows_out_of_the_baseline_and_moves_the_outcome(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    told = imported(sent, report(sent, by_row(3), by_row(3, "Grade", "is unknown")), capsys)
    assert (told["rows"], told["errors"], told["outcome"], told["again"]) == (1, 2, "partly", False)
    assert (delivery(sent).state, delivery(sent).outcome) == ("confirmed", "partly")
    assert believed(sent) == ["1", "3", "4"]
    assert delivery(sent).evidence["reports"][0]["files"] == [0]
    with Ledger(sent.root / ".rosterbus") as ledger:
        assert "feedback" in [event.kind for event in ledger.events.of(delivery(sent).id)]
        assert ledger.verify_chain() == ()


def test_what_is_kept_of_a_report_is_private_and_names_the_source(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    [kept] = (sent.root / ".rosterbus" / "vendor").glob("*/vendor.students.*.parquet")
    rows = duckdb.read_parquet(str(kept)).project('key, source_file, source_row, "row", message').fetchall()
    assert rows == [("2", "students.csv", 3, 3, "is used already")]
    if os.name == "posix":
        assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_no_cell_and_no_message_of_a_report_is_printed_or_noted(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    path = report(sent, ("", "", "2", "Mail", "s2@example.org is used already"))
    assert command_line(["report", "v", "--import", str(path), "--folder", str(sent.root)]) == 0
    said = capsys.readouterr()
    with Ledger(sent.root / ".rosterbus") as ledger:
        noted = str(ledger.events.of(delivery(sent).id)) + str(ledger.runs.latest())
    assert "example.org" not in said.out + said.err + noted + str(delivery(sent).evidence)
    assert "1 rows refused, 1 errors" in said.out


def test_an_open_error_is_told_again_and_is_no_reason_to_send(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    sent.write([student(9, mail="no mail"), *(student(n) for n in range(1, 5))])
    outcome = sent.run(hours=24)
    assert [one.state for one in outcome.receipts] == ["nothing new"]
    assert moved(outcome) == {"unchanged": 3, "rejected": 2}
    [own] = [one for one in problems(outcome.receipts[0].plan) if one[0] == "vendor"]
    assert own[1:5] == ("students.csv", 4, "2", "Mail")
    assert own[5] == "refused by the vendor on 2026-11-20: is used already"
    assert len(sent.boxes) == 1


def test_an_open_row_goes_along_with_a_file_that_goes_anyway(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    sent.write([student(n) for n in range(1, 6)])
    outcome = sent.run(hours=24)
    assert moved(outcome) == {"delivered": 5, "new": 2}
    assert [one[0] for one in problems(outcome.receipts[0].plan)] == ["vendor"]
    assert files_of(sent)[1] == ["1", "2", "3", "4", "5"]


def test_a_row_that_was_corrected_goes_and_its_error_is_closed(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    sent.write([student(n, mail="new2@example.org" if n == 2 else None) for n in range(1, 5)])
    outcome = sent.run(hours=24)
    assert moved(outcome) == {"delivered": 4, "new": 1}
    assert problems(outcome.receipts[0].plan) == []
    assert believed(sent) == ["1", "2", "3", "4"]
    sent.write([student(n) for n in range(1, 5)])
    assert problems(sent.run(hours=24).receipts[0].plan) == [], "it was closed for good"


def test_an_error_is_closed_once_the_vendor_has_taken_the_row_after_all(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    sent.write([student(n) for n in range(1, 6)])
    sent.run(hours=24)
    again = sent.run(hours=24)
    assert [one[0] for one in problems(again.receipts[0].plan)] == ["vendor"], "nobody knows yet"
    assert moved(again) == {"unchanged": 4, "rejected": 1}
    sent.take()
    taken = sent.run(hours=24)
    assert problems(taken.receipts[0].plan) == []
    assert moved(taken) == {"unchanged": 5}


def test_a_row_that_is_refused_again_stays_open_with_the_newer_error(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    sent.write([student(n) for n in range(1, 6)])
    sent.run(hours=24)
    imported(sent, report(sent, by_row(3, "Grade", "is too low")), capsys)
    outcome = sent.run(hours=24)
    [(*_, column, message)] = problems(outcome.receipts[0].plan)
    assert (column, message) == ("Grade", "refused by the vendor on 2026-11-21: is too low")


def test_of_two_refusals_of_a_row_only_the_newer_counts(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    first = delivery(sent)
    sent.write([student(n) for n in range(1, 6)])
    sent.run(hours=24)
    imported(sent, report(sent, by_row(3)), capsys, run=first.id)
    imported(sent, report(sent, by_row(3, "Grade", "is too low")), capsys)
    sent.write([student(n) for n in range(1, 7)])
    sent.run(hours=24)
    sent.take()
    taken = sent.run(hours=24)
    assert (problems(taken.receipts[0].plan), moved(taken)) == ([], {"unchanged": 6})


def test_a_late_report_takes_out_what_is_still_believed_as_it_was_told(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    first = delivery(sent)
    sent.write([student(n, mail="new2@example.org" if n == 2 else None) for n in range(1, 6)])
    sent.run(hours=24)
    imported(sent, report(sent, by_row(3), by_row(4)), capsys, run=first.id)
    assert believed(sent) == ["1", "2", "4", "5"], "the second student was told otherwise since"
    with Ledger(sent.root / ".rosterbus") as ledger:
        version = ledger.baselines.current("v", "drop")["students"].version
    assert version.startswith(f"{delivery(sent).plan}#"), "it is the later delivery's baseline still"
    outcome = sent.run(hours=24)
    assert [one[3] for one in problems(outcome.receipts[0].plan)] == ["3"]


def test_a_late_report_says_nothing_of_rows_that_the_vendor_took_since(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    first = delivery(sent)
    sent.write([student(n) for n in range(1, 6)])
    sent.run(hours=24)
    sent.take()
    sent.run(hours=24)
    assert delivery(sent).outcome == "processed"
    imported(sent, report(sent, by_row(3)), capsys, run=first.id)
    assert believed(sent) == ["1", "2", "3", "4", "5"]
    assert problems(sent.run(hours=24).receipts[0].plan) == []


def test_the_same_report_again_changes_nothing(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(sent, by_row(3))
    imported(sent, path, capsys)
    before = delivery(sent).evidence
    assert imported(sent, path, capsys)["again"] is True
    assert command_line(["report", "v", "--import", str(path), "--folder", str(sent.root)]) == 0
    assert "was imported before; nothing was changed" in capsys.readouterr().out
    assert (delivery(sent).evidence, believed(sent)) == (before, ["1", "3", "4"])


@pytest.mark.parametrize("error", [by_row(99), ("", "", "77", "", "x"), ("", "3", "4", "", "x")])
def test_a_report_on_another_delivery_is_refused(
    sent: Village, capsys: pytest.CaptureFixture[str], error: Error
) -> None:
    said = refused(sent, report(sent, by_row(2), error), capsys)
    assert "rows that this delivery does not have; name the run that it is about" in said
    assert "1 of 2 errors without a row" in said
    assert (believed(sent), delivery(sent).outcome) == (["1", "2", "3", "4"], "unknown")


def test_what_is_no_report_and_what_is_not_there_are_told(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = sent.root / "odd.csv"
    odd.write_text("a,b\n", encoding="utf-8")
    assert "this is no report of the vendor" in refused(sent, odd, capsys)
    assert "the report cannot be read" in refused(sent, sent.root / "lost.csv", capsys)


def test_a_report_that_comes_after_the_rows_were_purged_is_told(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    first = delivery(sent)
    sent.run(hours=24 * 9)
    assert "no longer kept; say with `rosterbus baseline` what the vendor holds now" in refused(
        sent, report(sent, by_row(3)), capsys, first.id
    )


def test_what_a_vendor_refused_is_forgotten_as_reports_are(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    [kept] = (sent.root / ".rosterbus" / "vendor").glob("*/*")
    old = (sent.now.timestamp() - 91 * 86400,) * 2
    os.utime(kept, old)
    sent.run(hours=24)
    assert not kept.exists()
    assert moved(sent.run(hours=24)) == {"delivered": 4, "new": 1}


def test_a_baseline_that_nothing_came_of_is_taken_away(sent: Village) -> None:
    orphan = sent.root / ".rosterbus" / "baselines" / "v.drop.students.99.parquet"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"")
    os.utime(orphan, (sent.now.timestamp(),) * 2)
    sent.run(hours=24)
    assert orphan.exists()
    sent.run(hours=24 * 8)
    assert not orphan.exists()


def test_a_report_about_a_test_file_moves_no_baseline(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    sent.run(hours=24, order=Order(test=True))
    told = imported(sent, report(sent, by_row(3)), capsys, run=delivery(sent).id)
    assert (told["rows"], told["outcome"], believed(sent)) == (1, "partly", ["1", "2", "3", "4"])
    assert problems(sent.run(hours=24).receipts[0].plan) == []


def test_with_digests_nothing_is_lost_of_that(village: Village, capsys: pytest.CaptureFixture[str]) -> None:
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver=f'contacts = false\nbaseline = "digests"\n{UNGUARDED}')
    village.baseline_empty()
    village.run()
    imported(village, report(village, by_row(3)), capsys)
    assert len(believed(village)) == 3
    outcome = village.run(hours=24)
    assert (moved(outcome), len(village.boxes)) == ({"unchanged": 3, "rejected": 1}, 1)
    village.write([student(n, mail="new2@example.org" if n == 2 else None) for n in range(1, 5)])
    assert moved(village.run(hours=24)) == {"delivered": 4, "new": 1}


def test_the_reports_of_the_run_name_what_the_vendor_refused(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Run] = []

    class Told:
        @hookimpl
        def report(self, run: Run, folder: Path) -> list[Path]:
            told.append(run)
            return [folder]

    imported(sent, report(sent, by_row(3)), capsys)
    project = load_project(sent.root)
    pipeline = load_pipeline(project, "v")
    with opened(
        project, pipeline, command="report", now=sent.now, brought={"report:told": Told()}
    ) as context:
        plan = StoredPlan.load(context.ledger.plans.get(delivery(sent).plan).folder)
        write_again(context, [plan], ["told"])
    [layout] = told[0].deliveries[0].layouts
    assert [(one.kind, one.row, one.key, one.column, one.message) for one in layout.problems] == [
        ("vendor", 3, "2", "Mail", "refused by the vendor: is used already")
    ]


def test_the_receipt_and_the_status_say_how_many_rows_were_refused(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(sent, report(sent, by_row(3)), capsys)
    record = delivery(sent)
    plan = StoredPlan.load(sent.root / ".rosterbus" / "plans" / record.plan)
    receipt = Receipt(plan, record, "confirmed", "", sent.now, sent.now)
    assert "  refused    delivered; 1 rows of it refused by the vendor" in receipt_lines(receipt)
    assert receipt.as_json()["refused"] == 1
    assert command_line(["status", "v", "--folder", str(sent.root)]) == 0
    assert "refused         1 rows of the last confirmed, by the vendor" in capsys.readouterr().out


def test_an_import_that_dies_before_it_is_kept_can_be_done_again(
    sent: Village, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = report(sent, by_row(3))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("rosterbus.ledger.corrections.insert_moves", die)
        assert command_line(["report", "v", "--import", str(path), "--folder", str(sent.root)]) == 130
    capsys.readouterr()
    assert (believed(sent), delivery(sent).outcome) == (["1", "2", "3", "4"], "unknown")
    assert imported(sent, path, capsys)["again"] is False
    assert believed(sent) == ["1", "3", "4"]
