"""Private files and folders are private from creation, and are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.private import open_private, private_folder, write_private_bytes, write_private_text

posix_only = pytest.mark.skipif(
    os.name != "posix", reason="Windows keeps privacy in access lists, not in modes"
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _wide_umask():
    old = os.umask(0)
    yield
    os.umask(old)


@posix_only
def test_a_private_folder_and_its_new_parents_belong_to_the_owner_alone(tmp_path):
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path / "a" / "b")
    assert [mode_of(folder), mode_of(folder.parent), mode_of(tmp_path)] == [0o700, 0o700, 0o755]


@posix_only
def test_an_existing_folder_is_closed_to_others(tmp_path):
    (tmp_path / "state").mkdir(mode=0o755)
    assert mode_of(private_folder(tmp_path / "state")) == 0o700


def test_a_file_in_the_place_of_a_folder_is_a_mistake_of_the_configuration(tmp_path):
    (tmp_path / "state").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="private folder cannot be made"):
        private_folder(tmp_path / "state")


@posix_only
@pytest.mark.parametrize("mode", ["w", "wb", "x", "xb", "a", "ab"])
def test_a_file_is_private_before_its_first_byte(tmp_path, mode):
    with open_private(tmp_path / "students.csv", mode):
        assert mode_of(tmp_path / "students.csv") == 0o600


@posix_only
def test_an_existing_file_is_closed_before_it_is_written(tmp_path):
    path = tmp_path / "students.csv"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    with open_private(path, "a") as file:
        assert mode_of(path) == 0o600
        file.write("\n")
    assert path.read_bytes() == b"old\n"


def test_exclusive_creation_refuses_a_file_that_exists(tmp_path):
    write_private_text(tmp_path / "plan.json", "{}")
    with pytest.raises(FileExistsError):
        open_private(tmp_path / "plan.json", "x")


def test_text_is_utf8_with_plain_newlines(tmp_path):
    with open_private(tmp_path / "names.txt", "w") as file:
        file.write("Zoë\n")
    assert (tmp_path / "names.txt").read_bytes() == b"Zo\xc3\xab\n"
    write_private_text(tmp_path / "names.txt", "Zoë\r\n")
    assert (tmp_path / "names.txt").read_bytes() == b"Zo\xc3\xab\r\n"


@posix_only
def test_an_atomic_write_replaces_a_public_file_by_a_private_one(tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    write_private_bytes(path, b"new")
    assert (path.read_bytes(), mode_of(path), list(tmp_path.iterdir())) == (b"new", 0o600, [path])


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_private_bytes(tmp_path / "receipt.json", b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private_bytes(path, b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
