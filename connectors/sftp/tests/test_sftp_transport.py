"""Any source reads from an SFTP location, and any file goes to one."""

from __future__ import annotations

import time
import zipfile

import pytest
import rosterbus_sftp
from rosterbus.errors import ConfigError, ConnectorError, NotThereError


@pytest.fixture
def transport(server):
    settings = server.settings()
    return {name: settings[name] for name in ("host_key", "private_key")}


def everybody_left(server) -> bool:
    until = time.monotonic() + 10
    while server.connections and time.monotonic() < until:
        time.sleep(0.01)
    return server.connections == 0


def test_a_file_is_read_from_a_location_and_the_connection_ends_with_it(server, transport):
    with zipfile.ZipFile(server.home() / "export.zip", "w") as archive:
        archive.writestr("users.csv", "sourcedId\r\n" * 50_000)
    with rosterbus_sftp.open(server.url("/export.zip"), transport) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("users.csv").count(b"\r\n") == 50_000
    assert everybody_left(server)


def test_a_folder_is_listed_with_sizes_and_a_file_is_not(server, transport):
    folder = server.home() / "export"
    folder.mkdir()
    (folder / "users.csv").write_bytes(b"abc")
    (folder / "below").mkdir()
    assert rosterbus_sftp.list(server.url("/export"), transport) == [("users.csv", 3)]
    assert rosterbus_sftp.list(server.url("/export/users.csv"), transport) == []


def test_a_file_is_put_in_the_place_of_an_older_one(server, transport, roster):
    for _ in range(2):
        evidence = rosterbus_sftp.put(roster, server.url("/report.csv"), transport)
    (server.home() / "report.csv").write_text("older", encoding="utf-8")
    assert rosterbus_sftp.put(roster, server.url("/report.csv"), transport) == evidence
    assert (server.home() / "report.csv").read_bytes() == roster.read_bytes()


def test_what_is_not_there_is_an_error_and_leaves_no_connection(server, transport):
    with pytest.raises(NotThereError, match=r"no such file or folder on .*: /nothing.zip"):
        rosterbus_sftp.open(server.url("/nothing.zip"), transport)
    with pytest.raises(ConnectorError, match="no such file or folder"):
        rosterbus_sftp.list(server.url("/nothing"), transport)
    assert everybody_left(server)


def test_an_unknown_setting_is_named(server, transport):
    with pytest.raises(ConfigError, match="`passwort`: Unknown field"):
        rosterbus_sftp.open(server.url("/x"), {**transport, "passwort": 1})


def test_a_location_without_a_file_is_refused(server, transport, roster):
    with pytest.raises(ConfigError, match="names no file"):
        rosterbus_sftp.open(server.url("/folder/"), transport)
    with pytest.raises(ConfigError, match="names no file"):
        rosterbus_sftp.put(roster, server.url("/folder/"), transport)
