"""Every vendor meets every fault of the wire: nothing goes to a stranger, nothing half, nothing twice."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
import trustme
from rosterbus.deliveries import Twin
from rosterbus.delivery.deciding import settle
from rosterbus.ledger import Ledger
from rosterbus.rehearsing import start_twin
from rosterbus.testing.trial import Trial, Vendor, rows_taken
from rosterbus_scilearn.jobs import Jobs
from rosterbus_scilearn.published import COLUMNS
from rosterbus_scilearn.standin import Faults as HTTPSFaults
from rosterbus_scilearn.standin import Server as HTTPSServer
from rosterbus_sftp.server import Faults as SFTPFaults
from rosterbus_sftp.server import SFTPServer

Fault = Literal["stranger", "away", "cut", "full", "lost"]
LATER = timedelta(minutes=5)
VENDORS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "handshake": ("handshake", {}),
    "samegoal": ("samegoal", {}),
    "scilearn": ("scilearn", {"columns": [name for name in COLUMNS if name != "PASSWORD"]}),
    "enroll": ("enroll", {}),
    "great-minds uploads": ("great-minds", {}),
    "great-minds packages": ("great-minds", {"mode": "oneroster"}),
}
"""Connector and settings."""
LAST: Mapping[str, Mapping[str, str]] = {
    "samegoal": {"drop_after": "COMPLETE"},
    "enroll": {"drop_renamed": r".*\.csv"},
    "great-minds uploads": {"drop_renamed": r"\d{8}-\d{6}"},
    "great-minds packages": {"drop_renamed": r".*\.zip"},
}
"""The last thing that is done at an SFTP server, as its faults have it."""
SFTP = tuple(LAST)


@dataclass(frozen=True)
class End:
    """How the run that meets a fault ends, and what it says; `held` waits for a person who knows what arrived."""

    exit: int
    says: str
    state: str = "open"
    arrived: bool = False


OPEN, FAILED, HELD = 75, 1, 3
ENDS: Mapping[Fault, Mapping[str, End]] = {
    "stranger": {
        **dict.fromkeys(SFTP, End(FAILED, "another host key than the pinned one.*rosterbus pin", "failed")),
        "scilearn": End(FAILED, "certificate of .* is not trusted.*it was sent nothing", "failed"),
        "handshake": End(FAILED, "no certificate that this machine trusts, nothing was sent", "failed"),
    },
    "away": {
        **dict.fromkeys(SFTP, End(OPEN, "refused the connection")),
        "scilearn": End(OPEN, "cannot be reached"),
        "handshake": End(OPEN, "cannot be reached, nothing was sent"),
    },
    "cut": {
        **dict.fromkeys(SFTP, End(OPEN, "was lost while")),
        # So small a file is sent whole before anybody notices.
        "scilearn": End(HELD, "was lost.*settle this delivery", "held"),
        "handshake": End(OPEN, "the connection was lost while putting"),
    },
    "full": {
        **dict.fromkeys(SFTP, End(OPEN, "its disk or quota may be full")),
        "scilearn": End(HELD, "answered 507.*settle this delivery", "held"),
        "handshake": End(OPEN, "the store failed while putting .*507"),
    },
    "lost": {
        **dict.fromkeys(SFTP, End(OPEN, "was lost while", arrived=True)),
        "scilearn": End(HELD, "was lost.*settle this delivery", "held", arrived=True),
        "handshake": End(OPEN, "the connection was lost while putting", arrived=True),
    },
}


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory, handshake: Twin) -> Iterator[Callable[[str], Vendor]]:
    """A function that gives a vendor, whose twin is started once."""
    between = Between(handshake.settings["endpoint"].removeprefix("http://"))
    between.start()
    through = {**handshake.settings, "endpoint": f"http://127.0.0.1:{between.port}"}
    behind = replace(
        handshake, settings=through, extras={**handshake.extras, "server": between}, stop=between.stop
    )
    running = {"handshake": Vendor("handshake", {}, behind)}

    def vendor(name: str) -> Vendor:
        if name not in running:
            connector, settings = VENDORS[name]
            twin = start_twin(connector, tmp_path_factory.mktemp("vendor") / "twin", settings)
            running[name] = Vendor(connector, settings, twin)
        return running[name]

    yield vendor
    for one in running.values():
        one.twin.stop()


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("fault", ENDS)
def test_a_fault_of_the_wire_ends_in_a_sentence_and_the_next_run_goes_on(
    vendors: Callable[[str], Vendor], tmp_path: Path, name: str, fault: Fault
) -> None:
    vendor, end = vendors(name), ENDS[fault][name]
    trial = vendor.trial(tmp_path / "project")
    with met(name, vendor.twin, fault, tmp_path) as wire:
        outcome = trial.run(overrides=wire.overrides)
        assert wire.told() == []
    [receipt] = outcome.receipts
    assert (outcome.exit_code, receipt.state) == (end.exit, end.state), receipt.because
    assert re.search(end.says, receipt.because), receipt.because
    assert receipt.balanced
    assert len(trial.imports()) == end.arrived
    if end.state == "held":
        settled(trial, "arrived" if end.arrived else "not arrived")
    receipts = trial.run(later=LATER).receipts
    [taken] = trial.imports()
    assert rows_taken(taken) >= trial.source.students
    assert [one.state for one in receipts] == next_night(name, end), [one.because for one in receipts]
    by_hand = name == "great-minds uploads"
    assert by_hand == receipts[0].because.endswith("it waits for the person who uploads it")
    vendor.after(trial)


def next_night(name: str, end: End) -> list[str]:
    """What the run after a fault tells of: what it finished first, and then its own plan."""
    if name == "great-minds uploads":
        return ["held", "held"] if end.state == "open" else ["held"]
    if end.state == "open":
        return ["confirmed", "nothing new"]
    return ["nothing new"] if end.arrived else ["confirmed"]


def settled(trial: Trial, how: Literal["arrived", "not arrived"]) -> None:
    """Somebody asked the vendor."""
    with Ledger(trial.state, clock=lambda: trial.now) as ledger:
        settle(ledger, "last", how, by="Ada", reason="the vendor said so")


@dataclass
class Wire:
    """The way to a vendor while a fault lasts: settings that lead over it, and what a stranger at its end was told."""

    overrides: dict[str, Any] = field(default_factory=dict)
    told: Callable[[], list[str]] = list


def met(name: str, twin: Twin, fault: Fault, folder: Path) -> AbstractContextManager[Wire]:
    """The fault, while the block lasts."""
    server = twin.extras["server"]
    if fault == "away":
        return away(server)
    if isinstance(server, SFTPServer):
        return over_sftp(server, LAST[name], fault, folder)
    if isinstance(server, HTTPSServer):
        return over_https(server, fault, folder)
    return over_s3(server, fault)


@contextmanager
def away(server: Any) -> Iterator[Wire]:
    server.stop()
    try:
        yield Wire()
    finally:
        server.start()


@contextmanager
def over_sftp(server: SFTPServer, last: Mapping[str, str], fault: Fault, folder: Path) -> Iterator[Wire]:
    """A stranger has the server's address and its users, and another host key."""
    if fault == "stranger":
        with (
            away(server),
            SFTPServer(folder / "stranger", users=server.users, port=server.port) as stranger,
        ):
            yield Wire(told=lambda: [verb for verb, _ in stranger.verbs() if verb != "connect"])
        return
    within = server.written + 100
    faults = {"cut": {"cut_after": within}, "full": {"full_after": within}, "lost": last}
    server.faults = SFTPFaults(**faults[fault])
    try:
        yield Wire()
    finally:
        server.faults = SFTPFaults()


