"""Settings from keys, from a location, from a table, and what is refused."""

from __future__ import annotations

import marshmallow
import pytest
from rosterbus import settings
from rosterbus.errors import ConfigError
from rosterbus_sftp import SFTPSettings, located, target
from rosterbus_sftp.hostkeys import Pin
from rosterbus_sftp.settings import parse_location

LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGp3Y2t0c2V0c2V0c2V0c2V0c2V0c2V0c2V0c2V0c2V0"
FINGERPRINT = "SHA256:" + "a" * 43


class Vendor(SFTPSettings):
    """A vendor whose folder has a name of its own."""

    path_setting = "upload"
    upload = settings.text("Where files go.", default="/upload")


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("sftp://host.example.org", {"host": "host.example.org"}),
        (
            "sftp://me@127.0.0.1:2222/up/x.csv",
            {"host": "127.0.0.1", "port": 2222, "username": "me", "path": "/up/x.csv"},
        ),
        ("sftp://me%40district@h/a%20b", {"host": "h", "username": "me@district", "path": "/a b"}),
        ("sftp://me@[::1]:22/~/exports", {"host": "::1", "port": 22, "username": "me", "path": "exports"}),
    ],
)
def test_a_location_is_split_into_its_parts(location, parts):
    assert parse_location(location) == parts


@pytest.mark.parametrize(
    "location",
    [
        "sftp://me:hunter2@h/x",
        "ftp://hunter2@h/x",
        "sftp:///hunter2",
        "sftp://h:hunter2/",
        "sftp://h/x#hunter2",
        "sftp://h/hunter2%FF",
    ],
)
def test_a_location_that_is_refused_is_never_repeated(location):
    with pytest.raises(ConfigError) as refused:
        located(location, {})
    assert "hunter2" not in str(refused.value)


def test_location_and_transport_say_the_same_as_the_keys():
    values = Vendor().load(
        {
            "location": "sftp://me@127.0.0.1:99/there",
            "transport": {"private_key": {"file": "key"}, "timeout": 3},
        }
    )
    assert (values.host, values.port, values.username, values.upload) == ("127.0.0.1", 99, "me", "/there")
    assert str(values.private_key) == "file key"
    assert values.timeout == 3
    assert target(values, values.upload) == "sftp://me@127.0.0.1:99/there"


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(marshmallow.ValidationError, match="differs from what `location` says"):
        Vendor().load({"location": "sftp://me@there", "host": "here"})


def test_a_server_and_a_name_are_needed():
    with pytest.raises(marshmallow.ValidationError) as refused:
        SFTPSettings().load({})
    assert set(refused.value.messages) == {"host", "username"}


def test_a_literal_secret_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="`password`: a secret is written as a reference") as refused:
        located("sftp://me@h/x", {"password": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_host_key_is_read_in_every_form_that_tools_print():
    as_line = Pin.parse(LINE)
    assert as_line.algorithm == "ssh-ed25519"
    assert Pin.parse(f"{LINE} comment@host") == as_line
    assert Pin.parse(f"[h]:2222 {LINE}\n") == as_line
    assert Pin.parse(f"{FINGERPRINT}=") == Pin(FINGERPRINT)
    loaded = SFTPSettings().load({"host": "h", "username": "u", "host_key": [LINE, FINGERPRINT]})
    assert loaded.host_key == (as_line, Pin(FINGERPRINT))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MD5:aa:bb",
        "SHA256:short",
        "ssh-ed25519 AAAA!",
        "ssh-ed25519 AAAAB",
        LINE.replace("ed25519", "rsa", 1),
    ],
)
def test_what_is_no_host_key_is_refused(text):
    with pytest.raises(ValueError, match="host key"):
        Pin.parse(text)


def test_settings_are_read_without_reading_a_secret():
    values = SFTPSettings().load(
        {"host": "h", "username": "u", "password": {"env": "ROSTERBUS_TEST_NOT_SET"}}
    )
    assert repr(values).startswith("Values(")
