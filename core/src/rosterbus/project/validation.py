"""Turns what marshmallow says of settings into one error that names file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import marshmallow
from marshmallow import fields, validate

from rosterbus.project.documents import Origin
from rosterbus.project.toml_lines import KeyPath
from rosterbus.settings import SecretField, Settings, TableField, Values

REFERENCE = '{ env = "NAME" }, { file = "PATH" } or { keyring = "service/user" }'
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a text"),
    (date, "a date"),
    (Mapping, "a table"),
    (list, "a list"),
)
_TAKES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (SecretField, REFERENCE),
    (fields.Boolean, "true or false"),
    (fields.Integer, "a whole number"),
    (fields.Float, "a number"),
    (fields.String, "a text"),
    (fields.List, "a list"),
    (fields.Nested, "a table"),
    (fields.Dict, "a table"),
)


def validate_settings(
    schema_class: type[Settings], raw: Mapping[str, Any], origin: Origin, key_path: Sequence[str | int] = ()
) -> Values:
    """Load settings as TOML gave them; `key_path` is where they stand in `origin`, a project or a pipeline.

    A relative secret file starts from the origin's folder, so that a nightly job finds it from anywhere.
    Raises ConfigError for the first mistake in the order of the file, and says how many there are. A text is
    shown only where one of a list of words was asked for.
    """
    schema = schema_class()
    try:
        return cast(Values, schema.load(_with_secret_files(schema, raw, origin.folder)))
    except marshmallow.ValidationError as error:
        mistakes = sorted(_mistakes(error.messages), key=lambda m: origin.line((*key_path, *m[0])) or 0)
        path, message = mistakes[0]
        description = _describe(schema, raw, path, message)
        if len(mistakes) > 1:
            description["wrong"] += f" (the first of {len(mistakes)} mistakes here)"
        raise origin.error((*key_path, *path), **description) from error


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The names that resemble the one written, or all of them where none does."""
    names = sorted(known)
    return difflib.get_close_matches(name, names, n=3) or names


def kind_of(value: Any) -> str:
    """Name the TOML type of a value without showing it."""
    return next((words for type_, words in _KINDS if isinstance(value, type_)), type(value).__name__)


def fields_of(schema: marshmallow.Schema) -> dict[str, fields.Field[Any]]:
    """The fields of a schema by the names that people write."""
    return {field.data_key or name: field for name, field in schema.fields.items()}


def choices_of(field: fields.Field[Any] | None) -> list[str]:
    """The words that a field is limited to; empty where it is free."""
    rules = field.validators if field else []
    return [str(choice) for rule in rules if isinstance(rule, validate.OneOf) for choice in rule.choices]


def _mistakes(messages: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _mistakes(below, at if key == "_schema" else (*at, key))
    else:
        for message in messages:
            yield at, str(message)


def _describe(schema: marshmallow.Schema, raw: Any, path: KeyPath, message: str) -> dict[str, Any]:
    field, siblings = _field_at(schema, path)
    written = _value_at(raw, path)
    if message == "Unknown field.":
        return {"wrong": "there is no such setting here", "allowed": nearest(str(path[-1]), siblings)}
    takes = next((words for type_, words in _TAKES if isinstance(field, type_)), None)
    if message == "Missing data for required field.":
        return {"wrong": "this setting is required", "allowed": choices_of(field) or takes}
    if choices_of(field) and isinstance(written, str):
        return {
            "wrong": "this word is not allowed here",
            "found": repr(written),
            "allowed": choices_of(field),
        }
    if written is None:
        return {"wrong": _as_sentence(message), "allowed": takes}
    out_of_range = isinstance(field, fields.Number) and type(written) in (int, float)
    if not out_of_range and kind_of(written) == takes:
        # Its kind is right, so that the message alone knows what is wrong.
        return {"wrong": _as_sentence(message)}
    found = str(written) if out_of_range else kind_of(written)
    return {"wrong": _as_sentence(message), "found": found, "allowed": takes}


def _field_at(
    schema: marshmallow.Schema, path: KeyPath
) -> tuple[fields.Field[Any] | None, dict[str, fields.Field[Any]]]:
    """The field that a path leads to, and the fields beside it."""
    siblings = fields_of(schema)
    field: fields.Field[Any] | None = None
    for part in path:
        if isinstance(part, int):
            field = field.inner if isinstance(field, fields.List) else None
        else:
            if isinstance(field, fields.Nested):
                siblings = fields_of(field.schema)
            field = siblings.get(part)
    return field, siblings


def _value_at(raw: Any, path: KeyPath) -> Any:
    for part in path:
        if isinstance(raw, Mapping):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
    return raw


def _as_sentence(message: str) -> str:
    return (message[:1].lower() + message[1:]).removesuffix(".")


def _with_secret_files(schema: marshmallow.Schema, raw: Any, folder: Path) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    rooted = dict(raw)
    for name, field in fields_of(schema).items():
        if isinstance(field, SecretField | TableField) and name in rooted:
            rooted[name] = _rooted_references(rooted[name], folder)
        elif isinstance(field, fields.Nested) and name in rooted:
            rooted[name] = _with_secret_files(field.schema, rooted[name], folder)
    return rooted


def _rooted_references(value: Any, folder: Path) -> Any:
    """The same value, where each reference to a secret file, in however deep a table, starts from `folder`."""
    if not isinstance(value, Mapping):
        return value
    file = value.get("file")
    if set(value) == {"file"} and isinstance(file, str) and file and not file.startswith("~"):
        return {"file": str(folder / file)}
    return {key: _rooted_references(one, folder) for key, one in value.items()}
