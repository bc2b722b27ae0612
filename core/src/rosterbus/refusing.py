"""Refuses a pipeline whose expressions reach beyond the columns of their row, before anything is made or read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rosterbus.errors import ConfigError
from rosterbus.mapping import Expression, compile_condition, compile_expression
from rosterbus.project import MappingEntry, Pipeline
from rosterbus.roster.presumed import PresumedColumns

Compile = Callable[..., Expression]
KeyPath = tuple[str, ...]


def refuse_reaching(pipeline: Pipeline) -> None:
    """Compile every expression of a pipeline over whatever columns it names.

    Raises ConfigError, with file and line, for the first one that is not on the allow-lists.
    """
    for compile_one, text, at in _expressions(pipeline):
        try:
            compile_one(text, columns=PresumedColumns())
        except ConfigError as error:
            raise pipeline.error(at, error.wrong, found=error.found, allowed=error.allowed) from error


def _expressions(pipeline: Pipeline) -> Iterator[tuple[Compile, str, KeyPath]]:
    for table, entries in pipeline.source.map.items():
        yield from _transforms(entries, ("source", "map", table))
    for part in pipeline.deliveries:
        for layout, changes in part.map.items():
            at = (*part.key_path, "map", layout)
            if changes.where:
                yield compile_condition, changes.where, (*at, "where")
            yield from _transforms(changes.columns, at)


def _transforms(entries: Mapping[str, MappingEntry], at: KeyPath) -> Iterator[tuple[Compile, str, KeyPath]]:
    for name, entry in entries.items():
        if entry.transform is not None:
            yield compile_expression, entry.transform, (*at, "columns", name, "transform")
