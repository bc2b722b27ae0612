"""Everything else of this repository, installed by name into an empty environment, does what it is for."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rosterbus_demo.project import VENDORS

if TYPE_CHECKING:
    from conftest import Machine

ROOT = Path(__file__).parents[2]
TO_A_PERSON = """
location = {location}
password_key = {{ env = "KEY" }}
"""
SERVED = """
import sys
from pathlib import Path
from rosterbus.cli import command_line
from rosterbus_sftp.server import SFTPServer
with SFTPServer(Path("server")) as server:
    sys.exit(command_line(["pin", server.url("/"), "--accept", server.fingerprint]))
"""
STORED = """
import hashlib
from pathlib import Path
from rosterbus_s3.server import S3Server
with S3Server(Path("server")) as server:
    with server.admin("rosters") as store:
        Path("one.csv").write_text("id", encoding="utf-8")
        store.put_once(Path("one.csv"), "in/one.csv", sha256=hashlib.sha256(b"id").hexdigest())
    assert server.read("rosters", "in/one.csv") == b"id"
"""
ANSWERED = """
from pathlib import Path
from rosterbus_https.inbox import Inbox
with Inbox(Path("server")) as inbox:
    assert inbox.address.startswith("https://127.0.0.1:")
"""


def to_a_person(machine: Machine) -> None:
    """Have a pipeline to a vendor for whom a person uploads files, which needs no server."""
    location = machine.folder / "given"
    machine.pipeline("great-minds", TO_A_PERSON.format(location=json.dumps(str(location))))
    location.mkdir()
    machine.did("rosterbus", "baseline", "great-minds", "--empty")


def hand_over(machine: Machine) -> None:
    """Run the pipeline: its files are there, and wait for the person."""
    ran = machine.run("rosterbus", "run", "great-minds")
    assert ran.code == 3, ran.out + ran.err
    assert list((machine.folder / "given").rglob("great-minds-student-upload.csv"))


def oneroster(machine: Machine) -> None:
    hand_over(machine)

    machine.change_one_byte("oneroster")
    ran = machine.run("rosterbus", "run", "great-minds")
    assert ran.code != 0
    assert "the installed files of rosterbus-oneroster 0.1.0 are not those that the lock names" in ran.err


def report(suffix: str) -> Callable[[Machine], None]:
    def written(machine: Machine) -> None:
        hand_over(machine)
        files = machine.did("rosterbus", "report", "last", "--json").json["files"]
        assert any(name.endswith(suffix) for name in files), files

    return written


def python(code: str) -> Callable[[Machine], None]:
    def ended_well(machine: Machine) -> None:
        machine.did("python", "-W", "error", "-c", code)

    return ended_well


def certify(machine: Machine) -> None:
    [wheel] = (machine.everything.mirror / "packages").glob("rosterbus_sync_report-*.whl")
    assert " passed" in machine.did("rosterbus", "certify", wheel, "--fast").out


def new(machine: Machine) -> None:
    machine.did("rosterbus", "new", "--no-input", "name=acme", "kind=destination", "transport=folder")
    assert (machine.folder / "rosterbus-acme" / "src" / "rosterbus_acme" / "connector.toml").is_file()


def demo(machine: Machine) -> None:
    told = machine.did("rosterbus", "demo", "--json").json
    assert [one["state"] for one in told["receipts"]] == ["confirmed"] * len(VENDORS)


def market(machine: Machine) -> None:
    found = machine.did("rosterbus", "market", "search", "--json").json["connectors"]
    assert {one["distribution"] for one in found} == {f"rosterbus-{name}" for name in (*VENDORS, *DOES)}


EXTRAS = {"sftp": "[twin]", "s3": "[twin]", "https": "[twin]"}
BESIDE = {
    "certify": ["sync-report"],
    "oneroster": ["great-minds"],
    "sync-report": ["great-minds", "oneroster"],
    "html-report": ["great-minds", "oneroster"],
    "xlsx-report": ["great-minds", "oneroster"],
}
"""What is installed with it, because it does nothing alone."""
DOES: dict[str, Callable[[Machine], None]] = {
    "certify": certify,
    "demo": demo,
    "html-report": report(".html"),
    "https": python(ANSWERED),
    "market": market,
    "new": new,
    "oneroster": oneroster,
    "s3": python(STORED),
    "sftp": python(SERVED),
    "sync-report": report(".csv"),
    "xlsx-report": report(".xlsx"),
}


def test_no_distribution_of_this_repository_is_left_out():
    names = set()
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"][
        "workspace"
    ]
    for path in (path for member in workspace["members"] for path in ROOT.glob(f"{member}/pyproject.toml")):
        names.add(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"])

    assert names - {"rosterbus"} == {f"rosterbus-{name}" for name in (*VENDORS, *DOES)}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", DOES)
def test_what_comes_from_the_marketplace_does_what_it_is_for(
    machine: Machine, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KEY", "a key for made-up passwords of made-up people")
    machine.install(f"{name}{EXTRAS.get(name, '')}", *BESIDE.get(name, ()))
    machine.did("rosterbus", "describe", name)
    if name in BESIDE and name != "certify":
        to_a_person(machine)

    DOES[name](machine)
