"""How the account is written down."""

from __future__ import annotations

import marshmallow
import pytest
from rosterbus_samegoal import Settings

PIN = "SHA256:" + "a" * 43


def test_a_location_and_a_transport_table_say_the_same_as_keys_of_their_own():
    key = {"file": "key"}
    flat = {"host": "sftp.example.org", "port": 2222, "username": "district", "host_key": PIN}
    nested = {
        "location": "sftp://district@sftp.example.org:2222/upload",
        "transport": {"private_key": key, "host_key": PIN},
    }
    assert dict(Settings().load({**flat, "private_key": key})) == dict(Settings().load(nested))


def test_the_folders_are_those_of_the_article_unless_said_otherwise():
    settings = Settings().load({"host": "sftp.example.org", "username": "district"})
    assert (settings.upload, settings.processed) == ("/upload", "/upload-processed")


def test_the_path_of_a_location_is_the_upload_folder_without_its_last_slash():
    settings = Settings().load({"location": "sftp://district@sftp.example.org/elsewhere/"})
    assert settings.upload == "/elsewhere"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"upload": "/"}, "no folder of its own"),
        ({"processed": "/upload/"}, "nobody could tell what SameGoal has taken"),
        ({"folder": "/upload"}, "Unknown field"),
        ({"mode": "straight"}, "Must be one of: epoch, auto"),
        ({"overdue_hours": 0}, "Must be greater than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(written, wrong):
    with pytest.raises(marshmallow.ValidationError, match=wrong):
        Settings().load({"host": "sftp.example.org", "username": "district", **written})
