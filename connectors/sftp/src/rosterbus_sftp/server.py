"""A real SFTP server on this machine's loopback, for twins and tests, that can be told to misbehave."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import asyncssh
from rosterbus.deliveries import Fault, Seen
from rosterbus.private import private_folder, write_private_bytes, write_private_text
from rosterbus.secrets import SecretReference

from rosterbus_sftp.arrivals import Arrivals
from rosterbus_sftp.disk import Disk, Faults
from rosterbus_sftp.hostkeys import fingerprint_of, line_of

__all__ = ["Faults", "Operation", "SFTPServer"]

LOOPBACK = "127.0.0.1"
START_SECONDS = 20
Login = Literal["publickey", "password"]


@dataclass(frozen=True)
class Operation:
    """One thing that a client did. `verb` is ``connect, login, open, create, write, rename, mkdir, ...``."""

    at: datetime
    user: str
    verb: str
    path: str = ""
    bytes: int = 0


class SFTPServer:
    """Serves ``folder/homes/<user>`` to each user, who sees it as the whole disk.

    Host key, client key and passwords are made on first use and kept in `folder`, so a server started again
    over the same folder is the same server. It is a context manager, and `start` and `stop` may be repeated.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Sequence[str] = ("rosterbus",),
        logins: Sequence[Login] = ("publickey",),
        port: int = 0,
        key_exchange: Sequence[str] = (),
        extra_host_keys: Sequence[asyncssh.SSHKey] = (),
    ) -> None:
        self.folder = private_folder(folder)
        self.users = tuple(users)
        self.logins = tuple(logins)
        self.host, self.port = LOOPBACK, port
        self.faults = Faults()
        self.operations: list[Operation] = []
        self.arrivals = Arrivals(self.folder / "arrived")
        self.written = 0
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._key_exchange = list(key_exchange)
        self._extra_host_keys = list(extra_host_keys)
        self._host_key = _key(self.folder / "host_key")
        self._client_key = _key(self.folder / "client_key")
        for user in self.users:
            private_folder(self.home(user))
            _password(self.folder / f"password.{user}")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    # What a client needs to know

    @property
    def host_key(self) -> str:
        """The host key as `host_key` takes it."""
        return line_of("ssh-ed25519", self._host_key.public_data)

    @property
    def fingerprint(self) -> str:
        """The host key's fingerprint, ``SHA256:...``."""
        return fingerprint_of(self._host_key.public_data)

    @property
    def private_key(self) -> Path:
        """The file of the key that lets every user in, in OpenSSH format."""
        return self.folder / "client_key"

    def password(self, user: str | None = None) -> Path:
        """The file of a user's password."""
        return self.folder / f"password.{user or self.users[0]}"

    def home(self, user: str | None = None) -> Path:
        """The local folder that a user sees as ``/``."""
        return self.folder / "homes" / (user or self.users[0])

    def url(self, path: str = "/", user: str | None = None) -> str:
        """A location on this server."""
        return f"sftp://{user or self.users[0]}@{self.host}:{self.port}{path}"

    def settings(self, user: str | None = None) -> dict[str, Any]:
        """Settings that lead to this server and undo any others; its secrets may be read in a rehearsal."""
        name = user or self.users[0]
        by_key = "publickey" in self.logins
        return {
            "location": None,
            "transport": None,
            "host": self.host,
            "port": self.port,
            "username": name,
            "host_key": self.host_key,
            "private_key": SecretReference("file", str(self.private_key), own=True) if by_key else None,
            "passphrase": None,
            "password": None if by_key else SecretReference("file", str(self.password(name)), own=True),
        }

    def known_hosts(self) -> str:
        """The line of a known_hosts file, for other clients."""
        return f"[{self.host}]:{self.port} {self.host_key}\n"

    def command(self, user: str | None = None) -> str:
        """The line with which a person logs in; it needs OpenSSH's `sftp` and no question answered."""
        known = write_private_text(self.folder / "known_hosts", self.known_hosts())
        options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=yes", f'UserKnownHostsFile="{known}"']
        words = ["sftp", "-P", str(self.port), "-i", str(self.private_key)]
        words += [word for option in options for word in ("-o", option)]
        return shlex.join([*words, f"{user or self.users[0]}@{self.host}"])

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._connections)

    # Life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; `port` is a free one unless it was given. Raises OSError where the port is taken."""
        if self._thread is not None:
            return
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="sftp-server", daemon=True)
        self._thread.start()
        try:
            self.port = listening.result(START_SECONDS)
        except BaseException:
            self._thread = None
            raise

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(START_SECONDS)
        self._thread = None

    def _run(self, listening: Future[int]) -> None:
        try:
            asyncio.run(self._serve(listening))
        except OSError as error:
            listening.set_exception(error)

    async def _serve(self, listening: Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        acceptor = await asyncssh.create_server(
            lambda: _Doorkeeper(self),
            self.host,
            self.port,
            server_host_keys=[self._host_key, *self._extra_host_keys],
            sftp_factory=lambda channel: Disk(self, channel),
            allow_scp=False,
            kex_algs=self._key_exchange or (),
        )
        listening.set_result(acceptor.get_port())
        await self._stopping.wait()
        acceptor.close()
        await acceptor.wait_closed()
        for connection in list(self._connections):
            connection.abort()
            await connection.wait_closed()

    def note(self, user: str, verb: str, path: str = "", size: int = 0) -> None:
        """Write down what a client did."""
        self.operations.append(Operation(datetime.now(UTC), user, verb, path, size))

    def verbs(self, *wanted: str) -> list[tuple[str, str]]:
        """Verb and path of every operation so far, or of the `wanted` verbs only, in order."""
        return [(done.verb, done.path) for done in self.operations if not wanted or done.verb in wanted]

    # What the conformance suite reads

    def seen(self) -> Sequence[Seen]:
        """All that happened, the oldest first; a file was created, wrote to and renamed, each with its digest."""
        return list(self.arrivals.seen)

    def received(self, name: str) -> bytes:
        """The bytes that were written under a remote name, wherever the vendor moved them; KeyError where none were."""
        return self.arrivals.received(name)

    def through(self, port: int) -> Mapping[str, Any]:
        """Settings that lead to this server over another port."""
        return {"port": port}

    def wrongs(self, **last: str) -> Mapping[str, Fault]:
        """What a twin can do wrong; `last` is the fault that loses the answer to the last thing a connector does."""
        return {
            "stranger": self._replaced,
            "disk full": lambda: self._faulty(Faults(full_after=self.written + 100)),
            "answer lost": lambda: self._faulty(Faults(**last)),  # type: ignore[arg-type]
        }

    @contextmanager
    def _faulty(self, faults: Faults) -> Iterator[None]:
        self.faults = faults
        try:
            yield
        finally:
            self.faults = Faults()

    @contextmanager
    def _replaced(self) -> Iterator[Callable[[], Sequence[str]]]:
        """Somebody with another host key answers at this address; gives what they were told, in verbs."""
        self.stop()
        try:
            with (
                tempfile.TemporaryDirectory(dir=self.folder) as folder,
                SFTPServer(Path(folder), users=self.users, logins=self.logins, port=self.port) as stranger,
            ):
                yield lambda: [verb for verb, _ in stranger.verbs()]
        finally:
            self.start()


class _Doorkeeper(asyncssh.SSHServer):
    """Lets in who has the key or the password."""

    def __init__(self, server: SFTPServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server._connections.add(conn)
        self._server.note("", "connect")
        self._server.arrivals.note("connected")

    def connection_lost(self, *_: object) -> None:
        self._server._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        self._server.note(username, "login")
        self._server.arrivals.note("logged in")
        return True

    def public_key_auth_supported(self) -> bool:
        return "publickey" in self._server.logins

    def password_auth_supported(self) -> bool:
        return "password" in self._server.logins

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username in self._server.users and key.public_data == self._server._client_key.public_data

    def validate_password(self, username: str, password: str) -> bool:
        if username not in self._server.users:
            return False
        kept = self._server.password(username).read_text(encoding="utf-8")
        return secrets.compare_digest(kept.encode("utf-8"), password.encode("utf-8"))


def _key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        write_private_bytes(path, asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    return asyncssh.read_private_key(path)


def _password(path: Path) -> None:
    if not path.exists():
        write_private_text(path, secrets.token_urlsafe(24))
