"""Settings from keys, from a location, from a table, and what is refused."""

from __future__ import annotations

import marshmallow
import pytest
from rosterbus import settings
from rosterbus.errors import ConfigError
from rosterbus_s3 import S3Settings, located, target
from rosterbus_s3.settings import parse_location

KEYS = {"access_key_id": {"env": "A"}, "secret_access_key": {"env": "B"}}


class Vendor(S3Settings):
    """A vendor whose bucket is known and whose folder has a name of its own."""

    path_setting = "bucket_folder"
    bucket = settings.text("The vendor's bucket.", default="vendor-uploads")
    bucket_folder = settings.text("The district's folder.", default="")


def test_a_location_is_taken_as_it_is():
    assert parse_location("s3://bucket") == {"bucket": "bucket"}
    assert parse_location("s3://bucket/a/b%20c?.csv") == {"bucket": "bucket", "path": "a/b%20c?.csv"}


@pytest.mark.parametrize("location", ["s3://key:hunter2@bucket/x", "https://hunter2/x", "s3:///hunter2"])
def test_a_location_that_is_refused_is_never_repeated(location):
    with pytest.raises(ConfigError) as refused:
        located(location, KEYS)
    assert "hunter2" not in str(refused.value)


def test_location_and_transport_say_the_same_as_the_keys():
    values = Vendor().load({"location": "s3://other/springfield", "transport": KEYS, "region": "eu-west-1"})
    assert (values.bucket, values.bucket_folder, values.region) == ("other", "springfield", "eu-west-1")
    assert str(values.access_key_id) == "env A"
    assert Vendor().load(KEYS).bucket == "vendor-uploads"
    assert target(values, values.bucket_folder) == "s3://other/springfield"
    assert (
        target(located("s3://b", {**KEYS, "endpoint": "https://s.example.org"}))
        == "s3://b/ at https://s.example.org"
    )


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(marshmallow.ValidationError, match="differs from what `location` says"):
        Vendor().load({"location": "s3://there", "bucket": "here", **KEYS})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"access_key_id": {"env": "A"}},
        {**KEYS, "ambient": True},
        {"access_key_id": {"env": "A"}, "ambient": True},
    ],
)
def test_credentials_are_given_in_full_or_taken_from_the_machine(wrong):
    with pytest.raises(marshmallow.ValidationError, match="or `ambient = true` alone"):
        S3Settings().load({"bucket": "b", **wrong})


def test_only_this_machine_is_reached_without_encryption():
    for endpoint in (
        "http://127.0.0.1:8333",
        "http://localhost:1",
        "http://[::1]:1",
        "https://s3.example.org",
    ):
        assert S3Settings().load({"bucket": "b", "endpoint": endpoint, **KEYS}).endpoint == endpoint
    for endpoint in (
        "http://s3.example.org",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "s3.example.org",
    ):
        with pytest.raises(marshmallow.ValidationError, match="begins with https://"):
            S3Settings().load({"bucket": "b", "endpoint": endpoint, **KEYS})


def test_a_bucket_is_needed():
    with pytest.raises(marshmallow.ValidationError, match="bucket"):
        S3Settings().load(KEYS)
