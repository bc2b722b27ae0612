from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.deliveries import Address
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.ledger import IllegalTransitionError
from rosterbus.ledger.transitions import DELIVERY_STATES

TARGET = "s3://importer/springfield"
STATES = ["staged", "intent", "sent", "confirmed", "held", "failed"]


def write(road, delivery, to, *, token=None):
    token = token or road.run
    ledger = road.ledger
    if to == "intent":
        ledger.deliveries.fix_intent(delivery.id, Address(TARGET, (f"{delivery.id}.csv",)), token=token)
    elif to == "sent":
        ledger.deliveries.mark_sent(delivery.id, token=token)
    elif to == "held":
        ledger.deliveries.hold(delivery.id, "unsure", token=token)
    elif to == "failed":
        ledger.deliveries.fail(delivery.id, "nothing went", token=token)
    elif to == "confirmed":
        ledger.confirmations.confirm(delivery.id, token=token, evidence={})


@pytest.mark.parametrize("to", STATES[1:])
@pytest.mark.parametrize("start", STATES)
def test_a_delivery_moves_only_as_its_table_says(ledger, road, start, to):
    delivery = road.delivery(start)
    lines = len(ledger.events.of(delivery.id))
    if to in DELIVERY_STATES[start]:
        write(road, delivery, to)
        assert ledger.deliveries.get(delivery.id).state == to
        assert len(ledger.events.of(delivery.id)) == lines + 1
    else:
        with pytest.raises(IllegalTransitionError, match=f"is {start} and cannot become {to}"):
            write(road, delivery, to)
        assert ledger.deliveries.get(delivery.id) == delivery
        assert len(ledger.events.of(delivery.id)) == lines


def test_nothing_is_confirmed_that_was_never_sent():
    assert "confirmed" not in DELIVERY_STATES["staged"] | DELIVERY_STATES["intent"]
    assert not DELIVERY_STATES["confirmed"] | DELIVERY_STATES["failed"]


def test_a_delivery_takes_target_and_name_from_its_plan(road):
    delivery = road.delivery(test=True)
    assert (delivery.target, delivery.name, delivery.pipeline) == (TARGET, "handshake", "springfield")
    assert (delivery.test, delivery.state, delivery.outcome) == (True, "staged", "unknown")


def test_a_plan_has_one_delivery_under_way(ledger, road):
    delivery = road.delivery("held")
    with pytest.raises(IllegalTransitionError, match=f"has a delivery already, {delivery.id}"):
        ledger.deliveries.create(delivery.plan, destination="handshake", token=road.run)


def test_a_plan_whose_delivery_failed_may_be_tried_again(ledger, road):
    first = road.delivery("failed")
    second = ledger.deliveries.create(first.plan, destination="handshake", token=road.run)
    assert (first.id, second.id) == (f"{first.plan}-1", f"{first.plan}-2")
    assert ledger.deliveries.of_plan(first.plan) == [second, first]


@pytest.mark.parametrize("state", ["planned", "superseded", "expired", "delivered", "ended"])
def test_only_a_staged_plan_is_delivered(ledger, road, state):
    plan = road.plan(state=state)
    with pytest.raises(IllegalTransitionError, match=f"is {state}; only a staged plan"):
        ledger.deliveries.create(plan.id, destination="handshake", token=road.run)


def test_the_intent_fixes_address_names_and_state_at_once(ledger, road):
    delivery = road.delivery("intent")
    address = delivery.address
    assert address == Address(TARGET, (f"{delivery.plan}_users.csv",), f"{delivery.plan}.done")
    assert delivery.intent_at is not None
    for name in (*address.files, address.marker):
        assert ledger.deliveries.is_taken(TARGET, name, "another")
        assert not ledger.deliveries.is_taken(TARGET, name, delivery.plan)
        assert not ledger.deliveries.is_taken("s3://elsewhere", name, "another")


def test_a_name_that_is_overwritten_belongs_to_one_delivery_for_ever(ledger, road):
    address = Address(TARGET, ("registrations.csv",), overwrites=True)
    first, second = road.delivery("confirmed"), road.delivery()
    for number, one in enumerate((road.delivery(), road.delivery())):
        fixed = ledger.deliveries.fix_intent(one.id, address, token=road.run)
        assert (fixed.address, ledger.deliveries.is_taken(TARGET, "registrations.csv", one.plan)) == (
            address,
            False,
        ), number
        ledger.deliveries.fail(one.id, "refused", token=road.run)
    assert first.address.overwrites is False
    once = Address(TARGET, ("registrations.csv",))
    with pytest.raises(ConnectorError, match="already belongs to plan"):
        ledger.deliveries.fix_intent(second.id, once, token=road.run)
    for stranger in (road.delivery(pipeline="shelbyville"), road.delivery(delivery="other")):
        with pytest.raises(ConnectorError, match="already belongs to plan"):
            ledger.deliveries.fix_intent(stranger.id, address, token=road.run)


