"""Rows that a vendor refused, carried from its report to the next plans until they change or are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosterbus.deliveries import Outcome
from rosterbus.engine import literal, quoted, value
from rosterbus.ledger.records import REPORTS, DeliveryRecord
from rosterbus.plan.baseline import LoadedBaseline, stored_cell, stored_key
from rosterbus.plan.relations import Roster
from rosterbus.plan.rendering import ACCEPTED, CHANGED, NEW, Rendered, key_text, location
from rosterbus.plan.staging import copy
from rosterbus.plan.stored import StoredPlan
from rosterbus.private import private_folder

if TYPE_CHECKING:
    import duckdb

    from rosterbus.ledger import Ledger

FOLDER = "vendor"
"""The folder of what vendors refused, beside the ledger; kept as long as reports are."""


@dataclass(frozen=True)
class KeptReport:
    """What is known of one report of a vendor: `files` are the places of the uploaded files that it is about.

    `rows` counts those with an error, `errors` all that was said of them, `withdrawn` the rows that leave the baseline.
    """

    layout: str
    sha256: str
    files: tuple[int, ...]
    outcome: Outcome
    rows: int = 0
    errors: int = 0
    withdrawn: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as a delivery's evidence holds it."""
        return {**asdict(self), "files": list(self.files)}

    def path(self, state_dir: Path, delivery: str) -> Path:
        """The private file of what it says of each row; see `rosterbus.delivery.vendor_reports`."""
        return state_dir / FOLDER / delivery / f"vendor.{self.layout}.{self.sha256[:12]}.parquet"


@dataclass(frozen=True)
class Refusal:
    """One kept report, for the plans that follow: `since` is when its delivery went."""

    id: str
    path: Path
    since: datetime


@dataclass(frozen=True)
class Refusals:
    """What one vendor refused of one layout, the oldest report first.

    `retold` are files of what later deliveries told it of these rows, each with whether it has worked that off.
    """

    reports: Sequence[Refusal] = ()
    retold: Sequence[tuple[Path, bool]] = ()


def reports_of(record: DeliveryRecord) -> list[KeptReport]:
    """The vendor's reports on a delivery that were read, in that order."""
    return [KeptReport(**{**one, "files": tuple(one["files"])}) for one in record.evidence.get(REPORTS, ())]


def refusals(ledger: Ledger, pipeline: str, delivery: str, layout: str, *, since: datetime) -> Refusals:
    """What a vendor refused since then, as far as it is kept; days are those of the time zone of `since`."""
    found: list[Refusal] = []
    retold: list[tuple[Path, bool]] = []
    for record in ledger.deliveries.live(pipeline, delivery, since=since):
        for report in reports_of(record):
            path = report.path(ledger.state_dir, record.id)
            if report.layout == layout and path.is_file():
                sent = (record.sent_at or record.created_at).astimezone(since.tzinfo)
                found.append(Refusal(f"{record.id}.{report.sha256[:12]}", path, sent))
        told = retold_file(ledger.state_dir, record.plan, layout)
        if record.state == "confirmed" and told.is_file():
            retold.append((told, _worked_off(ledger, record, layout)))
    return Refusals(found, retold)


def retold_file(state_dir: Path, plan: str, layout: str) -> Path:
    """The file of what a plan tells of rows that were refused before: `report, key, same`."""
    return state_dir / FOLDER / plan / f"retold.{layout}.parquet"


def content(cells: Mapping[str, str], secret: str) -> str:
    """SQL for the keyed digest of a row's compared cells, given as SQL by column, as a baseline stores them."""
    parts = (f"{literal(f'{name}=')}, length({cells[name]}), ':', {cells[name]}" for name in sorted(cells))
    # One call, since a chain of operators would nest as deep as there are columns.
    return f"left(sha256(concat({', '.join([literal(secret), *parts])})), 32)"


