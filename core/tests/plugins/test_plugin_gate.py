"""Where a project has a lock, a plugin that is not as the lock has it is listed and never imported."""

from __future__ import annotations

import importlib.metadata
import json
import os
import py_compile
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError, PluginError
from rosterbus.gate import enter, environment_warnings
from rosterbus.lock import differences, installed_content, read_lock
from rosterbus.plugins import examine, installed, load
from rosterbus.project import load_project

CODE = """
from rosterbus.hookspecs import hookimpl

@hookimpl
def probe(settings):
    return [settings]
"""
Recorded = Callable[..., str]
Locked = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_project() -> Iterator[None]:
    yield
    enter(None)


@pytest.fixture
def recorded(install: Callable[..., str], tmp_path: Path) -> Recorded:
    """Install a little distribution with a RECORD, as every wheel leaves one; answers with its module."""

    def write(name: str, code: str = CODE, *, entry: str | None = None) -> str:
        module = install(name, code, entry=entry)
        site = tmp_path / "site"
        info = next(site.glob(f"rosterbus_{name}-*.dist-info"))
        files = [
            path.relative_to(site).as_posix() for folder in (site / module, info) for path in folder.iterdir()
        ]
        (info / "RECORD").write_text("".join(f"{one},,\n" for one in files), encoding="utf-8")
        return module

    return write


@pytest.fixture
def locked(tmp_path: Path) -> Locked:
    """Write a project with a lock of these distributions as they are installed now."""

    def write(
        *names: str, versions: dict[str, str] | None = None, market: str = "", asked: int | None = 0
    ) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "rosterbus.toml").write_text(market, encoding="utf-8")
        core = importlib.metadata.version("rosterbus")
        lines = [f'schema = 1\ncore = "{core}"\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n']
        for name in names:
            distribution = importlib.metadata.distribution(f"rosterbus-{name}")
            lines.append(f'[[package]]\nname = "rosterbus-{name}"\nversion = "{distribution.version}"')
            lines.append(f'origin = "marketplace"\ncontent = "{installed_content(distribution)}"\n')
        for name, version in (versions or {}).items():
            lines.append(f'[[package]]\nname = "{name}"\nversion = "{version}"\norigin = "index"\n')
        (folder / "rosterbus.lock").write_text("\n".join(lines), encoding="utf-8")
        state = folder / ".rosterbus" / "market"
        state.mkdir(parents=True, exist_ok=True)
        if asked is not None:
            at = datetime.now(UTC) - timedelta(days=asked)
            (state / "checked.json").write_text(json.dumps({"at": at.isoformat()}), encoding="utf-8")
            (state / "catalogue.json").write_text('{"entries": []}', encoding="utf-8")
        load_project(folder)
        return folder

    return write


def problem(name: str) -> str | None:
    [one] = [one for one in installed() if one.name == name]
    return one.problem


def withdraw(folder: Path, name: str, reason: str) -> None:
    release = {"version": "1.4", "withdrawn": {"reason": reason, "on": "2026-11-01"}}
    catalogue = {"entries": [{"distribution": f"rosterbus-{name}", "releases": [release]}]}
    path = folder / ".rosterbus" / "market" / "catalogue.json"
    path.write_text(json.dumps(catalogue), encoding="utf-8")


def test_without_a_lock_every_plugin_is_taken(recorded: Recorded, tmp_path: Path):
    recorded("acme")
    load_project(tmp_path)

    assert load("destination", "acme").version == "1.4"
    assert environment_warnings() == []


def test_a_plugin_as_the_lock_has_it_is_imported(recorded: Recorded, locked: Locked):
    recorded("acme")
    locked("acme")

    assert problem("acme") is None
    assert load("destination", "acme").version == "1.4"
    assert environment_warnings() == []


