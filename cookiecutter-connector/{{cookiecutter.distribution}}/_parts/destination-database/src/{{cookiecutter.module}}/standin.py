{% from "folded.jinja" import imported %}
"""{{ cookiecutter.system }} on this machine: staging tables, and an importer of what is whole."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rosterbus.deliveries import Seen, Twin
from rosterbus.private import private_folder
from rosterbus.settings import Values

from {{ cookiecutter.module }}.importer import ANSWERS, Importer
{% set names = ["DELIVERIES", "SCHEMA", "SPECS", "TABLES", "transaction"] %}
{{ imported(cookiecutter.module ~ ".staging", names) }}


def start(folder: Path) -> Twin:
    """Make the database file; nothing has to run. Stopping puts it where nobody looks for it."""
    file, away = private_folder(folder) / "staging.sqlite", folder / "stopped.sqlite"
    if away.is_file():
        away.rename(file)
    file.touch(mode=0o600)
    database, importer = Database(f"sqlite:///file:{file}?mode=rw&uri=true"), Importer()

    def settle() -> Sequence[Mapping[str, Any]]:
        for name in database.deliveries():
            if not importer.took(name):
                received = {spec.file: database.received(f"{name}/{spec.name}") for spec in SPECS.values()}
                importer.take(name, received)
        return importer.analyses

    def stop() -> None:
        if file.is_file():
            file.rename(away)

    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"url": database.settings.url, "password": None},
        reach=[f"sqlite3 {file}"],
        stop=stop,
        settle=settle,
        answers=ANSWERS,
        folder=folder,
        seen=database.seen,
        received=database.received,
        faults={"disk full": database.full},
    )


class Database:
    """The vendor's side of the staging tables."""

    def __init__(self, url: str) -> None:
        self.settings = Values({"url": url, "password": None})
        with transaction(self.settings) as connection:
            SCHEMA.create_all(connection)

    def deliveries(self) -> list[str]:
        """The names of the whole ones, the oldest first."""
        return [name for name, _ in self._committed()]

    def received(self, name: str) -> bytes:
        """The rows of a delivery, as the file that they would have been in; KeyError where there is none."""
        delivery, _, layout = name.rpartition("/")
        if (delivery or name) not in self.deliveries():
            raise KeyError(name)
        return self._file(delivery, layout) if delivery else b""

    def seen(self) -> Sequence[Seen]:
        """Every commit: its files, and the row that names it."""
        return [
            Seen(at, "wrote" if name != delivery else "marked", name, len(content), _sha256(content))
            for delivery, at in self._committed()
            for name in (*(f"{delivery}/{layout}" for layout in TABLES), delivery)
            for content in (self.received(name),)
        ]

    @contextmanager
    def full(self) -> Iterator[None]:
        """Refuse every row, as a database does whose disk is full."""
        trigger = "CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END"
        with transaction(self.settings) as connection:
            connection.execute(sa.text(trigger))
        yield
        with transaction(self.settings) as connection:
            connection.execute(sa.text("DROP TRIGGER full"))

    def _committed(self) -> list[tuple[str, datetime]]:
        wanted = sa.select(DELIVERIES.c.name, DELIVERIES.c.written_at).order_by(DELIVERIES.c.written_at)
        with transaction(self.settings) as connection:
            return [(name, at.replace(tzinfo=UTC)) for name, at in connection.execute(wanted)]

    def _file(self, delivery: str, layout: str) -> bytes:
        dialect, table = SPECS[layout].dialect, TABLES[layout]
        columns = [column for column in table.columns if not column.name.startswith("_")]
        wanted = sa.select(*columns).where(table.c["_delivery"] == delivery).order_by(table.c["_row"])
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.newline)
        writer.writerow([column.name for column in columns])
        with transaction(self.settings) as connection:
            writer.writerows(connection.execute(wanted))
        return text.getvalue().encode("utf-8-sig" if dialect.bom else dialect.encoding)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
