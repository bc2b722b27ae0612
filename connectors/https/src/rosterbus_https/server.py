"""HTTPS servers on this machine's loopback, for twins and tests, each with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import tempfile
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import trustme
import uvicorn
from rosterbus.deliveries import Seen
from rosterbus.private import private_folder, write_private_bytes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK = "127.0.0.1"
START_SECONDS = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Shelf(MutableMapping[str, bytes]):
    """Contents by name, in the order of arrival, in private files of `folder`: a large one stays out of memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._paths, self._count = folder, dict[str, Path](), 0

    def __getitem__(self, name: str) -> bytes:
        return self._paths[name].read_bytes()

    def __setitem__(self, name: str, content: bytes) -> None:
        self._count += 1
        self._paths.pop(name, None)
        self._paths[name] = write_private_bytes(private_folder(self._folder) / str(self._count), content)

    def __delitem__(self, name: str) -> None:
        self._paths.pop(name).unlink()

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._paths))

    def __len__(self) -> int:
        return len(self._paths)


class HTTPSServer:
    """Answers what a subclass says. Its certificate is made on first use and kept in `folder`.

    It is a context manager, and `start` and `stop` may be repeated, always at the same port. `path` is what every
    address on it begins with. What a twin shows the conformance suite is `seen, received, port, through` and, among its
    faults, `stranger`.
    """

    path: ClassVar[str] = ""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder, self.port = private_folder(folder), port
        self.ca_file = self.folder / "ca.pem"
        self._key, self._certificate = self.folder / "server.key", self.folder / "server.pem"
        self._thread: threading.Thread | None = None
        self._seen: list[Seen] = []
        self._received = Shelf(self.folder / "received")
        self._prove()

    @abstractmethod
    async def answer(self, request: Request) -> Response:
        """Answer one request. The twin itself may be asked for anything: `dropped` gives no answer."""

    @property
    def address(self) -> str:
        """Where it is, such as ``https://127.0.0.1:40123/imports``."""
        return f"https://{LOOPBACK}:{self.port}{self.path}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port."""
        if self._thread is not None:
            return
        listening = socket.create_server((LOOPBACK, self.port))
        self.port = listening.getsockname()[1]
        self._server = _Started(self._config())
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="https server", daemon=True
        )
        self._thread.start()
        if not self._server.listening.wait(START_SECONDS):
            raise RuntimeError("the HTTPS server of the twin did not start")

    def stop(self) -> None:
        """End every connection and stop listening."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._thread = None

    @property
    def stopping(self) -> bool:
        """Whether who waits should wait no longer."""
        return self._server.should_exit

    def dropped(self, request: Request) -> Response:
        """End the connection without an answer; the one that is given goes nowhere."""
        request.state.transport.abort()
        return Response(status_code=500)

    async def stay_silent(self, request: Request) -> None:
        """Neither read nor answer, until one of the two sides has enough."""
        while not (request.state.transport.is_closing() or self.stopping):
            await asyncio.sleep(0.05)

    # What the conformance suite reads

    def see(self, what: str, name: str = "") -> None:
        """Write down what happened."""
        self._seen.append(Seen(datetime.now(UTC), what, name))

    def take(self, what: str, name: str, content: bytes) -> None:
        """Write down that something arrived under a name, and keep it."""
        self._received[name] = content
        digest = hashlib.sha256(content).hexdigest()
        self._seen.append(Seen(datetime.now(UTC), what, name, len(content), digest))

    def seen(self) -> Sequence[Seen]:
        """Connections, and what requests were noted, the oldest first."""
        return list(self._seen)

    def received(self, name: str) -> bytes:
        """The bytes that arrived under a name; KeyError where none did."""
        return self._received[name]

    def through(self, port: int) -> Mapping[str, Any]:
        """The settings that lead here over another port of loopback."""
        return {"location": f"https://{LOOPBACK}:{port}{self.path}"}

    @contextmanager
    def stranger(self) -> Iterator[Callable[[], Sequence[str]]]:
        """Somebody with a certificate of another authority answers here; gives what they were told, in methods."""
        self.stop()
        try:
            with (
                tempfile.TemporaryDirectory(dir=self.folder) as folder,
                _Stranger(Path(folder), port=self.port) as stranger,
            ):
                yield lambda: list(stranger.told)
        finally:
            self.start()

    def _prove(self) -> None:
        """Make what an authority and a server need, unless it is there already."""
        if self._certificate.exists():
            return
        authority = trustme.CA(organization_name="The twin of an HTTPS server")
        issued = authority.issue_cert(LOOPBACK, "localhost")
        write_private_bytes(self.ca_file, authority.cert_pem.bytes())
        write_private_bytes(self._key, issued.private_key_pem.bytes())
        write_private_bytes(self._certificate, b"".join(one.bytes() for one in issued.cert_chain_pems))

    def _config(self) -> uvicorn.Config:
        # Bound here, so that routing takes a plain function of one request.
        async def answer(request: Request) -> Response:
            return await self.answer(request)

        application = Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])
        return _Config(
            application,
            self.see,
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            ssl_keyfile=self._key,
            ssl_certfile=self._certificate,
            timeout_graceful_shutdown=1,
        )


class _Stranger(HTTPSServer):
    """Somebody else, who takes everything that is said."""

    def __init__(self, folder: Path, *, port: int) -> None:
        super().__init__(folder, port=port)
        self.told: list[str] = []

    async def answer(self, request: Request) -> Response:
        self.told.append(request.method)
        await request.body()
        return Response(status_code=200)


class _Config(uvicorn.Config):
    """Knows who is told of connections."""

    def __init__(self, application: Starlette, see: Callable[[str], None], **options: Any) -> None:
        super().__init__(application, **options)
        self.see = see


class _Started(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class _Connection(H11Protocol):
    """Lets a request reach its connection, to end it."""

    config: _Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.config.see("connected")
        self.app_state = {**self.app_state, "transport": transport}
