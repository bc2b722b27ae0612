"""Each vendor's connector, installed by name into an empty environment, delivers to its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rosterbus_demo.project import VENDORS

if TYPE_CHECKING:
    from conftest import Machine

DELIVERED = {0: ("confirmed", "delivered"), 3: ("held", "held")}
"""What a delivery and its rows are at their best, by exit code: those for a person who uploads wait for that person."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_connector_comes_from_the_marketplace_and_delivers_to_its_twin(machine: Machine, name: str):
    machine.install(f"{name}[twin]", "oneroster")
    machine.did("rosterbus", "describe", name)
    machine.pipeline(name)

    ran = machine.run("rosterbus", "rehearse", name, "--json")
    assert ran.code in DELIVERED, ran.out + ran.err
    [receipt], [analysis] = ran.json["receipts"], ran.json["twins"][name]
    state, rows = DELIVERED[ran.code]
    assert receipt["state"] == state
    assert receipt["balanced"]
    assert receipt["counts"]["students"][rows] > 0
    assert analysis

    machine.change_one_byte(name)
    ran = machine.run("rosterbus", "rehearse", name)
    assert ran.code != 0
    assert (
        f"the installed files of rosterbus-{name} 0.1.0 are not those that the lock names"
        in ran.err + ran.out
    )
    assert machine.run("rosterbus", "market", "verify").code == 1
