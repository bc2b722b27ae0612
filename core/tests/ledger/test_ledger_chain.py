from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest


def tamper(ledger, *statements):
    """Change the file as somebody would who knows nothing of rosterbus."""
    with closing(sqlite3.connect(ledger.state_dir / "ledger.sqlite")) as plain:
        for statement in statements:
            assert plain.execute(statement).rowcount > 0
        plain.commit()


def test_the_record_tells_the_whole_story_of_a_delivery(ledger, road):
    delivery = road.delivery("confirmed")
    lines = [json.loads(line.details) for line in ledger.events.of(delivery.id)]
    assert [line["to"] for line in lines] == ["staged", "intent", "sent", "confirmed"]
    assert {line["run"] for line in lines} == {road.run}
    assert lines[1]["address"]["files"] == list(delivery.address.files)
    assert lines[3]["evidence"] == {"etag": "e1"}
    assert ledger.verify_chain() == ()


def test_approvals_settlements_baselines_and_outcomes_are_on_record(ledger, road, witness, clock):
    delivery = road.delivery("held")
    ledger.approvals.record(delivery.plan, witness, expires_at=clock.now + timedelta(hours=1))
    ledger.confirmations.settle(delivery.id, "arrived", witness, token=road.run)
    ledger.deliveries.set_outcome(delivery.id, "processed", token=road.run, evidence={})
    assert [line.kind for line in ledger.events.of(delivery.id)][-3:] == ["delivery", "settlement", "outcome"]
    assert "approval" in [line.kind for line in ledger.events.of(delivery.plan)]
    road.delivery("confirmed")
    assert [line.kind for line in ledger.events.of("springfield")] == ["baseline"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE events SET details = replace(details, 'e1', 'e9') WHERE seq = 5",
            "line 5 of the record was altered",
        ),
        (
            "UPDATE events SET at = '2026-01-01T00:00:00.000000+00:00' WHERE seq = 3",
            "line 3 of the record was altered",
        ),
        ("UPDATE events SET kind = 'nothing' WHERE seq = 1", "line 1 of the record was altered"),
        ("UPDATE events SET details = 'no json' WHERE seq = 2", "line 2 of the record was altered"),
        ("UPDATE events SET hash = 'x' WHERE seq = 4", "line 4 of the record was altered"),
        ("DELETE FROM events WHERE seq = 3", "line 3 of the record is missing: the next one is 4"),
        ("DELETE FROM events WHERE seq <= 2", "line 1 of the record is missing: the next one is 3"),
        ("DELETE FROM events WHERE seq >= 6", "the record ends at line 5; line 8 was written last"),
        ("DELETE FROM events", "the record ends at line 0; line 8 was written last"),
    ],
)
def test_a_line_that_was_altered_or_deleted_is_found(ledger, road, statement, found):
    road.delivery("confirmed")
    road.plan()
    tamper(ledger, statement)
    assert found in ledger.verify_chain()


def test_lines_written_after_a_deleted_end_do_not_hide_it(ledger, road):
    road.delivery("confirmed")
    tamper(ledger, "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    road.plan()
    assert any("is missing" in sentence for sentence in ledger.verify_chain())


def test_a_purge_cuts_the_record_and_what_is_left_still_verifies(ledger, road, clock):
    road.delivery("confirmed")
    clock.pass_(days=8 * 366)
    kept = road.delivery("confirmed")
    assert ledger.purge(clock()).rows > 0
    assert ledger.verify_chain() == ()
    assert [json.loads(line.details)["to"] for line in ledger.events.of(kept.id)][-1] == "confirmed"
    assert [line.kind for line in ledger.events.of("ledger")] == ["purged"]
    clock.pass_(days=8 * 366)
    ledger.purge(clock())
    assert ledger.verify_chain() == ()


def test_a_cut_that_no_purge_made_is_found(ledger, road):
    road.delivery("confirmed")
    tamper(
        ledger,
        "UPDATE chain SET cut_seq = 3, cut_hash = (SELECT hash FROM events WHERE seq = 3)",
        "DELETE FROM events WHERE seq <= 3",
    )
    assert ledger.verify_chain() == ("the record was cut at line 3 by no purge",)
