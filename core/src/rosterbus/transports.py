"""The places that every source can read from without another distribution: files here, and HTTPS."""

from __future__ import annotations

import ipaddress
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.hookspecs import hookimpl
from rosterbus.secrets import SecretReference

SECONDS = 60


class FileTransport:
    """``file:`` and plain paths; registered as ``transport:file``."""

    @hookimpl
    def open(self, location: str, transport: Mapping[str, Any]) -> BinaryIO:  # noqa: ARG002
        """Open a file for reading."""
        try:
            return cast(BinaryIO, local_path(location).open("rb"))
        except OSError as error:
            raise ConnectorError(f"{location} cannot be read: {error.strerror}") from error

    @hookimpl
    def list(self, location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:  # noqa: ARG002
        """The files directly in a folder, by name; empty for a file."""
        path = local_path(location)
        if not path.exists():
            raise ConnectorError(f"{location} is not there")
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
        """Open a URL for reading; certificates are always verified."""
        _refuse_plain(location)
        request = urllib.request.Request(location)  # noqa: S310 - the scheme was checked
        if "token" in transport:
            request.add_header(
                "Authorization", f"Bearer {SecretReference.parse(transport['token']).reveal()}"
            )
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=ssl.create_default_context()), _NoRedirect()
        )
        try:
            return cast(BinaryIO, opener.open(request, timeout=SECONDS))
        except urllib.error.HTTPError as error:
            error.close()
            wrong = RetriableError if error.code in (429, 502, 503) else ConnectorError
            raise wrong(f"{_host(location)} answered {error.code}") from None
        except (urllib.error.URLError, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise ConnectorError(
                    f"the certificate of {_host(location)} is not trusted: {reason.verify_message}"
                ) from error
            raise RetriableError(f"{_host(location)} cannot be reached: {reason}") from error

    @hookimpl
    def list(self, location: str, transport: Mapping[str, Any]) -> Sequence[tuple[str, int]]:  # noqa: ARG002
        """A URL is one file."""
        return []


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def local_path(location: str) -> Path:
    """The path that a plain or ``file:`` location names."""
    if location.lower().startswith("file:"):
        return Path(urllib.request.url2pathname(urlsplit(location).path))
    return Path(location).expanduser()


def scheme_of(location: str) -> str:
    """The URL scheme of a location; ``file`` for a path, also for one with a Windows drive letter."""
    scheme, separator, _ = location.partition("://")
    if not separator:
        return "file"
    return "https" if scheme.lower() == "http" else scheme.lower()


def _refuse_plain(location: str) -> None:
    parts = urlsplit(location)
    if parts.username or parts.password:
        msg = "a secret may not stand in a URL; give it as transport.token"
        raise ConfigError(msg, key="location")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        msg = "student data is not read over plain HTTP; use https"
        raise ConfigError(msg, key="location")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(location: str) -> str:
    return urlsplit(location).netloc.rpartition("@")[2]
