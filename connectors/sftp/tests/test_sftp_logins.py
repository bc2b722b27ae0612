"""Keys, passwords, and every way in which they are wrong."""

from __future__ import annotations

import asyncssh
import pytest
from rosterbus import secrets
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus_sftp import SFTPSettings, connect, test_connection
from rosterbus_sftp.server import SFTPServer


@pytest.fixture
def key_file(server, tmp_path):
    """Writes the server's client key in another shape."""

    def write(name: str, *form: str, **options):
        path = tmp_path / name
        key = asyncssh.read_private_key(server.private_key)
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key(*form, **options))
        return path

    return write


def test_a_key_lets_in(server, load):
    with connect(load()) as remote:
        assert remote.alive
    assert ("login", "") in server.verbs()


def test_a_password_lets_in(tmp_path):
    with (
        SFTPServer(tmp_path / "server", logins=["password"]) as server,
        connect(SFTPSettings().load(server.settings())) as remote,
    ):
        assert remote.names("/") == {}


def test_a_key_may_stand_in_an_environment_variable(server, load, monkeypatch):
    monkeypatch.setenv("ROSTERBUS_TEST_KEY", server.private_key.read_text(encoding="utf-8"))
    with connect(load(private_key={"env": "ROSTERBUS_TEST_KEY"})) as remote:
        assert remote.names("/") == {}


def test_an_encrypted_key_needs_its_passphrase(load, key_file, monkeypatch):
    path = key_file("locked", "openssh", passphrase="open sesame", rounds=64)
    monkeypatch.setenv("ROSTERBUS_TEST_PHRASE", "open sesame")
    monkeypatch.setenv("ROSTERBUS_TEST_OTHER", "open barley")
    key = {"private_key": {"file": str(path)}}
    with connect(load(**key, passphrase={"env": "ROSTERBUS_TEST_PHRASE"})) as remote:
        assert remote.names("/") == {}
    with (
        pytest.raises(ConfigError, match="the private key is encrypted; write `passphrase` too"),
        connect(load(**key)),
    ):
        pass
    with (
        pytest.raises(ConfigError, match="or the passphrase is wrong"),
        connect(load(**key, passphrase={"env": "ROSTERBUS_TEST_OTHER"})),
    ):
        pass


def test_a_key_of_another_format_is_refused_with_the_command_that_converts_it(load, tmp_path):
    path = tmp_path / "key.ppk"
    path.touch(mode=0o600)
    path.write_text("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", encoding="utf-8")
    with (
        pytest.raises(ConfigError, match="puttygen KEY -O private-openssh"),
        connect(load(private_key={"file": str(path)})),
    ):
        pass


def test_wrong_credentials_are_final(load, tmp_path):
    stranger = tmp_path / "stranger"
    stranger.touch(mode=0o600)
    stranger.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    for wrong in ({"private_key": {"file": str(stranger)}}, {"username": "nobody"}):
        with (
            pytest.raises(ConnectorError, match="refused the credentials of") as refused,
            connect(load(**wrong)),
        ):
            pass
        assert not isinstance(refused.value, RetriableError)


def test_a_wrong_password_is_final_and_never_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("ROSTERBUS_TEST_PASSWORD", "hunter2")
    with SFTPServer(tmp_path / "server", logins=["password"]) as server:
        values = SFTPSettings().load({**server.settings(), "password": {"env": "ROSTERBUS_TEST_PASSWORD"}})
        with pytest.raises(ConnectorError, match="refused the credentials") as refused, connect(values):
            pass
    assert "hunter2" not in str(refused.value)


def test_a_password_that_the_server_does_not_take_is_not_sent(server, load, monkeypatch):
    monkeypatch.setenv("ROSTERBUS_TEST_PASSWORD", "hunter2")
    with (
        pytest.raises(ConnectorError, match=r"does not take this kind of credential .* it takes: publickey"),
        connect(load(private_key=None, password={"env": "ROSTERBUS_TEST_PASSWORD"})),
    ):
        pass


def test_without_any_credential_nothing_is_tried(server, load):
    with pytest.raises(ConfigError, match="nothing to log in with"), connect(load(private_key=None)):
        pass
    assert ("login", "") not in server.verbs()


def test_a_rehearsal_reads_the_servers_own_secret_and_no_other(server, load):
    with secrets.sealed():
        with connect(load()) as remote:
            assert remote.names("/") == {}
        with (
            pytest.raises(ConfigError, match="in a rehearsal"),
            connect(load(private_key={"file": str(server.private_key)})),
        ):
            pass


def test_a_connection_test_proves_server_and_credential_apart(server, load):
    assert [(probe.what, probe.state) for probe in test_connection(load())] == [
        ("server", "proved"),
        ("credential", "proved"),
    ]
    assert [(probe.what, probe.state) for probe in test_connection(load(username="nobody"))] == [
        ("server", "proved"),
        ("credential", "failed"),
    ]
    assert [(probe.what, probe.state) for probe in test_connection(load(host_key=[]))] == [
        ("server", "failed")
    ]
    assert list(server.home().iterdir()) == []
