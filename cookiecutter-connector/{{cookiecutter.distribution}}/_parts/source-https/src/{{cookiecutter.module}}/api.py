"""{{ cookiecutter.system }}'s API: pages of JSON, which can be asked for again without harm."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_https import Connection

# TODO: paths, parameters and the parts of an answer are the template's own.
# Write what {{ cookiecutter.system }} documents, and where.
REVISION, PAGES = "/revision", "/tables/{}"
PARTS = ("revision", "total", "items", "next")
"""What a page tells: the state of all data, how many rows there are, its own rows, where the next one begins."""
PAGE_ROWS = 500
ATTEMPTS, PAUSE_SECONDS = 3, 0.5


class MovedError(Exception):
    """The data is no longer what it was when the reading began."""


class ForgottenError(Exception):
    """The server does not know any more what has changed since the revision that was named."""


class Api:
    """One server, and the token of one account."""

    def __init__(self, settings: Values) -> None:
        self._connection = Connection.of(settings)
        self.host = self._connection.host

    def revision(self) -> str:
        """What the server calls the state that its data is in now."""
        return str(_part(self._asked(REVISION, {}), "revision", "the answer"))

    def rows(
        self, table: str, columns: Sequence[str], *, revision: str, since: str | None
    ) -> Iterator[Sequence[Any]]:
        """The rows of a table, or those that changed `since` an earlier revision, page after page.

        How long a page is says nothing: the server names the next one, and counts all rows. Raises MovedError
        where a page is of another revision, and RetriableError where not all rows came.
        """
        came, after = 0, None
        while True:
            page = self._asked(PAGES.format(table), {"limit": PAGE_ROWS, "after": after, "since": since})
            at, total, items, after = (_part(page, name, "a page") for name in PARTS)
            if str(at) != revision:
                raise MovedError
            for item in items:
                yield [_part(item, column, f"a row of {table}") for column in columns]
            came += len(items)
            if after is None or not items:
                break
        if came != total:
            raise RetriableError(f"{self.host} gave {came:,} rows of {table}, and says there are {total:,}")

    def _asked(self, path: str, query: Mapping[str, Any]) -> Any:
        """The answer to a question, which is put again for as long as the server is away."""
        written = {name: str(value) for name, value in query.items() if value is not None}
        for attempt in range(1, ATTEMPTS):
            try:
                return self._asked_once(path, written)
            except RetriableError:
                time.sleep(attempt * PAUSE_SECONDS)
        return self._asked_once(path, written)

    def _asked_once(self, path: str, query: Mapping[str, str]) -> Any:
        answer = self._connection.read(path, query)
        if answer.code == 410:
            raise ForgottenError
        self._connection.refuse(answer, path)
        return answer.json()


def _part(answer: Any, name: str, of: str) -> Any:
    try:
        return answer[name]
    except (KeyError, TypeError):
        raise ConnectorError(f"{of} has no `{name}`; see what is new in the API") from None
