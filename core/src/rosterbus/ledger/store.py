"""The SQLite file of the ledger: private, durable, and written by one transaction at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from rosterbus.errors import ConfigError, RetriableError, RosterbusError
from rosterbus.ledger.migrations import bring_up_to_date
from rosterbus.private import open_private

BUSY_SECONDS = 30


class Store:
    """One engine over one file; `read` and `write` are its transactions.

    Both raise RetriableError where another process kept the file busy for longer than half a minute, and
    RosterbusError where the file cannot be read or written.
    """

    def __init__(self, file: Path) -> None:
        """Create or open the file, and bring its schema up to date; raises ConfigError if it is no ledger."""
        self.file = file
        self.engine = _engine(file)
        try:
            self._prepare()
        except BaseException:
            self.engine.dispose()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing it does is kept."""
        with self._reported(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that no other writer runs beside, kept as a whole or not at all."""
        with self._reported(), self.engine.connect() as connection:
            alone = connection.execution_options(begin="BEGIN IMMEDIATE")
            with alone.begin():
                yield alone

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def _prepare(self) -> None:
        try:
            # Created by us, because SQLite gives its -wal and -shm files the mode of the main file.
            open_private(self.file, "ab").close()
            _write_ahead(self.file)
        except OSError as error:
            msg = f"the ledger cannot be written: {error.strerror}; make its folder writable"
            raise ConfigError(msg, file=self.file) from error
        except sqlite3.Error as error:
            raise _explained(error, self.file) from error
        with self.write() as connection:
            bring_up_to_date(connection)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            # The driver's own sentence, since SQLAlchemy's goes on with the statement.
            raise _explained(error.orig, self.file) from error.orig


def _explained(error: BaseException | None, file: Path) -> RosterbusError:
    """What a person can do about an error of the driver, whose sentences hold no values."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code, without what SQLite extends it by
    if code == sqlite3.SQLITE_BUSY:
        return RetriableError(
            f"the ledger {file} is kept busy by another process; run the command again later"
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return ConfigError(f"the ledger is damaged: {error}; restore it from a copy", file=file)
    return RosterbusError(f"the ledger {file} cannot be used: {error}")


def _write_ahead(file: Path) -> None:
    """Switch the file to its write-ahead log, once for good."""
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        msg = "the state folder's file system cannot keep a write-ahead log; put it on a local disk"
        raise ConfigError(msg, file=file, key="state_dir", found=f"journal mode {mode}")


def _engine(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        json_serializer=canonical,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _harden)
    event.listen(engine, "begin", _begin)
    return engine


def canonical(value: Any) -> str:
    """JSON that is the same text for the same value, every time."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _harden(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    # The driver's own BEGIN is off (isolation_level None): it would come only before the first INSERT, and a
    # read that turns into a write can then fail with SQLITE_BUSY at once, whatever the time-out.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
