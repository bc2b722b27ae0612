"""The conformance suite can fail: each planted fault is found by exactly the test that is meant for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
KILLED = "test_a_run_that_is_killed_is_finished_once_or_held"
WATCHED = "test_the_vendor_has_nothing_before_it_is_declared_and_never_a_part"
ROAD = "killed or declared or accounted or nothing_new"
CHOSEN = f"TestHonest or (TestSending and ({ROAD})) or (TestSeveral and not killed)"
"""Faults of sending meet the tests of the way to the vendor alone, and the others all but the slowest of those."""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The tests that failed, by the class of connectors they were of."""
    folder = tmp_path_factory.mktemp("suite")
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "--import-mode=importlib", f"--rootdir={HERE}"]
    options += ["-c", os.devnull, f"--basetemp={folder / 'base'}", f"--junitxml={folder / 'told.xml'}"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "-k",
            CHOSEN,
            str(HERE / "faulty_connectors.py"),
        ],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(HERE / "site")},
        timeout=280,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, set[str]] = defaultdict(set)
    for case in ElementTree.parse(folder / "told.xml").iter("testcase"):
        of = case.attrib["classname"].rpartition(".")[2]
        found[of] |= set()
        if case.find("failure") is not None or case.find("error") is not None:
            found[of].add(case.attrib["name"].partition("[")[0])
    return found


@pytest.mark.parametrize("honest", ["TestHonestDepot", "TestHonestRegister"])
def test_an_honest_connector_passes(failed, honest):
    assert failed[honest] == set()


@pytest.mark.parametrize(
    ("faulty", "meant"),
    [
        ("TestSendingMarkerFirst", WATCHED),
        ("TestSendingNeverDeclared", WATCHED),
        ("TestSendingBlindRetry", KILLED),
    ],
)
def test_a_fault_of_sending_fails_the_test_that_is_meant_for_it_and_no_other(failed, faulty, meant):
    assert failed[faulty] == {meant}


def test_so_does_each_of_several_faults_of_a_destination(failed):
    assert failed["TestSeveralFaults"] == {
        "test_every_setting_says_what_it_is",
        "test_every_limit_and_every_rule_says_where_it_comes_from",
        "test_a_test_file_is_sent_or_refused_and_moves_no_baseline",
        "test_an_address_is_the_same_again_needs_no_network_and_avoids_what_is_taken",
        "test_no_cell_and_no_secret_is_told",
        "test_a_probe_changes_nothing",
        "test_wrong_credentials_are_told_and_nothing_arrives",
        "test_no_test_of_the_contract_is_overridden",
        "test_a_waiver_names_a_test_and_gives_its_reason",
        "test_it_is_found_and_loads_alone",
        "test_an_empty_roster_is_held",
    }


def test_so_does_each_of_several_faults_of_a_source(failed):
    assert failed["TestSeveralFaultsOfASource"] == {
        "test_no_join_repeats_a_key",
        "test_every_table_says_how_complete_it_is_and_what_proves_it",
        "test_dates_and_booleans_are_written_as_the_vocabulary_has_them",
        "test_every_raw_row_is_accounted_for",
        "test_another_encoding_than_declared_is_told_and_never_guessed",
        "test_a_lost_file_is_told",
        "test_the_same_export_gives_the_same_rows_in_the_same_order",
    }


def test_without_pytest_it_says_what_to_install():
    code = "import sys; sys.modules['pytest'] = None; import rosterbus.testing"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, encoding="utf-8", timeout=60
    )
    assert "pip install 'rosterbus[testing]'" in done.stderr