@contextmanager
def over_https(server: HTTPSServer, fault: Fault, folder: Path) -> Iterator[Wire]:
    """A stranger has the server's address, and a certificate of another authority."""
    if fault == "stranger":
        stranger = HTTPSServer(folder / "stranger", Jobs(folder / "stranger"))
        stranger.port = server.port
        with away(server), stranger:
            yield Wire(told=lambda: stranger.asked)
        return
    faults = {
        "cut": {"drop_after": 100},
        "full": {"ignores": True, "says": (507, "Insufficient storage")},
        "lost": {"drops": True},
    }
    server.faults = HTTPSFaults(**faults[fault])
    try:
        yield Wire()
    finally:
        server.faults = HTTPSFaults()


@contextmanager
def over_s3(between: Between, fault: Fault) -> Iterator[Wire]:
    """A stranger shows a certificate of an authority that nobody trusts."""
    if fault == "stranger":
        stranger = Between(between.store)
        stranger.start(trustme.CA().issue_cert("127.0.0.1"))
        try:
            yield Wire({"endpoint": f"https://127.0.0.1:{stranger.port}"}, lambda: stranger.heard)
        finally:
            stranger.stop()
        return
    between.fault = fault
    try:
        yield Wire()
    finally:
        between.fault = ""


class Between:
    """Stands before a store and passes every PUT on, unless there is a fault; `heard` are those that came."""

    def __init__(self, store: str) -> None:
        self.store, self.fault, self.port = store, "", 0
        self.heard: list[str] = []

    def start(self, certificate: trustme.LeafCert | None = None) -> None:
        """Listen on a free port, and always on the same one."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), partial(_Passing, self))
        self.port = self._server.server_port
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, between: Between, *arguments: Any) -> None:
        self._between = between
        super().__init__(*arguments)

    def do_PUT(self) -> None:
        self._between.heard.append(self.path)
        fault, self.close_connection = self._between.fault, True
        if fault == "cut":
            self.rfile.read(100)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        code, said = (507, b"") if fault == "full" else self._passed_on(body)
        if fault != "lost":
            self.send_response(code)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    def _passed_on(self, body: bytes) -> tuple[int, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection = http.client.HTTPConnection(self._between.store, timeout=30)
        connection.request("PUT", self.path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, said

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
