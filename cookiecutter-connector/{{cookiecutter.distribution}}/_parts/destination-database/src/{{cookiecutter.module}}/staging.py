"""{{ cookiecutter.system }}'s staging tables: one for each layout, and one of whole deliveries."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from rosterbus.deliveries import StagedFile
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.layouts import LayoutSpec, as_specs
from rosterbus.settings import Values

from {{ cookiecutter.module }}.files import layouts

ROWS_AT_ONCE = 5_000
SPECS = {spec.name: spec for spec in as_specs(layouts)}
SCHEMA = sa.MetaData()
DELIVERIES = sa.Table(
    "deliveries",
    SCHEMA,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
)


def _table(spec: LayoutSpec) -> sa.Table:
    cells = [sa.Column(column.name, sa.Text) for column in spec.columns if column.written]
    delivery = sa.Column("_delivery", sa.String(120), primary_key=True)
    return sa.Table(spec.name, SCHEMA, delivery, sa.Column("_row", sa.Integer, primary_key=True), *cells)


TABLES = {name: _table(spec) for name, spec in SPECS.items()}
"""Every row has the name of its delivery, and its row in the file that it would have been in."""


@contextmanager
def transaction(settings: Values) -> Iterator[sa.Connection]:
    """All of it or nothing. No error quotes what the database said of a row, for that may be a cell."""
    url = sa.make_url(settings.url)
    if settings.password:
        url = url.set(password=settings.password.reveal())
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.OperationalError as error:
        raise RetriableError(f"{settings.url} is away or busy, or refuses the password") from error
    except sa.exc.SQLAlchemyError as error:
        raise ConnectorError(f"{settings.url} refuses the delivery: {type(error).__name__}") from error


def is_there(connection: sa.Connection, delivery: str) -> bool:
    """Whether a delivery of this name was committed."""
    found = sa.select(DELIVERIES.c.name).where(DELIVERIES.c.name == delivery)
    return connection.execute(found).first() is not None


def stage(connection: sa.Connection, delivery: str, file: StagedFile) -> None:
    """Insert the rows of one file, some thousand at a time."""
    dialect = SPECS[file.layout].dialect
    with file.path.open(encoding="utf-8-sig" if dialect.bom else dialect.encoding, newline="") as opened:
        numbered = enumerate(csv.DictReader(opened, delimiter=dialect.delimiter), start=2)
        rows = ({**row, "_delivery": delivery, "_row": number} for number, row in numbered)
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            connection.execute(TABLES[file.layout].insert(), batch)


def complete(connection: sa.Connection, delivery: str) -> None:
    """Insert the row that names the delivery."""
    connection.execute(DELIVERIES.insert(), {"name": delivery, "written_at": datetime.now(UTC)})


def tables_missing(connection: sa.Connection) -> list[str]:
    """The staging tables that are not there."""
    there: Any = sa.inspect(connection)
    return sorted(set(SCHEMA.tables) - set(there.get_table_names()))
