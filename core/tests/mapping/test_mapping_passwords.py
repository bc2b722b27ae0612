"""Passwords are HMAC-SHA256 of the roster text: the same everywhere for one secret, and no statement tells it."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

import duckdb
import pytest
from rosterbus.errors import ConfigError
from rosterbus.mapping import install_secret, password_sql
from rosterbus.secrets import SecretReference

REFERENCE = SecretReference("env", "PASSWORD_KEY")
TEXTS = ["S-1001", "Zoë 学生", "it's", "0", "x" * 300, ""]


def expected(key: str, text: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    letters = "".join("bcdfghjkmnptwxyz"[int(one, 16)] for one in digest[:10])
    return letters + "".join("2345678923456789"[int(one, 16)] for one in digest[10:14]) if text else ""


def made(engine: duckdb.DuckDBPyConnection, texts: list[str]) -> list[str]:
    sql = f"SELECT {password_sql(REFERENCE, 't')} FROM (SELECT unnest(?) AS t)"
    return [password for (password,) in engine.execute(sql, [texts]).fetchall()]


@pytest.mark.parametrize("key", ["k", "a key", "schlüssel 学", "x" * 64, "y" * 65, "z" * 500])
def test_a_password_is_what_pythons_hmac_gives(
    engine: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("PASSWORD_KEY", key)
    install_secret(engine, REFERENCE)
    assert made(engine, TEXTS) == [expected(key, text) for text in TEXTS]


def test_another_secret_gives_other_passwords(
    engine: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = []
    for key in ("one", "two"):
        monkeypatch.setenv("PASSWORD_KEY", key)
        install_secret(engine, REFERENCE)
        passwords += made(engine, [f"S{number}" for number in range(500)])
    assert len(set(passwords)) == 1000


def test_another_process_makes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_KEY", "the same key")
    program = (
        "import duckdb; from rosterbus.mapping import install_functions, install_secret, password_sql; from datetime "
        "import date; from rosterbus.secrets import SecretReference; engine = duckdb.connect(); "
        "install_functions(engine, today=date(2026, 1, 1)); reference = SecretReference('env', 'PASSWORD_KEY'); "
        "install_secret(engine, reference); "
        "print(engine.execute('SELECT ' + password_sql(reference, repr('S-1001'))).fetchone()[0])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
        ).stdout
        for _ in range(2)
    ]
    assert said == [expected("the same key", "S-1001") + "\n"] * 2


def test_no_statement_tells_the_secret(
    engine: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD_KEY", "zqscanary")
    install_secret(engine, REFERENCE)
    catalog = "SELECT macro_definition FROM duckdb_functions() WHERE schema_name = 'rosterbus'"
    told = [password_sql(REFERENCE, "t"), *(str(row) for row in engine.execute(catalog).fetchall())]
    assert len(told) > 2
    assert [one for one in told if "zqscanary" in one or "\\x4C" in one] == []


def test_a_secret_that_is_not_there_is_told(
    engine: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSWORD_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"env PASSWORD_KEY`: the secret is not there, or empty"):
        install_secret(engine, REFERENCE)
