"""mySciLEARN on this machine: its three endpoints behind HTTPS with a certificate authority of its own."""

from __future__ import annotations

import hmac
import secrets
import shlex
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Fault, Twin
from rosterbus.private import private_folder, write_private_text
from rosterbus.secrets import SecretReference
from rosterbus_https.server import HTTPSServer
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from rosterbus_scilearn.answers import ANSWERS
from rosterbus_scilearn.jobs import BusyError, Jobs
from rosterbus_scilearn.published import CANCEL, PATH, START, STATUS

LOGIN = "manager@example.org"
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


class Server(HTTPSServer):
    """Serves one account. Certificates and password are made on first use and kept in `folder`.

    `asked` are the endpoints that were reached so far, each when its request began, and `uploaded` counts the bytes of
    uploads.
    """

    path = PATH

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        super().__init__(folder)
        self.jobs, self.faults = jobs, Faults()
        self.asked: list[str] = []
        self.uploaded = 0
        self.password_file = self.folder / "password"
        if not self.password_file.exists():
            write_private_text(self.password_file, secrets.token_hex(16))

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

    def wrongs(self) -> Mapping[str, Fault]:
        """What it can do wrong; what it cannot keep begins no job."""
        full = Faults(ignores=True, says=(507, "Insufficient storage"))
        return {
            "stranger": self.stranger,
            "disk full": lambda: self._faulty(full),
            "answer lost": lambda: self._faulty(Faults(drops=True)),
        }

    @contextmanager
    def _faulty(self, faults: Faults) -> Iterator[None]:
        self.faults = faults
        try:
            yield
        finally:
            self.faults = Faults()

    async def answer(self, request: Request) -> Response:
        """Answer at one of the three endpoints."""
        endpoints = {START: self._start, STATUS: self._status, CANCEL: self._cancel}
        endpoint = endpoints.get(request.url.path.removeprefix(PATH))
        if endpoint is None or request.method != "POST":
            return PlainTextResponse("There is no such page.", 404)
        return await endpoint(request)

    def _ask(self, endpoint: str) -> None:
        self.asked.append(endpoint)
        self.see(f"asked to {endpoint}" if endpoint != "status" else "asked for the status")

    async def _start(self, request: Request) -> Response:
        self._ask("start")
        if self.faults.silent:
            await self.stay_silent(request)
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
        return self.dropped(request) if self.faults.drops else answer

    def _started(self, file: str, content: bytes) -> PlainTextResponse:
        try:
            self.jobs.start(file, content)
        except BusyError:
            return PlainTextResponse(SAYS["running"], 409)
        self.take("posted", file, content)
        return PlainTextResponse(STARTED)

    async def _status(self, request: Request) -> Response:
        self._ask("status")
        form = await self._form(request)
        if isinstance(form, Response):
            return form
        if self.faults.status_drops:
            self.faults.status_drops -= 1
            return self.dropped(request)
        if self.faults.status_says:
            code, text = self.faults.status_says
            return PlainTextResponse(text, code)
        if self.faults.late and self.jobs.updates:
            self.faults.late -= 1
            return PlainTextResponse(SAYS[self.jobs.before])
        return PlainTextResponse(SAYS[self.jobs.state])

    async def _cancel(self, request: Request) -> Response:
        self._ask("cancel")
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
            self.uploaded += len(piece) if is_upload else 0
            if is_upload and self.faults.drop_after is not None and size > self.faults.drop_after:
                self.dropped(request)
                raise ClientDisconnect
            yield piece


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
        seen=server.seen,
        received=server.received,
        port=server.port,
        through=server.through,
        faults=server.wrongs(),
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
