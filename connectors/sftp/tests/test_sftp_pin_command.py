"""`rosterbus pin` takes a key from the network only where a person compares it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from rosterbus.errors import ConfigError
from rosterbus_sftp import commands
from rosterbus_sftp.pinning import pin

PIPELINE = """\
# nightly
name = "springfield"

[deliver.samegoal]
host = "127.0.0.1"   # the vendor's
host_key = "SHA256:old"  # from the letter of 2026-01-02
username = 'district'
"""


def run(*arguments: str):
    return CliRunner().invoke(pin, arguments)


def test_the_command_is_announced():
    assert [command.name for command in commands()] == ["pin"]


def test_without_a_terminal_nothing_is_believed(server):
    result = run(server.url())
    assert isinstance(result.exception, ConfigError)
    assert "a host key is pinned by a person at a terminal" in str(result.exception)
    assert server.fingerprint in result.output
    assert "host_key =" not in result.output


def test_the_accepted_fingerprint_is_printed_as_a_setting_without_logging_in(server):
    result = run(server.url(), "--accept", server.fingerprint)
    assert result.exit_code == 0, result.output
    assert f'host_key = "{server.host_key}"' in result.output
    assert server.verbs() == [("connect", "")]


def test_another_key_than_the_accepted_one_is_refused(server):
    result = run(server.url(), "--accept", "SHA256:" + "A" * 43)
    assert isinstance(result.exception, ConfigError)
    assert "not the accepted host key" in str(result.exception)
    assert "host_key =" not in result.output


def test_only_the_key_changes_in_a_written_file(server, tmp_path):
    file = tmp_path / "springfield.toml"
    file.write_bytes(PIPELINE.replace("\n", "\r\n").encode())
    run(
        server.url(),
        "--accept",
        server.fingerprint,
        "--write",
        str(file),
        "--key",
        "deliver.samegoal.host_key",
    )
    expected = PIPELINE.replace("SHA256:old", server.host_key).replace("\n", "\r\n").encode()
    assert file.read_bytes() == expected
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["springfield.toml"]


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        (PIPELINE, "deliver.nobody.host_key", "no such table"),
        (PIPELINE, "name.host_key", "no such table"),
        ("= nonsense", "host_key", "cannot be read as TOML"),
    ],
)
def test_a_file_that_cannot_take_the_key_stays_as_it_is(server, tmp_path, text, key, told):
    file = tmp_path / "springfield.toml"
    file.write_text(text, encoding="utf-8", newline="")
    result = run(server.url(), "--accept", server.fingerprint, "--write", str(file), "--key", key)
    assert told in str(result.exception)
    assert file.read_text(encoding="utf-8") == text


def test_write_and_key_belong_together(server):
    assert "belong together" in str(run(server.url(), "--write", "x.toml").exception)
    assert server.operations == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.parametrize(("answer", "pinned"), [(b"y\n", True), (b"n\n", False)])
def test_a_person_at_a_terminal_decides(server, answer, pinned):
    import pty

    ours, theirs = pty.openpty()
    program = "from rosterbus_sftp.pinning import pin; pin()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, server.url()], stdin=theirs, stdout=subprocess.PIPE
    )
    os.write(ours, answer)
    output, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (b"host_key = " in output, process.returncode == 0) == (pinned, pinned)
