"""One pipeline: a source, its deliveries, and what is ruled, guarded and expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from marshmallow import fields

from rosterbus.errors import ConfigError
from rosterbus.project.documents import Document, Documented, read_document
from rosterbus.project.expectations import (
    Expect,
    ExpectSettings,
    Guards,
    GuardSettings,
    read_expects,
    read_guards,
)
from rosterbus.project.folder import BASELINES, BaselineKind, Project, read_timezone
from rosterbus.project.mappings import LayoutMap, MappingEntry, read_corrections, read_layout_map, table
from rosterbus.project.validation import nearest, validate_settings
from rosterbus.settings import Settings, group, text
from rosterbus.settings import table as table_field

FOLDER = "pipelines"
SOURCE_KEYS = ("connector", "map")
"""The keys of ``[source]`` that are rosterbus's own; all others are settings of the connector."""
DELIVERY_KEYS = ("connector", "map", "guards", "baseline")
"""The same of ``[deliver.<name>]``."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NAME_ALLOWED = "small letters, digits, `-` and `_`, beginning with a letter or digit"


@dataclass(frozen=True)
class SourcePart:
    """The source of a pipeline: its connector, settings as written, and corrections by roster table."""

    connector: str
    settings: Mapping[str, Any]
    map: Mapping[str, Mapping[str, MappingEntry]]
    key_path: tuple[str, ...] = ("source",)


@dataclass(frozen=True)
class DeliveryPart:
    """One delivery of a pipeline: its connector, the connector's settings as written, changes by layout."""

    name: str
    connector: str
    settings: Mapping[str, Any]
    map: Mapping[str, LayoutMap]
    guards: Guards
    baseline: BaselineKind

    @property
    def key_path(self) -> tuple[str, ...]:
        """Where it stands in the file."""
        return ("deliver", self.name)


@dataclass(frozen=True)
class RulesPart:
    """Rules of a district or a state: the name of an installed extension that has some, and its settings as written."""

    name: str
    settings: Mapping[str, Any]

    @property
    def plugin(self) -> str:
        """The extension by its full name."""
        return f"extension:{self.name}"

    @property
    def key_path(self) -> tuple[str, ...]:
        """Where it stands in the file."""
        return ("rules", self.name)


@dataclass(frozen=True)
class Pipeline(Documented):
    """A whole pipeline, checked as far as it can be without its connectors. `file` is None for arguments."""

    name: str
    project: Project
    timezone: ZoneInfo
    source: SourcePart
    deliveries: tuple[DeliveryPart, ...]
    expects: tuple[Expect, ...]
    guards: Guards
    rules: tuple[RulesPart, ...] = ()

    def delivery(self, name: str) -> DeliveryPart:
        """One delivery by name; raises ConfigError with the names there are."""
        for part in self.deliveries:
            if part.name == name:
                return part
        names = [part.name for part in self.deliveries]
        raise self.error(("deliver",), "there is no such delivery", found=repr(name), allowed=names)


class PipelineSettings(Settings):
    """How a pipeline file is written, above its source and deliveries."""

    name = text("the pipeline's name; the file's name if absent")
    timezone = text("the time zone of its days and file names, such as America/Chicago")
    source = fields.Dict(
        keys=fields.String(), required=True, metadata={"about": "where the roster comes from"}
    )
    deliver = fields.Dict(keys=fields.String(), required=True, metadata={"about": "to whom it goes"})
    rules = table_field(
        "rules of a district or a state that are asked beside the vendors': a table of settings for each extension"
    )
    guards = group(GuardSettings, "the limits past which a plan is held")
    expect = fields.List(
        fields.Nested(ExpectSettings), load_default=list, metadata={"about": "what is legitimate for a while"}
    )
    environments = table_field("tables of settings that replace the others with --environment NAME")


def pipeline_files(project: Project) -> dict[str, Path]:
    """The pipelines of the project's `pipelines` folder, by name."""
    return {file.stem: file for file in sorted((project.folder / FOLDER).glob("*.toml"))}


def load_pipeline(project: Project, name_or_path: str | Path) -> Pipeline:
    """Read a pipeline of the project by its name, or any pipeline by the path of its file.

    Raises ConfigError, with file, line and key, for the first thing that is wrong.
    """
    file = _file_of(project, name_or_path)
    document = read_document(file, folder=project.folder).in_environment(project.environment)
    name = document.values.get("name", file.stem)
    if file.parent.name == FOLDER and name != file.stem:
        raise document.error(
            ("name",),
            "the name differs from the file's, and history and baselines go by it",
            found=repr(name),
            allowed=f'"{file.stem}", or rename the file to {name}.toml',
        )
    return read_pipeline(project, document, default_name=file.stem)


