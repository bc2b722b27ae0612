"""Any source reads from an S3 location, and any file goes to one."""

from __future__ import annotations

import zipfile

import pytest
import rosterbus_s3
from rosterbus.errors import ConfigError, ConnectorError, NotThereError


@pytest.fixture
def transport(store_server):
    return {
        name: value
        for name, value in store_server.settings(admin=True).items()
        if name not in ("bucket", "location")
    }


def test_a_file_is_put_listed_and_read_from_anywhere_in_it(store_server, transport, folder, tmp_path):
    package = tmp_path / "export.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("users.csv", "sourcedId\r\n" * 50_000)
    location = f"s3://uploads/{folder}/export.zip"
    for _ in range(2):
        assert rosterbus_s3.put(package, location, transport)["created"] is True
    with rosterbus_s3.open(location, transport) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("users.csv").count(b"\r\n") == 50_000
    assert rosterbus_s3.list(f"s3://uploads/{folder}", transport) == [("export.zip", package.stat().st_size)]
    assert rosterbus_s3.list(location, transport) == []


def test_a_compressed_object_is_read_as_it_is(store_server, transport, folder):
    with store_server.admin("uploads") as store:
        store.client.put_object(Bucket="uploads", Key=f"{folder}/users.csv.gz", Body=b"\x1f\x8bnot unpacked")
    with rosterbus_s3.open(f"s3://uploads/{folder}/users.csv.gz", transport) as file:
        assert file.read() == b"\x1f\x8bnot unpacked"


def test_only_the_objects_right_in_a_folder_are_listed(store_server, transport, folder):
    with store_server.admin("uploads") as store:
        for name in ("a.csv", "b.csv", "below/c.csv"):
            store.client.put_object(Bucket="uploads", Key=f"{folder}/{name}", Body=b"abc")
    assert rosterbus_s3.list(f"s3://uploads/{folder}/", transport) == [("a.csv", 3), ("b.csv", 3)]


def test_what_is_not_there_is_an_error(transport):
    with pytest.raises(NotThereError, match="there is no such object"):
        rosterbus_s3.open("s3://uploads/nothing.zip", transport)
    with pytest.raises(ConnectorError, match="there is no such bucket"):
        rosterbus_s3.list("s3://upload/", transport)


def test_an_unknown_setting_is_named(transport):
    with pytest.raises(ConfigError, match="`keys`: Unknown field"):
        rosterbus_s3.open("s3://uploads/x", {**transport, "keys": 1})


def test_a_location_without_a_file_is_refused(store_server, transport, roster):
    with pytest.raises(ConfigError, match="names no file"):
        rosterbus_s3.open("s3://uploads/folder/", transport)
    with pytest.raises(ConfigError, match="names no file"):
        rosterbus_s3.put(roster, "s3://uploads/folder/", transport)
