"""A layout and a pipeline's corrections, compiled to the SQL that renders roster rows as the vendor's text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from rosterbus.engine import literal, quoted
from rosterbus.errors import ConfigError
from rosterbus.layouts import Column, Direct, Keyed, LayoutSpec, Match, Skip, Transform
from rosterbus.mapping import (
    FAILED,
    UNMATCHED,
    compile_condition,
    compile_expression,
    guarded,
    match_sql,
    password_sql,
    read_codes,
)
from rosterbus.project import LayoutMap, MappingEntry
from rosterbus.secrets import SecretReference


class Complain(Protocol):
    """Makes an error that names file, line and key of the pipeline for a path below the layout's map."""

    def __call__(
        self, path: tuple[str, ...], wrong: str, *, found: str | None = None, allowed: Any = None
    ) -> ConfigError: ...


@dataclass(frozen=True)
class CompiledColumn:
    """One column of a layout: its law, and the SQL over the roster relation that gives its text."""

    column: Column
    sql: str
    reads: frozenset[str]
    uses_clock: bool = False
    unmatched: str = ""
    """What to tell where a code has no match: the codes that would have matched."""

    @property
    def secret(self) -> SecretReference | None:
        """What its passwords are made with, if it is such a column; the engine must have it before it renders."""
        return self.column.source.secret if isinstance(self.column.source, Keyed) else None

    @property
    def compared(self) -> bool:
        """Whether it counts in comparisons: not if it depends on the day of the run or on a secret."""
        return not self.uses_clock and self.secret is None


@dataclass(frozen=True)
class Recipe:
    """What a baseline was rendered with, kept beside it so that an edit can be told from a change.

    `relation` is the source's SQL, `corrections` the local ones over it by roster column, `columns` the layout's by
    name; `reads` are the roster columns that all of it needs.
    """

    relation: str
    corrections: Mapping[str, str]
    columns: Mapping[str, str]
    where: str
    key: tuple[str, ...]
    reads: tuple[str, ...]

    def as_json(self) -> str:
        """The recipe as stable text; the same recipe always gives the same."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `as_json` wrote."""
        stored = json.loads(text)
        return cls(**{**stored, "key": tuple(stored["key"]), "reads": tuple(stored["reads"])})


@dataclass(frozen=True)
class CompiledLayout:
    """A layout with the pipeline's changes, ready to render. `where` is true for all rows if empty."""

    spec: LayoutSpec
    columns: tuple[CompiledColumn, ...]
    where: str
    where_reads: frozenset[str] = frozenset()

    @property
    def reads(self) -> frozenset[str]:
        """Every roster column that it needs."""
        return self.where_reads.union(*(column.reads for column in self.columns))

    def column(self, name: str) -> CompiledColumn:
        """The compiled column with the vendor's name `name`."""
        return next(column for column in self.columns if column.column.name == name)

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that count in comparisons."""
        return tuple(column.column.name for column in self.columns if column.compared)

    def recipe(self, relation: str, corrections: Mapping[str, CompiledColumn]) -> Recipe:
        """What this layout renders with, over the relation's SQL and the local corrections."""
        columns = {one.column.name: one.sql for one in self.columns if one.compared}
        reads = self.reads.union(corrections, *(one.reads for one in corrections.values()))
        written = {name: one.sql for name, one in corrections.items()}
        return Recipe(relation, written, columns, self.where, self.spec.key, tuple(sorted(reads)))


def compile_layout(
    spec: LayoutSpec,
    changes: LayoutMap,
    relation: Collection[str],
    *,
    folder: Path,
    complain: Complain,
    corrected: Collection[str] = (),
) -> CompiledLayout:
    """Apply a pipeline's map to a layout and compile it over a relation's columns.

    A cell that is made of a `corrected` column fails where the correction failed, whatever the mapping makes of it.
    Raises ConfigError, with file and line, for a column, code list or expression that is not allowed.
    """
    changed = _changed_spec(spec, changes, complain=complain)
    for name in spec.split:
        if name not in relation:
            raise complain(
                (),
                "the layout is split by a column that the roster lacks",
                found=name,
                allowed=_near(name, relation),
            )
    written = {column.attribute: name for name, column in _named(changed, changes.columns)}
    columns = tuple(
        _compile_column(
            column,
            relation,
            folder=folder,
            complain=complain,
            path=("columns", written.get(column.attribute, column.name)),
        )
        for column in changed.columns
    )
    for column in columns:
        if not column.compared and column.column.name in (*changed.key, *changed.references):
            at = ("columns", written.get(column.column.attribute, column.column.name))
            why = "the day of the run" if column.uses_clock else "a secret"
            raise complain(at, f"a column that identifies a row cannot depend on {why}")
    columns = tuple(_carrying_failures(column, column.reads & set(corrected)) for column in columns)
    texts = [text for text in (spec.where, changes.where) if text]
    try:
        conditions = [compile_condition(text, columns=relation, where="where") for text in texts]
    except ConfigError as error:
        raise complain(("where",), error.wrong, found=error.found, allowed=error.allowed) from error
    where = " AND ".join(f"({condition.sql})" for condition in conditions)
    return CompiledLayout(changed, columns, where, frozenset().union(*(one.columns for one in conditions)))


