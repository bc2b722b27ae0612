"""What a run does: extract once, then plan each delivery, and deliver what may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rosterbus.context import RunContext
from rosterbus.engine import lock_engine, open_engine
from rosterbus.errors import PluginError
from rosterbus.extracts import Extract, Mapped, Nothing, SourceState, Unchanged
from rosterbus.fetching import Fetcher
from rosterbus.plan.extraction import Extracted, account_for_raw, counted, load_extract, store_problems
from rosterbus.plan.planning import Order, Planning, Subject
from rosterbus.plan.relations import Roster, build_roster, create_views, roster_columns, store_optouts
from rosterbus.plan.schools import store_schools
from rosterbus.plan.stored import StoredPlan
from rosterbus.project import DeliveryPart, read_optouts, validate_settings
from rosterbus.subjects import corrections_of, layouts_of, make_subject, needed_columns


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
    """Read the source and make the roster that `deliveries` need; or the reason why there is nothing to read."""
    source = context.pipeline.source
    plugin = f"source:{source.connector}"
    settings = validate_settings(
        context.plugins[plugin].module.Settings, source.settings, context.pipeline, source.key_path
    )
    last = context.ledger.sources.current(context.pipeline.name)
    copies = context.extracts or context.ledger.state_dir / "extracts" / context.pipeline.name
    fetch = Fetcher(copies, start=context.pipeline.folder, reuse=reuse or context.extracts is not None)
    state = SourceState(dict(last.state) if last else {}, context.folder, context.now, fetch)
    context.progress(f"reading {source.connector}")
    answer = context.plugins.call(plugin, "extract", step="extracting", settings=settings, state=state)
    if isinstance(answer, Nothing | Unchanged):
        yield answer.proof
        return
    if not isinstance(answer, Extract):
        msg = f"{plugin} answered `extract` with {type(answer).__name__}"
        raise PluginError(msg)
    with open_engine(context.folder) as connection:
        extracted = load_extract(connection, answer, clock=context.now)
        store_optouts(connection, _optouts(context))
        lock_engine(connection, [context.ledger.state_dir])
        mapped = context.plugins.call(
            plugin, "map", step="mapping", settings=settings, tables=extracted.tables
        )
        if not isinstance(mapped, Mapped):
            msg = f"{plugin} answered `map` with {type(mapped).__name__}"
            raise PluginError(msg)
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
    """Remember this extract as the last one read."""
    context.ledger.sources.accept(context.pipeline.name, state=extracted.state)


def _mapped(
    context: RunContext, extracted: Extracted, mapped: Mapped, deliveries: Sequence[DeliveryPart]
) -> Reading:
    connection = extracted.connection
    extracted.findings += [*mapped.findings, *counted(extracted, mapped)]
    wanted = {spec.rows for part in deliveries for spec in layouts_of(context, part)}
    columns = roster_columns(connection, mapped, wanted)
    corrections = corrections_of(context, columns)
    subjects = {part.name: make_subject(context, part, columns, corrections) for part in deliveries}
    needed = needed_columns(context, subjects.values(), columns, corrections)
    roster = build_roster(connection, mapped, extracted.tables, needed)
    create_views(connection, roster, corrections)
    account_for_raw(extracted, mapped, roster)
    store_problems(connection, extracted.problems)
    extracted.findings += store_schools(connection, mapped)
    return Reading(extracted, roster, subjects)


def _optouts(context: RunContext) -> list[tuple[str, str]]:
    path = context.project.exclude
    return [(one.id, one.vendor) for one in read_optouts(path)] if path else []
