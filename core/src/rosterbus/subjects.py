"""What a pipeline's deliveries read of the roster: layouts and corrections compiled before the roster is made.

Only the columns that something needs are ever taken out of the source's tables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rosterbus.context import RunContext
from rosterbus.errors import ConfigError
from rosterbus.layouts import LayoutSpec, as_specs
from rosterbus.plan.compilation import CompiledColumn, Complain, compile_corrections, compile_layout
from rosterbus.plan.planning import Subject
from rosterbus.plan.rendering import GRADE
from rosterbus.plugins import installed
from rosterbus.project import DeliveryPart, LayoutMap
from rosterbus.roster import vocabulary

Columns = Mapping[str, Sequence[str]]
Corrections = Mapping[str, Mapping[str, CompiledColumn]]


def layouts_of(context: RunContext, part: DeliveryPart) -> tuple[LayoutSpec, ...]:
    """The layouts of a delivery; raises ConfigError where the pipeline maps one that is not there."""
    module = context.plugins[f"destination:{part.connector}"].module
    layouts = module.layouts(context.settings(part)) if callable(module.layouts) else module.layouts
    specs = as_specs(layouts)
    for name in part.map:
        if name not in {spec.name for spec in specs}:
            allowed = [spec.name for spec in specs]
            at = (*part.key_path, "map", name)
            raise context.pipeline.error(at, "there is no such layout", found=name, allowed=allowed)
    return specs


def make_subject(
    context: RunContext, part: DeliveryPart, columns: Columns, corrections: Corrections
) -> Subject:
    """Compile a delivery's layouts over the columns that the roster has."""
    compiled = [
        compile_layout(
            spec,
            part.map.get(spec.name, LayoutMap()),
            columns[spec.rows],
            folder=context.pipeline.folder,
            complain=_complain(context, (*part.key_path, "map", spec.name)),
            corrected=corrections.get(spec.rows, {}),
        )
        for spec in layouts_of(context, part)
    ]
    card = next((one.card for one in installed() if one.plugin == f"destination:{part.connector}"), None)
    return Subject(part, context.settings(part), card.guarantee if card else "", compiled, corrections)


def corrections_of(context: RunContext, columns: Columns) -> dict[str, dict[str, CompiledColumn]]:
    """Compile the pipeline's local corrections of the roster tables that are needed."""
    written = context.pipeline.source.map
    known = vocabulary().tables
    if unknown := sorted(set(written) - set(known)):
        at = ("source", "map", unknown[0])
        raise context.pipeline.error(at, "the roster has no such table", found=unknown[0], allowed=known)
    return {
        table: compile_corrections(
            written[table],
            columns[table],
            folder=context.pipeline.folder,
            complain=_complain(context, ("source", "map", table)),
        )
        for table in written
        if table in columns
    }


def needed_columns(
    context: RunContext, subjects: Collection[Subject], columns: Columns, corrections: Corrections
) -> dict[str, list[str]]:
    """Of each roster table the columns that a layout, a correction or the recipe of a baseline reads, and its keys.

    Beside them stand those that rows are counted by: school and grade, where the table has them.
    """
    needed = {table: {*vocabulary().tables[table].key, "student_id"} for table in columns}
    for table, corrected in corrections.items():
        needed[table].update(corrected, *(one.reads for one in corrected.values()))
    for subject in subjects:
        for compiled in subject.layouts:
            baseline = context.baseline(subject.spec, compiled.spec.name)
            before = baseline.recipe.reads if baseline and baseline.recipe else ()
            spec = compiled.spec
            needed[spec.rows].update(compiled.reads, before, [spec.school, GRADE], spec.split)
    return {table: [column for column in columns[table] if column in needed[table]] for table in columns}


def _complain(context: RunContext, at: tuple[str, ...]) -> Complain:
    def complain(
        path: tuple[str, ...], wrong: str, *, found: str | None = None, allowed: Any = None
    ) -> ConfigError:
        return context.pipeline.error((*at, *path), wrong, found=found, allowed=allowed)

    return complain
