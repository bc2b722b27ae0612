from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.ledger import BaselineMove, IllegalTransitionError

RECIPE = {"columns": {"Student Id": "student_id"}}


def test_a_confirmation_moves_state_plan_and_baselines_at_once(ledger, road, tmp_path):
    delivery = road.delivery("sent")
    moves = [
        BaselineMove("students", delivery.plan, tmp_path / "students.parquet", RECIPE),
        BaselineMove("sections", delivery.plan, kind="digests"),
    ]
    ledger.confirmations.confirm(
        delivery.id, token=road.run, evidence={"etag": "e1"}, outcome="running", baselines=moves
    )
    found = ledger.deliveries.get(delivery.id)
    assert (found.state, found.outcome, found.evidence) == ("confirmed", "running", {"etag": "e1"})
    assert found.ended_at == found.confirmed_at is not None
    assert ledger.plans.get(delivery.plan).state == "delivered"
    current = ledger.baselines.current("springfield", "handshake")
    assert {layout: row.version for layout, row in current.items()} == dict.fromkeys(
        ("students", "sections"), delivery.plan
    )
    assert (current["students"].path, current["students"].recipe) == (tmp_path / "students.parquet", RECIPE)
    assert (current["sections"].path, current["sections"].kind) == (None, "digests")


def test_a_confirmation_that_fails_half_way_leaves_everything_as_it_was(ledger, road):
    delivery = road.delivery("sent")
    moves = [
        BaselineMove("students", delivery.plan),
        BaselineMove("sections", delivery.plan, recipe={"x": object()}),
    ]
    with pytest.raises(Exception, match="not JSON serializable"):
        ledger.confirmations.confirm(delivery.id, token=road.run, evidence={}, baselines=moves)
    assert ledger.deliveries.get(delivery.id) == delivery
    assert ledger.plans.get(delivery.plan).state == "staged"
    assert ledger.baselines.current("springfield", "handshake") == {}
    assert ledger.verify_chain() == ()


def test_a_test_delivery_moves_no_baseline(ledger, road):
    delivery = road.delivery("confirmed", test=True)
    assert delivery.state == "confirmed"
    assert ledger.baselines.history("springfield", "handshake") == []


def test_confirming_again_is_refused_and_moves_nothing(ledger, road):
    delivery = road.delivery("confirmed")
    with pytest.raises(IllegalTransitionError, match="is confirmed and cannot become confirmed"):
        ledger.confirmations.confirm(
            delivery.id, token=road.run, evidence={}, baselines=[BaselineMove("students", "other")]
        )
    assert len(ledger.baselines.history("springfield", "handshake")) == 1


def test_evidence_that_came_before_stays_beside_what_confirms(ledger, road):
    delivery = road.delivery("sent")
    ledger.deliveries.hold(delivery.id, "no answer", token=road.run, evidence={"bytes": 10})
    ledger.confirmations.confirm(delivery.id, token=road.run, evidence={"etag": "e2"})
    assert ledger.deliveries.get(delivery.id).evidence == {"bytes": 10, "etag": "e2"}


def test_baselines_set_by_hand_replace_and_keep_what_was(ledger, tmp_path):
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "empty:2026-09-01")])
    file = tmp_path / "given.parquet"
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "file:9c1e", file)])
    ledger.baselines.move("springfield", "samegoal", [BaselineMove("students", "empty:2026-09-02")])
    current = ledger.baselines.current("springfield", "handshake")
    assert (current["students"].version, current["students"].path) == ("file:9c1e", file)
    history = ledger.baselines.history("springfield", "handshake")
    assert [row.version for row in history] == ["file:9c1e", "empty:2026-09-01"]


def test_a_person_who_knows_that_it_arrived_confirms_it(ledger, road, witness):
    delivery = road.delivery("held")
    settlement = ledger.confirmations.settle(
        delivery.id, "arrived", witness, token=road.run, baselines=[BaselineMove("students", delivery.plan)]
    )
    assert ledger.deliveries.get(delivery.id).state == "confirmed"
    assert ledger.plans.get(delivery.plan).state == "delivered"
    assert ledger.baselines.current("springfield", "handshake")["students"].version == delivery.plan
    assert ledger.confirmations.settlements(delivery.id) == [settlement]
    assert (settlement.by, settlement.host) == ("Ada Example", "sis.example.org")


