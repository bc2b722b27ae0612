"""The places that every source can read from without another distribution: files here, and HTTPS."""

from __future__ import annotations

import io
import ipaddress
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import SplitResult, urlsplit

from rosterbus.errors import ConfigError, ConnectorError, NotThereError, RetriableError
from rosterbus.hookspecs import hookimpl
from rosterbus.secrets import SecretReference

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SECONDS = 60
AWAY = (408, 429, 502, 503, 504)
"""The answers after which another try may do better."""
NOT_THERE = (404, 410)


class FileTransport:
    """``file:`` and plain paths; registered as ``transport:file``."""

    @hookimpl
    def open(self, location: str, transport: Mapping[str, Any]) -> BinaryIO:  # noqa: ARG002
        """Open a file for reading."""
        try:
            return cast(BinaryIO, local_path(location).open("rb"))
        except FileNotFoundError as error:
            raise NotThereError(f"{location} is not there") from error
        except OSError as error:
            raise ConnectorError(f"{location} cannot be read: {error.strerror}") from error

    @hookimpl
    def list(self, location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:  # noqa: ARG002
        """The files directly in a folder, by name; empty for a file."""
        path = local_path(location)
        if not path.exists():
            raise NotThereError(f"{location} is not there")
        return (
            [(one.name, one.stat().st_size) for one in sorted(path.iterdir()) if one.is_file()]
            if path.is_dir()
            else []
        )


class HttpsTransport:
    """``https://``, with a bearer token if `transport` has one; registered as ``transport:https``.

    Redirects are refused, because they would take the token and the trust elsewhere. Plain HTTP is taken on loopback
    alone.
    """

    @hookimpl
    def open(self, location: str, transport: Mapping[str, Any]) -> BinaryIO:
        """Open a URL for reading; certificates are always verified, and a body that is cut short is an error."""
        parts = _parts(location)
        host = parts.netloc
        request = urllib.request.Request(location, headers=_headers(transport))  # noqa: S310 - _parts checked it
        try:
            response = _opener(parts).open(request, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            error.close()
            raise _refusal(host, error.code) from None
        except InvalidURL as error:
            raise ConfigError("this is no URL", key="location") from error
        except (OSError, HTTPException) as error:
            raise _unreached(host, error) from error
        if response.status != 200 or (response.length is None and not response.chunked):
            response.close()
            if response.status != 200:
                raise _refusal(host, response.status)
            raise ConnectorError(
                f"{host} does not say how long the file is, so that a part would pass for the whole"
            )
        return io.BufferedReader(_Body(response, host))

    @hookimpl
    def list(self, location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:  # noqa: ARG002
        """A URL is one file."""
        return []


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Body(io.RawIOBase):
    """The body of an answer; `http.client` itself would give a short one as if it were the whole."""

    def __init__(self, response: HTTPResponse, host: str) -> None:
        self._response, self._host = response, host

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            count = self._response.readinto(buffer)
        except (OSError, HTTPException) as error:
            raise RetriableError(f"{self._host} broke off in the middle: {type(error).__name__}") from error
        if not count and self._response.length:
            raise RetriableError(f"{self._host} broke off with {self._response.length:,} bytes to come")
        return count

    def close(self) -> None:
        self._response.close()
        super().close()


def local_path(location: str) -> Path:
    """The path that a plain or ``file:`` location names; raises ConfigError where it names another machine."""
    if location.lower().startswith("file:"):
        parts = urlsplit(location)
        if parts.netloc not in ("", "localhost"):
            msg = "a file URL names no other machine; write a path, or file:///path with three slashes"
            raise ConfigError(msg, key="location", found=parts.netloc)
        return Path(urllib.request.url2pathname(parts.path))
    try:
        return Path(location).expanduser()
    except RuntimeError as error:
        raise ConfigError("there is no such home folder", key="location", found=location) from error


def scheme_of(location: str) -> str:
    """The URL scheme of a location; ``file`` for a path, also for one with a Windows drive letter."""
    scheme, separator, _ = location.partition("://")
    if not separator:
        return "file"
    return "https" if scheme.lower() == "http" else scheme.lower()


def _parts(location: str) -> SplitResult:
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError as error:
        raise ConfigError("this is no URL", key="location") from error
    if not parts.hostname or port == 0:
        raise ConfigError("the URL names no server", key="location")
    if parts.username or parts.password:
        raise ConfigError("a secret may not stand in a URL; give it as transport.token", key="location")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigError("student data is not read over plain HTTP; use https", key="location")
    return parts


def _headers(transport: Mapping[str, Any]) -> dict[str, str]:
    unknown = sorted(set(transport) - {"token"})
    if unknown:
        raise ConfigError("there is no such setting here", key=f"transport.{unknown[0]}", allowed="token")
    if "token" not in transport:
        return {}
    try:
        token = SecretReference.parse(transport["token"])
    except ValueError as error:
        raise ConfigError(str(error), key="transport.token") from error
    return {"Authorization": f"Bearer {token.reveal()}"}


def _opener(parts: SplitResult) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _NoRedirect(),
    ]
    if parts.scheme == "http":
        # What is plain stays on this machine: the environment's proxy would get the token and the roster.
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _refusal(host: str, code: int) -> ConnectorError:
    if code in AWAY:
        return RetriableError(f"{host} answered {code}")
    if code in NOT_THERE:
        return NotThereError(f"{host} answered {code}: there is no such file")
    if 300 <= code < 400:
        return ConnectorError(
            f"{host} answered {code}, and redirects are not followed; name the file's own address"
        )
    return ConnectorError(f"{host} answered {code}")


def _unreached(host: str, error: OSError | HTTPException) -> ConnectorError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ConnectorError(f"the certificate of {host} is not trusted: {reason.verify_message}")
    if isinstance(reason, HTTPException):
        return RetriableError(f"{host} gave no answer that can be read: {type(reason).__name__}")
    return RetriableError(f"{host} cannot be reached: {reason}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
