"""What a connection needs to know, in keys of its own or in a location such as ``sftp://user@host:22/folder``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import marshmallow
from marshmallow import fields
from rosterbus import settings
from rosterbus.errors import ConfigError
from rosterbus.settings import Values

from rosterbus_sftp.hostkeys import Pin

PORT = 22


def parse_location(location: str) -> dict[str, Any]:
    """Split ``sftp://user@host:port/path`` into `host`, `port`, `username` and `path`, absent parts left out.

    The path is absolute; ``/~/exports`` is relative to the folder one lands in. Raises ConfigError, never
    with the location itself in it, because it may hold a password.
    """
    try:
        url = urlsplit(location)
        port = url.port
        path, username = unquote(url.path, errors="strict"), unquote(url.username or "", errors="strict")
    except ValueError as error:
        raise ConfigError("the location is no URL", allowed="sftp://user@host:port/folder") from error
    if url.password is not None:
        raise ConfigError(
            'a password may not stand in a location; write `password = { file = "..." }` instead'
        )
    if url.scheme != "sftp" or not url.hostname or url.query or url.fragment:
        raise ConfigError(
            "the location is not understood", allowed="sftp://user@host:port/folder (write %23 for #)"
        )
    parts = {
        "host": url.hostname,
        "port": port,
        "username": username,
        "path": path[3:] if path.startswith("/~/") else path,
    }
    return {name: part for name, part in parts.items() if part not in (None, "")}


class HostKeys(fields.Field[tuple[Pin, ...]]):
    """One pinned host key or a list of them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Pin, ...]:
        lines = [value] if isinstance(value, str) else value
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise marshmallow.ValidationError("a host key is a text, several are a list of texts")
        try:
            return tuple(Pin.parse(line) for line in lines)
        except ValueError as error:
            raise marshmallow.ValidationError(str(error)) from error


class Access(settings.Settings):
    """The keys that say how to reach a server and log in."""

    host = settings.text("The server's name.", default="")
    port = settings.number("The server's port.", default=PORT, least=1, most=65535)
    username = settings.text("The name to log in with.", default="")
    host_key = HostKeys(
        load_default=(),
        metadata={"about": "The server's host key, as `rosterbus pin` prints it, or a list of several."},
    )
    private_key = settings.secret("The private key to log in with, in OpenSSH or PEM format.")
    passphrase = settings.secret("What the private key is encrypted with.")
    password = settings.secret("The password to log in with; beside a key, the second factor.")
    timeout = settings.number(
        "Seconds to wait for each answer of the server.", default=30, least=1, most=3600
    )
    rename = settings.flag("Upload under a temporary name and rename when whole.", default=True)


class SFTPSettings(Access):
    """How to reach an SFTP server; a connector subclasses it and adds what is particular to its vendor.

    `location` and the table `transport` may say the same as the other keys, and are folded into them before
    anything is checked. A location's path becomes the setting that `path_setting` names.
    """

    path_setting: ClassVar[str] = "folder"

    location = settings.text("The same in one: sftp://user@host:port/folder.")
    transport = settings.group(Access, "The same keys in a table of their own.")
    folder = settings.text("The folder on the server.", default="")

    @marshmallow.pre_load
    def _fold(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        folded = dict(data)
        self._take(folded, folded.pop("transport", None) or {}, "transport")
        location = folded.pop("location", None)
        if location is not None:
            try:
                parts = parse_location(str(location))
            except ConfigError as error:
                raise marshmallow.ValidationError({"location": [str(error)]}) from error
            if "path" in parts:
                parts[self.path_setting] = parts.pop("path")
            self._take(folded, parts, "location")
        return folded

    def _take(self, folded: dict[str, Any], parts: Mapping[str, Any], where: str) -> None:
        if not isinstance(parts, Mapping):
            raise marshmallow.ValidationError({where: ["this is no table of settings"]})
        for name, part in parts.items():
            if folded.setdefault(name, part) != part:
                raise marshmallow.ValidationError({name: [f"this differs from what `{where}` says"]})

    @marshmallow.validates_schema
    def _complete(self, data: Mapping[str, Any], **_: Any) -> None:
        missing = {
            name: ['this is missing; write it, or `location = "sftp://user@host/folder"`']
            for name in ("host", "username")
            if not data[name]
        }
        if missing:
            raise marshmallow.ValidationError(missing)


def located(location: str, transport: Mapping[str, Any]) -> Values:
    """The settings of a location and its transport table; the path is in `folder`. Raises ConfigError."""
    try:
        return SFTPSettings().load({**transport, "location": location})  # type: ignore[no-any-return]
    except marshmallow.ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        wrong = "; ".join(f"`{name}`: {_sentence(told)}" for name, told in messages.items())
        raise ConfigError(f"the SFTP settings are wrong: {wrong}") from error


def _sentence(told: Any) -> str:
    return " ".join(told).removesuffix(".") if isinstance(told, list) else str(told)


def target(values: Values, folder: str = "") -> str:
    """What is written to, without secrets: ``sftp://user@host:22/upload``. One account is one target."""
    return f"sftp://{values.username}@{server(values)}/{folder.lstrip('/')}"


def server(values: Values) -> str:
    """The server as people write it, ``host:port``."""
    host = f"[{values.host}]" if ":" in values.host else values.host
    return f"{host}:{values.port}"
