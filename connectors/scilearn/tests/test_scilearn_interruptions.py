"""Whole runs against the twin: killed, refused, and gone on with."""

from __future__ import annotations

from datetime import timedelta

from rosterbus.ledger import Ledger
from rosterbus.testing import dying


def the_delivery(trial):
    with Ledger(trial.state) as ledger:
        return ledger.deliveries.latest()[0]


def test_who_is_alone_finds_out_what_a_run_that_died_had_begun(trial):
    trial.twin.extras["jobs"].pace = None
    alone = {"only_starter": True}
    trial.killed(dying.PLACES["after sending"])
    receipts = trial.run(later=timedelta(minutes=5), overrides=alone).receipts
    assert [one.state for one in receipts] == ["confirmed", "nothing new"]
    assert len(trial.imports()) == 1


def test_the_ledger_knows_what_the_status_was_before_the_start(trial):
    trial.killed(dying.PLACES["while sending"])
    assert the_delivery(trial).evidence["before"] in ("none", "completed", "canceled")


def test_a_held_delivery_lets_nothing_go_until_it_is_settled(trial):
    trial.twin.extras["server"].faults.drops = True
    [receipt] = trial.run().receipts
    assert (receipt.state, "settle this delivery" in receipt.because) == ("held", True)
    trial.source.cells[0, "last_name"] = "Zqxchanged"
    trial.twin.extras["server"].faults.drops = False
    [receipt] = trial.run(later=timedelta(minutes=5)).receipts
    assert (receipt.state, "rosterbus settle" in str(receipt.as_json())) == ("held", True)
    assert len(trial.imports()) == 1


def test_a_full_disk_at_the_vendor_is_held_and_told(trial):
    faults = trial.twin.extras["server"].faults
    faults.ignores, faults.says = True, (507, "Insufficient storage")
    [receipt] = trial.run().receipts
    assert (receipt.state, "answered 507" in receipt.because) == ("held", True)
    assert list(trial.imports()) == []


def test_an_update_that_runs_is_waited_for_and_followed_by_the_next_run(trial):
    jobs = trial.twin.extras["jobs"]
    jobs.pace = None
    trial.run()
    assert the_delivery(trial).outcome == "running"
    trial.source.cells[0, "last_name"] = "Zqxchanged"
    outcome = trial.run(later=timedelta(minutes=5))
    assert (outcome.exit_code, outcome.receipts[-1].state) == (75, "open")
    trial.imports()
    jobs.pace = 0.0
    assert trial.run(later=timedelta(minutes=5)).exit_code == 0
    assert len(trial.imports()) == 2


def test_what_became_of_an_update_is_seen_by_the_next_run(trial):
    trial.run()
    trial.run(later=timedelta(minutes=5))
    delivery = the_delivery(trial)
    assert (delivery.state, delivery.outcome, delivery.evidence["job"]) == (
        "confirmed",
        "unknown",
        "completed",
    )
    assert "by e-mail" in delivery.evidence["note"]


def test_every_answer_is_kept_with_the_run_and_stays_when_the_rest_is_purged(trial):
    trial.run()
    kept = sorted(path.name.split(".", 2)[2] for path in trial.state.glob("runs/*/answers/*"))
    assert kept == ["start.txt", "status-before.txt"]
    assert trial.words
