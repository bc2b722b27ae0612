"""Every failure is one sentence of the right kind, and none takes for ever."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_sftp import connect
from rosterbus_sftp.disk import Disk
from rosterbus_sftp.failures import unreachable
from rosterbus_sftp.server import SFTPServer


@pytest.fixture
def listener():
    """Answers every connection with the given bytes and then, if asked, hangs up."""
    stops = []

    def listen(greeting: bytes, *, hang_up: bool) -> int:
        door = socket.create_server(("127.0.0.1", 0))
        guests = []

        def serve() -> None:
            while True:
                try:
                    guest, _ = door.accept()
                except OSError:
                    return
                guests.append(guest)
                guest.sendall(greeting)
                if hang_up:
                    guest.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def stop() -> None:
            door.shutdown(socket.SHUT_RDWR)
            door.close()
            thread.join(10)
            for guest in guests:
                guest.close()

        stops.append(stop)
        return door.getsockname()[1]

    yield listen
    for stop in stops:
        stop()


def test_a_name_that_is_nowhere_is_final_and_one_not_found_just_now_is_not(load):
    nowhere = unreachable(socket.gaierror(socket.EAI_NONAME, "unknown"), load())
    assert "there is no server named" in str(nowhere)
    assert not isinstance(nowhere, RetriableError)
    assert isinstance(unreachable(socket.gaierror(socket.EAI_AGAIN, "later"), load()), RetriableError)


def test_a_closed_port_is_worth_another_try(server, load):
    values = load()
    server.stop()
    with pytest.raises(RetriableError, match="refused the connection"), connect(values):
        pass


def test_a_server_that_says_nothing_is_given_up(load, listener):
    with (
        pytest.raises(RetriableError, match="no answer within 1 seconds while agreeing on encryption"),
        connect(load(port=listener(b"", hang_up=False), timeout=1)),
    ):
        pass


def test_a_server_that_stops_after_its_greeting_is_given_up(load, listener):
    with (
        pytest.raises(RetriableError, match="no answer within 1 seconds"),
        connect(load(port=listener(b"SSH-2.0-mute\r\n", hang_up=False), timeout=1)),
    ):
        pass


def test_what_is_no_ssh_server_is_told_so(load, listener):
    with (
        pytest.raises(RetriableError, match="lost while agreeing on encryption"),
        connect(load(port=listener(b"", hang_up=True))),
    ):
        pass


def test_a_server_with_old_encryption_only_is_named_too_old(tmp_path, load):
    with (
        SFTPServer(tmp_path / "old", key_exchange=["diffie-hellman-group14-sha1"]) as old,
        pytest.raises(ConnectorError, match=r"is too old: .* ask the vendor") as refused,
        connect(load(**old.settings())),
    ):
        pass
    assert not isinstance(refused.value, RetriableError)


def test_a_server_that_falls_silent_during_an_upload_is_given_up(server, load, roster):
    with connect(load(timeout=1)) as remote:
        server.faults.silent = True
        with pytest.raises(
            RetriableError, match=r"no answer within 1 seconds while looking for /students.csv"
        ):
            remote.put(roster, "/students.csv")


def test_a_server_that_goes_away_is_worth_another_try(server, load, roster):
    with connect(load()) as remote:
        server.stop()
        with pytest.raises(RetriableError, match=r"the connection to .* was lost while looking for"):
            remote.put(roster, "/students.csv")


def test_a_slow_server_is_waited_for(server, load, tmp_path):
    server.faults.delay = 0.3
    small = tmp_path / "small.csv"
    small.write_bytes(b"x" * 100_000)
    with connect(load(timeout=1)) as remote:
        assert remote.put(small, "/small.csv")["bytes"] == 100_000


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the disk takes no names but Unicode")
def test_a_name_that_is_not_utf_8_is_an_error_and_never_guessed(server, load):
    (server.home() / os.fsdecode(b"sch\xfcler.csv")).touch()
    with connect(load()) as remote, pytest.raises(ConnectorError, match="a name that is not UTF-8"):
        remote.names("/")


def test_a_failure_is_raised_and_not_printed_as_well(listener):
    program = f"""
from rosterbus.errors import RetriableError
from rosterbus_sftp import SFTPSettings, connect
pin = "SHA256:{"A" * 43}"
settings = {{"host": "127.0.0.1", "port": {listener(b"", hang_up=True)}, "username": "u", "host_key": pin}}
try:
    with connect(SFTPSettings().load(settings)):
        pass
except RetriableError:
    print("told")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("told", "")


def test_a_connection_that_is_lost_while_a_file_is_closed_is_told(server, load, monkeypatch):
    close = Disk.close

    async def drop(disk, file):
        await close(disk, file)
        disk._drop()

    (server.home() / "a.csv").write_bytes(b"id")
    with connect(load()) as remote:
        file = remote.open("/a.csv")
        monkeypatch.setattr(Disk, "close", drop)
        with pytest.raises(RetriableError, match=r"was lost while reading /a\.csv"):
            file.close()
        assert file.closed
