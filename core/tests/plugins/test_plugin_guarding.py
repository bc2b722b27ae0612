"""The lock of a folder is found without the whole project, and is the same as that of the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.gate import enter
from rosterbus.guarding import guarded_in
from rosterbus.project import load_project

ASK = """
import sys
from rosterbus.cli import command_line
command_line(["--help"])
assert "rosterbus.lock" in sys.modules
assert not {"marshmallow", "duckdb", "sqlalchemy", "rosterbus.project"} & {*sys.modules}
"""
LOCK = 'schema = 1\ncore = "1"\n[marketplace]\nlocation = "x"\nfingerprint = "y"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        'timezone = "America/Chicago"\n',
        'state_dir = "elsewhere"\n',
        'state_dir = "../beside"\n[market]\nlock = "warn"\nwarn_after_days = 3\n',
        '[market]\nlock = "refuse"\n',
    ],
)
@pytest.mark.parametrize("below", ["", "pipelines"])
def test_the_lock_of_a_folder_is_that_of_its_project(tmp_path: Path, text: str, below: str):
    (tmp_path / "rosterbus.toml").write_text(text, encoding="utf-8")
    (tmp_path / "pipelines").mkdir()

    found = guarded_in((tmp_path / below).resolve())
    assert found == load_project(tmp_path).guarded
    enter(None)


@pytest.mark.parametrize(
    "text",
    [
        "market = 1\n",
        '[market]\nlock = "never"\n',
        "[market]\nwarn_after_days = 0\n",
        "state_dir = 1\n",
        "x =\n",
    ],
)
def test_a_project_file_that_says_it_wrongly_opens_no_gate(tmp_path: Path, text: str):
    (tmp_path / "rosterbus.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"rosterbus\.toml"):
        guarded_in(tmp_path)
    enter(None)


def test_help_costs_no_more_where_a_lock_is(tmp_path: Path):
    (tmp_path / "rosterbus.toml").touch()
    (tmp_path / "rosterbus.lock").write_text(LOCK, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
