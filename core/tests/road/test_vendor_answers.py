"""Whatever a vendor answers, and however a connector breaks: what the next night does about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from rosterbus.delivery.deciding import approve, settle
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord
from rosterbus.pipelines import Outcome, apply_plans, opened
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import load_pipeline, load_project
from village_kit import Village, student


@pytest.fixture
def ready(village: Village) -> Village:
    """A village whose vendor holds nothing and gets two files."""
    village.write([student(n) for n in range(1, 5)], ["a,1,Anna,1", "b,2,Bert,2"])
    village.pipeline()
    village.baseline_empty()
    return village


def states(outcome: Outcome) -> list[str]:
    return [one.state for one in outcome.receipts]


def delivery(village: Village) -> DeliveryRecord:
    """The delivery that was begun last."""
    with Ledger(village.root / ".rosterbus") as ledger:
        return ledger.deliveries.latest()[0]


def baselines(village: Village) -> set[str]:
    with Ledger(village.root / ".rosterbus") as ledger:
        return {one.version.partition(":")[0] for one in ledger.baselines.current("v", "drop").values()}


def settled(village: Village, how: str) -> None:
    with Ledger(village.root / ".rosterbus", clock=lambda: village.now) as ledger:
        settle(ledger, "last", how, by="Ada", reason="asked the vendor")  # type: ignore[arg-type]


def applied(village: Village, plan: StoredPlan) -> Outcome:
    project = load_project(village.root)
    with opened(project, load_pipeline(project, "v"), command="apply", now=village.now) as context:
        return apply_plans(context, [plan])


def test_a_vendor_who_is_away_gets_the_same_bytes_under_the_same_names_later(ready: Village) -> None:
    ready.fault("away")
    first = ready.run()
    assert (first.exit_code, states(first)) == (75, ["open"])
    assert "the folder is away; the next run goes on from here" in first.receipts[0].because
    begun = delivery(ready)
    ready.write([student(n) for n in range(1, 9)], ["a,1,Anna,1"])
    second = ready.run(hours=10)
    assert states(second) == ["confirmed", "confirmed"]
    assert second.receipts[0].delivery.address == begun.address
    [old, new] = ready.boxes
    assert (old / "students.csv").read_bytes().count(b"\n") == 5
    assert (new / "students.csv").read_bytes().count(b"\n") == 9


def test_a_lost_answer_is_found_out_and_told_with_its_receipt(ready: Village) -> None:
    ready.fault("lose answer")
    assert ready.run().exit_code == 75
    assert delivery(ready).state == "sent"
    second = ready.run(hours=1)
    assert (second.exit_code, states(second)) == (0, ["confirmed", "nothing new"])
    assert second.receipts[0].counts["students"]["delivered"] == 4
    assert len(ready.boxes) == 1


def test_what_was_never_sent_and_is_too_old_is_planned_anew(ready: Village) -> None:
    ready.fault("away")
    ready.run()
    assert states(ready.run(hours=30)) == ["confirmed"]
    assert [box.name for box in ready.boxes] == ["20261121-1"]


def test_a_final_error_before_sending_fails_and_the_same_export_is_delivered_the_next_night(
    ready: Village,
) -> None:
    ready.fault("refuse")
    first = ready.run()
    assert (first.exit_code, states(first)) == (1, ["failed"])
    assert baselines(ready) == {"empty"}
    second = ready.run(hours=24)
    assert states(second) == ["confirmed"]
    assert second.receipts[0].counts["students"]["new"] == 4


def test_a_connectors_own_final_error_is_believed_after_it_had_begun_to_send(ready: Village) -> None:
    ready.fault("sent, refuse")
    assert states(ready.run()) == ["failed"]
    assert states(ready.run(hours=24)) == ["confirmed"]


@pytest.mark.parametrize("faults", [("sent, away", "refuse"), ("sent, half", "refuse")])
def test_a_final_error_after_an_earlier_attempt_that_was_sent_is_held(
    ready: Village, faults: tuple[str, ...]
) -> None:
    ready.fault(*faults)
    ready.run()
    if delivery(ready).state == "sent":
        ready.run(hours=1)
    held = delivery(ready)
    assert (held.state, held.reason) == (
        "held",
        "the folder is closed; an earlier attempt may have arrived",
    )
    assert ready.run(hours=24).exit_code == 3
    assert ready.boxes == []


def test_a_broken_connector_fails_before_sending_and_is_held_after(ready: Village) -> None:
    ready.fault("broken", "sent, broken")
    first = ready.run()
    assert states(first) == ["failed"]
    assert "ZeroDivisionError in `load`" in first.receipts[0].because
    assert states(ready.run(hours=24)) == ["held"]


@pytest.mark.parametrize(
    ("fault", "told"), [("odd answer", "answered str"), ("odd evidence", "evidence that is no JSON")]
)
def test_an_answer_that_cannot_be_kept_holds_what_was_sent(ready: Village, fault: str, told: str) -> None:
    ready.fault(fault)
    outcome = ready.run()
    assert states(outcome) == ["held"]
    assert told in outcome.receipts[0].because


def test_a_part_is_continued_at_once(ready: Village) -> None:
    ready.fault("half", "half")
    outcome = ready.run()
    assert states(outcome) == ["confirmed"]
    assert outcome.receipts[0].delivery.attempts == 3
    assert len(ready.boxes) == 1


def test_a_vendor_who_takes_parts_for_ever_is_asked_again_the_next_night(ready: Village) -> None:
    ready.fault("half", "half", "half")
    first = ready.run()
    assert (first.exit_code, states(first)) == (75, ["open"])
    assert states(ready.run(hours=1)) == ["confirmed", "nothing new"]


def test_a_held_delivery_holds_the_next_plan_and_names_the_command(ready: Village) -> None:
    ready.fault("unsure")
    assert states(ready.run()) == ["held"]
    held = delivery(ready)
    ready.write([student(n) for n in range(1, 9)], [])
    outcome = ready.run(hours=24)
    assert (outcome.exit_code, states(outcome)) == (3, ["held"])
    [hold] = [one for one in outcome.receipts[0].plan.holds if one.rule == "unsettled delivery"]
    assert hold.sentence == f"delivery {held.id} is held: the vendor does not say"
    assert hold.if_wrong.startswith(f"rosterbus settle {held.id} --arrived | --not-arrived --by ")


def test_settled_as_arrived_it_is_what_the_vendor_holds(ready: Village) -> None:
    ready.fault("unsure")
    ready.run()
    settled(ready, "arrived")
    assert states(ready.run(hours=24)) == ["nothing new"]
    assert len(ready.boxes) == 1


def test_settled_as_not_arrived_it_is_sent_again_under_another_name(ready: Village) -> None:
    ready.fault("unsure")
    ready.run()
    shutil.rmtree(ready.vendor / "20261120-1")
    settled(ready, "not arrived")
    assert baselines(ready) == {"empty"}
    assert states(ready.run(hours=1)) == ["confirmed"]
    assert [box.name for box in ready.boxes] == ["20261120-2"]


def test_no_approval_lets_a_plan_pass_a_delivery_that_is_held(ready: Village) -> None:
    ready.fault("unsure")
    ready.run()
    ready.write([student(n) for n in range(1, 9)], ["a,1,Anna,1"])
    plan = ready.plan(hours=1)
    project = load_project(ready.root)
    with Ledger(project.state_dir) as ledger:
        approve(project, ledger, plan.id, by="Ada", reason="because", expires=ready.now.replace(year=2027))
    outcome = applied(ready, plan)
    assert (outcome.exit_code, states(outcome)) == (3, ["held"])
    assert "rosterbus settle" in outcome.receipts[0].because
    assert len(ready.boxes) == 1


def test_a_plan_made_while_a_delivery_was_open_does_not_pass_it_once_it_is_held(ready: Village) -> None:
    ready.fault("sent, away", "refuse")
    ready.run()
    ready.write([student(n) for n in range(1, 9)], ["a,1,Anna,1"])
    plan = ready.plan(hours=1)
    assert plan.verdict == "go"
    outcome = applied(ready, plan)
    assert states(outcome) == ["held", "held"]
    assert ready.boxes == []


def test_a_changed_staged_file_is_refused(ready: Village) -> None:
    plan = ready.plan()
    plan.files[0].path.write_text("Id\n1\n", encoding="utf-8")
    outcome = applied(ready, plan)
    assert outcome.exit_code == 1
    assert (
        str(outcome.failures[0].error)
        == f"the staged file students.csv of plan {plan.id} was changed or is gone; plan again"
    )
    assert ready.boxes == []
    assert states(ready.run(hours=1)) == ["confirmed"]


@pytest.mark.parametrize(
    ("fault", "state", "next_night"),
    [("away", "failed", "confirmed"), ("sent, away", "held", "held")],
)
def test_a_staged_file_that_changed_between_two_attempts_ends_the_delivery(
    ready: Village, fault: str, state: str, next_night: str
) -> None:
    ready.fault(fault)
    plan = ready.run().receipts[0].plan
    plan.files[1].path.unlink()
    outcome = ready.run(hours=1)
    with Ledger(ready.root / ".rosterbus") as ledger:
        assert ledger.deliveries.of_plan(plan.id)[0].state == state
    assert states(outcome)[-1] == next_night


@pytest.mark.parametrize(
    ("fault", "state", "next_night"),
    [("away", "failed", "confirmed"), ("sent, away", "held", "held")],
)
def test_an_open_delivery_does_not_follow_its_pipeline_to_another_target(
    ready: Village, fault: str, state: str, next_night: str
) -> None:
    ready.fault(fault)
    ready.run()
    (ready.root / "elsewhere").mkdir()
    file = ready.root / "pipelines" / "v.toml"
    moved = file.read_text(encoding="utf-8").replace(
        ready.vendor.as_posix(), f"{ready.root.as_posix()}/elsewhere"
    )
    file.write_text(moved, encoding="utf-8")
    outcome = ready.run(hours=1)
    with Ledger(ready.root / ".rosterbus") as ledger:
        first = ledger.deliveries.latest()[-1]
    assert first.state == state
    assert "elsewhere now, and this delivery was on its way to drop://" in first.reason
    assert states(outcome)[-1] == next_night
    arrived = list((ready.root / "elsewhere").glob("*/MARK"))
    assert len(arrived) == (1 if next_night == "confirmed" else 0)


def test_a_remote_name_of_another_plan_is_never_used_again(ready: Village) -> None:
    for number in range(1, 4):
        ready.write([student(n) for n in range(1, 5 + number)], ["a,1,Anna,1"])
        ready.run(hours=0.5)
    assert [box.name for box in ready.boxes] == ["20261120-1", "20261120-2", "20261120-3"]


@pytest.fixture
def two(ready: Village) -> Village:
    """The same with a second vendor, who comes after the first."""
    (ready.root / "second").mkdir()
    ready.pipeline(
        deliver=f'contacts = false\n[deliver.second]\nconnector = "drop"\ncontacts = false\n'
        f'folder = "{(ready.root / "second").as_posix()}"\n'
    )
    return ready


@pytest.mark.parametrize("fault", ["broken", "sent, broken", "odd answer", "away", "refuse", "unsure"])
def test_one_vendors_trouble_is_not_the_other_ones(
    two: Village, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    two.fault(fault)
    code = command_line(["run", "v", "--folder", str(two.root)])
    said = capfd.readouterr()
    assert code in (1, 3, 75)
    assert "Traceback" not in said.out + said.err
    assert "v -> second   confirmed" in said.out
    assert len(list((two.root / "second").glob("*/MARK"))) == 1


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        ("judge", "ZeroDivisionError in `judge`"),
        ("address", "ZeroDivisionError in `address`"),
        ("reconcile", "ZeroDivisionError in `reconcile`"),
    ],
)
def test_a_hook_that_breaks_stops_its_own_vendor_alone(
    two: Village, hook: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rosterbus_drop

    two.fault("lose answer")
    if hook == "reconcile":
        two.run()
    honest = getattr(rosterbus_drop, hook)

    def breaking(**arguments: object) -> object:
        settings = arguments["settings"]
        if Path(settings.folder) == two.vendor:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return honest(**arguments)

    _hook_in(monkeypatch, hook, breaking)
    two.write([student(n) for n in range(1, 7)])
    outcome = two.run(hours=1)
    assert outcome.exit_code == 1
    [failure] = outcome.failures
    assert failure.delivery == "drop"
    assert told in str(failure.error)
    assert states(outcome) == ["confirmed"]


@pytest.mark.parametrize("answer", [None, "drop", 7])
def test_an_address_that_is_none_is_told(
    two: Village, answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hook_in(monkeypatch, "address", lambda delivery, settings: answer)
    outcome = two.run()
    assert len(outcome.failures) == 2
    assert "did not answer with an Address" in str(outcome.failures[0].error)


def test_a_fault_of_rosterbus_itself_stops_one_delivery_alone(
    two: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rosterbus.delivery import applying

    honest = applying.begin

    def breaking(context, part, plan):
        if part.name == "drop":
            raise KeyError("s1@example.org")
        return honest(context, part, plan)

    monkeypatch.setattr(applying, "begin", breaking)
    outcome = two.run()
    assert states(outcome) == ["confirmed"]
    [failure] = outcome.failures
    assert "rosterbus itself failed: KeyError at" in str(failure.error)
    assert "example.org" not in str(failure.error)


def _hook_in(monkeypatch: pytest.MonkeyPatch, hook: str, function: object) -> None:
    """Put another function in a hook's place; pluggy goes by its argument names."""
    import rosterbus_drop
    from rosterbus.hookspecs import hookimpl

    names = {"judge": "plan", "address": "delivery", "reconcile": "delivery"}
    source = f"lambda {names[hook]}, settings: function({names[hook]}={names[hook]}, settings=settings)"
    made = eval(source, {"function": function})
    monkeypatch.setattr(rosterbus_drop, hook, hookimpl(made))
