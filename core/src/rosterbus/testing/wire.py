"""A wire between a connector and its twin that can be slow, break, or garble what the vendor answers."""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self

LOOPBACK = "127.0.0.1"
BLOCK = 1 << 16
SMALL, PAUSE = 512, 0.002
"""Bytes that a slow wire carries at a time, and the seconds that it then rests."""
LOOK_SECONDS = 0.1
ABORT = struct.pack("ii" if os.name == "posix" else "hh", 1, 0)
"""Closing like this sends a reset."""
GARBLED = bytes(byte ^ 0x5A for byte in range(256))


@dataclass(frozen=True)
class Weather:
    """What happens on the wire. `share` is how much of all that a connector sends for a delivery has passed by then.

    From then on a wire that is ``reset`` or ``cut`` carries nothing for anybody, until the weather is better.
    """

    what: Literal["fair", "slow", "reset", "cut", "garbage"] = "fair"
    share: float = 0.0


FAIR = Weather()
WEATHERS: Mapping[str, Weather] = MappingProxyType(
    {
        "slow": Weather("slow"),
        "reset early": Weather("reset", 0.05),
        "reset midway": Weather("reset", 0.5),
        "reset near the end": Weather("reset", 0.95),
        "cut midway": Weather("cut", 0.7),
        "garbage at first": Weather("garbage"),
        "garbage midway": Weather("garbage", 0.6),
    }
)


class Wire:
    """Passes on to `far`, a port of loopback, what comes to its own `port`; a context manager.

    `sent` counts the bytes that clients sent, since it was made or since the weather changed last.
    """

    def __init__(self, far: int) -> None:
        self._far, self._weather, self._whole = far, FAIR, 0
        self.sent = 0
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._listen, name="wire", daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def change(self, weather: Weather, whole: int = 0) -> None:
        """From now on it is like this; `whole` are the bytes that a connector sends for a delivery in all."""
        self._weather, self._whole, self.sent = weather, whole, 0

    @property
    def _has_come(self) -> bool:
        return self.sent >= self._passes

    @property
    def _passes(self) -> int:
        """How many bytes pass before it comes."""
        return round(self._weather.share * self._whole)

    @property
    def _broken(self) -> bool:
        return self._weather.what in ("reset", "cut") and self._has_come

    def _listen(self) -> None:
        while not self._stopped.is_set():
            if select.select([self._listener], [], [], LOOK_SECONDS)[0]:
                near, _ = self._listener.accept()
                thread = threading.Thread(target=self._carry, args=(near,), name="wire", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, near: socket.socket) -> None:
        with near:
            try:
                with socket.create_connection((LOOPBACK, self._far)) as far:
                    for side in (near, far):
                        side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while not self._stopped.is_set() and self._pass_on(near, far):
                        pass
                    self._end(near, far)
            except OSError:
                # One side has gone; the other one is closed, and so hears of it.
                return

    def _pass_on(self, near: socket.socket, far: socket.socket) -> bool:
        """Carry what there is; False once the connection is over."""
        if self._broken:
            return False
        slow = self._weather.what == "slow"
        for side in select.select([near, far], [], [], LOOK_SECONDS)[0]:
            data = side.recv(SMALL if slow else BLOCK)
            if not data:
                return False
            if slow:
                time.sleep(PAUSE)
            if side is near:
                far.sendall(self._counted(data))
            elif self._weather.what == "garbage" and self._has_come:
                # More of it would only be waited for: what came already means nothing.
                near.sendall(data.translate(GARBLED) + b"\r\n")
                return False
            else:
                near.sendall(data)
        return True

    def _counted(self, data: bytes) -> bytes:
        """What still passes of these bytes before the wire breaks."""
        if self._weather.what in ("reset", "cut"):
            data = data[: max(1, self._passes - self.sent)]
        self.sent += len(data)
        return data

    def _end(self, near: socket.socket, far: socket.socket) -> None:
        if self._weather.what == "reset" and self._broken:
            for side in (near, far):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
