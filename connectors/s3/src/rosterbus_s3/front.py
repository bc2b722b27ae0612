"""The door of a twin's store: it proves who it is, writes down what passes, and misbehaves where a test asks for it."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

import trustme
from rosterbus.deliveries import Fault, Seen
from rosterbus.errors import NotThereError
from rosterbus.private import private_folder, write_private_bytes

from rosterbus_s3.server import LOOPBACK, S3Server

SECONDS = 60
SAW: Mapping[str, str] = {
    "PUT": "wrote",
    "GET": "read",
    "HEAD": "asked",
    "POST": "posted",
    "DELETE": "removed",
}
"""What was seen of a request that the store did not refuse."""
NOT_PASSED_ON = ("connection", "expect", "keep-alive")
HERE_ONLY = (*NOT_PASSED_ON, "content-length", "transfer-encoding", "server", "date")
FULL = 507
Misbehaviour = Literal["", "full", "lost"]


class Front:
    """Stands before one bucket of a store, over TLS with a certificate authority of its own, kept in `folder`.

    What a twin shows the conformance suite is `seen, received, port, through` and, as its faults, `wrongs()`. It is a
    context manager, and `start` and `stop` may be repeated, always at the same port.
    """

    def __init__(self, server: S3Server, folder: Path, *, bucket: str | None = None) -> None:
        self.server, self.bucket = server, bucket or server.buckets[0]
        self.port = 0
        self.misbehaves: Misbehaviour = ""
        self.last = re.compile("")
        self._seen: list[Seen] = []
        self._door: _Door | None = None
        self.ca_file, self._certificate = folder / "ca.pem", folder / "server.pem"
        if not self._certificate.exists():
            authority = trustme.CA(organization_name="The twin of a store")
            write_private_bytes(private_folder(folder) / self.ca_file.name, authority.cert_pem.bytes())
            write_private_bytes(self._certificate, _issued_by(authority))

    @property
    def endpoint(self) -> str:
        """The address, ``https://127.0.0.1:<port>``."""
        return f"https://{LOOPBACK}:{self.port}"

    def settings(self) -> dict[str, Any]:
        """Settings that lead to the bucket, to put only, and undo any others; readable in a rehearsal."""
        return {
            **self.server.settings(self.bucket),
            "endpoint": self.endpoint,
            "ca_file": str(self.ca_file),
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port."""
        if self._door is None:
            self._door = _Door(self.port, self._certificate, self._connected, self._answer)
            self.port = self._door.server_port

    def stop(self) -> None:
        """End every connection and stop listening."""
        door, self._door = self._door, None
        if door is not None:
            door.end()

    def seen(self) -> list[Seen]:
        """Connections, and requests by their keys, the oldest first."""
        return list(self._seen)

    def received(self, name: str) -> bytes:
        """What the store has under a key; KeyError where it has nothing."""
        try:
            return self.server.read(self.bucket, name)
        except NotThereError as error:
            raise KeyError(name) from error

    def through(self, port: int) -> dict[str, Any]:
        """The settings that lead here over another port of loopback."""
        return {"endpoint": f"https://{LOOPBACK}:{port}"}

    def wrongs(self, *, last: str = "") -> dict[str, Fault]:
        """What the store can do wrong. `last` is a regular expression, found in the key that is put last of all."""
        return {
            "stranger": self._stranger,
            "disk full": partial(self._misbehaving, "full"),
            "answer lost": partial(self._misbehaving, "lost", last),
        }

    @contextmanager
    def _misbehaving(self, how: Misbehaviour, last: str = "") -> Iterator[None]:
        self.misbehaves, self.last = how, re.compile(last)
        try:
            yield
        finally:
            self.misbehaves = ""

    @contextmanager
    def _stranger(self) -> Iterator[Callable[[], list[str]]]:
        """Another server at this address, with a certificate of an authority that nobody trusts."""
        heard: list[str] = []

        def answer(request: _Request) -> None:
            heard.append(request.command)
            request.answer(200)

        certificate = self._certificate.with_name("stranger.pem")
        write_private_bytes(certificate, _issued_by(trustme.CA()))
        self.stop()
        try:
            stranger = _Door(self.port, certificate, lambda: None, answer)
            try:
                yield lambda: list(heard)
            finally:
                stranger.end()
        finally:
            self.start()

    def _connected(self) -> None:
        self._see("connected")

    def _see(self, what: str, name: str = "", content: bytes | None = None) -> None:
        told = (0, "") if content is None else (len(content), hashlib.sha256(content).hexdigest())
        self._seen.append(Seen(datetime.now(UTC), what, name, *told))

    def _answer(self, request: _Request) -> None:
        """Pass a request on and its answer back, unless something is to go wrong."""
        putting = request.command == "PUT"
        body, key = request.body(), request.key
        if putting and self.misbehaves == "full":
            self._see("refused", key)
            request.answer(FULL)
            return
        status, headers, said = _passed_on(request, body, self.server.endpoint)
        if status >= http.client.BAD_REQUEST:
            self._see("refused", key)
        else:
            self._see(SAW[request.command], key, self._stored(request, body) if putting else None)
        if putting and self.misbehaves == "lost" and self.last.search(key):
            request.close_connection = True
            return
        request.answer(status, headers, said)

    def _stored(self, request: _Request, body: bytes) -> bytes:
        """The bytes that a put left; the `aws` command wraps them up in pieces."""
        return (
            self.received(request.key)
            if "aws-chunked" in request.headers.get("Content-Encoding", "")
            else body
        )


class _Request(BaseHTTPRequestHandler):
    """One connection and its requests."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def __init__(self, answer: Callable[[_Request], None], *arguments: Any) -> None:
        self._answer = answer
        super().__init__(*arguments)

    @property
    def key(self) -> str:
        """What is asked for within the bucket; blank for the bucket itself."""
        return unquote(urlsplit(self.path).path.lstrip("/").partition("/")[2])

    @property
    def in_pieces(self) -> bool:
        """Whether the body comes without its size, as that of the `aws` command."""
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def body(self) -> bytes:
        """All that was sent. Raises ConnectionError where that is less than was announced."""
        if not self.in_pieces:
            return self._read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self._line().partition(b";")[0], 16):
            pieces.append(self._read(size))
            self._line()
        self._line()
        return b"".join(pieces)

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the body was cut short")
        return line

    def _read(self, size: int) -> bytes:
        content = self.rfile.read(size)
        if len(content) < size:
            raise ConnectionResetError("the body was cut short")
        return content

    def answer(self, status: int, headers: Mapping[str, str] | None = None, said: bytes = b"") -> None:
        """Answer once. What a HEAD would have been answered is told by its `Content-Length`."""
        headers = {"Content-Length": str(len(said)), **(headers or {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def _handle(self) -> None:
        self._answer(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815 - the names are the library's

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _passed_on(request: _Request, body: bytes, endpoint: str) -> tuple[int, dict[str, str], bytes]:
    """What the store answers to a request, whose signature holds as long as its headers are the same."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=SECONDS)
    try:
        connection.request(
            request.command, request.path, body or None, headers, encode_chunked=request.in_pieces
        )
        answer = connection.getresponse()
        said = answer.read()
    except OSError:
        return http.client.BAD_GATEWAY, {}, b""
    finally:
        connection.close()
    told = {name: value for name, value in answer.getheaders() if name.lower() not in HERE_ONLY}
    if request.command == "HEAD":
        told["Content-Length"] = answer.getheader("Content-Length", "0")
    return answer.status, told, said


class _Door(ThreadingHTTPServer):
    """Listens, and shakes hands in each connection's own thread, so that nobody who stays silent stops another."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        certificate: Path,
        connected: Callable[[], None],
        answer: Callable[[_Request], None],
    ) -> None:
        super().__init__((LOOPBACK, port), partial(_Request, answer))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._connected, self._open, self._one_at_a_time = connected, set[socket.socket](), threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="s3 front", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop listening and end what is open."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._one_at_a_time:
            for one in self._open:
                # It may be over already.
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, and answer all that this client asks."""
        request.settimeout(SECONDS)
        # Who turns away after looking at the certificate, or speaks something else, is nobody's error here.
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as connection:
            with self._one_at_a_time:
                self._open.add(connection)
            try:
                self._connected()
                super().finish_request(connection, client_address)
            finally:
                with self._one_at_a_time:
                    self._open.discard(connection)


def _issued_by(authority: trustme.CA) -> bytes:
    """Key and certificates of a server on loopback."""
    return authority.issue_cert(LOOPBACK, "localhost").private_key_and_cert_chain_pem.bytes()
