"""An object is put once, whole, by somebody who may do nothing else."""

from __future__ import annotations

import threading

import pytest
from rosterbus import secrets
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus_s3 import StoreAwayError, connect, test_connection
from rosterbus_s3.server import S3Server


def test_an_object_arrives_whole_and_the_store_says_so(store_server, load, folder, roster, digest):
    with connect(load()) as store:
        put = store.put_once(roster, f"{folder}/users.csv", sha256=digest)
    assert (put.created, put.key) == (True, f"{folder}/users.csv")
    assert put.etag
    assert put.request
    assert store_server.read("uploads", f"{folder}/users.csv") == roster.read_bytes()


def test_what_is_there_is_never_replaced(store_server, load, folder, roster, digest, tmp_path):
    with connect(load()) as store:
        store.put_once(roster, f"{folder}/users.csv", sha256=digest)
        other = tmp_path / "other.csv"
        other.write_bytes(b"")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        assert store.put_once(other, f"{folder}/users.csv", sha256=empty).created is False
    assert store_server.read("uploads", f"{folder}/users.csv") == roster.read_bytes()


def test_of_many_at_once_one_creates_the_object(load, folder, roster, digest):
    answers: list[bool] = []
    start = threading.Barrier(8)

    def put() -> None:
        with connect(load()) as store:
            start.wait(30)
            answers.append(store.put_once(roster, f"{folder}/users.csv", sha256=digest).created)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [False] * 7 + [True]


def test_an_unconditional_put_replaces(store_server, load, folder, roster, digest):
    with store_server.admin("uploads") as store:
        store.client.put_object(Bucket="uploads", Key=f"{folder}/users.csv", Body=b"older")
    with connect(load(conditional=False)) as store:
        assert store.put_once(roster, f"{folder}/users.csv", sha256=digest).created is True
    assert store_server.read("uploads", f"{folder}/users.csv") == roster.read_bytes()


def test_other_bytes_than_the_planned_ones_are_not_stored(store_server, load, folder, roster):
    with (
        connect(load()) as store,
        pytest.raises(ConnectorError, match="not the ones that were planned") as refused,
    ):
        store.put_once(roster, f"{folder}/users.csv", sha256="00" * 32)
    assert not isinstance(refused.value, RetriableError)
    assert store_server.names("uploads", folder) == {}


def test_who_may_only_put_can_neither_read_nor_list(store_server, load, folder, roster, digest):
    with connect(load()) as store:
        store.put_once(roster, f"{folder}/users.csv", sha256=digest)
        with pytest.raises(ConnectorError, match="no permission"):
            store.open(f"{folder}/users.csv")
        with pytest.raises(ConnectorError, match="no permission"):
            store.names(folder)
    with connect(load(bucket="elsewhere")) as store, pytest.raises(ConnectorError, match="no permission"):
        store.put_once(roster, f"{folder}/users.csv", sha256=digest)


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(load, roster, digest, monkeypatch):
    monkeypatch.setenv("ROSTERBUS_TEST_WRONG", "hunter2")
    for name, told in (
        ("secret_access_key", "secret access key is wrong"),
        ("access_key_id", "no such access key"),
    ):
        with (
            connect(load(**{name: {"env": "ROSTERBUS_TEST_WRONG"}})) as store,
            pytest.raises(ConnectorError, match=told) as refused,
        ):
            store.put_once(roster, "x", sha256=digest)
        assert "hunter2" not in str(refused.value)


def test_an_unknown_bucket_is_named_and_not_made(store_server, load, roster, digest):
    admin = store_server.settings(admin=True)
    with (
        connect(load(**{**admin, "bucket": "upload"})) as store,
        pytest.raises(ConnectorError, match=r"s3://upload/x failed: there is no such bucket"),
    ):
        store.put_once(roster, "x", sha256=digest)


def test_a_store_that_is_gone_was_told_nothing(tmp_path, roster, digest, load):
    with S3Server(tmp_path / "s3") as server:
        values = load(**server.settings())
    with connect(values) as store, pytest.raises(StoreAwayError, match="nothing was sent") as away:
        store.put_once(roster, "x", sha256=digest)
    assert away.value.maybe_taken is False
    assert away.value.exit_code == 75


def test_a_connection_test_never_stores_anything(store_server, load, monkeypatch):
    before = store_server.names("uploads")
    assert [probe.state for probe in test_connection(load())] == ["proved", "not provable without sending"]
    assert [probe.state for probe in test_connection(load(**store_server.settings(admin=True)))] == ["proved"]
    nowhere = load(**{**store_server.settings(admin=True), "bucket": "upload"})
    assert [probe.state for probe in test_connection(nowhere)] == ["failed"]
    unset = load(access_key_id={"env": "ROSTERBUS_TEST_NOT_SET"})
    assert [probe.state for probe in test_connection(unset)] == ["failed"]
    assert store_server.names("uploads") == before


def test_a_rehearsal_reads_the_servers_own_secrets_and_no_others(load, folder, roster, digest, monkeypatch):
    monkeypatch.setenv("ROSTERBUS_TEST_REAL", "hunter2")
    with secrets.sealed():
        with connect(load()) as store:
            assert store.put_once(roster, f"{folder}/users.csv", sha256=digest).created
        with (
            pytest.raises(ConfigError, match="in a rehearsal"),
            connect(load(access_key_id={"env": "ROSTERBUS_TEST_REAL"})),
        ):
            pass


def test_nothing_is_taken_from_the_surroundings_unless_asked(load, folder, roster, digest, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with connect(load()) as store:
        assert store.put_once(roster, f"{folder}/users.csv", sha256=digest).created


def test_ambient_credentials_are_taken_where_asked(store_server, load, folder, roster, digest, monkeypatch):
    given = load()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given.access_key_id.reveal())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given.secret_access_key.reveal())
    with connect(load(ambient=True, access_key_id=None, secret_access_key=None)) as store:
        assert store.put_once(roster, f"{folder}/users.csv", sha256=digest).created


def test_ambient_credentials_that_are_nowhere_are_a_matter_of_settings(
    load, roster, digest, monkeypatch, tmp_path
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    nothing = {"ambient": True, "access_key_id": None, "secret_access_key": None}
    with connect(load(**nothing)) as store, pytest.raises(ConfigError, match="no credentials were found"):
        store.put_once(roster, "x", sha256=digest)
    with (
        pytest.raises(ConfigError, match="no credentials were found"),
        connect(load(**nothing, profile="nobody")),
    ):
        pass
