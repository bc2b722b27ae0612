"""What a delivery to mySciLEARN needs to know: server, account, columns, when it may run, and how answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import marshmallow
from marshmallow import fields, validate
from rosterbus import settings
from rosterbus.settings import Values
from rosterbus_https import Location
from rosterbus_https.settings import TRUST

from rosterbus_scilearn.published import COLUMNS, DOMAIN, PATH

KEY = COLUMNS[0]
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]\Z"
"""An hour and a minute, as they stand in `night_begins`."""
TIME_SAYS = "This is no time of day; write hour and minute with two digits each, from 00:00 to 23:59."


class Words(settings.Settings):
    """Which words of an answer mean what; capitals make no difference.

    The article says "completed, still running, or canceled" and publishes no answer's text.
    """

    completed = settings.texts("In a status: the last update is over.", default=("completed",))
    running = settings.texts("In a status: an update is under way.", default=("running",))
    canceled = settings.texts("In a status: the last update was canceled.", default=("canceled", "cancelled"))
    none = settings.texts("In a status: there never was an update.")
    started = settings.texts("In the answer to a start: it has begun.", default=("started",))
    refused = settings.texts(
        "In the answer to a start: it has not begun, whatever else is said.",
        default=("not started", "could not", "error", "invalid"),
    )
    errors = settings.texts(
        "In the status of a completed update: some students were not updated.",
        default=("with errors", "failed"),
    )


class ServerName(fields.String):
    """The first part of a mySciLEARN server's name."""

    default_error_messages = {  # noqa: RUF012 - marshmallow's own way
        "whole": f"Only the part before .{DOMAIN}, such as ondemand4; any other place is a `location`."
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> str:
        name = super()._deserialize(value, attr, data, **options) or ""
        if not name or not name.replace("-", "").isalnum() or not name.isascii():
            raise self.make_error("whole")
        return name


class Settings(settings.Settings):
    """The account and what is particular to mySciLEARN. One of `server` and `location` says where it is."""

    server = ServerName(
        load_default=None,
        allow_none=True,
        metadata={
            "about": "The district's server name: ondemand4 for https://ondemand4.scilearn.com/slc; needed unless "
            "there is a `location`."
        },
    )
    location = Location(
        example=f"https://ondemand4.{DOMAIN}{PATH}",
        load_default=None,
        allow_none=True,
        metadata={"about": "The whole address instead: https://ondemand4.scilearn.com/slc."},
    )
    login = settings.text("The e-mail address that a district manager logs in with.", required=True)
    password = settings.secret("The password of that account.", required=True)
    ca_file = settings.text(TRUST)
    only_starter = settings.flag(
        "Nobody and nothing else starts updates with this login. Only then is an update that runs after a lost "
        "answer taken for this delivery's; otherwise the delivery is held for a person."
    )
    columns = fields.List(
        fields.String(validate=validate.OneOf(COLUMNS)),
        load_default=lambda: list(COLUMNS),
        metadata={
            "about": "The columns of the file, in their order. Map PASSWORD or leave it out here: nobody publishes "
            "whether a blank one takes the password away, so that it is not sent blank."
        },
    )
    # Only "4" is published; how mySciLEARN writes grades before 1 and after 12 is not.
    grades = settings.table('What mySciLEARN calls a grade, beside 1 to 12, by its CEDS code: { KG = "K" }.')
    # Neither the encoding nor the limits of the file are published.
    encoding = settings.text("The encoding of the file.", default="utf-8", choices=("utf-8", "windows-1252"))
    sends = settings.text(
        "Who is in the file: everyone, so that a student whom mySciLEARN did not take the last time is told again, "
        "or changes (who is new or changed), which is less to work off.",
        default="everyone",
        choices=("everyone", "changes"),
    )
    quiet_hours = settings.text(
        "What becomes of a plan outside of nights and weekends: it is warned of, not due yet, or goes.",
        default="warn",
        choices=("warn", "not due", "off"),
    )
    # The article says "at night or on the weekends" and names no hour.
    night_begins = settings.text(
        "When the night begins, by the pipeline's clock.",
        default="19:00",
        pattern=TIME,
        pattern_says=TIME_SAYS,
    )
    night_ends = settings.text("When the night ends.", default="06:00", pattern=TIME, pattern_says=TIME_SAYS)
    timeout = settings.number(
        "Seconds to wait for a connection, for each piece that is sent, and for a status.",
        default=60,
        least=1,
    )
    start_timeout = settings.number("Seconds to wait for the answer to a start.", default=600, least=1)
    look_seconds = settings.number(
        "For how many seconds to look for the update where the answer to a start was lost or unclear.",
        default=30,
        least=0,
    )
    words = settings.group(Words, "Which words of mySciLEARN's answers mean what; they are not published.")

    @marshmallow.validates_schema
    def _complete(self, data: Mapping[str, Any], **_: Any) -> None:
        if not (data["server"] or data["location"]):
            wrong = 'this is missing; write it, or `location = "https://..."`'
            raise marshmallow.ValidationError({"server": [wrong]})
        if data["server"] and data["location"]:
            raise marshmallow.ValidationError({"location": ["`server` says where it is already"]})
        if KEY not in data["columns"] or len(set(data["columns"])) < len(data["columns"]):
            wrong = f"{KEY} is needed, and each column once"
            raise marshmallow.ValidationError({"columns": [wrong]})
        if data["ca_file"] and not Path(data["ca_file"]).expanduser().is_file():
            raise marshmallow.ValidationError({"ca_file": ["there is no such file"]})
        if data["night_begins"] == data["night_ends"]:
            raise marshmallow.ValidationError({"night_ends": ["the night would have no hour"]})
        strange = [code for code, name in data["grades"].items() if not (isinstance(name, str) and name)]
        if strange:
            raise marshmallow.ValidationError({"grades": [f"{strange[0]} is written as no text"]})


def address_of(values: Values) -> str:
    """Where mySciLEARN is, such as ``https://ondemand4.scilearn.com/slc``."""
    return str(values.location or f"https://{values.server}.{DOMAIN}{PATH}")


def words_of(values: Values) -> Values:
    """The words that answers are read by."""
    if values.words is not None:
        return values.words  # type: ignore[no-any-return]
    return Words().load({})  # type: ignore[no-any-return]
