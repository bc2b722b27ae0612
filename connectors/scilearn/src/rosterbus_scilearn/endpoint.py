"""mySciLEARN's three endpoints, asked over HTTPS with the fields of a form."""

from __future__ import annotations

from collections.abc import Callable

from rosterbus.deliveries import StagedFile
from rosterbus.errors import ConnectorError
from rosterbus.settings import Values
from rosterbus_https import Answer, Connection, Form, FormUpload

from rosterbus_scilearn.published import CANCEL, START, STATUS
from rosterbus_scilearn.settings import address_of


class Endpoint:
    """One account on one server."""

    def __init__(self, settings: Values) -> None:
        password = settings.password.reveal()
        self._fields = {"login": settings.login, "password": password}
        self._start_timeout = settings.start_timeout
        self._connection = Connection(
            address_of(settings),
            ca_file=settings.ca_file,
            timeout=settings.timeout,
            headers={"User-Agent": "rosterbus-scilearn"},
            secrets=[password],
            setting="server",
            credentials="login or password",
        )

    @property
    def host(self) -> str:
        """The server, as people know it."""
        return self._connection.host

    def status(self) -> Answer:
        """Ask about the account's last update, which changes nothing. Raises ConnectorError where that is refused."""
        return self._connection.ask("POST", STATUS, Form(self._fields))

    def cancel(self) -> Answer:
        """Cancel the account's update. Raises ConnectorError where that is refused."""
        return self._connection.ask("POST", CANCEL, Form(self._fields))

    def start(
        self, file: StagedFile, *, name: str, declare: Callable[[], None], progress: Callable[[int], None]
    ) -> Answer:
        """Send a file under `name`, once; `declare` is called before the part without which nothing begins.

        Raises RetriableError or ConnectorError where nothing can have begun, and LostError where nobody knows.
        """
        upload = FormUpload(self._fields, file, name=name, declare=declare, progress=progress)
        return self._connection.send(
            "POST", START, upload, name="the file", answer_within=self._start_timeout
        )

    def refused(self, answer: Answer) -> ConnectorError:
        """Why an update was not started; no word of the answer is repeated."""
        return self._connection.refused(answer, "the update, which was not started")
