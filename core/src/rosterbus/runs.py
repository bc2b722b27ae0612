"""What a run does: extract once, then plan each delivery, and deliver what may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.context import RunContext
from rosterbus.engine import lock_engine, open_engine
from rosterbus.errors import PluginError
from rosterbus.extracts import Changes, Extract, Mapped, Nothing, SourceState, Unchanged
from rosterbus.fetching import Fetcher
from rosterbus.ledger.records import ExtractRecord
from rosterbus.mirror import HOME, Mirror, keep, read_mirror, remove_orphans
from rosterbus.plan.extraction import (
    Extracted,
    account_for_raw,
    counted,
    load_extract,
    load_mirror,
    store_problems,
)
from rosterbus.plan.planning import Order, Planning, Subject
from rosterbus.plan.relations import Roster, build_roster, create_views, roster_columns, store_optouts
from rosterbus.plan.schools import store_schools
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart, read_optouts, validate_settings
from rosterbus.subjects import corrections_of, layouts_of, make_subject, needed_columns

if TYPE_CHECKING:
    import duckdb


@dataclass
class Reading:
    """An extract that was read and mapped, with its engine, which lives as long as the block it came from."""

    extracted: Extracted
    roster: Roster
    subjects: Mapping[str, Subject]


@contextmanager
def reading(
    context: RunContext, deliveries: Sequence[DeliveryPart], *, reuse: bool = False
) -> Iterator[Reading | str]:
    """Read the source and make the roster that `deliveries` need; or the reason why there is nothing to read.

    What the source's mirror becomes is kept before anything is planned, because the changes may be gone tomorrow.
    With `reuse` nothing is fetched, and nothing is kept. Raises HeldError where the source has to begin anew.
    """
    source = context.pipeline.source
    plugin = f"source:{source.connector}"
    settings = validate_settings(
        context.plugins[plugin].module.Settings, source.settings, context.pipeline, source.key_path
    )
    last = context.ledger.sources.current(context.pipeline.name)
    folder = _folder(context, last)
    if not reuse:
        remove_orphans(_home(context), folder)
    mirror = read_mirror(folder, source.connector)
    copies = context.extracts or context.ledger.state_dir / "extracts" / context.pipeline.name
    fetch = Fetcher(copies, start=context.pipeline.folder, reuse=reuse or context.extracts is not None)
    # A state means nothing without the tables that it speaks of, or with those of another connector.
    previous = dict(last.state) if last and bool(mirror) == bool(folder) else {}
    state = SourceState(previous, context.folder, context.now, fetch)
    context.progress(f"reading {source.connector}")
    answer = context.plugins.call(plugin, "extract", step="extracting", settings=settings, state=state)
    if not isinstance(answer, Extract | Nothing | Unchanged):
        msg = f"{plugin} answered `extract` with {type(answer).__name__}"
        raise PluginError(msg)
    mirror = mirror or read_mirror(folder, source.connector, needed=_needs_mirror(answer))
    if mirror is None and not isinstance(answer, Extract):
        if answer.state is not None and not reuse:
            context.ledger.sources.accept(context.pipeline.name, state=answer.state)
        yield answer.proof
        return
    with open_engine(context.folder) as connection:
        extracted = _loaded(context, connection, answer, mirror)
        store_optouts(connection, _optouts(context))
        lock_engine(connection, [context.ledger.state_dir])
        mapped = context.plugins.call(
            plugin, "map", step="mapping", settings=settings, tables=extracted.tables
        )
        if not isinstance(mapped, Mapped):
            msg = f"{plugin} answered `map` with {type(mapped).__name__}"
            raise PluginError(msg)
        if not reuse:
            _keep(context, extracted, last)
        yield _mapped(context, extracted, mapped, deliveries)


def plan_all(context: RunContext, deliveries: Sequence[DeliveryPart], order: Order) -> list[StoredPlan] | str:
    """Plan each delivery on one extract; or the reason why the source gives nothing today."""
    with reading(context, deliveries) as read:
        if isinstance(read, str):
            return read
        plans = []
        for part in deliveries:
            context.progress(f"planning {part.name}")
            plans.append(plan_one(context, read, part, order))
        accept(context, read.extracted)
        return plans


def plan_one(context: RunContext, read: Reading, part: DeliveryPart, order: Order) -> StoredPlan:
    """Plan one delivery of an extract that was read."""
    subject = read.subjects[part.name]
    return Planning(context, read.extracted, read.roster, subject=subject, order=order).make()


def accept(context: RunContext, extracted: Extracted) -> None:
    """Remember an extract of whole tables as the last one read; one with a mirror was kept before it was planned."""
    if not (extracted.mirror or extracted.nothing or extracted.stale):
        context.ledger.sources.accept(context.pipeline.name, state=extracted.state or {})


def _loaded(
    context: RunContext,
    connection: duckdb.DuckDBPyConnection,
    answer: Extract | Nothing | Unchanged,
    mirror: Mirror | None,
) -> Extracted:
    if isinstance(answer, Extract):
        connector = context.pipeline.source.connector
        return load_extract(connection, answer, clock=context.now, connector=connector, mirror=mirror)
    assert mirror is not None  # noqa: S101 - without one nothing is loaded
    return load_mirror(connection, answer, mirror, clock=context.now)


def _keep(context: RunContext, extracted: Extracted, last: ExtractRecord | None) -> None:
    """Make the mirror and the source's state the last known ones, both at once."""
    sources, pipeline = context.ledger.sources, context.pipeline.name
    if extracted.mirror is not None:
        context.progress("keeping what the source gave")
        folder = keep(extracted.connection, extracted.mirror, _home(context))
        sources.accept(
            pipeline, state=extracted.state or {}, mirror=folder.relative_to(context.ledger.state_dir)
        )
        remove_orphans(_home(context), folder)
    elif extracted.nothing and extracted.state is not None:
        sources.accept(pipeline, state=extracted.state, mirror=last.mirror if last else None)


