"""One extract of a run: the source's tables loaded into the engine, mapped to roster relations, and accounted for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rosterbus.engine import columns_of, literal, quoted, value
from rosterbus.extracts import Changes, Extract, Mapped, Nothing, RawTable, Table, Unchanged
from rosterbus.findings import Finding, Problem
from rosterbus.mapping import install_functions
from rosterbus.mirror import Mirror, MirrorTable, Told, label_rows, load_changes, load_kept
from rosterbus.plan.relations import Roster
from rosterbus.reading import Loaded, load_table

if TYPE_CHECKING:
    import duckdb

USED = ""
"""Stands among the reasons why rows of a raw table are not used for those that are."""
NOTHING_NEW = "nothing new from the source"
"""The rule that tells of a plan made from the mirror."""


@dataclass
class Extracted:
    """What one extract gave. `raw` is its balance by table: ``read = used + unused (by reason) + rejected``.

    `mirror` is to be kept with `state`, in one transaction; None where nothing new is. `stale` is set where neither
    may become the last known one; a `state` of None stays as it was.
    """

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, RawTable]
    loaded: Mapping[str, Loaded]
    findings: list[Finding]
    problems: list[Problem]
    state: Mapping[str, Any] | None
    as_of: datetime | None
    mirror: Mirror | None = None
    nothing: str = ""
    """The source's proof that there is nothing new, and all this came out of the mirror."""
    stale: bool = False
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def unreadable(self) -> int:
        """Records that could not be read at all, in all tables."""
        return sum(loaded.rejected for loaded in self.loaded.values())


def load_extract(
    connection: duckdb.DuckDBPyConnection,
    extract: Extract,
    *,
    clock: datetime,
    connector: str = "",
    mirror: Mirror | None = None,
) -> Extracted:
    """Load every table of an extract into ``raw.<name>``; the engine is not locked yet.

    Change sets are merged into the tables of `mirror`, whose other tables stay beside them. Raises HeldError for a
    change set without anything that it could change.
    """
    _prepare(connection, clock)
    former = mirror.tables if mirror else {}
    given = {name: _load(connection, name, table, former.get(name)) for name, table in extract.tables.items()}
    changing = any(isinstance(table, Changes) for table in extract.tables.values())
    beside = {name: one for name, one in former.items() if changing and name not in given}
    loaded = {name: one for name, (one, _) in given.items()}
    loaded |= {name: load_kept(connection, one) for name, one in beside.items()}
    merged = [name for name, table in extract.tables.items() if isinstance(table, Changes)]
    told = Told(0, tuple(extract.problems), tuple(extract.findings))
    extracted = _extracted(connection, loaded, [*merged, *beside], told=told)
    extracted.state, extracted.as_of = extract.state, extract.as_of
    if changing and mirror and extract.as_of is None:
        extracted.as_of = mirror.as_of
    if changing or extract.mirrored:
        tables = {name: table for name, (_, table) in given.items()} | beside
        _keep(extracted, Mirror(connector, clock, extracted.as_of, tables, told), mirror, changing=changing)
    return extracted


def load_mirror(
    connection: duckdb.DuckDBPyConnection, answer: Unchanged | Nothing, mirror: Mirror, *, clock: datetime
) -> Extracted:
    """Load the mirror, since the source has nothing new: what was said of it still holds, and what is said now."""
    _prepare(connection, clock)
    loaded = {name: load_kept(connection, table) for name, table in mirror.tables.items()}
    now_told = {finding.rule for finding in answer.findings}
    still = tuple(finding for finding in mirror.told.findings if finding.rule not in now_told)
    days = (clock - mirror.read_at).days
    since = f"{NOTHING_NEW}: {answer.proof}; planned from what it gave {mirror.read_at:%Y-%m-%d %H:%M}"
    new = Finding("pass", NOTHING_NEW, since, numbers={"days": days})
    told = Told(0, mirror.told.problems, (new, *answer.findings, *still))
    extracted = _extracted(connection, loaded, list(loaded), told=told)
    extracted.state, extracted.as_of, extracted.nothing = answer.state, mirror.as_of, answer.proof
    return extracted


def _prepare(connection: duckdb.DuckDBPyConnection, clock: datetime) -> None:
    install_functions(connection, today=clock.date())
    connection.execute("CREATE SCHEMA mirror")


def _load(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table | Changes, former: MirrorTable | None
) -> tuple[Loaded, MirrorTable]:
    """Load one table, whole or changes, and say how it would be kept."""
    if isinstance(table, Changes):
        return load_changes(connection, name, table, former)
    loaded = load_table(connection, name, table)
    origin = f"{{'number': _row, 'file': {literal(table.file)}, 'row': _row}} AS _row"
    rows = f"SELECT {origin}, * EXCLUDE (_row) FROM raw.{quoted(name)}"
    said = Told(loaded.rejected, loaded.problems, loaded.findings)
    return loaded, MirrorTable(name, table.file, table.completeness, said, rows=rows)


