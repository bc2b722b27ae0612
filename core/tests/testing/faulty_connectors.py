"""The suite over a destination that keeps every promise, and over mutants of it that each break one.

Run by `test_conformance_suite.py` in a process of its own: what fails there is what it looks at.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import rosterbus_depot
from rosterbus import settings
from rosterbus.testing import Ability, DestinationContract


class SilentSettings(rosterbus_depot.Settings):
    door = settings.text("")


class Depot(DestinationContract):
    connector = "depot"
    fault = ""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _planted(cls) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rosterbus_depot, "FAULTS", {cls.fault})
            if cls.fault == "setting without about":
                patch.setattr(rosterbus_depot, "Settings", SilentSettings)
            yield


class TestHonestDepot(Depot):
    """Boxes with a marker."""


class Unmarked(Depot):
    """Boxes that are taken as soon as a file is in them."""

    settings: ClassVar = {"marked": False}


WATCHED = "test_the_vendor_has_nothing_before_it_is_declared_and_never_a_part"
WHOLE = "test_nothing_the_vendor_can_read_is_ever_half_a_file"
KILLED = "test_a_run_that_is_killed_is_finished_once_or_held"
KILLED_TWICE = "test_a_recovery_that_is_killed_is_finished_once_or_held"
LOST = "test_a_lost_answer_makes_nothing_arrive_twice"
WEATHER = "test_a_bad_network_ends_in_a_sentence_and_the_next_run_goes_on"
TEXTS = "test_odd_texts_arrive_as_they_are_or_are_named"
MANY = "test_many_students_arrive_whole"
ROAD = (
    "test_a_roster_is_delivered_once_and_every_row_is_accounted_for",
    "test_the_same_roster_again_is_nothing_new",
    WATCHED,
    WHOLE,
    KILLED,
    KILLED_TWICE,
)
"""The way of a sound file to the vendor."""
FAULTS = {
    Depot: {
        "setting without about": "test_every_setting_says_what_it_is",
        "limit without a source": "test_every_limit_and_every_rule_says_where_it_comes_from",
        "test files are live": "test_a_test_file_is_sent_or_refused_and_moves_no_baseline",
        "address forgets": "test_an_address_is_the_same_again_needs_no_network_and_avoids_what_is_taken",
        "tells a cell": "test_no_cell_and_no_secret_is_told",
        "litters": "test_no_cell_and_no_secret_is_told",
        "open to all": "test_every_file_is_its_owners_alone",
        "probe sends": "test_a_probe_changes_nothing",
        "any password": "test_wrong_credentials_are_told_and_nothing_arrives",
        "follows a stranger": "test_a_stranger_at_the_address_learns_nothing",
        "away is done": "test_a_server_that_is_gone_is_told",
        "swallows a full disk": "test_a_full_disk_at_the_vendor_is_told",
        "lost is failed": LOST,
        "believes in order": WEATHER,
        "other newlines": "test_every_byte_that_arrives_is_the_byte_that_was_planned",
        "drops odd letters": TEXTS,
        "tames formulas": TEXTS,
        "promises to keep": "test_who_leaves_is_told_as_the_layout_promises",
        "keeps leavers": "test_who_leaves_is_told_as_the_layout_promises",
        "stops at 100,000": MANY,
        "hoards rows": MANY,
    },
    Unmarked: {"half a file": WHOLE},
}
"""The one test that each mutant is put to, and caught by."""
ROAD_FAULTS = {
    "marker first": {WATCHED, WHOLE},
    "never declared": {WATCHED},
    "blind retry": {KILLED, KILLED_TWICE},
}
"""Mutants that are put to the whole road, and the tests of it that they fail."""


UNFOUNDED = {
    "test_it_is_found_and_loads_alone": "it never did so far",
    "test_its_card_is_complete": "no",
    "test_of_nothing": "there is no such test",
}
DECLARED = ("test_no_test_of_the_contract_is_overridden", "test_a_waiver_names_a_test_and_gives_its_reason")
OVER_A_NETWORK = (
    WEATHER,
    LOST,
    "test_a_stranger_at_the_address_learns_nothing",
    "test_wrong_credentials_are_told_and_nothing_arrives",
)


def only(*tests: str) -> dict[str, None]:
    """What a class has so that it is put to these tests alone."""
    return {name: None for name in dir(Depot) if name.startswith("test_") and name not in tests}


class BadlyDeclared(Depot):
    """Overrides tests, and waives one that passes, one that does not exist, and one for no reason."""

    ability = Ability(waived=UNFOUNDED)


class Offline(Depot):
    """Declares that there is no network, so that what needs one is not collected."""

    ability = Ability(network=False, identity=False, credentials=False)


def planted(contract: type[Depot], fault: str, tests: tuple[str, ...]) -> type[Depot]:
    """A mutant that is put to these tests alone."""
    name = "".join(letter for letter in fault.title() if letter.isalnum())
    return type(f"Test{contract.__name__}{name}", (contract,), {**only(*tests), "fault": fault})


MUTANTS = [
    *(
        planted(contract, fault, (meant,))
        for contract, faults in FAULTS.items()
        for fault, meant in faults.items()
    ),
    *(planted(Depot, fault, ROAD) for fault in ROAD_FAULTS),
    planted(Unmarked, "", (*ROAD, LOST)),
    planted(BadlyDeclared, "", (*DECLARED, *UNFOUNDED)),
    planted(Offline, "", (*OVER_A_NETWORK, ROAD[0])),
]
globals().update({one.__name__: one for one in MUTANTS})
CAUGHT = {
    one.__name__: ROAD_FAULTS.get(one.fault) or {FAULTS[one.__base__][one.fault]}
    for one in MUTANTS
    if one.fault
}
"""The tests that catch each mutant."""
