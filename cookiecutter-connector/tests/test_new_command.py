"""The command `rosterbus new`, as a person types it."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner
from rosterbus.cards import read_card
from rosterbus.cli import command_line
from rosterbus_new import checkout
from rosterbus_new.answers import KINDS, TRANSPORTS, WITHOUT_TRANSPORT
from rosterbus_new.command import new
from rosterbus_new.record import FILE, sha256

COMBINATIONS = [
    (kind, transport) for kind in KINDS for transport in (("",) if kind in WITHOUT_TRANSPORT else TRANSPORTS)
]


@pytest.mark.parametrize(("kind", "transport"), COMBINATIONS)
def test_every_combination_is_rendered_whole(generated: Callable[..., Path], kind: str, transport: str):
    folder = generated(kind=kind, system="O'Neil & Co", **({"transport": transport} if transport else {}))

    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "{{" not in text.replace("${{", "") or path.name == FILE, path
        assert "cookiecutter." not in text or path.name == FILE, path
        assert text.endswith("\n") or not text, path
        if path.suffix == ".py":
            ast.parse(text)
            assert not path.stat().st_size or ast.get_docstring(ast.parse(text)), path
    assert not (folder / "_parts").exists()
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    card = read_card(folder / "src/rosterbus_acme/connector.toml")
    modules = {point["acme"] for point in project["project"]["entry-points"].values()}
    assert sorted(project["project"]["entry-points"]) == sorted(f"rosterbus.v1.{one}s" for one in card.kind)
    for module in modules:
        assert (folder / "src" / f"{module.replace('.', '/')}.py").is_file()
    assert card.transports == ((transport,) if transport else ())


def test_a_connector_made_in_a_checkout_finds_rosterbus_there(
    generated: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Editable:
        metadata: ClassVar[dict[str, str]] = {"Name": "rosterbus-sftp"}

        def read_text(self, _: str) -> str:
            origin = {"url": (tmp_path / "check out" / "sftp").as_uri(), "dir_info": {"editable": True}}
            return json.dumps(origin)

    monkeypatch.setattr(checkout, "distributions", lambda: [Editable()])
    project = tomllib.loads((generated() / "pyproject.toml").read_text(encoding="utf-8"))

    sources = project["tool"]["uv"]["sources"]
    assert sources == {"rosterbus-sftp": {"path": "../check out/sftp", "editable": True}}


def test_a_connector_made_with_an_installed_rosterbus_names_no_folder(
    generated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checkout, "distributions", list)

    assert "uv" not in tomllib.loads((generated() / "pyproject.toml").read_text(encoding="utf-8"))["tool"]


def test_the_folder_remembers_answers_version_and_every_file(generated: Callable[..., Path]):
    folder = generated(author="Ann Example", email="ann@example.org")

    record = json.loads((folder / FILE).read_text(encoding="utf-8"))
    assert record["answers"]["author"] == "Ann Example"
    assert record["files"] == {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name != FILE
    }
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["authors"] == [{"name": "Ann Example", "email": "ann@example.org"}]
    card = read_card(folder / "src/rosterbus_acme/connector.toml")
    assert card.maintainers == ("Ann Example <ann@example.org>",)


def test_a_folder_with_something_in_it_is_refused_and_left_as_it_is(tmp_path: Path, capsys):
    (tmp_path / "rosterbus-acme").mkdir()
    (tmp_path / "rosterbus-acme/mine.txt").write_text("mine", encoding="utf-8")

    code = command_line(["new", "--no-input", "--into", str(tmp_path), "name=acme"])

    assert code == 2
    assert "there is something already, and nothing of it is touched" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "rosterbus-acme").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled_and_what_is_written_is_shown_with_the_next_commands(
    tmp_path: Path, capsys
):
    (tmp_path / "rosterbus-acme").mkdir()

    code = command_line(["new", "--no-input", "--into", str(tmp_path), "name=acme", "transport=folder"])

    told = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "  src/rosterbus_acme/destination.py" in told
    assert told[-6:] == [
        "next:",
        f"  cd {tmp_path / 'rosterbus-acme'}",
        "  uv sync",
        "  uv run pytest",
        "  uv run rosterbus certify .",
        "README.md goes on from there",
    ]


def test_a_wrong_answer_writes_nothing(tmp_path: Path, capsys):
    assert command_line(["new", "--no-input", "--into", str(tmp_path), "name=acme", "kind=sink"]) == 2
    assert command_line(["new", "--no-input", "--into", str(tmp_path), "acme"]) == 2

    assert "this is no answer; found 'acme'; allowed: KEY=VALUE" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_questions_are_asked_until_the_answer_is_allowed(tmp_path: Path):
    typed = "Acme\nacme\nAcme Schools\ndestination\nfax\nfolder\n\nann@example.org\n"

    ended = CliRunner().invoke(new, ["--into", str(tmp_path)], input=typed)

    assert ended.exit_code == 0, ended.output
    assert "this is no connector's name" in ended.output
    assert "this is none of the choices; found 'fax'" in ended.output
    record = json.loads((tmp_path / "rosterbus-acme" / FILE).read_text(encoding="utf-8"))
    assert (record["answers"]["system"], record["answers"]["transport"]) == ("Acme Schools", "folder")


def test_what_is_given_is_not_asked_and_a_report_is_asked_for_no_transport(tmp_path: Path):
    ended = CliRunner().invoke(new, ["--into", str(tmp_path), "name=acme", "kind=report"], input="\n\n\n")

    assert ended.exit_code == 0, ended.output
    assert "transport (" not in ended.output
    assert "transport [" not in ended.output


def test_nothing_is_left_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))

    assert command_line(["new", "--no-input", "--into", str(tmp_path), "name=acme"]) == 0

    assert list(home.iterdir()) == []
