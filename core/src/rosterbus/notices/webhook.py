"""Tells a web service (a chat channel, an alarm system) by one POST of JSON."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.hookspecs import hookimpl
from rosterbus.notices import Notice
from rosterbus.settings import Settings as Schema
from rosterbus.settings import number, secret

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LATER = (408, 425, 429)


class Settings(Schema):
    """How ``[[notify]]`` with ``by = "webhook"`` is written.

    Whoever knows the address of a webhook may post to it, so the address itself is a secret.
    """

    url = secret("the https address of the webhook", required=True)
    timeout_seconds = number("how long to wait for the answer", default=10, least=1)


@hookimpl
def notify(notice: Notice, settings: Any) -> None:
    """Post the notice once, to this very address; raises RetriableError where the service is away."""
    url = settings.url.reveal().strip()
    host = _checked_host(url, str(settings.url))
    request = Request(  # noqa: S310 - the scheme was checked
        url,
        data=json.dumps(notice.as_json(), ensure_ascii=False).encode("utf-8"),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "rosterbus"},
        method="POST",
    )
    try:
        _opener(host).open(request, timeout=settings.timeout_seconds).close()
    except HTTPError as error:
        error.close()
        later = error.code >= 500 or error.code in _LATER
        raise (RetriableError if later else ConnectorError)(
            f"the webhook at {host} answered {error.code}"
        ) from None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        kind = type(reason).__name__
        raise RetriableError(f"the webhook at {host} cannot be reached: {kind}") from None


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the notice to where nobody sent it."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _checked_host(url: str, reference: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        msg = "the address of the webhook is not one that can be used"
        raise ConfigError(
            msg, key=reference, allowed="https://..., or http:// on this machine alone"
        ) from None
    return host


def _opener(host: str) -> OpenerDirector:
    direct = [ProxyHandler({})] if host in _LOOPBACK else []
    return build_opener(_NoRedirects(), *direct)