def read_pipeline(project: Project, document: Document, *, default_name: str) -> Pipeline:
    """Make a pipeline of a document, whether it was a file or arguments."""
    values = validate_settings(PipelineSettings, document.values, document)
    name = values.name or default_name
    _check_name(document, ("name",), name)
    guards = read_guards(Guards(), document.values.get("guards", {}), document, ("guards",))
    if not values.deliver:
        raise document.error(("deliver",), "the pipeline delivers to nobody", allowed="[deliver.<name>]")
    return Pipeline(
        name=name,
        project=project,
        timezone=_timezone(project, document, values.timezone),
        source=_source(document, values.source),
        deliveries=tuple(
            _delivery(document, delivery, raw, project=project, guards=guards)
            for delivery, raw in values.deliver.items()
        ),
        expects=tuple(read_expects(values.expect, document)),
        guards=guards,
        rules=tuple(_rules(document, name, raw) for name, raw in document.values.get("rules", {}).items()),
        document=document,
    )


def _file_of(project: Project, name_or_path: str | Path) -> Path:
    files = pipeline_files(project)
    if str(name_or_path) in files:
        return files[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return path.resolve()
    known = nearest(str(name_or_path), files) or f"{FOLDER}/NAME.toml, or the path of a file"
    raise ConfigError(
        "there is no such pipeline",
        file=project.folder / FOLDER,
        found=repr(str(name_or_path)),
        allowed=known,
    )


def _timezone(project: Project, document: Document, written: str | None) -> ZoneInfo:
    if written:
        return read_timezone(document, written)
    if project.timezone is None:
        raise document.error(
            ("timezone",),
            "a time zone is required, here or in rosterbus.toml: days and file names depend on it",
            allowed='a name such as "America/Chicago"',
        )
    return project.timezone


def _source(document: Document, raw: Mapping[str, Any]) -> SourcePart:
    at = ("source",)
    connector = _connector(document, raw, at)
    written = table(document, raw.get("map", {}), (*at, "map"))
    corrections = {
        name: read_corrections(document, part, (*at, "map", name)) for name, part in written.items()
    }
    return SourcePart(connector, _own_settings(raw, SOURCE_KEYS), corrections)


def _delivery(document: Document, name: str, raw: Any, *, project: Project, guards: Guards) -> DeliveryPart:
    at = ("deliver", name)
    _check_name(document, at, name)
    written = table(document, raw, at)
    changes = table(document, written.get("map", {}), (*at, "map"))
    stricter = table(document, written.get("guards", {}), (*at, "guards"))
    return DeliveryPart(
        name=name,
        connector=_connector(document, written, at, default=name),
        settings=_own_settings(written, DELIVERY_KEYS),
        map={
            layout: read_layout_map(document, part, (*at, "map", layout)) for layout, part in changes.items()
        },
        guards=read_guards(guards, stricter, document, (*at, "guards")),
        baseline=_baseline(document, written.get("baseline", project.baseline), (*at, "baseline")),
    )


def _rules(document: Document, name: str, raw: Any) -> RulesPart:
    at = ("rules", name)
    _check_name(document, at, name)
    return RulesPart(name, table(document, raw, at))


def _connector(
    document: Document, raw: Mapping[str, Any], at: tuple[str, ...], default: str | None = None
) -> str:
    connector = raw.get("connector", default)
    if connector is None:
        raise document.error(
            (*at, "connector"), "the connector is required", allowed="the name of an installed one"
        )
    _check_name(document, (*at, "connector"), connector)
    return str(connector)


def _baseline(document: Document, written: Any, at: tuple[str, ...]) -> BaselineKind:
    if written not in BASELINES:
        raise document.error(at, "this is no kind of baseline", allowed=BASELINES)
    return cast(BaselineKind, written)


def _own_settings(raw: Mapping[str, Any], reserved: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in reserved}


def _check_name(document: Document, at: tuple[str, ...], name: Any) -> None:
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise document.error(at, "this is no name", found=repr(name), allowed=_NAME_ALLOWED)
