"""{{ cookiecutter.system }}'s API: pages of JSON for who has a token."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.settings import Values

# TODO: paths, parameters and the parts of an answer are the template's own.
# Write what {{ cookiecutter.system }} documents, and where.
REVISION, PAGES = "/v1/revision", "/v1/tables/{}"
PAGE_ROWS = 500
ATTEMPTS, PAUSE_SECONDS, TIMEOUT_SECONDS = 3, 0.5, 60
AWAY = (408, 429, 500, 502, 503, 504)
"""The answers after which another try may do better."""


class MovedError(Exception):
    """The data is no longer what it was when the reading began."""


class ForgottenError(Exception):
    """The server does not know any more what has changed since the revision that was named."""


class Api:
    """One server. All that it is asked are GETs, which do no harm when they are repeated."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client, self.host = client, client.base_url.host

    def revision(self) -> str:
        """What the server calls the state that its data is in now."""
        return str(_part(self._get(REVISION, {}), "revision", "the answer"))

    def rows(
        self, table: str, columns: Sequence[str], *, revision: str, since: str | None
    ) -> Iterator[Sequence[Any]]:
        """The rows of a table, or those that changed `since` an earlier revision, page after page.

        How long a page is says nothing: the server names the next one, and counts all rows. Raises MovedError
        where a page is of another revision, and RetriableError where not all rows came.
        """
        came, after = 0, None
        while True:
            page = self._get(PAGES.format(table), {"limit": PAGE_ROWS, "after": after, "since": since})
            at, total, items, after = (_part(page, name, "a page") for name in _PAGE)
            if str(at) != revision:
                raise MovedError
            for item in items:
                yield [_part(item, column, f"a row of {table}") for column in columns]
            came += len(items)
            if after is None or not items:
                break
        if came != total:
            raise RetriableError(f"{self.host} gave {came:,} rows of {table}, and says there are {total:,}")

    def _get(self, path: str, query: Mapping[str, Any]) -> Any:
        asked = {name: value for name, value in query.items() if value is not None}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._client.get(path, params=asked)
            except httpx2.TransportError as error:
                failure = self._unreached(error)
            else:
                if answer.status_code not in AWAY:
                    return self._content(answer)
                failure = RetriableError(f"{self.host} answered {answer.status_code}")
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS * attempt)
        raise failure

    def _content(self, answer: httpx2.Response) -> Any:
        code = answer.status_code
        if code == 410:
            raise ForgottenError
        if code in (401, 403):
            raise ConnectorError(f"{self.host} refuses the token (it answered {code})")
        if code != 200:
            raise ConnectorError(f"{self.host} answered {code} to {answer.request.url.path}")
        try:
            return answer.json()
        except ValueError as error:
            raise ConnectorError(f"{self.host} answered what is no JSON") from error

    def _unreached(self, error: httpx2.TransportError) -> RetriableError:
        cause: BaseException = error
        while below := cause.__cause__ or cause.__context__:
            cause = below
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {self.host} is not trusted: {cause.verify_message}"
            raise ConnectorError(what) from error
        return RetriableError(f"{self.host} cannot be reached ({type(error).__name__})")


@contextmanager
def connect(settings: Values) -> Iterator[Api]:
    """Believe the machine's certificate authorities, or those of `ca_file` alone; no proxy, no redirects."""
    try:
        trusted = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError("this is no file with certificates", key="ca_file") from error
    headers = {"Authorization": f"Bearer {settings.token.reveal()}"}
    with httpx2.Client(
        base_url=settings.server, headers=headers, verify=trusted, trust_env=False, timeout=TIMEOUT_SECONDS
    ) as client:
        yield Api(client)


_PAGE = ("revision", "total", "items", "next")


def _part(answer: Any, name: str, of: str) -> Any:
    try:
        return answer[name]
    except (KeyError, TypeError) as error:
        raise ConnectorError(f"{of} has no `{name}`; see what is new in the API") from error
