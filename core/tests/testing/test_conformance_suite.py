"""The conformance suite can fail: each planted fault is found by exactly the test that is meant for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
SITE = HERE / "site"
sys.path[:0] = [str(HERE), str(SITE)]

from faulty_connectors import CAUGHT  # noqa: E402 - the toy has to be on the path before

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Told:
    """What the suite printed over the toy and its mutants, and its report."""

    printed: str
    report: ElementTree.ElementTree


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("suite")
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "--import-mode=importlib", f"--rootdir={HERE}"]
    options += ["-c", os.devnull, f"--basetemp={folder / 'base'}", f"--junitxml={folder / 'told.xml'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(HERE / "faulty_connectors.py")],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(SITE)},
        timeout=380,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return Told(done.stdout, ElementTree.parse(folder / "told.xml"))


@pytest.fixture(scope="module")
def of_class(told: Told) -> dict[str, dict[str, bool]]:
    """Whether each test failed in any of its cases, by the class that it was of."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for case in told.report.iter("testcase"):
        of, name = case.attrib["classname"].rpartition(".")[2], case.attrib["name"].partition("[")[0]
        failed = case.find("failure") is not None or case.find("error") is not None
        found[of][name] = found[of].get(name, False) or failed
    return found


@pytest.mark.parametrize("honest", ["TestHonestDepot", "TestUnmarked"])
def test_an_honest_connector_passes(of_class, honest):
    assert of_class[honest]
    assert [name for name, failed in of_class[honest].items() if failed] == []


@pytest.mark.parametrize("mutant", CAUGHT)
def test_a_mutant_is_caught_by_the_tests_that_are_meant_for_it_and_no_other(of_class, mutant):
    assert {name for name, failed in of_class[mutant].items() if failed} == CAUGHT[mutant]


def test_every_test_of_a_destination_catches_a_mutant_but_for_those_of_the_core(of_class):
    caught = set().union(*CAUGHT.values())
    others = set(of_class["TestHonestDepot"]) - caught
    assert others == {
        "test_a_change_is_delivered_as_a_change",
        "test_a_literal_secret_is_refused_and_not_repeated",
        "test_a_roster_is_delivered_once_and_every_row_is_accounted_for",
        "test_a_second_run_at_the_same_time_sends_nothing",
        "test_a_waiver_names_a_test_and_gives_its_reason",
        "test_an_empty_roster_is_held",
        "test_an_unknown_setting_is_refused_with_the_near_name",
        "test_every_answer_of_the_twin_says_how_it_is_known",
        "test_importing_it_does_nothing_and_brings_nothing_heavy",
        "test_it_has_the_hooks_of_its_kind_and_the_commands_of_its_card",
        "test_it_is_found_and_loads_alone",
        "test_its_card_is_complete",
        "test_no_test_of_the_contract_is_overridden",
        "test_the_same_roster_again_is_nothing_new",
    }


def test_a_declaration_that_gets_around_tests_is_found(of_class):
    assert {name for name, failed in of_class["TestBadlyDeclared"].items() if failed} == {
        "test_no_test_of_the_contract_is_overridden",
        "test_a_waiver_names_a_test_and_gives_its_reason",
        "test_it_is_found_and_loads_alone",
        "test_its_card_is_complete",
    }


def test_what_does_not_apply_is_not_collected(of_class):
    assert set(of_class["TestOffline"]) == {"test_a_roster_is_delivered_once_and_every_row_is_accounted_for"}


def test_a_failure_teaches(told):
    _, _, after = told.printed.partition("TestDepotMarkerFirst.test_nothing_the_vendor_can_read")
    lesson, _, _ = after.partition("\n____")
    assert "promise: Nothing the vendor can read is ever half a file, and a marker comes after" in lesson
    assert re.search(r"load  .*rosterbus_depot.__init__\.py:\d+", lesson)
    seen = lesson.partition("what the vendor saw, in order:")[2]
    assert re.search(r"connected(.|\n)*wrote  \S+/MARK(.|\n)*wrote  \S+/students\.csv", seen)


def test_without_pytest_it_says_what_to_install():
    code = "import sys; sys.modules['pytest'] = None; import rosterbus.testing"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, encoding="utf-8", timeout=60
    )
    assert "pip install 'rosterbus[testing]'" in done.stderr
