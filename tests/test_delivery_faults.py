"""What a person reads when a vendor is somebody else, has no room, or falls silent, and what the next run makes of it.

That nothing goes to a stranger, nothing is half there and nothing is there twice is proved of every destination by the
conformance suite. How each vendor's delivery ends, and in which words, stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from rosterbus.deliveries import Twin
from rosterbus.delivery.deciding import settle
from rosterbus.ledger import Ledger
from rosterbus.rehearsing import start_twin
from rosterbus.testing.trial import Trial, Vendor, rows_taken
from rosterbus_scilearn.published import COLUMNS

LATER = timedelta(minutes=5)
VENDORS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "handshake": ("handshake", {}),
    "samegoal": ("samegoal", {}),
    "scilearn": ("scilearn", {"columns": [name for name in COLUMNS if name != "PASSWORD"]}),
    "enroll": ("enroll", {}),
    "great-minds uploads": ("great-minds", {}),
    "great-minds packages": ("great-minds", {"mode": "oneroster"}),
}
"""Connector and settings."""
SFTP = ("samegoal", "enroll", "great-minds uploads", "great-minds packages")


@dataclass(frozen=True)
class End:
    """How the run that meets a fault ends, and what it says; `held` waits for a person who knows what arrived."""

    exit: int
    says: str
    state: str = "open"
    arrived: bool = False


OPEN, FAILED, HELD = 75, 1, 3
ENDS: Mapping[str, Mapping[str, End]] = {
    "stranger": {
        **dict.fromkeys(SFTP, End(FAILED, "another host key than the pinned one.*rosterbus pin", "failed")),
        "scilearn": End(FAILED, "certificate of .* is not trusted.*it was sent nothing", "failed"),
        "handshake": End(FAILED, "no certificate that this machine trusts, nothing was sent", "failed"),
    },
    "disk full": {
        **dict.fromkeys(SFTP, End(OPEN, "its disk or quota may be full")),
        "scilearn": End(HELD, "answered 507.*settle this delivery", "held"),
        "handshake": End(OPEN, "the store failed while putting .*507"),
    },
    "answer lost": {
        **dict.fromkeys(SFTP, End(OPEN, "was lost while", arrived=True)),
        "scilearn": End(HELD, "was lost.*settle this delivery", "held", arrived=True),
        "handshake": End(OPEN, "the connection was lost while putting", arrived=True),
    },
}


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory, handshake: Twin) -> Iterator[Callable[[str], Vendor]]:
    """A function that gives a vendor, whose twin is started once."""
    running = {"handshake": Vendor("handshake", {}, handshake)}
    started = []

    def vendor(name: str) -> Vendor:
        if name not in running:
            connector, settings = VENDORS[name]
            twin = start_twin(connector, tmp_path_factory.mktemp("vendor") / "twin", settings)
            started.append(twin)
            running[name] = Vendor(connector, settings, twin)
        return running[name]

    yield vendor
    for twin in started:
        twin.stop()


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("fault", ENDS)
def test_a_fault_of_a_vendor_ends_in_its_sentence_and_the_next_run_goes_on(
    vendors: Callable[[str], Vendor], tmp_path: Path, name: str, fault: str
) -> None:
    vendor, end = vendors(name), ENDS[fault][name]
    trial = vendor.trial(tmp_path / "project")
    with vendor.twin.faults[fault]():
        outcome = trial.run()
    [receipt] = outcome.receipts
    assert (outcome.exit_code, receipt.state) == (end.exit, end.state), receipt.because
    assert re.search(end.says, receipt.because), receipt.because
    assert receipt.balanced
    assert len(trial.imports()) == end.arrived
    if end.state == "held":
        settled(trial, "arrived" if end.arrived else "not arrived")
    receipts = trial.run(later=LATER).receipts
    [taken] = trial.imports()
    assert rows_taken(taken) >= trial.source.students
    assert [one.state for one in receipts] == next_night(name, end), [one.because for one in receipts]
    by_hand = name == "great-minds uploads"
    assert by_hand == receipts[0].because.endswith("it waits for the person who uploads it")
    vendor.after(trial)


def next_night(name: str, end: End) -> list[str]:
    """What the run after a fault tells of: what it finished first, and then its own plan."""
    if name == "great-minds uploads":
        return ["held", "held"] if end.state == "open" else ["held"]
    if end.state == "open":
        return ["confirmed", "nothing new"]
    return ["nothing new"] if end.arrived else ["confirmed"]


def settled(trial: Trial, how: Literal["arrived", "not arrived"]) -> None:
    """Somebody asked the vendor."""
    with Ledger(trial.state, clock=lambda: trial.now) as ledger:
        settle(ledger, "last", how, by="Ada", reason="the vendor said so")
