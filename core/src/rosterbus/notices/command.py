"""Tells a program of yours, by JSON on its standard input."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from marshmallow import fields, validate

from rosterbus.errors import ConfigError, ConnectorError
from rosterbus.hookspecs import hookimpl
from rosterbus.notices import Notice
from rosterbus.settings import Settings as Schema
from rosterbus.settings import number, text


class Settings(Schema):
    """How ``[[notify]]`` with ``by = "command"`` is written."""

    argv = fields.List(
        text("", required=True),
        required=True,
        validate=validate.Length(min=1),
        metadata={"about": "the program and its arguments, run without a shell"},
    )
    timeout_seconds = number("how long the program may take", default=30, least=1)


@hookimpl
def notify(notice: Notice, settings: Any) -> None:
    """Run the program; raises ConnectorError where it fails or takes too long, and then it is ended."""
    program = settings.argv[0]
    try:
        ended = subprocess.run(  # noqa: S603 - the owner of the project names the program, and no shell reads it
            settings.argv,
            input=json.dumps(notice.as_json(), ensure_ascii=False).encode("utf-8"),
            stdout=subprocess.DEVNULL,
            timeout=settings.timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"the notifier {program} took more than {settings.timeout_seconds} seconds and was ended"
        raise ConnectorError(msg) from error
    except OSError as error:
        msg = f"the notifier cannot be run: {error.strerror}"
        raise ConfigError(msg, key="argv", found=program) from error
    if ended.returncode:
        msg = f"the notifier {program} failed with exit code {ended.returncode}"
        raise ConnectorError(msg)
