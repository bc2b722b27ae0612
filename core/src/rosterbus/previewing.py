"""Shows how a few people are mapped: for each column the source value, the mapping, the mapped value, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosterbus.context import RunContext
from rosterbus.engine import listed, literal, quoted
from rosterbus.errors import ConfigError
from rosterbus.layouts import Direct, Keyed, Match, Skip, Source
from rosterbus.mapping import FAILED, UNMATCHED
from rosterbus.mirror import located
from rosterbus.plan.compilation import CompiledColumn, CompiledLayout
from rosterbus.plan.rendering import install_secrets, key_text
from rosterbus.project import DeliveryPart
from rosterbus.runs import Reading, reading

MOST = 5
HIDDEN = "hidden"
"""Stands for every cell of a sensitive column, and for what it is made of."""
STUDENT = "student_id"
MARKS = {
    FAILED: "the transformation failed for this value",
    UNMATCHED: "the code has no match in the mapping",
}
Row = tuple[str, str, str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Preview:
    """One row of one layout. `table` has, for each column: source values, mapping, header, text, problems.

    Of a sensitive column neither text nor source values are in it.
    """

    delivery: str
    layout: str
    key: str
    file: str
    row: int
    filtered: bool
    table: tuple[Row, ...]

    @property
    def verdict(self) -> str:
        """What becomes of the row, as far as its own cells decide it."""
        if self.filtered:
            return "filtered"
        return "rejected" if any(row[4] for row in self.table) else "valid"

    def as_json(self) -> dict[str, Any]:
        """The preview for machines."""
        names = ("source", "mapping", "column", "value", "problems")
        return {
            "delivery": self.delivery,
            "layout": self.layout,
            "key": self.key,
            "file": self.file,
            "row": self.row,
            "verdict": self.verdict,
            "columns": [dict(zip(names, row, strict=True)) for row in self.table],
        }


def preview(context: RunContext, deliveries: Sequence[DeliveryPart], ids: Sequence[str]) -> list[Preview]:
    """Preview the rows whose layout key, or whose student, is one of `ids`; without ids, the first row of each layout.

    Raises ConfigError where nobody has such an id.
    """
    with reading(context, deliveries, reuse=True) as read:
        if isinstance(read, str):
            raise ConfigError(f"there is nothing to preview: {read}")
        shown = [
            one
            for part in deliveries
            for compiled in read.subjects[part.name].layouts
            for one in _previews(read, part, compiled, ids)
        ]
    if ids and not shown:
        raise ConfigError("nobody in the roster has this id", key="--id", found=", ".join(ids))
    return shown


def _previews(
    read: Reading, part: DeliveryPart, compiled: CompiledLayout, ids: Sequence[str]
) -> list[Preview]:
    spec = compiled.spec
    install_secrets(read.extracted.connection, compiled)
    relation = f"roster.{quoted(spec.rows)}"
    rendered = ", ".join(f"{one.sql} AS {quoted(one.column.name)}" for one in compiled.columns)
    names = read.roster.columns[spec.rows]
    inner = (
        f"SELECT _n, _row, NOT coalesce(({compiled.where or 'true'}), false) AS _filtered, "
        f"struct_pack({', '.join(f'c{place} := {quoted(name)}' for place, name in enumerate(names))}) AS _source, "
        f"{rendered} FROM {relation}"
    )
    wanted = ", ".join(literal(one) for one in ids)
    of_student = f"OR _source.c{names.index(STUDENT)} IN ({wanted})" if STUDENT in names else ""
    chosen = f"_key IN ({wanted}) {of_student}" if ids else "NOT _filtered"
    lead = read.roster.files.get(read.roster.relations[spec.rows].lead, "")
    found = (
        f"SELECT * FROM (SELECT _n, {key_text(spec.key)} AS _key, {literal(lead)} AS _file, _row, _filtered, _source, "
        f"{listed(column.name for column in spec.columns)} FROM ({inner})) AS keyed "
        f"WHERE {chosen} ORDER BY _n {'' if ids else 'LIMIT 1'}"
    )
    rows = read.extracted.connection.execute(
        f"SELECT * EXCLUDE (_n) FROM ({located(found, file='_file', row='_row')}) ORDER BY _n"
    ).fetchall()
    return [
        Preview(
            part.name,
            spec.name,
            key,
            file,
            row,
            filtered,
            _table(compiled, dict(zip(names, source.values(), strict=True)), texts),
        )
        for key, file, row, filtered, source, *texts in rows
    ]


def _table(compiled: CompiledLayout, source: dict[str, str], texts: Sequence[str]) -> tuple[Row, ...]:
    return tuple(
        (
            _read(one, source),
            _mapping(one.column.source),
            one.column.name,
            "" if text in MARKS else HIDDEN if text and one.column.sensitive else text,
            _problems(one, text),
        )
        for one, text in zip(compiled.columns, texts, strict=True)
    )


def _problems(one: CompiledColumn, text: str) -> tuple[str, ...]:
    return (MARKS[text],) if text in MARKS else one.column.problems(text)


def _read(one: CompiledColumn, source: dict[str, str]) -> str:
    texts = {name: source.get(name, "") for name in sorted(one.reads)}
    return ", ".join(
        f"{name}={HIDDEN if text and one.column.sensitive else repr(text)}" for name, text in texts.items()
    )


def _mapping(source: Source) -> str:
    if isinstance(source, Skip):
        return "do not map"
    if isinstance(source, Direct):
        return "direct"
    if isinstance(source, Keyed):
        return "password made with a secret"
    return "match codes" if isinstance(source, Match) else f"transformation {source.text}"
