"""The command line beside broken plugins, and what it costs to ask it for help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"duckdb", "marshmallow", "sqlalchemy", "paramiko", "boto3", "botocore", "rich", "petl", "asyncssh"}
CARD = """
title = "A vendor"
kind = "destination"
system = "A vendor"
pages = []
hosts = []
guarantee = "once"
absence = "kept"
commands = {}
maturity = "draft"
maintainers = []
"""
BROKEN = {
    "burst": ("v1.destinations", "raise RuntimeError('no such library here')"),
    "misspelt": (
        "v1.destinations",
        "from rosterbus.hookspecs import hookimpl\n@hookimpl\ndef lode(delivery, settings): ...\n",
    ),
    "tomorrow": ("v9.destinations", ""),
}


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Three broken plugins on the path of every new process."""
    for name, (group, code) in BROKEN.items():
        package = tmp_path / f"rosterbus_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(code, encoding="utf-8")
        (package / "connector.toml").write_text(CARD, encoding="utf-8")
        info = tmp_path / f"rosterbus_{name}-2.5.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: rosterbus-{name}\nVersion: 2.5\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        points = f"[rosterbus.{group}]\n{name} = rosterbus_{name}\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("beside")
def test_broken_plugins_are_shown_with_their_reasons_and_take_nothing_down(rosterbus_process):
    said = rosterbus_process("connectors", "--json")

    assert said.code == 0
    plugins = {(one["kind"], one["name"]): one for one in said.json["plugins"]}
    reasons = {"burst": "no such library here", "misspelt": "lode", "tomorrow": "needs connector API 9"}
    for name, reason in reasons.items():
        [found] = [one for (_, called), one in plugins.items() if called == name]
        assert (found["distribution"], found["version"]) == (f"rosterbus-{name}", "2.5")
        assert reason in found["problem"]
    healthy = {key for key, one in plugins.items() if not one["problem"]}
    assert healthy >= {
        ("source", "oneroster"), ("destination", "handshake"), ("destination", "samegoal"),
        ("transport", "sftp"), ("transport", "s3"), ("report", "sync-report"), ("extension", "demo"),
    }  # fmt: skip
    assert rosterbus_process("connectors").out.count("BROKEN") == len(BROKEN)


@pytest.mark.usefixtures("beside")
def test_a_pipeline_runs_beside_broken_plugins(rosterbus_process, to_samegoal):
    said = rosterbus_process("run", "p", "--json", "--folder", to_samegoal.root)

    assert said.code == 0
    assert said.receipt["state"] == "confirmed"


@pytest.mark.usefixtures("beside")
def test_a_pipeline_that_names_a_broken_plugin_says_who_broke_it(rosterbus_process, to_samegoal):
    path = to_samegoal.root / "pipelines" / "p.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("deliver.samegoal", "deliver.burst"), encoding="utf-8"
    )
    said = rosterbus_process("run", "p", "--folder", to_samegoal.root)

    assert said.code == 1
    assert "rosterbus-burst 2.5" in said.err
    assert "no such library here" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "line", ["import rosterbus", "from rosterbus.cli import command_line; command_line(['--help'])"]
)
def test_help_and_the_package_itself_import_nothing_heavy(line):
    code = f"import json, sys; {line}; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    imported = set(json.loads(done.stderr.decode("utf-8").splitlines()[-1]))

    assert imported & HEAVY == set()
    connectors = {name for name in imported if name.startswith("rosterbus_")}
    assert connectors == set()


def test_help_lists_the_commands_of_plugins_too(rosterbus):
    said = rosterbus("--help")

    assert said.code == 0
    for name in ("demo", "run", "plan", "apply", "connectors", "rehearse"):
        assert f"\n  {name} " in said.out
