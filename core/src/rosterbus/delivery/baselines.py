"""Says by hand what a vendor holds: nothing, today's roster, or what a file of its own layout lists."""

from __future__ import annotations

import json
from pathlib import Path

from rosterbus.context import RunContext
from rosterbus.delivery.purging import purge_staged
from rosterbus.engine import listed, open_engine, quoted
from rosterbus.errors import ConfigError, HeldError
from rosterbus.extracts import Delimited
from rosterbus.layouts import LayoutSpec
from rosterbus.ledger.records import UNDELIVERED, BaselineMove
from rosterbus.plan.baseline import Baseline, stored_cell, stored_key
from rosterbus.plan.planning import Order
from rosterbus.plan.staging import copy, sha256
from rosterbus.private import private_folder
from rosterbus.project import DeliveryPart
from rosterbus.reading import load_table
from rosterbus.runs import plan_all
from rosterbus.subjects import layouts_of


def set_empty(context: RunContext, part: DeliveryPart) -> list[str]:
    """The vendor holds nothing: everybody will be new. Answers with the layouts concerned."""
    version = f"empty:{context.now.isoformat()}"
    return _move(
        context,
        part,
        [BaselineMove(spec.name, version, kind=part.baseline) for spec in layouts_of(context, part)],
    )


def set_assumed(context: RunContext, part: DeliveryPart) -> list[str]:
    """The vendor holds today's roster, as a first file of it would send it.

    Where the roster cannot be read, the baseline stays as it was. Raises HeldError where there is none today.
    """
    # A test file is planned as if nothing were known of the vendor, and nothing can be delivered by it.
    plans = plan_all(context, [part], Order(test=True))
    if isinstance(plans, str):
        raise HeldError(f"there is no roster to assume: {plans}")
    (plan,) = plans
    moves = [
        BaselineMove(
            layout.name,
            f"assumed:{plan.id}",
            path=_kept(plan.folder / layout.next_baseline, _path(context, part, layout.name)),
            recipe=json.loads(layout.recipe),
            kind=layout.baseline_kind,
        )
        for layout in plan.layouts
        if layout.next_baseline
    ]
    if not moves:
        raise HeldError("there is no roster to assume: none of its rows goes into a file; try --empty")
    if context.ledger.plans.get(plan.id).state in UNDELIVERED:
        context.ledger.plans.move(plan.id, "ended")
    purge_staged(plan.folder, delivered=False)
    return _move(context, part, moves)


def set_from_file(context: RunContext, part: DeliveryPart, file: Path, *, layout: str) -> list[str]:
    """The vendor holds what `file` lists: a file of the layout's own columns, as sent or as exported by the vendor."""
    spec = _spec(context, part, file, layout)
    path = _path(context, part, spec.name)
    _convert(context, part, spec, file=file, path=path)
    move = BaselineMove(spec.name, f"file:{sha256(file)[:16]}", path=path, kind=part.baseline)
    return _move(context, part, [move])


def _path(context: RunContext, part: DeliveryPart, layout: str) -> Path:
    """Where a baseline that no plan made is kept."""
    folder = private_folder(context.ledger.state_dir / "baselines")
    return folder / f"{context.pipeline.name}.{part.name}.{layout}.{context.token}.parquet"


def _kept(made: Path, path: Path) -> Path:
    return made.replace(path)


def _spec(context: RunContext, part: DeliveryPart, file: Path, layout: str) -> LayoutSpec:
    specs = layouts_of(context, part)
    for spec in specs:
        if layout == spec.name or (not layout and (len(specs) == 1 or spec.file == file.name)):
            return spec
    raise ConfigError(
        "the layout of the file is not clear", key="--layout", allowed=[spec.name for spec in specs]
    )


def _convert(context: RunContext, part: DeliveryPart, spec: LayoutSpec, *, file: Path, path: Path) -> None:
    with open_engine(context.folder) as connection:
        loaded = load_table(
            connection,
            "held",
            _written(file, spec),
        )
        absent = [name for name in spec.key if name not in loaded.raw.columns]
        if absent or loaded.rejected:
            wrong = (
                f"the file lacks the column `{absent[0]}`"
                if absent
                else f"{loaded.rejected} lines cannot be read"
            )
            raise ConfigError(wrong, file=file)
        baseline = Baseline("", part.baseline, path, None, context.digest_key)
        columns = [column.name for column in spec.columns if column.name in loaded.raw.columns]
        cells = ", ".join(f"{stored_cell(baseline, spec, column)} AS {quoted(column)}" for column in columns)
        last = f"row_number() OVER (PARTITION BY {listed(spec.key)} ORDER BY _row DESC) = 1"
        copy(
            connection,
            f"SELECT {stored_key(baseline, spec.key)} AS _key, '' AS _school, '' AS _grade, false AS _gone, {cells} "
            f"FROM (SELECT * FROM raw.held QUALIFY {last})",
            path,
        )


def _written(file: Path, spec: LayoutSpec) -> Delimited:
    dialect = spec.dialect
    return Delimited(
        file, file.name, encoding=dialect.encoding, delimiter=dialect.delimiter, quote=dialect.quote
    )


def _move(context: RunContext, part: DeliveryPart, moves: list[BaselineMove]) -> list[str]:
    context.ledger.baselines.move(context.pipeline.name, part.name, moves)
    return [move.layout for move in moves]
