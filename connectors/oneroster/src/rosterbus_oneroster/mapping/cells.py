"""The SQL of single cells: raw text of OneRoster in, roster text out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rosterbus.engine import literal, quoted
from rosterbus.extracts import RawTable
from rosterbus.roster import RosterColumn, vocabulary

METADATA = "metadata."
GRADES = {"K": "KG", "KINDERGARTEN": "KG", "PREK": "PK", "PRE-K": "PK"}
"""Grades that plainly are a code of CEDS, beside the numbers; any other stays as it came."""


@dataclass(frozen=True)
class Cell:
    """One cell of a relation: its SQL, and the raw cell it stands in (blank: none)."""

    sql: str
    origin: str = ""


@dataclass(frozen=True)
class Raw:
    """The raw tables of one package. `day` is the SQL of the day on which memberships are judged."""

    tables: Mapping[str, RawTable]
    day: str
    keeps_inactive: bool

    def has(self, table: str, column: str) -> bool:
        """Whether the package has that column."""
        return table in self.tables and column in self.tables[table].columns

    def text(self, table: str, column: str, alias: str) -> str:
        """The SQL of a raw cell, blank where the package has no such column; a blank alias is left out."""
        return within(alias, column) if self.has(table, column) else "''"

    def cell(
        self, table: str, column: str, alias: str, how: Callable[[str], str] | None = None
    ) -> Cell | None:
        """A raw cell, changed by `how`, with its origin; None where the package has no such column."""
        if not self.has(table, column):
            return None
        sql = self.text(table, column, alias)
        return Cell(how(sql) if how else sql, f"{table}.{column}")

    def first(self, table: str) -> str:
        """The table with the first row of each sourcedId: a join against it multiplies nothing."""
        name = f"raw.{quoted(table)}"
        return f'(SELECT * FROM {name} WHERE _row IN (SELECT min(_row) FROM {name} GROUP BY "sourcedId"))'

    def alive(self, table: str, alias: str) -> str:
        """Whether a row is not marked as going away."""
        return f"lower({self.text(table, 'status', alias)}) NOT IN ('tobedeleted', 'inactive')"

    def kept(self, table: str, alias: str) -> str:
        """Whether a row may be in the roster at all."""
        return "true" if self.keeps_inactive else self.alive(table, alias)

    def begun(self, table: str, column: str, alias: str) -> str:
        """Whether a period has begun; a date that is blank or cannot be read sets no bound."""
        return f"coalesce(TRY_CAST({self.text(table, column, alias)} AS DATE) <= {self.day}, true)"

    def ended(self, table: str, column: str, alias: str) -> str:
        """Whether a period is over; its end is the first day that does not count."""
        return f"coalesce(TRY_CAST({self.text(table, column, alias)} AS DATE) <= {self.day}, false)"

    def metadata(self, table: str, alias: str, column: RosterColumn) -> Cell | None:
        """The extension that is named like a roster column: `metadata.card_id` or `metadata.cardId`."""
        if table not in self.tables:
            return None
        wanted = _folded(column.name)
        for name in self.tables[table].columns:
            if name.startswith(METADATA) and _folded(name.removeprefix(METADATA)) == wanted:
                return self.cell(table, name, alias, lambda sql: as_roster(column, sql))
        return None


def within(alias: str, column: str) -> str:
    """A column of the table that `alias` stands for, or of the only table there is."""
    return f"{alias}.{quoted(column)}" if alias else quoted(column)


def as_roster(column: RosterColumn, sql: str) -> str:
    """Raw text as the roster writes a column of its type."""
    grades = column.codes == "grade"
    if column.type == "list":
        return as_list(sql, grade if grades else str)
    if column.type == "boolean":
        return boolean(sql)
    return grade(sql) if grades else sql


def boolean(sql: str) -> str:
    """`TRUE` and `False` in lower case; any other word stays as it came."""
    return f"CASE WHEN lower({sql}) IN ('true', 'false') THEN lower({sql}) ELSE {sql} END"


def grade(sql: str) -> str:
    """The code of CEDS where the text plainly means one; any other text stays as it came."""
    codes = ", ".join(literal(code) for code in vocabulary().codes["grade"].values)
    words = " ".join(f"WHEN {literal(word)} THEN {literal(code)}" for word, code in GRADES.items())
    folded = f"upper(trim({sql}))"
    return (
        f"CASE WHEN {sql} IN ({codes}) THEN {sql} WHEN {folded} IN ({codes}) THEN {folded} "
        f"WHEN '0' || trim({sql}) IN ({codes}) THEN '0' || trim({sql}) "
        f"WHEN {folded} = 'OTHER' THEN 'Other' ELSE CASE {folded} {words} ELSE {sql} END END"
    )


def as_list(sql: str, element: Callable[[str], str] = str) -> str:
    """A list of OneRoster, comma between elements, as a list of the roster, `|` between them."""
    parts = f"list_filter({elements(sql)}, lambda part: part <> '')"
    joined = f"array_to_string(list_transform({parts}, lambda part: {element('part')}), '|')"
    return f"CASE WHEN contains({sql}, ',') THEN {joined} ELSE {element(sql)} END"


def elements(sql: str) -> str:
    """The trimmed elements of a list of OneRoster, blank ones too."""
    return f"list_transform(string_split({sql}, ','), lambda piece: trim(piece))"


def word(sql: str, words: Sequence[str]) -> str:
    """One of `words` in its own spelling, whatever the case; any other stays as it came."""
    known = " ".join(f"WHEN {literal(one.lower())} THEN {literal(one)}" for one in words)
    return f"CASE lower(trim({sql})) {known} ELSE {sql} END"


def flag(condition: str) -> str:
    """A condition as roster text."""
    return f"CASE WHEN {condition} THEN 'true' ELSE 'false' END"


def status(condition: str) -> str:
    """A condition as a status."""
    return f"CASE WHEN {condition} THEN 'active' ELSE 'inactive' END"


def _folded(name: str) -> str:
    return re.sub(r"[_\s]", "", name).lower()
