from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus.ledger import IllegalTransitionError, Witness
from rosterbus.ledger.records import PlanState
from rosterbus.ledger.transitions import PLAN_STATES


def test_runs_count_up_and_are_listed_newest_first(ledger):
    first, second = ledger.runs.begin("springfield", "plan"), ledger.runs.begin("shelbyville", "run")
    ledger.runs.end(first, 3, summary={"held": 1})
    assert second > first
    assert [run.id for run in ledger.runs.latest()] == [second, first]
    assert [run.id for run in ledger.runs.latest(pipeline="springfield")] == [first]
    ended = ledger.runs.get(first)
    assert (ended.exit_code, ended.summary) == (3, {"held": 1})
    assert ended.ended_at is not None
    assert ended.ended_at > ended.started_at


def test_a_run_that_is_not_known_is_refused(ledger):
    with pytest.raises(ConfigError, match="no such run; found 7"):
        ledger.runs.end(7, 0, summary={})
    with pytest.raises(ConfigError, match="no such run; found 7"):
        ledger.runs.get(7)


def test_a_plan_comes_back_as_it_was_recorded(ledger, road):
    plan = road.plan(verdict="held", summary={"findings": ["share-removed"]})
    assert ledger.plans.get(plan.id) == plan


def test_a_new_plan_id_is_eight_hexadecimal_digits(ledger):
    assert len(ledger.plans.new_id()) == 8
    assert int(ledger.plans.new_id(), 16) >= 0


def test_a_plan_is_recorded_once(ledger, road):
    plan = road.plan()
    with pytest.raises(RosterbusError, match=r"UNIQUE constraint failed: plans\.id"):
        ledger.plans.record(plan)


def test_a_moment_without_a_time_zone_is_never_written_and_the_refusal_shows_no_values(road):
    with pytest.raises(Exception, match="without a time zone") as caught:
        road.plan(created_at=datetime(2026, 9, 1), target="sftp://someone@example.org")
    assert "someone" not in str(caught.value)


def test_a_newer_plan_supersedes_the_undelivered_ones_and_says_which(ledger, road):
    held, planned = road.plan(verdict="held"), road.plan(state="planned")
    assert ledger.plans.get(held.id).state == "superseded"
    newest = road.plan(verdict="nothing new", state="ended")
    superseded = ledger.plans.get(planned.id)
    assert superseded.state == "superseded"
    assert superseded.ended_at is not None
    assert ledger.plans.get(newest.id).ended_at == newest.created_at
    assert ledger.plans.undelivered() == []


def test_recording_answers_with_what_was_superseded(ledger, road):
    older = road.plan(verdict="held")
    newer = road.plan(delivery="samegoal")
    assert ledger.plans.get(older.id).state == "staged"
    again = type(older)(**{**vars(older), "id": "0badcafe", "created_at": newer.created_at})
    assert [plan.id for plan in ledger.plans.record(again)] == [older.id]


@pytest.mark.parametrize(
    "differently", [{"pipeline": "shelbyville"}, {"delivery": "samegoal"}, {"test": True}], ids=str
)
def test_another_pipeline_delivery_or_a_test_supersedes_nothing(ledger, road, differently):
    older = road.plan()
    road.plan(**differently)
    assert ledger.plans.get(older.id).state == "staged"


@pytest.mark.parametrize("until", ["staged", "intent", "sent", "held"])
def test_a_plan_whose_delivery_has_not_ended_is_never_superseded(ledger, road, until):
    delivery = road.delivery(until)
    road.plan()
    assert ledger.plans.get(delivery.plan).state == "staged"


def test_a_plan_whose_delivery_failed_is_superseded(ledger, road):
    delivery = road.delivery("failed")
    road.plan()
    assert ledger.plans.get(delivery.plan).state == "superseded"


@pytest.mark.parametrize("to", ["superseded", "expired", "ended"])
def test_a_plan_cannot_end_while_its_delivery_is_under_way(ledger, road, to: PlanState):
    delivery = road.delivery("held")
    with pytest.raises(IllegalTransitionError, match="its delivery decides"):
        ledger.plans.move(delivery.plan, to)


def test_only_a_confirmation_makes_a_plan_delivered(ledger, road):
    plan = road.plan()
    with pytest.raises(IllegalTransitionError):
        ledger.plans.move(plan.id, "delivered")


@pytest.mark.parametrize("start", ["planned", "staged", "superseded", "expired", "delivered", "ended"])
@pytest.mark.parametrize("to", ["planned", "staged", "superseded", "expired", "ended"])
def test_a_plan_moves_only_as_its_table_says(ledger, road, start: PlanState, to: PlanState):
    plan = road.plan(state=start)
    if to in PLAN_STATES[start]:
        ledger.plans.move(plan.id, to)
        assert ledger.plans.get(plan.id).state == to
    else:
        with pytest.raises(IllegalTransitionError, match=f"is {start} and cannot become {to}"):
            ledger.plans.move(plan.id, to)


def test_plans_are_listed_newest_first(ledger, road):
    older, newer = road.plan(delivery="samegoal"), road.plan(pipeline="shelbyville")
    assert [plan.id for plan in ledger.plans.latest()] == [newer.id, older.id]
    assert [plan.id for plan in ledger.plans.latest(1)] == [newer.id]
    assert [plan.id for plan in ledger.plans.latest(1, pipeline="springfield", delivery="samegoal")] == [
        older.id
    ]
    assert [plan.id for plan in ledger.plans.of_run(road.run)] == [newer.id, older.id]
    assert ledger.plans.of_run(road.run + 1) == []
    assert [plan.id for plan in ledger.plans.undelivered("springfield")] == [older.id]


def test_an_approval_holds_for_exactly_that_content_until_it_expires(ledger, road, clock, witness):
    plan = road.plan(verdict="held")
    expires = clock.now + timedelta(hours=24)
    approval = ledger.approvals.record(plan.id, witness, expires_at=expires)
    assert ledger.approvals.valid(plan.hash, clock.now) == approval
    assert (approval.by, approval.account) == ("Ada Example", "ada")
    assert ledger.approvals.valid("sha256-of-another", clock.now) is None
    assert ledger.approvals.valid(plan.hash, expires) is None
    assert ledger.approvals.of_plan(plan.id) == [approval]


def test_an_approval_of_an_unknown_plan_is_refused(ledger, clock, witness):
    with pytest.raises(ConfigError, match="no such plan; found 7f3a"):
        ledger.approvals.record("7f3a", witness, expires_at=clock.now)


@pytest.mark.parametrize(("by", "reason", "option"), [(" ", "r", "--by"), ("Ada", "", "--reason")])
def test_a_decision_needs_a_name_and_a_reason(by, reason, option):
    with pytest.raises(ConfigError, match=f"`{option}`: a decision needs a name and a reason"):
        Witness.from_here(by=by, reason=reason)


def test_the_account_is_the_system_s_and_not_the_environment_s(monkeypatch):
    known = Witness.from_here(by="Ada", reason="r")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert Witness.from_here(by="Ada", reason="r") == known
    assert known.account
    assert known.host


def test_a_notice_is_remembered_until_the_next_one(ledger):
    assert ledger.notices.last("springfield", "handshake") is None
    ledger.notices.told("springfield", "handshake", "held")
    ledger.notices.told("springfield", "samegoal", "failed")
    ledger.notices.told("springfield", "handshake", "recovered")
    told = ledger.notices.last("springfield", "handshake")
    assert told is not None
    assert told.state == "recovered"
