"""Whole runs against the twin: killed at every step of the ledger, refused, two at once, and gone on with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.errors import RetriableError
from rosterbus.ledger import Ledger
from rosterbus.testing.trial import KilledError

PLACES = (
    "before create",
    "after create",
    "after fix_intent",
    "after attempt",
    "after mark_sent",
    "before confirm",
    "after confirm",
)
"""Where one transaction ends and the next begins is one place."""


def killing(place):
    """Dies before or after one transaction of the ledger."""
    when, step = place.split()

    def meddle(context):
        owner = context.ledger.confirmations if step == "confirm" else context.ledger.deliveries
        whole = getattr(owner, step)

        def die(*arguments, **named):
            if when == "after":
                whole(*arguments, **named)
            raise KilledError

        setattr(owner, step, die)

    return meddle


def the_delivery(trial):
    with Ledger(trial.state) as ledger:
        return ledger.deliveries.latest()[0]


@pytest.mark.parametrize("place", PLACES)
def test_a_run_killed_at_a_step_is_delivered_once_or_held(trial, place):
    trial.twin.extras["jobs"].pace = None
    alone = {"only_starter": True}
    trial.killed(killing(place))
    outcome = trial.run(later=timedelta(minutes=5), overrides=alone)
    if outcome.exit_code == 75:
        # An update that is still running lets nothing go beside it.
        trial.imports()
        outcome = trial.run(later=timedelta(minutes=5), overrides=alone)
    held = trial.states()[0] == "held"
    assert held == (outcome.exit_code == 3)
    assert held == (place == "after mark_sent"), trial.states()
    assert len(trial.imports()) == (0 if held else 1)
    if not held:
        [receipt] = trial.run(later=timedelta(minutes=5), overrides=alone).receipts
        assert receipt.state == "nothing new"


def test_the_ledger_knows_what_the_status_was_before_the_start(trial):
    trial.killed(killing("after mark_sent"))
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


def test_a_second_run_at_the_same_time_sends_nothing(trial):
    def meddle(context):
        mark_sent = context.ledger.deliveries.mark_sent

        def try_another(*arguments, **named):
            with pytest.raises(RetriableError, match="is being written to by"):
                trial.run()
            mark_sent(*arguments, **named)

        context.ledger.deliveries.mark_sent = try_another

    assert trial.run(meddle=meddle).exit_code == 0
    assert len(trial.imports()) == 1
    assert trial.twin.extras["server"].asked.count("start") == 1


def test_every_answer_is_kept_with_the_run_and_stays_when_the_rest_is_purged(trial):
    trial.run()
    kept = sorted(path.name.split(".", 2)[2] for path in trial.state.glob("runs/*/answers/*"))
    assert kept == ["start.txt", "status-before.txt"]
    assert trial.words
