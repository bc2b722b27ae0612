"""What a source gives: raw tables with proof of completeness, and the SQL that makes roster relations of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rosterbus.findings import Finding, Problem


@dataclass(frozen=True)
class Completeness:
    """Whether a table holds everybody, and what proves it ("manifest says bulk")."""

    level: Literal["complete", "partial", "unknown"]
    proof: str


UNKNOWN = Completeness("unknown", "the source does not say")


@dataclass(frozen=True)
class Delimited:
    """A delimited text file, read by the engine in parallel, every column as text.

    `encoding` is what the settings declare (None means UTF-8; a byte-order mark is ignored). `rename` gives
    another name to a header (old spelling to the one that the source's SQL uses). `columns`, if given, are
    columns to keep; `drop` are columns that never enter the engine, and leave a mirror (passwords).
    """

    path: Path
    file: str
    encoding: str | None = None
    delimiter: str = ","
    quote: str = '"'
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    completeness: Completeness = UNKNOWN
    key: str | None = None
    """The raw column without which a row is unusable; a row where it is blank is rejected at the border."""


@dataclass(frozen=True)
class Rows:
    """The row lane: any iterable of rows whose first row is the header (a petl table is one)."""

    rows: Iterable[Sequence[Any]]
    file: str
    completeness: Completeness = UNKNOWN
    key: str | None = None


@dataclass(frozen=True)
class Arrow:
    """Anything with ``__arrow_c_stream__``, streamed into the engine."""

    stream: Any
    file: str
    completeness: Completeness = UNKNOWN
    key: str | None = None


@dataclass(frozen=True)
class Changes:
    """A change set: the rows of `tables`, in this order, go over the rows of the mirror that have the same `key`.

    `deleted` is SQL over the raw columns, true for a row that takes its key out of the mirror. `former` is the raw
    column with the key that a row had before, where a key can change (its key is one column then). `newer` is SQL
    for how new a row is, where rows tell: one that is older than what the mirror has changes nothing. Of rows with the
    same key the newest wins, and the last among those. Columns that the mirror has and the change set lacks keep their
    cells. Where `from_nothing`, the first change set begins an
    empty mirror; elsewhere one without a mirror is refused, since a full extract is needed first. `completeness` is
    the mirror's own unless it is given.
    """

    tables: Sequence[Delimited | Rows | Arrow]
    key: tuple[str, ...]
    deleted: str = ""
    former: str = ""
    newer: str = ""
    from_nothing: bool = False
    completeness: Completeness | None = None


Table = Delimited | Rows | Arrow


@dataclass(frozen=True)
class Extract:
    """The answer of `extract`: tables by raw name, what was odd, and the state for the next time.

    `as_of` is when the source says the data was made (the newest file time, a manifest date).
    """

    tables: Mapping[str, Table | Changes]
    findings: Sequence[Finding] = ()
    problems: Sequence[Problem] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    as_of: datetime | None = None
    mirrored: bool = False
    """Whether these tables are kept, so that `Unchanged`, `Nothing` or a change set can follow. Those of a change
    set always are, and the other tables of the mirror stay beside them."""


@dataclass(frozen=True)
class Unchanged:
    """The source proves that nothing changed since the given state; not the same as zero rows.

    The mirror is planned from, since time alone can change who is enrolled. `findings` join the plan's, and `state`,
    where it is given, takes the place of the former.
    """

    proof: str
    findings: Sequence[Finding] = ()
    state: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Nothing:
    """The source has nothing to give today (no file, a manifest only); not the same as zero rows.

    As with `Unchanged` the mirror is planned from, where there is one.
    """

    proof: str
    findings: Sequence[Finding] = ()
    state: Mapping[str, Any] | None = None


@dataclass
class SourceState:
    """What `extract` may use beside its settings.

    `previous` is the opaque state of the last committed extract, `folder` a private folder of this run,
    `clock` the moment of the run in the pipeline's time zone. `fetch(location, transport)` brings a file or a
    folder from any place (a path, ``s3://``, ``sftp://``, ``https://``) and answers with its local path.
    """

    previous: Mapping[str, Any]
    folder: Path
    clock: datetime
    fetch: Callable[[str, Mapping[str, Any]], Path]


@dataclass(frozen=True)
class RawTable:
    """A loaded raw table, as `map` sees it: its columns and how complete it is. SQL reads it as ``raw.<name>``.

    The column ``_row`` of ``raw.<name>`` is the row number in the file (header = row 1).
    """

    name: str
    file: str
    columns: tuple[str, ...]
    rows: int
    completeness: Completeness


@dataclass(frozen=True)
class Relation:
    """One roster relation: trusted SQL over raw tables, written by the source.

    `table` is a table of the roster vocabulary. `sql` yields its columns (text), the lead row as ``_row``, and
    for every joined table that cells come from its row as ``_row_<raw table>``. `lead` is the raw table that
    ``_row`` counts in. `origins` says for a column where its cell stands: ``"demographics.birthDate"``; a column
    that is not named stands in the lead table. Extra columns (``metadata.*``) may follow under their own names.
    `members` are the raw tables that decide who is in it: the relation is as complete as the weakest of them.
    """

    table: str
    sql: str
    lead: str
    origins: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unused:
    """Why rows of a raw table are in no roster relation: `where` is SQL over ``raw.<table>``, first match wins."""

    table: str
    reason: str
    where: str


@dataclass(frozen=True)
class Counted:
    """A finding that holds where `sql`, one number over raw tables, is not 0; the number joins it as ``rows``.

    Where the rows are a share of a raw table, `share_of` names it; too large a share holds every plan.
    """

    finding: Finding
    sql: str
    share_of: str = ""


@dataclass(frozen=True)
class Mapped:
    """The answer of `map`."""

    relations: Sequence[Relation]
    unused: Sequence[Unused] = ()
    findings: Sequence[Finding] = ()
    counted: Sequence[Counted] = ()