def _home(context: RunContext) -> Path:
    """The folder of this pipeline's mirrors."""
    return context.ledger.state_dir / HOME / context.pipeline.name


def _folder(context: RunContext, last: ExtractRecord | None) -> Path | None:
    return context.ledger.state_dir / last.mirror if last and last.mirror else None


def _needs_mirror(answer: Extract | Nothing | Unchanged) -> bool:
    tables = answer.tables.values() if isinstance(answer, Extract) else ()
    return not isinstance(answer, Extract) or any(isinstance(table, Changes) for table in tables)


def _mapped(
    context: RunContext, extracted: Extracted, mapped: Mapped, deliveries: Sequence[DeliveryPart]
) -> Reading:
    connection = extracted.connection
    extracted.findings += [*mapped.findings, *counted(extracted, mapped)]
    columns = roster_columns(connection, mapped, _wanted(context, mapped, deliveries))
    corrections = corrections_of(context, columns)
    subjects = {part.name: make_subject(context, part, columns, corrections) for part in deliveries}
    needed = needed_columns(context, subjects.values(), columns, corrections)
    roster = build_roster(connection, mapped, extracted.tables, needed)
    create_views(connection, roster, corrections)
    account_for_raw(extracted, mapped, roster)
    store_problems(connection, extracted.problems)
    extracted.findings += store_schools(connection, mapped)
    return Reading(extracted, roster, subjects)


def _wanted(context: RunContext, mapped: Mapped, deliveries: Sequence[DeliveryPart]) -> set[str]:
    """The relations that the deliveries' layouts are made of; raises ConfigError where the source lacks one."""
    given = [relation.table for relation in mapped.relations]
    wanted = set()
    for part in deliveries:
        for spec in layouts_of(context, part):
            if spec.rows not in given:
                source, vendor = context.pipeline.source.connector, part.connector
                wrong = f"{source} gives no `{spec.rows}`, of which {vendor} makes {spec.file}"
                allowed = f"a source that does, or other settings if `rosterbus describe {vendor}` has some for this"
                raise context.pipeline.error(part.key_path, wrong, found=", ".join(given), allowed=allowed)
            wanted.add(spec.rows)
    return wanted


def _optouts(context: RunContext) -> list[tuple[str, str]]:
    path = context.project.exclude
    return [(one.id, one.vendor) for one in read_optouts(path)] if path else []
