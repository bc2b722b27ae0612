"""What lies ready for a person who uploads it: nothing of it counts as delivered until somebody said so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rosterbus.cli import command_line
from rosterbus.cli.receipt_text import receipt_lines
from rosterbus.delivery.deciding import settle
from rosterbus.ledger import Ledger
from rosterbus.ledger.records import DeliveryRecord, Settled
from village_kit import Village, student


@pytest.fixture
def handing(village: Village) -> Village:
    """A village whose files are handed over."""
    village.write([student(n) for n in range(1, 5)])
    village.pipeline(deliver="by_hand = true\ncontacts = false")
    village.baseline_empty()
    return village


def delivery(village: Village) -> DeliveryRecord:
    with Ledger(village.root / ".rosterbus") as ledger:
        return ledger.deliveries.latest()[0]


def settled(village: Village, how: Settled) -> None:
    with Ledger(village.root / ".rosterbus", clock=lambda: village.now) as ledger:
        settle(ledger, "last", how, by="Ada", reason="uploaded it")


def test_what_is_handed_over_waits_with_its_steps(handing: Village) -> None:
    outcome = handing.run()
    [receipt] = outcome.receipts
    assert (outcome.exit_code, receipt.state) == (3, "held")
    assert receipt.because == f"handed over at {handing.vendor}; it waits for the person who uploads it"
    assert receipt.as_json()["steps"] == ["Open the vendor's page.", "Upload each file."]
    assert receipt.counts["students"]["held"] == 4
    assert receipt.balanced
    told = "\n".join(receipt_lines(receipt))
    assert "  step 2     Upload each file." in told
    assert f"rosterbus settle {delivery(handing).id} --arrived" in told
    assert f"rosterbus report {delivery(handing).id} --import FILE" in told


def test_of_an_approved_plan_that_waits_now_it_is_told_how_to_settle_it(handing: Village) -> None:
    [receipt] = handing.run().receipts
    approved = replace(receipt, plan=replace(receipt.plan, verdict="held"))
    told = "\n".join(receipt_lines(approved))
    assert f"rosterbus settle {delivery(handing).id} --arrived" in told
    assert "rosterbus approve" not in told


def test_nothing_more_is_handed_over_before_the_first_is_settled(handing: Village) -> None:
    handing.run()
    handing.write([student(n) for n in range(1, 6)])
    [receipt] = handing.run(hours=24).receipts
    [hold] = receipt.plan.holds
    assert (receipt.state, hold.rule) == ("held", "unsettled delivery")
    assert "it was uploaded" in hold.cause
    assert "--import FILE" in hold.if_wrong
    assert delivery(handing).plan != receipt.plan.id


@pytest.mark.parametrize(("how", "outcome"), [("arrived", "unknown"), ("processed", "processed")])
def test_once_a_person_says_that_it_was_uploaded_the_vendor_has_it(
    handing: Village, how: Settled, outcome: str
) -> None:
    handing.run()
    settled(handing, how)
    assert (delivery(handing).state, delivery(handing).outcome) == ("confirmed", outcome)
    [receipt] = handing.run(hours=24).receipts
    assert receipt.state == "nothing new"
    assert receipt.as_json()["steps"] == []


def test_what_nobody_uploaded_is_planned_anew_under_another_name(handing: Village) -> None:
    handing.run()
    settled(handing, "not arrived")
    first = delivery(handing)
    [receipt] = handing.run(hours=1).receipts
    assert (first.state, receipt.state) == ("failed", "held")
    assert receipt.counts["students"]["new"] == 4
    assert set(delivery(handing).address.files).isdisjoint(first.address.files)


def test_a_run_that_dies_after_handing_over_hands_over_again_the_same(
    handing: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rosterbus.ledger.deliveries import Deliveries

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Deliveries, "hold", die)
        with pytest.raises(KeyboardInterrupt):
            handing.run()
    begun = delivery(handing)
    [receipt, *_] = handing.run(hours=1).receipts
    assert (begun.state, receipt.state) == ("sent", "held")
    assert (receipt.delivery.address, receipt.delivery.waits) == (begun.address, True)


def test_the_steps_are_told_as_json(handing: Village, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["run", "v", "--json", "--folder", str(handing.root)]) == 3
    assert '"steps": [\n    "Open the vendor\'s page."' in capsys.readouterr().out
