"""A relation from its cells: every column of the vocabulary, the extensions, and the rows they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rosterbus.engine import quoted
from rosterbus.extracts import Relation
from rosterbus.roster import vocabulary

from rosterbus_oneroster.mapping.cells import Cell, Raw
from rosterbus_oneroster.standard import LIFE_CYCLE


@dataclass(frozen=True)
class Query:
    """What stands between SELECT and the end: common tables, the FROM clause, and the row of each raw table.

    `rows` maps a raw table to the alias whose ``_row`` tells the row; the first one is the lead. Of the
    tables in `carried`, columns that no roster column is made from are given under their own names.
    """

    source: str
    rows: Mapping[str, str]
    where: str = "true"
    common: Mapping[str, str] = field(default_factory=dict)
    carried: Sequence[str] = ()
    members: Sequence[str] = ()

    @property
    def lead(self) -> str:
        """The raw table that the relation's rows are counted in."""
        return next(iter(self.rows))


def relation(raw: Raw, table: str, cells: Mapping[str, Cell | None], query: Query) -> Relation:
    """Put together one relation; a column that nothing fills is blank."""
    whole = _all_cells(raw, table, cells, query)
    columns = [f"{cell.sql} AS {quoted(name)}" for name, cell in whole.items()]
    columns += [
        f"{alias}._row AS {quoted('_row' if name == query.lead else f'_row_{name}')}"
        for name, alias in query.rows.items()
    ]
    common = ", ".join(f"{name} AS ({sql})" for name, sql in query.common.items())
    sql = f"SELECT {', '.join(columns)} FROM {query.source} WHERE {query.where}"
    origins = {name: cell.origin for name, cell in whole.items() if cell.origin}
    members = tuple(name for name in query.members or (query.lead,) if name in raw.tables)
    return Relation(table, f"WITH {common} {sql}" if common else sql, query.lead, origins, members)


def _all_cells(raw: Raw, table: str, cells: Mapping[str, Cell | None], query: Query) -> dict[str, Cell]:
    whole: dict[str, Cell] = {}
    for name, column in vocabulary().tables[table].columns.items():
        extension = None
        if query.carried:
            carried = query.carried[0]
            extension = raw.metadata(carried, query.rows[carried], column)
        whole[name] = cells.get(name) or extension or Cell("''")
    for carried in query.carried:
        _carry(raw, carried, query.rows[carried], whole)
    return whole


def _carry(raw: Raw, table: str, alias: str, whole: dict[str, Cell]) -> None:
    """Add the columns of a raw table that no roster column is made from, unless a name is taken."""
    used = {cell.origin for cell in whole.values() if ".metadata." not in cell.origin}
    taken = {name.lower() for name in whole}
    for column in raw.tables[table].columns:
        free = column.lower() not in taken and f"{table}.{column}" not in used
        if free and column not in LIFE_CYCLE and not column.startswith("_row"):
            whole[column] = Cell(raw.text(table, column, alias), f"{table}.{column}")
