"""Starts a project folder, and adds a destination to a pipeline; what a person wrote is never overwritten."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from rosterbus.drafting import (
    SCHEMA_FILE,
    delivery_text,
    local_timezone,
    pipeline_text,
    project_text,
    required_settings,
    schema_text,
)
from rosterbus.errors import ConfigError
from rosterbus.guarding import PROJECT_FILE
from rosterbus.plugins import load
from rosterbus.project import Project, load_pipeline, load_project
from rosterbus.project.pipelines import FOLDER
from rosterbus.project.validation import fields_of

CODES = "codes"


@dataclass(frozen=True)
class Started:
    """What was written, what was there already and was kept, and the settings that a person has to fill in."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...] = ()
    to_fill: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The pipeline to start with."""

    name: str
    source: str
    destinations: tuple[str, ...]
    sample: Path | None = None
    timezone: str | None = None


def start_project(folder: Path, wanted: Wanted | None) -> Started:
    """Write `rosterbus.toml`, folders and, where wanted, a pipeline; raises ConfigError before anything is written."""
    text, to_fill = _pipeline(folder, wanted) if wanted else ("", [])
    project_file, schema_file = folder / PROJECT_FILE, folder / FOLDER / SCHEMA_FILE
    schema, project = schema_text(), project_text()
    for place in (folder / FOLDER, folder / CODES):
        place.mkdir(parents=True, exist_ok=True)
    schema_file.write_text(schema, encoding="utf-8", newline="\n")
    new = {} if project_file.exists() else {project_file: project}
    if wanted:
        new[_file(folder, wanted.name)] = text
    for file, content in new.items():
        _write_new(file, content)
    kept = () if project_file in new else (project_file,)
    return Started((*new, schema_file), kept, tuple(to_fill))


def add_delivery(project: Project, pipeline: str, connector: str) -> Started:
    """Append a delivery to a pipeline file, which stays as it is in every other byte."""
    read = load_pipeline(project, pipeline)
    file = read.file
    if file is None:
        raise ConfigError("a pipeline without a file cannot be added to", found=pipeline)
    if connector in [part.name for part in read.deliveries]:
        raise read.error(("deliver", connector), "the pipeline has a delivery of this name already")
    data = file.read_bytes()
    newline = "\r\n" if b"\r\n" in data else "\n"
    break_ = "" if data.endswith(b"\n") else newline
    added = f"{break_}\n{delivery_text(connector)}".replace("\n", newline).replace("\r\r\n", "\r\n")
    _refuse_broken(file, data.decode("utf-8-sig") + added)
    schema = schema_text()
    with file.open("ab") as end:
        end.write(added.encode("utf-8"))
    schema_file = project.folder / FOLDER / SCHEMA_FILE
    schema_file.write_text(schema, encoding="utf-8", newline="\n")
    to_fill = [f"deliver.{connector}.{name}" for name in required_settings("destination", connector)]
    return Started((file, schema_file), (), tuple(to_fill))


def default_name(folder: Path) -> str:
    """A pipeline's name made of the folder's."""
    return re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-_") or "roster"


def _pipeline(folder: Path, wanted: Wanted) -> tuple[str, list[str]]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", wanted.name):
        allowed = "small letters, digits, `-` and `_`, beginning with a letter or digit"
        raise ConfigError(
            "this is no name of a pipeline", key="--name", found=repr(wanted.name), allowed=allowed
        )
    if _file(folder, wanted.name).exists():
        msg = "there is such a pipeline already; name another one, or use `rosterbus add`"
        raise ConfigError(msg, file=_file(folder, wanted.name))
    location = _location(folder, wanted)
    required = required_settings("source", wanted.source)
    given = {"location"} if location is not None else set()
    to_fill = [f"source.{name}" for name in required if name not in given]
    for connector in wanted.destinations:
        to_fill += [f"deliver.{connector}.{name}" for name in required_settings("destination", connector)]
    zone = wanted.timezone or _project_timezone(folder) or local_timezone()
    text = pipeline_text(
        wanted.name,
        timezone=zone,
        source=wanted.source,
        destinations=wanted.destinations,
        location=location,
    )
    return text, to_fill if zone else ["timezone", *to_fill]


def _location(folder: Path, wanted: Wanted) -> str | None:
    if wanted.sample is None:
        return None
    if "location" not in fields_of(load("source", wanted.source).module.Settings()):
        raise ConfigError(
            f"the source {wanted.source} has no location that a sample could be", key="--sample"
        )
    sample, root = wanted.sample.resolve(), folder.resolve()
    return sample.relative_to(root).as_posix() if sample.is_relative_to(root) else sample.as_posix()


def _project_timezone(folder: Path) -> str | None:
    project = load_project(folder) if (folder / PROJECT_FILE).is_file() else None
    return project.timezone.key if project and project.timezone else None


def _file(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{name}.toml"


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError as error:
        raise ConfigError("the file is there already, and is never overwritten", file=file) from error


def _refuse_broken(file: Path, text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = "`deliver` is written in a form that a table cannot be added to; write it as [deliver.<name>]"
        raise ConfigError(msg, file=file, key="deliver") from error
