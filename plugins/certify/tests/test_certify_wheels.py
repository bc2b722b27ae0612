"""A wheel is unpacked only where it is what it says, and the environment has what it needs."""

from __future__ import annotations

import hashlib
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError
from rosterbus_certify.building import wheel_of
from rosterbus_certify.wheels import open_wheel

METADATA = "Metadata-Version: 2.4\nName: rosterbus-acme\nVersion: 1.0\n"
POINTS = "[rosterbus.v1.destinations]\nacme = rosterbus_acme\n"
NAME = "rosterbus_acme-1.0-py3-none-any.whl"


def wheel(folder, *, metadata=METADATA, points=POINTS, name=NAME, more=()):
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rosterbus_acme/__init__.py", "")
        archive.writestr("rosterbus_acme-1.0.dist-info/METADATA", metadata)
        archive.writestr("rosterbus_acme-1.0.dist-info/entry_points.txt", points)
        for member in more:
            archive.writestr(member, "print('run')")
    return path


def link():
    member = zipfile.ZipInfo("rosterbus_acme/link")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def test_a_wheel_is_read_as_it_is(tmp_path):
    path = wheel(tmp_path)

    read = open_wheel(path, tmp_path / "into")

    assert (read.distribution, read.version, read.package) == ("rosterbus-acme", "1.0", "rosterbus_acme")
    assert read.plugins == ("destination:acme",)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (tmp_path / "into" / "rosterbus_acme" / "__init__.py").is_file()


@pytest.mark.parametrize(
    "member",
    [
        "../outside.py",
        "rosterbus_acme/../../outside.py",
        "/outside.py",
        "rosterbus_acme\\outside.py",
        "C:outside.py",
        "rosterbus_acme/__INIT__.py",
        link(),
    ],
    ids=lambda member: getattr(member, "filename", member),
)
def test_a_member_that_no_wheel_needs_is_refused(tmp_path, member):
    into = tmp_path / "deep" / "into"

    with pytest.raises(ConfigError, match="a member that no wheel needs"):
        open_wheel(wheel(tmp_path, more=[member]), into)
    assert not list(tmp_path.rglob("outside.py"))


@pytest.mark.parametrize(
    "member", ["pytest.py", "rosterbus/certificates.py", "start.pth", "rosterbus_acme-1.0.data/x"]
)
def test_what_lies_beside_its_own_package_is_refused(tmp_path, member):
    with pytest.raises(ConfigError, match="more than its own package"):
        open_wheel(wheel(tmp_path, more=[member]), tmp_path / "into")


def test_a_wheel_larger_than_a_connector_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("rosterbus_certify.wheels.MOST_BYTES", 100)

    with pytest.raises(ConfigError, match="larger than a connector can be"):
        open_wheel(wheel(tmp_path), tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metadata": METADATA.replace("1.0", "2.0")}, "file name and its metadata disagree"),
        ({"metadata": METADATA.replace("acme", "other")}, "file name and its metadata disagree"),
        ({"points": "[console_scripts]\nrun = rosterbus_acme:run\n"}, "no plugin to certify"),
        ({"points": POINTS + "other = somebody_else\n"}, "lead to several packages"),
        ({"name": "acme.whl"}, "has not the name of a wheel"),
        ({"more": ["other-1.0.dist-info/METADATA"]}, "not one folder of metadata"),
    ],
)
def test_a_wheel_that_contradicts_itself_is_refused(tmp_path, changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        open_wheel(wheel(tmp_path, **changes), tmp_path / "into")


def test_what_is_no_zip_file_is_refused(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(b"PK no zip at all")

    with pytest.raises(ConfigError, match="no readable zip file"):
        open_wheel(path, tmp_path / "into")


def test_a_folder_without_a_project_is_refused(tmp_path, certify):
    code, told = certify(tmp_path)

    assert code == 2
    assert "a folder with a pyproject.toml, or a wheel" in told["error"]


def test_a_folder_is_built_into_the_same_bytes_again(toy, tmp_path):
    made = toy()
    first = wheel_of(made.folder, None, tmp_path / "one").read_bytes()
    second = wheel_of(made.folder, tmp_path / "elsewhere", tmp_path / "two")

    assert second == tmp_path / "elsewhere" / "rosterbus_toy-1.0-py3-none-any.whl"
    assert first == second.read_bytes()
    assert list((made.folder / "dist").iterdir()) == [made.folder / "dist" / second.name]


def test_a_back_end_that_cannot_be_fetched_is_named_with_the_line_that_helps(toy, certify, monkeypatch):
    made = toy()
    project = (made.folder / "pyproject.toml").read_text(encoding="utf-8")
    wanted = project.replace('requires = ["hatchling"]', 'requires = ["rosterbus-no-back-end>=1"]')
    (made.folder / "pyproject.toml").write_text(wanted, encoding="utf-8")
    for name in ("UV_OFFLINE", "PIP_NO_INDEX"):
        monkeypatch.setenv(name, "1")

    code, told = certify(made.folder)

    assert code == 1
    assert "python -m pip install 'rosterbus-no-back-end>=1'" in told["error"]


def test_a_back_end_that_fails_is_told(toy, certify):
    made = toy()
    (made.package / "__init__.py").unlink()
    (made.folder / "pyproject.toml").write_text(
        (made.folder / "pyproject.toml").read_text().replace("src/rosterbus_toy", "src/nowhere"),
        encoding="utf-8",
    )

    code, told = certify(made.folder)

    assert code in (1, 2)
    assert told["certificate"] is None
    assert told["error"]


@pytest.mark.parametrize(
    "requires",
    ['"rosterbus-nowhere>=3"', '"rosterbus>=99"', '"rosterbus-certify[nothing]", "rosterbus-nowhere>=3"'],
)
def test_what_the_environment_lacks_is_told_with_the_line_that_helps(toy, certify, requires):
    code, told = certify(toy(requires).wheel())

    lacking = "rosterbus>=99" if "99" in requires else "rosterbus-nowhere>=3"
    assert code == 2
    assert f"python -m pip install '{lacking}'" in told["error"]


def test_what_the_twin_needs_has_to_be_there_too(toy, certify):
    made = toy()
    project = (made.folder / "pyproject.toml").read_text(encoding="utf-8")
    extras = 'twin = ["rosterbus-nowhere"]\nother = ["rosterbus-elsewhere"]'
    project += f"\n[project.optional-dependencies]\n{extras}\n"
    (made.folder / "pyproject.toml").write_text(project, encoding="utf-8")

    code, told = certify(made.folder)

    assert code == 2
    assert told["error"].endswith("python -m pip install 'rosterbus-nowhere'")


def test_a_wheel_that_is_not_there_is_told_without_json_too(tmp_path, capsys):
    code = command_line(["certify", str(tmp_path / NAME)])

    assert code == 2
    assert "there is no such wheel" in capsys.readouterr().err


def test_nothing_of_a_wheel_is_imported_where_certify_itself_runs(toy, certify):
    certify(toy().wheel(), "--case", "extension:toy::test_its_card_is_complete")

    assert "rosterbus_toy" not in sys.modules
    assert not [path for path in sys.path if Path(path).name == "wheel"]
