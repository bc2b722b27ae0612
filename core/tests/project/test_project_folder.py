"""The project folder is found, read and checked, and works without a file."""

import os
from pathlib import Path

import pytest
from rosterbus.errors import ConfigError
from rosterbus.notices import KINDS
from rosterbus.project import Retention, load_project

FULL = """\
state_dir = "state"
timezone = "America/Chicago"
approvers = ["pat"]
approval_hours = 12
plan_hours = 6
baseline = "digests"

[retention]
staged_days = 3

[privacy]
exclude = "optouts.csv"

[[notify]]
by = "mail"
on = ["held", "failed"]
host = "mail.example.org"

[[notify]]
by = "command"
argv = ["true"]

[environments.test]
timezone = "UTC"
"""


@pytest.fixture
def full(folder):
    folder.write("optouts.csv", "id,reason\n")
    folder.write("rosterbus.toml", FULL)
    return folder


def test_every_setting_is_read(full):
    project = full.project()
    assert project.state_dir == full.path / "state"
    assert (str(project.timezone), project.approvers) == ("America/Chicago", ("pat",))
    assert (project.approval_hours, project.plan_hours, project.baseline) == (12, 6, "digests")
    assert project.retention == Retention(staged_days=3, report_days=90, ledger_years=7)
    assert project.exclude == full.path / "optouts.csv"
    first, second = project.notifiers
    assert (first.by, first.on, first.settings) == ("mail", ("held", "failed"), {"host": "mail.example.org"})
    assert (second.by, len(second.on), second.key_path) == ("command", len(KINDS), ("notify", 1))


def test_a_project_without_a_file_keeps_its_state_in_its_own_folder(folder):
    project = folder.project()
    assert (project.file, project.state_dir) == (None, folder.path / ".rosterbus")
    assert not project.state_dir.exists()
    assert (project.approval_hours, project.plan_hours, project.baseline) == (24, 24, "values")


def test_the_file_is_found_from_a_folder_below(full):
    assert load_project(full.path / "pipelines").file == full.path / "rosterbus.toml"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_in_a_folder_above_is_not_used(full):
    os.chown(full.path / "rosterbus.toml", 12345, -1)
    os.setegid(0)
    with pytest.raises(ConfigError, match="belongs to another account"):
        load_project(full.path / "pipelines")
    assert load_project(full.path).file is not None


def test_an_environment_overrides_and_has_a_state_of_its_own(full):
    project = full.project(environment="test")
    assert (str(project.timezone), project.state_dir) == ("UTC", full.path / "state-test")


def test_an_error_in_an_environment_names_the_line_in_the_environment(full):
    full.write("rosterbus.toml", FULL.replace('timezone = "UTC"', 'timezone = "Mars"'))
    with pytest.raises(ConfigError, match=r"line 24: `timezone`: there is no such time zone"):
        full.project(environment="test")


def test_an_unknown_environment_is_refused_with_the_declared_ones(full):
    with pytest.raises(ConfigError, match="no such environment; found tset; allowed: test"):
        full.project(environment="tset")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('state = "x"', "rosterbus.toml, line 1: `state`: there is no such setting here; allowed: state_dir"),
        ("[retention]\nstaged_day = 1", "line 2: `retention.staged_day`: .*allowed: staged_days"),
        ("[retention]\nreport_days = 0", "line 2: `retention.report_days`: must be greater .*; found 0"),
        (
            "approval_hours = '12'",
            "`approval_hours`: not a valid integer; found a text; allowed: a whole number",
        ),
        ('baseline = "hash"', "this word is not allowed here; found 'hash'; allowed: values, digests"),
        (
            'timezone = "America/Chicage"',
            "no such time zone; found 'America/Chicage'; allowed: America/Chicago",
        ),
        ('timezone = "../etc/passwd"', "`timezone`: there is no such time zone"),
        ('state_dir = "."', "`state_dir`: the state needs a folder of its own"),
        (
            '[privacy]\nexclude = "no.csv"',
            "line 2: `privacy.exclude`: there is no such file in the project folder",
        ),
        ('[privacy]\nexclude = "../x.csv"', "`privacy.exclude`: the path leaves the project folder"),
        ('[[notify]]\nhost = "x"', r"line 1: `notify\[0\].by`: this setting is required"),
        (
            '[[notify]]\nby = "mail"\non = ["hold"]',
            r"line 3: `notify\[0\].on\[0\]`: .* found 'hold'; allowed: held",
        ),
        (
            "environments = 1",
            "`environments`: not a valid mapping type; found a whole number; allowed: a table",
        ),
        ("a = \n", "line 1: this is not TOML: invalid value"),
    ],
)
def test_a_mistake_names_file_line_key_what_was_found_and_what_is_allowed(folder, content, message):
    with pytest.raises(ConfigError, match=message) as caught:
        folder.project(content)
    assert caught.value.file == folder.path / "rosterbus.toml"


def test_a_file_that_is_not_utf8_is_refused_with_its_line(folder):
    (folder.path / "rosterbus.toml").write_bytes(b"# first\n# Zo\xeb\n")
    with pytest.raises(ConfigError, match="line 2: the file is not UTF-8"):
        folder.project()


def test_a_byte_order_mark_and_windows_line_ends_are_read(folder):
    (folder.path / "rosterbus.toml").write_bytes(b'\xef\xbb\xbfstate_dir = "s"\r\nplan_hours = 0\r\n')
    with pytest.raises(ConfigError, match="line 2: `plan_hours`"):
        folder.project()


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such project folder"):
        load_project(tmp_path / "gone")


def test_the_home_of_the_state_may_be_elsewhere(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert folder.project('state_dir = "~/state"').state_dir == (Path(tmp_path) / "state").resolve()
