"""A program gets the notice on its standard input, and its failure is not overlooked."""

import json
import sys

import marshmallow
import pytest
from rosterbus.errors import ConfigError, ConnectorError
from rosterbus.notices import command


def told(notice, *argv, timeout=30):
    settings = command.Settings().load({"argv": list(argv), "timeout_seconds": timeout})
    command.notify(notice, settings)


def test_the_program_reads_the_notice_as_json(notice, tmp_path):
    copy = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    told(notice, sys.executable, "-c", copy, str(tmp_path / "a b; c"))
    assert json.loads((tmp_path / "a b; c").read_text(encoding="utf-8")) == notice.as_json()


def test_a_program_that_fails_is_reported_with_its_exit_code(notice):
    with pytest.raises(ConnectorError, match="failed with exit code 3"):
        told(notice, sys.executable, "-c", "raise SystemExit(3)")


def test_a_program_that_does_not_read_may_still_succeed(notice):
    told(notice, sys.executable, "-c", "")


def test_a_program_that_hangs_is_ended(notice):
    with pytest.raises(ConnectorError, match="took more than 1 seconds and was ended"):
        told(notice, sys.executable, "-c", "import time; time.sleep(60)", timeout=1)


def test_a_program_that_is_not_there_is_a_mistake_of_the_configuration(notice, tmp_path):
    with pytest.raises(ConfigError, match="`argv`: the notifier cannot be run"):
        told(notice, str(tmp_path / "gone"))


def test_an_empty_command_is_refused(notice):
    with pytest.raises(marshmallow.ValidationError):
        told(notice)
