"""The numbered steps by which an older ledger becomes a current one.

A new ledger is made at `VERSION` at once. Whoever changes a table raises `VERSION`, and adds under the new
number the step that brings the version before up to it; a step that was released never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, insert, inspect, select, text, update

from rosterbus.errors import ConfigError
from rosterbus.ledger import schema

VERSION = 2
Step = Callable[[Connection], None]


def _point_to_mirrors(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE extracts ADD COLUMN mirror VARCHAR"))


STEPS: Mapping[int, Step] = MappingProxyType({2: _point_to_mirrors})


def bring_up_to_date(
    connection: Connection, version: int = VERSION, *, steps: Mapping[int, Step] = STEPS
) -> None:
    """Create or climb, in the caller's transaction; raises ConfigError for one newer than `version`."""
    if not inspect(connection).has_table(schema.schema_version.name):
        _create(connection, version)
        return
    found = connection.execute(select(schema.schema_version.c.version)).scalar_one()
    if found > version:
        msg = "the ledger was written by a newer rosterbus; install that version again, or a later one"
        raise ConfigError(msg, found=f"schema version {found}", allowed=f"up to {version}")
    for number in range(found + 1, version + 1):
        steps[number](connection)
    if found < version:
        connection.execute(update(schema.schema_version).values(version=version))


def _create(connection: Connection, version: int) -> None:
    schema.metadata.create_all(connection)
    connection.execute(insert(schema.schema_version).values(version=version))
    connection.execute(insert(schema.chain).values(id=1, cut_seq=0, cut_hash="", head_seq=0, head_hash=""))
