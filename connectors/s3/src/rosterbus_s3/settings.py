"""What an object store needs to know, in keys of its own or in a location such as ``s3://bucket/folder``."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import marshmallow
from rosterbus import settings
from rosterbus.errors import ConfigError
from rosterbus.settings import Values


def parse_location(location: str) -> dict[str, str]:
    """Split ``s3://bucket/key`` into `bucket` and `path`, the key taken as it is, as `aws` does.

    Raises ConfigError, never with the location itself in it, because it may hold a secret.
    """
    scheme, _, rest = location.partition("://")
    bucket, _, path = rest.partition("/")
    if "@" in bucket:
        raise ConfigError(
            'credentials may not stand in a location; write `secret_access_key = { file = "..." }`'
        )
    if scheme != "s3" or not bucket:
        raise ConfigError("the location is not understood", allowed="s3://bucket/folder")
    return {"bucket": bucket, "path": path} if path else {"bucket": bucket}


class Access(settings.Settings):
    """The keys that say how to reach a store and prove who asks."""

    bucket = settings.text("The bucket's name.", default="")
    region = settings.text("The bucket's region.", default="us-east-1")
    endpoint = settings.text("The address of a store that is not Amazon's, https only.", default="")
    ca_file = settings.text(
        "The certificates to trust, in a PEM file, instead of those that browsers trust: for a store of one's own.",
        default="",
    )
    access_key_id = settings.secret("The access key's id.")
    secret_access_key = settings.secret("The secret access key.")
    session_token = settings.secret("The session token of temporary credentials.")
    ambient = settings.flag("Take the credentials that the AWS tools would take on this machine.")
    profile = settings.text("The AWS profile to take them from.", default="")
    conditional = settings.flag(
        "Put only where nothing has that name; false for stores that cannot.", default=True
    )
    timeout = settings.number("Seconds to wait for each answer of the store.", default=60, least=1, most=3600)

    @marshmallow.validates("endpoint")
    def _encrypted(self, value: str, **_: Any) -> None:
        url = urlsplit(value)
        if value and url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.hostname)):
            raise marshmallow.ValidationError("an endpoint begins with https:// unless it is on this machine")

    @marshmallow.validates("ca_file")
    def _there(self, value: str, **_: Any) -> None:
        if value and not Path(value).expanduser().is_file():
            raise marshmallow.ValidationError("there is no such file")


class S3Settings(Access):
    """How to reach a bucket; a connector subclasses it and adds what is particular to its vendor.

    `location` and the table `transport` may say the same as the other keys, and are folded into them before
    anything is checked. A location's path becomes the setting that `path_setting` names.
    """

    path_setting: ClassVar[str] = "folder"

    location = settings.text("The same in one: s3://bucket/folder.")
    transport = settings.group(Access, "The same keys in a table of their own.")
    folder = settings.text("The folder in the bucket: what keys begin with.", default="")

    @marshmallow.pre_load
    def _fold(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        folded = dict(data)
        _take(folded, folded.pop("transport", None) or {}, "transport")
        location = folded.pop("location", None)
        if location is not None:
            try:
                parts = parse_location(str(location))
            except ConfigError as error:
                raise marshmallow.ValidationError({"location": [str(error)]}) from error
            if "path" in parts:
                parts[self.path_setting] = parts.pop("path")
            _take(folded, parts, "location")
        return folded

    @marshmallow.validates_schema
    def _complete(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["bucket"]:
            told = 'this is missing; write it, or `location = "s3://bucket/folder"`'
            raise marshmallow.ValidationError({"bucket": [told]})
        keys = [name for name in ("access_key_id", "secret_access_key") if data[name] is not None]
        if data["ambient"] == bool(keys) or len(keys) == 1:
            told = "write `access_key_id` and `secret_access_key`, or `ambient = true` alone"
            raise marshmallow.ValidationError({"access_key_id": [told]})


def _take(folded: dict[str, Any], parts: Mapping[str, Any], where: str) -> None:
    if not isinstance(parts, Mapping):
        raise marshmallow.ValidationError({where: ["this is no table of settings"]})
    for name, part in parts.items():
        if folded.setdefault(name, part) != part:
            raise marshmallow.ValidationError({name: [f"this differs from what `{where}` says"]})


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def located(location: str, transport: Mapping[str, Any]) -> Values:
    """The settings of a location and its transport table; the key is in `folder`. Raises ConfigError."""
    try:
        return S3Settings().load({**transport, "location": location})  # type: ignore[no-any-return]
    except marshmallow.ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        wrong = "; ".join(f"`{name}`: {_sentence(told)}" for name, told in messages.items())
        raise ConfigError(f"the S3 settings are wrong: {wrong}") from error


def _sentence(told: Any) -> str:
    return " ".join(told).removesuffix(".") if isinstance(told, list) else str(told)


def target(values: Values, folder: str = "") -> str:
    """What is written to: ``s3://bucket/folder``, and the endpoint where it is not Amazon's."""
    at = f" at {values.endpoint}" if values.endpoint else ""
    return f"s3://{values.bucket}/{folder.strip('/')}{at}"
