"""One server: each request goes once, over its own connection, and only to who proves to be that server."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import certifi
import httpx2
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values

from rosterbus_https.bodies import Body, Declaring

MOST = 64 * 1024
"""How many bytes of an answer are read; a sentence needs fewer."""
LARGEST = 64 * 1024 * 1024
"""How many bytes one page of an API may have."""
AWAY = (408, 429)
"""With all of the five hundreds, what a server answers that may be better later."""
HIDDEN = b"[secret]"
NOTHING = "; nothing was started"


class LostError(RetriableError):
    """A body was sent whole, and nobody knows whether it was taken; the text says what happened."""


@dataclass(frozen=True)
class Answer:
    """What the server answered: the code, and the body (its first `MOST` bytes) with the secrets taken out."""

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

    def json(self) -> Any:
        """The body, read as JSON. Raises ConnectorError, which repeats nothing of it."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise ConnectorError("the server answered what is no JSON; it may be another one") from None

    @property
    def kept(self) -> bytes:
        """How it is kept with the run."""
        return b"HTTP %d\n\n%s" % (self.code, self.body)


class Connection:
    """One address. Nothing is read from the environment: no proxy, no certificates, no netrc.

    `address` has no slash at its end. `timeout` is in seconds, for a connection, for each piece that is sent, and for
    an answer. `secrets` are taken out of every answer. `setting` is where a person corrects the address, and
    `credentials` what the server asks for, as people call it.
    """

    def __init__(
        self,
        address: str,
        *,
        ca_file: str | None = None,
        timeout: float = 60,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        setting: str = "location",
        credentials: str = "the credentials",
    ) -> None:
        self.address, self.host = address, urlsplit(address).netloc
        self._timeout = timeout
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "rosterbus", **(headers or {})}
        self._secrets = [secret.encode("utf-8") for secret in secrets]
        self._setting, self._credentials = setting, credentials
        self._context = _context(ca_file)

    @classmethod
    def of(cls, settings: Values) -> Connection:
        """The server of `HTTPSSettings`, with its token."""
        token = settings.token.reveal()
        return cls(
            settings.location,
            ca_file=settings.ca_file,
            timeout=settings.timeout,
            headers={"Authorization": f"Bearer {token}"},
            secrets=[token],
            credentials="the token",
        )

    def ask(
        self, method: str, path: str, body: Body | None = None, *, asked: str = "", so: str = ""
    ) -> Answer:
        """Ask what can be asked again. `asked` is what people call it, `so` what holds if it fails.

        Raises ConnectorError where that is refused, RetriableError where it may be better later.
        """
        try:
            answer = self._request(method, path, body, answer_within=self._timeout)
        except httpx2.TransportError as error:
            raise self._away(error, so=so) from error
        self.refuse(answer, asked or path.rpartition("/")[2], so=so)
        return answer

    def read(self, path: str, query: Mapping[str, str] | None = None, *, most: int = LARGEST) -> Answer:
        """Get whatever is answered there, whole; `refuse` tells whether it is what was asked for.

        Raises ConnectorError where it has more than `most` bytes, RetriableError where there is no answer.
        """
        try:
            answer = self._request("GET", path, None, answer_within=self._timeout, query=query, most=most + 1)
        except httpx2.TransportError as error:
            raise self._away(error) from error
        if len(answer.body) > most:
            raise ConnectorError(f"{self.host} answered with more than {most:,} bytes; ask for less at once")
        return answer

    def send(
        self, method: str, path: str, body: Declaring, *, name: str = "", answer_within: float | None = None
    ) -> Answer:
        """Send once what the server may take; the answer is whatever it says to the whole of it.

        `name` is what people call it. Raises RetriableError or ConnectorError where nothing can have been taken, and
        LostError where nobody knows.
        """
        try:
            answer = self._request(method, path, body, answer_within=answer_within or self._timeout)
        except httpx2.TransportError as error:
            if body.declared:
                raise LostError(self._lost(error)) from error
            raise self._away(error, so=NOTHING) from error
        if not body.declared:
            self.refuse(answer, name or path.rpartition("/")[2], so=NOTHING)
            raise ConnectorError(f"{self.host} answered {answer.code} before it had the whole file{NOTHING}")
        return answer

    def refuse(self, answer: Answer, asked: str, so: str = "") -> None:
        """Raise what an answer that is none means for a request that can be made again."""
        if answer.accepted:
            return
        if answer.code in AWAY or answer.code >= 500:
            raise RetriableError(f"{self.host} answered {answer.code} to {asked}{so}")
        raise self.refused(answer, asked)

    def refused(self, answer: Answer, asked: str) -> ConnectorError:
        """Why a request that was refused is not to be made again; no word of the answer is repeated."""
        if answer.code in (401, 403):
            return ConnectorError(
                f"{self.host} refused {self._credentials} (it answered {answer.code} to {asked})"
            )
        if answer.code == 404:
            return ConnectorError(
                f"{self.host} has no such place (it answered 404 to {asked}); correct `{self._setting}`"
            )
        if 300 <= answer.code < 400:
            return ConnectorError(
                f"{self.host} answered {answer.code} to {asked}, and redirects are not followed"
            )
        return ConnectorError(f"{self.host} refused {asked} (it answered {answer.code})")

    def _request(
        self,
        method: str,
        path: str,
        body: Body | None,
        *,
        answer_within: float,
        query: Mapping[str, str] | None = None,
        most: int = MOST,
    ) -> Answer:
        # A kept connection that the server has closed meanwhile would end in doubt, so that each request has its own.
        headers = dict(self._headers)
        if body is not None:
            headers |= {"Content-Type": body.content_type, "Content-Length": str(body.length)}
        timeout = httpx2.Timeout(self._timeout, read=answer_within)
        content = iter(body) if body is not None else None
        url = f"{self.address}{quote(path)}"
        with (
            httpx2.Client(verify=self._context, trust_env=False, timeout=timeout) as client,
            client.stream(method, url, content=content, headers=headers, params=query) as response,
        ):
            said = bytearray()
            for piece in response.iter_raw():
                said += piece
                if len(said) >= most:
                    break
            return Answer(response.status_code, self._without_secrets(bytes(said[:most])))

    def _without_secrets(self, body: bytes) -> bytes:
        for secret in self._secrets:
            body = body.replace(secret, HIDDEN)
        return body

    def _away(self, error: httpx2.TransportError, so: str = "") -> ConnectorError:
        """Why there was no answer to a request that can be made again."""
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectorError(
                f"the certificate of {self.host} is not trusted: {cause.verify_message}; it was sent nothing"
            )
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return ConnectorError(f"there is no server named {self.host}; correct `{self._setting}`")
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return RetriableError(f"{self.host} cannot be reached ({_kind(cause)}){so}")
        return RetriableError(f"{self._lost(error)}{so}")

    def _lost(self, error: httpx2.TransportError) -> str:
        if isinstance(error, httpx2.ReadTimeout):
            return f"{self.host} gave no answer in time"
        if isinstance(error, httpx2.WriteTimeout):
            return f"{self.host} stopped reading"
        return f"the connection to {self.host} was lost ({_kind(error)})"


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
