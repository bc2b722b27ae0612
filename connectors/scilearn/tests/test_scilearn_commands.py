"""What `rosterbus status` and `rosterbus cancel` do at mySciLEARN."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.delivery.jobs import cancel, cancelable, told_by_vendors
from rosterbus.ledger import Witness


@pytest.fixture
def running_update(trial):
    """A delivery whose update has done one student; nobody else starts any."""
    jobs, own = trial.twin.extras["jobs"], trial.twin.settings
    jobs.pace = None
    password = {"file": own["password"].name}
    told = {name: value for name, value in own.items() if value is not None}
    trial.settings = {**trial.settings, **told, "password": password, "only_starter": True}
    trial.run(overrides={"only_starter": True})
    jobs.work(1)
    trial.twin.extras["server"].asked.clear()
    return jobs


def test_status_asks_and_never_cancels(trial, running_update):
    with trial.opened() as context:
        [told] = told_by_vendors(context.project, context.pipeline, context.ledger).values()
    assert told == "the update is still running"
    assert trial.twin.extras["server"].asked == ["status"]
    assert running_update.state == "running"


def test_a_cancel_ends_the_update_and_the_next_run_tells_everything_again(trial, running_update):
    with trial.opened({"only_starter": True}) as context:
        part = context.pipeline.deliveries[0]
        record = cancelable(context, part)
        witness = Witness.from_here(by="Ada Ng", reason="students are at work")
        told = cancel(context, part, record, witness)
        record = context.ledger.deliveries.get(record.id)
    assert (told.state, record.outcome) == ("canceled", "partly")
    assert trial.twin.extras["server"].asked == ["status", "cancel", "status"]
    [receipt] = trial.run(later=timedelta(minutes=5), overrides={"only_starter": True}).receipts
    assert receipt.state == "confirmed"
    first, second = trial.imports()
    assert (first["status"], first["updated"]) == ("canceled", 1)
    assert second["updated"] == second["rows"] == first["rows"]
