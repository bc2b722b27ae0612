"""One pipeline: settings, corrections, layouts and mapping, code lists, credentials and connections."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from rosterbus.checking.facts import Fact, reported, secret_facts
from rosterbus.deliveries import Probe
from rosterbus.describing import absence_in_words, layouts_with
from rosterbus.errors import ConfigError, PluginError
from rosterbus.fetching import CORE_TRANSPORTS
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.compilation import Complain, compile_corrections, compile_layout
from rosterbus.plugins import Plugins
from rosterbus.project import (
    DeliveryPart,
    LayoutMap,
    Pipeline,
    Project,
    RulesPart,
    load_pipeline,
    validate_settings,
)
from rosterbus.roster import vocabulary
from rosterbus.roster.presumed import PresumedColumns
from rosterbus.rulings import settings_of
from rosterbus.settings import Values
from rosterbus.transports import local_path, scheme_of


def pipeline_facts(project: Project, name: str) -> Iterator[Fact]:
    """What is known of a pipeline, by its name or the path of its file, before its export is read."""
    yield from reported(name, _pipeline(project, name))


def _pipeline(project: Project, name: str) -> Iterator[Fact]:
    pipeline = load_pipeline(project, name)
    about = pipeline.name
    names = ", ".join(part.name for part in pipeline.deliveries)
    yield Fact("ok", about, f"{pipeline.source.connector} -> {names}, in the time zone {pipeline.timezone}")
    yield from reported(about, _source(pipeline))
    yield from reported(about, _corrections(pipeline))
    for rules in pipeline.rules:
        yield from reported(about, _rules(pipeline, rules))
    for part in pipeline.deliveries:
        yield from reported(f"{about} -> {part.name}", _delivery(pipeline, part))


def _source(pipeline: Pipeline) -> Iterator[Fact]:
    source, about = pipeline.source, pipeline.name
    plugin = f"source:{source.connector}"
    plugins = Plugins([("source", source.connector)])
    values = validate_settings(plugins[plugin].module.Settings, source.settings, pipeline, source.key_path)
    yield Fact("ok", about, f"the settings of {source.connector} are right")
    yield from secret_facts(about, values)
    if plugins.implements(plugin, "probe"):
        yield from reported(about, _probed(plugins, plugin, about, values))
    else:
        yield from reported(about, _location(pipeline, values))


def _location(pipeline: Pipeline, values: Values) -> Iterator[Fact]:
    """Whether the export's place can be listed, for a source that cannot say so itself."""
    location = values.get("location")
    if not isinstance(location, str):
        return
    scheme = scheme_of(location)
    if scheme == "https":
        yield Fact("warn", pipeline.name, "the export's address is not provable without reading it")
        return
    place = str(pipeline.folder / local_path(location)) if scheme == "file" else location
    core = f"transport:{scheme}" in CORE_TRANSPORTS
    plugins = Plugins([] if core else [("transport", scheme)], core=CORE_TRANSPORTS)
    transport = values.get("transport") or {}
    plugins.call(
        f"transport:{scheme}", "list", step="looking for the export", location=place, transport=transport
    )
    yield Fact("ok", pipeline.name, f"proved: the export's place can be reached ({scheme})")


def _corrections(pipeline: Pipeline) -> Iterator[Fact]:
    for name, entries in pipeline.source.map.items():
        at = ("source", "map", name)
        if name not in vocabulary().tables:
            raise pipeline.error(at, "the roster has no such table", found=name, allowed=vocabulary().tables)
        columns = PresumedColumns(vocabulary().tables[name].columns)
        columns.update(entries)
        compile_corrections(entries, columns, folder=pipeline.folder, complain=_complain(pipeline, at))
        yield Fact("ok", pipeline.name, f"{len(entries)} corrections of `{name}` compile")
        yield from _extras(pipeline.name, name, columns)


