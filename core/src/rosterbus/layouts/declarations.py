"""The words that a layout is written in: one function for each kind of column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Unpack

from rosterbus.layouts.columns import Column, Kind
from rosterbus.layouts.law import ISO
from rosterbus.layouts.sources import Match, Source, SourceOptions, take_source


class ColumnOptions(SourceOptions, total=False):
    """What every column takes beside its kind's own limits.

    Where its text comes from: exactly one of `direct` (a roster column), `match` with `codes` and perhaps
    `unmatched`, `transform` (the mapping language), `value` (a constant), `keyed` with `secret` (a password made of
    a roster column), or none of them: then the cell is always blank. `required`: a blank is invalid. `sensitive`:
    shown to nobody. `also`: texts that are valid whatever the kind says. `written`: false for one that is compared
    but not in the file. `rule`: where it is stated.
    """

    required: bool
    sensitive: bool
    also: tuple[str, ...]
    written: bool
    rule: str
    note: str


def text(
    name: str,
    *,
    longest: int | None = None,
    shortest: int | None = None,
    pattern: str = "",
    pattern_says: str = "",
    choices: Sequence[str] = (),
    single_line: bool = False,
    **options: Unpack[ColumnOptions],
) -> Column:
    """Any text without control characters; line breaks are allowed unless it is a `single_line`."""
    return _column(
        "text",
        name,
        options,
        longest=longest,
        shortest=shortest,
        pattern=pattern,
        pattern_says=pattern_says,
        choices=choices,
        single_line=single_line,
    )


def date(name: str, *, format: str = ISO, **options: Unpack[ColumnOptions]) -> Column:
    """A date, written in `format` (%Y, %m and %d)."""
    return _column("date", name, options, format=format)


def code(name: str, *, choices: Sequence[str] = (), **options: Unpack[ColumnOptions]) -> Column:
    """One of the vendor's own values, exactly: `choices`, or else whatever `codes` can give."""
    if not choices and "codes" not in options:
        raise TypeError(f"column {name!r}: a code needs `codes` or `choices`; a free text is `text(...)`")
    return _column("code", name, options, choices=choices)


def boolean(
    name: str, *, true: str = "true", false: str = "false", **options: Unpack[ColumnOptions]
) -> Column:
    """Yes or no, in the vendor's two words."""
    return _column("boolean", name, options, true=true, false=false)


def decimal(
    name: str,
    *,
    places: int | None = None,
    minimum: Decimal | int | str | None = None,
    maximum: Decimal | int | str | None = None,
    **options: Unpack[ColumnOptions],
) -> Column:
    """A number in plain digits. Decimals are filled up to `places`; more are invalid, never rounded."""
    return _column(
        "decimal", name, options, places=places, minimum=_number(minimum), maximum=_number(maximum)
    )


def integer(
    name: str, *, minimum: int | None = None, maximum: int | None = None, **options: Unpack[ColumnOptions]
) -> Column:
    """A whole number in plain digits."""
    return _column("integer", name, options, minimum=_number(minimum), maximum=_number(maximum))


def email(
    name: str,
    *,
    longest: int | None = None,
    pattern: str = "",
    pattern_says: str = "",
    **options: Unpack[ColumnOptions],
) -> Column:
    """An e-mail address; `pattern` narrows the characters that the vendor takes."""
    return _column("email", name, options, longest=longest, pattern=pattern, pattern_says=pattern_says)


def words(
    name: str,
    *,
    joiner: str = "|",
    longest: int | None = None,
    shortest: int | None = None,
    pattern: str = "",
    pattern_says: str = "",
    choices: Sequence[str] = (),
    **options: Unpack[ColumnOptions],
) -> Column:
    """A list in one cell, joined by `joiner`; the limits are each entry's."""
    return _column(
        "words",
        name,
        options,
        joiner=joiner,
        longest=longest,
        shortest=shortest,
        pattern=pattern,
        pattern_says=pattern_says,
        choices=choices,
    )


def _column(kind: Kind, name: str, options: ColumnOptions, **limits: Any) -> Column:
    left: dict[str, Any] = dict(options)
    try:
        source = take_source(left)
    except TypeError as error:
        raise TypeError(f"column {name!r}: {error}") from error
    if unknown := [key for key in left if key not in ColumnOptions.__annotations__]:
        known = [*ColumnOptions.__annotations__, *limits]
        near = get_close_matches(unknown[0], known, n=1) or known
        raise TypeError(f"column {name!r}: `{unknown[0]}` is unknown here; allowed: {', '.join(near)}")
    if choices := limits.pop("choices", ()):
        limits["choices"] = choices if isinstance(choices, str) else tuple(choices)
    elif kind == "code":
        limits["choices"] = _values(source)
    attribute = re.sub(r"\W+", "_", name).strip("_").lower() or name
    return Column(name=name, attribute=attribute, kind=kind, source=source, **limits, **left)


def _values(source: Source) -> tuple[str, ...]:
    """What a match can give, where that is known."""
    if not isinstance(source, Match) or isinstance(source.codes, str) or source.unmatched == "keep":
        return ()
    default = [] if isinstance(source.unmatched, str) else [source.unmatched["default"]]
    return tuple(dict.fromkeys(text for text in (*source.codes.values(), *default) if text))


def _number(bound: Decimal | int | str | None) -> Decimal | None:
    return None if bound is None else Decimal(bound)
