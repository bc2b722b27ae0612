"""Brings the files of a marketplace from a folder, a file share or a web server, with no trust in any of them."""

from __future__ import annotations

import ipaddress
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from rosterbus.errors import ConfigError
from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient.fetcher import FetcherInterface

CHUNK = 1 << 16
SECONDS = 30
"""How long a server may say nothing."""
AT_MOST = 900
"""Seconds for one file, however slowly a server drips."""
NOT_FOUND = 404


def base_of(location: str) -> str:
    """The URL of a marketplace, with a slash at its end, from a folder, a ``file:`` URL or ``https://``.

    Raises ConfigError for plain HTTP to another machine, a secret in the URL, and what is no folder.
    """
    scheme = urlsplit(location).scheme if "://" in location or location.startswith("file:") else ""
    if scheme in ("", "file"):
        path = local_path(location) if scheme else Path(location).expanduser()
        if not path.is_dir():
            raise ConfigError("there is no such folder", key="LOCATION", found=location)
        return path.resolve().as_uri() + "/"
    parts = urlsplit(location)
    if scheme not in ("https", "http"):
        raise ConfigError(
            "a marketplace is read from a folder or over HTTPS",
            key="LOCATION",
            found=f"`{scheme}`",
            allowed="a path, file:// or https://",
        )
    if parts.username or parts.password:
        raise ConfigError("a secret may not stand in the URL of a marketplace", key="LOCATION")
    if scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ConfigError(
            "a marketplace is not read over plain HTTP; use https", key="LOCATION", found=parts.netloc
        )
    return location.rstrip("/") + "/"


class SiteFetcher(FetcherInterface):
    """Reads files below `base`. Redirects are refused; what is missing is a 404 whatever the storage calls it."""

    def __init__(self, base: str) -> None:
        self._base = base

    def _fetch(self, url: str) -> Iterator[bytes]:
        return _from_file(url) if url.startswith("file:") else self._from_web(url)

    def _from_web(self, url: str) -> Iterator[bytes]:
        address = self._base + quote(url.removeprefix(self._base), safe="/%")
        until = time.monotonic() + AT_MOST
        try:
            with _opener(address).open(address, timeout=SECONDS) as response:
                if response.status != 200:
                    raise DownloadHTTPError(f"answered {response.status}", response.status)
                while chunk := response.read1(CHUNK):  # what is there: a drop is no reason to wait for more
                    yield chunk
                    if time.monotonic() > until:
                        raise SlowRetrievalError(f"gave less than the whole file in {AT_MOST} seconds")
        except urllib.error.HTTPError as error:
            error.close()
            raise DownloadHTTPError(f"answered {error.code}", error.code) from None
        except (OSError, HTTPException) as error:
            raise DownloadError(str(getattr(error, "reason", error)) or type(error).__name__) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(address: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _NoRedirect(),
    ]
    if address.startswith("http:"):
        handlers.append(urllib.request.ProxyHandler({}))  # what is plain stays on this machine
    return urllib.request.build_opener(*handlers)


def _from_file(url: str) -> Iterator[bytes]:
    path = local_path(url)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (FileNotFoundError, NotADirectoryError):
        raise DownloadHTTPError(f"{path.name} is not there", NOT_FOUND) from None
    except OSError as error:
        raise DownloadError(f"{path.name} cannot be read: {error.strerror}") from error


def local_path(url: str) -> Path:
    """The path that a ``file:`` URL names; raises ConfigError where it names another machine."""
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        msg = "a file URL names no other machine; write a path, or file:///path with three slashes"
        raise ConfigError(msg, key="LOCATION", found=parts.netloc)
    return Path(urllib.request.url2pathname(parts.path))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
