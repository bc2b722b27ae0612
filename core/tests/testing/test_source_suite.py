"""The suite of sources can fail: each mutant is caught by the test that is meant for it, and honest sources pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
SITES = (HERE / "site", HERE.parent / "road" / "site")
sys.path[:0] = [str(HERE), *map(str, SITES)]

from faulty_plugins import CAUGHT, HONEST  # noqa: E402 - the toys have to be on the path before

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def seen_of_mutants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bool]]:
    """Whether each test failed, by the class that it was of."""
    folder = tmp_path_factory.mktemp("suite")
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "--import-mode=importlib", f"--rootdir={HERE}"]
    options += ["-c", os.devnull, f"--basetemp={folder / 'base'}", f"--junitxml={folder / 'told.xml'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(HERE / "faulty_plugins.py")],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, SITES))},
        timeout=280,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for case in ElementTree.parse(folder / "told.xml").iter("testcase"):
        of, name = case.attrib["classname"].rpartition(".")[2], case.attrib["name"].partition("[")[0]
        failed = case.find("failure") is not None
        assert case.find("error") is None, f"{of}.{name}"
        found[of][name] = found[of].get(name, False) or failed
    return found


@pytest.mark.parametrize("honest", HONEST)
def test_an_honest_plugin_passes_all_that_applies_to_it(seen_of_mutants, honest):
    assert len(seen_of_mutants[honest]) >= 15
    assert [name for name, failed in seen_of_mutants[honest].items() if failed] == []


@pytest.mark.parametrize("mutant", CAUGHT)
def test_a_mutant_is_caught_by_the_test_that_is_meant_for_it(seen_of_mutants, mutant):
    assert seen_of_mutants[mutant] == {CAUGHT[mutant]: True}
