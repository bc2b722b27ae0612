"""What is changed after a person agreed is refused: in the environment, in the lock, in what the project keeps."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv

if TYPE_CHECKING:
    from conftest import Room


@dataclass
class Home:
    """The room with acme 1.0 installed as it should be, and the marketplace that it is from."""

    room: Room
    shop: Any

    @property
    def project(self) -> Path:
        return self.room.project

    @property
    def packages(self) -> Path:
        return self.room.packages

    @property
    def code(self) -> Path:
        return self.packages / "rosterbus_acme" / "__init__.py"

    @property
    def info(self) -> Path:
        return self.packages / "rosterbus_acme-1.0.dist-info"

    @property
    def lock(self) -> Path:
        return self.project / "rosterbus.lock"

    @property
    def state(self) -> Path:
        return self.project / ".rosterbus" / "market"

    @property
    def stored(self) -> Path:
        return next((self.state / "wheels").rglob("*.whl"))

    def mark(self, path: Path) -> None:
        """Put code there that tells that it ran."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.room.mark, encoding="utf-8")

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def installed(room: Room, opened: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(room, opened(tmp_path_factory.mktemp("honest")))
    room.forget()
    for command in (
        ("trust", str(home.shop.site), "--fingerprint", home.shop.fingerprint),
        ("install", "acme", "--yes"),
    ):
        ran = room.site.market(*command)
        assert ran.code == 0, ran.err
    return home


@pytest.fixture
def home(installed: Home, tmp_path: Path) -> Iterator[Home]:
    """As it was installed; every change is undone."""
    places = {"packages": installed.packages, "project": installed.project, "site": installed.shop.site}
    for name, place in places.items():
        shutil.copytree(place, tmp_path / name, symlinks=True)
    yield installed
    for name, place in places.items():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(tmp_path / name, place, symlinks=True)
    assert not installed.room.marker.exists()


def edited(home: Home) -> None:
    home.mark(home.code)


def edited_and_recorded(home: Home) -> None:
    home.mark(home.code)
    lines = (home.info / "RECORD").read_text(encoding="utf-8").splitlines()
    kept = [line if "__init__" not in line else "rosterbus_acme/__init__.py,," for line in lines]
    (home.info / "RECORD").write_text("\n".join(kept) + "\n", encoding="utf-8")


def one_more(home: Home) -> None:
    home.mark(home.packages / "rosterbus_acme" / "click.py")


def compiled_alone(home: Home) -> None:
    home.mark(home.code)
    py_compile.compile(str(home.code), cfile=str(home.code.with_suffix(".pyc")))
    home.code.unlink()


def another_module(home: Home) -> None:
    home.mark(home.packages / "stranger" / "__init__.py")
    shutil.copy(home.code.with_name("connector.toml"), home.packages / "stranger")
    home.edit(home.info / "entry_points.txt", "= rosterbus_acme", "= stranger")


def another_version(home: Home) -> None:
    home.mark(home.code)
    home.edit(home.info / "METADATA", "Version: 1.0", "Version: 2.0")


def editable(home: Home) -> None:
    """As `pip install -e` leaves it."""
    source = home.project / "source" / "rosterbus_acme"
    shutil.move(home.packages / "rosterbus_acme", source)
    home.mark(source / "__init__.py")
    (home.packages / "__editable__.acme.pth").write_text(str(source.parent), encoding="utf-8")
    lines = [
        "__editable__.acme.pth,,",
        *(f"{home.info.name}/{one},," for one in ("METADATA", "entry_points.txt")),
    ]
    (home.info / "RECORD").write_text("\n".join(lines), encoding="utf-8")


def shadowed(home: Home) -> None:
    """A package of the same name in the project's folder, which `python -c` looks at first."""
    shutil.copytree(home.packages / "rosterbus_acme", home.project / "rosterbus_acme")
    home.mark(home.project / "rosterbus_acme" / "__init__.py")


def described_before(home: Home) -> None:
    """A whole distribution of the same name and version, earlier on the path."""
    for folder in (home.packages / "rosterbus_acme", home.info):
        shutil.copytree(folder, home.project / folder.name)
    home.mark(home.project / "rosterbus_acme" / "__init__.py")


def no_content(home: Home) -> None:
    home.mark(home.code)
    lines = home.lock.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("content")]
    home.lock.write_text("\n".join(kept), encoding="utf-8")


def lock_of_elsewhere(home: Home) -> None:
    home.edit(home.lock, "rosterbus_acme-1.0-py3-none-any.whl", "../../evil.whl")


def withdrawn(home: Home) -> None:
    """Seen once; the marketplace is away since."""
    home.shop.withdraw("acme", "1.0", "it sends names to a stranger")
    assert home.room.site.market("outdated").code == 5
    shutil.rmtree(home.shop.site)
    home.mark(home.code)