def test_a_remote_name_belongs_to_one_plan_for_ever(ledger, road):
    first = road.delivery("failed")
    ledger.deliveries.create(first.plan, destination="handshake", token=road.run)
    address = Address(TARGET, ("20261121_users.csv",))
    ledger.deliveries.fix_intent(f"{first.plan}-2", address, token=road.run)
    ledger.deliveries.fail(f"{first.plan}-2", "refused", token=road.run)
    other = road.delivery()
    with pytest.raises(ConnectorError, match=f"20261121_users.csv .* already belongs to plan {first.plan}"):
        ledger.deliveries.fix_intent(other.id, address, token=road.run)
    assert ledger.deliveries.get(other.id).state == "staged"


def test_half_an_address_is_never_reserved(ledger, road):
    first, second = road.delivery("intent"), road.delivery(pipeline="shelbyville")
    taken = Address(TARGET, ("free.csv",), f"{first.plan}.done")
    with pytest.raises(ConnectorError):
        ledger.deliveries.fix_intent(second.id, taken, token=road.run)
    assert not ledger.deliveries.is_taken(TARGET, "free.csv", "another")


def test_a_second_try_of_a_plan_may_use_its_own_names(ledger, road):
    first = road.delivery("intent")
    ledger.deliveries.fail(first.id, "refused", token=road.run)
    second = ledger.deliveries.create(first.plan, destination="handshake", token=road.run)
    again = ledger.deliveries.fix_intent(second.id, first.address, token=road.run)
    assert again.address == first.address


def test_one_name_for_two_files_is_refused(ledger, road):
    delivery = road.delivery()
    with pytest.raises(ConnectorError, match="same remote name to two files"):
        ledger.deliveries.fix_intent(delivery.id, Address(TARGET, ("a.csv", "a.csv")), token=road.run)


def test_an_address_on_a_target_that_is_not_locked_is_refused(ledger, road):
    delivery = road.delivery()
    with pytest.raises(ConnectorError, match="another target than it planned: s3://elsewhere"):
        ledger.deliveries.fix_intent(delivery.id, Address("s3://elsewhere", ("a.csv",)), token=road.run)


def test_each_call_of_load_is_counted(ledger, road):
    delivery = road.delivery("intent")
    ledger.deliveries.attempt(delivery.id, token=road.run)
    assert ledger.deliveries.attempt(delivery.id, token=road.run).attempts == 2


@pytest.mark.parametrize("until", ["staged", "held", "confirmed", "failed"])
def test_only_what_is_in_intent_or_sent_is_loaded(ledger, road, until):
    delivery = road.delivery(until)
    with pytest.raises(IllegalTransitionError, match=f"is {until}; only one in intent or sent is loaded"):
        ledger.deliveries.attempt(delivery.id, token=road.run)


