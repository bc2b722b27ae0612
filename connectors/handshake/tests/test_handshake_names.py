from collections.abc import Callable

import pytest
from rosterbus.deliveries import Delivery
from rosterbus.settings import Values
from rosterbus_handshake import address
from rosterbus_handshake.published import TEST_WORDS


@pytest.mark.parametrize(
    ("test", "taken", "name"),
    [
        (False, [], "20261121_users.csv"),
        (False, ["20261121_users.csv"], "20261121-020005_users.csv"),
        (False, ["20261121_users.csv", "20261121-020005_users.csv"], "20261121-020005-2_users.csv"),
        (True, [], "20261121_test_users.csv"),
        (True, ["20261121_test_users.csv"], "20261121-020005_test_users.csv"),
        (True, ["20261121_users.csv"], "20261121_test_users.csv"),
    ],
)
def test_a_name_is_of_the_day_and_belongs_to_one_plan(
    make_delivery: Callable[..., Delivery],
    load_settings: Callable[..., Values],
    test: bool,
    taken: list[str],
    name: str,
) -> None:
    folder = "importer-production-springfield"
    delivery = make_delivery(test=test, is_taken=lambda key: key.removeprefix(f"{folder}/") in taken)
    found = address(delivery, load_settings())
    assert found.files == (f"{folder}/{name}",)
    assert any(word in name for word in TEST_WORDS) is test


def test_the_target_is_bucket_and_folder(
    make_delivery: Callable[..., Delivery], load_settings: Callable[..., Values]
) -> None:
    for folder in ("importer-production-springfield", "importer-production-springfield/"):
        found = address(make_delivery(), load_settings(bucket_folder=folder))
        assert found.target == "s3://handshake-importer-uploads/importer-production-springfield"
        assert found.files == ("importer-production-springfield/20261121_users.csv",)


def test_a_plan_without_a_file_still_has_its_target(
    make_delivery: Callable[..., Delivery], load_settings: Callable[..., Values]
) -> None:
    assert address(make_delivery(files=[]), load_settings()).files == ()
