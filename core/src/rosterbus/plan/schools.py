"""The names of schools, kept beside a plan so that a report can tell people more than an id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.engine import fetched, open_reader
from rosterbus.extracts import Mapped
from rosterbus.findings import Finding
from rosterbus.plan.staging import copy

if TYPE_CHECKING:
    import duckdb


def store_schools(connection: duckdb.DuckDBPyConnection, mapped: Mapped) -> list[Finding]:
    """Keep names by id as ``roster._schools``, empty where the source gives none.

    Nothing that is sent depends on them, so that a source whose SQL for them fails gives a warning here and no error.
    """
    import duckdb

    connection.execute("CREATE TABLE roster._schools (school_id VARCHAR, name VARCHAR)")
    relation = next((one for one in mapped.relations if one.table == "schools"), None)
    if relation is None:
        return []
    try:
        connection.execute(
            "INSERT INTO roster._schools SELECT school_id, min(name) FROM "
            f"(SELECT school_id, name FROM ({relation.sql})) WHERE school_id <> '' AND name <> '' GROUP BY 1"
        )
    except duckdb.Error as error:
        said = (
            f"the source's SQL for `schools` fails ({type(error).__name__}); reports name schools by id alone"
        )
        return [Finding("warn", "school names", said)]
    return []


def keep_schools(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep the names in a plan's folder."""
    copy(connection, "SELECT school_id, name FROM roster._schools ORDER BY school_id", schools_file(folder))


def schools_file(folder: Path) -> Path:
    """The file of a plan's folder that names the schools by id."""
    return folder / "schools.parquet"


def read_schools(folder: Path) -> dict[str, str]:
    """The names by id, as far as they are kept."""
    file = schools_file(folder)
    if not file.is_file():
        return {}
    with open_reader() as connection:
        return dict(fetched(connection, "SELECT school_id, name FROM read_parquet(?)", [str(file)]))