WRITES = {
    "claim": lambda ledger, it, token: ledger.deliveries.claim(it, token=token),
    "fix_intent": lambda ledger, it, token: ledger.deliveries.fix_intent(
        it, Address(TARGET, ()), token=token
    ),
    "attempt": lambda ledger, it, token: ledger.deliveries.attempt(it, token=token),
    "mark_sent": lambda ledger, it, token: ledger.deliveries.mark_sent(it, token=token),
    "hold": lambda ledger, it, token: ledger.deliveries.hold(it, "r", token=token),
    "fail": lambda ledger, it, token: ledger.deliveries.fail(it, "r", token=token),
    "set_outcome": lambda ledger, it, token: ledger.deliveries.set_outcome(
        it, "processed", token=token, evidence={}
    ),
    "confirm": lambda ledger, it, token: ledger.confirmations.confirm(it, token=token, evidence={}),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_run_that_was_overtaken_can_write_nothing(ledger, road, name):
    delivery = road.delivery("staged" if name == "fix_intent" else "sent")
    newer = ledger.runs.begin("springfield", "run")
    claimed = ledger.deliveries.claim(delivery.id, token=newer)
    with pytest.raises(RetriableError, match=f"taken over by run {newer}; run {road.run} may not write it"):
        WRITES[name](ledger, delivery.id, road.run)
    assert ledger.deliveries.get(delivery.id) == claimed
    WRITES[name](ledger, delivery.id, newer)


def test_settling_is_fenced_too(ledger, road, witness):
    delivery = road.delivery("held")
    ledger.deliveries.claim(delivery.id, token=ledger.runs.begin("springfield", "run"))
    with pytest.raises(RetriableError, match="taken over"):
        ledger.confirmations.settle(delivery.id, "arrived", witness, token=road.run)


def test_every_write_of_a_newer_run_takes_the_delivery_over(ledger, road):
    delivery = road.delivery("intent")
    newer = ledger.runs.begin("springfield", "run")
    ledger.deliveries.attempt(delivery.id, token=newer)
    with pytest.raises(RetriableError):
        ledger.deliveries.mark_sent(delivery.id, token=road.run)


@pytest.mark.parametrize("until", ["sent", "held", "confirmed"])
def test_the_outcome_moves_beside_the_state_and_adds_its_evidence(ledger, road, until):
    delivery = road.delivery(until)
    ledger.deliveries.set_outcome(delivery.id, "partly", token=road.run, evidence={"refused": 3})
    found = ledger.deliveries.get(delivery.id)
    assert (found.state, found.outcome) == (until, "partly")
    assert found.evidence == {**delivery.evidence, "refused": 3}


@pytest.mark.parametrize("until", ["staged", "intent", "failed"])
def test_what_was_not_sent_has_no_outcome(ledger, road, until):
    with pytest.raises(IllegalTransitionError, match="cannot have processed it"):
        ledger.deliveries.set_outcome(road.delivery(until).id, "processed", token=road.run, evidence={})


def test_sent_times_count_what_may_have_arrived_across_pipelines(ledger, road):
    states = ["staged", "intent", "sent", "held", "confirmed", "failed"]
    found = {until: road.delivery(until, pipeline=f"district-{until}") for until in states}
    road.delivery("sent", target="s3://elsewhere")
    tested = road.delivery("sent", test=True)
    expected = [found[until].sent_at for until in ("confirmed", "held", "sent")]
    assert ledger.deliveries.sent_times(TARGET) == expected
    assert ledger.deliveries.last_sent(TARGET) == expected[0]
    assert ledger.deliveries.sent_times(TARGET, live=False) == [tested.sent_at]
    assert ledger.deliveries.last_sent("s3://nobody") is None


def test_a_hold_before_sending_and_a_failure_after_it_count_for_no_time_rule(ledger, road, witness):
    unsent = road.delivery("intent")
    ledger.deliveries.hold(unsent.id, "unsure", token=road.run)
    lost = road.delivery("held")
    ledger.confirmations.settle(lost.id, "not arrived", witness, token=road.run)
    assert ledger.deliveries.sent_times(TARGET) == []


def test_sending_again_moves_the_sent_time(ledger, road, clock):
    delivery = road.delivery("sent")
    clock.pass_(hours=1)
    ledger.deliveries.mark_sent(delivery.id, token=road.run)
    assert ledger.deliveries.last_sent(TARGET) - delivery.sent_at > timedelta(hours=1)


def test_open_held_and_latest_are_told_apart(ledger, road):
    found = {until: road.delivery(until) for until in STATES}
    road.delivery("intent", target="s3://elsewhere")
    assert [it.state for it in ledger.deliveries.open(TARGET)] == ["sent", "intent", "staged"]
    assert len(ledger.deliveries.open()) == 4
    assert [it.id for it in ledger.deliveries.held("springfield")] == [found["held"].id]
    assert [it.id for it in ledger.deliveries.latest(2)][1] == found["failed"].id
    assert ledger.deliveries.latest(pipeline="shelbyville") == []
    assert ledger.deliveries.latest(pipeline="springfield", delivery="samegoal") == []


def test_the_last_of_a_delivery_is_found_behind_any_number_of_others(ledger, road):
    yearly = road.delivery("confirmed", delivery="samegoal")
    for _ in range(12):
        road.delivery("failed")
    road.delivery("staged", delivery="samegoal", test=True)
    assert ledger.deliveries.last_live("springfield", "samegoal").id == yearly.id
    assert ledger.deliveries.latest(2, pipeline="springfield", delivery="samegoal")[1].id == yearly.id
    assert ledger.deliveries.last_live("springfield", "nobody") is None


def test_last_confirmed_knows_live_deliveries_of_that_name_only(ledger, road):
    assert ledger.deliveries.last_confirmed("springfield", "handshake") is None
    road.delivery("confirmed")
    newest = road.delivery("confirmed")
    road.delivery("confirmed", test=True)
    road.delivery("confirmed", delivery="samegoal")
    road.delivery("sent")
    assert ledger.deliveries.last_confirmed("springfield", "handshake") == newest


def test_an_unknown_delivery_is_refused(ledger):
    with pytest.raises(ConfigError, match="no such delivery; found 7f3a-1"):
        ledger.deliveries.get("7f3a-1")
