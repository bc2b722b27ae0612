from collections.abc import Callable
from typing import Any

import marshmallow
import pytest
from rosterbus.settings import Values
from rosterbus_handshake import Settings

KEYS = {"access_key_id": {"env": "HANDSHAKE_ID"}, "secret_access_key": {"env": "HANDSHAKE_SECRET"}}


def wrong(**given: Any) -> dict[str, Any]:
    with pytest.raises(marshmallow.ValidationError) as caught:
        Settings().load(given)
    return dict(caught.value.normalized_messages())


def test_a_folder_and_a_cadence_are_enough(load_settings: Callable[..., Values]) -> None:
    settings = load_settings(cadence="weekly")
    assert (settings.bucket, settings.region) == ("handshake-importer-uploads", "us-east-1")
    assert (settings.stage, settings.leavers, settings.labels, settings.alumni) == (
        "auto-run",
        "kept",
        False,
        False,
    )


def test_without_keys_those_of_the_aws_command_are_taken(load_settings: Callable[..., Values]) -> None:
    assert load_settings().ambient
    assert not load_settings(**KEYS).ambient
    assert not load_settings(transport=KEYS).ambient
    assert load_settings(transport=KEYS).access_key_id.name == "HANDSHAKE_ID"


def test_half_a_pair_of_keys_is_refused() -> None:
    assert "access_key_id" in wrong(bucket_folder="x", access_key_id={"env": "HANDSHAKE_ID"})


def test_a_location_says_bucket_and_folder() -> None:
    settings = Settings().load({"location": "s3://uploads/importer-production-springfield"})
    assert (settings.bucket, settings.bucket_folder) == ("uploads", "importer-production-springfield")


def test_a_location_that_contradicts_the_folder_is_refused() -> None:
    assert "bucket_folder" in wrong(location="s3://uploads/one", bucket_folder="two")


def test_the_folder_is_required_and_the_other_name_of_it_unknown() -> None:
    assert wrong(cadence="weekly") == {"bucket_folder": ["Missing data for required field."]}
    assert wrong(bucket_folder="x", folder="y") == {"folder": ["Unknown field."]}


@pytest.mark.parametrize("folder", ["a b", "a/../é", "a//b", "/a", "a&b", "", "a\n"])
def test_a_folder_with_characters_that_do_not_arrive_is_refused(folder: str) -> None:
    assert "letters, digits" in wrong(bucket_folder=folder)["bucket_folder"][0]


def test_a_folder_with_all_allowed_characters_is_taken(load_settings: Callable[..., Values]) -> None:
    assert load_settings(bucket_folder="aZ0!-_.*'()/b").bucket_folder == "aZ0!-_.*'()/b"


def test_another_region_is_refused() -> None:
    assert wrong(bucket_folder="x", region="eu-west-1") == {"region": ["Must be one of: us-east-1."]}


def test_alumni_are_never_disabled_for_leaving_their_file() -> None:
    assert "six months" in wrong(bucket_folder="x", alumni=True, leavers="disabled")["leavers"][0]


def test_a_domain_is_written_in_small_letters_without_an_at() -> None:
    message = wrong(bucket_folder="x", institution_domains=["@Springfield.edu"])["institution_domains"]
    assert "springfield.edu" in str(message)