def _extracted(
    connection: duckdb.DuckDBPyConnection, loaded: dict[str, Loaded], mirrored: Sequence[str], *, told: Told
) -> Extracted:
    loaded = label_rows(connection, loaded, mirrored)
    findings = [*told.findings, *(one for table in loaded.values() for one in table.findings)]
    problems = [*told.problems, *(one for table in loaded.values() for one in table.problems)]
    tables = {name: table.raw for name, table in loaded.items()}
    return Extracted(connection, tables, loaded, findings, problems, {}, None)


def _keep(extracted: Extracted, mirror: Mirror, former: Mirror | None, *, changing: bool) -> None:
    """Keep the mirror, unless it is whole and older than the one that is there, which later changes go on from."""
    if former and former.as_of and mirror.as_of and mirror.as_of < former.as_of:
        if not changing:
            extracted.stale = True
            extracted.findings.append(_older(mirror.as_of, former.as_of))
            return
        mirror = replace(mirror, as_of=former.as_of)
    extracted.mirror = mirror


def _older(made: datetime, known: datetime) -> Finding:
    return Finding(
        "hold",
        "export older than the mirror",
        f"the export was made {made:%Y-%m-%d %H:%M}, and what is known already {known:%Y-%m-%d %H:%M}",
        cause="an old file was put back, or a copy job is stuck",
        if_nothing="nothing of this plan is sent, and later changes go on from what is known already",
        if_wrong="put the newest export there and run the pipeline again",
    )


def account_for_raw(extracted: Extracted, mapped: Mapped, roster: Roster) -> None:
    """Fill the balance of every raw table: which rows became part of the roster, and why the others did not."""
    for name, loaded in extracted.loaded.items():
        used = _used(extracted.connection, name, roster)
        reasons = [(one.reason, one.where) for one in mapped.unused if one.table == name]
        counts = _fates(extracted.connection, name, used, reasons)
        extracted.raw[name] = {
            "file": loaded.raw.file,
            "read": loaded.read,
            "used": counts.pop(USED, 0),
            "unused": counts,
            "rejected": loaded.rejected,
            **({"changes": dict(loaded.changes)} if loaded.changes is not None else {}),
        }


def _used(connection: duckdb.DuckDBPyConnection, name: str, roster: Roster) -> str:
    """SQL for the rows of a raw table that some relation's row, or one of its cells, came from."""
    parts = []
    for table, relation in roster.relations.items():
        there = columns_of(connection, f"extracted.{quoted(table)}")
        rows = ["_row"] if relation.lead == name else []
        rows += [f"_row_{name}"] if f"_row_{name}" in there else []
        parts += [f"SELECT {quoted(row)} AS r FROM extracted.{quoted(table)}" for row in rows]
    return " UNION ".join(parts) or "SELECT NULL::BIGINT AS r WHERE false"


def _fates(
    connection: duckdb.DuckDBPyConnection, name: str, used: str, reasons: Sequence[tuple[str, str]]
) -> dict[str, int]:
    """How many rows of a raw table were used, under `USED`, and how many were not, by the reason."""
    cases = "".join(f" WHEN {where} THEN {literal(reason)}" for reason, where in reasons)
    fate = (
        f"CASE WHEN _row IN (SELECT r FROM ({used}) WHERE r IS NOT NULL) THEN {literal(USED)}{cases} "
        "ELSE 'no layout needs it' END"
    )
    counts = connection.execute(
        f"SELECT {fate} AS fate, count(*) FROM raw.{quoted(name)} GROUP BY fate ORDER BY fate"
    )
    return {reason: int(count) for reason, count in counts.fetchall()}


def counted(extracted: Extracted, mapped: Mapped) -> list[Finding]:
    """The findings of a source whose count over raw tables is not zero, with the number of rows."""
    found = []
    for one in mapped.counted:
        if count := int(value(extracted.connection, one.sql) or 0):
            of = {"of": extracted.tables[one.share_of].rows} if one.share_of else {}
            sentence = f"{one.finding.sentence} ({count:,})"
            found.append(replace(one.finding, sentence=sentence, numbers={"rows": count, **of}))
    return found


def lost_columns(
    tables: Mapping[str, RawTable], headers: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """Columns of the last accepted extract that are gone, by raw table."""
    lost = {
        name: tuple(column for column in headers[name] if column not in table.columns)
        for name, table in tables.items()
        if name in headers
    }
    return {name: columns for name, columns in lost.items() if columns}


def store_problems(connection: duckdb.DuckDBPyConnection, problems: Sequence[Problem]) -> None:
    """Keep the problems of the extract itself, which belong to no layout, in ``extracted._problems``."""
    connection.execute(
        'CREATE TABLE extracted._problems (file VARCHAR, "row" BIGINT, "column" VARCHAR, kind VARCHAR, message VARCHAR)'
    )
    for start in range(0, len(problems), 2000):
        batch = problems[start : start + 2000]
        marks = ", ".join("(?, ?, ?, ?, ?)" for _ in batch)
        cells = [cell for one in batch for cell in (one.file, one.row, one.column, one.kind, one.message)]
        connection.execute(f"INSERT INTO extracted._problems VALUES {marks}", cells)
