"""Passwords that only the holder of a secret can make again, computed by the engine: HMAC-SHA256 over roster text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rosterbus.engine import literal
from rosterbus.mapping.syntax import SCHEMA
from rosterbus.secrets import SecretReference

if TYPE_CHECKING:
    import duckdb

HEX = "0123456789abcdef"
LETTERS = "bcdfghjkmnptwxyz"
"""Sixteen lower-case letters, four bits each: none that looks like another, and no vowels that could make words."""

DIGITS = "2345678923456789"
_BLOCK = 64


def password_sql(secret: SecretReference, sql: str) -> str:
    """SQL for ten letters and four digits out of the roster text `sql`; a blank stays blank.

    It names the reference alone: the secret itself must have been given to the engine by `install_secret`.
    """
    return f"{SCHEMA}.password({literal(str(secret))}, {sql})"


def install_secret(connection: duckdb.DuckDBPyConnection, secret: SecretReference) -> None:
    """Give the engine of this run what its passwords are made with. No statement ever holds the secret.

    May be called again. Raises ConfigError where the secret cannot be read.
    """
    key = secret.reveal().encode()
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.secrets (name VARCHAR PRIMARY KEY, inner_pad BLOB, outer_pad BLOB)"
    )
    pads = [bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C)]
    connection.execute(f"INSERT OR REPLACE INTO {SCHEMA}.secrets VALUES (?, ?, ?)", [str(secret), *pads])
    inner, outer = (
        f"(SELECT {pad}_pad FROM {SCHEMA}.secrets WHERE name = secret)" for pad in ("inner", "outer")
    )
    connection.execute(
        f"CREATE OR REPLACE MACRO {SCHEMA}.hmac(secret, message) AS "
        f"sha256({outer} || unhex(sha256({inner} || encode(message))))"
    )
    digest = f"{SCHEMA}.hmac(secret, message)"
    connection.execute(
        f"CREATE OR REPLACE MACRO {SCHEMA}.password(secret, message) AS CASE WHEN message = '' THEN '' ELSE "
        f"translate({digest}[1:10], '{HEX}', '{LETTERS}') || translate({digest}[11:14], '{HEX}', '{DIGITS}') END"
    )
