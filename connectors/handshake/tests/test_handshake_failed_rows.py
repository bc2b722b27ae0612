"""Handshake's failed rows, read back: from the words of its importer to the row of the export that caused them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from rosterbus.deliveries import Address, Delivery
from rosterbus.delivery.vendor_reports import Imported, import_report
from rosterbus.errors import ConfigError
from rosterbus.testing.trial import Trial, vendor_of
from rosterbus_handshake.failed_rows import flattened, read_failed_rows

HEADER = ["username", "email_address", "primary_education:end_date", "status", "response"]
COLUMNS = HEADER[:-2]


@pytest.fixture
def uploaded(make_delivery: Callable[..., Delivery]) -> Delivery:
    name = "importer-production-springfield/20261121_users.csv"
    return replace(make_delivery(), address=Address("s3://uploads/springfield", (name,)))


def written(folder: Path, *rows: list[str], header: list[str] = HEADER) -> Path:
    path = folder / "failed_rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ('{"email_address":["is already in use"]}', [("email_address", "is already in use")]),
        (
            '{"email_address":["has already been taken","conflicts with another primary account"]}',
            [
                ("email_address", "has already been taken"),
                ("email_address", "conflicts with another primary account"),
            ],
        ),
        (
            '{"primary_education.end_date":["must be a date on or after primary_education:start_date"]}',
            [("primary_education:end_date", "must be a date on or after primary_education:start_date")],
        ),
        ('{"primary_education":{"end_date":["is odd"]}}', [("primary_education:end_date", "is odd")]),
        ('{"majors":["are odd"]}', [("", "majors: are odd")]),
        (
            "Attempted to update auth_identifier from _ to _",
            [("", "Attempted to update auth_identifier from _ to _")],
        ),
        ('{email_address":["is odd"]}', [("", '{email_address":["is odd"]}')]),
        ("", []),
    ],
)
def test_a_response_is_told_in_sentences_by_column(response: str, told: list[tuple[str, str]]) -> None:
    assert flattened(response, COLUMNS) == told


def test_each_failed_row_is_known_by_its_username(tmp_path: Path, uploaded: Delivery) -> None:
    file = written(
        tmp_path, ["0001", "", "", "failed", '{"email_address":["x"]}'], ["0002", "", "", "skipped", ""]
    )
    feedback = read_failed_rows(file, uploaded, "users")
    assert [(one.key, one.column, one.message) for one in feedback.errors] == [
        ("0001", "email_address", "x"),
        ("0002", "", "skipped"),
    ]
    assert (feedback.layout, feedback.files, feedback.outcome) == ("students", [0], "partly")


def test_without_a_failed_row_all_was_processed(tmp_path: Path, uploaded: Delivery) -> None:
    assert read_failed_rows(written(tmp_path), uploaded, "").outcome == "processed"


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        (["username", "email_address"], "this is no file of failed rows"),
        (["email_address", "status", "response"], "this is no file of failed rows"),
        (["username", "email_address", "status", "response"], "record 2 has 5 cells instead of 4"),
    ],
)
def test_what_is_no_file_of_failed_rows_is_told(
    tmp_path: Path, uploaded: Delivery, header: list[str], wrong: str
) -> None:
    with pytest.raises(ConfigError, match=wrong):
        read_failed_rows(written(tmp_path, ["1", "", "", "failed", ""], header=header), uploaded, "")


def test_bytes_that_are_no_utf_8_and_another_file_are_told(tmp_path: Path, uploaded: Delivery) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes(b"username,status,response\n\xff,failed,\n")
    with pytest.raises(ConfigError, match="no CSV in UTF-8"):
        read_failed_rows(file, uploaded, "")
    with pytest.raises(ConfigError, match="`--of`: the delivery has one file only"):
        read_failed_rows(written(tmp_path), uploaded, "contacts")


def imported(trial: Trial, file: Path) -> Imported:
    with trial.opened() as context:
        record = context.ledger.deliveries.latest()[0]
        return import_report(context, context.pipeline.deliveries[0], record, file=file, chosen="")


def problems(folder: Path) -> list[tuple[str, str, str]]:
    rows = duckdb.read_parquet(str(folder / "problems.students.parquet"))
    return rows.project('kind, "column", message').fetchall()


def test_a_row_that_handshake_failed_is_told_until_it_is_corrected(tmp_path: Path) -> None:
    with vendor_of("handshake", {"cadence": "weekly"}, tmp_path / "vendor") as vendor:
        trial = vendor.trial(tmp_path / "project")
        trial.run()
        # The address of another account, which gives it up in the same file, only later.
        trial.source.cells |= {(0, "email"): "zqx0001@example.org", (1, "email"): "other@example.org"}
        trial.run_when_due()
        assert trial.imports()[-1]["failed"] == 1
        [file] = (vendor.twin.folder or tmp_path).glob("analyses/*.failed_rows.csv")
        found = imported(trial, file)
        assert (found.report.rows, found.delivery.state, found.delivery.outcome) == (1, "confirmed", "partly")

        [open_still] = trial.run_when_due().receipts
        assert (open_still.state, open_still.counts["students"]["rejected"]) == ("nothing new", 1)
        [(kind, column, message)] = problems(open_still.plan.folder)
        assert (kind, column, message[-17:]) == ("vendor", "email_address", "is already in use")

        trial.source.cells[0, "email"] = "fresh@example.org"
        [corrected] = trial.run_when_due().receipts
        assert (corrected.state, corrected.counts["students"]["new"]) == ("confirmed", 1)
        assert (problems(corrected.plan.folder), trial.imports()[-1]["failed"]) == ([], 0)
