"""What stands before a twin's store passes everything on, tells what it saw, and does wrong when it is asked to."""

from __future__ import annotations

import hashlib
import socket
import ssl

import pytest
from rosterbus.errors import ConfigError, ConnectorError
from rosterbus.testing.wire import Weather, Wire
from rosterbus_s3 import S3Settings, StoreAwayError, connect, located
from rosterbus_s3.front import Front


@pytest.fixture(scope="module")
def front(store_server, tmp_path_factory):
    with Front(store_server, tmp_path_factory.mktemp("front"), bucket="uploads") as front:
        yield front


@pytest.fixture
def through_front(front):
    return lambda **changes: S3Settings().load({**front.settings(), "timeout": 10, **changes})


def put(settings, path, key):
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with connect(settings) as store:
        return store.put_once(path, key, sha256=sha256)


def test_a_put_through_the_front_is_in_the_store_and_was_seen(front, through_front, folder, roster, digest):
    before = len(front.seen())
    key = f"{folder}/José's 名 + users.csv"
    assert put(through_front(), roster, key).created
    assert not put(through_front(), roster, key).created
    assert front.received(key) == roster.read_bytes()
    told = [(one.what, one.name, one.bytes, one.sha256) for one in front.seen()[before:]]
    assert told == [
        ("connected", "", 0, ""),
        ("wrote", key, roster.stat().st_size, digest),
        ("connected", "", 0, ""),
        ("refused", key, 0, ""),
    ]
    with pytest.raises(KeyError, match="nobody"):
        front.received(f"{folder}/nobody.csv")


def test_reading_and_listing_pass_too(front, store_server, folder, roster):
    owner = store_server.settings("uploads", admin=True)
    ours = {name: front.settings()[name] for name in ("endpoint", "ca_file")}
    with connect(S3Settings().load({**owner, **ours})) as store:
        store.put_once(roster, f"{folder}/users.csv", sha256=hashlib.sha256(roster.read_bytes()).hexdigest())
        assert store.names(folder) == {"users.csv": roster.stat().st_size}
        with store.open(f"{folder}/users.csv") as file:
            assert file.read() == roster.read_bytes()
        found = store.client.head_object(Bucket="uploads", Key=f"{folder}/users.csv")
        assert found["ContentLength"] == roster.stat().st_size


def test_a_stranger_is_told_nothing(front, through_front, folder, roster):
    with front.wrongs()["stranger"]() as told:
        with pytest.raises(ConnectorError, match="no certificate that this machine trusts, nothing was sent"):
            put(through_front(), roster, f"{folder}/users.csv")
        assert told() == []
    assert put(through_front(), roster, f"{folder}/users.csv").created


def test_a_stranger_tells_what_it_is_told_by_who_does_not_look(front):
    with front.wrongs()["stranger"]() as told:
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", front.port))
        with anybody.wrap_socket(plain) as connection:
            connection.sendall(b"PUT /uploads/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            assert connection.recv(100)
        assert told() == ["PUT"]


def test_a_full_disk_takes_nothing_and_a_lost_answer_everything(front, through_front, folder, roster):
    with front.wrongs()["disk full"](), pytest.raises(StoreAwayError, match="507"):
        put(through_front(), roster, f"{folder}/full.csv")
    with front.wrongs(last=r"lost\.csv$")["answer lost"]():
        assert put(through_front(), roster, f"{folder}/first.csv").created
        with pytest.raises(StoreAwayError, match="was lost"):
            put(through_front(), roster, f"{folder}/lost.csv")
    with pytest.raises(KeyError):
        front.received(f"{folder}/full.csv")
    assert front.received(f"{folder}/lost.csv") == roster.read_bytes()
    assert put(through_front(), roster, f"{folder}/full.csv").created


def test_another_port_leads_to_the_front_and_a_silent_client_stops_nobody(
    front, through_front, folder, roster
):
    with socket.create_connection(("127.0.0.1", front.port)):
        assert put(through_front(**front.through(front.port)), roster, f"{folder}/users.csv").created


def test_a_front_started_again_has_its_address_and_its_certificate(front, through_front, folder, roster):
    settings = through_front()
    front.stop()
    front.stop()
    with pytest.raises(StoreAwayError, match="cannot be reached"):
        put(settings, roster, f"{folder}/users.csv")
    front.start()
    assert put(settings, roster, f"{folder}/users.csv").created


def test_a_store_that_does_not_answer_is_told_as_it_is(tmp_path, folder, roster, store_server):
    class Away:
        buckets = ("uploads",)
        endpoint = "http://127.0.0.1:9"
        settings = store_server.settings

    with Front(Away(), tmp_path / "front") as front:  # type: ignore[arg-type]
        settings = S3Settings().load({**front.settings(), "timeout": 10})
        with pytest.raises(StoreAwayError, match="502"):
            put(settings, roster, f"{folder}/users.csv")


def test_a_file_of_authorities_that_is_not_there_is_refused(tmp_path):
    access = {"access_key_id": {"env": "ID"}, "secret_access_key": {"env": "KEY"}}
    with pytest.raises(ConfigError, match="`ca_file`: there is no such file"):
        located("s3://bucket/x", {**access, "ca_file": str(tmp_path / "none.pem")})


def test_an_answer_that_is_garbled_after_the_put_leaves_it_open_whether_it_arrived(
    front, through_front, folder, roster
):
    key = f"{folder}/garbled.csv"
    with Wire(front.port) as wire:
        wire.change(Weather("garbage", 1), roster.stat().st_size)
        with pytest.raises(StoreAwayError, match="the connection was lost while putting") as away:
            put(through_front(**front.through(wire.port)), roster, key)
    assert away.value.maybe_taken
    assert front.received(key) == roster.read_bytes()
