"""mySciLEARN on this machine: its three endpoints behind HTTPS with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import socket
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import trustme
import uvicorn
from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_bytes, write_private_text
from rosterbus.secrets import SecretReference
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from rosterbus_scilearn.answers import ANSWERS
from rosterbus_scilearn.jobs import BusyError, Jobs
from rosterbus_scilearn.published import CANCEL, PATH, START, STATUS

LOGIN = "manager@example.org"
LOOPBACK = "127.0.0.1"
START_SECONDS = 20
SAYS = {
    "none": "There was no update job.",
    "running": "The last update job is still running.",
    "completed": "The last update job completed.",
    "canceled": "The last update job was canceled.",
}
STARTED = "The update job was started."


@dataclass
class Faults:
    """How the server misbehaves; may be changed while it runs, and everything off is the default.

    Of starts: `drop_after` ends the connection after so many bytes, `silent` stops reading, and once everything has
    come, `ignores` begins no job, `says` answers with this code and text, `drops` ends the connection instead.
    `status_drops` ends it for the next so many statuses, `status_says` answers them all with this, and `late` statuses
    still tell what was before the last start.
    """

    drop_after: int | None = None
    silent: bool = False
    ignores: bool = False
    says: tuple[int, str] | None = None
    drops: bool = False
    status_drops: int = 0
    status_says: tuple[int, str] | None = None
    late: int = 0


class Server:
    """Serves one account. Certificates and password are made on first use and kept in `folder`.

    It is a context manager, and `start` and `stop` may be repeated. `asked` are the endpoints that were reached so
    far, each when its request began, and `received` counts the bytes of uploads.
    """

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        self.folder, self.jobs, self.faults = private_folder(folder), jobs, Faults()
        self.asked: list[str] = []
        self.received = 0
        self.port = 0
        self.ca_file, self.password_file = self.folder / "ca.pem", self.folder / "password"
        self._key, self._certificate = self.folder / "server.key", self.folder / "server.pem"
        self._thread: threading.Thread | None = None
        self._make()

    @property
    def address(self) -> str:
        """Where it is, such as ``https://127.0.0.1:40123/slc``."""
        return f"https://{LOOPBACK}:{self.port}{PATH}"

    def settings(self) -> dict[str, Any]:
        """Settings that lead to this server and undo any others; its password may be read in a rehearsal."""
        return {
            "server": None,
            "location": self.address,
            "login": LOGIN,
            "password": SecretReference("file", str(self.password_file), own=True),
            "ca_file": str(self.ca_file),
            "words": {"none": ["no update job"]},
        }

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
            target=self._server.run, args=([listening],), name="scilearn-twin", daemon=True
        )
        self._thread.start()
        if not self._server.listening.wait(START_SECONDS):
            raise RuntimeError("the twin of mySciLEARN did not start")

    def stop(self) -> None:
        """End every connection and stop listening."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._thread = None

    def _make(self) -> None:
        """What a certificate authority, a server and an account need, unless it is there already."""
        if not self.password_file.exists():
            write_private_text(self.password_file, secrets.token_hex(16))
        if self._certificate.exists():
            return
        authority = trustme.CA(organization_name="The twin of mySciLEARN")
        issued = authority.issue_cert(LOOPBACK, "localhost")
        write_private_bytes(self.ca_file, authority.cert_pem.bytes())
        write_private_bytes(self._key, issued.private_key_pem.bytes())
        chain = b"".join(one.bytes() for one in issued.cert_chain_pems)
        write_private_bytes(self._certificate, chain)

    def _config(self) -> uvicorn.Config:
        handlers = {START: self._start, STATUS: self._status, CANCEL: self._cancel}
        routes = [Route(f"{PATH}{path}", handler, methods=["POST"]) for path, handler in handlers.items()]
        return uvicorn.Config(
            Starlette(routes=routes),
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            ssl_keyfile=self._key,
            ssl_certfile=self._certificate,
            timeout_graceful_shutdown=1,
        )

    async def _start(self, request: Request) -> Response:
        self.asked.append("start")
        if self.faults.silent:
            await self._stay_silent(request)
        form = await self._form(request)
        if isinstance(form, Response):
            return form
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            return PlainTextResponse("There is no file.", 400)
        content = await upload.read()
        await form.close()
        answer = PlainTextResponse(STARTED)
        if not self.faults.ignores:
            answer = self._started(upload.filename or "", content)
        if self.faults.says:
            code, text = self.faults.says
            answer = PlainTextResponse(text, code)
        return self._dropped(request) if self.faults.drops else answer

    def _started(self, file: str, content: bytes) -> PlainTextResponse:
        try:
            self.jobs.start(file, content)
        except BusyError:
            return PlainTextResponse(SAYS["running"], 409)
        return PlainTextResponse(STARTED)

    async def _status(self, request: Request) -> Response:
        self.asked.append("status")
        form = await self._form(request)
        if isinstance(form, Response):
            return form
        if self.faults.status_drops:
            self.faults.status_drops -= 1
            return self._dropped(request)
        if self.faults.status_says:
            code, text = self.faults.status_says
            return PlainTextResponse(text, code)
        if self.faults.late and self.jobs.updates:
            self.faults.late -= 1
            return PlainTextResponse(SAYS[self.jobs.before])
        return PlainTextResponse(SAYS[self.jobs.state])

    async def _cancel(self, request: Request) -> Response:
        self.asked.append("cancel")
        form = await self._form(request)
        if isinstance(form, Response):
            return form
        return PlainTextResponse(SAYS["canceled"] if self.jobs.cancel() else "No update job is active.")

    async def _form(self, request: Request) -> FormData | Response:
        """The fields of a request of somebody who may log in, or what is answered instead."""
        try:
            form = await _InMemory(request.headers, self._counted(request)).parse()
        except (MultiPartException, KeyError):
            return PlainTextResponse("This is no form.", 400)
        except ClientDisconnect:
            return Response(status_code=400)
        password = self.password_file.read_text(encoding="utf-8")
        given = (str(form.get("login", "")), str(form.get("password", "")))
        if not hmac.compare_digest("\0".join(given).encode(), f"{LOGIN}\0{password}".encode()):
            await form.close()
            return PlainTextResponse("Login or password is wrong.", 401)
        return form

    async def _counted(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body of a request as it comes, cut off where that was asked for."""
        size, is_upload = 0, request.url.path.endswith(START)
        async for piece in request.stream():
            size += len(piece)
            self.received += len(piece) if is_upload else 0
            if is_upload and self.faults.drop_after is not None and size > self.faults.drop_after:
                self._dropped(request)
                raise ClientDisconnect
            yield piece

    async def _stay_silent(self, request: Request) -> None:
        while not (request.state.transport.is_closing() or self._server.should_exit):
            await asyncio.sleep(0.05)

    def _dropped(self, request: Request) -> Response:
        """End the connection without an answer; the one that is given goes nowhere."""
        request.state.transport.abort()
        return Response(status_code=500)


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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _InMemory(MultiPartParser):
    """Never puts a part into a temporary file, which would lie where others may look."""

    spool_max_size = 2**40


def start(folder: Path) -> Twin:
    """Start the server over `folder`; started again there, it is the same one."""
    jobs = Jobs(private_folder(folder))
    server = Server(folder / "server", jobs)
    server.start()
    return Twin(
        name="scilearn",
        settings=server.settings(),
        reach=_reach(server),
        stop=server.stop,
        settle=jobs.settle,
        answers=ANSWERS,
        folder=folder,
        extras={"server": server, "jobs": jobs},
    )


def _reach(server: Server) -> list[str]:
    """The article's lines, with the password read from its file, so that no list of processes shows it."""
    curl = ["curl", "--cacert", str(server.ca_file)]
    account = ["-F", f"login={LOGIN}", "-F", f"password=<{server.password_file}"]
    file = ["-F", "file=@students.csv"]
    return [
        shlex.join([*curl, *(file if path == START else []), *account, f"{server.address}{path}"])
        for path in (START, STATUS, CANCEL)
    ]
