"""The vendor's own report on what a person uploaded, on what was not processed, and on those who left."""

from __future__ import annotations

import pytest
from feedback_kit import UNGUARDED, believed, by_row, delivery, imported, moved, problems, refused, report
from rosterbus.delivery.deciding import settle
from rosterbus.ledger import Ledger
from village_kit import Village, student


@pytest.fixture
def sent(village: Village) -> Village:
    """A village whose vendor got four students."""
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver=f"contacts = false\n{UNGUARDED}")
    village.baseline_empty()
    village.run()
    return village


@pytest.fixture
def handed(village: Village) -> Village:
    """A village that handed two files over."""
    village.write([student(n) for n in range(1, 5)], ["a,1,Anna,1", "b,2,Bert,2"])
    village.pipeline(deliver=f"by_hand = true\n{UNGUARDED}")
    village.baseline_empty()
    village.run()
    return village


def test_a_handed_over_delivery_is_confirmed_once_each_of_its_files_was_reported(
    handed: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    first = imported(handed, report(handed, by_row(3)), capsys, "--of", "students")
    assert (first["state"], first["waits"], first["layout"]) == ("held", 1, "students")
    assert delivery(handed).reason == f"handed over at {handed.vendor}; it waits for 1 of 2 files"
    assert handed.run(hours=24).exit_code == 3
    empty = report(handed, name="contacts-report.csv")
    second = imported(handed, empty, capsys, "--of", "contacts", run=delivery(handed).id)
    assert (second["state"], second["outcome"], second["waits"]) == ("confirmed", "partly", 0)
    assert believed(handed) == ["1", "3", "4"]
    assert believed(handed, "contacts") == ["1/a", "2/b"]
    outcome = handed.run(hours=24)
    assert [one.state for one in outcome.receipts] == ["nothing new"]
    assert [one[0] for one in problems(outcome.receipts[0].plan)] == ["vendor"]


def test_a_person_can_settle_the_files_that_no_report_is_about(
    handed: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(handed, report(handed, by_row(3)), capsys, "--of", "students")
    with Ledger(handed.root / ".rosterbus", clock=lambda: handed.now) as ledger:
        settle(ledger, "last", "arrived", by="Ada", reason="uploaded both")
    assert (delivery(handed).state, delivery(handed).outcome) == ("confirmed", "partly")
    assert believed(handed) == ["1", "3", "4"]


def test_a_delivery_of_which_nothing_was_processed_has_failed_and_goes_again(
    village: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver=f"by_hand = true\ncontacts = false\n{UNGUARDED}")
    village.baseline_empty()
    village.run()
    told = imported(village, report(village, by_row(3, "", "all")), capsys)
    assert (told["state"], told["outcome"]) == ("failed", "not processed")
    assert delivery(village).reason == "the vendor processed nothing of it"
    [receipt] = village.run(hours=24).receipts
    assert (receipt.state, receipt.counts["students"]["new"]) == ("held", 4)
    assert [one[3] for one in problems(receipt.plan)] == ["2"]


def test_of_a_file_of_which_nothing_was_processed_all_rows_are_told_again(
    sent: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    told = imported(sent, report(sent, by_row(3, "", "all")), capsys)
    assert (told["rows"], told["outcome"], believed(sent)) == (1, "not processed", [])
    outcome = sent.run(hours=24)
    assert moved(outcome) == {"delivered": 4, "new": 4}


@pytest.fixture
def shelved(village: Village) -> Village:
    """A village whose vendor is sent changes only, and is told of those who leave."""
    village.write([student(n) for n in range(1, 5)])
    (village.root / "pipelines").mkdir()
    text = (
        'timezone = "America/Chicago"\n[source]\nconnector = "village"\nlocation = "export"\n[deliver.drop]\n'
        f'connector = "shelf"\nfolder = "{village.vendor.as_posix()}"\nabsence = "explicit"\nsends = "changes"\n'
        f"{UNGUARDED}\n"
    )
    (village.root / "pipelines" / "v.toml").write_text(text, encoding="utf-8", newline="\n")
    village.baseline_empty()
    village.run()
    return village


def test_where_changes_are_sent_a_refused_row_goes_once_with_the_next_file(
    shelved: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(shelved, report(shelved, by_row(3)), capsys)
    shelved.write([student(n) for n in range(1, 6)])
    assert moved(shelved.run(hours=24), "members") == {"delivered": 2, "unchanged": 3, "new": 2}
    shelved.write([student(n) for n in range(1, 7)])
    third = shelved.run(hours=24)
    assert moved(third, "members") == {"delivered": 1, "unchanged": 4, "rejected": 1, "new": 1}
    assert [one[0] for one in problems(third.receipts[0].plan, "members")] == ["vendor"]


def test_one_who_left_and_whose_row_was_refused_is_told_again(
    shelved: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    shelved.write([student(n) for n in (1, 2, 5)])
    first = shelved.run(hours=24)
    assert moved(first, "members") == {
        "delivered": 1,
        "unchanged": 2,
        "new": 1,
        "removed": 2,
        "leaver_rows": 2,
    }
    told = imported(shelved, report(shelved, by_row(4, "State", "is unknown")), capsys)
    assert (told["rows"], believed(shelved, "members")) == (1, ["1", "2", "3", "4", "5"])
    second = shelved.run(hours=24)
    assert moved(second, "members") == {"unchanged": 3, "removed": 1, "leaver_rows": 1}
    [_, box] = sorted(shelved.vendor.glob("2026112[12]*"))
    assert (box / "members.csv").read_text(encoding="utf-8").splitlines()[1].startswith("4,")


def test_a_failed_delivery_has_no_report(handed: Village, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(handed.root / ".rosterbus", clock=lambda: handed.now) as ledger:
        settle(ledger, "last", "not arrived", by="Ada", reason="never uploaded")
    said = refused(handed, report(handed, by_row(3)), capsys)
    assert "is failed, and no vendor can have reported on it; name another run" in said
