"""A pipeline from the command line: connectors composed without a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError
from rosterbus.project.documents import Document, refuse_literal_secrets
from rosterbus.project.folder import Project
from rosterbus.project.literal_secrets import holds_credentials
from rosterbus.project.pipelines import Pipeline, read_pipeline
from rosterbus.secrets import KINDS

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[+-]?(0|[1-9][0-9]*)\.[0-9]+")


def pipeline_from_arguments(
    project: Project,
    source: str,
    destinations: Sequence[str],
    *,
    sets: Sequence[str] = (),
    timezone: str | None = None,
) -> Pipeline:
    """Make a pipeline of ``NAME:LOCATION`` arguments, as `send` takes them.

    A location is given to its connector as the setting `location`; relative paths start from the current
    folder. `sets` are ``PART.KEY=VALUE``: the part is a connector's name, or ``source``, ``deliver`` or
    ``guards`` as in a file. The pipeline's name depends on the source's connector and the destinations alone,
    so that tomorrow's send finds the baseline of today's. Raises ConfigError, never with a value that may be
    a secret.
    """
    from_name, from_location = _split(source)
    values: dict[str, Any] = {"source": {"connector": from_name, **from_location}, "deliver": {}}
    for destination in destinations:
        name, location = _split(destination)
        if name in values["deliver"]:
            msg = "a destination is named twice; write a pipeline file for that"
            raise ConfigError(msg, key=name)
        values["deliver"][name] = location
    for written in sets:
        _set(values, written)
    if timezone:
        values["timezone"] = timezone
    document = Document(values, Path.cwd())
    refuse_literal_secrets(document)
    return read_pipeline(project, document, default_name=_name(from_name, destinations))


def _split(argument: str) -> tuple[str, dict[str, str]]:
    name, colon, location = argument.partition(":")
    if holds_credentials(argument):
        msg = "the location holds a secret; give it with --set as a reference"
        raise ConfigError(
            msg, key=name, allowed=f"--set {name}.password.env=NAME, or .file=PATH, or .keyring=SERVICE/USER"
        )
    return name, {"location": location} if colon and location else {}


def _name(source: str, destinations: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join(sorted(destinations)).encode()).hexdigest()
    return f"send-{source}-{digest[:8]}"


def _set(values: dict[str, Any], written: str) -> None:
    path, equals, value = written.partition("=")
    first, *keys = path.split(".")
    if not equals or not keys or not all(keys):
        msg = "a setting is given as PART.KEY=VALUE"
        raise ConfigError(msg, key="--set", allowed="for example --set samegoal.cadence=nightly")
    part = _part(values, first)
    for key in keys[:-1]:
        part = part.setdefault(key, {})
        if not isinstance(part, dict):
            msg = "this setting is a single value already"
            raise ConfigError(msg, key=path)
    part[keys[-1]] = value if len(keys) > 1 and keys[-1] in KINDS else _typed(value)


def _part(values: dict[str, Any], name: str) -> dict[str, Any]:
    """The table that the first word of a setting speaks of; a destination's name goes before the source's."""
    parts: dict[str, dict[str, Any]] = {
        values["source"]["connector"]: values["source"],
        **values["deliver"],
        **{table: values.setdefault(table, {}) for table in ("source", "deliver", "guards")},
    }
    if name not in parts:
        msg = "no part of this pipeline has this name"
        raise ConfigError(msg, key="--set", found=name, allowed=parts)
    return parts[name]


def _typed(value: str) -> bool | int | float | str:
    """Read a value as TOML would; what is none of its words or numbers is a text, and so is a quoted one."""
    if value in ("true", "false"):
        return value == "true"
    if _WHOLE.fullmatch(value):
        return int(value)
    if _DECIMAL.fullmatch(value):
        return float(value)
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value
