"""JSON Schema of settings and pipelines, with which editors complete and check a file while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import fields, validate

from rosterbus.project.expectations import AmountField, GuardSettings
from rosterbus.project.folder import BASELINES
from rosterbus.project.pipelines import PipelineSettings
from rosterbus.project.validation import choices_of, fields_of
from rosterbus.secrets import KINDS
from rosterbus.settings import SecretField, Settings

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SECRET = {
    "type": "object",
    "properties": {kind: {"type": "string", "minLength": 1} for kind in KINDS},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_ENTRY = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {
                "match": {"type": "string"},
                "codes": {
                    "anyOf": [
                        {"type": "string"},
                        {"type": "object", "additionalProperties": {"type": "string"}},
                    ]
                },
                "unmatched": {
                    "anyOf": [
                        {"enum": ["reject", "blank", "keep"]},
                        {
                            "type": "object",
                            "properties": {"default": {"type": "string"}},
                            "required": ["default"],
                        },
                    ]
                },
                "transform": {"type": "string"},
                "value": {"type": "string"},
                "skip": {"const": True},
                "rename": {"type": "string"},
            },
            "additionalProperties": False,
        },
    ]
}
_COLUMNS = {"type": "object", "additionalProperties": _ENTRY}


def json_schema(settings: type[marshmallow.Schema]) -> dict[str, Any]:
    """The JSON Schema of a settings class: type, limits, words, default and meaning of each setting."""
    known = fields_of(settings())
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field_schema(field) for name, field in known.items()},
        "additionalProperties": False,
    }
    if required := [name for name, field in known.items() if field.required]:
        schema["required"] = required
    return schema


def pipeline_schema(
    sources: Mapping[str, type[Settings]],
    destinations: Mapping[str, type[Settings]],
    rules: Mapping[str, type[Settings]] | None = None,
) -> dict[str, Any]:
    """The JSON Schema of a pipeline file for these connectors and rules plugins, by name."""
    schema = json_schema(PipelineSettings)
    shared = {
        "map": {"type": "object", "additionalProperties": _layout_map(where=True)},
        "guards": json_schema(GuardSettings),
        "baseline": {"enum": list(BASELINES)},
    }
    corrections = {"map": {"type": "object", "additionalProperties": _layout_map(where=False)}}
    schema["properties"]["source"] = {
        "anyOf": [_part(name, own, corrections, named=True) for name, own in sources.items()]
    }
    schema["properties"]["deliver"] = {
        "type": "object",
        "minProperties": 1,
        "properties": {name: _part(name, own, shared, named=False) for name, own in destinations.items()},
        "additionalProperties": {
            "anyOf": [_part(name, own, shared, named=True) for name, own in destinations.items()]
        },
    }
    schema["properties"]["rules"] |= {
        "properties": {name: json_schema(own) for name, own in (rules or {}).items()},
        "additionalProperties": False,
    }
    return {"$schema": DRAFT, "title": "rosterbus pipeline", **schema}


def _part(name: str, settings: type[Settings], reserved: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
    part = json_schema(settings)
    part["properties"] = {"connector": {"const": name}, **reserved, **part["properties"]}
    if named:
        part["required"] = ["connector", *part.get("required", [])]
    return part


def _layout_map(*, where: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {"columns": _COLUMNS}
    if where:
        properties["where"] = {"type": "string"}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _field_schema(field: fields.Field[Any]) -> dict[str, Any]:
    schema = _type_schema(field)
    if about := field.metadata.get("about"):
        schema["description"] = about
    if isinstance(field.load_default, str | bool | int | float | list):
        schema["default"] = field.load_default
    if choices := choices_of(field):
        schema["enum"] = choices
    for rule in field.validators:
        if isinstance(rule, validate.Regexp):
            schema["pattern"] = f"^(?:{rule.regex.pattern!s})"
        if isinstance(rule, validate.Range):
            limits = {"minimum": rule.min, "maximum": rule.max}
            schema |= {name: limit for name, limit in limits.items() if limit is not None}
    return schema


def _type_schema(field: fields.Field[Any]) -> dict[str, Any]:
    match field:
        case SecretField():
            return dict(_SECRET)
        case fields.Nested():
            return json_schema(type(field.schema))
        case fields.List():
            return {"type": "array", "items": _field_schema(field.inner)}
        case fields.Dict():
            return {"type": "object"}
        case fields.Boolean():
            return {"type": "boolean"}
        case fields.Integer():
            return {"type": "integer"}
        case fields.Number():
            return {"type": "number"}
        case fields.String():
            return {"type": "string"}
        case AmountField():
            return {"anyOf": [{"const": "all"}, {"type": "number", "exclusiveMinimum": 0}]}
    return {}
