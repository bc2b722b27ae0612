"""Nobody but the pinned server is told anything."""

from __future__ import annotations

import subprocess

import asyncssh
import pytest
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus_sftp import connect
from rosterbus_sftp.server import SFTPServer

OTHER = "SHA256:" + "A" * 43


def test_the_pinned_key_is_believed_as_a_line_and_as_a_fingerprint(server, load):
    for pin in (server.host_key, server.fingerprint, [OTHER, server.fingerprint]):
        with connect(load(host_key=pin)) as remote:
            assert remote.names("/") == {}


def test_ssh_keygen_prints_the_fingerprint_that_is_pinned(server, tmp_path):
    public = tmp_path / "key.pub"
    public.write_text(server.host_key + "\n", encoding="utf-8")
    printed = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, check=True, timeout=30)
    assert printed.stdout.decode().split()[1] == server.fingerprint


def test_openssh_is_believed_by_its_pin_and_by_no_other(openssh):
    with connect(openssh.values) as remote:
        assert remote.exists(openssh.root)


def test_another_server_is_told_nothing_and_nothing_is_tried_again(server, load):
    with (
        pytest.raises(ConnectorError, match="shows another host key than the pinned one") as refused,
        connect(load(host_key=OTHER)),
    ):
        pass
    assert not isinstance(refused.value, RetriableError)
    assert server.fingerprint in str(refused.value)
    assert f"rosterbus pin sftp://127.0.0.1:{server.port}" in str(refused.value)
    assert server.verbs() == [("connect", "")]


def test_a_key_that_changed_between_two_runs_is_refused(server, load, tmp_path):
    pinned = load()
    with connect(pinned):
        pass
    port = server.port
    server.stop()
    with SFTPServer(tmp_path / "impostor", port=port) as impostor:
        with pytest.raises(ConnectorError, match="another host key"), connect(pinned):
            pass
        assert impostor.verbs() == [("connect", "")]


def test_without_a_pin_nobody_is_even_called(server, load):
    with (
        pytest.raises(ConfigError, match=rf"run: rosterbus pin sftp://127\.0\.0\.1:{server.port}"),
        connect(load(host_key=[])),
    ):
        pass
    assert server.operations == []


def test_a_server_with_several_keys_is_asked_for_the_pinned_one(server, load, tmp_path):
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    server.stop()
    with SFTPServer(server.folder, extra_host_keys=[rsa]) as both:
        line = rsa.export_public_key("openssh").decode().strip()
        with connect(load(**both.settings() | {"host_key": line})) as remote:
            assert remote.names("/") == {}
        with connect(load(**both.settings())) as remote:
            assert remote.names("/") == {}
