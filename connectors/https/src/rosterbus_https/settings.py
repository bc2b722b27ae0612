"""What a connector needs to know of an HTTPS server: its address, a token, and whom to trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marshmallow
from marshmallow import fields
from rosterbus import settings
from rosterbus.deliveries import Probe
from rosterbus.errors import RosterbusError
from rosterbus.settings import Values

from rosterbus_https.connection import Connection

TRUST = (
    "The certificates to trust, in a PEM file, instead of those that browsers trust (a proxy that looks into TLS "
    "has its own)."
)


class Location(fields.String):
    """An https address without account, query and fragment, kept without a slash at its end."""

    default_error_messages = {  # noqa: RUF012 - marshmallow's own way
        "address": "Not an address such as {example}, without login and password."
    }

    def __init__(self, *, example: str = "https://sis.example.org/imports", **options: Any) -> None:
        super().__init__(**options)
        self._example = example
        self.metadata = {**self.metadata, "example": example}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **options) or ""
        try:
            parts = urlsplit(text)
            whole = parts.scheme == "https" and parts.hostname and parts.port != 0
        except ValueError:
            whole = None
        if not whole or "@" in parts.netloc or parts.query or parts.fragment:
            raise self.make_error("address", example=self._example)
        return text.rstrip("/")


class HTTPSSettings(settings.Settings):
    """How to reach a server; a connector subclasses it and adds what is particular to its vendor."""

    location = Location(required=True, metadata={"about": "The address: https://host/path."})
    token = settings.secret("The access token.", required=True)
    ca_file = settings.text(TRUST, default="")
    timeout = settings.number(
        "Seconds to wait for a connection, for each piece that is sent, and for an answer.",
        default=60,
        least=1,
        most=3600,
    )

    @marshmallow.validates("ca_file")
    def _there(self, value: str, **_: Any) -> None:
        if value and not Path(value).expanduser().is_file():
            raise marshmallow.ValidationError("there is no such file")


def test_connection(values: Values) -> Sequence[Probe]:
    """Ask for the address itself, which changes nothing and needs the token."""
    try:
        connection = Connection.of(values)
        connection.ask("GET", "/", asked="a look")
    except RosterbusError as error:
        return [Probe("credential", "failed", str(error))]
    return [Probe("credential", "proved", f"{connection.host} took the token")]


test_connection.__test__ = False  # type: ignore[attr-defined]  # the name is not pytest's
