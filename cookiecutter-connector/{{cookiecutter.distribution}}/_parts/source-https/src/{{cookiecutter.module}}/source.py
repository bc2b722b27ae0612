"""{{ cookiecutter.system }} as a source: an API of pages, and later of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Probe, Twin
from rosterbus.errors import RetriableError
from rosterbus.extracts import (
    Changes,
    Completeness,
    Extract,
    Mapped,
    RawTable,
    Rows,
    SourceState,
    Unchanged,
)
from rosterbus.hookspecs import hookimpl
from rosterbus.settings import Values, flag
from rosterbus_https import HTTPSSettings

from {{ cookiecutter.module }}.answers import ANSWERS
from {{ cookiecutter.module }}.api import ATTEMPTS, Api, ForgottenError, MovedError
from {{ cookiecutter.module }}.spool import spool, unspooled
from {{ cookiecutter.module }}.tables import COLUMNS, KEYS, MAPPED

__all__ = ["ANSWERS", "Settings"]

DELETED = "deleted"
"""What a row has beside its columns, among changes: true where it is gone."""


class Settings(HTTPSSettings):
    """The API's address and token, and how much it is asked for."""

    changes = flag("Ask only for what has changed since the last run.", default=True)


@hookimpl
def extract(settings: Values, state: SourceState) -> Extract | Unchanged:
    """Read all tables at one revision, or what has changed since the last one.

    Raises RetriableError where the server is away, gives too little, or changes faster than it can be read.
    """
    api, known = Api(settings), state.previous.get("revision")
    since = known if settings.changes else None
    for _ in range(ATTEMPTS):
        revision = api.revision()
        if revision == known:
            return Unchanged(f"the revision is {revision}, as it was the last time")
        try:
            tables = _read(api, revision, since, state.folder)
            return Extract(tables, state={"revision": revision}, mirrored=True)
        except ForgottenError:
            since = None
        except MovedError:
            continue
    raise RetriableError(f"the data of {api.host} changed while it was read, {ATTEMPTS} times in a row")


@hookimpl
def map(settings: Values, tables: Mapping[str, RawTable]) -> Mapped:
    """Schools, students, their enrollments and their guardians: the same, whatever the settings."""
    return MAPPED


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Ask for the revision, which changes nothing and needs the token."""
    api = Api(settings)
    return [Probe("token", "proved", f"{api.host} took it, and is at revision {api.revision()}")]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the API on this machine, with a district that does not exist."""
    from {{ cookiecutter.module }}.system import start

    return start(folder)


def _read(api: Api, revision: str, since: str | None, folder: Path) -> Mapping[str, Rows | Changes]:
    tables: dict[str, Rows | Changes] = {}
    for name, columns in COLUMNS.items():
        header = columns if since is None else (*columns, DELETED)
        path = folder / f"{name}.jsonl"
        count = spool(path, api.rows(name, header, revision=revision, since=since))
        whole = Completeness("complete", f"all {count:,} rows that the server counts at revision {revision}")
        rows = Rows(unspooled(path, header), f"{name} at revision {revision}", whole, KEYS[name][0])
        tables[name] = rows if since is None else Changes([rows], KEYS[name], f"{DELETED} = 'true'")
    return tables
