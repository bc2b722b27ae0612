"""A copy has every signed file, verifies like its origin, goes on where it was interrupted, and works alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uv
from packaging.tags import parse_tag
from rosterbus.errors import ConfigError, RosterbusError
from rosterbus_market.downloading import Machines, download_closure
from rosterbus_market.issuing import UNRESOLVED
from rosterbus_market.mirroring import Origin, download_dependencies, mirror
from rosterbus_market.publishing import Wheels, publish, withdraw
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.renewing import refresh
from rosterbus_market.rotating import Change, rotate

Client = Callable[..., Callable[[str], bytes]]


@pytest.fixture
def origin(shop: Any, tmp_path: Path) -> Origin:
    root = (shop.site / "metadata" / "1.root.json").read_bytes()
    return Origin(str(shop.site), root, tmp_path / "trusted")


def test_a_copy_verifies_like_its_origin(shop: Any, origin: Origin, tmp_path: Path, verified_by: Client):
    rotate(shop.keys, Change())
    refresh(shop.place)
    done = mirror(origin, tmp_path / "copy", machines=None)

    assert (done.files, done.brought) == (4, 4)
    for path in (
        "1.root.json",
        "2.root.json",
        "root.json",
        "targets.json",
        "snapshot.json",
        "timestamp.json",
    ):
        assert (tmp_path / "copy" / "metadata" / path).read_bytes() == (
            shop.site / "metadata" / path
        ).read_bytes()
    read = verified_by(tmp_path / "copy")
    assert read("packages/rosterbus_acme-1.0-py3-none-any.whl")
    index = "simple/rosterbus-acme/index.json"
    assert (tmp_path / "copy" / index).read_bytes() == (shop.site / index).read_bytes()


def test_a_copy_of_a_copy_is_as_good(origin: Origin, tmp_path: Path, verified_by: Client):
    mirror(origin, tmp_path / "copy", machines=None)
    mirror(Origin(str(tmp_path / "copy"), origin.root, tmp_path / "t2"), tmp_path / "second", machines=None)

    assert verified_by(tmp_path / "second")("catalogue.json")


def test_a_copy_brings_only_what_is_new_and_drops_what_nobody_signed(
    shop: Any, origin: Origin, tmp_path: Path, draft: Callable[..., Any], verified_by: Client
):
    copy = tmp_path / "copy"
    mirror(origin, copy, machines=None)
    (copy / "packages" / "rosterbus_acme-1.0-py3-none-any.whl").write_bytes(b"half")
    (copy / "packages" / "strange.whl").touch()
    publish(Wheels([draft(version="1.1").write(tmp_path)]), shop.place, closure=False)
    told: list[str] = []

    mirror(origin, copy, machines=None, told=told.append)

    assert [line.partition("packages/")[2] for line in told] == [
        "rosterbus_acme-1.0-py3-none-any.whl",
        "rosterbus_acme-1.1-py3-none-any.whl",
        "rosterbus_acme-1.1-py3-none-any.whl.metadata",
    ]
    assert not (copy / "packages" / "strange.whl").exists()
    assert verified_by(copy)("packages/rosterbus_acme-1.1-py3-none-any.whl")


def test_a_changed_file_is_not_copied_and_the_old_copy_stays_good(
    shop: Any, origin: Origin, tmp_path: Path, draft: Callable[..., Any], verified_by: Client
):
    copy = tmp_path / "copy"
    mirror(origin, copy, machines=None)
    wheel = draft(version="1.1").write(tmp_path)
    publish(Wheels([wheel]), shop.place, closure=False)
    published = shop.site / "packages" / wheel.name
    published.write_bytes(published.read_bytes()[:-1] + b"\x01")

    with pytest.raises(SiteRefusedError, match="is not what was signed"):
        mirror(origin, copy, machines=None)
    assert verified_by(copy)("packages/rosterbus_acme-1.0-py3-none-any.whl")


def test_an_old_state_is_not_copied(shop: Any, origin: Origin, tmp_path: Path):
    kept = {path: path.read_bytes() for path in (shop.site / "metadata").iterdir()}
    withdraw("acme", "1.0", shop.place, reason="it sends too much")
    mirror(origin, tmp_path / "copy", machines=None)
    for path, content in kept.items():
        path.write_bytes(content)

    with pytest.raises(RosterbusError, match="an older state than the one seen before"):
        mirror(origin, tmp_path / "copy", machines=None)


def test_a_folder_with_something_else_is_left_alone(origin: Origin, tmp_path: Path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").touch()

    with pytest.raises(SiteRefusedError, match="something else than a copy"):
        mirror(origin, tmp_path / "home", machines=None)


def test_a_folder_with_packages_of_somebody_else_is_not_taken_for_a_copy(origin: Origin, tmp_path: Path):
    precious = tmp_path / "project" / "packages" / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("work of years", encoding="utf-8")

    with pytest.raises(SiteRefusedError, match="something else than a copy"):
        mirror(origin, tmp_path / "project", machines=None)
    assert precious.read_text(encoding="utf-8") == "work of years"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draft: Callable[..., Any]) -> dict[str, Path]:
    """An index with one package for all machines and one for each of two."""
    made = {
        tag: draft(
            name="needed",
            version="2.0",
            requires=[],
            points="[x]\ny = z\n",
            file_name=f"needed-2.0-{tag}.whl",
        )
        for tag in ("py3-none-any", "cp312-abi3-win_amd64", "cp311-cp311-manylinux_2_28_aarch64")
    }
    for tag, one in made.items():
        one.members["needed/made_for.txt"] = tag.encode()
    wheels = {tag: one.write(tmp_path / "elsewhere" / "needed") for tag, one in made.items()}
    links = [f'<a href="{one.name}#sha256={digest(one)}">{one.name}</a>' for one in wheels.values()]
    (tmp_path / "elsewhere" / "needed" / "index.html").write_text(
        f"<html>{''.join(links)}</html>", encoding="utf-8"
    )
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "elsewhere").as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return wheels


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def closure_of(wheels: dict[str, Path]) -> bytes:
    return (
        "needed==2.0" + "".join(f" \\\n    --hash=sha256:{digest(one)}" for one in wheels.values()) + "\n"
    ).encode()


def test_packages_from_elsewhere_are_brought_for_the_machines_that_were_named(
    elsewhere: dict[str, Path], tmp_path: Path
):
    closure = closure_of(elsewhere)

    def brought(*platforms: str, python: int = 12) -> set[str]:
        download_dependencies(closure, tmp_path, Machines(platforms, [python]), told=lambda line: None)
        return {path.name.removeprefix("needed-2.0-") for path in (tmp_path / "dependencies").glob("*.whl")}

    assert brought() == {"py3-none-any.whl"}
    assert brought("windows-amd64") == {"py3-none-any.whl", "cp312-abi3-win_amd64.whl"}
    assert brought("linux-aarch64", python=11) == {
        "py3-none-any.whl",
        "cp311-cp311-manylinux_2_28_aarch64.whl",
    }


def test_the_packages_of_a_copy_can_be_installed_without_any_other_index(
    elsewhere: dict[str, Path], tmp_path: Path
):
    download_dependencies(closure_of(elsewhere), tmp_path, Machines(), told=lambda line: None)
    requirement = tmp_path / "r.txt"
    requirement.write_bytes(closure_of(elsewhere))
    options = ["--require-hashes", "--offline", "--only-binary", ":all:", "--target", str(tmp_path / "into")]
    index = ["--default-index", (tmp_path / "dependencies" / "simple").as_uri()]
    subprocess.run(
        [uv.find_uv_bin(), "pip", "install", "--quiet", *options, *index, "-r", str(requirement)],
        env={**os.environ, "UV_NO_CONFIG": "1"},
        check=True,
        timeout=60,
    )
    assert (tmp_path / "into" / "needed" / "__init__.py").is_file()


def test_a_file_that_the_closure_does_not_name_is_not_brought(elsewhere: dict[str, Path], tmp_path: Path):
    named = {"py3-none-any": elsewhere["cp312-abi3-win_amd64"]}

    with pytest.raises(
        ConfigError, match=r"needed 2\.0 has no wheel for this machine that the closure names"
    ):
        download_closure(closure_of(named), tmp_path, Machines(), told=lambda line: None)


def test_a_file_that_the_index_swapped_is_refused(elsewhere: dict[str, Path], tmp_path: Path):
    closure = closure_of(elsewhere)
    wheel = elsewhere["py3-none-any"]
    wheel.write_bytes(wheel.read_bytes() + b"more")
    (tmp_path / "into").mkdir()

    with pytest.raises(SiteRefusedError, match="another file as needed-2"):
        download_closure(closure, tmp_path / "into", Machines(), told=lambda line: None)
    assert list((tmp_path / "into").iterdir()) == []


def test_what_was_not_resolved_has_no_packages(tmp_path: Path):
    assert download_closure(UNRESOLVED, tmp_path, Machines(), told=lambda line: None) == []


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp312-cp312-manylinux_2_17_x86_64", True),
        ("cp311-abi3-manylinux2014_x86_64", True),
        ("cp313-abi3-manylinux2014_x86_64", False),
        ("cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp312-cp312t-manylinux_2_17_x86_64", False),
        ("cp312-cp312-musllinux_1_2_x86_64", False),
        ("cp312-cp312-macosx_11_0_arm64", False),
        ("pp310-pypy310_pp73-manylinux_2_17_x86_64", False),
    ],
)
def test_a_wheel_is_wanted_where_it_runs(tag: str, wanted: bool):
    assert Machines(["linux-x86_64"], [12]).wants(parse_tag(tag)) is wanted
