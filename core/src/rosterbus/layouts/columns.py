"""One column of a layout: its header, where its text comes from, and what the vendor takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, get_args

from marshmallow import fields

from rosterbus.layouts import law, rendering, sieve
from rosterbus.layouts.patterns import read_pattern
from rosterbus.layouts.sources import Keyed, Skip, Source

Kind = Literal["text", "date", "code", "boolean", "decimal", "integer", "email", "words"]

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DATE_PARTS = ("%Y", "%m", "%d")
_MOST_DECIMALS = 9
_LARGEST_BOUND = Decimal(10) ** 18


@dataclass(frozen=True)
class Column:
    """A column of a vendor's file.

    `name` is the vendor's header, `attribute` the name in Python; a pipeline may use either. `longest` and
    `shortest` count characters, of each entry in a list. `pattern` is about the whole text, in the regular
    expressions that Python and RE2 share; `pattern_says` is its message. `choices` are exact. `also` are texts that
    are valid whatever the kind says, such as the word by which a vendor clears a cell. `places` is how
    many decimals are written. `rule` tells where the limits come from. Raises TypeError where the limits make
    no sense. One that is not `written` is no column of the file: it is rendered, judged and compared, so that a row
    whose cell in it moved is told anew. Of one that is `sensitive` no report, preview or difference shows a cell; a
    column that is fed by a `Keyed` always is, and stays so whatever feeds it later.
    """

    name: str
    attribute: str
    kind: Kind = "text"
    source: Source = dataclass_field(default_factory=Skip)
    required: bool = False
    longest: int | None = None
    shortest: int | None = None
    pattern: str = ""
    pattern_says: str = ""
    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    single_line: bool = False
    format: str = law.ISO
    places: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    joiner: str = "|"
    true: str = "true"
    false: str = "false"
    sensitive: bool = False
    written: bool = True
    rule: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.source, Keyed):
            object.__setattr__(self, "sensitive", True)
        for wrong in _wrong_with(self):
            raise TypeError(f"column {self.name!r}: {wrong}")

    def field(self) -> fields.Field[Any]:
        """A new marshmallow field, which is the law on this column's text where it is not blank."""
        return law.field_of(self)

    def render(self, sql: str) -> str:
        """SQL that makes the vendor's text of the roster text `sql`."""
        return rendering.render(self, sql)

    def surely_valid(self, sql: str) -> str:
        """SQL over the rendered text `sql`: true only where `problems` has nothing to say, and never NULL."""
        return sieve.surely_valid(self, sql)

    def problems(self, text: str) -> tuple[str, ...]:
        """What is wrong with a rendered text, in sentences that do not contain it; empty if it is valid."""
        return () if text in self.also else law.problems(self._field, text)

    def with_source(self, source: Source) -> Column:
        """The same column, fed from another place; the vendor's limits stay."""
        return replace(self, source=source)

    @cached_property
    def _field(self) -> fields.Field[Any]:
        return self.field()


def _wrong_with(column: Column) -> Iterator[str]:
    if not column.name.strip() or _UNPRINTABLE.search(column.name):
        yield "the header is blank or has control characters"
    if not column.attribute:
        yield "`attribute`, its name in Python, is blank"
    if column.kind not in get_args(Kind):
        yield f"the kind {column.kind!r} is unknown; allowed: {', '.join(get_args(Kind))}"
    yield from _wrong_text(column)
    yield from _wrong_number(column)
    if isinstance(column.source, Keyed) and column.kind != "text":
        yield f"a password made with a secret is a text, and the kind is {column.kind!r}"
    if column.kind == "date":
        yield from _wrong_format(column.format)
    if column.kind == "boolean" and (column.true == column.false or not (column.true and column.false)):
        yield "`true` and `false` need two different words"
    if not column.joiner or _UNPRINTABLE.search(column.joiner):
        yield "`joiner` is blank or has control characters"


def _wrong_text(column: Column) -> Iterator[str]:
    for name, length in (("longest", column.longest), ("shortest", column.shortest)):
        if length is not None and length < 1:
            yield f"`{name}` is {length}; a length is 1 or more"
    if column.longest is not None and column.shortest is not None and column.shortest > column.longest:
        yield f"`shortest` is {column.shortest} and `longest` {column.longest}; nothing would be valid"
    for name, texts in (("choices", column.choices), ("also", column.also)):
        if isinstance(texts, str):
            yield f"`{name}` is the text {texts!r}; give a tuple of texts"
        elif any(not text or _UNPRINTABLE.search(text) for text in texts):
            yield (
                f"one of `{name}` is blank or has control characters; leave `required` out if a blank is allowed"
            )
    if column.pattern_says and not column.pattern:
        yield "`pattern_says` goes with `pattern`"
    try:
        read_pattern(column.pattern)
    except ValueError as error:
        yield str(error)


def _wrong_number(column: Column) -> Iterator[str]:
    if column.places is not None and not 0 <= column.places <= _MOST_DECIMALS:
        yield f"`places` is {column.places}; allowed: 0 to {_MOST_DECIMALS}"
    for name, bound in (("minimum", column.minimum), ("maximum", column.maximum)):
        if bound is None:
            continue
        exponent = bound.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -_MOST_DECIMALS or abs(bound) >= _LARGEST_BOUND:
            yield f"`{name}` is {bound}; allowed: up to 18 digits and {_MOST_DECIMALS} decimals"


def _wrong_format(pattern: str) -> Iterator[str]:
    rest = pattern
    for part in _DATE_PARTS:
        rest = rest.replace(part, "", 1)
    if any(part not in pattern for part in _DATE_PARTS) or re.search(r"[^-/. ]", rest):
        yield f"the format is {pattern!r}; allowed: %Y, %m, %d once each, and `-`, `/`, `.`, blank"
