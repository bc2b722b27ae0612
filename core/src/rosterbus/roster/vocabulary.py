"""The roster vocabulary, read from `roster.toml`: the tables that sources give and that layouts read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

ColumnType = Literal["text", "date", "boolean", "list", "code", "decimal"]


@dataclass(frozen=True)
class RosterColumn:
    """One column of a roster table.

    `codes` names a code set of the vocabulary where the values (or a list's elements) come from one; `bound`
    says of a date whether it is the last day that counts (inclusive) or the first that does not (exclusive).
    """

    name: str
    type: ColumnType
    meaning: str
    origin: str
    codes: str | None = None
    bound: Literal["inclusive", "exclusive"] | None = None


@dataclass(frozen=True)
class RosterTable:
    """One roster table. `references` tells for a column the table whose key it holds (a list: several)."""

    name: str
    title: str
    about: str
    key: tuple[str, ...]
    columns: Mapping[str, RosterColumn]
    references: Mapping[str, str]


@dataclass(frozen=True)
class CodeSet:
    """The values of a code column, and who defined them."""

    name: str
    origin: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The common words between every source and every layout."""

    version: str
    tables: Mapping[str, RosterTable]
    codes: Mapping[str, CodeSet]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of this version of rosterbus, read once."""
    text = files(__package__).joinpath("roster.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Vocabulary(
        version=data["version"],
        tables={name: _table(name, entry) for name, entry in data["tables"].items()},
        codes={
            name: CodeSet(name, entry["origin"], tuple(entry["values"]))
            for name, entry in data["codes"].items()
        },
    )


def _table(name: str, entry: Mapping[str, Any]) -> RosterTable:
    return RosterTable(
        name=name,
        title=entry["title"],
        about=entry["about"],
        key=tuple(entry["key"]),
        columns={column: RosterColumn(name=column, **facts) for column, facts in entry["columns"].items()},
        references=entry.get("references", {}),
    )
