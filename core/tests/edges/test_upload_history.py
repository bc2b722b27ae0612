"""The last uploads: what became of each, in vendors' words, and the report of the run in which it ended."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from rosterbus.ledger import Ledger
from rosterbus.plan.planning import Order
from rosterbus.uploads import last_uploads
from village_kit import student


@pytest.fixture
def history(village):
    """A function that answers with the uploads of the village's pipeline, the newest first."""

    def told(*most):
        with Ledger(village.root / ".rosterbus") as ledger:
            return [upload for _, upload in last_uploads(ledger, *most, pipeline="v")]

    return told


def moved(village, outcome):
    """The vendor's own processing came to this."""
    with Ledger(village.root / ".rosterbus", clock=lambda: village.now) as ledger:
        [delivery, *_] = ledger.deliveries.latest()
        ledger.deliveries.set_outcome(
            delivery.id, outcome, token=ledger.runs.begin("v", "status"), evidence={"rows": 30}
        )


def test_an_upload_is_told_by_what_the_vendor_made_of_it(site, village, history):
    site.run()
    said = [history()[0].status]
    for outcome in ("running", "partly", "not processed", "processed"):
        moved(village, outcome)
        said.append(history()[0].status)

    assert said == ["uploaded", "processing", "processed with errors", "not processed", "processed"]


@pytest.mark.parametrize(
    ("fault", "status", "ended"),
    [("refuse", "failed", True), ("unsure", "held", False), ("away", "in progress", False)],
)
def test_what_was_not_uploaded_is_told_by_its_state(site, village, history, fault, status, ended):
    village.fault(fault)
    site.run()
    [upload] = history()

    assert (upload.status, upload.completed is not None) == (status, ended)


def test_what_waits_for_a_person_is_told_as_handed_over(site, village, history):
    village.pipeline(deliver="contacts = false\nby_hand = true")
    site.run()

    assert history()[0].status == "handed over"


def test_a_test_file_is_told_as_one(site, history):
    site.run(Order(test=True))

    assert history()[0].status == "uploaded (test)"


def test_the_report_is_that_of_the_run_in_which_the_upload_ended(site, village, history):
    village.fault("away")
    begun, _ = site.run()
    ended, told = site.run()
    assert begun.report != ended.report
    assert [upload.report for upload in told.history] == [ended.report]
    assert [upload.report for upload in history()] == [ended.report]

    village.take()
    site.run()
    assert [(upload.status, upload.report) for upload in history()] == [("processed", ended.report)]


def test_a_report_that_was_taken_away_is_not_named(site, history):
    outcome, _ = site.run()
    shutil.rmtree(outcome.report)

    assert history()[0].report == ""


def test_the_last_ten_uploads_come_newest_first_each_with_all_its_files(site, village, history):
    village.pipeline()
    village.baseline_empty()
    for night in range(1, 5):
        village.write([student(1, mail=f"night{night}@example.org")], [f"c{night},1,Kin,555{night}"])
        site.run()
        village.now += timedelta(days=1)
    _, told = site.run()

    assert [upload.file for upload in history(2)] == [
        "20261123-1/students.csv",
        "20261123-1/contacts.csv",
        "20261122-1/students.csv",
        "20261122-1/contacts.csv",
    ]
    assert len(told.history) == len(history()) == 8
