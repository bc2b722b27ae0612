"""Secrets are references; what is wrong with one is said without saying the secret."""

from __future__ import annotations

import os

import pytest
from rosterbus.errors import ConfigError
from rosterbus.secrets import SecretReference


def secret_file(tmp_path, data, mode=0o600):
    path = tmp_path / "key"
    path.write_bytes(data)
    path.chmod(mode)
    return SecretReference("file", str(path))


@pytest.mark.parametrize("data", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_a_file_is_read_without_its_last_line_break(tmp_path, data):
    assert secret_file(tmp_path, data).reveal() == "s3cret"


@pytest.mark.parametrize(
    ("data", "mode", "told"),
    [
        (b"", 0o600, "not there, or empty"),
        (b"\n", 0o600, "not there, or empty"),
        (b"s3cret\xff", 0o600, "no text in UTF-8"),
        pytest.param(
            b"s3cret", 0o640, "chmod 600", marks=pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
        ),
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path, data, mode, told):
    with pytest.raises(ConfigError, match=told) as error:
        secret_file(tmp_path, data, mode).reveal()
    assert "s3cret" not in str(error.value)


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path):
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, told in (("folder", "Is a directory"), ("missing", "No such file")):
        with pytest.raises(ConfigError, match=f"cannot be read: {told}"):
            SecretReference("file", str(tmp_path / name)).reveal()


def test_only_a_file_has_a_path():
    with pytest.raises(ConfigError, match="a file is needed here"):
        SecretReference("env", "HOME").path()


@pytest.mark.parametrize(
    "value",
    [
        "s3cret",
        {"env": ""},
        {"env": 5},
        {"vault": "s3cret"},
        {"env": "A", "file": "B"},
        {"keyring": "s3cret"},
        None,
    ],
)
def test_anything_but_a_reference_is_refused_and_not_repeated(value):
    with pytest.raises(ValueError, match="env = ") as error:
        SecretReference.parse(value)
    assert "s3cret" not in str(error.value)


def test_a_reference_is_printed_without_the_secret(monkeypatch):
    monkeypatch.setenv("REAL", "s3cret")
    reference = SecretReference("env", "REAL")
    assert "s3cret" not in f"{reference} {reference!r}"