def test_a_plugin_that_is_not_in_the_lock_is_listed_and_never_imported(
    recorded: Recorded, locked: Locked, tmp_path: Path
):
    recorded("acme")
    module = recorded("stray", f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    locked("acme")

    assert (
        problem("stray")
        == "rosterbus-stray is not in rosterbus.lock; run: rosterbus market install rosterbus-stray"
    )
    assert [one.problem for one in examine() if one.name == "stray"] == [problem("stray")]
    with pytest.raises(PluginError, match=r"is not in rosterbus\.lock"):
        load("destination", "stray")
    assert module not in sys.modules
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("what", ["a changed byte", "a file more", "a file less", "another entry point"])
def test_a_plugin_whose_files_differ_from_the_lock_is_never_imported(
    recorded: Recorded, locked: Locked, tmp_path: Path, what: str
):
    module = recorded("acme")
    folder = locked("acme")
    package = tmp_path / "site" / module
    if what == "a changed byte":
        (package / "__init__.py").write_text(CODE + "\n", encoding="utf-8")
    elif what == "a file more":
        (package / "settings.py").write_text("", encoding="utf-8")
    elif what == "a file less":
        (package / "connector.toml").write_text(
            (package / "connector.toml").read_text() + "\n", encoding="utf-8"
        )
    else:
        points = next((tmp_path / "site").glob("*.dist-info")) / "entry_points.txt"
        points.write_text(points.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    with pytest.raises(PluginError, match=r"the installed files of rosterbus-acme 1\.4 are not those"):
        load("destination", "acme")
    assert module not in sys.modules
    assert any(
        "are not those that the lock names" in one
        for one in differences(read_lock(folder / "rosterbus.lock"))
    )


def test_a_package_of_the_same_name_earlier_on_the_path_is_never_imported(
    recorded: Recorded, locked: Locked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = recorded("acme")
    locked("acme")
    shadow = tmp_path / "shadow" / module
    shadow.mkdir(parents=True)
    for name in ("__init__.py", "connector.toml"):
        (shadow / name).write_bytes((tmp_path / "site" / module / name).read_bytes())
    monkeypatch.syspath_prepend(str(shadow.parent))

    with pytest.raises(PluginError, match=r"would be imported from .*shadow, which is not rosterbus-acme"):
        load("destination", "acme")
    assert module not in sys.modules


def test_what_python_makes_of_the_files_does_not_count(recorded: Recorded, locked: Locked, tmp_path: Path):
    module = recorded("acme")
    locked("acme")
    cache = tmp_path / "site" / module / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "acme.pyc").write_bytes(b"")

    assert load("destination", "acme")


def test_another_version_than_the_locks_is_never_imported(recorded: Recorded, locked: Locked):
    module = recorded("acme")
    folder = locked("acme")
    lock = folder / "rosterbus.lock"
    lock.write_text(lock.read_text(encoding="utf-8").replace('"1.4"', '"1.5"'), encoding="utf-8")

    assert problem("acme") == "rosterbus.lock has rosterbus-acme 1.5; run: rosterbus market verify --repair"
    assert module not in sys.modules


@pytest.mark.parametrize("market", ["", '[market]\nlock = "warn"\n'])
def test_what_was_withdrawn_is_never_imported_however_the_lock_is_taken(
    recorded: Recorded, locked: Locked, market: str
):
    module = recorded("acme")
    withdraw(locked("acme", market=market), "acme", "it loses students")

    with pytest.raises(PluginError, match=r"withdrew rosterbus-acme 1\.4: it loses students"):
        load("destination", "acme")
    assert module not in sys.modules


def test_a_lock_that_only_warns_tells_what_differs_and_lets_it_in(
    recorded: Recorded, locked: Locked, tmp_path: Path
):
    module = recorded("acme")
    recorded("stray")
    locked("acme", market='[market]\nlock = "warn"\n', versions={"click": "1.0"})
    (tmp_path / "site" / module / "more.py").write_text("", encoding="utf-8")

    assert load("destination", "acme")
    assert load("destination", "stray")
    told = environment_warnings()
    assert [one for one in told if one.startswith("click is installed as ")]
    assert "the installed files of rosterbus-acme 1.4 are not those that the lock names" in told


def test_no_run_starts_where_the_closure_has_another_version(locked: Locked):
    locked(versions={"click": "1.0"})

    with pytest.raises(
        PluginError, match=r"is not the one of rosterbus\.lock: click is installed as .* the lock has 1\.0"
    ):
        environment_warnings()


def test_a_package_that_only_other_machines_need_may_be_absent(locked: Locked):
    folder = locked(versions={"not-here": "1.0"})
    with pytest.raises(PluginError, match=r"not-here 1\.0 is in the lock and is not installed"):
        environment_warnings()
    lock = folder / "rosterbus.lock"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(f"{text}marker = \"sys_platform == 'win32'\"\n", encoding="utf-8")

    assert environment_warnings() == []


@pytest.mark.parametrize(
    ("asked", "told"), [(0, ""), (13, ""), (15, "was last asked 15 days ago"), (None, "it is not known here")]
)
def test_a_catalogue_that_is_old_is_told_and_stops_nothing(locked: Locked, asked: int | None, told: str):
    locked(asked=asked)

    warnings = environment_warnings()
    assert [told in one for one in warnings] == ([True] if told else [])


def test_a_catalogue_that_somebody_took_away_is_told(locked: Locked):
    (locked() / ".rosterbus" / "market" / "catalogue.json").unlink()

    assert ["it is not known here" in one for one in environment_warnings()] == [True]


def test_a_plugin_that_the_lock_refuses_is_no_rival_of_one_that_it_has(recorded: Recorded, locked: Locked):
    recorded("acme")
    recorded("thief", entry="acme")
    locked("acme")

    assert load("destination", "acme").distribution == "rosterbus-acme"


def test_the_command_line_takes_the_lock_of_its_folder_and_leaves_nothing_behind(
    recorded: Recorded, locked: Locked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    module = recorded("stray")
    monkeypatch.chdir(locked())
    enter(None)

    assert command_line(["connectors", "--json"]) == 0
    plugins = json.loads(capsys.readouterr().out)["plugins"]
    assert [one["problem"] for one in plugins if one["name"] == "stray"] == [problem("stray")]
    assert module not in sys.modules
    monkeypatch.chdir("/")
    assert problem("stray") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = 2\n", "another schema"),
        ("schema = [\n", "not TOML"),
        ('schema = 1\ncore = "1"\n', "lacks something"),
        ('schema = 1\ncore = 1\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n', "lacks something"),
        (
            'schema = 1\ncore = "1"\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n'
            '[[package]]\nname = "a"\nversion = "1"\norigin = "moon"\n',
            "origin 'moon'",
        ),
        *(
            (
                'schema = 1\ncore = "1"\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n'
                f'[[package]]\nname = "a"\nversion = "1"\norigin = "index"\n{line}\n',
                message,
            )
            for line, message in (
                ('marker = "x\\n--find-links=elsewhere"', "find-links"),
                ('extras = ["../x"]', "'../x'"),
                (f'files = {{ "../x.whl" = "{"0" * 64}" }}', "'../x.whl'"),
                ('files = { "x.whl" = "../../x" }', "'../../x'"),
            )
        ),
        (
            'schema = 1\ncore = "1"\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n'
            '[[package]]\nname = "a @ https://example.org/"\nversion = "1"\norigin = "index"\n',
            "example.org",
        ),
    ],
)
def test_a_lock_that_cannot_be_read_lets_nothing_in(
    recorded: Recorded, locked: Locked, text: str, message: str
):
    recorded("acme")
    folder = locked("acme")
    (folder / "rosterbus.lock").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        load("destination", "acme")


def test_compiled_code_that_was_planted_beside_a_source_does_not_run(
    recorded: Recorded, locked: Locked, tmp_path: Path
):
    module = recorded("acme", f"{CODE}{'#' * 300}\n")  # room for the other code, however long the path in it
    locked("acme")
    source, ran = tmp_path / "site" / module / "__init__.py", tmp_path / "ran"
    seen, honest = source.stat(), source.read_bytes()
    evil = f"open({str(ran)!r}, 'w').close()\n".encode()
    assert len(evil) <= len(honest)
    source.write_bytes(evil.ljust(len(honest), b"#"))
    os.utime(source, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    py_compile.compile(str(source), doraise=True)
    source.write_bytes(honest)
    os.utime(source, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert hasattr(load("destination", "acme").module, "probe")
    assert not ran.exists()


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [(False, "`stranger` is no package of"), (True, "are not those that the lock names")],
)
def test_a_forged_description_brings_no_package_that_was_not_agreed_to(
    recorded: Recorded,
    locked: Locked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listed: bool,
    sentence: str,
):
    """A second description of the same release, whose RECORD names the honest files, has another entry point."""
    module, site, ran = recorded("acme"), tmp_path / "site", tmp_path / "ran"
    locked("acme")
    forged = site / "Rosterbus.Acme-1.4.dist-info"
    shutil.copytree(site / "rosterbus_acme-1.4.dist-info", forged)
    (forged / "entry_points.txt").write_text(
        "[rosterbus.v1.destinations]\nacme = stranger\n", encoding="utf-8"
    )
    shutil.copytree(site / module, site / "stranger")
    (site / "stranger" / "__init__.py").write_text(f"open({str(ran)!r}, 'w').close()", encoding="utf-8")
    if listed:
        with (forged / "RECORD").open("a", encoding="utf-8") as file:
            file.write("stranger/__init__.py,,\n")
    names = os.listdir
    monkeypatch.setattr(
        "os.listdir", lambda path=".": sorted(names(path))
    )  # so that the forged one comes first
    os.utime(site)

    with pytest.raises(PluginError, match=sentence):
        load("destination", "acme")
    assert not ran.exists()


def test_a_package_that_was_locked_as_no_plugin_is_none(recorded: Recorded, locked: Locked):
    """What a connector needs beside it is known by its version alone: it may not become a plugin by an update."""
    module = recorded("stray")
    locked(versions={"rosterbus-stray": "1.4"})

    assert "does not say which code of rosterbus-stray was agreed to" in str(problem("stray"))
    with pytest.raises(PluginError, match="which code of rosterbus-stray was agreed to"):
        load("destination", "stray")
    assert module not in sys.modules


def test_a_distribution_that_takes_the_tools_name_brings_no_other_package(recorded: Recorded, locked: Locked):
    """No lock binds the tool that writes it."""
    module = recorded("market", entry="thief")
    locked()

    with pytest.raises(PluginError, match="is no package of rosterbus-market"):
        load("destination", "thief")
    assert module not in sys.modules


def test_what_has_no_name_and_what_names_no_file_breaks_no_list(
    recorded: Recorded, install: Callable[..., str], locked: Locked, tmp_path: Path
):
    """As an uninstallation leaves one that was interrupted."""
    recorded("acme")
    install("odd", points_to="__main__")
    install("gone")
    (tmp_path / "site" / "rosterbus_gone-1.4.dist-info" / "METADATA").unlink()
    locked("acme")

    assert problem("acme") is None
    assert problem("odd")
    assert problem("gone")
    assert "rosterbus-odd 1.4 is installed and is not in the lock" in differences(
        read_lock(tmp_path / "project" / "rosterbus.lock")
    )