def test_a_person_who_knows_that_it_did_not_arrive_fails_it(ledger, road, witness):
    delivery = road.delivery("held")
    moves = [BaselineMove("students", delivery.plan)]
    ledger.confirmations.settle(delivery.id, "not arrived", witness, token=road.run, baselines=moves)
    found = ledger.deliveries.get(delivery.id)
    assert (found.state, found.reason) == ("failed", "seen in the vendor's portal")
    assert ledger.plans.get(delivery.plan).state == "staged"
    assert ledger.baselines.history("springfield", "handshake") == []


@pytest.mark.parametrize("until", ["intent", "sent", "held"])
def test_what_was_processed_has_arrived(ledger, road, witness, until):
    delivery = road.delivery(until)
    moves = [BaselineMove("students", delivery.plan)]
    ledger.confirmations.settle(delivery.id, "processed", witness, token=road.run, baselines=moves)
    found = ledger.deliveries.get(delivery.id)
    assert (found.state, found.outcome) == ("confirmed", "processed")
    assert found.sent_at is not None
    assert ledger.baselines.current("springfield", "handshake")["students"].version == delivery.plan


def test_processing_that_is_reported_later_moves_the_outcome_alone(ledger, road, witness):
    delivery = road.delivery("confirmed")
    moves = [BaselineMove("students", "later")]
    ledger.confirmations.settle(delivery.id, "processed", witness, token=road.run, baselines=moves)
    found = ledger.deliveries.get(delivery.id)
    assert (found.state, found.outcome, found.evidence) == ("confirmed", "processed", {"etag": "e1"})
    assert ledger.baselines.current("springfield", "handshake")["students"].version == delivery.plan


@pytest.mark.parametrize("settled", ["arrived", "not arrived"])
@pytest.mark.parametrize("until", ["staged", "intent", "sent", "confirmed", "failed"])
def test_only_what_is_held_is_settled(ledger, road, witness, until, settled):
    delivery = road.delivery(until)
    with pytest.raises(ConfigError, match=f"cannot be settled as {settled}.*found {until}; allowed: held"):
        ledger.confirmations.settle(delivery.id, settled, witness, token=road.run)
    assert ledger.deliveries.get(delivery.id) == delivery
    assert ledger.confirmations.settlements(delivery.id) == []


@pytest.mark.parametrize("until", ["staged", "failed"])
def test_what_never_went_is_not_settled_as_processed(ledger, road, witness, until):
    with pytest.raises(ConfigError, match=f"found {until}; allowed: held, intent, sent, confirmed"):
        ledger.confirmations.settle(road.delivery(until).id, "processed", witness, token=road.run)


def test_what_was_handed_over_by_hand_counts_for_time_rules_once_settled(ledger, road, witness):
    delivery = road.delivery("intent")
    ledger.deliveries.hold(delivery.id, "handed over, to be uploaded by hand", token=road.run)
    assert ledger.deliveries.last_sent(delivery.target) is None
    ledger.confirmations.settle(delivery.id, "arrived", witness, token=road.run)
    assert ledger.deliveries.last_sent(delivery.target) == delivery.intent_at


RACER = """
import sys
from pathlib import Path
from rosterbus.ledger import BaselineMove, IllegalTransitionError, Ledger

with Ledger(Path(sys.argv[1])) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        moves = [BaselineMove("students", sys.argv[4])]
        ledger.confirmations.confirm(sys.argv[2], token=int(sys.argv[3]), evidence={}, baselines=moves)
    except IllegalTransitionError:
        print("second")
    else:
        print("first")
"""


def test_of_processes_that_confirm_at_once_one_does(ledger, road, tmp_path: Path):
    delivery = road.delivery("sent")
    arguments = [str(tmp_path / "state"), delivery.id, str(road.run), delivery.plan]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert sorted(racer.communicate(timeout=60)[0].strip() for racer in racers) == [
        "first",
        "second",
        "second",
    ]
    assert [row.version for row in ledger.baselines.history("springfield", "handshake")] == [delivery.plan]
    assert ledger.verify_chain() == ()
