"""What a run does: extract once, then plan each delivery, and deliver what may go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rosterbus.context import RunContext
from rosterbus.engine import lock_engine, open_engine
from rosterbus.errors import ConfigError, PluginError
from rosterbus.extracts import Extract, Mapped, Nothing, SourceState, Unchanged
from rosterbus.fetching import Fetcher
from rosterbus.layouts import LayoutSpec, as_specs
from rosterbus.plan.compilation import compile_corrections, compile_layout
from rosterbus.plan.extraction import Extracted, account_for_raw, counted, load_extract, store_problems
from rosterbus.plan.planning import Order, Planning, Subject
from rosterbus.plan.relations import Roster, build_roster, create_views, store_optouts
from rosterbus.plan.stored import StoredPlan
from rosterbus.plugins import installed
from rosterbus.project import DeliveryPart, LayoutMap, read_optouts, validate_settings
from rosterbus.roster import vocabulary


@dataclass
class Reading:
    """An extract that was read and mapped, with its engine, which lives as long as the block it came from."""

    extracted: Extracted
    mapped: Mapped
    roster: Roster
    corrections: dict[str, dict[str, str]]


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
    subject = make_subject(context, read, part)
    return Planning(context, read.extracted, read.roster, subject=subject, order=order).make()


def make_subject(context: RunContext, read: Reading, part: DeliveryPart) -> Subject:
    """Compile a delivery's layouts over the roster."""
    settings = context.settings(part)
    compiled = []
    for spec in layouts_of(context, part):

        def complain(
            path: tuple[str, ...],
            wrong: str,
            *,
            found: str | None = None,
            allowed: Any = None,
            name: str = spec.name,
        ) -> ConfigError:
            return context.pipeline.error(
                (*part.key_path, "map", name, *path), wrong, found=found, allowed=allowed
            )

        changes = part.map.get(spec.name, LayoutMap())
        columns = read.roster.columns[spec.rows]
        compiled.append(
            compile_layout(spec, changes, columns, folder=context.pipeline.folder, complain=complain)
        )
    card = next((one.card for one in installed() if one.plugin == f"destination:{part.connector}"), None)
    return Subject(part, settings, card.guarantee if card else "", compiled, read.corrections)


def layouts_of(context: RunContext, part: DeliveryPart) -> tuple[LayoutSpec, ...]:
    """The layouts of a delivery; raises ConfigError where the pipeline maps one that is not there."""
    module = context.plugins[f"destination:{part.connector}"].module
    layouts = module.layouts(context.settings(part)) if callable(module.layouts) else module.layouts
    specs = as_specs(layouts)
    for name in part.map:
        if name not in {spec.name for spec in specs}:
            allowed = [spec.name for spec in specs]
            raise context.pipeline.error(
                (*part.key_path, "map", name), "there is no such layout", found=name, allowed=allowed
            )
    return specs


def accept(context: RunContext, extracted: Extracted) -> None:
    """Remember this extract as the last one read: its state, headers and counts."""
    context.ledger.sources.accept(
        context.pipeline.name,
        state=extracted.state,
        as_of=extracted.as_of,
        headers={name: "\n".join(table.columns) for name, table in extracted.tables.items()},
        counts={name: table.rows for name, table in extracted.tables.items()},
    )


def _mapped(
    context: RunContext, extracted: Extracted, mapped: Mapped, deliveries: Sequence[DeliveryPart]
) -> Reading:
    connection = extracted.connection
    extracted.findings += [*mapped.findings, *counted(extracted, mapped)]
    wanted = {spec.rows for part in deliveries for spec in layouts_of(context, part)}
    corrected = set(context.pipeline.source.map)
    if unknown := corrected - set(vocabulary().tables):
        name = sorted(unknown)[0]
        raise context.pipeline.error(
            ("source", "map", name), "the roster has no such table", found=name, allowed=vocabulary().tables
        )
    roster = build_roster(connection, mapped, extracted.tables, wanted)
    corrections = {}
    for table in corrected & wanted:

        def complain(
            path: tuple[str, ...],
            wrong: str,
            *,
            found: str | None = None,
            allowed: Any = None,
            table: str = table,
        ) -> ConfigError:
            return context.pipeline.error(
                ("source", "map", table, *path), wrong, found=found, allowed=allowed
            )

        corrections[table] = compile_corrections(
            context.pipeline.source.map[table],
            roster.columns[table],
            folder=context.pipeline.folder,
            complain=complain,
        )
    create_views(connection, roster, corrections)
    account_for_raw(extracted, mapped, roster)
    store_problems(connection, extracted.problems)
    return Reading(extracted, mapped, roster, corrections)


def _optouts(context: RunContext) -> list[tuple[str, str]]:
    path = context.project.exclude
    return [(one.id, one.vendor) for one in read_optouts(path)] if path else []
