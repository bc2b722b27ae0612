"""rosterbus itself comes from a marketplace: its wheel is known by its name, and a copy lists all that it needs."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosterbus.cli import command_line
from rosterbus_market.bootstrapping import bootstrap
from rosterbus_market.downloading import Machines
from rosterbus_market.mirroring import download_dependencies
from rosterbus_market.publishing import Wheels, publish


@pytest.fixture
def core(draft: Callable[..., Any]) -> Any:
    """The core, as a draft of a wheel."""
    points = "[console_scripts]\nrosterbus = rosterbus.cli:main\n"
    return draft(name="rosterbus", points=points, requires=["click>=8", 'keyring>=25; extra == "keyring"'])


def test_the_core_is_known_by_its_name_among_other_wheels(
    shop: Any, core: Any, draft: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    wheels = [str(core.write(tmp_path)), str(draft(version="1.1").write(tmp_path))]
    line = [
        "market",
        "build",
        *wheels,
        "--out",
        str(shop.site),
        "--keys",
        str(shop.keys.folder),
        "--no-closure",
    ]

    assert command_line(line) == 0, capsys.readouterr().err
    assert [(one.distribution, one.core) for one in shop.catalogue.entries] == [
        ("rosterbus", True),
        ("rosterbus-acme", False),
    ]
    core.version = "2.0"
    assert command_line([*line, str(core.write(tmp_path))]) == 2
    assert "one wheel of rosterbus itself can be given" in capsys.readouterr().err


def test_a_copy_lists_what_rosterbus_itself_needs_by_hash_and_nothing_else(
    shop: Any, core: Any, draft: Callable[..., Any], tmp_path: Path
):
    tool = draft(
        name="rosterbus-market", requires=["rosterbus>=0.1.0", "tuf>=7", 'deep; sys_platform == "aix"']
    )
    publish(Wheels([tool.write(tmp_path)], core.write(tmp_path)), shop.place, closure=False)
    needs = {
        "click": "",
        "tuf": "Requires-Dist: deeper\n",
        "deeper": "",
        "deep": "",
        "keyring": "",
        "other": "",
    }
    closure, place = "", tmp_path / "mirror" / "dependencies"
    place.mkdir(parents=True)
    for name, requires in needs.items():
        with zipfile.ZipFile(place / f"{name}-9.0-py3-none-any.whl", "w") as archive:
            archive.writestr(
                f"{name}-9.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\n{requires}\n"
            )
        closure += f"{name}==9.0 --hash=sha256:{'0' * 64}\n"

    listed = bootstrap(shop.catalogue, closure.encode(), tmp_path / "mirror").splitlines()[1:]

    names = [line.partition("==")[0] for line in listed]
    assert names == ["rosterbus", "rosterbus-market", "click", "tuf", "deeper", "deep"]
    assert all(" --hash=sha256:" in line for line in listed)
    assert bootstrap(shop.catalogue, closure.encode(), tmp_path / "nowhere") == ""


def test_packages_from_elsewhere_are_taken_from_the_first_copy_by_the_second(tmp_path: Path):
    near, far = tmp_path / "near", tmp_path / "far"
    near.mkdir()
    far.mkdir()
    (near / "click-9.0-py3-none-any.whl").write_bytes(b"a wheel")
    (near / "tuf-9.0-py3-none-any.whl").write_bytes(b"another than was signed")
    right, other = hashlib.sha256(b"a wheel").hexdigest(), "0" * 64
    closure = f"click==9.0 --hash=sha256:{right}\ntuf==9.0 ; sys_platform == 'aix' --hash=sha256:{other}\n"

    found = download_dependencies(closure.encode(), far, Machines(), told=lambda line: None, near=near)

    assert found == 1
    assert [path.name for path in (far / "dependencies").glob("*.whl")] == ["click-9.0-py3-none-any.whl"]
