"""The rules that a pipeline names beside its connectors: plugins of a district or a state, with own settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rosterbus.errors import PluginError
from rosterbus.findings import Finding, Rule
from rosterbus.plugins import Plugins
from rosterbus.project import Pipeline, RulesPart, validate_settings
from rosterbus.settings import Settings, Values

RULING = ("validate", "judge")
"""The hooks of rules."""
CORE = "rosterbus"
Ruled = TypeVar("Ruled", Finding, Rule)


def settings_of_rules(pipeline: Pipeline, plugins: Plugins) -> dict[str, Values]:
    """The settings of each rules plugin of a pipeline, by its full name ("extension:district")."""
    return {part.plugin: settings_of(pipeline, part, plugins) for part in pipeline.rules}


def settings_of(pipeline: Pipeline, part: RulesPart, plugins: Plugins) -> Values:
    """The settings of one rules plugin.

    Raises ConfigError, with file and line, for a setting that is wrong, and for a plugin that has no rules.
    """
    if not has_rules(plugins, part.plugin):
        wrong = "this plugin has no rules"
        allowed = "one with the hook `validate` or `judge`; see `rosterbus connectors`"
        raise pipeline.error(part.key_path, wrong, found=repr(part.name), allowed=allowed)
    schema: type[Settings] = getattr(plugins[part.plugin].module, "Settings", Settings)
    return validate_settings(schema, part.settings, pipeline, part.key_path)


def has_rules(plugins: Plugins, plugin: str) -> bool:
    """Whether this plugin can be asked for rules."""
    return any(plugins.implements(plugin, hook) for hook in RULING)


def asked(
    plugins: Plugins, plugin: str, hook: str, kind: type[Ruled], *, step: str, **arguments: Any
) -> Sequence[Ruled]:
    """What one plugin answers to `validate` or `judge`; raises PluginError where that is nothing of this kind.

    An extension never speaks in the core's name: what it gives without a source names the plugin instead.
    """
    answer = plugins.call(plugin, hook, step=step, **arguments) or ()
    if not isinstance(answer, list | tuple) or not all(isinstance(one, kind) for one in answer):
        msg = f"{plugins[plugin]} did not answer `{hook}` with a list of {kind.__name__}s; report it to its maintainers"
        raise PluginError(msg)
    if not plugin.startswith("extension:"):
        return answer
    return [replace(one, source=plugin) if one.source.strip() in ("", CORE) else one for one in answer]
