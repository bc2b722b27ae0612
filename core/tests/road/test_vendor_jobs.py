"""The vendor's job that works a delivery off: asked about at will, and canceled by a person's word alone."""

from __future__ import annotations

import io
import json
from typing import Any

import duckdb
import pytest
import rosterbus_drop
from rosterbus.cli import command_line
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from village_kit import Village, student


@pytest.fixture
def sent(village: Village) -> Village:
    """A village that has sent two files, the second one with a new and a changed student."""
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver="contacts = false\n[deliver.drop.guards]\nchanged = 1.0\nidentifiers = 1.0")
    village.baseline_empty()
    village.run()
    village.write([student(1, mail="other@example.org"), *(student(n) for n in range(2, 6))])
    village.run(hours=24)
    return village


def job(village: Village, state: str, outcome: str, **more: Any) -> None:
    text = json.dumps({"state": state, "outcome": outcome, **more})
    (village.vendor / "job.json").write_text(text, encoding="utf-8")


def state_of(village: Village) -> str:
    return str(json.loads((village.vendor / "job.json").read_text(encoding="utf-8"))["state"])


def delivery(village: Village) -> DeliveryRecord:
    with Ledger(village.root / ".rosterbus") as ledger:
        return ledger.deliveries.latest()[0]


def status(village: Village, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert command_line(["status", "v", "--json", "--folder", str(village.root), *options]) == 0
    [row] = json.loads(capsys.readouterr().out)["deliveries"]
    return dict(row)


def canceled(village: Village, *options: str) -> int:
    given = ("--by", "Ada", "--reason", "the wrong year", "--folder", str(village.root), *options)
    return command_line(["cancel", "v", *given])


def believed(village: Village) -> dict[str, str]:
    with Ledger(village.root / ".rosterbus") as ledger:
        baseline = ledger.baselines.current("v", "drop")["students"]
    rows = duckdb.read_parquet(str(baseline.path)).project("_key, Mail").fetchall()
    return dict(rows)


def test_status_asks_the_vendor_and_keeps_what_it_says(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    job(sent, "running", "running")
    assert status(sent, capsys)["job"] == "the job is running"
    assert (delivery(sent).state, delivery(sent).outcome) == ("confirmed", "running")
    job(sent, "completed", "processed")
    assert status(sent, capsys)["outcome"] == "processed"
    assert delivery(sent).evidence["job"] == 7
    assert status(sent, capsys)["job"] == "", "an end that is known is not asked for again"


def test_status_offline_asks_nobody(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    job(sent, "running", "running")
    assert status(sent, capsys, "--offline")["job"] == ""
    assert delivery(sent).outcome == "unknown"


def test_status_never_cancels_and_is_no_run(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    job(sent, "running", "running")
    with Ledger(sent.root / ".rosterbus") as ledger:
        before = ledger.runs.latest()[0]
    status(sent, capsys)
    with Ledger(sent.root / ".rosterbus") as ledger:
        assert ledger.runs.latest()[0] == before
        assert ledger.events.of(delivery(sent).id)[-1].kind == "outcome"
    assert state_of(sent) == "running"


def test_a_vendor_who_is_away_is_a_line_and_no_failure(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    job(sent, "running", "running", away=True)
    assert status(sent, capsys)["job"] == "the vendor could not be asked: the folder is away"


def test_a_held_delivery_is_not_confirmed_by_asking(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    sent.fault("unsure")
    sent.write([student(n) for n in range(1, 9)])
    sent.run(hours=24)
    job(sent, "completed", "processed")
    assert status(sent, capsys)["state"].endswith(" held")
    assert (delivery(sent).state, delivery(sent).outcome) == ("held", "processed")


def test_a_canceled_delivery_is_told_again(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    job(sent, "running", "running")
    assert sorted(believed(sent)) == ["1", "2", "3", "4", "5"]
    assert canceled(sent, "--yes") == 0
    assert "at the vendor: partly" in capsys.readouterr().out
    assert state_of(sent) == "canceled"
    record = delivery(sent)
    assert (record.state, record.outcome) == ("confirmed", "partly")
    assert sorted(believed(sent)) == ["2", "3", "4"]
    with Ledger(sent.root / ".rosterbus") as ledger:
        [said] = ledger.confirmations.settlements(record.id)
        assert (said.settled, said.by, said.reason) == ("canceled", "Ada", "the wrong year")
        assert "cancel" in [event.kind for event in ledger.events.of(record.id)]
        assert ledger.verify_chain() == ()
    [receipt] = sent.run(hours=24).receipts
    assert (receipt.state, receipt.counts["students"]["new"]) == ("confirmed", 2)


def test_who_was_removed_by_a_canceled_delivery_is_believed_to_be_there(village: Village) -> None:
    village.write([student(n) for n in range(1, 5)], ["a,1,Anna,1", "b,1,Bert,2", "c,2,Carl,3"])
    village.pipeline(deliver="[deliver.drop.guards]\nremoved = 1.0")
    village.baseline_empty()
    village.run()
    village.write([student(n) for n in range(1, 5)], ["a,1,Anna,1", "c,2,Carl,3"])
    village.run(hours=24)
    job(village, "running", "running")
    assert canceled(village, "--yes") == 0
    [receipt] = village.run(hours=24).receipts
    assert (receipt.state, receipt.counts["contacts"]["removed"]) == ("confirmed", 1)


def test_a_job_that_was_asked_to_stop_and_still_runs_is_told_again_too(sent: Village) -> None:
    job(sent, "running", "running", after={"state": "running", "outcome": "running"})
    assert canceled(sent, "--yes") == 0
    assert sorted(believed(sent)) == ["2", "3", "4"]
    [receipt] = sent.run(hours=24).receipts
    assert (receipt.state, receipt.counts["students"]["new"]) == ("confirmed", 2)


def test_a_delivery_that_never_left_does_not_hide_the_job_of_the_one_before(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    sent.fault("refuse")
    sent.write([student(n) for n in range(1, 9)])
    sent.run(hours=24)
    assert delivery(sent).state == "failed"
    job(sent, "running", "running")
    assert status(sent, capsys)["job"] == "the job is running"
    assert canceled(sent, "--yes") == 0
    assert (state_of(sent), sorted(believed(sent))) == ("canceled", ["2", "3", "4"])
    assert canceled(sent, "--yes") == 2, "what is canceled is not canceled again"


def test_a_job_that_was_canceled_at_the_vendor_is_told_again_by_the_next_run(
    sent: Village, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job(sent, "canceled", "partly")
    first = delivery(sent)
    assert "the next run tells again" in status(sent, capsys)["job"]
    assert (delivery(sent).outcome, sorted(believed(sent))) == ("unknown", ["1", "2", "3", "4", "5"])
    monkeypatch.setattr(rosterbus_drop, "look", lambda: "partly")
    [receipt] = sent.run(hours=24).receipts
    assert (receipt.state, receipt.counts["students"]["new"]) == ("confirmed", 2)
    with Ledger(sent.root / ".rosterbus") as ledger:
        assert ledger.deliveries.get(first.id).outcome == "partly"


def test_a_cancel_that_comes_too_late_leaves_the_baseline(sent: Village) -> None:
    job(sent, "running", "running", after={"state": "completed", "outcome": "processed"})
    assert canceled(sent, "--yes") == 0
    assert delivery(sent).outcome == "processed"
    assert sorted(believed(sent)) == ["1", "2", "3", "4", "5"]


def test_a_held_delivery_that_is_canceled_has_failed_and_what_it_told_is_told_again(sent: Village) -> None:
    sent.fault("unsure")
    sent.write([student(1, mail="other@example.org"), *(student(n) for n in range(2, 8))])
    sent.run(hours=24)
    job(sent, "running", "running")
    assert canceled(sent, "--yes") == 0
    assert (delivery(sent).state, delivery(sent).outcome) == ("failed", "partly")
    [receipt] = sent.run(hours=24).receipts
    assert (receipt.state, receipt.counts["students"]["new"]) == ("confirmed", 2)


def test_nobody_is_canceled_for_without_a_word(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    job(sent, "running", "running")
    assert canceled(sent) == 2
    assert "`--yes`: canceling needs a person's word" in capsys.readouterr().err
    assert state_of(sent) == "running"


@pytest.mark.parametrize(("answer", "code", "state"), [("y\n", 0, "canceled"), ("n\n", 130, "running")])
def test_on_a_terminal_a_person_is_asked(
    sent: Village,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    state: str,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    job(sent, "running", "running")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert canceled(sent) == code
    said = capsys.readouterr().out
    assert "v -> drop: the job is running\nwhat the vendor has worked off already stays as it is" in said
    assert state_of(sent) == state


def test_a_vendor_who_is_away_is_not_canceled_and_nothing_is_noted(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    job(sent, "running", "running", away=True)
    before = delivery(sent)
    assert canceled(sent, "--yes") == 75
    assert "the folder is away" in capsys.readouterr().err
    assert (delivery(sent).outcome, sorted(believed(sent))) == (before.outcome, ["1", "2", "3", "4", "5"])
    with Ledger(sent.root / ".rosterbus") as ledger:
        assert ledger.confirmations.settlements(before.id) == []


def test_what_the_vendor_has_worked_off_cannot_be_canceled(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    job(sent, "completed", "processed")
    status(sent, capsys)
    assert canceled(sent, "--yes") == 2
    assert "confirmed, processed" in capsys.readouterr().err


def test_a_vendor_without_jobs_is_told(sent: Village, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = sent.root / "pipelines" / "v.toml"
    head = pipeline.read_text(encoding="utf-8").partition("[deliver")[0]
    text = f'{head}[deliver.shelf]\nfolder = "{sent.vendor.as_posix()}"\nabsence = "kept"\n'
    pipeline.write_text(text, encoding="utf-8", newline="\n")
    assert canceled(sent, "--yes") == 2
    assert "the vendor of `shelf` has no job that can be canceled" in capsys.readouterr().err
