"""{{ cookiecutter.system }} as a source: its database, of which one transaction sees one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus import settings
from rosterbus.deliveries import Probe, Twin
from rosterbus.extracts import Completeness, Extract, Mapped, RawTable, Rows, SourceState
from rosterbus.hookspecs import hookimpl
from rosterbus.settings import Values

from {{ cookiecutter.module }}.answers import ANSWERS
from {{ cookiecutter.module }}.spool import spool, unspooled
from {{ cookiecutter.module }}.tables import COLUMNS, KEYS, MAPPED

__all__ = ["ANSWERS", "Settings"]


class Settings(settings.Settings):
    """Where the database is; the address holds a password, so that all of it is a secret."""

    url = settings.secret(
        "The address as SQLAlchemy has it, such as postgresql+psycopg://user:password@host/name.",
        required=True,
    )


@hookimpl
def extract(settings: Values, state: SourceState) -> Extract:
    """Read all tables as they are at one moment.

    Raises ConnectorError where a table or a column is missing, and RetriableError where the database is away.
    """
    # SQLAlchemy takes its time, and whoever only lists what is installed does without.
    from {{ cookiecutter.module }}.database import one_moment, rows

    tables = {}
    with one_moment(settings) as connection:
        for name, columns in COLUMNS.items():
            path = state.folder / f"{name}.jsonl"
            count = spool(path, rows(connection, name))
            whole = Completeness("complete", f"all {count:,} rows at the moment of the transaction")
            tables[name] = Rows(unspooled(path, columns), f"table {name}", whole, KEYS[name][0])
    return Extract(tables, as_of=state.clock)


@hookimpl
def map(settings: Values, tables: Mapping[str, RawTable]) -> Mapped:
    """Schools, students, their enrollments and their guardians: the same, whatever the settings."""
    return MAPPED


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in, and look for the tables and their columns."""
    from {{ cookiecutter.module }}.database import one_moment, require

    with one_moment(settings) as connection:
        for name in COLUMNS:
            require(connection, name)
        dialect = connection.dialect.name
    return [Probe("login", "proved", f"{len(COLUMNS)} tables can be read ({dialect})")]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Make a database with a district that does not exist."""
    from {{ cookiecutter.module }}.system import start

    return start(folder)
