"""{{ cookiecutter.system }}'s database, all of it as of one moment, as SQLAlchemy reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.settings import Values
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError

from {{ cookiecutter.module }}.tables import COLUMNS, KEYS

AT_ONCE = 1000
ISOLATION = {
    "mssql": "SNAPSHOT",
    "mysql": "REPEATABLE READ",
    "oracle": "SERIALIZABLE",
    "postgresql": "REPEATABLE READ",
    "sqlite": "SERIALIZABLE",
}
"""What each database calls a transaction whose SELECTs all see the same moment."""


@contextmanager
def one_moment(settings: Values) -> Iterator[sqlalchemy.Connection]:
    """A connection in its one transaction, which changes nothing.

    Raises ConfigError where nothing here speaks to such a database, and RetriableError for what it says. That may
    quote a cell or the address, so that only its kind is told.
    """
    try:
        engine = sqlalchemy.create_engine(settings.url.reveal(), poolclass=sqlalchemy.NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        what = f"nothing here can read this address ({type(error).__name__}); is its driver installed?"
        raise ConfigError(what, key="url") from None
    dialect = engine.dialect.name
    if dialect not in ISOLATION:
        what = "nobody has said yet how this database shows one moment"
        raise ConfigError(what, key="url", found=dialect, allowed=ISOLATION)
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(isolation_level=ISOLATION[dialect])
            if dialect == "sqlite":
                # Its driver would begin a transaction with the first change only, and there is none.
                connection.exec_driver_sql("BEGIN")
            yield connection
    except DBAPIError as error:
        raise RetriableError(f"the database broke off ({type(error.orig).__name__})") from None


def rows(connection: sqlalchemy.Connection, name: str) -> Iterator[Sequence[Any]]:
    """The rows of a table in the order of its key, as they come."""
    require(connection, name)
    table = sqlalchemy.table(name, *(sqlalchemy.column(column) for column in COLUMNS[name]))
    ordered = sqlalchemy.select(table).order_by(*(table.c[column] for column in KEYS[name]))
    with connection.execute(ordered, execution_options={"yield_per": AT_ONCE}) as result:
        yield from result


def require(connection: sqlalchemy.Connection, name: str) -> None:
    """Raise ConnectorError where a table or one of its columns is not there."""
    try:
        there = {column["name"] for column in sqlalchemy.inspect(connection).get_columns(name)}
    except NoSuchTableError:
        raise ConnectorError(f"there is no table {name} in the database; may this account see it?") from None
    if missing := [column for column in COLUMNS[name] if column not in there]:
        raise ConnectorError(f"the table {name} has no column `{missing[0]}`; see what is new there")
