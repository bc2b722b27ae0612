"""Whatever a declaration does to get around a test that it fails, the test fails; all of it is tried in one run."""

from __future__ import annotations

import contextlib
import io

import pytest
from rosterbus.cli import command_line

GUARD = "test_no_test_of_the_contract_is_overridden"
WAIVERS = "test_a_waiver_names_a_test_and_gives_its_reason"
CARD = "test_its_card_is_complete"
LOADS = "test_it_is_found_and_loads_alone"
CLASS = """
class Test{name}(ConnectorContract):
    kind = "extension"
    connector = "toy"
"""
EVASIONS = {
    "Replaced": (CARD, f"def {CARD}(self):\n    pass"),
    "TakenAway": (CARD, f"{CARD} = None"),
    "WithItsGuard": (CARD, f"def {CARD}(self):\n    pass\n\ndef {GUARD}(self):\n    pass"),
    "Skipped": (CARD, "@pytest.fixture(autouse=True)\ndef _skipped(self):\n    pytest.skip('not today')"),
    "Expected": (
        CARD,
        "@pytest.fixture(autouse=True)\n"
        "def _expected(self, request):\n"
        "    request.applymarker(pytest.mark.xfail(reason='we know this'))",
    ),
    "WaivedForNothing": (CARD, f'ability = Ability(waived={{"{CARD}": ""}})'),
    "WaivedForAWord": (CARD, f'ability = Ability(waived={{"{CARD}": "no"}})'),
    "WaivedForTwoWords": (CARD, f'ability = Ability(waived={{"{CARD}": "never works"}})'),
    "WaivedWithTheGuard": (
        WAIVERS,
        f'ability = Ability(waived={{"{WAIVERS}": "nobody needs any reasons", "{CARD}": "no"}})',
    ),
    "WaivedThoughItPasses": (LOADS, f'ability = Ability(waived={{"{LOADS}": "toys are never found here"}})'),
    "Warned": (
        LOADS,
        "@pytest.fixture(autouse=True)\n"
        "def _warning(self):\n"
        "    __import__('warnings').warn('old', DeprecationWarning)",
    ),
}
HONEST = {
    "Waived": (CARD, f'ability = Ability(waived={{"{CARD}": "toys have no titles here"}})'),
    "Kept": (LOADS, "pass"),
}


def case(name):
    test, _ = (EVASIONS | HONEST)[name]
    return f"extension:toy::Test{name}::{test}"


@pytest.fixture(scope="module")
def said(make_toy, tmp_path_factory):
    """What is said of a toy whose card has no title, declared in all these ways."""
    toy = make_toy(tmp_path_factory.mktemp("evasions") / "toy", title="")
    declared = ["import pytest\nfrom rosterbus.testing import Ability, ConnectorContract\n"]
    for name, (_, body) in (EVASIONS | HONEST).items():
        lines = (f"    {line}".rstrip() for line in body.splitlines())
        declared += [CLASS.format(name=name), *(f"{line}\n" for line in lines)]
    toy.write("conformance.py", "".join(declared))
    # What was replaced or taken away is no case any more that could be asked for.
    asked = [
        case(name) for name in EVASIONS | HONEST if name not in ("Replaced", "TakenAway", "WithItsGuard")
    ]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert (
            command_line(["certify", str(toy.wheel()), *(w for one in asked for w in ("--case", one))]) == 1
        )
    return out.getvalue()


@pytest.mark.parametrize("name", EVASIONS)
def test_an_evasion_fails(said, name):
    assert f"FAILED {case(name)}\n" in said


@pytest.mark.parametrize("name", HONEST)
def test_what_is_no_evasion_does_not_fail(said, name):
    assert f"FAILED {case(name)}\n" not in said
    assert case(name) in said


def test_a_waiver_of_what_passes_is_to_be_taken_out(said):
    assert "it is waived, and passes; take the waiver out of `ability`" in said
