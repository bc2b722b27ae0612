"""The server of the twins is proved by a client that nobody here wrote: OpenSSH's sftp."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys

import pytest
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_sftp import SFTPSettings, connect
from rosterbus_sftp.server import SFTPServer

needs_openssh = pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's sftp is not installed")


def sftp(server: SFTPServer, batch: str, folder) -> subprocess.CompletedProcess[str]:
    known = folder / "known_hosts"
    known.write_text(server.known_hosts(), encoding="utf-8")
    command = ["sftp", "-b", "-", "-P", str(server.port), "-i", str(server.private_key)]
    for option in (
        "IdentitiesOnly=yes",
        f"UserKnownHostsFile={known}",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
    ):
        command += ["-o", option]
    command += ["-F", os.devnull, f"{server.users[0]}@{server.host}"]
    return subprocess.run(command, input=batch, capture_output=True, text=True, timeout=60, check=False)


@needs_openssh
def test_openssh_makes_a_folder_uploads_resumes_renames_and_lists(server, roster, tmp_path):
    (server.home() / "part.csv").write_bytes(roster.read_bytes()[:500_000])
    batch = ["mkdir epoch", f"put {roster} epoch/a.tmp", "rename epoch/a.tmp epoch/a.csv"]
    batch += [f"reput {roster} part.csv", "ls -l epoch", ""]
    done = sftp(server, "\n".join(batch), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (server.home() / "epoch" / "a.csv").read_bytes() == roster.read_bytes()
    assert (server.home() / "part.csv").read_bytes() == roster.read_bytes()
    assert "a.csv" in done.stdout


@needs_openssh
def test_openssh_sees_nothing_beyond_the_users_own_disk(server, tmp_path):
    (server.home() / "mine.csv").touch()
    done = sftp(server, "ls /\nls ../../etc\n", tmp_path)
    assert "mine.csv" in done.stdout
    assert done.returncode != 0


@needs_openssh
def test_openssh_refuses_the_server_under_another_key(server, tmp_path):
    with SFTPServer(tmp_path / "other") as other:
        other.port, port = server.port, other.port
        assert "host key" in sftp(other, "ls\n", tmp_path).stderr.lower()
        other.port = port


def test_the_log_keeps_the_order_of_things(server, load, roster):
    with connect(load()) as remote:
        remote.make_folder("/epoch")
        remote.put(roster, "/epoch/students.csv")
        remote.mark("/epoch/COMPLETE")
    told = server.verbs("connect", "login", "mkdir", "create", "rename")
    assert told[0] == ("connect", "")
    assert ("login", "") in told
    assert told[-4:] == [
        ("mkdir", "/epoch"),
        ("create", "/epoch/students.csv.part"),
        ("rename", "/epoch/students.csv"),
        ("create", "/epoch/COMPLETE"),
    ]
    assert sum(done.bytes for done in server.operations) == roster.stat().st_size


def test_a_server_started_again_is_the_same_server(server, load):
    pinned = load()
    server.stop()
    server.stop()
    with SFTPServer(server.folder, port=server.port) as again:
        again.start()
        with connect(pinned) as remote:
            assert remote.names("/") == {}


def test_each_user_has_a_disk_of_their_own(tmp_path):
    with SFTPServer(tmp_path / "server", users=["north", "south"]) as server:
        (server.home("north") / "n.csv").touch()
        for user, names in (("north", {"n.csv": 0}), ("south", {})):
            with connect(SFTPSettings().load(server.settings(user))) as remote:
                assert remote.names("/") == names


def test_what_arrived_can_be_read_back_wherever_it_was_moved(server, load, roster):
    digest = hashlib.sha256(roster.read_bytes()).hexdigest()
    with connect(load()) as remote:
        remote.make_folder("/epoch")
        remote.put(roster, "epoch/students.csv")
        remote.mark("/epoch/COMPLETE")
        remote.rename("/epoch", "/whole")
    (server.home() / "whole" / "students.csv").unlink()
    assert server.received("/whole/students.csv") == roster.read_bytes()
    with pytest.raises(KeyError):
        server.received("/epoch/students.csv")
    told = [(one.what, one.name) for one in server.seen() if one.name]
    assert told == [
        ("made a folder", "/epoch"),
        ("created", "/epoch/students.csv.part"),
        ("wrote", "/epoch/students.csv.part"),
        ("renamed", "/epoch/students.csv"),
        ("created", "/epoch/COMPLETE"),
        ("wrote", "/epoch/COMPLETE"),
        ("renamed", "/whole"),
        ("renamed", "/whole/students.csv"),
        ("renamed", "/whole/COMPLETE"),
    ]
    assert [one.sha256 for one in server.seen() if one.name.endswith("/students.csv")] == [digest, digest]


def test_an_upload_that_is_taken_up_again_is_kept_whole(server, load, roster):
    server.faults.cut_after = 1_000_000
    with pytest.raises(RetriableError), connect(load()) as remote:
        remote.put(roster, "/students.csv")
    server.faults.cut_after = None
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
    assert server.received("/students.csv") == roster.read_bytes()


def test_what_a_server_can_do_wrong_is_over_afterwards(server, load, roster):
    wrongs = server.wrongs(drop_after="COMPLETE")
    with wrongs["stranger"]() as told:
        with pytest.raises(ConnectorError, match="another host key"), connect(load()):
            pass
        assert told() == ["connect"]
    with wrongs["disk full"](), pytest.raises(RetriableError, match="full"), connect(load()) as remote:
        remote.put(roster, "/students.csv")
    with wrongs["answer lost"](), pytest.raises(RetriableError, match="lost"), connect(load()) as remote:
        remote.mark("/COMPLETE")
    with connect(load()) as remote:
        remote.put(roster, "/students.csv")
        assert "COMPLETE" in remote.names("/")


@pytest.mark.skipif(os.name == "nt", reason="modes mean nothing on Windows")
def test_keys_and_disks_are_private(server):
    for path in (server.folder, server.home()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (server.private_key, server.password(), server.folder / "host_key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_taken_port_is_an_error(server, tmp_path):
    with pytest.raises(OSError, match=r"in use|Only one usage"):
        SFTPServer(tmp_path / "second", port=server.port).start()


def test_stopping_in_the_middle_of_a_connection_is_quiet(tmp_path):
    program = f"""
from pathlib import Path
from rosterbus_sftp import SFTPSettings, connect
from rosterbus_sftp.server import SFTPServer
with SFTPServer(Path({str(tmp_path / "server")!r})) as server:
    connection = connect(SFTPSettings().load(server.settings()))
    remote = connection.__enter__()
    remote.mark("/COMPLETE")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