NOT_THOSE = "the installed files of rosterbus-acme 1.0 are not those that the lock names"
CHANGES: dict[str, tuple[Callable[[Home], None], str]] = {
    "an edited file": (edited, NOT_THOSE),
    "an edited file that RECORD does not hash": (edited_and_recorded, NOT_THOSE),
    "a file more": (one_more, NOT_THOSE),
    "compiled code in place of its source": (compiled_alone, NOT_THOSE),
    "an entry point to another module": (another_module, NOT_THOSE),
    "another version": (another_version, "rosterbus.lock has rosterbus-acme 1.0"),
    "an editable install": (editable, "rosterbus-acme 1.0 runs from a folder, not from the wheel"),
    "a shadow in the project": (shadowed, "which is not rosterbus-acme; take it off the path"),
    "a distribution before it": (described_before, NOT_THOSE),
    "a lock without its content": (no_content, "does not say which code of rosterbus-acme was agreed to"),
    "a lock that leads elsewhere": (lock_of_elsewhere, "the lock lacks something or has it in another shape"),
    "a withdrawal": (withdrawn, "withdrew rosterbus-acme 1.0: it sends names to a stranger"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_was_changed_after_the_installation_is_refused(kind: str, home: Home):
    change, sentence = CHANGES[kind]
    change(home)

    listed = home.room.started("connectors", "--json")
    ran = home.room.started("acme")
    assert sentence in listed.stdout + listed.stderr, listed
    assert ran.returncode != 0
    assert not home.room.marker.exists()


def test_compiled_code_that_is_planted_beside_an_installed_source_does_not_run(home: Home):
    seen, honest = home.code.stat(), home.code.read_bytes()
    home.code.write_bytes(home.room.mark.encode().ljust(len(honest), b"#"))
    os.utime(home.code, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    py_compile.compile(str(home.code), doraise=True)
    home.code.write_bytes(honest)
    os.utime(home.code, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert home.room.started("acme").stdout == "hello from acme 1.0\n"
    assert not home.room.marker.exists()


def test_a_plugin_that_was_installed_beside_the_lock_is_never_imported(home: Home, tmp_path: Path):
    wheel = home.shop.make_wheel(
        tmp_path, "thief", "1.0", files={"rosterbus_thief/__init__.py": home.room.mark}
    )
    program = [uv.find_uv_bin(), "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*program, "--python", str(home.room.site.python), str(wheel)], check=True, timeout=60)

    listed = home.room.started("connectors", "--json")
    problems = {one["distribution"]: one["problem"] for one in json.loads(listed.stdout)["plugins"]}
    assert problems["rosterbus-acme"] is None
    assert problems["rosterbus-thief"].startswith("rosterbus-thief is not in rosterbus.lock")
    assert "No such command 'thief'" in home.room.started("thief").stderr
    assert not home.room.marker.exists()


def test_a_lock_that_somebody_edited_installs_nothing_else(home: Home):
    home.edit(home.lock, home.stored.parent.name, "0" * 64)

    ran = home.room.site.market("install", "--locked", "--yes")
    assert "the lock names another file for rosterbus-acme 1.0 than the marketplace" in ran.err


@pytest.mark.parametrize("linked", [False, True])
def test_a_wheel_that_was_swapped_in_the_store_is_not_installed(home: Home, tmp_path: Path, linked: bool):
    """Also where the place of the wheel is a link to another."""
    files = {"rosterbus_acme/__init__.py": home.room.mark}
    wheel = home.shop.make_wheel(tmp_path, "acme", "1.0", files=files)
    stored = home.stored
    stored.unlink()
    if linked:
        stored.symlink_to(wheel)
    else:
        shutil.copy(wheel, stored)
    shutil.rmtree(home.packages / "rosterbus_acme")

    ran = home.room.site.market("verify", "--repair")
    assert ran.code == 0, ran.err
    assert home.room.started("acme").stdout == "hello from acme 1.0\n"


def test_a_root_that_was_swapped_on_the_disk_opens_no_other_marketplace(
    home: Home, opened: Callable[..., Any], tmp_path: Path
):
    other = opened(tmp_path / "other", "eve")
    shutil.copy(other.site / "metadata" / "1.root.json", home.state / "root.json")
    shutil.rmtree(home.state / "metadata")
    trust = json.loads((home.state / "trust.json").read_text(encoding="utf-8"))
    (home.state / "trust.json").write_text(
        json.dumps({**trust, "location": str(other.site)}), encoding="utf-8"
    )

    ran = home.room.site.market("outdated")
    assert "is not the one that a person trusted" in ran.err
