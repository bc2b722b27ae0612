"""Drafts project files: every setting of the chosen connectors as a comment, with its default and what is allowed."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import marshmallow
from marshmallow import fields

from rosterbus.describing import example_settings, layouts_with, setting_rows
from rosterbus.layouts import Direct
from rosterbus.plugins import Installed, Plugins, examine, load
from rosterbus.project import pipeline_schema
from rosterbus.project.expectations import GuardSettings
from rosterbus.project.folder import ProjectSettings
from rosterbus.project.validation import fields_of
from rosterbus.rulings import has_rules
from rosterbus.settings import Settings

SCHEMA_FILE = "pipeline.schema.json"
WIDTH = 100
_NOTIFY = """\
# Who is told of what: by mail, by webhook, by a command, or by an installed plugin.
# [[notify]]
# by = "mail"
# on = ["held", "failed", "refused", "unsure", "waiting"]
# host = "mail.example.org"
# sender = "rosterbus@example.org"
# to = ["data-office@example.org"]
"""
_EXPECT = """\
# What is legitimate for a while, announced before it happens.
# [[expect]]
# school = "0123"
# removed = "all"
# until = 2026-07-15
# reason = "school closed"
"""
_CORRECTIONS = """\
# Corrections of the roster, once for all vendors.
# [source.map.students.columns]
# grade = { match = "grade", codes = "codes/grade.csv" }
"""


def project_text() -> str:
    """A `rosterbus.toml` that changes nothing and explains everything."""
    known = fields_of(ProjectSettings())
    groups = {name: field.schema for name, field in known.items() if isinstance(field, fields.Nested)}
    plain = [
        row for row in setting_rows(ProjectSettings) if row["name"] not in (*groups, "notify", "environments")
    ]
    parts = ["# Settings of the whole project. What is commented out has the value that stands there.\n"]
    parts += [_setting(row) for row in plain]
    parts += [
        _table(name, type(schema), str(known[name].metadata["about"])) for name, schema in groups.items()
    ]
    return "\n".join([*parts, _NOTIFY])


def pipeline_text(
    name: str, *, timezone: str | None, source: str, destinations: tuple[str, ...], location: str | None
) -> str:
    """A pipeline file. `timezone` and `location` are left to be filled in where they are None."""
    zone = f'timezone = "{timezone}"' if timezone else '# timezone = "America/Chicago"'
    head = (
        f'#:schema ./{SCHEMA_FILE}\nname = "{name}"\n\n# The time zone of its days and file names.\n{zone}\n'
    )
    filled = {} if location is None else {"location": location}
    parts = [head, _connector("source", source, "source", filled), _CORRECTIONS]
    about = "The limits past which a plan is held, as shares of the rows."
    parts += [_table("guards", GuardSettings, about), _EXPECT]
    return "\n".join([*parts, *(delivery_text(destination) for destination in destinations)])


def delivery_text(connector: str) -> str:
    """The block of one delivery; raises PluginError where there is no such destination."""
    text = _connector("destination", connector, f"deliver.{connector}", {})
    plugin = load("destination", connector)
    for spec in layouts_with(plugin, example_settings(plugin.module.Settings)):
        for column in spec.columns:
            if isinstance(column.source, Direct):
                about = (
                    f"# Only what differs from the connector's own columns: rosterbus describe {connector}"
                )
                table = f"# [deliver.{connector}.map.{spec.name}.columns]"
                return f'{text}\n{about}\n{table}\n# {column.attribute} = "{column.source.column}"\n'
    return text


def required_settings(kind: str, connector: str) -> list[str]:
    """The settings that a connector cannot do without, and those that it asks for where nothing else is written."""
    schema = load(kind, connector).module.Settings
    rows = setting_rows(schema)
    written = {row["name"]: _shown(row) for row in rows if row["required"]}
    asked = schema().validate(written)
    return [row["name"] for row in rows if row["required"] or row["name"] in asked]


def schema_text() -> str:
    """The JSON Schema of pipelines with every connector and all rules that are installed and can be used."""
    usable = [one for one in examine() if not one.problem]
    schemas: dict[str, dict[str, type[Settings]]] = {"source": {}, "destination": {}, "extension": {}}
    for one in usable:
        if one.kind in ("source", "destination") or (one.kind == "extension" and _rules(one)):
            schemas[one.kind][one.name] = getattr(load(one.kind, one.name).module, "Settings", Settings)
    return json.dumps(pipeline_schema(*schemas.values()), indent=1) + "\n"


def local_timezone(link: Path = Path("/etc/localtime")) -> str | None:
    """The name of this machine's time zone, as far as its system tells."""
    _, found, name = link.resolve().as_posix().rpartition("/zoneinfo/")
    return name if found and link.exists() else None


def _rules(one: Installed) -> bool:
    return has_rules(Plugins([(one.kind, one.name)]), one.plugin)


def _connector(kind: str, name: str, table: str, filled: Mapping[str, Any]) -> str:
    settings = load(kind, name).module.Settings
    connector = f'connector = "{name}"\n' if kind == "source" else ""
    rows = [_setting(row, filled.get(row["name"])) for row in setting_rows(settings)]
    return "\n".join([f"[{table}]\n{connector}", *rows])


def _table(name: str, schema: type[marshmallow.Schema], about: str) -> str:
    rows = setting_rows(schema)
    lines = [*_comment(about), f"# [{name}]"]
    lines += [f"# {row['name']} = {_toml(_shown(row))}   # {row['about']}" for row in rows]
    return "\n".join(lines) + "\n"


def _setting(row: Mapping[str, Any], value: Any = None) -> str:
    lines = [*_comment(row["about"]), *_comment(_allowed(row))]
    if value is not None:
        return "\n".join([*lines, f"{row['name']} = {_toml(value)}"]) + "\n"
    if row["required"]:
        lines += _comment(f"REQUIRED: write it in the next line and take the # away ({row['type']}).")
    return "\n".join([*lines, f"# {row['name']} = {_toml(_shown(row))}"]) + "\n"


def _allowed(row: Mapping[str, Any]) -> str:
    parts = [f"One of: {', '.join(row['choices'])}." if row["choices"] else ""]
    parts += [f"Allowed: {row['limits']}." if row["limits"] else ""]
    parts += [f"A table with: {', '.join(row['keys'])}." if row["keys"] else ""]
    if row["type"] == "secret":
        parts.append('A reference: { env = "NAME" }, { file = "PATH" } or { keyring = "service/user" }.')
    return " ".join(part for part in parts if part)


def _shown(row: Mapping[str, Any]) -> Any:
    """The default, or a value of the right type that is plainly none."""
    if row["default"] is not None:
        return row["default"]
    if row["choices"]:
        return row["choices"][0]
    nothing: Mapping[str, Any] = {
        "secret": {"env": "NAME"},
        "table": {},
        "list": [],
        "true or false": False,
        "whole number": 1,
        "number": 1.0,
    }
    return nothing.get(row["type"], "...")


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False))


def _toml(value: Any) -> str:
    """A value as TOML writes it: its texts, numbers and lists are JSON's."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{name} = {_toml(one)}" for name, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False)