def recall(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, loaded: LoadedBaseline, refused: Refusals
) -> None:
    """Create ``work."refused <layout>"``: of each accepted row that was refused and told of no better since,
    `n, report, key, column, message, since` and whether its cells are still the `same`.
    """
    spec, baseline = rendered.layout.spec, loaded.baseline
    known = [_errors(rank, one) for rank, one in enumerate(refused.reports)]
    known.append("SELECT 0, '', '', '', '', '', '' WHERE false")
    told = [
        f"SELECT report, key FROM {_file(path)} WHERE NOT same OR {done}" for path, done in refused.retold
    ]
    told.append("SELECT '', '' WHERE false")
    cells = {name: stored_cell(baseline, spec, name, of="t") for name in rendered.layout.compared}
    connection.execute(
        f"CREATE TABLE {_table(rendered)} AS "
        f'WITH known(rank, report, key, content, "column", message, since) AS ({" UNION ALL ".join(known)}), '
        f"told(report, key) AS ({' UNION ALL '.join(told)}), "
        f"newest AS (FROM known QUALIFY rank = max(rank) OVER (PARTITION BY key)) "
        f'SELECT t._n AS n, k.report, k.key, k."column", k.message, k.since, '
        f"k.content = {content(cells, baseline.key)} AS same "
        f"FROM {rendered.table} t JOIN (SELECT * FROM newest ANTI JOIN told USING (report, key)) k "
        f"ON {stored_key(baseline, spec.key, of='t')} = k.key WHERE t._state = {ACCEPTED}"
    )


def refused_again(rendered: Rendered) -> str:
    """The condition for rows that the vendor refused as they are."""
    return f"_n IN (SELECT n FROM {_table(rendered)} WHERE same)"


def count_refused(connection: duckdb.DuckDBPyConnection, rendered: Rendered) -> int:
    """How many of the new and changed rows are no reason to send, since the vendor refused them as they are."""
    moving = f"_state = {ACCEPTED} AND _change IN ({NEW}, {CHANGED}) AND {refused_again(rendered)}"
    return int(value(connection, f"SELECT count(*) FROM {rendered.table} WHERE {moving}"))


def tell_refused(connection: duckdb.DuckDBPyConnection, rendered: Rendered, roster: Roster) -> None:
    """Add what the vendor said of rows that are as they were to the problems, at the source's rows of today."""
    names = {one.column.name for one in rendered.layout.columns}
    table = _table(rendered)
    for (column,) in connection.execute(f'SELECT DISTINCT "column" FROM {table} WHERE same').fetchall():
        row, file = location(rendered, roster, column if column in names else "")
        connection.execute(
            f"INSERT INTO work.problems SELECT {literal(rendered.layout.spec.name)}, t._n, {literal(file)}, {row}, "
            f"{key_text(rendered.key, of='t')}, r.\"column\", 'vendor', "
            f"'refused by the vendor on ' || r.since || ': ' || r.message "
            f'FROM {table} r JOIN {rendered.table} t ON t._n = r.n WHERE r.same AND r."column" = ? ORDER BY t._n',
            [column],
        )


def keep_retold(
    connection: duckdb.DuckDBPyConnection, rendered: Rendered, state_dir: Path, plan: str
) -> None:
    """Keep which rows that were refused before are in this plan's files, and whether they are the same."""
    sent = f"FROM {_table(rendered)} r JOIN {rendered.table} ON _n = r.n WHERE {rendered.sent}"
    if value(connection, f"SELECT count(*) {sent}"):
        path = retold_file(state_dir, plan, rendered.layout.spec.name)
        private_folder(path.parent)
        copy(connection, f"SELECT DISTINCT r.report, r.key, r.same {sent} ORDER BY ALL", path)


def _errors(rank: int, one: Refusal) -> str:
    since = literal(f"{one.since:%Y-%m-%d}")
    return (
        f'SELECT {rank}, {literal(one.id)}, _key, content, "column", message, {since} FROM {_file(one.path)} '
        "WHERE open"
    )


def _worked_off(ledger: Ledger, record: DeliveryRecord, layout: str) -> bool:
    """Whether the vendor has told of all that it did with a delivery's files of this layout."""
    if record.outcome == "processed":
        return True
    files = StoredPlan.load(ledger.plans.get(record.plan).folder).files
    places = {place for place, file in enumerate(files) if file.layout == layout}
    return places <= {place for report in reports_of(record) for place in report.files}


def _table(rendered: Rendered) -> str:
    return f"work.{quoted(f'refused {rendered.layout.spec.name}')}"


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"
