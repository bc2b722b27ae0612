"""SameGoal's two folders on two servers: our own, which can misbehave, and OpenSSH's, which nobody here wrote."""

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
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.settings import Values
from rosterbus_samegoal import Settings, address
from rosterbus_samegoal.published import COLUMNS
from rosterbus_sftp.server import SFTPServer

AT = datetime(2026, 11, 20, 21, 4, 5, tzinfo=ZoneInfo("America/Chicago"))
STUDENT = ("S1", "Ng", "", "Ada", "03/09/2011", "F", "ENROLLED", "09", *[""] * 9, "North High", "0123", "S1")
GUARDIAN = ("Student Id", "Guardian Id", "Last Name")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SFTPServer]:
    with SFTPServer(tmp_path / "server", users=("district",)) as server:
        for folder in ("upload", "upload-processed"):
            (server.home() / folder).mkdir()
        yield server


@pytest.fixture
def load_settings(server: SFTPServer) -> Callable[..., Values]:
    """Settings that lead to our own server, with changes."""
    return lambda **changes: Settings().load({**server.settings(), "timeout": 5, **changes})


@dataclass
class Place:
    """SameGoal's folders: settings that lead there, and the same folders on this machine."""

    settings: Values
    upload: Path
    processed: Path

    def take(self, delivery: Delivery) -> None:
        """What SameGoal does with a finished epoch."""
        epoch = Path(str(delivery.addressed.marker)).parent.name
        (self.upload / epoch).rename(self.processed / epoch)


@pytest.fixture(params=["asyncssh", "openssh"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "openssh":
        return request.getfixturevalue("openssh")
    home = request.getfixturevalue("server").home()
    return Place(request.getfixturevalue("load_settings")(), home / "upload", home / "upload-processed")


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[Place]:
    """OpenSSH's server, run by and for whoever runs the tests."""
    sshd = _sshd_or_skip()
    folder = tmp_path / "openssh"
    upload, processed = folder / "upload", folder / "upload-processed"
    for made in (upload, processed):
        made.mkdir(parents=True)
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
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n",
        encoding="utf-8",
    )
    log = folder / "log"
    process = subprocess.Popen([sshd, "-f", str(config), "-E", str(log), "-D"])
    try:
        _wait_for_banner(port, process, log)
        yield Place(_openssh_settings(folder, port), upload, processed)
    finally:
        process.terminate()
        process.wait(20)


def _sshd_or_skip() -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    sshd = shutil.which("sshd", path=path)
    if sshd is None or shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's sshd is not installed (Debian: openssh-server)")
    if os.geteuid() == 0 and not Path("/run/sshd").is_dir():
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


def _openssh_settings(folder: Path, port: int) -> Values:
    return Settings().load(
        {
            "location": f"sftp://{getpass.getuser()}@127.0.0.1:{port}{folder}/upload",
            "processed": str(folder / "upload-processed"),
            "transport": {
                "host_key": (folder / "host_key.pub").read_text(encoding="utf-8"),
                "private_key": {"file": str(folder / "client_key")},
                "timeout": 10,
            },
        }
    )


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file as RFC 4180 wants it."""

    def write(name: str, *rows: tuple[str, ...], folder: Path = tmp_path) -> Path:
        path = folder / name
        path.write_text("".join(",".join(row) + "\r\n" for row in rows), encoding="utf-8", newline="")
        return path

    return write


@pytest.fixture
def staged(write_csv: Callable[..., Path]) -> list[StagedFile]:
    """Two files of some hundred kilobytes."""
    students = (("S" + str(n), *STUDENT[1:-1], "S" + str(n)) for n in range(3_000))
    guardians = ((f"S{n}", f"G{n}", "Ng") for n in range(20_000))
    return [
        staged_file(write_csv("students.csv", COLUMNS, *students)),
        staged_file(write_csv("guardians.csv", GUARDIAN, *guardians)),
    ]


def staged_file(path: Path) -> StagedFile:
    """A file as the plan knows it."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return StagedFile(path.name, path.stem, path, content.count(b"\n") - 1, len(content), digest)


@pytest.fixture
def deliver(staged: list[StagedFile]) -> Callable[..., Delivery]:
    """A delivery with its address, and a ledger that keeps whether it was sent."""

    def make(settings: Values, *, files: list[StagedFile] = staged, **changes: Any) -> Delivery:
        def mark_sent() -> None:
            delivery.was_sent = True

        facts = {"at": AT, "plan": "p1", "is_taken": lambda name: False, **changes}
        delivery = Delivery(
            id="d1",
            pipeline="springfield",
            name="samegoal",
            files=files,
            test=False,
            mark_sent=mark_sent,
            progress=lambda *_: None,
            keep=lambda *_: None,
            **facts,
        )
        delivery.address = address(delivery, settings)
        return delivery

    return make


@pytest.fixture
def as_staged() -> Callable[[Path], StagedFile]:
    return staged_file
