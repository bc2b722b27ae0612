"""A layout in words, for `describe` and the docs."""

from __future__ import annotations

from collections.abc import Iterator

from rosterbus.layouts.columns import Column
from rosterbus.layouts.law import in_words
from rosterbus.layouts.sources import Direct, Keyed, Match, Skip, Source
from rosterbus.layouts.spec import LayoutSpec


def describe(spec: LayoutSpec) -> list[dict[str, str]]:
    """One row for each column, in order: column, attribute, required, kind, source, limits, rule, note."""
    return [
        {
            "column": column.name,
            "attribute": column.attribute,
            "required": "yes" if column.required else "no",
            "kind": column.kind,
            "source": _source(column.source),
            "limits": "; ".join(_limits(column)),
            "rule": column.rule or spec.source,
            "note": column.note,
        }
        for column in spec.columns
    ]


def _source(source: Source) -> str:
    if isinstance(source, Skip):
        return "do not map"
    if isinstance(source, Direct):
        return f"direct: {source.column}"
    if isinstance(source, Keyed):
        return f"a password made of {source.column} with a secret"
    if not isinstance(source, Match):
        return f"transformation: {source.text}"
    if isinstance(source.codes, str):
        return f"match codes: {source.column} by {source.codes}"
    codes = ", ".join(f"{old or '(blank)'} = {new or '(blank)'}" for old, new in source.codes.items())
    return f"match codes: {source.column} by {codes}"


def _limits(column: Column) -> Iterator[str]:
    each = "each " if column.kind == "words" else ""
    if column.kind == "date":
        yield in_words(column.format)
    if column.kind == "boolean":
        yield f"{column.true} or {column.false}"
    if column.kind == "words":
        yield f"joined by {column.joiner!r}"
    if column.shortest is not None:
        yield f"{each}at least {column.shortest} characters"
    if column.longest is not None:
        yield f"{each}at most {column.longest} characters"
    if column.single_line:
        yield "no line breaks"
    if column.pattern:
        yield f"{each}{column.pattern_says or 'matches'} ({column.pattern})"
    if column.choices:
        yield f"{each}one of {', '.join(column.choices)}"
    if column.places is not None:
        yield f"at most {column.places} decimals"
    if column.minimum is not None:
        yield f"at least {column.minimum:f}"
    if column.maximum is not None:
        yield f"at most {column.maximum:f}"
    if column.also:
        yield f"or {' or '.join(column.also)}"
    if column.sensitive:
        yield "sensitive"
    if not column.written:
        yield "compared, not in the file"
