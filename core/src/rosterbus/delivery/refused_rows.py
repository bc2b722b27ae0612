"""Joins the errors of a vendor's report to the rows of a delivery, and keeps what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.context import RunContext
from rosterbus.deliveries import VendorError
from rosterbus.delivery.withdrawals import is_of
from rosterbus.engine import columns_of, fetched, literal, open_engine, open_reader, quoted, value
from rosterbus.errors import ConfigError
from rosterbus.findings import Problem
from rosterbus.ledger import DeliveryRecord
from rosterbus.plan.baseline import OWN, Baseline, stored_key
from rosterbus.plan.refusals import KeptReport, content
from rosterbus.plan.staging import copy
from rosterbus.plan.stored import StoredLayout, StoredPlan
from rosterbus.private import private_folder

if TYPE_CHECKING:
    import duckdb


def keep_refused_rows(
    context: RunContext,
    plan: StoredPlan,
    record: DeliveryRecord,
    report: KeptReport,
    *,
    errors: Sequence[VendorError],
) -> KeptReport:
    """Write the private file of a report, and answer with its counts.

    Each line is one error: `_key` as the baseline has it, `key`, `content`, `column`, `message`, `file` and `row` in
    the delivery, `source_file` and `source_row`; `withdrawn` tells that the row leaves the baseline, and `open` that
    the next plans tell the error again. A file of which nothing was processed withdraws all its rows, for which lines
    with a blank message stand. A test file is in no baseline. Raises ConfigError where an error is about no row of the
    delivery.
    """
    layout = next(one for one in plan.layouts if one.name == report.layout)
    with open_engine(context.folder) as connection:
        _read_rows(connection, plan, report)
        _join(connection, errors)
        _read_contents(connection, plan, layout, context.digest_key)
        _judge(connection, context, plan, layout)
        path = report.path(context.ledger.state_dir, record.id)
        private_folder(path.parent)
        _write(connection, plan, layout, report, secret=context.digest_key, path=path)
        rows = int(value(connection, 'SELECT count(DISTINCT (file, "row")) FROM work.joined'))
        kept = f"FROM read_parquet({literal(str(path))}) WHERE withdrawn"
        withdrawn = int(value(connection, f"SELECT count(DISTINCT _key) {kept}"))
    return replace(report, rows=rows, errors=len(errors), withdrawn=withdrawn)


def refused_rows(reports: Sequence[Path], layout: StoredLayout) -> Iterator[Problem]:
    """What these private files say, at the rows of the source; of one who left there is none."""
    for path in reports:
        with open_reader() as connection:
            sql = (
                "SELECT source_file, source_row, \"column\", 'refused by the vendor: ' || message, key "
                "FROM read_parquet(?) WHERE message <> ''"
            )
            for file, row, column, message, key in fetched(connection, sql, [str(path)]):
                yield Problem(file or layout.lead, row or 0, column, message, "vendor", key, layout.name)


def _read_rows(connection: duckdb.DuckDBPyConnection, plan: StoredPlan, report: KeptReport) -> None:
    """The rows of the files that the report is about, leavers too, as ``work.rows``."""
    crosswalk = plan.folder / f"crosswalk.{report.layout}.parquet"
    if not crosswalk.is_file():
        raise _purged(plan)
    held = f"read_parquet({literal(str(crosswalk))})"
    places = ", ".join(map(str, report.files))
    connection.execute(
        f'CREATE TABLE work.rows AS SELECT file, file_row AS "row", source_file, source_row, key FROM {held} '
        f"WHERE file IN ({places})"
    )
    for place in report.files:
        # Who is sent as one who left stands behind the others, in the order of the keys.
        sent = int(value(connection, f"SELECT count(*) FROM {held} WHERE file = {place}"))
        changes = plan.folder / f"changes.{report.layout}.parquet"
        if plan.files[place].rows > sent and changes.is_file():
            connection.execute(
                f"INSERT INTO work.rows SELECT {place}, {sent} + 1 + row_number() OVER (ORDER BY key), '', NULL, key "
                f"FROM read_parquet({literal(str(changes))}) WHERE kind = 'removed'"
            )


def _purged(plan: StoredPlan) -> ConfigError:
    """What to say of a report that comes after its rows are gone."""
    advice = "say with `rosterbus baseline` what the vendor holds now, so that the next run tells it the rest"
    return ConfigError(f"the rows of this plan are no longer kept; {advice}", key=f"plan {plan.id}")


def _join(connection: duckdb.DuckDBPyConnection, errors: Sequence[VendorError]) -> None:
    """Each error with its row, as ``work.joined``."""
    connection.execute(
        'CREATE TABLE work.errors (n BIGINT, "column" VARCHAR, message VARCHAR, "row" BIGINT, key VARCHAR, file BIGINT)'
    )
    if errors:
        told = [
            (n, one.column, one.message or "no reason was given", one.row, one.key, one.file)
            for n, one in enumerate(errors)
        ]
        parts = [list(part) for part in zip(*told, strict=True)]
        connection.execute(
            "INSERT INTO work.errors SELECT unnest(?), unnest(?), unnest(?), unnest(?::BIGINT[]), unnest(?), "
            "unnest(?::BIGINT[])",
            parts,
        )
    same = "(e.file IS NULL OR r.file = e.file)"
    cells = 'e.n, e."column", e.message, r.*'
    connection.execute(
        f'CREATE TABLE work.joined AS SELECT {cells} FROM work.errors e JOIN work.rows r ON e."row" = r."row" '
        f"WHERE {same} AND e.key IN ('', r.key) "
        f"UNION ALL SELECT {cells} FROM work.errors e JOIN work.rows r ON e.key = r.key "
        f'WHERE e."row" IS NULL AND {same}'
    )
    known = int(value(connection, "SELECT count(DISTINCT n) FROM work.joined"))
    if known < len(errors):
        msg = "the report names rows that this delivery does not have; name the run that it is about"
        raise ConfigError(
            msg, key="--import", found=f"{len(errors) - known} of {len(errors)} errors without a row"
        )
    if int(value(connection, "SELECT count(*) FROM work.joined")) > known:
        msg = "the report does not tell which of the delivery's files it is about"
        raise ConfigError(msg, key="--of", found="nothing", allowed="a part of the uploaded file's name")


def _read_contents(
    connection: duckdb.DuckDBPyConnection, plan: StoredPlan, layout: StoredLayout, secret: str
) -> None:
    """What each row of the delivery was compared by, as ``work.told``: key and digest of its cells."""
    if not layout.next_baseline or not (plan.folder / layout.next_baseline).is_file():
        raise _purged(plan)
    _digest_rows(connection, "told", plan.folder / layout.next_baseline, secret)


def _judge(
    connection: duckdb.DuckDBPyConnection, context: RunContext, plan: StoredPlan, layout: StoredLayout
) -> None:
    """The rows that the vendor is still believed to hold as this delivery told them, as ``work.believed``.

    Of one that is not confirmed yet, and of what is in force still, that are all rows. A later plan may have told a row
    otherwise, or the same again and the vendor may have taken it: then the report is of no concern any more.
    """
    now = context.ledger.baselines.current(plan.pipeline, plan.delivery).get(layout.name)
    delivered = context.ledger.plans.get(plan.id).state == "delivered"
    if not delivered or now is None or is_of(plan, now.version):
        connection.execute("CREATE TABLE work.believed AS SELECT key FROM work.told")
        return
    if now.path is None or now.kind != layout.baseline_kind:
        connection.execute("CREATE TABLE work.believed AS SELECT key FROM work.told WHERE false")
        return
    _digest_rows(connection, "now", now.path, context.digest_key)
    connection.execute(
        "CREATE TABLE work.believed AS SELECT key FROM work.told JOIN work.now USING (key, content)"
    )
    for crosswalk in _worked_off_since(context, plan, layout.name):
        retold = stored_key(_recorded(layout, context.digest_key), ("key",))
        connection.execute(
            f"DELETE FROM work.believed WHERE key IN (SELECT {retold} FROM read_parquet({literal(str(crosswalk))}))"
        )


def _worked_off_since(context: RunContext, plan: StoredPlan, layout: str) -> list[Path]:
    """The crosswalks of later deliveries that the vendor has worked off without an error, as far as they are kept."""
    ledger = context.ledger
    later = ledger.deliveries.live(plan.pipeline, plan.delivery, since=plan.created)
    plans = [
        ledger.plans.get(one.plan)
        for one in later
        if one.state == "confirmed" and one.outcome == "processed" and one.plan != plan.id
    ]
    crosswalks = [
        one.folder / f"crosswalk.{layout}.parquet" for one in plans if one.created_at > plan.created
    ]
    return [path for path in crosswalks if path.is_file()]


def _write(
    connection: duckdb.DuckDBPyConnection,
    plan: StoredPlan,
    layout: StoredLayout,
    report: KeptReport,
    *,
    secret: str,
    path: Path,
) -> None:
    rows = "SELECT * FROM work.joined"
    if report.outcome == "not processed":
        rows += " UNION ALL SELECT NULL, '', '', r.* FROM work.rows r ANTI JOIN work.joined j USING (file, \"row\")"
    held = stored_key(_recorded(layout, secret), ("key",))
    withdrawn = "r._key IN (SELECT key FROM work.believed)" if not plan.test else "false"
    copy(
        connection,
        f'SELECT r._key, r.key, coalesce(t.content, \'\') AS content, r."column", r.message, r.file, r."row", '
        f"r.source_file, r.source_row, {withdrawn} AS withdrawn, {withdrawn} AND r.message <> '' AS open "
        f"FROM (SELECT *, {held} AS _key FROM ({rows})) r LEFT JOIN work.told t ON t.key = r._key "
        'ORDER BY r.file, r."row", r."column", r.message',
        path,
    )


def _recorded(layout: StoredLayout, secret: str) -> Baseline:
    return Baseline("", layout.baseline_kind, None, None, secret)


def _digest_rows(connection: duckdb.DuckDBPyConnection, name: str, held: Path, secret: str) -> None:
    rows = f"read_parquet({literal(str(held))})"
    cells = {one: quoted(one) for one in columns_of(connection, f"(FROM {rows})") if one not in OWN}
    connection.execute(
        f"CREATE TABLE work.{quoted(name)} AS SELECT _key AS key, {content(cells, secret)} AS content FROM {rows}"
    )