def _carrying_failures(column: CompiledColumn, corrected: Collection[str]) -> CompiledColumn:
    if not corrected:
        return column
    marks = f"({literal(FAILED)}, {literal(UNMATCHED)})"
    failed = " OR ".join(f"{quoted(name)} IN {marks}" for name in sorted(corrected))
    return replace(column, sql=f"CASE WHEN {failed} THEN {literal(FAILED)} ELSE {column.sql} END")


def _changed_spec(spec: LayoutSpec, changes: LayoutMap, *, complain: Complain) -> LayoutSpec:
    """The layout with the columns that a pipeline maps otherwise, renames or adds."""
    given = []
    for name, entry in changes.columns.items():
        known = next((column for column in spec.columns if name in (column.name, column.attribute)), None)
        if (known is None or entry.rename is not None) and not spec.open:
            raise complain(
                ("columns", name),
                f"the layout `{spec.name}` has no such column, and the vendor takes no others",
                found=entry.rename or name,
                allowed=_near(name, [column.attribute for column in spec.columns]),
            )
        column = known or Column(name=name, attribute=name)
        if not entry.only_renames:
            written = column.written and not (entry.skip and spec.skips == "absent")
            column = replace(column.with_source(_source(entry)), written=written)
        given.append(replace(column, name=entry.rename or column.name))
    try:
        return spec.with_columns(*given)
    except ValueError as error:
        raise complain(("columns",), str(error)) from error


def _named(spec: LayoutSpec, written: Mapping[str, MappingEntry]) -> list[tuple[str, Column]]:
    """The columns that a pipeline names, by the name it uses: header or attribute."""
    return [
        (name, column)
        for name, entry in written.items()
        for column in spec.columns
        if column.attribute == name or column.name in (name, entry.rename)
    ]


def compile_corrections(
    entries: Mapping[str, MappingEntry], relation: Collection[str], *, folder: Path, complain: Complain
) -> dict[str, CompiledColumn]:
    """The pipeline's local corrections of one roster table, by roster column."""
    corrections = {}
    for name, entry in entries.items():
        column = Column(name=name, attribute=name, source=_source(entry))
        compiled = _compile_column(column, relation, folder=folder, complain=complain, path=("columns", name))
        corrections[name] = compiled
    return corrections


def _source(entry: MappingEntry) -> Direct | Match | Transform | Skip:
    if entry.skip:
        return Skip()
    if entry.direct is not None:
        return Direct(entry.direct)
    if entry.match is not None:
        return Match(entry.match, entry.codes, entry.unmatched)
    if entry.value is not None:
        return Transform(literal(entry.value))
    return Transform(entry.transform or "")


def _compile_column(
    column: Column, relation: Collection[str], *, folder: Path, complain: Complain, path: tuple[str, ...]
) -> CompiledColumn:
    source = column.source
    if isinstance(source, Skip):
        return CompiledColumn(column, "''", frozenset())
    if isinstance(source, Transform):
        try:
            expression = compile_expression(source.text, columns=relation, where=column.name)
        except ConfigError as error:
            raise complain(
                (*path, "transform"), error.wrong, found=error.found, allowed=error.allowed
            ) from error
        sql = column.render(guarded(expression.sql))
        return CompiledColumn(column, sql, expression.columns, uses_clock=expression.uses_clock)
    if source.column not in relation:
        raise complain(
            path, "the roster has no such column", found=source.column, allowed=_near(source.column, relation)
        )
    if isinstance(source, Keyed):
        if source.secret is None:
            wrong = (
                "its passwords are made with a secret, and the settings name none; set it, or map the column"
            )
            raise complain(path, wrong)
        return CompiledColumn(
            column, password_sql(source.secret, quoted(source.column)), frozenset({source.column})
        )
    if isinstance(source, Direct):
        return CompiledColumn(column, column.render(quoted(source.column)), frozenset({source.column}))
    codes = read_codes(folder / source.codes) if isinstance(source.codes, str) else source.codes
    sql = match_sql(quoted(source.column), codes, source.unmatched)
    return CompiledColumn(column, sql, frozenset({source.column}), unmatched=", ".join(sorted(codes)))


def _near(name: str, names: Collection[str]) -> list[str]:
    known = sorted(entry for entry in names if not entry.startswith("_"))
    return get_close_matches(name, known, n=5, cutoff=0.5) or known
