"""An address is https and nothing else, and what is wrong is told by its setting."""

from __future__ import annotations

import stat

import marshmallow
import pytest
from rosterbus.describing import example_settings
from rosterbus_https import HTTPSSettings
from rosterbus_https.inbox import Inbox

GOOD = {"location": "https://sis.example.org/imports/", "token": {"env": "TOKEN"}}


def refused(**changes):
    with pytest.raises(marshmallow.ValidationError) as told:
        HTTPSSettings().load({**GOOD, **changes})
    return told.value.normalized_messages()


def test_an_address_is_kept_without_a_slash_at_its_end():
    assert HTTPSSettings().load(GOOD).location == "https://sis.example.org/imports"


@pytest.mark.parametrize(
    "location",
    [
        "http://sis.example.org",
        "sis.example.org",
        "https://",
        "https://a:b@x.org",
        "https://x.org?a",
        "https://x:y",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(location):
    [told] = refused(location=location)["location"]
    assert "https://sis.example.org/imports" in told


def test_certificates_that_are_not_there_are_refused(tmp_path):
    assert refused(ca_file=str(tmp_path / "none.pem")) == {"ca_file": ["there is no such file"]}


def test_what_the_inbox_keeps_is_private_and_the_same_when_it_starts_again(tmp_path):
    with Inbox(tmp_path / "inbox") as first:
        told, port = first.settings()["token"].reveal(), first.port
        first.stop()
        first.stop()
        first.start()
        assert first.port == port
        first.arrived["students.csv"] = b"abc"
    assert Inbox(tmp_path / "inbox").settings()["token"].reveal() == told
    for path in (tmp_path / "inbox").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_the_example_of_an_address_is_one_that_is_taken():
    assert HTTPSSettings().load(dict(example_settings(HTTPSSettings))).location.startswith("https://")
