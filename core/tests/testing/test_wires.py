"""A wire passes everything on, and does to both sides what its weather says."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading

import pytest
from rosterbus.testing.wire import FAIR, Weather, Wire

HELLO = b"here are forty bytes of somebody's roster"


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(10)
        with contextlib.suppress(OSError):
            while data := self.request.recv(1024):
                self.server.heard += data
                self.request.sendall(data)


@pytest.fixture
def echo():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.heard = b""
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def wire(echo):
    with Wire(echo.server_address[1]) as wire:
        yield wire


def said(wire: Wire) -> bytes:
    """What comes back of `HELLO`."""
    with socket.create_connection(("127.0.0.1", wire.port), timeout=10) as client:
        client.sendall(HELLO)
        answer = b""
        while len(answer) < len(HELLO) and (data := client.recv(1024)):
            answer += data
        return answer


@pytest.mark.parametrize("weather", [FAIR, Weather("slow")])
def test_a_fair_or_slow_wire_passes_everything_and_counts_it(wire, echo, weather):
    wire.change(weather)
    assert said(wire) == HELLO
    assert (wire.sent, echo.heard) == (len(HELLO), HELLO)


def test_a_cut_wire_ends_quietly_after_its_share_and_for_everybody_after(wire):
    wire.change(Weather("cut", 0.5), len(HELLO))
    assert HELLO.startswith(said(wire))
    assert wire.sent == round(len(HELLO) / 2)
    with socket.create_connection(("127.0.0.1", wire.port), timeout=10) as client:
        assert client.recv(1) == b""
    wire.change(FAIR)
    assert said(wire) == HELLO


def test_a_reset_wire_resets_its_clients(wire):
    wire.change(Weather("reset", 0.5), len(HELLO))
    with pytest.raises(ConnectionResetError):
        said(wire)
    assert wire.sent == round(len(HELLO) / 2)


def test_garbage_is_an_answer_of_the_same_length_that_means_nothing_and_the_end(wire, echo):
    wire.change(Weather("garbage"))
    answer = said(wire)
    assert (answer[: len(HELLO)] != HELLO, echo.heard) == (True, HELLO)
