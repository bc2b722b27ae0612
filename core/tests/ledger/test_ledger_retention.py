from __future__ import annotations

from datetime import timedelta

import pytest
from rosterbus.ledger import BaselineMove, schema
from sqlalchemy import func, select

YEARS = 8 * 366


def rows(ledger, table) -> int:
    with ledger._store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("state", ["superseded", "expired", "delivered", "ended"])
def test_a_staged_folder_may_go_seven_days_after_the_end(ledger, road, clock, state):
    plan = road.plan(state=state)
    clock.pass_(days=6)
    assert ledger.purge(clock()).staged == ()
    clock.pass_(days=1)
    assert ledger.purge(clock()).staged == (plan.folder,)
    plan.folder.rmdir()
    assert ledger.purge(clock()).staged == ()


@pytest.mark.parametrize("until", ["staged", "intent", "sent", "held"])
def test_the_folder_of_what_has_not_ended_stays_however_old(ledger, road, clock, until):
    delivery = road.delivery(until)
    clock.pass_(days=YEARS)
    assert ledger.purge(clock()).staged == ()
    assert ledger.deliveries.get(delivery.id) == delivery
    assert ledger.plans.get(delivery.plan).state == "staged"
    assert ledger.runs.get(road.run).id == road.run


def test_reports_may_go_ninety_days_after_the_run(ledger, road, clock):
    ledger.runs.end(road.run, 0, summary={})
    clock.pass_(days=89)
    fresh = ledger.runs.begin("springfield", "run")
    assert ledger.purge(clock()).runs == ()
    clock.pass_(days=1)
    assert ledger.purge(clock()).runs == (road.run,)
    assert fresh not in ledger.purge(clock()).runs


def test_a_former_baseline_may_go_once_nothing_needs_it(ledger, clock, tmp_path):
    files = {name: tmp_path / f"{name}.parquet" for name in ("old", "shared", "new")}
    for file in files.values():
        file.touch()
    for layout, name in [("students", "old"), ("sections", "shared"), ("students", "shared")]:
        ledger.baselines.move("springfield", "handshake", [BaselineMove(layout, name, files[name])])
        clock.pass_(days=30)
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "new", files["new"])])
    assert ledger.purge(clock()).baselines == (files["old"],)
    clock.pass_(days=30)
    ledger.baselines.move("springfield", "handshake", [BaselineMove("sections", "empty")])
    assert ledger.purge(clock()).baselines == (files["old"],)
    clock.pass_(days=8)
    assert ledger.purge(clock()).baselines == (files["old"], files["shared"])


def test_a_baseline_in_force_never_goes(ledger, clock, tmp_path):
    file = tmp_path / "students.parquet"
    file.touch()
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "file:1", file)])
    clock.pass_(days=YEARS)
    assert ledger.purge(clock()).baselines == ()
    assert ledger.baselines.current("springfield", "handshake")["students"].path == file


def test_rows_stay_for_seven_years(ledger, road, clock):
    road.delivery("confirmed")
    clock.pass_(days=6 * 366)
    assert ledger.purge(clock()).rows == 0
    assert rows(ledger, schema.deliveries) == 1


def test_older_rows_go_but_names_and_approvals_stay(ledger, road, clock, witness):
    old = road.delivery("held")
    ledger.approvals.record(old.plan, witness, expires_at=clock.now + timedelta(hours=1))
    ledger.confirmations.settle(old.id, "arrived", witness, token=road.run)
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "first")])
    ledger.baselines.move("springfield", "handshake", [BaselineMove("students", "second")])
    clock.pass_(days=YEARS)
    kept = road.delivery("confirmed", run=ledger.runs.begin("springfield", "run"))
    assert ledger.purge(clock()).rows > 0
    assert [it.id for it in ledger.deliveries.latest()] == [kept.id]
    assert [plan.id for plan in ledger.plans.latest()] == [kept.plan]
    assert rows(ledger, schema.settlements) == 0
    assert [row.version for row in ledger.baselines.history("springfield", "handshake")] == [kept.plan]
    assert ledger.deliveries.is_taken(old.target, old.address.files[0], kept.plan)
    assert len(ledger.approvals.of_plan(old.plan)) == 1


def test_a_fencing_token_is_never_given_again(ledger, clock):
    last = ledger.runs.begin("springfield", "run")
    clock.pass_(days=YEARS)
    assert ledger.purge(clock()).rows == 1
    assert rows(ledger, schema.runs) == 0
    assert ledger.runs.begin("springfield", "run") == last + 1


def test_the_times_are_the_project_s_own(ledger, road, clock):
    plan = road.plan(state="ended")
    clock.pass_(days=2)
    assert ledger.purge(clock(), staged_days=1).staged == (plan.folder,)
    assert ledger.purge(clock(), staged_days=30, report_days=1).runs == (road.run,)