def _rules(pipeline: Pipeline, part: RulesPart) -> Iterator[Fact]:
    plugins = Plugins([("extension", part.name)])
    values = settings_of(pipeline, part, plugins)
    yield Fact(
        "ok", pipeline.name, f"the rules of {plugins[part.plugin]} are asked; their settings are right"
    )
    yield from secret_facts(pipeline.name, values)


def _delivery(pipeline: Pipeline, part: DeliveryPart) -> Iterator[Fact]:
    about, plugin = f"{pipeline.name} -> {part.name}", f"destination:{part.connector}"
    plugins = Plugins([("destination", part.connector)])
    loaded = plugins[plugin]
    values = validate_settings(loaded.module.Settings, part.settings, pipeline, part.key_path)
    yield Fact("ok", about, f"the settings of {part.connector} are right")
    yield from reported(about, _layouts(pipeline, part, layouts_with(loaded, values)))
    yield from secret_facts(about, values)
    if plugins.implements(plugin, "probe"):
        yield from reported(about, _probed(plugins, plugin, about, values))
    else:
        yield Fact("warn", about, f"{part.connector} cannot test its connection; only sending proves it")


def _layouts(pipeline: Pipeline, part: DeliveryPart, specs: tuple[LayoutSpec, ...]) -> Iterator[Fact]:
    about = f"{pipeline.name} -> {part.name}"
    known = [spec.name for spec in specs]
    for name in part.map:
        if name not in known:
            at = (*part.key_path, "map", name)
            raise pipeline.error(at, "there is no such layout", found=name, allowed=known)
    for spec in specs:
        yield from reported(about, _layout(pipeline, part, spec))


def _layout(pipeline: Pipeline, part: DeliveryPart, spec: LayoutSpec) -> Iterator[Fact]:
    about = f"{pipeline.name} -> {part.name}"
    if spec.rows not in vocabulary().tables:
        raise PluginError(f"the layout `{spec.name}` reads `{spec.rows}`, which is no table of the roster")
    columns = PresumedColumns(vocabulary().tables[spec.rows].columns)
    changes = part.map.get(spec.name, LayoutMap())
    complain = _complain(pipeline, (*part.key_path, "map", spec.name))
    compiled = compile_layout(spec, changes, columns, folder=pipeline.folder, complain=complain)
    own = f", {len(changes.columns)} of them mapped by the pipeline" if changes.columns else ""
    yield Fact(
        "ok", about, f"layout `{spec.name}`: {len(compiled.columns)} columns{own}; {absence_in_words(spec)}"
    )
    yield from _extras(about, spec.rows, columns)


def _extras(about: str, table: str, columns: PresumedColumns) -> Iterator[Fact]:
    """Columns that only the source can know; one that resembles a known one is probably misspelt."""
    near = {name: get_close_matches(name, columns.known, n=2) for name in columns.extras if "." not in name}
    for name in (name for name in near if near[name]):
        told = f"`{name}` is no column of the vocabulary's `{table}`; did you mean {', '.join(near[name])}?"
        yield Fact("warn", about, told)
    if others := [name for name in columns.extras if not near.get(name)]:
        told = f"a plan shows whether the source gives `{table}` these columns: {', '.join(others)}"
        yield Fact("warn", about, told)


def _probed(plugins: Plugins, plugin: str, about: str, values: Values) -> Iterator[Fact]:
    for probe in plugins.call(plugin, "probe", step="testing the connection", settings=values):
        yield _told(about, probe)


def _told(about: str, probe: Probe) -> Fact:
    sentence = f"{probe.what} {probe.state}: {probe.sentence}"
    if probe.state == "failed":
        return Fact("fail", about, sentence, 1)
    return Fact("ok" if probe.state == "proved" else "warn", about, sentence)


def _complain(pipeline: Pipeline, at: tuple[str, ...]) -> Complain:
    def complain(
        path: tuple[str, ...], wrong: str, *, found: str | None = None, allowed: Any = None
    ) -> ConfigError:
        return pipeline.error((*at, *path), wrong, found=found, allowed=allowed)

    return complain
