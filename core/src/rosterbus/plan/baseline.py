"""The baseline: what the vendor is believed to hold, as values or as keyed digests, with the recipe it was made by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rosterbus.engine import columns_of, literal, quoted
from rosterbus.errors import ConfigError
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.compilation import Recipe
from rosterbus.plan.rendering import key_text

if TYPE_CHECKING:
    import duckdb

Kind = Literal["values", "digests"]
OWN = ("_key", "_school", "_grade", "_gone")


@dataclass(frozen=True)
class Baseline:
    """A baseline as the ledger points to it; `path` is None for one that is known to be empty.

    `version` changes whenever the baseline moves. `key` is the secret that digests are made with.
    """

    version: str
    kind: Kind
    path: Path | None
    recipe: Recipe | None
    key: str = ""


@dataclass(frozen=True)
class LoadedBaseline:
    """A baseline as the table ``baseline.<name>``: `_key`, `_school`, `_grade`, `_gone`, and its columns.

    `_gone` marks rows whose person had left already when it was confirmed, and whom the vendor keeps.
    """

    baseline: Baseline
    table: str
    columns: tuple[str, ...]


def load_baseline(
    connection: duckdb.DuckDBPyConnection, baseline: Baseline, spec: LayoutSpec, *, kind: Kind
) -> LoadedBaseline:
    """Create ``baseline.<layout>`` from the Parquet file, or empty.

    One of values becomes one of digests where that is what is wanted now; the other way there is none. Raises
    ConfigError where the file cannot be read.
    """
    import duckdb

    table = f"baseline.{quoted(spec.name)}"
    if baseline.path is None:
        connection.execute(
            f"CREATE TABLE {table} (_key VARCHAR, _school VARCHAR, _grade VARCHAR, _gone BOOLEAN)"
        )
        return LoadedBaseline(baseline, table, ())
    held = f"read_parquet({literal(str(baseline.path))})"
    try:
        names = columns_of(connection, f"(FROM {held})")
    except duckdb.Error as error:
        msg = f"the baseline of `{spec.name}` cannot be read; say with `rosterbus baseline` what the vendor holds"
        raise ConfigError(msg, file=baseline.path) from error
    columns = tuple(name for name in names if name not in OWN)
    if "_grade" not in names:
        held = f"(SELECT *, '' AS _grade FROM {held})"  # as it was kept before rows were counted by grade
    if kind == "digests" and baseline.kind == "values":
        baseline = replace(baseline, kind="digests")
        cells = ", ".join(f"{stored_cell(baseline, spec, name)} AS {quoted(name)}" for name in columns)
        held = (
            f"(SELECT {stored_key(baseline, spec.key)} AS _key, _school, _grade, _gone, {cells} FROM {held})"
        )
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {held}")
    return LoadedBaseline(baseline, table, columns)


def stored_key(baseline: Baseline, key: Sequence[str], *, of: str = "") -> str:
    """SQL for a row's key as the baseline stores it."""
    text = key_text(key, of=of)
    return text if baseline.kind == "values" else _digest(baseline, "", text, "''")


def stored_cell(
    baseline: Baseline, spec: LayoutSpec, column: str, *, of: str = "", key: Sequence[str] = ()
) -> str:
    """SQL for a cell as the baseline stores it; `key` where the row is identified by other columns than the layout's.

    A digest depends on column and key, so that equal cells do not show; one that refers to another layout is
    stored as that layout's key is, so that families can be matched.
    """
    cell = f"{of}.{quoted(column)}" if of else quoted(column)
    if baseline.kind == "values":
        return cell
    if column in spec.references:
        return _digest(baseline, "", cell, "''")
    return _digest(baseline, column, cell, key_text(key or spec.key, of=of))


def differences(
    loaded: LoadedBaseline,
    spec: LayoutSpec,
    columns: Iterable[str],
    *,
    new: str,
    old: str,
    key: Sequence[str] = (),
) -> dict[str, str]:
    """For each column the SQL that tells whether the stored cell differs; one it never held counts as blank."""
    told = {}
    for column in columns:
        held = f"{old}.{quoted(column)}" if column in loaded.columns else "''"
        cell = stored_cell(loaded.baseline, spec, column, of=new, key=key)
        told[column] = f"{cell} IS DISTINCT FROM {held}"
    return told


def _digest(baseline: Baseline, column: str, cell: str, key: str) -> str:
    secret = literal(f"{baseline.key}\x1f{column}\x1f")
    digest = f"left(sha256({secret} || length({key}) || ':' || {key} || {cell}), 32)"
    return f"CASE WHEN {cell} = '' THEN '' ELSE {digest} END"
