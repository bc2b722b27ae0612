"""{{ cookiecutter.system }} on this machine: a database with a made-up district."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy
from rosterbus.deliveries import Twin
from rosterbus.private import open_private, private_folder, write_private_text
from rosterbus.secrets import SecretReference

from {{ cookiecutter.module }}.answers import ANSWERS
from {{ cookiecutter.module }}.district import tables
from {{ cookiecutter.module }}.tables import COLUMNS

DAMAGE = {
    # There is no such number, so that whoever comes to this row gets an error.
    "error midway": """
        ALTER TABLE enrollments RENAME TO others;
        CREATE VIEW enrollments AS SELECT * FROM others
            UNION ALL SELECT abs(-9223372036854775808), '', '', '', ''
    """,
    "lost column": "ALTER TABLE students DROP COLUMN grade",
    "zero rows": ";".join(f"DELETE FROM {name}" for name in COLUMNS),
    "repeated ids": """
        INSERT INTO students SELECT * FROM students WHERE id = 'P0';
        UPDATE students SET first_name = 'Grace' WHERE rowid = last_insert_rowid()
    """,
    "dangling references": "DELETE FROM schools WHERE id = 'S0'",
}
CHANGE = """
    UPDATE students SET last_name = 'Roe' WHERE id = 'P0';
    UPDATE guardians SET last_name = 'Roe' WHERE id = 'G0'
"""


def start(folder: Path) -> Twin:
    """Make the database anew; it goes when the twin stops."""
    database = Database(private_folder(folder) / "system.sqlite")
    address = f"sqlite:///file:{database.path.as_posix()}?mode=ro&uri=true"
    url = write_private_text(folder / "url", address)
    damaged = {name: partial(database.damaged, script) for name, script in DAMAGE.items()}
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"url": SecretReference("file", str(url), own=True)},
        reach=[f"sqlite3 {database.path}"],
        stop=database.remove,
        settle=list,
        answers=ANSWERS,
        folder=folder,
        faults={**damaged, "changes midway": database.changing},
    )


class Database:
    """A file of SQLite, whose readers and writers do not wait for each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fill()

    def fill(self) -> None:
        """Make all tables anew."""
        self.remove()
        open_private(self.path, "xb").close()
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA journal_mode = wal")
            for name, rows in tables().items():
                columns = ", ".join(f'"{column}" TEXT' for column in COLUMNS[name])
                marks = ", ".join("?" * len(COLUMNS[name]))
                database.execute(f"CREATE TABLE {name} ({columns})")
                database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
            database.commit()

    def remove(self) -> None:
        """Remove the file, and those that SQLite keeps beside it."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def write(self, script: str) -> None:
        """Change the data, in a transaction of its own."""
        with closing(sqlite3.connect(self.path)) as database:
            database.executescript(f"BEGIN; {script}; COMMIT")

    @contextmanager
    def damaged(self, script: str) -> Iterator[None]:
        """Be damaged within the block."""
        self.write(script)
        try:
            yield
        finally:
            self.fill()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Give a family another name, once, when the reader has come to the last table."""

        def change(_: Any, __: Any, statement: str, *___: Any) -> None:
            if "FROM guardians" in statement:
                self.write(CHANGE)

        # A test reads in this very process, so that the moment can be chosen.
        sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", change)
        try:
            yield
        finally:
            sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", change)
            self.fill()
