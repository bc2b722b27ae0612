"""From a copied folder everything works where there is no network at all, and nothing but the copy is asked."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import uv

if TYPE_CHECKING:
    from conftest import Machine

UNSHARE = shutil.which("unshare")
ALONE = ["-n"] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["-r", "-n"]
LOOPBACK = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
    fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Brings the loopback of a new network namespace up, where there is nothing else, and goes on as the given program."""
REACH = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"

needs_unshare = pytest.mark.skipif(UNSHARE is None, reason="needs the program `unshare` of util-linux")


@pytest.fixture
def cut_off() -> list[str]:
    """What comes before a command line to run it without any network but its own loopback."""
    return [str(UNSHARE), *ALONE, sys.executable, "-c", LOOPBACK]


@needs_unshare
@pytest.mark.timeout(500)
def test_a_machine_without_any_network_installs_verifies_copies_and_runs_from_a_copied_folder(
    new_machine: Callable[..., Machine], cut_off: list[str]
):
    machine = new_machine(inside=cut_off)
    machine.variables["UV_CACHE_DIR"] = str(machine.folder / "empty")
    assert "unreachable" in machine.run(sys.executable, "-c", REACH).err

    machine.bootstrap()
    machine.install("samegoal[twin]", "oneroster")
    machine.did("rosterbus", "market", "verify")
    second = machine.folder / "second"
    machine.did("rosterbus", "market", "mirror", second)
    assert {path.name for path in (second / "dependencies").iterdir()} == {
        path.name for path in (machine.everything.mirror / "dependencies").iterdir()
    }
    machine.did("rosterbus", "market", "trust", second, "--fingerprint", machine.everything.fingerprint)
    machine.did("rosterbus", "market", "install", "sync-report", "--yes")
    machine.pipeline("samegoal")
    told = machine.did("rosterbus", "rehearse", "samegoal", "--json").json
    assert told["receipts"][0]["state"] == "confirmed"
    assert told["twins"]["samegoal"]

    shutil.rmtree(machine.packages / "paramiko")
    machine.change_one_byte("samegoal")
    assert machine.run("rosterbus", "market", "verify").code == 1
    machine.did("rosterbus", "market", "verify", "--repair")
    machine.did("rosterbus", "market", "rollback", "--yes")
    machine.did("rosterbus", "market", "remove", "samegoal")


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A package index that offers nothing, by its URL, and what it was asked."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(10)
                    asked.append(connection.recv(4096).decode("ascii", "replace").partition("\r\n")[0])

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple/", asked
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.timeout(300)
def test_nothing_but_the_copy_is_asked(machine: Machine, listener: tuple[str, list[str]]):
    index, asked = listener
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        machine.variables[name] = index

    machine.install("xlsx-report")
    machine.did("rosterbus", "market", "mirror", machine.folder / "second")

    assert asked == []
    machine.run(
        uv.find_uv_bin(), "pip", "install", "--dry-run", "--python", machine.bin / "python", "wordlist"
    )
    assert set(asked) == {"GET /simple/wordlist/ HTTP/1.1"}
