"""What is known of an installed plugin: its card, settings, layouts and rules, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import marshmallow
from marshmallow import fields, validate

from rosterbus.cards import ConnectorCard
from rosterbus.errors import PluginError
from rosterbus.findings import Rule
from rosterbus.layouts import LayoutSpec, as_specs, describe
from rosterbus.plugins import Installed, LoadedPlugin, Plugins, installed
from rosterbus.project.expectations import AmountField, DayField
from rosterbus.project.validation import choices_of, fields_of
from rosterbus.secrets import SecretReference
from rosterbus.settings import SecretField, Values

_TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (SecretField, "secret"),
    (fields.Nested, "table"),
    (fields.Dict, "table"),
    (fields.List, "list"),
    (fields.Boolean, "true or false"),
    (fields.Integer, "whole number"),
    (fields.Number, "number"),
    (AmountField, '"all", a share or a count'),
    (DayField, "date"),
)
_PLACEHOLDERS: Mapping[str, Any] = {
    "secret": SecretReference("env", "EXAMPLE"),
    "true or false": False,
    "whole number": 1,
    "number": 1.0,
    "list": [],
    "table": {},
}


def find_plugins(name: str, *, kind: str | None = None) -> list[Installed]:
    """What is installed under a name, one entry for each kind; raises PluginError where nothing is or it is broken."""
    there = installed()
    found = [one for one in there if one.name == name and kind in (None, one.kind)]
    for one in found:
        if one.problem:
            raise PluginError(f"{one.plugin} ({one.origin}) cannot be used: {one.problem}")
    if not found:
        what = kind or "plugin"
        names = sorted({one.name for one in there if kind in (None, one.kind)})
        raise PluginError(
            f"there is no {what} `{name}`; installed: {', '.join(names) or 'none'}; try `rosterbus connectors`"
        )
    return found


def describe_plugin(one: Installed) -> dict[str, Any]:
    """Everything that is known of one plugin, ready for JSON. Imports it; raises PluginError where that fails."""
    plugins = Plugins([(one.kind, one.name)])
    plugin = plugins[one.plugin]
    module = plugin.module
    schema = getattr(module, "Settings", None)
    values = example_settings(schema) if schema else Values({})
    specs = layouts_with(plugin, values)
    return {
        "name": one.name,
        "kind": one.kind,
        "distribution": one.distribution,
        "version": one.version,
        **_card(one.card),
        "settings": setting_rows(schema) if schema else [],
        "layouts": [_layout(spec, _added_rules(plugins, one.plugin, spec, values)) for spec in specs],
        "rules": [asdict(rule) for rule in getattr(module, "RULES", ())],
        "judges": plugins.implements(one.plugin, "judge"),
        "probes": plugins.implements(one.plugin, "probe"),
        "twin": plugins.implements(one.plugin, "twin"),
        "answers": [asdict(answer) for answer in getattr(module, "ANSWERS", ())],
    }


def layouts_with(plugin: LoadedPlugin, values: Values) -> tuple[LayoutSpec, ...]:
    """The layouts of a destination with these settings; none for what is no destination.

    Raises PluginError where the connector cannot make them.
    """
    layouts = getattr(plugin.module, "layouts", ())
    try:
        return as_specs(layouts(values) if callable(layouts) else layouts)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        msg = f"{plugin} cannot make its layouts ({type(error).__name__}); report it to its maintainers"
        raise PluginError(msg) from error


def example_settings(schema: type[marshmallow.Schema]) -> Values:
    """Settings with every default, and a value where there is none. They are not validated.

    The value is the `example` of a field's metadata, or any of the right type.
    """
    return Values({name: _example(field) for name, field in schema().fields.items()})


def setting_rows(schema: type[marshmallow.Schema]) -> list[dict[str, Any]]:
    """One row for each setting, in the order they are declared: name, type, required, default, choices, about."""
    return [
        {
            "name": name,
            "type": type_of(field),
            "required": field.required,
            "default": None if field.required else default_of(field),
            "choices": choices_of(field),
            "limits": limits_of(field),
            "keys": list(fields_of(field.schema)) if isinstance(field, fields.Nested) else [],
            "about": str(field.metadata.get("about", "")),
        }
        for name, field in fields_of(schema()).items()
    ]


def type_of(field: fields.Field[Any]) -> str:
    """A setting's type in the words of TOML."""
    plain = "text or list" if isinstance(default_of(field), list) else "text"
    return next((word for type_, word in _TYPES if isinstance(field, type_)), plain)


def default_of(field: fields.Field[Any]) -> Any:
    """What a setting is where nobody writes it; None where that is nothing."""
    default = field.load_default
    value = default() if callable(default) else default
    if value is marshmallow.missing:
        return None
    return list(value) if isinstance(value, tuple) else value


def limits_of(field: fields.Field[Any]) -> str:
    """The range of a number in words; blank where there is none."""
    ranges = [rule for rule in field.validators if isinstance(rule, validate.Range)]
    parts = [f"at least {one.min}" for one in ranges if one.min is not None]
    parts += [f"at most {one.max}" for one in ranges if one.max is not None]
    return ", ".join(parts)


def absence_in_words(spec: LayoutSpec) -> str:
    """What becomes of a row that is no longer in the file, as one sentence without its end."""
    if spec.absence == "explicit":
        cells = ", ".join(f"{column} = {cell}" for column, cell in spec.leaver.items())
        return f"who left is sent once more, with {cells}"
    if spec.absence == "deleted" and spec.within:
        return f"what is missing from the file is deleted, where its row of `{spec.within}` is sent"
    words = {
        "kept": "what is missing from the file stays as the vendor has it",
        "deleted": "what is missing from the file is deleted by the vendor",
        "deactivated": "what is missing from the file is deactivated by the vendor",
    }
    return words[spec.absence]


def _example(field: fields.Field[Any]) -> Any:
    if not field.required:
        return default_of(field)
    if choices := choices_of(field):
        return choices[0]
    return field.metadata.get("example") or _PLACEHOLDERS.get(type_of(field), "example")


def _card(card: ConnectorCard | None) -> dict[str, Any]:
    if card is None:
        return {}
    told = (
        "title",
        "system",
        "maturity",
        "guarantee",
        "absence",
        "pages",
        "hosts",
        "commands",
        "maintainers",
        "unknown",
        "transports",
    )
    return {name: _plain(getattr(card, name)) for name in told}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _added_rules(plugins: Plugins, plugin: str, spec: LayoutSpec, values: Values) -> Sequence[Rule]:
    if not plugins.implements(plugin, "validate"):
        return ()
    return plugins.call(plugin, "validate", step="describing", layout=spec, settings=values) or ()


def _layout(spec: LayoutSpec, added: Sequence[Rule]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "file": spec.file,
        "rows": spec.rows,
        "key": list(spec.key),
        "unique": [list(names) for names in spec.unique],
        "identifiers": list(spec.identifiers),
        "references": dict(spec.references),
        "sends": spec.sends,
        "where": spec.where,
        "absence": absence_in_words(spec),
        "split": list(spec.split),
        "limits": {"rows": spec.limits.rows, "bytes": spec.limits.bytes},
        "dialect": asdict(spec.dialect),
        "open": spec.open,
        "source": spec.source,
        "columns": describe(spec),
        "rules": list(_row_rules((*spec.rules, *added))),
    }


def _row_rules(rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    for rule in rules:
        yield {
            "columns": list(rule.columns),
            "sentence": rule.sentence,
            "severity": rule.severity,
            "source": rule.source,
        }
