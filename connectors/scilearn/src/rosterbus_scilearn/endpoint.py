"""mySciLEARN's three endpoints: each request goes once, over its own connection, to a server that proves itself."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx2
from rosterbus.deliveries import StagedFile
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values

from rosterbus_scilearn.multipart import Form, Progress, Upload
from rosterbus_scilearn.published import CANCEL, START, STATUS
from rosterbus_scilearn.settings import address_of

MOST = 64 * 1024
"""How many bytes of an answer are read; a sentence needs fewer."""
AWAY = (408, 429)
"""With all of the five hundreds, what a server answers that may be better later."""
HIDDEN = b"[password]"
NOTHING = "; nothing was started"


class LostError(Exception):
    """A start was sent whole, and nobody knows whether it was taken; the text says what happened."""


@dataclass(frozen=True)
class Answer:
    """What the server answered: the code, and the first `MOST` bytes of the body with the password taken out."""

    code: int
    body: bytes

    @property
    def accepted(self) -> bool:
        """Whether it is an answer to what was asked, and no error and no redirect."""
        return 200 <= self.code < 300

    @property
    def text(self) -> str:
        """The body in small letters, for the words in it to be found; shown to nobody."""
        try:
            return self.body.decode("utf-8").casefold()
        except UnicodeDecodeError:
            return self.body.decode("latin-1").casefold()

    def says(self, words: list[str]) -> bool:
        """Whether one of these words is in it."""
        return any(word.casefold() in self.text for word in words)

    @property
    def kept(self) -> bytes:
        """How it is kept with the run."""
        return b"HTTP %d\n\n%s" % (self.code, self.body)


class Endpoint:
    """One account on one server. Nothing is read from the environment: no proxy, no certificates, no netrc."""

    def __init__(self, settings: Values) -> None:
        self._settings = settings
        self._address = address_of(settings)
        self.host = urlsplit(self._address).netloc
        self._password = settings.password.reveal()
        self._context = _context(settings.ca_file)

    def status(self) -> Answer:
        """Ask about the account's last update, which changes nothing. Raises ConnectorError where that is refused."""
        return self._asked(STATUS)

    def cancel(self) -> Answer:
        """Cancel the account's update. Raises ConnectorError where that is refused."""
        return self._asked(CANCEL)

    def start(
        self, file: StagedFile, *, name: str, declare: Callable[[], None], progress: Progress
    ) -> Answer:
        """Send a file under `name`, once; `declare` is called before the part without which nothing begins.

        Raises RetriableError or ConnectorError where nothing can have begun, and LostError where nobody knows.
        """
        upload = Upload(self._fields, file, name=name, declare=declare, progress=progress)
        try:
            answer = self._post(START, upload, answer_within=self._settings.start_timeout)
        except httpx2.TransportError as error:
            if upload.declared:
                raise LostError(self._lost(error)) from error
            raise self._away(error, so=NOTHING) from error
        if not upload.declared:
            self._refuse(answer, "the file", so=NOTHING)
            raise ConnectorError(f"{self.host} answered {answer.code} before it had the whole file{NOTHING}")
        return answer

    @property
    def _fields(self) -> dict[str, str]:
        return {"login": self._settings.login, "password": self._password}

    def _asked(self, path: str) -> Answer:
        try:
            answer = self._post(path, Form(self._fields), answer_within=self._settings.timeout)
        except httpx2.TransportError as error:
            raise self._away(error) from error
        self._refuse(answer, path.rpartition("/")[2])
        return answer

    def _post(self, path: str, form: Form, *, answer_within: float) -> Answer:
        # A kept connection that the server has closed meanwhile would end in doubt, so that each request has its own.
        headers = {
            "Content-Type": f"multipart/form-data; boundary={form.boundary}",
            "Content-Length": str(form.length),
            "Accept-Encoding": "identity",
            "User-Agent": "rosterbus-scilearn",
        }
        timeout = httpx2.Timeout(self._settings.timeout, read=answer_within)
        with (
            httpx2.Client(verify=self._context, trust_env=False, timeout=timeout) as client,
            client.stream("POST", f"{self._address}{path}", content=iter(form), headers=headers) as response,
        ):
            body = bytearray()
            for piece in response.iter_raw():
                body += piece
                if len(body) >= MOST:
                    break
            return Answer(response.status_code, self._without_password(bytes(body[:MOST])))

    def _without_password(self, body: bytes) -> bytes:
        return body.replace(self._password.encode("utf-8"), HIDDEN)

    def _refuse(self, answer: Answer, asked: str, so: str = "") -> None:
        """Raise what an answer that is none means for a request that can be made again."""
        if answer.accepted:
            return
        if answer.code in AWAY or answer.code >= 500:
            raise RetriableError(f"{self.host} answered {answer.code} to {asked}{so}")
        raise refused(answer, self.host, asked)

    def _away(self, error: httpx2.TransportError, so: str = "") -> ConnectorError:
        """Why there was no answer to a request that can be made again."""
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectorError(
                f"the certificate of {self.host} is not trusted: {cause.verify_message}; it was sent nothing"
            )
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return ConnectorError(f"there is no server named {self.host}; correct `server`")
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return RetriableError(f"{self.host} cannot be reached ({_kind(cause)}){so}")
        return RetriableError(f"{self._lost(error)}{so}")

    def _lost(self, error: httpx2.TransportError) -> str:
        if isinstance(error, httpx2.ReadTimeout):
            return f"{self.host} gave no answer in time"
        if isinstance(error, httpx2.WriteTimeout):
            return f"{self.host} stopped reading"
        return f"the connection to {self.host} was lost ({_kind(error)})"


def refused(answer: Answer, host: str, asked: str) -> ConnectorError:
    """Why a request that the server refused is not to be made again; no word of the answer is repeated."""
    if answer.code in (401, 403):
        return ConnectorError(f"{host} refused login or password (it answered {answer.code} to {asked})")
    if answer.code == 404:
        return ConnectorError(f"{host} has no student updates (it answered 404); correct `server`")
    if 300 <= answer.code < 400:
        return ConnectorError(f"{host} answered {answer.code} to {asked}, and redirects are not followed")
    return ConnectorError(f"{host} refused {asked} (it answered {answer.code})")


def _context(ca_file: str | None) -> ssl.SSLContext:
    """TLS as it has to be; `ssl.create_default_context` would take certificates from the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    path = Path(ca_file).expanduser() if ca_file else Path(certifi.where())
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise ConnectorError(
            f"{path} cannot be read as certificates ({_kind(error)}); `ca_file` is a PEM file"
        ) from error
    return context


def _cause(error: BaseException) -> BaseException:
    """What lies below the exceptions that libraries make of it."""
    while below := error.__cause__ or error.__context__:
        error = below
    return error


def _kind(error: BaseException) -> str:
    return type(error).__name__
