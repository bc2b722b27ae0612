"""{{ cookiecutter.system }} as a source: an API that gives tables page by page, and later only what has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus import settings
from rosterbus.deliveries import Probe, Twin
from rosterbus.errors import RetriableError
from rosterbus.extracts import Changes, Completeness, Extract, Mapped, RawTable, Rows, SourceState, Unchanged
from rosterbus.hookspecs import hookimpl
from rosterbus.settings import Values

from {{ cookiecutter.module }}.api import ATTEMPTS, Api, ForgottenError, MovedError, connect
from {{ cookiecutter.module }}.spool import spool, unspooled
from {{ cookiecutter.module }}.tables import COLUMNS, KEYS, MAPPED

DELETED = "deleted"
"""The field that a changed row has beside its columns: true where the row is gone."""


class Settings(settings.Settings):
    """Where the API is, who asks, and for how much."""

    server = settings.text(
        "The server, such as https://acme.example.org.",
        required=True,
        pattern=r"https://[^/@?#]+\Z",
        pattern_says="Not the address of a server, such as https://acme.example.org.",
    )
    token = settings.secret("The bearer token.", required=True)
    ca_file = settings.text("A PEM file of the authorities to trust, where they are not the machine's own.")
    changes = settings.flag("Ask only for what has changed since the last run.", default=True)


@hookimpl
def extract(settings: Values, state: SourceState) -> Extract | Unchanged:
    """Read all tables at one revision, or what has changed since the last one.

    Raises RetriableError where the server is away, gives too little, or changes faster than it can be read.
    """
    known = since = state.previous.get("revision")
    with connect(settings) as api:
        for _ in range(ATTEMPTS):
            revision = api.revision()
            if revision == known:
                return Unchanged(f"the revision is {revision}, as it was the last time")
            try:
                return _read(api, revision, since if settings.changes else None, state.folder)
            except ForgottenError:
                since = None
            except MovedError:
                continue
        raise RetriableError(f"the data of {api.host} changed while it was read, {ATTEMPTS} times")


@hookimpl
def map(settings: Values, tables: Mapping[str, RawTable]) -> Mapped:
    """Schools, students, their enrollments and their guardians."""
    return MAPPED


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Ask for the revision, which changes nothing and needs the token."""
    with connect(settings) as api:
        return [Probe("token", "proved", f"{api.host} answers, at revision {api.revision()}")]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the API of a made-up district on loopback."""
    from {{ cookiecutter.module }}.system import start

    return start(folder)


def _read(api: Api, revision: str, since: str | None, folder: Path) -> Extract:
    tables: dict[str, Rows | Changes] = {}
    for name, columns in COLUMNS.items():
        header = columns if since is None else (*columns, DELETED)
        path = folder / f"{name}.jsonl"
        count = spool(path, api.rows(name, header, revision=revision, since=since))
        whole = Completeness("complete", f"all {count:,} rows that the server counts at revision {revision}")
        rows = Rows(unspooled(path, header), f"{name} at revision {revision}", whole, KEYS[name][0])
        tables[name] = rows if since is None else Changes([rows], KEYS[name], deleted=f"{DELETED} = 'true'")
    return Extract(tables, state={"revision": revision}, mirrored=True)
