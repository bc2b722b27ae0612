"""Every distribution of this repository looks like the others, and the core knows none of them."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from rosterbus.cards import KINDS, read_card

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core"
TEMPLATE = ROOT / "cookiecutter-connector"
OTHERS = [
    *sorted(
        project.parent
        for kind in ("connectors", "plugins")
        for project in ROOT.glob(f"{kind}/*/pyproject.toml")
    ),
    TEMPLATE,
]


def short(folder: Path) -> str:
    """What a distribution is called after `rosterbus-`: its folder's name, or what the template's makes."""
    return "new" if folder == TEMPLATE else folder.name


every_distribution = pytest.mark.parametrize("folder", [CORE, *OTHERS], ids=short)
every_plugin = pytest.mark.parametrize("folder", OTHERS, ids=short)


def tables(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def project(folder: Path) -> dict[str, Any]:
    return tables(folder)["project"]


def module(folder: Path) -> str:
    return str(project(folder)["name"]).replace("-", "_")


def requirements(folder: Path) -> list[Requirement]:
    extras = project(folder).get("optional-dependencies", {}).values()
    return [
        Requirement(line)
        for line in [*project(folder)["dependencies"], *(one for extra in extras for one in extra)]
    ]


@every_distribution
def test_a_distribution_has_the_files_that_all_have(folder: Path):
    package = folder / "src" / module(folder)

    for path in (
        folder / "README.md",
        folder / "CHANGELOG.md",
        package / "__init__.py",
        package / "py.typed",
    ):
        assert path.is_file(), path
    assert [path.name for path in (folder / "src").iterdir() if path.is_dir()] == [package.name]
    assert list(folder.glob("tests/**/test_*.py")), "a distribution without a test"


@every_distribution
def test_what_a_distribution_says_of_itself_is_the_same_everywhere(folder: Path):
    said = project(folder)

    assert said["name"] == ("rosterbus" if folder == CORE else f"rosterbus-{short(folder)}")
    assert (said["license"], said["requires-python"], said["readme"]) == ("Apache-2.0", ">=3.11", "README.md")
    assert "\n## [" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")


@every_distribution
def test_a_wheel_carries_its_changelog(folder: Path):
    wheel = tables(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel["force-include"]["CHANGELOG.md"] == f"{module(folder)}/CHANGELOG.md"


@every_plugin
def test_a_wheel_carries_what_its_connector_declares_to_the_conformance_suite(folder: Path):
    declared = folder / "src" / module(folder) / "conformance.py"
    contract = folder / "tests" / f"test_{short(folder).replace('-', '_')}_contract.py"

    assert declared.is_file()
    assert f"from {module(folder)}.conformance import Test" in contract.read_text(encoding="utf-8")


@every_distribution
def test_a_version_is_stated_once(folder: Path):
    assert Version(project(folder)["version"]) >= Version("0.1.0")
    for path in folder.glob("src/**/*.py"):
        assert not re.search(r"^__version__ *= *[\"']", path.read_text(encoding="utf-8"), re.MULTILINE), path


@every_distribution
def test_every_dependency_has_a_floor_and_no_cap(folder: Path):
    for requirement in requirements(folder):
        assert [one.operator for one in requirement.specifier] == [">="], str(requirement)


@every_plugin
def test_the_floor_of_the_core_is_a_core_that_exists(folder: Path):
    [core] = [one for one in requirements(folder) if one.name == "rosterbus"]

    assert core.specifier.contains(project(CORE)["version"])


@every_plugin
def test_the_entry_points_are_named_as_the_folder_and_the_card_agrees(folder: Path):
    card = read_card(folder / "src" / module(folder) / "connector.toml")
    groups = project(folder)["entry-points"]

    assert sorted(groups) == sorted(f"rosterbus.v1.{kind}s" for kind in card.kind)
    for group, points in groups.items():
        kind = group.removeprefix("rosterbus.v1.").removesuffix("s")
        assert kind in KINDS
        assert points == {short(folder): module(folder) if len(groups) == 1 else f"{module(folder)}.{kind}"}


def test_tox_tests_every_distribution_alone():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    names = {name.strip() for name in tox["tox"]["env_list"].split(",")}

    assert names - {"lint", "wheels", "type", "template", "all"} == {
        short(folder) for folder in (CORE, *OTHERS)
    }


def test_what_is_declared_is_pinned_for_the_tests():
    pinned = {
        Requirement(line).name for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    declared = {one.name for folder in (CORE, *OTHERS) for one in requirements(folder)}

    assert {name for name in declared if not name.startswith("rosterbus")} <= pinned
