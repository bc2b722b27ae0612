"""Servers to talk to: our own, which can misbehave, and OpenSSH's, which nobody here wrote."""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rosterbus.deliveries import Address, Delivery, StagedFile
from rosterbus.settings import Values
from rosterbus_sftp import SFTPSettings
from rosterbus_sftp.server import SFTPServer

Load = Callable[..., Values]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SFTPServer]:
    with SFTPServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def load(server: SFTPServer) -> Load:
    """Settings that lead to our own server, with changes."""
    return lambda **changes: SFTPSettings().load({**server.settings(), "timeout": 5, **changes})


@dataclass
class Place:
    """A folder on some server: `root` is its remote path, `home` the same folder on this machine."""

    values: Values
    root: str
    home: Path


@pytest.fixture(params=["asyncssh", "openssh"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "asyncssh":
        server = request.getfixturevalue("server")
        return Place(request.getfixturevalue("load")(), "", server.home())
    return request.getfixturevalue("openssh")


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[Place]:
    """OpenSSH's server, run by and for whoever runs the tests."""
    sshd = _sshd_or_skip()
    folder = tmp_path / "openssh"
    home = folder / "home"
    home.mkdir(parents=True)
    for name in ("host_key", "client_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=30)
    shutil.copy(folder / "client_key.pub", folder / "authorized_keys")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host_key'}\nPidFile none\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nStrictModes no\nUsePAM no\n"
        f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        f"Subsystem sftp internal-sftp\nForceCommand internal-sftp -d {home}\n",
        encoding="utf-8",
    )
    log = folder / "log"
    process = subprocess.Popen([sshd, "-f", str(config), "-E", str(log), "-D"])
    try:
        _wait_for_banner(port, process, log)
        yield Place(_openssh_values(folder, port), str(home), home)
    finally:
        process.terminate()
        process.wait(20)


def _sshd_or_skip() -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    sshd = shutil.which("sshd", path=path)
    if sshd is None or shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's sshd is not installed (Debian: openssh-server)")
    if os.name == "posix" and os.geteuid() == 0 and not Path("/run/sshd").is_dir():
        pytest.skip("OpenSSH's sshd cannot run as root here without the folder /run/sshd")
    return str(Path(sshd).resolve())


def _wait_for_banner(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
                if stream.recv(8).startswith(b"SSH-2.0"):
                    return
        except ConnectionRefusedError:
            time.sleep(0.05)
    process.kill()
    process.wait(20)
    pytest.fail(f"sshd did not start: {log.read_text(encoding='utf-8') if log.exists() else 'no log'}")


def _openssh_values(folder: Path, port: int) -> Values:
    return SFTPSettings().load(
        {
            "host": "127.0.0.1",
            "port": port,
            "username": getpass.getuser(),
            "host_key": (folder / "host_key.pub").read_text(encoding="utf-8"),
            "private_key": {"file": str(folder / "client_key")},
            "timeout": 10,
        }
    )


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """A file of about two megabytes in which no two blocks are the same."""
    path = tmp_path / "students.csv"
    rows = (f"s{row},given{row},family{row}\r\n" for row in range(70_000))
    path.write_text("id,first,last\r\n" + "".join(rows), encoding="utf-8", newline="")
    return path


def delivery_of(*files: Path, to: str) -> Delivery:
    """A delivery of these files to a remote folder."""
    staged = [
        StagedFile(
            name=file.name,
            layout=file.stem,
            path=file,
            rows=1,
            bytes=file.stat().st_size,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in files
    ]
    told: list[tuple[str, int, int]] = []
    delivery = Delivery(
        id="d1",
        plan="p1",
        pipeline="springfield",
        name="vendor",
        files=staged,
        at=datetime(2026, 11, 20, 21, 4, tzinfo=UTC),
        test=False,
        is_taken=lambda name: False,
        mark_sent=lambda: None,
        progress=lambda *at: told.append(at),
        keep=lambda *_: None,
        address=Address("sftp://example.org/upload", tuple(f"{to}/{file.name}" for file in files)),
    )
    delivery.told = told  # type: ignore[attr-defined]
    return delivery


@pytest.fixture
def deliver() -> Any:
    return delivery_of
